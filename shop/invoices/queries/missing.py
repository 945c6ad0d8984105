"""Orders whose documents may lag behind their goods or their money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from shop.invoices.goods import SHOP
from shop.invoices.models import Invoice, InvoiceState, Issuer, Series
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.models import DEPOSIT, Fulfilment, FulfilmentStatus, Order, OrderStatus, PaymentStatus
from shop.payments.models import Payment, Refund, RefundState

# How long a worker may take before somebody is told that a document is missing.
GRACE = timedelta(minutes=15)


def without_document() -> Any:
    """SELECT of the orders that are complete and paid since the shop writes documents, and have none that counts."""
    began = select(Issuer.began_at).where(Issuer.key == SHOP).scalar_subquery()
    counts = select(Invoice.id).where(
        Invoice.order_id == Order.id, Invoice.state == InvoiceState.ISSUED, Invoice.series != Series.CREDIT
    )
    arrived = select(Fulfilment.id).where(
        Fulfilment.order_id == Order.id, Fulfilment.status == FulfilmentStatus.DELIVERED
    )
    return (
        select(Order)
        .where(
            Order.status == OrderStatus.COMPLETED,
            Order.payment_status == PaymentStatus.PAID,
            Order.channel != DEPOSIT,
            Order.completed_at >= began,
            arrived.exists(),
            ~counts.exists(),
        )
        .order_by(Order.completed_at, Order.id)
    )


def moved_since(since: timedelta) -> Any:
    """SELECT of the ids of orders with documents whose refunds or parcels moved lately, after the last document was written."""
    last = select(func.max(Invoice.issued_at)).where(Invoice.order_id == Order.id).scalar_subquery()
    back = (
        select(Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.order_id == Order.id, Refund.state != RefundState.PENDING, Refund.done_at > last)
    )
    returned = select(Fulfilment.id).where(
        Fulfilment.order_id == Order.id, Fulfilment.status == FulfilmentStatus.RETURNED, Fulfilment.closed_at > last
    )
    lately = clock.now() - since
    recent = or_(
        Order.id.in_(
            select(Payment.order_id).join(Refund, Refund.payment_id == Payment.id).where(Refund.done_at > lately)
        ),
        Order.id.in_(
            select(Fulfilment.order_id).where(
                Fulfilment.status == FulfilmentStatus.RETURNED, Fulfilment.closed_at > lately
            )
        ),
    )
    return select(Order.id).where(and_(recent, or_(back.exists(), returned.exists()))).order_by(Order.id)


def to_look_at() -> list[int]:
    """Orders to follow up, oldest first."""
    s = session()
    first = list(s.scalars(without_document().with_only_columns(Order.id).limit(1000)))
    return first + [i for i in s.scalars(moved_since(timedelta(days=3))) if i not in first]


def returned_orders() -> Any:
    """SELECT of the ids of orders of which a parcel came back after it had arrived."""
    return select(Fulfilment.order_id).where(
        Fulfilment.status == FulfilmentStatus.RETURNED, Fulfilment.delivered_at.is_not(None)
    )
