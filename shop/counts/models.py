"""Stock counts and write-offs. A count's line keeps what the books said at the moment its number was written, so that sales
may go on meanwhile: only the difference is booked."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.stock.models import StockLevel


class CountKind(StrEnum):
    """`full`: all that lies at the point; `shelf`: what was picked for it."""

    FULL = "full"
    SHELF = "shelf"


class CountState(StrEnum):
    OPEN = "open"
    SUBMITTED = "submitted"
    DONE = "done"
    CANCELLED = "cancelled"


COUNT_KIND_NAMES = {CountKind.FULL: N_("Toàn bộ"), CountKind.SHELF: N_("Theo kệ")}
COUNT_STATE_NAMES = {
    CountState.OPEN: N_("Đang đếm"),
    CountState.SUBMITTED: N_("Chờ duyệt"),
    CountState.DONE: N_("Đã xong"),
    CountState.CANCELLED: N_("Đã hủy"),
}


class StockCount(Base):
    """One count of a point; movements it makes carry `count:<reference>`."""

    __tablename__ = "stock_counts"
    __table_args__ = (
        one_of("kind", CountKind),
        one_of("state", CountState),
        Index("ix_stock_counts_point", "point_id", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    kind: Mapped[CountKind] = mapped_column(EnumText(CountKind))
    shelf: Mapped[Str255 | None]
    state: Mapped[CountState] = mapped_column(EnumText(CountState))
    opened_at: Mapped[Instant]
    opened_by: Mapped[Str40]
    opened_label: Mapped[Str255]
    submitted_at: Mapped[Instant | None]
    submitted_by: Mapped[Str40 | None]
    submitted_label: Mapped[Str255 | None]
    closed_at: Mapped[Instant | None]
    closed_label: Mapped[Str255 | None]
    note: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class CountLine(Base):
    """One level of the count. `expected` is on hand when `counted` was written; the difference is booked once."""

    __tablename__ = "stock_count_lines"
    __table_args__ = (
        UniqueConstraint("count_id", "level_id"),
        CheckConstraint("counted >= 0 AND expected >= 0", name="counts_whole"),
        CheckConstraint("(counted IS NULL) = (expected IS NULL)", name="both_or_none"),
        Index("ix_stock_count_lines_level", "level_id"),
    )

    id: Mapped[Id]
    count_id: Mapped[int] = mapped_column(ForeignKey(StockCount.id))
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    counted: Mapped[int | None]
    expected: Mapped[int | None]
    reason: Mapped[LongText | None]
    counted_at: Mapped[Instant | None]
    counted_by: Mapped[Str40 | None]
    counted_label: Mapped[Str255 | None]
    booked_at: Mapped[Instant | None]


class WriteOffReason(StrEnum):
    DAMAGED = "damaged"
    EXPIRED = "expired"
    RECALLED = "recalled"
    TASTING = "tasting"
    GIFT = "gift"
    LOST = "lost"
    OTHER = "other"


class WriteOffState(StrEnum):
    ASKED = "asked"
    BOOKED = "booked"
    REFUSED = "refused"


WRITE_OFF_REASON_NAMES = {
    WriteOffReason.DAMAGED: N_("Hỏng, vỡ"),
    WriteOffReason.EXPIRED: N_("Quá hạn dùng"),
    WriteOffReason.RECALLED: N_("Lô bị thu hồi"),
    WriteOffReason.TASTING: N_("Mời khách dùng thử"),
    WriteOffReason.GIFT: N_("Tặng khách, biếu đoàn"),
    WriteOffReason.LOST: N_("Thất lạc, mất"),
    WriteOffReason.OTHER: N_("Lý do khác"),
}
WRITE_OFF_STATE_NAMES = {
    WriteOffState.ASKED: N_("Chờ duyệt"),
    WriteOffState.BOOKED: N_("Đã hủy hàng"),
    WriteOffState.REFUSED: N_("Không duyệt"),
}


class WriteOff(Base):
    """Goods that are gone, why, with a photograph; its movement carries `write-off:<reference>`."""

    __tablename__ = "write_offs"
    __table_args__ = (
        one_of("why", WriteOffReason),
        one_of("state", WriteOffState),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("amount >= 0", name="amount_whole"),
        Index("ix_write_offs_level", "level_id"),
        Index("ix_write_offs_state", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    level_id: Mapped[int] = mapped_column(ForeignKey(StockLevel.id))
    quantity: Mapped[int]
    why: Mapped[WriteOffReason] = mapped_column(EnumText(WriteOffReason))
    note: Mapped[LongText | None]
    photo_key: Mapped[Str255 | None]
    # What the goods would have sold for (đồng); NULL where no price was in force.
    amount: Mapped[Amount | None]
    state: Mapped[WriteOffState] = mapped_column(EnumText(WriteOffState))
    asked_at: Mapped[Instant]
    asked_by: Mapped[Str40]
    asked_label: Mapped[Str255]
    decided_at: Mapped[Instant | None]
    decided_label: Mapped[Str255 | None]
    decision_note: Mapped[LongText | None]
    op_key: Mapped[Str80] = mapped_column(unique=True)
    is_demo: Mapped[bool] = mapped_column(default=False)
