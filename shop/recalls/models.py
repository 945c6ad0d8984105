"""A lot called back, and each buyer who has some of it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str20, Str255, one_of
from shop.kernel.errors import N_
from shop.orders.models import Order
from shop.stock.models import Lot


class Reach(StrEnum):
    """How a buyer can be told."""

    LETTER = "letter"
    CALL = "call"
    NOBODY = "nobody"


REACH_NAMES = {
    Reach.LETTER: N_("E-mail"),
    Reach.CALL: N_("Gọi điện"),
    Reach.NOBODY: N_("Không có cách báo"),
}


class Recall(Base):
    """One lot is recalled once. `reason` and `advice` are told to buyers and stand on the trace page."""

    __tablename__ = "recalls"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (summary IS NULL)", name="closed_with_summary"),
        Index("ix_recalls_closed", "closed_at", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey(Lot.id), unique=True)
    reason: Mapped[LongText]
    advice: Mapped[LongText]
    started_at: Mapped[Instant]
    started_by: Mapped[Str255]
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[Str255 | None]
    summary: Mapped[LongText | None]


class RecallBuyer(Base):
    """An order that some of the lot left under. `told_at`: the letter was written, or somebody has called; `back` units were
    brought back or seen destroyed."""

    __tablename__ = "recall_buyers"
    __table_args__ = (
        one_of("reach", Reach),
        UniqueConstraint("recall_id", "order_id"),
        CheckConstraint("quantity > 0 AND back >= 0 AND back <= quantity", name="back_within_quantity"),
        Index("ix_recall_buyers_order", "order_id"),
    )

    id: Mapped[Id]
    recall_id: Mapped[int] = mapped_column(ForeignKey(Recall.id))
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    quantity: Mapped[int]
    reach: Mapped[Reach] = mapped_column(EnumText(Reach))
    told_at: Mapped[Instant | None]
    told_by: Mapped[Str255 | None]
    back: Mapped[int] = mapped_column(default=0)
    note: Mapped[LongText | None]
