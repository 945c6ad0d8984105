"""Reads of deliveries and receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, false, func, or_, select

from shop.catalog.models import Product, Variant
from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points.models import Point
from shop.producers.models import Producer
from shop.receipts.models import (
    DELIVERY_STATE_NAMES,
    TERMS_NAMES,
    Delivery,
    DeliveryDay,
    DeliveryLine,
    DeliveryState,
    Departure,
    DepartureLine,
    Receipt,
    ReceiptLine,
    Terms,
)

OPEN = (DeliveryState.EXPECTED, DeliveryState.PARTLY)


def producer_of(reference: str) -> int | None:
    """The producer who is to bring a delivery."""
    return session().scalar(select(Delivery.producer_id).where(Delivery.reference == reference))


def point_of(reference: str) -> int | None:
    """The point a delivery goes to."""
    return session().scalar(select(Delivery.point_id).where(Delivery.reference == reference))


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as lists show it; `units` expected and `came` (taken in) are sale units."""

    id: int
    reference: str
    producer: str
    producer_slug: str
    point_id: int
    point: str
    terms: Terms
    state: DeliveryState
    expected_on: date
    units: int
    came: int
    is_demo: bool

    @property
    def late(self) -> bool:
        """Whether it should have come before today."""
        return self.state in OPEN and self.expected_on < clock.today()


_units = (
    select(func.coalesce(func.sum(DeliveryLine.quantity), 0))
    .where(DeliveryLine.delivery_id == Delivery.id)
    .correlate(Delivery)
    .scalar_subquery()
)
_came = (
    select(func.coalesce(func.sum(ReceiptLine.quantity), 0))
    .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
    .where(Receipt.delivery_id == Delivery.id)
    .correlate(Delivery)
    .scalar_subquery()
)


def rows() -> Any:
    """The statement behind lists of deliveries; its rows make `DeliveryRow`."""
    return (
        select(
            Delivery.id, Delivery.reference, Producer.name, Producer.slug, Point.id, Point.name, Delivery.terms,
            Delivery.state, Delivery.expected_on, _units, _came, Delivery.is_demo,
        )
        .join(Producer, Producer.id == Delivery.producer_id)
        .join(Point, Point.id == Delivery.point_id)
    )  # fmt: skip


def in_state(value: str) -> Any:
    """The condition behind the filter of states: `open`, `late` or one of `DeliveryState`."""
    if value == "late":
        return Delivery.state.in_(OPEN) & (Delivery.expected_on < clock.today())
    if value == "open":
        return Delivery.state.in_(OPEN)
    return Delivery.state == DeliveryState(value)


TABLE = tables.Table(
    name="hang-ve",
    columns=(
        tables.Column("reference", N_("Phiếu")),
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("point", N_("Về điểm"), sort=(Point.sort_name,)),
        tables.Column("terms", N_("Hình thức"), value=lambda d: gettext(TERMS_NAMES[d.terms])),
        tables.Column("expected_on", N_("Hẹn ngày"), sort=(Delivery.expected_on,)),
        tables.Column("state", N_("Tình trạng"), value=lambda d: gettext(DELIVERY_STATE_NAMES[d.state])),
        tables.Column("came", N_("Đã nhận"), "num", value=lambda d: f"{d.came}/{d.units}"),
    ),
    order="-expected_on",
    tie=Delivery.id,
    filters=(
        tables.Filter(
            "state",
            N_("Tình trạng"),
            in_state,
            [
                ("open", N_("Chưa xong")),
                ("late", N_("Giao chậm")),
                *((s.value, x) for s, x in DELIVERY_STATE_NAMES.items()),
            ],
        ),
        tables.Filter(
            "terms",
            N_("Hình thức"),
            lambda v: Delivery.terms == Terms(v),
            [(t.value, x) for t, x in TERMS_NAMES.items()],
        ),
    ),
    search=lambda q: or_(
        Delivery.reference.contains(q.strip().upper(), autoescape=True),
        Producer.name.icontains(q.strip(), autoescape=True),
    ),
)


