"""Transfers between points with their history and arrivals, and how much each point should have."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.catalog.models import Variant
from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str20, Str40, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.stock.models import Passage


class TransferStatus(StrEnum):
    """`received`: a part has arrived and the rest is on the road; `closed`: nothing of it is on the road any more."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    PACKED = "packed"
    ON_THE_ROAD = "on_the_road"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"


S = TransferStatus
# The steps that may follow a status; everything else is refused. A transfer is received in as many parts as it comes in,
# and what was packed may be unpacked again.
ALLOWED: dict[str, frozenset[str]] = {
    "": frozenset({S.ASKED}),
    S.ASKED: frozenset({S.APPROVED, S.REFUSED, S.CANCELLED}),
    S.APPROVED: frozenset({S.PACKED, S.CANCELLED}),
    S.REFUSED: frozenset(),
    S.PACKED: frozenset({S.APPROVED, S.ON_THE_ROAD, S.CANCELLED}),
    S.ON_THE_ROAD: frozenset({S.RECEIVED, S.CLOSED}),
    S.RECEIVED: frozenset({S.RECEIVED, S.CLOSED}),
    S.CLOSED: frozenset(),
    S.CANCELLED: frozenset(),
}
# Before the goods leave, and while they are on the road.
WAITING = (S.ASKED, S.APPROVED, S.PACKED)
UNDER_WAY = (S.ON_THE_ROAD, S.RECEIVED)

STATUS_NAMES = {
    S.ASKED: N_("Chờ duyệt"),
    S.APPROVED: N_("Chờ đóng gói"),
    S.REFUSED: N_("Không duyệt"),
    S.PACKED: N_("Đã gói, chờ gửi"),
    S.ON_THE_ROAD: N_("Đang trên đường"),
    S.RECEIVED: N_("Mới nhận một phần"),
    S.CLOSED: N_("Đã xong"),
    S.CANCELLED: N_("Đã hủy"),
}
# What somebody did to bring a transfer to a status.
STEP_NAMES = {
    S.ASKED: N_("Yêu cầu chuyển"),
    S.APPROVED: N_("Duyệt"),
    S.REFUSED: N_("Không duyệt"),
    S.PACKED: N_("Đóng gói"),
    S.ON_THE_ROAD: N_("Gửi đi"),
    S.RECEIVED: N_("Nhận hàng"),
    S.CLOSED: N_("Xong"),
    S.CANCELLED: N_("Hủy"),
}
UNPACKED = N_("Mở gói, đóng lại")


class Transfer(Base):
    """Goods asked from one point for another. They are claimed and travel under `transfer:<reference>`."""

    __tablename__ = "transfers"
    __table_args__ = (
        one_of("status", TransferStatus),
        CheckConstraint("from_point_id <> to_point_id", name="goes_somewhere"),
        CheckConstraint("arrivals >= 0", name="arrivals_counted"),
        Index("ix_transfers_status", "status", "due_on"),
        Index("ix_transfers_from", "from_point_id", "id"),
        Index("ix_transfers_to", "to_point_id", "id"),
        Index("ix_transfers_coming", "to_point_id", "status"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    from_point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    to_point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    status: Mapped[TransferStatus] = mapped_column(EnumText(TransferStatus))
    note: Mapped[LongText | None]
    # The day by which the goods should have arrived; told when they leave.
    due_on: Mapped[date | None] = mapped_column(Date)
    # How many arrivals were booked.
    arrivals: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    lines: Mapped[list[TransferLine]] = relationship(order_by="TransferLine.id")
    steps: Mapped[list[TransferStep]] = relationship(order_by="TransferStep.id")


class TransferLine(Base):
    """So many sale units of a variant were asked for and approved (NULL: nobody has decided yet)."""

    __tablename__ = "transfer_lines"
    __table_args__ = (
        UniqueConstraint("transfer_id", "variant_id"),
        CheckConstraint("asked > 0", name="asked_positive"),
        CheckConstraint("approved IS NULL OR (approved >= 0 AND approved <= asked)", name="approved_within_asked"),
        Index("ix_transfer_lines_variant", "variant_id"),
    )

    id: Mapped[Id]
    transfer_id: Mapped[int] = mapped_column(ForeignKey(Transfer.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    asked: Mapped[int]
    approved: Mapped[int | None]


class TransferStep(Base):
    """One step of a transfer: from, to, when, who, why."""

    __tablename__ = "transfer_steps"
    __table_args__ = (Index("ix_transfer_steps_transfer", "transfer_id", "id"),)

    id: Mapped[Id]
    transfer_id: Mapped[int] = mapped_column(ForeignKey(Transfer.id))
    from_status: Mapped[Str20]
    to_status: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]


class TransferArrival(Base):
    """One part of a transfer's goods was counted in, or the rest was given up; `number` runs from 1."""

    __tablename__ = "transfer_arrivals"
    __table_args__ = (UniqueConstraint("transfer_id", "number"),)

    id: Mapped[Id]
    transfer_id: Mapped[int] = mapped_column(ForeignKey(Transfer.id))
    number: Mapped[int]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class TransferArrivalLine(Base):
    """What came of one lot: units for the shelf, units that came damaged, units that did not come, and why."""

    __tablename__ = "transfer_arrival_lines"
    __table_args__ = (
        UniqueConstraint("arrival_id", "passage_id"),
        CheckConstraint("good >= 0 AND damaged >= 0 AND missing >= 0", name="counts_whole"),
        CheckConstraint("good + damaged + missing > 0", name="says_something"),
        CheckConstraint("damaged + missing = 0 OR reason IS NOT NULL", name="loss_explained"),
    )

    id: Mapped[Id]
    arrival_id: Mapped[int] = mapped_column(ForeignKey(TransferArrival.id))
    passage_id: Mapped[int] = mapped_column(ForeignKey(Passage.id), index=True)
    good: Mapped[int]
    damaged: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    reason: Mapped[LongText | None]


class Target(Base):
    """How many sale units of a variant a point should have: below `minimum` it is filled up to `target`."""

    __tablename__ = "stock_targets"
    __table_args__ = (
        UniqueConstraint("point_id", "variant_id"),
        CheckConstraint("minimum >= 0 AND minimum <= target AND target > 0", name="minimum_within_target"),
        Index("ix_stock_targets_variant", "variant_id"),
    )

    id: Mapped[Id]
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    minimum: Mapped[int]
    target: Mapped[int]
    updated_at: Mapped[Instant]
    updated_by: Mapped[Str255]
