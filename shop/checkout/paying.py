"""How an order waits for its money, as its page and its letters tell it."""

from __future__ import annotations

from sqlalchemy import func, select

from shop.kernel.db import session
from shop.payments.models import Payment, PaymentState, Refund


def waiting(order_id: int) -> Payment | None:
    """The newest payment an order waits for."""
    return session().scalars(
        select(Payment)
        .where(Payment.order_id == order_id, Payment.state == PaymentState.PENDING)
        .order_by(Payment.id.desc())
        .limit(1)
    ).first()  # fmt: skip


def refund(refund_id: int) -> Refund | None:
    """One refund."""
    return session().get(Refund, refund_id)


def captured(order_id: int) -> list[tuple[int, int]]:
    """(payment, đồng still here) of the captured payments of an order of which something has not been asked back, nor is held
    by the buyer's bank for a dispute."""
    rows = session().execute(
        select(Payment.id, Payment.captured_amount - Payment.refunded_amount - Payment.disputed_amount)
        .where(
            Payment.order_id == order_id,
            Payment.state == PaymentState.CAPTURED,
            Payment.captured_amount - Payment.refunded_amount > Payment.disputed_amount,
        )
        .order_by(Payment.id)
    )
    return [(payment_id, left) for payment_id, left in rows]


def all_went_back(order_id: int) -> bool:
    """Whether every đồng captured for an order has gone back."""
    got = session().scalar(
        select(func.coalesce(func.sum(Payment.captured_amount), 0)).where(
            Payment.order_id == order_id, Payment.state == PaymentState.CAPTURED
        )
    )
    back = session().scalar(
        select(func.coalesce(func.sum(Refund.amount), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == order_id, Refund.state == "succeeded")
    )
    return bool(got) and int(back or 0) >= int(got or 0)
