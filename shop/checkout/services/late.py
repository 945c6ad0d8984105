"""Money that comes after its order was given up: its goods are taken again if there are any; else it waits a while before a
person, who may find some, and then goes back by itself, once.

The case is one of `payments` ("paid, no goods"), with its last day. Lock order: the order, its payment, the goods.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from shop.checkout import errors, paying, rules
from shop.checkout.events import LateMoneyUnserved
from shop.checkout.sourcing import source
from shop.kernel import audit, clock, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import savepoint, session, transaction
from shop.kernel.errors import N_, NotFound
from shop.kernel.events import publish
from shop.orders import queries as orders_read
from shop.orders import services as orders
from shop.orders.models import PREORDER, DeliveryKind, Order, OrderLine, OrderStatus, OrderTransition
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentIssue
from shop.promotions.errors import OfferGone
from shop.stock import queries as stock
from shop.stock.errors import SoldOut
from shop.stock.services import Take

KIND = "no_goods"
_GONE = N_("Tiền đến sau khi đơn đã hủy và hàng không còn")
_GIVEN_UP = N_("Tiền đến sau khi đơn đã được hủy")


def key_of(payment_id: int) -> str:
    """The key of a payment's case."""
    return f"no-goods:{payment_id}"


def came(order: Order, payment_id: int) -> None:
    """Money has come for a cancelled order that is locked. A pre-order that ended has its deposit back, so that what was agreed
    does not hold any more: its late money goes back at once. So does that of an order which its buyer or the desk gave up:
    only one whose time ran out is what somebody still wants."""
    if order.channel == PREORDER or _was_given_up(order.id):
        orders.paid_too_late(SYSTEM, order.id)
        send_back(order.id, _GONE if order.channel == PREORDER else _GIVEN_UP)
        return
    missing = _take_again(SYSTEM, order)
    if missing is None:
        return
    publish(LateMoneyUnserved(order.id, tuple(sorted(missing)), tuple(missing[v] for v in sorted(missing))))
    orders.paid_too_late(SYSTEM, order.id)
    hours = rules.LATE_HOURS.get()
    if not hours:
        send_back(order.id, _GONE)
        return
    payment = session().get_one(Payment, payment_id)
    payments.open_issue(
        KIND, key_of(payment_id), payment_id, due_at=clock.now() + timedelta(hours=hours),
        received=payment.captured_amount, order=order.reference,
    )  # fmt: skip


def _was_given_up(order_id: int) -> bool:
    """Whether a person cancelled the order, and not the end of its time."""
    by = session().scalar(
        select(OrderTransition.actor_key)
        .where(
            OrderTransition.order_id == order_id,
            OrderTransition.subject == "order",
            OrderTransition.to_status == OrderStatus.CANCELLED,
        )
        .order_by(OrderTransition.id.desc())
        .limit(1)
    )
    return by is not None and by != SYSTEM.key


def _take_again(actor: Actor, order: Order) -> dict[int, int] | None:
    """Take the goods of a cancelled order again and revive it; return what lacks of each variant, None if that is done."""
    parcels, missing = _sources_again(order)
    if not parcels:
        return missing or _units_of(order.id)
    try:
        with savepoint():
            orders.revive(actor, order.id, parcels)
    except (SoldOut, OfferGone):
        # Somebody was faster just now. What is free after him tells what lacks; if nothing does, it is the whole order;
        # so it is where what was taken off its price is used up: at another price it is another order.
        return _sources_again(order)[1] or _units_of(order.id)
    return None


def lacks(order: Order) -> bool:
    """Whether goods of an order are missing where they would be taken again."""
    return not _sources_again(order)[0]


def _open_case(payment_id: int) -> tuple[Order, PaymentIssue]:
    """The locked order of a payment whose case is open.

    Raises:
        NotFound: there is no such case. LateMoneyDecided: it was decided before.
    """
    s = session()
    order_id = s.scalar(select(Payment.order_id).where(Payment.id == payment_id))
    if order_id is None:
        raise NotFound
    order = s.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    issue = s.scalar(
        select(PaymentIssue).where(PaymentIssue.key == key_of(payment_id)),
        execution_options={"populate_existing": True},
    )
    if issue is None:
        raise NotFound
    if issue.closed_at is not None or order.status != OrderStatus.CANCELLED:
        raise errors.LateMoneyDecided
    return order, issue