def deliveries(args: Mapping[str, str], mine: Sequence[int] | None) -> tables.View:
    """The deliveries to the points `mine` (None: all)."""
    wanted = rows()
    if mine is not None:
        wanted = wanted.where(Delivery.point_id.in_(mine) if mine else false())
    return TABLE.open(args, "/office/receipts", wanted, make=lambda row: DeliveryRow(*tuple(row)))


def coming(mine: Sequence[int] | None, *, until: date, limit: int = 50) -> list[DeliveryRow]:
    """Deliveries not finished that are expected until `until` at the points `mine` (None: all), soonest first."""
    wanted = rows().where(Delivery.state.in_(OPEN), Delivery.expected_on <= until)
    if mine is not None:
        wanted = wanted.where(Delivery.point_id.in_(mine) if mine else false())
    return [
        DeliveryRow(*tuple(row))
        for row in session().execute(wanted.order_by(Delivery.expected_on, Delivery.id).limit(limit))
    ]


@dataclass(frozen=True, slots=True)
class LineView:
    """One pack of a delivery: expected, come and sent back (sale units), cost of one unit (đồng)."""

    line_id: int
    variant_id: int
    product: str
    pack: str
    sku: str
    quantity: int
    unit_cost_amount: int | None
    came: int
    refused: int

    @property
    def left(self) -> int:
        """Units still to come."""
        return max(0, self.quantity - self.came - self.refused)


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """Goods of one lot that came."""

    at: datetime
    actor: str
    receipt_id: int
    paper_number: str | None
    paper_key: str | None
    note: str | None
    product: str
    pack: str
    lot: str
    quantity: int
    refused: int
    reason: str | None
    unit_cost_amount: int | None
    level_id: int | None


def delivery(reference: str) -> tuple[Delivery, DeliveryRow]:
    """The delivery.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Delivery).where(Delivery.reference == reference))
    row = session().execute(rows().where(Delivery.reference == reference)).first()
    if found is None or row is None:
        raise NotFound
    return found, DeliveryRow(*tuple(row))


def lines(delivery_id: int) -> list[LineView]:
    """The packs of a delivery, by name."""
    sums = (
        select(
            ReceiptLine.line_id,
            func.sum(ReceiptLine.quantity).label("came"),
            func.sum(ReceiptLine.refused).label("refused"),
        )
        .group_by(ReceiptLine.line_id)
        .subquery()
    )
    rows: Any = session().execute(
        select(
            DeliveryLine.id, DeliveryLine.variant_id, Product.name, Variant.pack, Variant.sku, DeliveryLine.quantity,
            DeliveryLine.unit_cost_amount, func.coalesce(sums.c.came, 0), func.coalesce(sums.c.refused, 0),
        )
        .join(Variant, Variant.id == DeliveryLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(sums, sums.c.line_id == DeliveryLine.id)
        .where(DeliveryLine.delivery_id == delivery_id)
        .order_by(Product.sort_name, Variant.position, DeliveryLine.id)
    )  # fmt: skip
    return [LineView(*tuple(row)) for row in rows]


def arrivals(delivery_id: int) -> list[ArrivalView]:
    """What came, newest first."""
    rows: Any = session().execute(
        select(
            Receipt.received_at, Receipt.actor_label, Receipt.id, Receipt.paper_number, Receipt.paper_key, Receipt.note,
            Product.name, Variant.pack, ReceiptLine.lot_code, ReceiptLine.quantity, ReceiptLine.refused, ReceiptLine.reason,
            ReceiptLine.unit_cost_amount, ReceiptLine.level_id,
        )
        .join(ReceiptLine, ReceiptLine.receipt_id == Receipt.id)
        .join(DeliveryLine, DeliveryLine.id == ReceiptLine.line_id)
        .join(Variant, Variant.id == DeliveryLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Receipt.delivery_id == delivery_id)
        .order_by(Receipt.id.desc(), ReceiptLine.id)
    )  # fmt: skip
    return [ArrivalView(*tuple(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class DepartureView:
    """Goods of one lot that the producer says are on their way."""

    at: datetime
    actor: str
    note: str | None
    line_id: int
    product: str
    pack: str
    lot: str
    produced_on: date | None
    expires_on: date | None
    quantity: int


def departures(delivery_id: int) -> list[DepartureView]:
    """What the producer says has left, newest first."""
    found: Any = session().execute(
        select(
            Departure.at, Departure.actor_label, Departure.note, DepartureLine.line_id, Product.name, Variant.pack,
            DepartureLine.lot_code, DepartureLine.produced_on, DepartureLine.expires_on, DepartureLine.quantity,
        )
        .join(DepartureLine, DepartureLine.departure_id == Departure.id)
        .join(DeliveryLine, DeliveryLine.id == DepartureLine.line_id)
        .join(Variant, Variant.id == DeliveryLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Departure.delivery_id == delivery_id)
        .order_by(Departure.id.desc(), DepartureLine.id)
    )  # fmt: skip
    return [DepartureView(*tuple(row)) for row in found]


def departed(delivery_id: int) -> dict[int, int]:
    """Units that the producer says have left, by line."""
    found = session().execute(
        select(DepartureLine.line_id, func.sum(DepartureLine.quantity))
        .join(Departure, Departure.id == DepartureLine.departure_id)
        .where(Departure.delivery_id == delivery_id)
        .group_by(DepartureLine.line_id)
    )
    return {line: int(n) for line, n in found}


def days_moved(delivery_id: int) -> list[DeliveryDay]:
    """Each change of the day, newest first."""
    wanted = select(DeliveryDay).where(DeliveryDay.delivery_id == delivery_id)
    return list(session().scalars(wanted.order_by(DeliveryDay.id.desc())))


def paper_key(reference: str, receipt_id: int) -> str:
    """The storage key of a receipt's paper.

    Raises:
        NotFound.
    """
    found = session().scalar(
        select(Receipt.paper_key)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .where(Delivery.reference == reference, Receipt.id == receipt_id)
    )
    if not found:
        raise NotFound
    return str(found)


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A pack that a producer may bring; one whose `maker` is not on record may be bought from anybody."""

    variant_id: int
    product: str
    pack: str
    sku: str
    maker: int | None


