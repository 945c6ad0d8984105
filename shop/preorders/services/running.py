"""Who gets what: previewed, run once, and turned into orders of goods in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import current_app
from flask_babel import force_locale, format_decimal
from sqlalchemy import or_, select

from shop.catalog import queries as catalog
from shop.catalog.queries import Sellable
from shop.kernel import audit, clock, dates, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.events import publish
from shop.kernel.wording import gettext
from shop.orders import services as orders
from shop.orders.models import PREORDER, DeliveryKind, PaymentMethod
from shop.payments import services as payments
from shop.points import queries as points
from shop.preorders import rules, sharing
from shop.preorders.errors import GoodsMissing, GoodsNotForSale, PreviewStale, StillPaying, WindowMovedOn
from shop.preorders.events import WindowShared
from shop.preorders.models import HarvestWindow, OnShort, Preorder, S, W
from shop.preorders.services import aside, deposits, places, windows
from shop.preorders.sharing import Got, Rule, Want
from shop.stock import queries as stock_read
from shop.stock.models import Lot, StockLevel
from shop.stock.services import Take

CARD_HOURS = 23


@dataclass(frozen=True, slots=True)
class Older:
    """A lot at a point that is not of this harvest: its code, the day it was made, its free units."""

    code: str
    produced_on: date
    units: int


@dataclass(frozen=True, slots=True)
class Need:
    """What one point must have: units to give out, and those that are there and may be. `older` are lots that do not count."""

    point_id: int
    point: str
    units: int
    there: int
    older: tuple[Older, ...] = ()

    @property
    def missing(self) -> int:
        """Units that have not come yet."""
        return max(0, self.units - self.there)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now. `shares` has every rule's answer, in the order of `asked`; `stamp` names what it rests on."""

    window: HarvestWindow
    asked: tuple[Preorder, ...]
    shares: dict[Rule, tuple[Got, ...]]
    needs: tuple[Need, ...]
    waiting: int
    waiting_until: datetime | None
    stamp: str

    @property
    def wanted(self) -> int:
        """Units of all who are confirmed."""
        return sum(row.quantity for row in self.asked)

    @property
    def got(self) -> tuple[Got, ...]:
        """What the published rule gives."""
        return self.shares[self.window.rule]

    def counts(self, rule: Rule) -> tuple[int, int, int]:
        """How many get all they asked for, a part, nothing, by `rule`."""
        pairs = [(got.units, row.quantity) for got, row in zip(self.shares[rule], self.asked, strict=True)]
        whole = sum(n == wish for n, wish in pairs)
        none = sum(n == 0 for n, _wish in pairs)
        return whole, len(pairs) - whole - none, none


def _asked(window_id: int, *, lock: bool = False) -> tuple[Preorder, ...]:
    """The confirmed pre-orders in the order of their arrival."""
    rows = select(Preorder).where(Preorder.window_id == window_id, Preorder.state == S.CONFIRMED).order_by(Preorder.id)
    return tuple(session().scalars(rows.with_for_update() if lock else rows))


def _wants(row: HarvestWindow, asked: Sequence[Preorder]) -> list[Want]:
    first = set(row.localities)
    return [Want(p.reference, p.quantity, p.commune_code in first) for p in asked]


def _stamp(row: HarvestWindow, asked: Sequence[Preorder]) -> str:
    body = [row.reference, row.harvested, row.final_price_amount, [(p.reference, p.quantity) for p in asked]]
    return operations.digest_of("preorders.preview", "", body)[:32]


def _from(row: HarvestWindow, p: Preorder) -> int:
    """The point that gives a pre-order out."""
    return row.point_id if p.delivery is DeliveryKind.SHIP else int(p.pickup_point_id or 0)


@dataclass(slots=True)
class Shelf:
    """Levels of one point that may be given, in the order they should be used up, and what is left of each."""

    levels: list[list[int]]

    @property
    def left(self) -> int:
        return sum(n for _level, n in self.levels)

    def draw(self, units: int) -> tuple[Take, ...]:
        """Take `units` from the front."""
        takes = []
        for level in self.levels:
            n = min(level[1], units)
            if n:
                takes.append(Take(level[0], n))
                level[1] -= n
                units -= n
        return tuple(takes)


