"""The money of deposits: received in time or late, given back, each đồng once."""

from __future__ import annotations

from sqlalchemy import select

from shop.checkout import paying
from shop.checkout.services import late
from shop.kernel import jobs
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.orders import services as orders
from shop.orders.models import DEPOSIT, Order, OrderStatus, PaymentStatus
from shop.orders.services import deposits as deposit_orders
from shop.payments import services as payments
from shop.preorders.models import ENDED, Preorder, S

_GONE = N_("Tiền cọc đến sau khi chỗ đã nhường cho người khác")


def received(order_id: int, payment_id: int) -> None:
    """Money came for a deposit's order: the places are the buyer's. If they have lapsed they are taken again while the harvest
    is not known; if that cannot be the money goes back. Anything else is not a deposit and left alone. Inside a transaction."""
    from shop.preorders.services import places, windows

    order = session().get(Order, order_id, with_for_update=True, populate_existing=True)
    if order is None or order.channel != DEPOSIT:
        return
    if order.payment_status not in {PaymentStatus.UNPAID, PaymentStatus.VOID}:
        late.send_back(order.id, N_("Tiền cọc đã được trả trước đó"), only=payment_id)
        return
    window_id = session().scalar(
        select(Preorder.window_id).where(Preorder.deposit_order_id == order_id).order_by(Preorder.id).limit(1)
    )
    row = None
    if window_id is not None:
        windows.lock_id(window_id)
        row = session().scalar(
            select(Preorder)
            .where(Preorder.deposit_order_id == order_id)
            .order_by(Preorder.id)
            .limit(1)
            .with_for_update(),
            execution_options={"populate_existing": True},
        )
    held = row is not None and row.state is S.WAITING
    if row is not None and (held or (row.state is S.LAPSED and places.take_late(row.window_id, row.quantity))):
        deposit_orders.received(SYSTEM, order_id)
        places.confirmed(row)
        return
    if order.status == OrderStatus.AWAITING_PAYMENT:
        orders.cancel(SYSTEM, order_id, _GONE)
    orders.paid_too_late(SYSTEM, order_id)
    late.send_back(order_id, _GONE)


def give_back_later(preorder_id: int) -> None:
    """Have a job settle what goes back to the buyer; in the open transaction."""
    jobs.enqueue("preorders.give-back", {"preorder_id": preorder_id})


def give_back(preorder_id: int) -> int:
    """Ask for the refund of what is due to a buyer and not asked for yet; give up a deposit that nobody needs to pay any more.
    Return how many đồng were asked for. Doing it again does nothing."""
    order_id = session().scalar(select(Preorder.deposit_order_id).where(Preorder.id == preorder_id))
    if order_id is None:
        return 0
    with transaction() as s:
        order = s.get(Order, order_id, with_for_update=True, populate_existing=True)
        row = s.get(Preorder, preorder_id, with_for_update=True, populate_existing=True)
        if order is None or row is None:
            return 0
        if order.status == OrderStatus.AWAITING_PAYMENT and row.state in ENDED:
            orders.cancel(SYSTEM, order_id, row.end_reason or N_("Đợt đặt trước đã hủy"))
            return 0
        due, asked = row.back_amount - row.sent_amount, 0
        for payment_id, left in paying.captured(order_id):
            part = min(left, due - asked)
            if part > 0:
                key = f"preorder:{row.reference}:{row.sent_amount + asked}:{payment_id}"
                payments.request_refund(SYSTEM, payment_id, part, N_("Hoàn tiền đặt cọc"), key)
                asked += part
        row.sent_amount += asked
        s.flush()
        return asked


def sweep(limit: int = 200) -> int:
    """Settle what a lost job left; return how many pre-orders had something due."""
    due = session().scalars(
        select(Preorder.id).where(Preorder.back_amount > Preorder.sent_amount).order_by(Preorder.id).limit(limit)
    ).all()  # fmt: skip
    for preorder_id in due:
        give_back(preorder_id)
    return len(due)
