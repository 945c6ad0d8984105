"""Places in a window: taken by one conditional UPDATE, whose row count is the decision; given back the same way.

A place is a claim on what is still to be harvested. It never enters the levels of stock: there are no goods yet.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, or_, select, update

from shop.catalog import queries as catalog
from shop.catalog.models import Cold
from shop.checkout import services as checkout
from shop.checkout import sharing as holding
from shop.checkout.errors import PayAhead
from shop.delivery import fees
from shop.delivery import queries as delivery
from shop.kernel import audit, clock, operations, text, web
from shop.kernel.actor import Actor
from shop.kernel.db import after_commit, changed, session, transaction
from shop.kernel.errors import N_, Invalid
from shop.kernel.events import publish
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Order, OrderStatus, PaymentMethod
from shop.orders.services import deposits as deposit_orders
from shop.payments import services as payments
from shop.places import queries as places
from shop.points import queries as points
from shop.preorders import rules
from shop.preorders.errors import (
    AllTaken,
    CannotLeave,
    GoodsNotForSale,
    HouseholdLimit,
    NoPlaces,
    NoSuchPreorder,
    NotTaking,
    PreorderMovedOn,
)
from shop.preorders.events import PreorderConfirmed, Preordered, PreorderEnded
from shop.preorders.models import LIVE, PREORDER_ALLOWED, HarvestWindow, OnShort, Preorder, PreorderState, S, W
from shop.preorders.services import deposits, windows
from shop.preorders.sharing import Rule


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer asks for, checked for form only. Phone in E.164, places as codes. `payment` is for the deposit (None: none
    is asked), `rest` for what is left to pay."""

    quantity: int
    name: str
    phone: str
    email: str
    delivery: DeliveryKind
    rest: PaymentMethod
    payment: PaymentMethod | None = None
    on_short: OnShort = OnShort.REFUND
    province: str | None = None
    commune: str | None = None
    street: str | None = None
    point_id: int | None = None
    # The highest price and the deposit for one that the page showed.
    agreed_amount: int | None = None

    def digest_body(self) -> dict[str, Any]:
        """What makes two sendings of the form the same."""
        return {f.name: str(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Placed:
    """A pre-order that was written, and the order of its deposit, if one is asked."""

    reference: str
    deposit_reference: str | None


def secret_of(reference: str) -> str:
    """The secret of a pre-order's link, derived from the shop's key."""
    return orders.secret_for(str(current_app.secret_key), reference)


def confirming(reference: str) -> str:
    """The secret that only the letter has: using it says that the e-mail address is the buyer's."""
    return orders.secret_for(str(current_app.secret_key), f"confirm:{reference}")


# --- the count ---------------------------------------------------------------------------------------------------


def _take(window_id: int, units: int, *, at: datetime | None) -> bool:
    """Take `units` places if there are so many, in one statement; its row count is the decision. `at` is when it must be
    open for everybody (None: money that came late and deposits from an earlier window are let in while it is not harvested)."""
    may: Any = HarvestWindow.state.in_([W.OPEN, W.CLOSED])
    if at is not None:
        may = (HarvestWindow.state == W.OPEN) & (HarvestWindow.opens_at <= at) & (HarvestWindow.closes_at > at)
    taken = session().execute(
        update(HarvestWindow)
        .where(HarvestWindow.id == window_id, may, HarvestWindow.taken + units <= HarvestWindow.limit_units)
        .values(taken=HarvestWindow.taken + units)
        .execution_options(synchronize_session=False)
    )
    return bool(changed(taken))


def take_late(window_id: int, units: int) -> bool:
    """Places for money that came after its term, or for a deposit kept from an earlier window. Call inside a transaction."""
    return _take(window_id, units, at=None)


def _give_back(window_id: int, units: int) -> None:
    session().execute(
        update(HarvestWindow)
        .where(HarvestWindow.id == window_id)
        .values(taken=HarvestWindow.taken - units)
        .execution_options(synchronize_session=False)
    )
    after_commit(web.forget_pages)


def move(row: Preorder, to: PreorderState, **also: Any) -> None:
    """Move the locked `row` to `to`, its columns `also` with it.

    Raises:
        PreorderMovedOn: `to` may not follow its state.
    """
    if to not in PREORDER_ALLOWED[row.state]:
        raise PreorderMovedOn
    row.state, row.updated_at = to, clock.now()
    row.hold_until = None
    for name, value in also.items():
        setattr(row, name, value)
    session().flush()


def lock(reference: str) -> tuple[HarvestWindow, Preorder]:
    """A pre-order with its window, both locked, the window first.

    Raises:
        NoSuchPreorder.
    """
    window_id = session().scalar(select(Preorder.window_id).where(Preorder.reference == reference))
    if window_id is None:
        raise NoSuchPreorder
    window = windows.lock_id(window_id)
    row = session().scalars(
        select(Preorder).where(Preorder.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()  # fmt: skip
    return window, row


# --- placing -----------------------------------------------------------------------------------------------------


def place(
    actor: Actor, window: str, wish: Wish, user_id: int | None, *, op_key: str, owner: str, locale: str
) -> Placed:
    """Take places in a window for a buyer: until his deposit's term, or until he confirms by the link in his letter.

    The same `op_key` leads to the same pre-order; `owner` is who may use it again.

    Raises:
        NotFound; NotTaking, NoPlaces, HouseholdLimit, GoodsNotForSale: nothing was taken.
        Invalid: an address, point or way of paying that is not there; more is asked than the page showed.
    """

    def command() -> dict[str, Any]:
        row = windows.lock(window)
        at = clock.now()
        if not row.takes_at(at):
            raise NotTaking
        _check(row, wish)
        if wish.rest is PaymentMethod.COD and checkout.pays_ahead(wish.phone, user_id):
            raise PayAhead(field="rest", ways=checkout.ways_ahead())
        if not _take(row.id, wish.quantity, at=at):
            left = row.limit_units - row.taken
            raise NoPlaces(field="quantity", left=left) if left > 0 else AllTaken(field="quantity")
        # Behind the window's lock: whoever of the same house comes at the same moment waits, and is counted then.
        _household(row, wish, user_id)
        made = _write(row, wish, user_id, locale, at)
        deposit_reference = None
        if row.deposit_amount:
            deposit_reference = _ask_deposit(actor, row, made, wish, op_key, owner)
        audit.record(actor, "preorders.place", f"preorder:{made.reference}", window=row.reference, units=wish.quantity)
        after_commit(web.forget_pages)
        publish(Preordered(made.id))
        return {"reference": made.reference, "deposit": deposit_reference}

    done = operations.once(op_key, "preorders.place", owner, [window, wish.digest_body()], command)
    return Placed(done["reference"], done["deposit"])


def _check(row: HarvestWindow, wish: Wish) -> None:
    """Raise the first thing that stands in the way of `wish`, the count aside."""
    if wish.quantity < 1:
        raise Invalid(N_("Hãy ghi số lượng muốn đặt."), field="quantity")
    if wish.quantity > row.household_limit:
        raise HouseholdLimit(field="quantity", limit=row.household_limit, had=0)
    offered = payments.available_methods()
    if wish.rest not in offered:
        raise Invalid(N_("Hãy chọn cách trả phần còn lại."), field="rest")
    if row.deposit_amount and (wish.payment not in offered or wish.payment is PaymentMethod.COD):
        raise Invalid(N_("Hãy chọn cách trả tiền cọc."), field="payment")
    if wish.agreed_amount is not None and wish.agreed_amount != row.price_high_amount + row.deposit_amount:
        raise Invalid(N_("Giá hoặc tiền cọc của đợt vừa đổi. Hãy xem lại rồi đặt."), field="quantity")
    if wish.delivery is DeliveryKind.SHIP and not row.ships:
        raise Invalid(N_("Đợt này chỉ nhận tại điểm."), field="delivery")
    goods = catalog.sellable([row.variant_id], clock.now()).get(row.variant_id)
    if goods is None or goods.refusal is not None:
        raise GoodsNotForSale
    if wish.delivery is DeliveryKind.PICKUP:
        offered_points = {p.point_id for p in row.pickups}
        if wish.point_id not in offered_points or wish.point_id not in {p.id for p in points.pickup_points()}:
            raise Invalid(N_("Hãy chọn điểm nhận hàng."), field="point")


def _household(row: HarvestWindow, wish: Wish, user_id: int | None) -> None:
    same = [Preorder.phone == wish.phone, func.lower(Preorder.email) == wish.email.lower()]
    if user_id is not None:
        same.append(Preorder.user_id == user_id)
    if wish.street and wish.commune:
        same.append((Preorder.commune_code == wish.commune) & (Preorder.address_folded == _folded(wish.street)))
    had = session().scalar(
        select(func.coalesce(func.sum(Preorder.quantity), 0)).where(
            Preorder.window_id == row.id, Preorder.state.in_(LIVE), or_(*same)
        )
    )
    if int(had or 0) + wish.quantity > row.household_limit:
        raise HouseholdLimit(field="quantity", limit=row.household_limit, had=int(had or 0))


def _folded(street: str) -> str:
    return " ".join(text.words(street))[:255]


def quote(row: HarvestWindow, units: int, province: str, *, cod: bool) -> int:
    """What a parcel of `units` costs from the window's point to a province, in đồng.

    Raises:
        ShopError: nothing is carried there (the delivery room's refusal).
    """
    goods = catalog.sellable([row.variant_id], clock.now())[row.variant_id]
    origin = points.point(row.point_id).province_code
    line = fees.Line(units, goods.weight_g, goods.length_mm, goods.width_mm, goods.height_mm)
    return delivery.quote(
        [line], origin, province, cold=goods.cold is not Cold.NONE, cod=cod,
        goods_amount=(row.final_price_amount or row.price_low_amount) * units, on=clock.today(),
    ).total_amount  # fmt: skip


def _write(row: HarvestWindow, wish: Wish, user_id: int | None, locale: str, at: datetime) -> Preorder:
    ships = wish.delivery is DeliveryKind.SHIP
    # Who comes first by his locality says where he lives, also if he collects the goods himself.
    lives = ships or row.rule is Rule.LOCALS_FIRST
    address = places.check_address(wish.province, wish.commune) if lives else None
    fee = 0
    if ships and address is not None:
        fee = quote(row, wish.quantity, address.province.code, cod=wish.rest is PaymentMethod.COD)
    reference = f"P-{text.reference()}"
    until = at + timedelta(hours=int(rules.CONFIRM_HOURS.get()))
    if row.deposit_amount and wish.payment is not None:
        until = holding.pay_until(wish.payment, at) or until
    made = Preorder(
        reference=reference, secret_hash=orders.secret_hash(secret_of(reference)), window_id=row.id,
        variant_id=row.variant_id, state=S.WAITING, quantity=wish.quantity, hold_until=until, user_id=user_id, locale=locale,
        name=wish.name, phone=wish.phone, email=wish.email, delivery=wish.delivery,
        province_code=address.province.code if address else None,
        province_name=address.province.name if address else None,
        commune_code=address.commune.code if address else None,
        commune_name=address.commune.name if address else None,
        street=wish.street if lives else None, address_folded=_folded(wish.street or "") if lives else None,
        pickup_point_id=None if ships else wish.point_id, fee_amount=fee, rest_method=wish.rest, on_short=wish.on_short,
        placed_at=at, updated_at=at, is_demo=row.is_demo,
    )  # fmt: skip
    session().add(made)
    session().flush()
    return made


def _ask_deposit(actor: Actor, row: HarvestWindow, made: Preorder, wish: Wish, op_key: str, owner: str) -> str:
    """Write the order of the deposit and its payment; return its reference."""
    assert wish.payment is not None and made.hold_until is not None  # noqa: S101, PT018 - `_check` refused others
    amount = row.deposit_amount * wish.quantity
    asked = deposit_orders.ask(
        actor,
        deposit_orders.Deposit(
            op_key=f"deposit:{op_key}"[:80], op_digest=operations.digest_of("preorders.deposit", owner, made.reference),
            about=f"preorder:{made.reference}", amount=amount, payment_method=wish.payment, pay_until=made.hold_until,
            user_id=made.user_id, locale=made.locale, delivery=made.delivery, name=made.name, phone=made.phone,
            email=made.email, is_demo=made.is_demo,
        ),
        key=str(current_app.secret_key),
    )  # fmt: skip
    payments.open_payment(asked.order_id, asked.reference, wish.payment, amount, made.hold_until)
    made.deposit_order_id, made.deposit_amount = asked.order_id, amount
    session().flush()
    return asked.reference


# --- confirming, leaving, lapsing --------------------------------------------------------------------------------


def confirm(actor: Actor, reference: str) -> None:
    """The buyer used the link of his letter: his places are his. Again is no error.

    Raises:
        NoSuchPreorder; PreorderMovedOn: his term is over, or a deposit is asked.
    """
    with transaction():
        _window, row = lock(reference)
        if row.state is S.CONFIRMED:
            return
        if row.deposit_order_id is not None or (row.hold_until is not None and row.hold_until <= clock.now()):
            raise PreorderMovedOn
        confirmed(row)
        audit.record(actor, "preorders.confirm", f"preorder:{reference}")


def confirmed(row: Preorder) -> None:
    """The locked `row` has its places for good."""
    move(row, S.CONFIRMED, confirmed_at=clock.now(), ended_at=None, end_reason=None)
    publish(PreorderConfirmed(row.id))


def may_leave(window: HarvestWindow, row: Preorder) -> bool:
    """Whether the buyer may leave by himself: while it may be ordered, and at any time before the goods are shared if the days
    were moved after he ordered."""
    if row.state is S.WAITING:
        return True
    if row.state is not S.CONFIRMED:
        return False
    if window.state is W.OPEN and clock.now() < window.closes_at:
        return True
    moved = window.moved_at is not None and window.moved_at > row.placed_at
    # Whoever was brought over from an earlier window never chose these days.
    return window.state in (W.OPEN, W.CLOSED, W.HARVESTED) and (moved or row.carried_from_id is not None)


def leave(actor: Actor, reference: str, reason: str = "") -> None:
    """The buyer leaves: his places go to others, his whole deposit goes back. Again is no error.

    Raises:
        NoSuchPreorder; CannotLeave: the window has closed and its days are as he was told.
    """
    why = text.clean(reason).replace("\n", " ")[:500] or None
    with transaction():
        unpaid = session().scalar(
            select(Order.id)
            .join(Preorder, Preorder.deposit_order_id == Order.id)
            .where(
                Preorder.reference == reference,
                Preorder.state == S.WAITING,
                Order.status == OrderStatus.AWAITING_PAYMENT,
            )
        )
        if unpaid is not None:  # its cancellation ends the pre-order (`handlers`)
            orders.cancel(actor, unpaid, why or N_("Khách rút"))
            return
        window, row = lock(reference)
        if row.state is S.LEFT:
            return
        if not may_leave(window, row):
            raise CannotLeave
        paid = row.deposit_amount if row.state is S.CONFIRMED else 0
        end(row, S.LEFT, why)
        if paid:
            row.back_amount = paid
            deposits.give_back_later(row.id)
        session().flush()
        audit.record(actor, "preorders.leave", f"preorder:{reference}", reason=why)


def end(row: Preorder, to: PreorderState, reason: str | None = None) -> None:
    """End the locked `row` and give its places back."""
    move(row, to, ended_at=clock.now(), end_reason=reason)
    _give_back(row.window_id, row.quantity)
    publish(PreorderEnded(row.id))


def lapse_due(limit: int = 200) -> int:
    """End pre-orders that were not confirmed in time; those with a deposit end with its order. Return how many."""
    due = session().scalars(
        select(Preorder.reference)
        .where(Preorder.state == S.WAITING, Preorder.hold_until <= clock.now(), Preorder.deposit_order_id.is_(None))
        .order_by(Preorder.id)
        .limit(limit)
    ).all()  # fmt: skip
    for reference in due:
        with transaction():
            _window, row = lock(reference)
            if row.state is S.WAITING and row.hold_until is not None and row.hold_until <= clock.now():
                end(row, S.LAPSED, N_("Chưa xác nhận trong hạn"))
    return len(due)
