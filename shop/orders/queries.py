"""Reads of orders."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload, selectinload

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.reading import Reading
from shop.orders import services
from shop.orders.models import (
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
from shop.points.models import Point

_WHOLE = select(Order).options(
    selectinload(Order.lines),
    selectinload(Order.fulfilments).options(joinedload(Fulfilment.point), selectinload(Fulfilment.lines)),
    selectinload(Order.transitions),
)
_BY_ID = _WHOLE.where(Order.id == bindparam("order_id"))
_BY_REFERENCE = _WHOLE.where(Order.reference == bindparam("reference"))


def whole(order_id: int) -> Order | None:
    """An order with its lines, parcels (with their points and lines) and history; a fixed number of statements."""
    return session().scalars(_BY_ID, {"order_id": order_id}).first()


def by_reference(reference: str) -> Order | None:
    """An order with all its parts by its public reference."""
    return session().scalars(_BY_REFERENCE, {"reference": reference}).first()


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """A line as the buyer sees it; amounts in đồng."""

    name: str
    pack: str
    quantity: int
    unit_price_amount: int
    line_amount: int


@dataclass(frozen=True, slots=True)
class BoughtParcel:
    """A parcel, or what is collected at one point, as the buyer sees it."""

    number: int
    kind: DeliveryKind
    status: FulfilmentStatus
    point_name: str
    expected_from_on: date | None
    expected_to_on: date | None
    carrier: str | None
    tracking_number: str | None
    lines: tuple[BoughtLine, ...]


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as its buyer's page shows it: the columns of `Order` under their names, in the order of `_BOUGHT`."""

    id: int
    reference: str
    secret_hash: str
    user_id: int | None
    channel: str
    locale: str
    status: OrderStatus
    payment_status: PaymentStatus
    payment_method: PaymentMethod
    delivery: DeliveryKind
    name: str
    phone: str
    email: str | None
    province_name: str | None
    commune_name: str | None
    street: str | None
    pickup_point_id: int | None
    note: str | None
    goods_amount: int
    delivery_amount: int
    discount_amount: int
    total_amount: int
    placed_at: datetime
    pay_until: datetime | None
    cancel_reason: str | None
    is_demo: bool


_BOUGHT = Reading(
    select(*(Order.__table__.c[f.name] for f in fields(Bought))).where(Order.reference == bindparam("reference"))
)
_BOUGHT_LINES = Reading(
    select(
        Fulfilment.number,
        Fulfilment.kind,
        Fulfilment.status,
        Point.name,
        Fulfilment.expected_from_on,
        Fulfilment.expected_to_on,
        Fulfilment.carrier,
        Fulfilment.tracking_number,
        OrderLine.name,
        OrderLine.pack,
        OrderLine.quantity,
        OrderLine.unit_price_amount,
        OrderLine.line_amount,
    )
    .join(Point, Point.id == Fulfilment.point_id)
    .join(OrderLine, OrderLine.fulfilment_id == Fulfilment.id)
    .where(Fulfilment.order_id == bindparam("order_id"))
    .order_by(Fulfilment.number, OrderLine.id)
)
_BOUGHT_STEPS = Reading(
    select(OrderTransition.subject, OrderTransition.to_status, OrderTransition.at)
    .where(OrderTransition.order_id == bindparam("order_id"))
    .order_by(OrderTransition.id)
)


def bought(reference: str) -> Bought | None:
    """An order by its public reference, for its buyer; one statement."""
    rows: list[Any] = _BOUGHT.rows(reference=reference)
    return Bought(*rows[0]) if rows else None


def bought_parcels(order_id: int) -> tuple[BoughtParcel, ...]:
    """The parcels of an order with their lines; one statement."""
    lines: dict[Any, list[BoughtLine]] = {}
    for row in _BOUGHT_LINES.rows(order_id=order_id):
        lines.setdefault(row[:8], []).append(BoughtLine(*row[8:]))
    return tuple(BoughtParcel(*(*parcel, tuple(of))) for parcel, of in lines.items())


def bought_steps(order_id: int) -> dict[tuple[str, str], datetime]:
    """When each (subject, status) of an order was reached last; one statement."""
    return {(subject, to): at for subject, to, at in _BOUGHT_STEPS.rows(order_id=order_id)}


def id_for(reference: str) -> int | None:
    """The id behind a public reference."""
    return session().scalar(select(Order.id).where(Order.reference == reference))


