"""What must hold of returns (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, or_, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.orders.models import Order, OrderLine
from shop.payments.models import Refund, RefundState
from shop.returns.models import Return, ReturnLine


@invariant("returns.refund-is-its-lines")
def sums() -> Iterator[str]:
    """A return is worth its lines and its freight, and its refund is of exactly that, of the same payment."""
    lines = (
        select(ReturnLine.return_id, func.sum(ReturnLine.amount).label("n")).group_by(ReturnLine.return_id).subquery()
    )
    rows = session().scalars(
        select(Return.reference)
        .join(Refund, Refund.id == Return.refund_id)
        .outerjoin(lines, lines.c.return_id == Return.id)
        .where(
            or_(
                Return.goods_amount != func.coalesce(lines.c.n, 0),
                Return.amount != Refund.amount,
                Return.payment_id != Refund.payment_id,
            )
        )
    )
    yield from (f"return {reference}" for reference in rows)


@invariant("returns.never-more-than-sold")
def within() -> Iterator[str]:
    """No unit is given back twice, no freight more than was asked for it."""
    living = Refund.state != RefundState.FAILED
    units = (
        select(ReturnLine.line_id, func.sum(ReturnLine.quantity).label("n"))
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, Refund.id == Return.refund_id)
        .where(living)
        .group_by(ReturnLine.line_id)
        .subquery()
    )
    s = session()
    rows = s.scalars(
        select(OrderLine.id)
        .join(units, units.c.line_id == OrderLine.id)
        .where(units.c.n > OrderLine.quantity - OrderLine.refused_quantity)
    )
    yield from (f"line {i}" for i in rows)
    freight = (
        select(Return.order_id, func.sum(Return.freight_amount).label("n"))
        .join(Refund, Refund.id == Return.refund_id)
        .where(living)
        .group_by(Return.order_id)
        .subquery()
    )
    over = s.scalars(
        select(Order.reference).join(freight, freight.c.order_id == Order.id).where(freight.c.n > Order.delivery_amount)
    )
    yield from (f"order {reference}" for reference in over)
