"""Orders of a counter: sold, paid and handed over in one moment, written down afterwards as what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from shop.kernel.actor import Actor
from shop.kernel.db import execute
from shop.kernel.events import publish
from shop.orders import events
from shop.orders.models import (
    TILL,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderStatus,
    OrderTransition,
    PaymentMethod,
    PaymentStatus,
)
from shop.orders.services import DraftLine, _history

NAME = "Khách tại quầy"


@dataclass(frozen=True, slots=True)
class CounterSale:
    """A sale that has happened: `sold_at` by the clock of the counter, `booked_at` by the shop's."""

    reference: str
    secret_hash: str
    op_key: str
    op_digest: str
    point_id: int
    lines: Sequence[DraftLine]
    discount_amount: int
    payment_method: PaymentMethod
    age_confirmed: bool
    sold_at: datetime
    booked_at: datetime
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """The order's id and those of its lines, in the order they were given."""

    order_id: int
    line_ids: Sequence[int]
    total_amount: int


_INSERT_ORDER = insert(Order).returning(Order.id)
_INSERT_FULFILMENT = insert(Fulfilment).returning(Fulfilment.id)
_INSERT_LINES = insert(OrderLine).returning(OrderLine.id, sort_by_parameter_order=True)
_INSERT_STEPS = insert(OrderTransition)


def record(actor: Actor, sale: CounterSale) -> Recorded:
    """Write the order of a sale at a counter, complete from its first moment, inside the caller's transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: the reference or the operation key has an order already.
    """
    goods = sum(line.unit_price_amount * line.quantity for line in sale.lines)
    weight = sum(line.weight_g * line.quantity for line in sale.lines)
    order_id = execute(
        _INSERT_ORDER,
        {
            "reference": sale.reference,
            "secret_hash": sale.secret_hash,
            "op_key": sale.op_key,
            "op_digest": sale.op_digest,
            "channel": TILL,
            "locale": "vi",
            "status": OrderStatus.COMPLETED,
            "payment_status": PaymentStatus.PAID,
            "payment_method": sale.payment_method,
            "delivery": DeliveryKind.PICKUP,
            "name": NAME,
            "phone": "",
            "pickup_point_id": sale.point_id,
            "goods_amount": goods,
            "delivery_amount": 0,
            "discount_amount": sale.discount_amount,
            "total_amount": goods - sale.discount_amount,
            "age_confirmed_at": sale.sold_at if sale.age_confirmed else None,
            "placed_at": sale.sold_at,
            "completed_at": sale.booked_at,
            "is_demo": sale.is_demo,
        },
    ).scalar_one()
    fulfilment_id = execute(
        _INSERT_FULFILMENT,
        {
            "order_id": order_id,
            "number": 1,
            "point_id": sale.point_id,
            "kind": DeliveryKind.PICKUP,
            "status": FulfilmentStatus.DELIVERED,
            "fee_amount": 0,
            "weight_g": weight,
            "handed_over_at": sale.sold_at,
            "delivered_at": sale.sold_at,
            "closed_at": sale.sold_at,
        },
    ).scalar_one()
    line_ids = execute(_INSERT_LINES, [_line(order_id, fulfilment_id, line) for line in sale.lines]).scalars().all()
    steps: list[tuple[str, int | None, str]] = [
        ("order", None, OrderStatus.COMPLETED),
        ("payment", None, PaymentStatus.PAID),
        ("fulfilment", fulfilment_id, FulfilmentStatus.DELIVERED),
    ]
    execute(
        _INSERT_STEPS, [_history(order_id, f, subject, "", to, actor, None, sale.sold_at) for subject, f, to in steps]
    )
    publish(events.SoldAtCounter(order_id))
    return Recorded(order_id, line_ids, goods - sale.discount_amount)


def _line(order_id: int, fulfilment_id: int, line: DraftLine) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "fulfilment_id": fulfilment_id,
        "variant_id": line.variant_id,
        "producer_id": line.producer_id,
        "sku": line.sku,
        "name": line.name,
        "pack": line.pack,
        "quantity": line.quantity,
        "unit_price_amount": line.unit_price_amount,
        "line_amount": line.unit_price_amount * line.quantity,
        "price_id": line.price_id,
        "certificate_required": line.certificate_required,
        "certificate_id": line.certificate_id,
        "is_alcohol": line.is_alcohol,
        "cold": line.cold,
        "weight_g": line.weight_g,
    }
