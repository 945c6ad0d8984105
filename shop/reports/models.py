"""Monthly reports of localities with their frozen versions, plans to compare them with, and the province's summary."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import (
    Amount,
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    SortKey,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_


class ReportState(StrEnum):
    """`correcting`: a locked report that is put right; its locked version holds until another one is locked."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    LOCKED = "locked"
    CORRECTING = "correcting"


STATE_NAMES = {
    ReportState.DRAFT: N_("Đang soạn"),
    ReportState.SUBMITTED: N_("Đã nộp, chờ tỉnh xem"),
    ReportState.RETURNED: N_("Tỉnh trả lại"),
    ReportState.LOCKED: N_("Đã chốt"),
    ReportState.CORRECTING: N_("Đang đính chính"),
}
STATE_KINDS = {
    ReportState.DRAFT: "",
    ReportState.SUBMITTED: "info",
    ReportState.RETURNED: "warn",
    ReportState.LOCKED: "ok",
    ReportState.CORRECTING: "warn",
}
WRITABLE = (ReportState.DRAFT, ReportState.RETURNED, ReportState.CORRECTING)
ALLOWED: dict[ReportState | None, frozenset[ReportState]] = {
    None: frozenset({ReportState.DRAFT}),
    ReportState.DRAFT: frozenset({ReportState.SUBMITTED}),
    ReportState.SUBMITTED: frozenset({ReportState.RETURNED, ReportState.LOCKED}),
    ReportState.RETURNED: frozenset({ReportState.SUBMITTED}),
    ReportState.LOCKED: frozenset({ReportState.CORRECTING}),
    ReportState.CORRECTING: frozenset({ReportState.SUBMITTED}),
}


class MonthlyReport(Base):
    """What a locality of the last day of `month` (its first day is kept) reports to the province.

    `said` is what the locality writes: `{"texts": {…}, "figures": {…}, "differs": {key: {"value", "why"}}}`. What the system
    knows is not kept here but counted, and frozen with each version. `turn` counts the savings. `locked_version` is the
    version that the province has locked and that counts.
    """

    __tablename__ = "monthly_reports"
    __table_args__ = (
        one_of("state", ReportState),
        UniqueConstraint("locality_code", "month"),
        CheckConstraint("turn > 0 AND version >= 0", name="counts_whole"),
        CheckConstraint("locked_version IS NULL OR locked_version <= version", name="locked_is_there"),
        CheckConstraint("state <> 'locked' OR locked_version = version", name="locked_is_last"),
        CheckConstraint("(state = 'returned') = (return_reason IS NOT NULL)", name="returned_with_reason"),
        Index("ix_monthly_reports_month", "month", "sort_name"),
    )

    id: Mapped[Id]
    month: Mapped[date] = mapped_column(Date)
    locality_code: Mapped[Str20]
    locality_name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    state: Mapped[ReportState] = mapped_column(EnumText(ReportState))
    due_on: Mapped[date] = mapped_column(Date)
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    turn: Mapped[int]
    version: Mapped[int] = mapped_column(default=0)
    locked_version: Mapped[int | None]
    # When it was handed in first, and whether that was after the due day.
    submitted_on: Mapped[date | None] = mapped_column(Date)
    return_reason: Mapped[LongText | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    @property
    def scope(self) -> str:
        """The scope of grants for its locality."""
        return f"locality:{self.locality_code}"

    @property
    def was_late(self) -> bool:
        """Whether it was handed in after its due day."""
        return self.submitted_on is not None and self.submitted_on > self.due_on


class ReportVersion(Base):
    """A report as it was handed in; never changed. `content` holds the figures, the rows behind each, what blocked and what the
    locality wrote; `digest` is its SHA-256. `why` says what was put right since the version before."""

    __tablename__ = "monthly_report_versions"
    __table_args__ = (
        UniqueConstraint("report_id", "number"),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("number = 1 OR why IS NOT NULL", name="later_with_reason"),
    )

    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(ForeignKey(MonthlyReport.id))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[Str80]
    why: Mapped[LongText | None]
    frozen_at: Mapped[Instant]
    frozen_by: Mapped[Str40]
    frozen_label: Mapped[Str255]


class ReportStep(Base):
    """One step of a report: from, to, when, who, why; never changed."""

    __tablename__ = "monthly_report_steps"
    __table_args__ = (Index("ix_monthly_report_steps_report", "report_id", "id"),)

    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(ForeignKey(MonthlyReport.id))
    from_state: Mapped[Str20 | None]
    to_state: Mapped[Str20]
    version: Mapped[int]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]


class ReportPlan(Base):
    """What a locality is meant to reach in a year, in one figure of its reports (whole units, money in đồng)."""

    __tablename__ = "report_plans"
    __table_args__ = (
        UniqueConstraint("year", "locality_code", "figure"),
        CheckConstraint("year BETWEEN 2014 AND 2100", name="year_sane"),
        CheckConstraint("value >= 0", name="value_whole"),
    )

    id: Mapped[Id]
    year: Mapped[int]
    locality_code: Mapped[Str20]
    figure: Mapped[Str40]
    value: Mapped[Amount]
    decision_number: Mapped[Str80 | None]
    set_at: Mapped[Instant]
    set_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)


class ProvinceReport(Base):
    """The province's summary of a month, frozen; a correction is another version. `content` holds the figures of all
    localities with the state of their reports, blockers and what was decided; `paper` what stands on the signed sheet
    (number and sign, place, day, office of the signer, his name, who gets it)."""

    __tablename__ = "province_reports"
    __table_args__ = (
        UniqueConstraint("month", "version"),
        CheckConstraint("version > 0", name="version_positive"),
        CheckConstraint("version = 1 OR why IS NOT NULL", name="later_with_reason"),
    )

    id: Mapped[Id]
    month: Mapped[date] = mapped_column(Date)
    version: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    paper: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[Str80]
    why: Mapped[LongText | None]
    frozen_at: Mapped[Instant]
    frozen_by: Mapped[Str40]
    frozen_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)