def opens(
    order: Order | Bought, *, secret: str | None = None, phone: str | None = None, user_id: int | None = None
) -> bool:
    """Whether what a visitor shows (the link's secret, the phone number in E.164, or his account) opens `order`."""
    if secret is not None and hmac.compare_digest(services.secret_hash(secret), order.secret_hash):
        return True
    if phone is not None and hmac.compare_digest(phone.encode(), order.phone.encode()):
        return True
    return user_id is not None and order.user_id == user_id


def parcels_of(order_id: int) -> list[Fulfilment]:
    """The parcels of an order, in their order."""
    return list(
        session().scalars(select(Fulfilment).where(Fulfilment.order_id == order_id).order_by(Fulfilment.number))
    )


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as lists show it."""

    id: int
    reference: str
    placed_at: datetime
    status: OrderStatus
    payment_status: str
    total_amount: int


def of_user(user_id: int, *, before: int | None = None, limit: int = 20) -> list[OrderRow]:
    """A user's orders, newest first; `before` is the id of the last one seen."""
    statement = select(
        Order.id, Order.reference, Order.placed_at, Order.status, Order.payment_status, Order.total_amount
    ).where(Order.user_id == user_id)
    if before is not None:
        statement = statement.where(Order.id < before)
    return [OrderRow(*row) for row in session().execute(statement.order_by(Order.id.desc()).limit(limit))]


def own_id(user_id: int, reference: str) -> int | None:
    """The id of a user's own order, or None."""
    return session().scalar(select(Order.id).where(Order.reference == reference, Order.user_id == user_id))


def as_data(user_id: int) -> list[dict[str, Any]]:
    """A user's orders as plain values (JSON), newest first: what he may take along."""
    found = session().scalars(
        select(Order).options(selectinload(Order.lines)).where(Order.user_id == user_id).order_by(Order.id.desc())
    )
    return [
        {
            "reference": o.reference,
            "placed_at": o.placed_at.isoformat(),
            "status": o.status.value,
            "payment_status": o.payment_status.value,
            "name": o.name,
            "telephone": o.phone,
            "email": o.email,
            "address": {"street": o.street, "locality": o.commune_name, "region": o.province_name},
            "note": o.note,
            "invoice": o.invoice,
            "total_amount": o.total_amount,
            "lines": [
                {"name": x.name, "pack": x.pack, "quantity": x.quantity, "unit_price_amount": x.unit_price_amount}
                for x in o.lines
            ],
        }
        for o in found
    ]


def waiting_for(phone: str, user_id: int | None) -> int:
    """How many unpaid orders hold goods for this phone number or account."""
    who = Order.phone == phone
    if user_id is not None:
        who = who | (Order.user_id == user_id)
    return (
        session().scalar(
            select(func.count()).select_from(Order).where(Order.status == OrderStatus.AWAITING_PAYMENT, who)
        )
        or 0
    )


def counts() -> dict[str, int]:
    """What waits at the order desk: orders to confirm, parcels to pack, to hand over, late ones."""
    s = session()
    orders = dict(
        s.execute(
            select(Order.status, func.count())
            .where(Order.status.in_([OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED]))
            .group_by(Order.status)
        ).tuples().all()
    )  # fmt: skip
    parcels = dict(
        s.execute(
            select(Fulfilment.status, func.count())
            .join(Order, Order.id == Fulfilment.order_id)
            .where(
                Order.status == OrderStatus.CONFIRMED,
                Fulfilment.status.in_([FulfilmentStatus.PENDING, FulfilmentStatus.PACKED, FulfilmentStatus.HANDED_OVER]),
            )
            .group_by(Fulfilment.status)
        ).tuples().all()
    )  # fmt: skip
    late = s.scalar(
        select(func.count()).select_from(Order).where(
            Order.status == OrderStatus.PLACED, Order.placed_at < clock.now() - timedelta(hours=24)
        )
    )  # fmt: skip
    return {
        "to_confirm": orders.get(OrderStatus.PLACED, 0),
        "awaiting_payment": orders.get(OrderStatus.AWAITING_PAYMENT, 0),
        "to_pack": parcels.get(FulfilmentStatus.PENDING, 0),
        "to_hand_over": parcels.get(FulfilmentStatus.PACKED, 0),
        "on_the_road": parcels.get(FulfilmentStatus.HANDED_OVER, 0),
        "late_to_confirm": late or 0,
    }
