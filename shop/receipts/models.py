"""Deliveries that producers promised, what came of them (bought outright or taken on consignment), and what they took home."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Variant
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.producers.models import Producer
from shop.stock.models import StockLevel


class Terms(StrEnum):
    """`purchase`: the goods become the shop's; `consignment`: they stay the producer's until they are sold."""

    PURCHASE = "purchase"
    CONSIGNMENT = "consignment"


class DeliveryState(StrEnum):
    EXPECTED = "expected"
    PARTLY = "partly"
    RECEIVED = "received"
    CANCELLED = "cancelled"


TERMS_NAMES = {Terms.PURCHASE: N_("Mua đứt"), Terms.CONSIGNMENT: N_("Ký gửi")}
DELIVERY_STATE_NAMES = {
    DeliveryState.EXPECTED: N_("Chờ giao"),
    DeliveryState.PARTLY: N_("Đã nhận một phần"),
    DeliveryState.RECEIVED: N_("Đã nhận xong"),
    DeliveryState.CANCELLED: N_("Đã hủy"),
}


class Delivery(Base):
    """What a producer is to bring to a point; the goods that came carry `receipt:<reference>`."""

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("terms", Terms),
        one_of("state", DeliveryState),
        Index("ix_deliveries_point", "point_id", "state", "expected_on"),
        Index("ix_deliveries_producer", "producer_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    terms: Mapped[Terms] = mapped_column(EnumText(Terms))
    state: Mapped[DeliveryState] = mapped_column(EnumText(DeliveryState))
    expected_on: Mapped[date] = mapped_column(Date)
    note: Mapped[LongText | None]
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    created_label: Mapped[Str255]
    closed_at: Mapped[Instant | None]
    closed_label: Mapped[Str255 | None]
    close_note: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class DeliveryLine(Base):
    """One pack of a delivery. `unit_cost_amount` is what the shop pays or owes for one sale unit (đồng)."""

    __tablename__ = "delivery_lines"
    __table_args__ = (
        UniqueConstraint("delivery_id", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_cost_amount >= 0", name="cost_whole"),
    )

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey(Delivery.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    quantity: Mapped[int]
    unit_cost_amount: Mapped[Amount | None]


class Receipt(Base):
    """One arrival: who received it, with the supplier's paper."""

    __tablename__ = "receipts"
    __table_args__ = (Index("ix_receipts_delivery", "delivery_id", "id"),)

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey(Delivery.id))
    paper_number: Mapped[Str80 | None]
    paper_key: Mapped[Str255 | None]
    note: Mapped[LongText | None]
    received_at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    op_key: Mapped[Str80] = mapped_column(unique=True)


class ReceiptLine(Base):
    """Goods of one lot that came: taken into a level, or sent back at once (`refused`) with a reason."""

    __tablename__ = "receipt_lines"
    __table_args__ = (
        CheckConstraint("quantity >= 0 AND refused >= 0 AND quantity + refused > 0", name="something_came"),
        CheckConstraint("unit_cost_amount >= 0", name="cost_whole"),
        Index("ix_receipt_lines_receipt", "receipt_id"),
        Index("ix_receipt_lines_line", "line_id"),
    )

    id: Mapped[Id]
    receipt_id: Mapped[int] = mapped_column(ForeignKey(Receipt.id))
    line_id: Mapped[int] = mapped_column(ForeignKey(DeliveryLine.id))
    level_id: Mapped[int | None] = mapped_column(ForeignKey(StockLevel.id))
    lot_code: Mapped[Str40]
    quantity: Mapped[int]
    refused: Mapped[int] = mapped_column(default=0)
    reason: Mapped[LongText | None]
    unit_cost_amount: Mapped[Amount | None]


class DeliveryDay(Base):
    """The day of a delivery was put off or brought forward, by whom and why; never changed itself."""

    __tablename__ = "delivery_days"
    __table_args__ = (
        CheckConstraint("from_on <> to_on", name="day_differs"),
        Index("ix_delivery_days_delivery", "delivery_id", "id"),
    )

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey(Delivery.id))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[LongText]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class Departure(Base):
    """The producer says that goods of a delivery have left him; nothing is booked by it."""

    __tablename__ = "departures"
    __table_args__ = (Index("ix_departures_delivery", "delivery_id", "id"),)

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey(Delivery.id))
    note: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class DepartureLine(Base):
    """So many sale units of one line and lot are on their way."""

    __tablename__ = "departure_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("expires_on IS NULL OR produced_on IS NULL OR expires_on >= produced_on", name="span"),
        Index("ix_departure_lines_departure", "departure_id"),
        Index("ix_departure_lines_line", "line_id"),
    )

    id: Mapped[Id]
    departure_id: Mapped[int] = mapped_column(ForeignKey(Departure.id))
    line_id: Mapped[int] = mapped_column(ForeignKey(DeliveryLine.id))
    lot_code: Mapped[Str40]
    produced_on: Mapped[date | None] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    quantity: Mapped[int]


class HandBack(Base):
    """Consigned goods that a point gave back to their owner; their movements carry `hand-back:<reference>`."""

    __tablename__ = "hand_backs"
    __table_args__ = (
        Index("ix_hand_backs_producer", "producer_id", "id"),
        Index("ix_hand_backs_point", "point_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    # Who took them.
    taken_by: Mapped[Str255]
    note: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)
