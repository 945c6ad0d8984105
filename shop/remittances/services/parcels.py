"""The cash of each parcel, from its hand-over until its holder owes nothing for it any more.

Lock order: the order, its payment, its parcels here by id. What orders do expires everything read before, so changes are
written out before they are called.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.kernel import clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import insert_missing, session, transaction
from shop.kernel.errors import N_, Invalid
from shop.orders import services as orders
from shop.orders.models import (
    SENT,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    PaymentMethod,
    PaymentStatus,
)
from shop.orders.services import returns
from shop.payments.models import Payment, PaymentState
from shop.payments.services import money
from shop.points.models import Point
from shop.remittances import books, rules
from shop.remittances.errors import ParcelStep
from shop.remittances.models import CodParcel, CodState, Holder, HolderKind
from shop.remittances.services.steps import lock, lock_parcel, mine, note, once, reason

_GONE = frozenset({FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED})
_LEFT = (FulfilmentStatus.HANDED_OVER, FulfilmentStatus.DELIVERED)
_TAKEN = frozenset({CodState.COLLECTED, CodState.SETTLED})
_COUNTS = (PaymentState.PENDING, PaymentState.HELD)
LOST = N_("Thất lạc khi vận chuyển")


def holder_of(parcel: Fulfilment) -> int:
    """The id of whoever takes the cash of a parcel, put down at his first one."""
    s = session()
    if parcel.kind == DeliveryKind.PICKUP or not parcel.carrier:
        point = s.get_one(Point, parcel.point_id)
        key, name, kind, point_id = f"point:{point.id}", point.name, HolderKind.POINT, point.id
    else:
        name = parcel.carrier
        key, point_id = f"by:{text.fold(name)}"[:80], None
        own = {text.fold(n) for n in str(rules.OWN_DRIVERS.get()).split(",")}
        kind = HolderKind.DRIVER if text.fold(name) in own else HolderKind.CARRIER
    row: dict[str, Any] = {"key": key, "name": name, "kind": kind, "point_id": point_id, "days": rules.days_of(kind),
                           "mappings": {}, "created_at": clock.now()}  # fmt: skip
    found = s.scalar(select(Holder.id).where(Holder.key == key))
    if found is None:
        insert_missing(Holder, [row], ["key"])
        found = s.scalar(select(Holder.id).where(Holder.key == key))
    return int(found or 0)


def begin(fulfilment_id: int) -> None:
    """A parcel has left: if its order is to be paid in cash, its share is expected. In the open transaction; once."""
    s = session()
    parcel = s.get_one(Fulfilment, fulfilment_id, populate_existing=True)
    order = s.get_one(Order, parcel.order_id, populate_existing=True)
    if order.payment_method != PaymentMethod.COD or order.payment_status != PaymentStatus.DUE:
        return
    payment_id = s.scalar(
        select(Payment.id).where(Payment.order_id == order.id, Payment.state.in_(_COUNTS)).order_by(Payment.id).limit(1)
    )
    if payment_id is None:
        return
    share, at = returns.cash_shares(order).get(parcel.number, 0), parcel.handed_over_at or clock.now()
    due = clock.business_day(at) + timedelta(days=int(rules.ROAD_DAYS.get()))
    values = {
        "fulfilment_id": parcel.id, "order_id": order.id, "payment_id": payment_id, "holder_id": holder_of(parcel),
        "state": CodState.OUT, "expected_amount": share, "owed_amount": share, "remitted_amount": 0, "written_amount": 0,
        "due_on": due, "handed_over_at": at, "by_buyer": False, "version": 0,
    }  # fmt: skip
    insert_missing(CodParcel, [values], ["fulfilment_id"])


def _of_order(order_id: int) -> list[CodParcel]:
    """The parcels of a locked order, locked."""
    return list(
        session().scalars(
            select(CodParcel).where(CodParcel.order_id == order_id).order_by(CodParcel.id).with_for_update(),
            execution_options={"populate_existing": True},
        )
    )


def _late_after(parcel: CodParcel, at: datetime | None = None) -> date:
    return clock.business_day(at or clock.now()) + timedelta(days=parcel.holder.days)


def delivered(fulfilment_id: int) -> None:
    """The buyer has the goods: from now on his cash is awaited."""
    for parcel in session().scalars(select(CodParcel).where(CodParcel.fulfilment_id == fulfilment_id)):
        if parcel.state is CodState.OUT:
            at = session().scalar(select(Fulfilment.delivered_at).where(Fulfilment.id == fulfilment_id))
            parcel.due_on = _late_after(parcel, at)
            session().flush()


def captured(order_id: int) -> None:
    """The order is paid in cash: whoever handed its parcels out has taken it."""
    for parcel in _of_order(order_id):
        if parcel.state is CodState.OUT:
            _hold(parcel)
            note(SYSTEM, parcel, "collected")
    session().flush()


def _hold(parcel: CodParcel) -> None:
    parcel.state = CodState.COLLECTED if parcel.open_amount else CodState.SETTLED
    parcel.collected_at = clock.now()
    parcel.due_on = _late_after(parcel)
    parcel.version += 1


def shares_changed(order_id: int) -> None:
    """Goods of another parcel were refused or came back: what the parcels on their way bring is counted anew."""
    s = session()
    order = s.get_one(Order, order_id, populate_existing=True)
    shares = returns.cash_shares(order)
    numbers = {f.id: f.number for f in order.fulfilments}
    for parcel in _of_order(order_id):
        share = shares.get(numbers[parcel.fulfilment_id], 0)
        if parcel.state is CodState.OUT and parcel.expected_amount != share >= parcel.remitted_amount:
            parcel.expected_amount = parcel.owed_amount = share
            parcel.version += 1
            note(SYSTEM, parcel, "changed", amount=share)
    s.flush()


def came_back(fulfilment_id: int) -> None:
    """A parcel is back and was looked at; whoever carried it owes nothing for it. By the desk's own form it counts as refused
    by its buyer."""
    parcel = session().scalar(select(CodParcel).where(CodParcel.fulfilment_id == fulfilment_id))
    if parcel is None or parcel.state not in {CodState.OUT, CodState.REFUSED}:
        return
    parcel = lock(CodParcel, parcel.id)
    if parcel.state is CodState.OUT:
        parcel.refused_at, parcel.by_buyer = clock.now(), True
    parcel.state, parcel.owed_amount = CodState.RETURNED, 0
    parcel.taken_key = parcel.taken_label = None
    parcel.version += 1
    session().flush()
    note(SYSTEM, parcel, "returned")


def pay_if_whole(actor: Actor, order_id: int, source: str) -> None:
    """If the cash of every parcel that was kept is taken, the order is paid. The order and its payment are locked."""
    s = session()
    found = _of_order(order_id)
    here = {p.fulfilment_id: p for p in found}
    kept = s.execute(select(Fulfilment.id, Fulfilment.status).where(Fulfilment.order_id == order_id)).all()
    if any(status not in _GONE and (i not in here or here[i].state not in _TAKEN) for i, status in kept):
        return
    payment = money.lock(found[0].payment_id)
    due = payment.amount - payment.captured_amount + payment.refunded_amount
    if payment.state in _COUNTS and due > 0:
        money.capture(payment, f"cod:{found[0].id}:{payment.captured_amount}", due, source, actor)


def collect(actor: Actor, parcel: CodParcel, source: str) -> None:
    """The cash of a locked parcel was taken, says `source`: its buyer has it, and the order may be paid by that.

    Raises:
        ParcelStep: it was refused, is back or lost.
    """
    if parcel.state in _TAKEN:
        return
    if parcel.state is not CodState.OUT:
        raise ParcelStep
    s = session()
    _hold(parcel)
    note(actor, parcel, "collected", source=source)
    s.flush()
    status = s.scalar(select(Fulfilment.status).where(Fulfilment.id == parcel.fulfilment_id))
    if status == FulfilmentStatus.HANDED_OVER:
        orders.deliver(actor, parcel.fulfilment_id)
    pay_if_whole(actor, parcel.order_id, source)


# --- what people say of a parcel ---------------------------------------------------------------------------------


def say_collected(actor: Actor, parcel_id: int, version: int, *, op_key: str) -> None:
    """Whoever carries the parcel says that he has its cash.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelStep: it is not on its way.
    """

    def command() -> dict[str, str]:
        parcel = lock_parcel(parcel_id)
        mine(actor, parcel, version)
        if parcel.state is not CodState.OUT:
            raise ParcelStep
        collect(actor, parcel, f"told:{actor.key}")
        return {}

    once(actor, op_key, "collected", [parcel_id, version], command)


def refuse(actor: Actor, parcel_id: int, told: str, version: int, *, by_buyer: bool, op_key: str) -> None:
    """The buyer did not take the parcel: it is on its way back, and nothing is owed for it. Its goods come to stock only once
    somebody has looked at them. `by_buyer`: it counts against him.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelStep: it is not on its way, or the buyer has it. Invalid: no reason.
    """
    why = reason(told)

    def command() -> dict[str, str]:
        parcel = lock_parcel(parcel_id)
        mine(actor, parcel, version)
        status = session().scalar(select(Fulfilment.status).where(Fulfilment.id == parcel.fulfilment_id))
        if parcel.state is not CodState.OUT or status != FulfilmentStatus.HANDED_OVER or parcel.remitted_amount:
            raise ParcelStep
        parcel.state, parcel.owed_amount, parcel.reason = CodState.REFUSED, 0, why
        parcel.refused_at, parcel.by_buyer = clock.now(), by_buyer
        parcel.due_on = _late_after(parcel)
        parcel.version += 1
        session().flush()
        note(actor, parcel, "refused", reason=why, by_buyer=by_buyer)
        return {"reason": why}

    once(actor, op_key, "refused", [parcel_id, version, why, by_buyer], command)


def unrefuse(actor: Actor, parcel_id: int, version: int, *, op_key: str) -> None:
    """It was a mistake: the parcel is on its way to its buyer after all.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelStep: it was not refused, or is back.
    """

    def command() -> dict[str, str]:
        parcel = lock_parcel(parcel_id)
        mine(actor, parcel, version)
        if parcel.state is not CodState.REFUSED:
            raise ParcelStep
        again(actor, parcel)
        return {}

    once(actor, op_key, "unrefused", [parcel_id, version], command)


def again(actor: Actor, parcel: CodParcel) -> None:
    """A locked refused parcel is on its way again."""
    parcel.state, parcel.owed_amount = CodState.OUT, parcel.expected_amount
    parcel.refused_at, parcel.by_buyer, parcel.reason = None, False, None
    parcel.due_on = clock.today() + timedelta(days=int(rules.ROAD_DAYS.get()))
    parcel.version += 1
    session().flush()
    note(actor, parcel, "unrefused")


def lose(actor: Actor, parcel_id: int, owed: int, told: str, version: int, *, op_key: str) -> None:
    """The parcel is lost: its goods are written off, its buyer owes nothing, and whoever carried it owes `owed` đồng.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelStep: it is not on its way or going back. Invalid: no reason.
    """
    why = reason(told)
    if owed < 0:
        raise Invalid(N_("Số tiền phải từ 0 trở lên."), field="amount")

    def command() -> dict[str, str | int]:
        parcel = lock_parcel(parcel_id)
        mine(actor, parcel, version)
        status = session().scalar(select(Fulfilment.status).where(Fulfilment.id == parcel.fulfilment_id))
        if (
            parcel.state not in {CodState.OUT, CodState.REFUSED}
            or status != FulfilmentStatus.HANDED_OVER
            or parcel.remitted_amount
        ):
            raise ParcelStep
        parcel.state, parcel.owed_amount, parcel.reason = CodState.LOST, owed, why
        parcel.by_buyer, parcel.refused_at = False, None
        parcel.due_on = _late_after(parcel)
        parcel.settled_at = None if owed else clock.now()
        parcel.version += 1
        session().flush()
        note(actor, parcel, "lost", reason=why, amount=owed)
        returns.take_back(actor, parcel.fulfilment_id, restock=False, reason=f"{LOST}: {why}", nothing_kept=LOST)
        return {"reason": why, "amount": owed}

    once(actor, op_key, "lost", [parcel_id, version, owed, why], command)


def write_off(actor: Actor, parcel_id: int, told: str, version: int, *, op_key: str) -> None:
    """What its holder still owes for a parcel whose cash he took, or that he lost, is given up.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelStep: nothing is owed, or the cash was not taken. Invalid: no reason.
    """
    why = reason(told)

    def command() -> dict[str, str | int]:
        parcel = lock_parcel(parcel_id)
        mine(actor, parcel, version)
        if parcel.state not in {CodState.COLLECTED, CodState.LOST} or not parcel.open_amount:
            raise ParcelStep
        amount = parcel.open_amount
        hand_in(actor, parcel, 0, amount)
        note(actor, parcel, "written-off", reason=why, amount=amount)
        return {"reason": why, "amount": amount}

    once(actor, op_key, "written-off", [parcel_id, version, why], command)


def hand_in(actor: Actor, parcel: CodParcel, brought: int, written: int) -> None:
    """`brought` đồng came for a locked parcel and `written` were given up (below zero: taken back)."""
    parcel.remitted_amount += brought
    parcel.written_amount += written
    done = parcel.open_amount == 0
    if parcel.state is not CodState.LOST:
        parcel.state = CodState.SETTLED if done else CodState.COLLECTED
    parcel.settled_at = clock.now() if done else None
    if done:
        parcel.taken_key = parcel.taken_label = None
    parcel.version += 1
    session().flush()
    if written:
        books.parcel(parcel.id, actor)


def fill(limit: int = 500) -> int:
    """Put down parcels that had left before this room was there; return how many were looked at."""
    missing = (
        select(Fulfilment.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .outerjoin(CodParcel, CodParcel.fulfilment_id == Fulfilment.id)
        .where(
            Order.payment_method == PaymentMethod.COD,
            Order.payment_status == PaymentStatus.DUE,
            Order.channel.in_(SENT),
            Fulfilment.status.in_(_LEFT),
            CodParcel.id.is_(None),
        )
        .order_by(Fulfilment.id)
        .limit(limit)
    )
    ids = session().scalars(missing).all()
    with transaction() as s:
        for fulfilment_id in ids:
            begin(fulfilment_id)
            if s.scalar(select(Fulfilment.status).where(Fulfilment.id == fulfilment_id)) == FulfilmentStatus.DELIVERED:
                delivered(fulfilment_id)
    return len(ids)