def shelf_of(row: HarvestWindow, point_id: int) -> Shelf:
    """What of this harvest lies at a point: lots known to be older are not what was ordered. The producer's own goods first."""
    free = stock_read.free_levels([row.variant_id], point_id=point_id)
    lots = (
        select(StockLevel.id, StockLevel.owner)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            StockLevel.id.in_([level.level_id for level in free]),
            or_(Lot.produced_on.is_(None), Lot.produced_on >= row.harvest_from),
        )
    )
    fresh: dict[int, str] = dict(session().execute(lots).all())
    own = f"producer:{row.producer_id}"
    mine = [level for level in free if level.level_id in fresh]
    mine.sort(key=lambda level: fresh[level.level_id] != own)  # stable: first expiring first within each
    return Shelf([[level.level_id, level.free] for level in mine])


def older_lots(row: HarvestWindow, point_id: int) -> tuple[Older, ...]:
    """What lies at a point and does not count, because it was made before this harvest began; the oldest first."""
    free = {level.level_id: level.free for level in stock_read.free_levels([row.variant_id], point_id=point_id)}
    rows = session().execute(
        select(StockLevel.id, Lot.code, Lot.produced_on)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.id.in_(list(free)), Lot.produced_on < row.harvest_from)
        .order_by(Lot.produced_on, Lot.code, StockLevel.id)
    )
    return tuple(Older(code, made, free[i]) for i, code, made in rows if made is not None and free[i])


def _units_at(row: HarvestWindow, asked: Sequence[Preorder], got: Sequence[Got]) -> dict[int, int]:
    units: dict[int, int] = defaultdict(int)
    for p, one in zip(asked, got, strict=True):
        if one.units:
            units[_from(row, p)] += one.units
    return units


def wanted_at(row: HarvestWindow) -> dict[int, int]:
    """Units that each point will give out if the harvest of the locked `row` were shared now."""
    asked = _asked(row.id)
    return _units_at(row, asked, sharing.share(row.rule, row.harvested or 0, _wants(row, asked), seed=row.seed))


def _needs(row: HarvestWindow, asked: Sequence[Preorder], got: Sequence[Got]) -> tuple[Need, ...]:
    units, held = _units_at(row, asked, got), aside.at_points(row.reference)
    names = points.by_ids(units)
    return tuple(
        Need(i, names[i].name if i in names else "", n, shelf_of(row, i).left + held.get(i, 0), older_lots(row, i))
        for i, n in sorted(units.items())
    )


def preview(reference: str) -> Preview:
    """What sharing would do now; changes nothing.

    Raises:
        NotFound; WindowMovedOn: the harvest is not known, or it is shared.
    """
    row = session().scalar(select(HarvestWindow).where(HarvestWindow.reference == reference))
    if row is None:
        raise NotFound
    if row.state is not W.HARVESTED or row.harvested is None:
        raise WindowMovedOn
    asked = _asked(row.id)
    wants = _wants(row, asked)
    shares = {rule: tuple(sharing.share(rule, row.harvested, wants, seed=row.seed)) for rule in Rule}
    held = session().scalars(
        select(Preorder.hold_until).where(Preorder.window_id == row.id, Preorder.state == S.WAITING)
    ).all()  # fmt: skip
    return Preview(
        row, asked, shares, _needs(row, asked, shares[row.rule]), len(held),
        max((at for at in held if at), default=None), _stamp(row, asked),
    )  # fmt: skip


def run(actor: Actor, reference: str, stamp: str, op_key: str) -> dict[str, int]:
    """Share the harvest by the published rule and make an order of goods for everybody who gets some, all at once or not at
    all; return the counts (`orders`, `units`, `short`). The same `op_key` shares once.

    Goods are taken from what has come to the points; what was paid is taken off; what is not got goes back or waits.

    Raises:
        NotFound; WindowMovedOn: not harvested, or shared before.
        StillPaying: somebody's term runs. PreviewStale: it is not any more what was previewed.
        GoodsMissing: a point lacks goods. GoodsNotForSale: no certificate, paper or price in force.
    """

    def command() -> dict[str, Any]:
        row = windows.lock(reference)
        if row.state is not W.HARVESTED or row.harvested is None:
            raise WindowMovedOn
        held = session().scalars(
            select(Preorder.hold_until).where(Preorder.window_id == row.id, Preorder.state == S.WAITING)
        ).all()  # fmt: skip
        if held:
            raise StillPaying(n=len(held), at=dates.instant(max(at for at in held if at)))
        asked = _asked(row.id, lock=True)
        if stamp != _stamp(row, asked):
            raise PreviewStale
        got = sharing.share(row.rule, row.harvested, _wants(row, asked), seed=row.seed)
        shelves = _lock_shelves(row, asked, got)
        goods = catalog.sellable([row.variant_id], clock.now()).get(row.variant_id)
        if goods is None or goods.refusal is not None:
            raise GoodsNotForSale
        wanted, made = sum(p.quantity for p in asked), 0
        for p, one in zip(asked, got, strict=True):
            _settle(actor, row, p, one, wanted, len(asked), goods, shelves)
            made += bool(one.units)
        row.shared_at = clock.now()
        units = sum(one.units for one in got)
        windows.step(actor, row, W.SHARED, units=units, wanted=wanted, orders=made)
        audit.record(actor, "preorders.run", f"window:{reference}", rule=row.rule.value, units=units, wanted=wanted)
        publish(WindowShared(row.id))
        return {"orders": made, "units": units, "short": wanted - units}

    return operations.once(op_key, "preorders.run", actor.key, [reference, stamp], command)


