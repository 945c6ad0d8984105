"""Windows: drafted, published, closed, moved, harvested, called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, insert, select, update

from shop.catalog import queries as catalog
from shop.catalog.models import Product, Variant
from shop.kernel import audit, clock, dates, operations, text, web
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import after_commit, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.money import LARGEST_AMOUNT, vnd
from shop.places import queries as places
from shop.points import queries as points
from shop.preorders import rules, sharing
from shop.preorders.errors import GoodsNotForSale, WindowMovedOn
from shop.preorders.events import PreorderEnded, WindowMoved
from shop.preorders.models import (
    LIVE,
    UNSHARED,
    WINDOW_ALLOWED,
    HarvestWindow,
    Preorder,
    S,
    W,
    WindowPoint,
    WindowState,
    WindowStep,
)
from shop.preorders.sharing import Rule
from shop.supply.models import Harvest


@dataclass(frozen=True, slots=True)
class Terms:
    """What a window says. Units are sale units, amounts đồng for one; `closes_at` is the first instant too late. Localities are
    commune codes."""

    variant_id: int
    point_id: int
    pickup_ids: Sequence[int]
    ships: bool
    low: int
    high: int
    limit_units: int
    opens_at: datetime
    closes_at: datetime
    harvest_from: date
    harvest_to: date
    delivery_from: date
    delivery_to: date
    price_low_amount: int
    price_high_amount: int
    deposit_percent: int
    household_limit: int
    rule: Rule
    localities: Sequence[str] = ()
    note: str = ""
    harvest_id: int | None = None


def _units(n: int, field: str) -> None:
    if not 1 <= n <= rules.MOST_UNITS:
        raise Invalid(
            N_("Số lượng phải từ %(low)s đến %(high)s."),
            field=field,
            low=1,
            high=f"{rules.MOST_UNITS:,}".replace(",", "."),
        )


def check(terms: Terms) -> None:
    """Whether a window can be so, goods and places aside.

    Raises:
        Invalid: `field` names what cannot be.
    """
    for field in ("low", "high", "limit_units", "household_limit"):
        _units(getattr(terms, field), field)
    if terms.low > terms.high:
        raise Invalid(N_("Số ít nhất không thể lớn hơn số nhiều nhất."), field="low")
    if not terms.low <= terms.limit_units <= terms.high:
        raise Invalid(
            N_("Số nhận đặt trước phải từ %(low)s đến %(high)s, là khoảng sản lượng dự kiến."), field="limit_units",
            low=terms.low, high=terms.high,
        )  # fmt: skip
    if terms.household_limit > terms.limit_units:
        raise Invalid(N_("Mỗi nhà không thể đặt nhiều hơn số nhận đặt trước."), field="household_limit")
    if terms.closes_at <= terms.opens_at:
        raise Invalid(N_("Đợt phải đóng sau khi mở."), field="closes_at")
    if terms.closes_at <= clock.now():
        raise Invalid(N_("Lúc đóng đã qua."), field="closes_at")
    _days(terms.harvest_from, terms.harvest_to, terms.delivery_from, terms.delivery_to)
    for field in ("price_low_amount", "price_high_amount"):
        if not 0 < getattr(terms, field) <= LARGEST_AMOUNT // rules.MOST_UNITS:
            raise Invalid(N_("Giá chưa đúng."), field=field)
    if terms.price_low_amount > terms.price_high_amount:
        raise Invalid(N_("Giá thấp nhất không thể lớn hơn giá cao nhất."), field="price_low_amount")
    if not 0 <= terms.deposit_percent <= rules.MOST_DEPOSIT_PERCENT:
        raise Invalid(
            N_("Đặt cọc từ 0 đến %(high)s phần trăm."), field="deposit_percent", high=rules.MOST_DEPOSIT_PERCENT
        )
    if len(terms.note) > 2000:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field="note", n=2000)
    if not terms.ships and not terms.pickup_ids:
        raise Invalid(N_("Hãy chọn ít nhất một điểm nhận hàng, hoặc cho giao tận nơi."), field="pickup")
    if terms.rule is Rule.LOCALS_FIRST and not terms.localities:
        raise Invalid(N_("Hãy ghi mã ít nhất một xã, phường được ưu tiên."), field="localities")
    if len(terms.localities) > rules.MOST_LOCALITIES or len(terms.pickup_ids) > rules.MOST_POINTS:
        raise Invalid(N_("Danh sách này quá dài."), field="localities")


def _days(harvest_from: date, harvest_to: date, delivery_from: date, delivery_to: date) -> None:
    last = clock.today() + timedelta(days=rules.MOST_DAYS_AHEAD)
    if harvest_to < harvest_from:
        raise Invalid(N_("Ngày cuối không thể trước ngày đầu."), field="harvest_to")
    if delivery_from < harvest_from:
        raise Invalid(N_("Không thể giao hàng trước khi thu hoạch."), field="delivery_from")
    if delivery_to < delivery_from:
        raise Invalid(N_("Ngày cuối không thể trước ngày đầu."), field="delivery_to")
    if harvest_to < clock.today():
        raise Invalid(N_("Ngày thu hoạch đã qua."), field="harvest_to")
    for day, field in ((harvest_to, "harvest_to"), (delivery_to, "delivery_to")):
        if day > last:
            raise Invalid(N_("Ngày này quá sớm hoặc quá xa."), field=field)


def _values(producer_id: int, terms: Terms) -> dict[str, Any]:
    """The columns of `terms`, its goods and places looked up.

    Raises:
        Invalid: the goods are not this producer's or cannot be ordered beforehand, a point or commune is not there.
    """
    check(terms)
    product = session().scalar(
        select(Product).join(Variant, Variant.product_id == Product.id).where(
            Variant.id == terms.variant_id, Product.producer_id == producer_id
        )
    )  # fmt: skip
    if product is None:
        raise Invalid(N_("Hãy chọn một mặt hàng của cơ sở."), field="variant")
    if product.is_alcohol:
        raise Invalid(N_("Rượu bia không nhận đặt trước."), field="variant")
    open_points = {p.id: p for p in points.open_points()}
    if terms.point_id not in open_points:
        raise Invalid(N_("Hãy chọn nơi gửi hàng đi."), field="point")
    if not set(terms.pickup_ids) <= {p.id for p in points.pickup_points()}:
        raise Invalid(N_("Có điểm đã chọn không cho khách đến nhận hàng. Hãy chọn lại."), field="pickup")
    localities = sorted(set(terms.localities)) if terms.rule is Rule.LOCALS_FIRST else []
    for code in localities:
        if not places.unit(code):
            raise Invalid(N_("Không có xã, phường mang mã %(code)s."), field="localities", code=code[:20])
    if terms.harvest_id is not None:
        harvest = session().get(Harvest, terms.harvest_id)
        if harvest is None or harvest.product_id != product.id:
            raise Invalid(N_("Vụ này không phải của mặt hàng đã chọn."), field="harvest")
    found = asdict(terms) | {"localities": localities, "product_id": product.id, "note": terms.note or None}
    del found["pickup_ids"]
    return found


def _write_step(
    actor: Actor, window_id: int, from_state: str, to_state: str, reason: str | None = None, **told: Any
) -> int:
    step_id: int = session().execute(
        insert(WindowStep)
        .values(
            window_id=window_id, from_state=str(from_state), to_state=str(to_state), at=clock.now(), actor_key=actor.key,
            actor_label=actor.label, reason=reason, told=told,
        )
        .returning(WindowStep.id)
    ).scalar_one()  # fmt: skip
    return step_id


def lock(reference: str) -> HarvestWindow:
    """The window as it is now, locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(
        select(HarvestWindow).where(HarvestWindow.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise NotFound
    return found


def lock_id(window_id: int) -> HarvestWindow:
    """As `lock`, by the row's id."""
    return session().scalars(
        select(HarvestWindow).where(HarvestWindow.id == window_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()  # fmt: skip


def step(actor: Actor, row: HarvestWindow, to: WindowState, reason: str | None = None, **told: Any) -> int:
    """Move the locked `row` to `to`; return the id of the step.

    Raises:
        WindowMovedOn: `to` may not follow its state.
    """
    if to not in WINDOW_ALLOWED[row.state]:
        raise WindowMovedOn
    before, row.state, row.updated_at = row.state, to, clock.now()
    session().flush()
    audit.record(actor, f"preorders.{to.value}", f"window:{row.reference}", reason=reason)
    after_commit(web.forget_pages)
    return _write_step(actor, row.id, before, to, reason, **told)


def _set_pickups(window_id: int, point_ids: Sequence[int]) -> None:
    s = session()
    s.execute(delete(WindowPoint).where(WindowPoint.window_id == window_id))
    rows = [{"window_id": window_id, "point_id": i} for i in sorted(set(point_ids))]
    if rows:
        s.execute(insert(WindowPoint), rows)


def draft(actor: Actor, producer_id: int, terms: Terms, op_key: str, *, is_demo: bool = False) -> str:
    """Write a window that nobody sees yet; return its reference. The same `op_key` again returns the same.

    Raises:
        Invalid: what `terms` say cannot be; the field is named.
    """

    def command() -> dict[str, Any]:
        values, now, seed = _values(producer_id, terms), clock.now(), sharing.new_seed()
        row = HarvestWindow(
            **values, reference=f"V-{text.reference()}", state=W.DRAFT, producer_id=producer_id, seed=seed,
            seed_hash=sharing.commitment(seed), created_at=now, updated_at=now, is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        _set_pickups(row.id, terms.pickup_ids)
        _write_step(actor, row.id, "", W.DRAFT)
        audit.record(actor, "preorders.draft", f"window:{row.reference}", limit=terms.limit_units)
        return {"reference": row.reference}

    return str(
        operations.once(op_key, "preorders.draft", actor.key, [producer_id, asdict(terms)], command)["reference"]
    )


def change(actor: Actor, reference: str, terms: Terms, op_key: str) -> None:
    """Say otherwise what nobody has seen yet; one that waited for approval is a draft again.

    Raises:
        NotFound; WindowMovedOn: it is published already. Invalid: as `draft`.
    """

    def command() -> dict[str, Any]:
        row = lock(reference)
        if row.state not in (W.DRAFT, W.PROPOSED):
            raise WindowMovedOn
        for name, value in _values(row.producer_id, terms).items():
            setattr(row, name, value)
        row.updated_at = clock.now()
        _set_pickups(row.id, terms.pickup_ids)
        if row.state is W.PROPOSED:
            step(actor, row, W.DRAFT, N_("Sửa lại"))
        session().flush()
        audit.record(actor, "preorders.change", f"window:{reference}", limit=terms.limit_units)
        return {}

    operations.once(op_key, "preorders.change", actor.key, [reference, asdict(terms)], command)


def submit(actor: Actor, reference: str, op_key: str) -> WindowState:
    """The producer wants a draft published; return whether it waits for the office or is open.

    Raises:
        NotFound; WindowMovedOn; GoodsNotForSale; Invalid: its time is over, or nobody could have its goods.
    """

    def command() -> dict[str, Any]:
        row = lock(reference)
        if row.state is not W.DRAFT:
            raise WindowMovedOn
        _may_open(row)
        if rules.APPROVAL.get():
            step(actor, row, W.PROPOSED)
        else:
            _open(actor, row)
        return {"state": row.state.value}

    return WindowState(operations.once(op_key, "preorders.submit", actor.key, [reference], command)["state"])


def approve(actor: Actor, reference: str, op_key: str) -> None:
    """The office publishes a window. Whoever waits with a deposit from an earlier one has his places first.

    Raises:
        NotFound; WindowMovedOn; GoodsNotForSale; Invalid: its time is over, or nobody could have its goods.
    """

    def command() -> dict[str, Any]:
        row = lock(reference)
        _may_open(row)
        _open(actor, row)
        return {}

    operations.once(op_key, "preorders.approve", actor.key, [reference], command)


def send_back(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """The office wants something put right first.

    Raises:
        NotFound; WindowMovedOn; Invalid: no reason.
    """
    why = said(reason)

    def command() -> dict[str, Any]:
        row = lock(reference)
        if row.state is not W.PROPOSED:
            raise WindowMovedOn
        step(actor, row, W.DRAFT, why)
        return {}

    operations.once(op_key, "preorders.send_back", actor.key, [reference, why], command)


def _may_open(row: HarvestWindow) -> None:
    if row.closes_at <= clock.now():
        raise Invalid(N_("Lúc đóng đã qua."), field="closes_at")
    # Points close while a draft waits: one that nobody could be served by is not published.
    if not row.ships and not {p.point_id for p in row.pickups} & {p.id for p in points.pickup_points()}:
        raise Invalid(
            N_("Không điểm nhận hàng nào của đợt còn cho khách đến nhận. Hãy chọn điểm khác hoặc cho giao tận nơi."),
            field="pickup",
        )
    goods = catalog.sellable([row.variant_id], clock.now()).get(row.variant_id)
    if goods is None or goods.refusal is not None:
        raise GoodsNotForSale


def _open(actor: Actor, row: HarvestWindow) -> None:
    from shop.preorders.services import carrying

    step(actor, row, W.OPEN)
    carrying.bring_over(row)


def said(reason: str) -> str:
    """A reason that people will read.

    Raises:
        Invalid: fewer than 2 or more than 500 characters.
    """
    why = text.clean(reason).replace("\n", " ")
    if not 2 <= len(why) <= 500:
        raise Invalid(N_("Hãy ghi lý do (2–500 ký tự)."), field="reason")
    return why


def close(actor: Actor, reference: str, op_key: str) -> None:
    """Take no more pre-orders from now on. Whoever is paying keeps his places until his own term.

    Raises:
        NotFound; WindowMovedOn.
    """

    def command() -> dict[str, Any]:
        step(actor, lock(reference), W.CLOSED)
        return {}

    operations.once(op_key, "preorders.close", actor.key, [reference], command)


def close_due() -> int:
    """Close windows whose time is over; return how many. The sweep calls this."""
    due = session().execute(
        select(HarvestWindow.reference, HarvestWindow.id).where(
            HarvestWindow.state == W.OPEN, HarvestWindow.closes_at <= clock.now()
        )
    ).all()  # fmt: skip
    for reference, _id in due:
        with transaction():
            row = lock(reference)
            if row.state is W.OPEN and row.closes_at <= clock.now():
                step(SYSTEM, row, W.CLOSED)
    return len(due)


def earliest_harvest(row: HarvestWindow) -> date:
    """The first day on which a harvest may have begun: what was there before a window opened is not what was ordered."""
    return min(row.harvest_from, clock.business_day(row.opens_at), clock.today())


def record_harvest(
    actor: Actor, reference: str, units: int, price_amount: int, op_key: str, began_on: date | None = None
) -> None:
    """So many units were harvested for this window, and one costs `price_amount` đồng. May be put right until it is shared.

    `began_on` is the true first day of the harvest (None: the announced one, today at the latest). Goods made before it are
    not what was ordered (`running.shelf_of`), so an early harvest moves `harvest_from`. Nobody is written to about it: no
    delivery moves.

    Raises:
        NotFound; WindowMovedOn.
        Invalid: a number or day that cannot be, a price above what was promised or not above the deposit.
    """
    if not 0 <= units <= rules.MOST_UNITS:
        raise Invalid(
            N_("Số lượng phải từ %(low)s đến %(high)s."), field="harvested", low=0,
            high=f"{rules.MOST_UNITS:,}".replace(",", "."),
        )  # fmt: skip

    def command() -> dict[str, Any]:
        row = lock(reference)
        if W.HARVESTED not in WINDOW_ALLOWED[row.state]:
            raise WindowMovedOn
        if price_amount > row.price_high_amount:
            raise Invalid(
                N_("Giá chốt không thể cao hơn %(high)s, là giá cao nhất đã hứa."), field="final_price_amount",
                high=vnd(row.price_high_amount),
            )  # fmt: skip
        if price_amount <= row.deposit_amount:
            raise Invalid(
                N_("Giá chốt phải cao hơn tiền cọc của một phần (%(deposit)s)."), field="final_price_amount",
                deposit=vnd(row.deposit_amount),
            )  # fmt: skip
        first = began_on or min(row.harvest_from, clock.today())
        if first > clock.today():
            raise Invalid(N_("Ngày bắt đầu thu hoạch không thể sau hôm nay."), field="began_on")
        if first < earliest_harvest(row):
            raise Invalid(
                N_("Hàng đặt trước không thể thu hoạch trước ngày %(day)s."), field="began_on",
                day=dates.day(earliest_harvest(row)),
            )  # fmt: skip
        if first > row.delivery_from:
            raise Invalid(
                N_("Ngày này sau ngày giao đã hứa. Hãy đổi ngày của đợt trước, để khách được báo."), field="began_on"
            )
        from shop.preorders.services import aside

        aside.let_go(reference)  # other units, other points: set aside anew as they are needed
        row.harvested, row.final_price_amount = units, price_amount
        row.harvest_from, row.harvest_to = first, max(first, row.harvest_to)
        step(actor, row, W.HARVESTED, units=units, price_amount=price_amount, began_on=first.isoformat())
        return {}

    body = [reference, units, price_amount, began_on]
    operations.once(op_key, "preorders.harvest", actor.key, body, command)


def move_dates(
    actor: Actor, reference: str, harvest: tuple[date, date], delivery: tuple[date, date], reason: str, op_key: str
) -> None:
    """The days move (weather, mostly): everybody is told why and may leave with his whole deposit.

    Raises:
        NotFound; WindowMovedOn: it is not published, or shared already. Invalid: days that cannot be or the same, no reason.
    """
    why = said(reason)
    _days(*harvest, *delivery)

    def command() -> dict[str, Any]:
        row = lock(reference)
        if row.state not in UNSHARED:
            raise WindowMovedOn
        before = [row.harvest_from, row.harvest_to, row.delivery_from, row.delivery_to]
        after = [*harvest, *delivery]
        if before == after:
            raise Invalid(N_("Ngày chưa đổi."), field="harvest_from")
        row.harvest_from, row.harvest_to, row.delivery_from, row.delivery_to = after
        row.moved_at = row.updated_at = clock.now()
        session().flush()
        told = {"before": [d.isoformat() for d in before], "after": [d.isoformat() for d in after]}
        step_id = _write_step(actor, row.id, row.state, row.state, why, **told)
        audit.record(actor, "preorders.move", f"window:{reference}", reason=why, **told)
        after_commit(web.forget_pages)
        publish(WindowMoved(row.id, step_id))
        return {}

    operations.once(op_key, "preorders.move", actor.key, [reference, harvest, delivery, why], command)


def cancel(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Call a window off: everybody is told why and has his deposit back.

    Raises:
        NotFound; WindowMovedOn: it is shared already. Invalid: no reason.
    """
    why = said(reason)

    def command() -> dict[str, Any]:
        from shop.preorders.services import aside, deposits

        row = lock(reference)
        aside.let_go(reference)
        step(actor, row, W.CANCELLED, why)
        now, s = clock.now(), session()
        ended = s.execute(
            update(Preorder)
            .where(Preorder.window_id == row.id, Preorder.state.in_(LIVE))
            .values(
                state=S.CALLED_OFF, hold_until=None, ended_at=now, end_reason=why, updated_at=now,
                back_amount=case((Preorder.state == S.CONFIRMED, Preorder.deposit_amount), else_=0),
            )
            .returning(Preorder.id, Preorder.deposit_order_id)
            .execution_options(synchronize_session=False)
        ).all()  # fmt: skip
        row.taken = 0
        s.flush()
        for preorder_id, order_id in ended:
            publish(PreorderEnded(preorder_id))
            if order_id is not None:
                deposits.give_back_later(preorder_id)
        return {"ended": len(ended)}

    operations.once(op_key, "preorders.cancel", actor.key, [reference, why], command)


def finish_done() -> int:
    """Windows of which nothing is open any more are done; return how many."""
    from shop.preorders import queries

    found = queries.nothing_open()
    for reference in found:
        with transaction():
            row = lock(reference)
            if row.state is W.SHARED:
                step(SYSTEM, row, W.DONE)
    return len(found)
