"""New-rural communes (NTM): the criteria of each period, who registered for which year, each criterion as assessed; and
figures as sources give them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, SortKey, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_


class NtmPeriod(Base):
    """The years that a decision of the Prime Minister sets the criteria of, both counted. How many criteria it has, and
    whether communes fall into groups, is its own. What no source tells (`in_force_on`, `targets`) is null."""

    __tablename__ = "ntm_periods"
    __table_args__ = (
        UniqueConstraint("decision"),
        CheckConstraint("last_year >= first_year", name="span"),
        CheckConstraint("targets IS NULL OR targets > 0", name="targets_positive"),
    )

    id: Mapped[Id]
    decision: Mapped[Str80]
    first_year: Mapped[int]
    last_year: Mapped[int]
    issued_on: Mapped[date | None] = mapped_column(Date)
    in_force_on: Mapped[date | None] = mapped_column(Date)
    # Measures within the criteria (chỉ tiêu).
    targets: Mapped[int | None]
    source_url: Mapped[LongText]


class NtmGroup(Base):
    """A group of communes within a period: the law asks different things of each."""

    __tablename__ = "ntm_groups"
    __table_args__ = (
        UniqueConstraint("period_id", "number"),
        CheckConstraint("number >= 1", name="number_positive"),
    )

    id: Mapped[Id]
    period_id: Mapped[int] = mapped_column(ForeignKey(NtmPeriod.id))
    number: Mapped[int]
    meaning: Mapped[LongText]
    source_url: Mapped[LongText]


class NtmCriterion(Base):
    """One criterion of a period, under the name that its decision gives it."""

    __tablename__ = "ntm_criteria"
    __table_args__ = (
        UniqueConstraint("period_id", "number"),
        CheckConstraint("number >= 1", name="number_positive"),
    )

    id: Mapped[Id]
    period_id: Mapped[int] = mapped_column(ForeignKey(NtmPeriod.id))
    number: Mapped[int]
    name: Mapped[Str255]
    source_url: Mapped[LongText]


class NtmState(StrEnum):
    """`recognised`: a decision says so; `withdrawn`: no longer aims at this year."""

    REGISTERED = "registered"
    RECOGNISED = "recognised"
    WITHDRAWN = "withdrawn"


NTM_NAMES = {
    NtmState.REGISTERED: N_("Đã đăng ký"),
    NtmState.RECOGNISED: N_("Đã công nhận"),
    NtmState.WITHDRAWN: N_("Đã rút"),
}


class NtmRecord(Base):
    """A commune that aims at a year. The unit is that of `on_day`, a day of its own time; its names are copied, for it may
    cease: `district_name` is what stood above it then."""

    __tablename__ = "ntm_records"
    __table_args__ = (
        one_of("state", NtmState),
        UniqueConstraint("commune_code", "target_year"),
        CheckConstraint("target_year BETWEEN 2009 AND 2100", name="year_sane"),
        CheckConstraint(
            "(state = 'recognised') = (decision_number IS NOT NULL AND recognised_on IS NOT NULL)", name="recognised_by"
        ),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_why IS NOT NULL)", name="withdrawn_why"),
        CheckConstraint("group_number IS NULL OR group_number >= 1", name="group_positive"),
        Index("ix_ntm_records_year", "target_year", "state"),
        Index("ix_ntm_records_sort", "target_year", "sort_name"),
    )

    id: Mapped[Id]
    commune_code: Mapped[Str20]
    commune_name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    district_name: Mapped[Str255 | None]
    on_day: Mapped[date] = mapped_column(Date)
    target_year: Mapped[int]
    # Its group among those of the period; null: not known yet, or the period has none.
    group_number: Mapped[int | None]
    state: Mapped[NtmState] = mapped_column(EnumText(NtmState))
    registered_on: Mapped[date | None] = mapped_column(Date)
    decision_number: Mapped[Str80 | None]
    recognised_on: Mapped[date | None] = mapped_column(Date)
    withdrawn_why: Mapped[LongText | None]
    source_url: Mapped[LongText | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)

    @property
    def scope(self) -> str:
        """The scope of grants for its locality."""
        return f"locality:{self.commune_code}"


class NtmStatus(StrEnum):
    """How a criterion stands. The source of 2014 has communes neither passed nor failed: nothing is guessed of them."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSED = "not_assessed"
    WITHDRAWN = "withdrawn"


STATUS_NAMES = {
    NtmStatus.PASSED: N_("Đạt"),
    NtmStatus.FAILED: N_("Chưa đạt"),
    NtmStatus.NOT_ASSESSED: N_("Chưa đánh giá"),
    NtmStatus.WITHDRAWN: N_("Không xét"),
}


class NtmAssessment(Base):
    """What somebody found of one criterion of a commune; never changed: a later word takes its place (`replaced_at`)."""

    __tablename__ = "ntm_assessments"
    __table_args__ = (
        one_of("status", NtmStatus),
        CheckConstraint("status NOT IN ('passed', 'failed') OR assessed_on IS NOT NULL", name="assessed_when"),
        Index("ix_ntm_assessments_record", "record_id", "id"),
        Index("ix_ntm_assessments_criterion", "criterion_id"),
        Index(
            "uq_ntm_assessments_standing",
            "record_id",
            "criterion_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    record_id: Mapped[int] = mapped_column(ForeignKey(NtmRecord.id))
    criterion_id: Mapped[int] = mapped_column(ForeignKey(NtmCriterion.id))
    status: Mapped[NtmStatus] = mapped_column(EnumText(NtmStatus))
    # As the assessor writes them: `82,5 %`, `không có`.
    value: Mapped[Str80 | None]
    threshold: Mapped[Str80 | None]
    evidence: Mapped[LongText | None]
    assessed_on: Mapped[date | None] = mapped_column(Date)
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]
    replaced_at: Mapped[Instant | None]

    criterion: Mapped[NtmCriterion] = relationship()


class ProgrammeFigure(Base):
    """A figure of the programme as one source gives it, as of a day. Sources that disagree stand side by side; none is made the
    true one. `value` is the whole number that `written` says, if it says one."""

    __tablename__ = "programme_figures"
    __table_args__ = (
        UniqueConstraint("subject", "as_of", "source_title", "written"),
        CheckConstraint("value IS NULL OR value >= 0", name="value_whole"),
        Index("ix_programme_figures_day", "as_of", "subject"),
    )

    id: Mapped[Id]
    subject: Mapped[Str40]
    as_of: Mapped[date] = mapped_column(Date)
    as_of_text: Mapped[Str80]
    value: Mapped[int | None]
    written: Mapped[Str255]
    note: Mapped[LongText | None]
    source_title: Mapped[Str255]
    source_url: Mapped[LongText | None]