def _lock_shelves(row: HarvestWindow, asked: Sequence[Preorder], got: Sequence[Got]) -> dict[int, Shelf]:
    """The shelves of all points that give something, their levels locked in id order as every taking locks them.

    Raises:
        GoodsMissing: `where` names the points and what they lack.
    """
    needed = {_from(row, p) for p, one in zip(asked, got, strict=True) if one.units}
    levels = select(StockLevel.id).where(StockLevel.variant_id == row.variant_id)
    session().execute(levels.order_by(StockLevel.id).with_for_update()).all()
    aside.let_go(row.reference)  # its own buyers take it now
    missing = [need for need in _needs(row, asked, got) if need.missing]
    if missing:
        raise GoodsMissing(where="; ".join(f"{n.point}: {n.there}/{n.units}" for n in missing))
    return {i: shelf_of(row, i) for i in needed}


def _settle(
    actor: Actor, row: HarvestWindow, p: Preorder, one: Got, wanted: int, people: int, goods: Sellable,
    shelves: dict[int, Shelf],
) -> None:  # fmt: skip
    """Write down what `p` gets and why, make its order, and say what becomes of its deposit."""
    used = p.deposit_amount * one.units // p.quantity
    unmet = p.deposit_amount - used
    carries = p.on_short is OnShort.CARRY and unmet > 0
    if one.units:
        p.order_id = _order(actor, row, p, one.units, used, goods, shelves[_from(row, p)])
    with force_locale(p.locale):
        why = explain(row, p.quantity, one, wanted, people)
    places.move(
        p, S.SHARED, allotted=one.units, place=one.place, why=why, ended_at=clock.now(), used_amount=used,
        back_amount=0 if carries else unmet, credit_amount=unmet if carries else 0,
        credit_units=p.quantity - one.units if carries else 0,
    )  # fmt: skip
    if p.back_amount:
        deposits.give_back_later(p.id)


def rest_methods() -> list[PaymentMethod]:
    """How what is left may be paid: a card's page lives a day at most, so that way is offered only where there is no other."""
    offered = payments.available_methods()
    return [m for m in offered if m is not PaymentMethod.CARD] or offered


