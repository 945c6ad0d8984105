"""What producers employ and take in, as somebody told it of a day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Amount, Base, Id, Instant, Str40, Str255
from shop.producers.models import Producer


class ProducerFigure(Base):
    """Jobs of a producer on `as_of`, and its turnover (đồng, all channels) in the twelve months that end on it, with who told
    it where; never changed: a later word for the same day takes its place."""

    __tablename__ = "cycle_producer_figures"
    __table_args__ = (
        CheckConstraint("jobs IS NOT NULL OR turnover IS NOT NULL", name="tells_something"),
        CheckConstraint("jobs IS NULL OR jobs >= 0", name="jobs_not_negative"),
        CheckConstraint("turnover IS NULL OR turnover >= 0", name="turnover_not_negative"),
        Index("ix_cycle_producer_figures_producer", "producer_id", "as_of"),
        Index(
            "uq_cycle_producer_figures_standing",
            "producer_id",
            "as_of",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    as_of: Mapped[date] = mapped_column(Date)
    jobs: Mapped[int | None]
    turnover: Mapped[Amount | None]
    source: Mapped[Str255]
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]
    replaced_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
