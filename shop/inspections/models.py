"""Inspections are added, never changed: a correction is a later inspection."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str40, Str255, one_of
from shop.kernel.errors import N_
from shop.points.models import Point


class Verdict(StrEnum):
    """What was seen of one criterion; `not_seen` is honest where nobody could look."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_SEEN = "not_seen"


class Result(StrEnum):
    """All met; something not met; nothing wrong seen, but not all seen."""

    MEETS = "meets"
    FAILS = "fails"
    INCOMPLETE = "incomplete"


VERDICT_NAMES = {
    Verdict.MET: N_("Đạt"),
    Verdict.NOT_MET: N_("Chưa đạt"),
    Verdict.NOT_SEEN: N_("Chưa xem"),
}
RESULT_NAMES = {
    Result.MEETS: N_("Đạt tiêu chí"),
    Result.FAILS: N_("Chưa đạt"),
    Result.INCOMPLETE: N_("Chưa xem hết"),
}


class Inspection(Base):
    """One visit to a point on `held_on`, by `inspector`, against one edition of the criteria."""

    __tablename__ = "inspections"
    __table_args__ = (one_of("result", Result), Index("ix_inspections_point", "point_id", "held_on", "id"))

    id: Mapped[Id]
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    edition: Mapped[Str40]
    held_on: Mapped[date] = mapped_column(Date)
    inspector: Mapped[Str255]
    result: Mapped[Result] = mapped_column(EnumText(Result))
    summary: Mapped[LongText | None]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    created_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    findings: Mapped[list[Finding]] = relationship(order_by="Finding.id")


class Finding(Base):
    """What was seen of one criterion, with a photograph where one was taken."""

    __tablename__ = "inspection_findings"
    __table_args__ = (one_of("verdict", Verdict), UniqueConstraint("inspection_id", "code"))

    id: Mapped[Id]
    inspection_id: Mapped[int] = mapped_column(ForeignKey(Inspection.id))
    code: Mapped[Str40]
    verdict: Mapped[Verdict] = mapped_column(EnumText(Verdict))
    note: Mapped[LongText | None]
    photo_key: Mapped[Str255 | None]
