"""Reads of orders."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.reading import Reading
from shop.orders import services
from shop.orders.models import (
    SENT,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    MoneyFollows,
    Order,
    OrderLine,
    OrderRefusal,
    OrderRefusalLine,
    OrderStatus,
    OrderTransition,
    PaymentMethod,
    PaymentStatus,
    RefusalWhy,
)
from shop.points.models import Point
from shop.producers.models import Producer

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
    refused_quantity: int
    id: int


@dataclass(frozen=True, slots=True)
class BoughtParcel:
    """A parcel, or what is collected at one point, as the buyer sees it. `sender` is the producer whose store it leaves."""

    number: int
    kind: DeliveryKind
    status: FulfilmentStatus
    point_name: str
    expected_from_on: date | None
    expected_to_on: date | None
    carrier: str | None
    tracking_number: str | None
    send_on: date | None
    id: int
    closed_at: datetime | None
    sender: str | None
    lines: tuple[BoughtLine, ...]

    @property
    def sent_later_on(self) -> date | None:
        """The day on which it is to leave, if that lies after what was promised and it has not left yet."""
        promised = self.expected_to_on or self.expected_from_on
        waits = self.status in {FulfilmentStatus.PENDING, FulfilmentStatus.PACKED}
        return self.send_on if waits and self.send_on and promised and self.send_on > promised else None


@dataclass(frozen=True, slots=True)
class Bought:
    """An order as its buyer's page shows it: the columns of `Order` under their names, in the order of `_BOUGHT`."""

    id: int
    reference: str
    secret_hash: str
    basket_key: str | None
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
    reduced_amount: int
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
        Fulfilment.send_on,
        Fulfilment.id,
        Fulfilment.closed_at,
        Producer.name,
        OrderLine.name,
        OrderLine.pack,
        OrderLine.quantity,
        OrderLine.unit_price_amount,
        OrderLine.line_amount,
        OrderLine.refused_quantity,
        OrderLine.id,
    )
    .join(Point, Point.id == Fulfilment.point_id)
    .outerjoin(Producer, Producer.id == Point.producer_id)
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
        lines.setdefault(row[:12], []).append(BoughtLine(*row[12:]))
    return tuple(BoughtParcel(*(*parcel, tuple(of))) for parcel, of in lines.items())


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """Units of a line that are not sent; the amount in đồng."""

    name: str
    pack: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal. `amount` is what is owed less by it (or what the whole order was, if `money` is `order`); `actor_label` is
    for staff only."""

    id: int
    fulfilment_id: int
    number: int
    whole: bool
    why: RefusalWhy
    reason: str
    goods_amount: int
    delivery_amount: int
    amount: int
    money: MoneyFollows
    at: datetime
    actor_label: str
    lines: tuple[RefusedLine, ...]


def refusals_of(order_id: int, fulfilment_id: int | None = None) -> tuple[Refused, ...]:
    """What was refused of an order (of one of its parcels), oldest first; one statement."""
    statement = (
        select(
            OrderRefusal.id,
            OrderRefusal.fulfilment_id,
            Fulfilment.number,
            OrderRefusal.whole,
            OrderRefusal.why,
            OrderRefusal.reason,
            OrderRefusal.goods_amount,
            OrderRefusal.delivery_amount,
            OrderRefusal.amount,
            OrderRefusal.money,
            OrderRefusal.at,
            OrderRefusal.actor_label,
            OrderLine.name,
            OrderLine.pack,
            OrderRefusalLine.quantity,
            OrderRefusalLine.amount,
        )
        .join(Fulfilment, Fulfilment.id == OrderRefusal.fulfilment_id)
        .join(OrderRefusalLine, OrderRefusalLine.refusal_id == OrderRefusal.id)
        .join(OrderLine, OrderLine.id == OrderRefusalLine.line_id)
        .where(OrderRefusal.order_id == order_id)
        .order_by(OrderRefusal.id, OrderRefusalLine.id)
    )
    if fulfilment_id is not None:
        statement = statement.where(OrderRefusal.fulfilment_id == fulfilment_id)
    found: dict[Any, list[RefusedLine]] = {}
    rows: Any = session().execute(statement)
    for row in rows:
        found.setdefault(tuple(row[:12]), []).append(RefusedLine(*row[12:]))
    return tuple(Refused(*(*head, tuple(lines))) for head, lines in found.items())


def was_placed() -> Any:
    """SQL: the order is sold, paid or on cash. One that nobody paid for was never anything to its sender."""
    ever = (
        select(OrderTransition.id)
        .where(
            OrderTransition.order_id == Order.id,
            OrderTransition.subject == "order",
            OrderTransition.to_status == OrderStatus.PLACED.value,
        )
        .exists()
    )
    living = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
    return and_(
        Order.channel.in_(SENT), or_(Order.status.in_(living), and_(Order.status == OrderStatus.CANCELLED, ever))
    )


def cash_to_come() -> Any:
    """SQL: every parcel of a confirmed order has found its end, one was received, and the cash for it is not written down:
    until it is, nobody who made the goods is owed anything."""
    ended = [FulfilmentStatus.DELIVERED, FulfilmentStatus.RETURNED, FulfilmentStatus.CANCELLED]

    def parcel(condition: Any) -> Any:
        return select(Fulfilment.id).where(Fulfilment.order_id == Order.id, condition).exists()

    return and_(
        Order.status == OrderStatus.CONFIRMED,
        Order.payment_status == PaymentStatus.DUE,
        parcel(Fulfilment.status == FulfilmentStatus.DELIVERED),
        ~parcel(Fulfilment.status.not_in(ended)),
    )


def sender_of(reference: str, number: int) -> int | None:
    """The producer whose own store a parcel of a placed order leaves; None if it is no producer's, or not placed."""
    return session().scalar(
        select(Point.producer_id)
        .join(Fulfilment, Fulfilment.point_id == Point.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Order.reference == reference, Fulfilment.number == number, was_placed())
    )


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
    owed_amount: int


def of_user(user_id: int, *, before: int | None = None, limit: int = 20) -> list[OrderRow]:
    """A user's orders, newest first; `before` is the id of the last one seen."""
    statement = select(
        Order.id,
        Order.reference,
        Order.placed_at,
        Order.status,
        Order.payment_status,
        Order.total_amount - Order.reduced_amount,
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
            "reduced_amount": o.reduced_amount,
            "lines": [
                {
                    "name": x.name,
                    "pack": x.pack,
                    "quantity": x.quantity,
                    "refused_quantity": x.refused_quantity,
                    "unit_price_amount": x.unit_price_amount,
                }
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
