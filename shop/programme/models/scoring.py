"""Official scoring sheets as dated data, and what producers say of their own goods by them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Product
from shop.kernel.db import Base, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255
from shop.producers.models import Producer


class ScoringSheet(Base):
    """The sheet of one product set by one decision, in force from `valid_from` until before `valid_to`. `content` is what
    `sheets.Sheet.stored` gives; it is never changed: a new decision brings new sheets."""

    __tablename__ = "scoring_sheets"
    __table_args__ = (
        UniqueConstraint("decision", "set_number"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="span"),
        Index("ix_scoring_sheets_set", "scheme", "set_number", "valid_from"),
    )

    id: Mapped[Id]
    decision: Mapped[Str80]
    # Of the product sets (`product_sets.scheme`).
    scheme: Mapped[Str20]
    set_number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source_url: Mapped[LongText]


class SelfScore(Base):
    """How a producer scores a product of his own: `answers` by question, `stops` the grounds that he says are there. `total`
    and `stars` are what that came to when it was saved. `version` counts the savings."""

    __tablename__ = "self_scores"
    __table_args__ = (
        UniqueConstraint("product_id", "sheet_id"),
        CheckConstraint("total BETWEEN 0 AND 100", name="total_within"),
        CheckConstraint("stars BETWEEN 0 AND 5", name="stars_within"),
        CheckConstraint("version > 0", name="version_positive"),
        Index("ix_self_scores_producer", "producer_id", "id"),
        Index("ix_self_scores_sheet", "sheet_id"),
    )

    id: Mapped[Id]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    sheet_id: Mapped[int] = mapped_column(ForeignKey(ScoringSheet.id))
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    stops: Mapped[list[str]] = mapped_column(Json)
    total: Mapped[int]
    stars: Mapped[int]
    answered: Mapped[int]
    version: Mapped[int]
    saved_at: Mapped[Instant]
    saved_by: Mapped[Str40]
    saved_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)
