"""What a buyer's bank has taken of an order's money, shown on the order."""

from __future__ import annotations

from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.orders import services as orders
from shop.orders.models import PaymentStatus
from shop.payments import reads

_WHY = {
    PaymentStatus.DISPUTED: N_("Ngân hàng của khách rút tiền để xem xét"),
    PaymentStatus.CHARGED_BACK: N_("Cửa hàng thua khiếu nại thẻ"),
    PaymentStatus.PAID: N_("Ngân hàng của khách trả lại tiền"),
}


def follow(order_id: int) -> None:
    """Bring an order in step with its disputes, in the open transaction or one of its own."""
    with transaction():
        session().flush()
        held, lost = reads.held_of(order_id)
        now = PaymentStatus.DISPUTED if held else PaymentStatus.CHARGED_BACK if lost else PaymentStatus.PAID
        orders.money_disputed(SYSTEM, order_id, now, _WHY[now])


def follow_all() -> int:
    """Bring in step what is not: orders whose disputes are older than the shop's word for it. Return how many."""
    wrong = reads.not_as_disputed()
    for order_id, _reference in wrong:
        follow(order_id)
    return len(wrong)