def _order(actor: Actor, row: HarvestWindow, p: Preorder, units: int, used: int, goods: Sellable, shelf: Shelf) -> int:
    """The order of the goods that `p` gets, its deposit taken off; return its id."""
    now, today, english = clock.now(), clock.today(), p.locale == "en"
    ships = p.delivery is DeliveryKind.SHIP
    offered = rest_methods()
    method = p.rest_method if p.rest_method in offered else offered[0]
    until = None
    if method is PaymentMethod.CARD:
        until = now + timedelta(hours=CARD_HOURS)
    elif method is not PaymentMethod.COD:
        until = now + timedelta(days=int(rules.REST_DAYS.get()))
    assert row.final_price_amount is not None and goods.price_id is not None  # noqa: S101, PT018 - checked before
    first = max(today, row.delivery_from)
    placed = orders.place(
        actor,
        orders.Draft(
            op_key=f"preorder:{p.reference}", op_digest=operations.digest_of("preorders.goods", "", p.reference),
            basket_key=f"preorder:{p.reference}:goods", user_id=p.user_id, locale=p.locale, payment_method=method,
            delivery=p.delivery, name=p.name, phone=p.phone, email=p.email,
            parcels=(
                orders.DraftParcel(
                    point_id=_from(row, p), kind=p.delivery,
                    lines=(
                        orders.DraftLine(
                            variant_id=goods.variant_id, producer_id=goods.producer_id, sku=goods.sku,
                            name=(goods.name_en if english else None) or goods.name,
                            pack=(goods.pack_en if english else None) or goods.pack, quantity=units,
                            unit_price_amount=row.final_price_amount, price_id=goods.price_id,
                            certificate_required=goods.certificate_required, certificate_id=goods.certificate_id,
                            is_alcohol=False, cold=goods.cold.value, weight_g=goods.weight_g or 0,
                        ),
                    ),
                    takes=shelf.draw(units), fee_amount=_fee(row, p, units, cod=method is PaymentMethod.COD),
                    weight_g=(goods.weight_g or 0) * units, expected_from_on=first,
                    expected_to_on=max(first, row.delivery_to) if ships else None,
                ),
            ),
            pay_until=until, province_code=p.province_code if ships else None,
            province_name=p.province_name if ships else None, commune_code=p.commune_code if ships else None,
            commune_name=p.commune_name if ships else None, street=p.street if ships else None,
            pickup_point_id=p.pickup_point_id, discount_amount=used, channel=PREORDER, is_demo=p.is_demo,
        ),
        key=str(current_app.secret_key),
    )  # fmt: skip
    payments.open_payment(placed.order_id, placed.reference, method, placed.total_amount, until)
    return placed.order_id


def _fee(row: HarvestWindow, p: Preorder, units: int, *, cod: bool) -> int:
    """What the parcel costs now, and never more than was said when it was ordered."""
    if p.delivery is not DeliveryKind.SHIP or p.province_code is None:
        return 0
    try:
        return min(p.fee_amount, places.quote(row, units, p.province_code, cod=cod))
    except ShopError:  # the rates may have changed meanwhile; what was said holds
        return p.fee_amount


def explain(row: HarvestWindow, wish: int, one: Got, wanted: int, people: int) -> str:
    """Why a buyer gets what he gets, in the language that is spoken now."""
    harvest = row.harvested or 0
    values = {
        "harvest": harvest,
        "wanted": wanted,
        "got": one.units,
        "wish": wish,
        "place": one.place,
        "people": people,
        "share": format_decimal(Decimal(wish * harvest) / max(1, wanted), format="0.##"),
    }
    if harvest >= wanted:
        return gettext(
            N_("Vụ này thu được %(harvest)s phần cho %(wanted)s phần đã đặt, nên bạn nhận đủ %(got)s phần."), **values
        )
    if harvest == 0:
        return gettext(N_("Vụ này không thu được phần nào cho đợt đặt trước, nên không ai nhận được hàng."))
    words = {
        Rule.FIRST_COME: N_(
            "Vụ này thu được %(harvest)s phần, khách đã đặt %(wanted)s. Ai đặt trước được trước; bạn đặt thứ %(place)s trong"
            " %(people)s lượt nên nhận %(got)s trên %(wish)s phần."
        ),
        Rule.ONE_EACH: N_(
            "Vụ này thu được %(harvest)s phần, khách đã đặt %(wanted)s. Mỗi người một phần theo thứ tự đặt rồi chia tiếp; bạn"
            " đặt thứ %(place)s trong %(people)s lượt nên nhận %(got)s trên %(wish)s phần."
        ),
        Rule.PRO_RATA: N_(
            "Vụ này thu được %(harvest)s phần, khách đã đặt %(wanted)s. Theo tỷ lệ số đã đặt, phần của bạn là %(share)s."
            " Hàng chia từng phần nguyên: phần lẻ chia cho người đang được ít nhất so với tỷ lệ của mình, bằng nhau thì ai"
            " đặt trước được trước; vì thế bạn nhận %(got)s trên %(wish)s phần."
        ),
        Rule.DRAW: N_(
            "Vụ này thu được %(harvest)s phần, khách đã đặt %(wanted)s. Lượt của bạn rút được thứ %(place)s trong %(people)s"
            " lượt, nên bạn nhận %(got)s trên %(wish)s phần."
        ),
        Rule.LOCALS_FIRST: N_(
            "Vụ này thu được %(harvest)s phần, khách đã đặt %(wanted)s. Người trong vùng ưu tiên nhận trước; bạn ở thứ"
            " %(place)s trong %(people)s lượt nên nhận %(got)s trên %(wish)s phần."
        ),
    }
    return gettext(words[row.rule], **values)