def retake(actor: Actor, payment_id: int, op_key: str) -> None:
    """A person has found goods: they are taken at the points that send the order, and it goes on.

    Raises:
        NotFound; LateMoneyDecided: the money has gone back or the order goes on already. StillNoGoods: they lack there.
    """
    if session().scalar(select(PaymentIssue.id).where(PaymentIssue.key == key_of(payment_id))) is None:
        raise NotFound

    def command() -> dict[str, Any]:
        order, _issue = _open_case(payment_id)
        if _take_again(actor, order) is not None:
            raise errors.StillNoGoods
        payments.close_case(key_of(payment_id), "Đã lấy lại hàng.", actor)
        audit.record(actor, "checkout.retake", f"order:{order.id}", payment=payment_id)
        return {}

    operations.once(op_key, "checkout.retake", actor.key, [payment_id], command)


# What is written beside a case, for staff.
OVER, WANTED = "Hết hạn tìm hàng, tiền tự hoàn.", "Khách muốn nhận lại tiền ngay."


def give_back(payment_id: int, why: str, actor: Actor = SYSTEM) -> None:
    """The money of a case goes back now, all that is left of it, once: its time is over, or the buyer does not want to wait.

    Raises:
        NotFound, LateMoneyDecided.
    """
    with transaction():
        order, _issue = _open_case(payment_id)
        send_back(order.id, _GONE, only=payment_id)
        payments.close_case(key_of(payment_id), why, actor)


def give_back_overdue() -> int:
    """Send back what has waited to its last moment; return how many cases that were."""
    rows = session().scalars(
        select(PaymentIssue.payment_id).where(
            PaymentIssue.kind == KIND, PaymentIssue.closed_at.is_(None), PaymentIssue.due_at <= clock.now()
        )
    )
    done = 0
    for payment_id in rows.all():
        try:
            give_back(int(payment_id or 0), OVER)
            done += 1
        except errors.LateMoneyDecided:
            continue
    return done


def waits_until(order_id: int) -> tuple[int, datetime] | None:
    """The payment of an order whose goods are being looked for, and until when; None if there is none."""
    row = session().execute(
        select(PaymentIssue.payment_id, PaymentIssue.due_at)
        .join(Payment, Payment.id == PaymentIssue.payment_id)
        .where(Payment.order_id == order_id, PaymentIssue.kind == KIND, PaymentIssue.closed_at.is_(None))
    ).first()  # fmt: skip
    return (row[0], row[1]) if row is not None and row[0] is not None and row[1] is not None else None


def send_back(order_id: int, reason: str, *, only: int | None = None) -> None:
    """Ask for the refund of what is still here of an order's money, once for each payment."""
    for payment_id, amount in paying.captured(order_id):
        if only is None or payment_id == only:
            payments.request_refund(SYSTEM, payment_id, amount, reason, f"give-back:{payment_id}:{amount}")


def _units_of(order_id: int) -> dict[int, int]:
    """The units of each variant that an order has."""
    rows = session().execute(
        select(OrderLine.variant_id, func.sum(OrderLine.quantity))
        .where(OrderLine.order_id == order_id)
        .group_by(OrderLine.variant_id)
    )
    return {variant_id: int(n) for variant_id, n in rows}


def _sources_again(order: Order) -> tuple[list[tuple[int, list[Take]]], dict[int, int]]:
    """Where each parcel's goods can be taken again at its own point, and what is missing per variant; no parcel if anything
    is, or if one would need two."""
    found = []
    missing: dict[int, int] = defaultdict(int)
    whole = True
    for fulfilment in orders_read.parcels_of(order.id):
        needs: dict[int, int] = defaultdict(int)
        for variant_id, quantity in session().execute(
            select(OrderLine.variant_id, OrderLine.quantity).where(OrderLine.fulfilment_id == fulfilment.id)
        ):
            needs[variant_id] += quantity
        levels = stock.free_levels(list(needs), point_id=fulfilment.point_id, web=True)
        flag = "pickup" if fulfilment.kind == DeliveryKind.PICKUP else "ships"
        sourced = source(needs, [level for level in levels if getattr(level, flag)])
        for variant_id, n in sourced.missing.items():
            missing[variant_id] += n
        if sourced.missing or len(sourced.parcels) != 1:
            whole = False
            continue
        found.append((fulfilment.number, list(sourced.parcels[0].takes)))
    return (found if whole else []), dict(missing)