def packs_of(producer_id: int, *, and_also: Sequence[str] = ()) -> list[PackChoice]:
    """All packs of a producer's goods, by name; of goods without a known maker those whose SKUs are in `and_also`."""
    theirs = Product.producer_id == producer_id
    if and_also:
        theirs = or_(theirs, and_(Product.producer_id.is_(None), Variant.sku.in_(and_also)))
    rows: Any = session().execute(
        select(Variant.id, Product.name, Variant.pack, Variant.sku, Product.producer_id)
        .join(Product, Product.id == Variant.product_id)
        .where(theirs)
        .order_by(Product.sort_name, Variant.position, Variant.id)
    )
    return [PackChoice(*tuple(row)) for row in rows]


def makers(variant_ids: Sequence[int]) -> dict[int, int | None]:
    """The producer on record of each of these packs."""
    rows = session().execute(
        select(Variant.id, Product.producer_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(variant_ids))
    )
    return {row[0]: row[1] for row in rows}


def slug_of(producer_id: int) -> str | None:
    """The slug of a producer."""
    return session().scalar(select(Producer.slug).where(Producer.id == producer_id))


def producers() -> list[tuple[str, str]]:
    """Everybody who may bring goods: (slug, name)."""
    return [
        (slug, name)
        for slug, name in session().execute(select(Producer.slug, Producer.name).order_by(Producer.sort_name))
    ]


def producer_id(slug: str) -> int | None:
    """The producer of this slug."""
    return session().scalar(select(Producer.id).where(Producer.slug == slug))


def waiting(mine: Sequence[int] | None) -> tuple[int, int]:
    """Deliveries expected today or before and not finished, and how many of them are late."""
    today = clock.today()
    wanted = select(func.count(), func.count(case((Delivery.expected_on < today, 1)))).where(
        Delivery.state.in_(OPEN), Delivery.expected_on <= today
    )
    if mine is not None:
        wanted = wanted.where(Delivery.point_id.in_(mine) if mine else false())
    row = session().execute(wanted).one()
    return int(row[0]), int(row[1])
