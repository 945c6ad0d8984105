"""What is said of one parcel: that it will be sent, and on which day; that it, or a part of it, will not be.

What was agreed is never rewritten. A refusal is a row beside it: the units go back to the shelf in the same transaction, the
order owes that much less, and `LinesRefused` lets the rooms above move the money and tell the buyer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, update

from shop.kernel import audit, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import N_, Invalid
from shop.kernel.events import publish
from shop.orders import discounts, events, rules
from shop.orders.errors import SendDayTooLate, StepNotAllowed
from shop.orders.models import (
    TILL,
    Fulfilment,
    FulfilmentStatus,
    MoneyFollows,
    Order,
    OrderLine,
    OrderRefusal,
    OrderRefusalLine,
    OrderStatus,
    PaymentStatus,
    RefusalWhy,
)
from shop.orders.services import _fulfilment, cancel, complete_if_done, hold_reference, step
from shop.stock import services as stock

_OPEN = frozenset({OrderStatus.PLACED, OrderStatus.CONFIRMED})
_CANCELLED = FulfilmentStatus.CANCELLED


def may_confirm(order: Order, parcel: Fulfilment) -> bool:
    """Whether the parcel waits for the word of whoever sends it."""
    return order.status in _OPEN and parcel.status == FulfilmentStatus.PENDING and parcel.confirmed_at is None


def may_refuse(order: Order, parcel: Fulfilment) -> bool:
    """Whether goods of the parcel may still be refused: lines while it is not packed, the whole until it leaves."""
    waits = parcel.status in {FulfilmentStatus.PENDING, FulfilmentStatus.PACKED}
    return order.channel != TILL and order.status in _OPEN and waits


def promised(parcel: Fulfilment) -> date | None:
    """The last day that its buyer was promised the parcel for; None if nothing was promised."""
    return parcel.expected_to_on or parcel.expected_from_on


def latest_day(parcel: Fulfilment) -> date:
    """The latest day on which whoever sends it may say that it leaves: some days after the promise, or after today if that
    is over or nothing was promised (setting `orders.send_late_days`)."""
    today = clock.today()
    return max(promised(parcel) or today, today) + timedelta(days=int(rules.SEND_LATE_DAYS.get()))


def is_late(parcel: Fulfilment) -> bool:
    """Whether the day on which it is to leave lies after what its buyer was promised."""
    day = promised(parcel)
    return parcel.send_on is not None and day is not None and parcel.send_on > day


def confirm_parcel(actor: Actor, fulfilment_id: int, send_on: date) -> None:
    """Whoever sends a parcel says that he will, on the day `send_on`. Once that is said of every parcel that is left, the
    order is confirmed too.

    Raises:
        Invalid: the day is over.
        SendDayTooLate: it is too long after what the buyer was promised.
        StepNotAllowed: the order is not placed or over, or the word was given before.
    """
    if send_on < clock.today():
        raise Invalid(N_("Ngày gửi phải từ hôm nay trở đi."), field="send_on")
    with transaction() as s:
        order, found = _fulfilment(fulfilment_id)
        if send_on > latest_day(found):
            raise SendDayTooLate(field="send_on")
        if not may_confirm(order, found):
            raise StepNotAllowed
        s.execute(
            update(Fulfilment)
            .where(Fulfilment.id == found.id)
            .values(confirmed_at=clock.now(), send_on=send_on)
            .execution_options(synchronize_session=False)
        )
        s.expire_all()
        audit.record(
            actor, "orders.confirm_parcel", f"order:{order.id}", parcel=found.number, send_on=send_on.isoformat()
        )
        publish(events.ParcelConfirmed(order.id, found.id))
        _confirm_if_all(actor, order)


def _live(order: Order) -> list[Fulfilment]:
    return [f for f in order.fulfilments if f.status != _CANCELLED]


def _confirm_if_all(actor: Actor, order: Order) -> None:
    """Confirm a placed order of which every parcel that is left is confirmed by whoever sends it."""
    if order.status == OrderStatus.PLACED and all(f.confirmed_at is not None for f in _live(order)):
        step(actor, "order", order.id, OrderStatus.CONFIRMED, order_id=order.id)
        publish(events.OrderConfirmed(order.id))


# --- refusing ----------------------------------------------------------------------------------------------------


def _asked(lines: Sequence[OrderLine], quantities: Mapping[int, int] | None) -> dict[int, int]:
    """Units by line that are refused.

    Raises:
        Invalid: none, or more than is left of a line, or of a line of another parcel.
    """
    left = {line.id: line.left_quantity for line in lines if line.left_quantity}
    if quantities is None:
        return left
    wanted = {line_id: n for line_id, n in quantities.items() if n}
    if not wanted:
        raise Invalid(N_("Hãy ghi số lượng không gửi được của ít nhất một món."), field="quantity")
    for line_id, n in wanted.items():
        if not 0 < n <= left.get(line_id, 0):
            raise Invalid(
                N_("Số từ chối phải từ 0 đến số khách đặt (%(n)s)."), field="quantity", n=left.get(line_id, 0)
            )
    return wanted


def _share_of_discount(
    order: Order, lines: Mapping[int, OrderLine], asked: Mapping[int, int], more: int, parcel_id: int | None
) -> int:
    """The part of the order's discount that goes with the refused units (`asked`), and with the delivery of a parcel of which
    nothing is left. Promotions stand on their lines; what no promotion names (a deposit) goes with `more` đồng of goods and
    delivery, counted over all that was refused so far. Either way the parts add up to the discount when nothing is left."""
    if not order.discount_amount:
        return 0
    named = discounts.rows_of(order.id)
    units = {i: (lines[i].quantity, lines[i].refused_quantity, n) for i, n in asked.items()}
    found = discounts.refused_share(named, units, parcel_id)
    rest = order.discount_amount - sum(row.amount for row in named)
    if not rest:
        return found
    agreed = order.goods_amount + order.delivery_amount
    before = session().query(OrderRefusal).filter_by(order_id=order.id).all()
    gone = sum(r.goods_amount + r.delivery_amount for r in before)
    return found + rest * (gone + more) // agreed - rest * gone // agreed


def refuse(actor: Actor, fulfilment_id: int, quantities: Mapping[int, int] | None, why: RefusalWhy, reason: str) -> int:
    """Say that goods of a parcel are not sent: `quantities` by line, or all of them (None). Return the refusal's id.

    The goods go back to the shelf. Less is owed by them, and by the parcel's delivery if nothing of it is left; if nothing
    of the order is left, that is cancelled. Money follows by `LinesRefused` (or `OrderCancelled`).

    Raises:
        Invalid: no reason, no units, or more than is left.
        StepNotAllowed: the parcel has left (or is packed, and only a part is refused), or the order is over.
    """
    reason = text.clean(reason).replace("\n", " ")
    if not 2 <= len(reason) <= 500:
        raise Invalid(N_("Hãy ghi lý do để khách biết (2–500 ký tự)."), field="reason")
    with transaction() as s:
        order, parcel = _fulfilment(fulfilment_id)
        if not may_refuse(order, parcel):
            raise StepNotAllowed
        lines = {line.id: line for line in order.lines if line.fulfilment_id == parcel.id}
        asked = _asked(list(lines.values()), quantities)
        whole = asked == {line.id: line.left_quantity for line in lines.values() if line.left_quantity}
        if not whole and parcel.status != FulfilmentStatus.PENDING:
            raise StepNotAllowed
        ends = whole and _live(order) == [parcel]
        goods = sum(lines[line_id].unit_price_amount * n for line_id, n in asked.items())
        fee = parcel.fee_amount if whole else 0
        discount = _share_of_discount(order, lines, asked, goods + fee, parcel.id if whole else None)
        amount = goods + fee - discount
        if not ends and amount >= order.owed_amount:
            raise StepNotAllowed  # a living order owes something: its payment is of more than nothing
        money = MoneyFollows.ORDER if ends else _follows(order)
        _give_back(order, parcel, lines, asked, whole=whole)
        refusal_id: int = s.execute(
            insert(OrderRefusal)
            .values(
                order_id=order.id, fulfilment_id=parcel.id, whole=whole, why=why, reason=reason, goods_amount=goods,
                delivery_amount=fee, discount_amount=discount, amount=amount, money=money, at=clock.now(),
                actor_key=actor.key, actor_label=actor.label,
            )
            .returning(OrderRefusal.id)
        ).scalar_one()  # fmt: skip
        s.execute(
            insert(OrderRefusalLine),
            [
                {"refusal_id": refusal_id, "line_id": i, "quantity": n, "amount": lines[i].unit_price_amount * n}
                for i, n in sorted(asked.items())
            ],
        )
        if order.discount_amount:
            discounts.give_back(order.id, asked, freight=parcel.id if whole else None)
        if not ends:
            s.execute(
                update(Order)
                .where(Order.id == order.id)
                .values(reduced_amount=Order.reduced_amount + amount)
                .execution_options(synchronize_session=False)
            )
        units: dict[int, int] = defaultdict(int)
        for line_id, n in asked.items():
            units[lines[line_id].variant_id] += n
        s.expire_all()
        audit.record(
            actor, "orders.refuse", f"order:{order.id}", parcel=parcel.number, refusal=refusal_id, why=why.value,
            reason=reason, amount=amount, whole=whole,
        )  # fmt: skip
        if whole:
            step(actor, "fulfilment", parcel.id, _CANCELLED, order_id=order.id, reason=reason)
        publish(
            events.LinesRefused(
                order.id, parcel.id, refusal_id, tuple(sorted(units)), tuple(units[v] for v in sorted(units)), amount, ends
            )
        )  # fmt: skip
        if ends:
            cancel(actor, order.id, reason)
        else:
            _confirm_if_all(actor, order)
            complete_if_done(actor, order.id)
        return refusal_id


def _follows(order: Order) -> MoneyFollows:
    return MoneyFollows.DUE if order.payment_status == PaymentStatus.DUE else MoneyFollows.REFUND


def _give_back(
    order: Order, parcel: Fulfilment, lines: Mapping[int, OrderLine], asked: Mapping[int, int], *, whole: bool
) -> None:
    """Let the refused units lie free on their shelf, and note them at their lines."""
    reference = hold_reference(order.reference, parcel.number)
    if whole:
        stock.release(reference)
    else:
        units: dict[int, int] = defaultdict(int)
        for line_id, n in asked.items():
            units[lines[line_id].variant_id] += n
        stock.release_units(reference, units)
    for line_id, n in sorted(asked.items()):
        done: Any = session().execute(
            update(OrderLine)
            .where(OrderLine.id == line_id, OrderLine.quantity - OrderLine.refused_quantity >= n)
            .values(refused_quantity=OrderLine.refused_quantity + n)
            .execution_options(synchronize_session=False)
        )
        if not changed(done):
            raise StepNotAllowed
