"""How a booth is closed: what of each owner's goods came, was sold, is gone and went home, who signed for it; and the frozen
versions of a fair's report. What was frozen is never changed: what comes later is a further version."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.producers.models import Producer


class BoothClosing(Base):
    """The closing of a booth has begun. What is left is counted by the count `count_reference` of the room of counts, or
    somebody has seen that nothing lies there (`nothing_there_at`)."""

    __tablename__ = "exhibition_closings"
    __table_args__ = (
        UniqueConstraint("booth_id"),
        CheckConstraint("(nothing_there_at IS NULL) = (nothing_there_label IS NULL)", name="seen_by_somebody"),
        Index("ix_exhibition_closings_exhibition", "exhibition_id", "id"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id), index=True)
    count_reference: Mapped[Str20 | None]
    nothing_there_at: Mapped[Instant | None]
    nothing_there_label: Mapped[Str255 | None]
    opened_at: Mapped[Instant]
    opened_by: Mapped[Str40]
    opened_label: Mapped[Str255]


class SheetState(StrEnum):
    """`open`: its figures follow the books; `frozen`: its last version holds, whatever is booked later."""

    OPEN = "open"
    FROZEN = "frozen"


class Sheet(Base):
    """What came of one owner's goods in one booth. `owner` is that of the goods (`shop`, `producer:7`); `stand_id`: whose booth
    it is, with fee and subsidy copied from the stand (đồng)."""

    __tablename__ = "exhibition_sheets"
    __table_args__ = (
        one_of("state", SheetState),
        UniqueConstraint("booth_id", "owner"),
        CheckConstraint("(owner = 'shop') = (producer_id IS NULL)", name="owner_named"),
        CheckConstraint("stand_id IS NULL OR producer_id IS NOT NULL", name="stands_somebody"),
        CheckConstraint("subsidy_amount >= 0 AND subsidy_amount <= fee_amount", name="fee_covered"),
        Index("ix_exhibition_sheets_exhibition", "exhibition_id", "state"),
        Index("ix_exhibition_sheets_producer", "producer_id", "id"),
        Index(
            "uq_exhibition_sheets_stand",
            "stand_id",
            unique=True,
            sqlite_where=text("stand_id IS NOT NULL"),
            postgresql_where=text("stand_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    booth_id: Mapped[int] = mapped_column(ForeignKey(Booth.id))
    owner: Mapped[Str40]
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    stand_id: Mapped[int | None] = mapped_column(ForeignKey(Stand.id))
    state: Mapped[SheetState] = mapped_column(EnumText(SheetState))
    fee_amount: Mapped[Amount] = mapped_column(default=0)
    subsidy_amount: Mapped[Amount] = mapped_column(default=0)
    # Why goods were found or lost, where the books do not say it; part of what is signed.
    explanation: Mapped[LongText | None]
    opened_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)


class SheetVersion(Base):
    """A sheet as it was frozen: `figures` in full, `moves` how many movements of goods it has seen, `digest` the SHA-256 of
    what was signed, `seal` that of the whole version. `reason`: why it was frozen without the producer's signature."""

    __tablename__ = "exhibition_sheet_versions"
    __table_args__ = (UniqueConstraint("sheet_id", "number"), CheckConstraint("number > 0", name="counted_from_one"))

    id: Mapped[Id]
    sheet_id: Mapped[int] = mapped_column(ForeignKey(Sheet.id))
    number: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    moves: Mapped[int]
    digest: Mapped[Str80]
    explanation: Mapped[LongText | None]
    reason: Mapped[LongText | None]
    frozen_at: Mapped[Instant]
    frozen_by: Mapped[Str40]
    frozen_label: Mapped[Str255]
    seal: Mapped[Str80]


class Side(StrEnum):
    PRODUCER = "producer"
    STAFF = "staff"


SIDE_NAMES = {Side.PRODUCER: N_("Cơ sở sản xuất"), Side.STAFF: N_("Ban tổ chức")}


class Signature(Base):
    """One side signed what has the SHA-256 `digest`: who, when, the strokes of the pen (lists of x, y in thousandths of the
    field's width; empty: a typed name and a tick). `seal` is the SHA-256 of all of it; nothing here is ever changed."""

    __tablename__ = "exhibition_signatures"
    __table_args__ = (
        one_of("side", Side),
        UniqueConstraint("sheet_id", "side", "digest"),
    )

    id: Mapped[Id]
    sheet_id: Mapped[int] = mapped_column(ForeignKey(Sheet.id))
    side: Mapped[Side] = mapped_column(EnumText(Side))
    digest: Mapped[Str80]
    name: Mapped[Str255]
    strokes: Mapped[list[Any]] = mapped_column(Json)
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    seal: Mapped[Str80]


class FairReport(Base):
    """A version of a fair's report, frozen: `figures` in full, counted from what the books held at `frozen_at`."""

    __tablename__ = "exhibition_reports"
    __table_args__ = (
        UniqueConstraint("exhibition_id", "number"),
        CheckConstraint("number > 0", name="counted_from_one"),
    )

    id: Mapped[Id]
    exhibition_id: Mapped[int] = mapped_column(ForeignKey(Exhibition.id))
    number: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[Str80]
    note: Mapped[LongText | None]
    frozen_at: Mapped[Instant]
    frozen_by: Mapped[Str40]
    frozen_label: Mapped[Str255]
