"""One sale of a counter, as a device needs it for taking goods back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.kernel.db import session
from shop.orders import discounts
from shop.orders.models import Order, OrderLine
from shop.payments.models import Payment
from shop.points.models import Point
from shop.till.models import TillLine, TillReturn, TillSale, TillSession, TillTender


def sale(number: str) -> dict[str, Any] | None:
    """A sale with how many of each line may still come back, and what they were worth; None if there is none."""
    s = session()
    row = s.execute(
        select(TillSale, Order).join(Order, Order.id == TillSale.order_id).where(TillSale.number == number)
    ).first()
    if row is None:
        return None
    found, order = row
    lines = s.execute(
        select(TillLine, OrderLine)
        .join(OrderLine, OrderLine.id == TillLine.order_line_id)
        .where(TillLine.sale_id == found.id)
        .order_by(TillLine.id)
    )
    left = s.scalars(
        select(Payment.captured_amount - Payment.refunded_amount).where(Payment.order_id == order.id)
    ).all()
    return {
        "number": found.number,
        "at": found.at.isoformat(),
        "total_amount": order.total_amount,
        "discount_amount": order.discount_amount,
        "payment": order.payment_method.value,
        "refundable_amount": sum(left),
        "lines": [
            {
                "variant_id": line.variant_id,
                "lot_code": line.lot_code,
                "name": sold.name,
                "pack": sold.pack,
                "quantity": line.quantity,
                "returned": line.returned,
                "left": line.quantity - line.returned,
                "unit_price_amount": sold.unit_price_amount,
                "net_amount": line.net_amount,
            }
            for line, sold in lines
        ],
    }


def open_session(device_id: int) -> dict[str, Any] | None:
    """The session that is open on a device, as the device knows it."""
    found = session().scalar(
        select(TillSession).where(TillSession.device_id == device_id, TillSession.closed_at.is_(None))
    )
    if found is None:
        return None
    return {
        "uuid": found.uuid,
        "keeper_id": found.keeper_id,
        "keeper_name": found.keeper_name,
        "float_amount": found.float_amount,
        "opened_at": found.opened_at.isoformat() if found.opened_at else None,
    }


@dataclass(frozen=True, slots=True)
class Receipt:
    """A sale as its paper shows it; `lines` with the lot that was named, `back` what was given back and when."""

    sale: TillSale
    order: Order
    point: str
    address: str
    lines: list[tuple[OrderLine, str | None]]
    tenders: list[TillTender]
    back: list[tuple[datetime, int]]
    off: discounts.Named


def receipt(number: str) -> Receipt | None:
    """All that stands on the receipt of a sale; None if there is none. At most six statements."""
    s = session()
    row = s.execute(
        select(TillSale, Order, Point.name, Point.address)
        .join(Order, Order.id == TillSale.order_id)
        .join(Point, Point.id == Order.pickup_point_id)
        .where(TillSale.number == number)
    ).first()
    if row is None:
        return None
    sale, order, point, address = row
    lines = s.execute(
        select(OrderLine, TillLine.lot_code)
        .join(TillLine, TillLine.order_line_id == OrderLine.id)
        .where(TillLine.sale_id == sale.id)
        .order_by(TillLine.id)
    )
    tenders = s.scalars(select(TillTender).where(TillTender.sale_id == sale.id).order_by(TillTender.id))
    back = s.execute(
        select(TillReturn.at, TillReturn.amount).where(TillReturn.sale_id == sale.id).order_by(TillReturn.id)
    )
    return Receipt(
        sale,
        order,
        point,
        address or "",
        [(line, lot) for line, lot in lines],
        list(tenders),
        [(a, n) for a, n in back],
        discounts.named(order.id) if order.discount_amount else discounts.NOTHING,
    )
