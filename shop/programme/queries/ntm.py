"""Reads of the new-rural communes: a year of the province, one commune with its nineteen criteria, figures of sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.programme import ntm
from shop.programme.models.ntm import (
    NTM_NAMES,
    NtmAssessment,
    NtmCriterion,
    NtmRecord,
    NtmState,
    NtmStatus,
    ProgrammeFigure,
)

_GOOD = (NtmStatus.PASSED, NtmStatus.WITHDRAWN)


def _of_year(year: int) -> Any:
    """Criteria in force at the end of `year`."""
    day = date(year, 12, 31)
    return and_(NtmCriterion.valid_from <= day, or_(NtmCriterion.valid_to.is_(None), NtmCriterion.valid_to > day))


def criteria(year: int) -> list[NtmCriterion]:
    """The criteria by which communes that aim at `year` are assessed; empty if no list is known for it."""
    if not 2009 <= year <= 2100:
        return []
    return list(session().scalars(select(NtmCriterion).where(_of_year(year)).order_by(NtmCriterion.number)))


def criterion(year: int, number: int) -> NtmCriterion:
    """One criterion of a year.

    Raises:
        NotFound: there is none.
    """
    found = next((c for c in criteria(year) if c.number == number), None)
    if found is None:
        raise NotFound
    return found


def find(commune_code: str, year: int) -> NtmRecord | None:
    """The record of a commune for a year."""
    if not 2009 <= year <= 2100:
        return None
    wanted = select(NtmRecord).where(NtmRecord.commune_code == commune_code, NtmRecord.target_year == year)
    return session().scalar(wanted)


def record(commune_code: str, year: int) -> NtmRecord:
    """The record of a commune for a year.

    Raises:
        NotFound: it did not register for it.
    """
    found = find(commune_code, year)
    if found is None:
        raise NotFound
    return found


def locked_record(commune_code: str, year: int) -> NtmRecord:
    """The same, locked for a command.

    Raises:
        NotFound: it did not register for it.
    """
    wanted = select(NtmRecord).where(NtmRecord.commune_code == commune_code, NtmRecord.target_year == year)
    found = session().scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def years() -> list[int]:
    """The years whose criteria are known, that communes aim at or sources speak of, the latest first."""
    found = set(session().scalars(select(NtmRecord.target_year).distinct()))
    found |= {day.year for day in session().scalars(select(ProgrammeFigure.as_of).distinct())}
    for first, end in session().execute(select(NtmCriterion.valid_from, NtmCriterion.valid_to).distinct()):
        found.update(range(first.year, end.year if end else first.year + 1))
    return sorted(found, reverse=True)


def latest() -> int | None:
    """The latest year that a commune aims at, else the latest that sources speak of."""
    aimed = session().scalar(select(func.max(NtmRecord.target_year)))
    told = session().scalar(select(func.max(ProgrammeFigure.as_of)))
    return aimed or (told.year if told else None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one criterion of a commune stands; `assessment_id` is 0 if nobody has said anything of it."""

    number: int
    name: str
    status: NtmStatus
    value: str | None
    threshold: str | None
    evidence: str | None
    assessed_on: date | None
    said_at: datetime | None
    said_label: str | None
    assessment_id: int


def standing(row: NtmRecord) -> list[Standing]:
    """The nineteen criteria of a commune as they stand now."""
    said = {
        a.criterion_id: a
        for a in session().scalars(
            select(NtmAssessment).where(NtmAssessment.record_id == row.id, NtmAssessment.replaced_at.is_(None))
        )
    }
    found = []
    for c in criteria(row.target_year):
        a = said.get(c.id)
        found.append(
            Standing(
                c.number,
                c.name,
                a.status if a else NtmStatus.NOT_ASSESSED,
                a.value if a else None,
                a.threshold if a else None,
                a.evidence if a else None,
                a.assessed_on if a else None,
                a.said_at if a else None,
                a.said_label if a else None,
                a.id if a else 0,
            )
        )
    return found


def words_of(row: NtmRecord, number: int) -> list[NtmAssessment]:
    """Everything said of one criterion of a commune, the latest first."""
    return list(
        session().scalars(
            select(NtmAssessment)
            .join(NtmCriterion)
            .where(NtmAssessment.record_id == row.id, NtmCriterion.number == number)
            .order_by(NtmAssessment.id.desc())
        )
    )


def _mine(scopes: Iterable[str]) -> Any:
    """The condition on records that `scopes` cover."""
    found = set(scopes)
    if "*" in found:
        return NtmRecord.id.is_not(None)
    return NtmRecord.commune_code.in_([s.partition(":")[2] for s in sorted(found) if s.startswith("locality:")])


_passed = (
    select(func.count())
    .select_from(NtmAssessment)
    .where(
        NtmAssessment.record_id == NtmRecord.id,
        NtmAssessment.replaced_at.is_(None),
        NtmAssessment.status.in_(_GOOD),
    )
    .correlate(NtmRecord)
    .scalar_subquery()
)
_failed = (
    select(func.count())
    .select_from(NtmAssessment)
    .where(
        NtmAssessment.record_id == NtmRecord.id,
        NtmAssessment.replaced_at.is_(None),
        NtmAssessment.status == NtmStatus.FAILED,
    )
    .correlate(NtmRecord)
    .scalar_subquery()
)


def _matching(q: str) -> Any:
    return or_(
        NtmRecord.commune_name.icontains(q, autoescape=True),
        NtmRecord.sort_name.contains(text.sort_key(q).partition("\t")[0], autoescape=True),
        NtmRecord.district_name.icontains(q, autoescape=True),
    )


COMMUNES = tables.Table(
    name="xa-nong-thon-moi",
    columns=(
        tables.Column("name", N_("Xã"), sort=(NtmRecord.sort_name,)),
        tables.Column("district", N_("Cấp huyện khi đó"), sort=(NtmRecord.district_name,)),
        tables.Column("state", N_("Tình trạng"), sort=(NtmRecord.state,)),
        tables.Column("passed", N_("Tiêu chí đạt"), "num", sort=(_passed,)),
        tables.Column("failed", N_("Chưa đạt"), "num", sort=(_failed,)),
        tables.Column("unknown", N_("Chưa đánh giá"), "num"),
        tables.Column("decision", N_("Quyết định"), sort=(NtmRecord.recognised_on,)),
    ),
    order="name",
    tie=NtmRecord.id,
    filters=(
        tables.Filter(
            "state", N_("Tình trạng"), lambda v: NtmRecord.state == v,
            tuple((state.value, name) for state, name in NTM_NAMES.items()),
        ),
    ),
    search=_matching,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommuneRow:
    """One commune in the list of a year; `state` is a value of `NtmState`."""

    code: str
    name: str
    district: str | None
    state: str
    passed: int
    failed: int
    decision: str | None
    recognised_on: date | None
    is_demo: bool

    @property
    def unknown(self) -> int:
        """Criteria that nobody has assessed."""
        return ntm.CRITERIA - self.passed - self.failed


def commune_rows(year: int, scopes: Iterable[str]) -> Any:
    """The statement behind `COMMUNES`."""
    return select(
        NtmRecord.commune_code,
        NtmRecord.commune_name,
        NtmRecord.district_name,
        NtmRecord.state,
        _passed,
        _failed,
        NtmRecord.decision_number,
        NtmRecord.recognised_on,
        NtmRecord.is_demo,
    ).where(NtmRecord.target_year == year, _mine(scopes))


@dataclass(frozen=True, slots=True)
class YearPage:
    """A year at a glance: communes by state, criteria that block, figures of sources with what they contradict."""

    counts: dict[NtmState, int]
    ready: int
    blockers: list[tuple[int, str, int]]
    figures: list[ProgrammeFigure]
    gaps: list[ntm.Gap]
    disputed: set[str]


def year_page(year: int, scopes: Iterable[str]) -> YearPage:
    """What the page of a year shows above its list. `ready` communes have all criteria passed and no decision yet."""
    found = frozenset(scopes)
    mine = and_(NtmRecord.target_year == year, _mine(found))
    states = {
        row[0]: row[1]
        for row in session().execute(select(NtmRecord.state, func.count()).where(mine).group_by(NtmRecord.state))
    }
    failed = session().scalars(
        select(NtmCriterion.number)
        .join(NtmAssessment, NtmAssessment.criterion_id == NtmCriterion.id)
        .join(NtmRecord, NtmRecord.id == NtmAssessment.record_id)
        .where(
            mine,
            NtmRecord.state == NtmState.REGISTERED,
            NtmAssessment.replaced_at.is_(None),
            NtmAssessment.status == NtmStatus.FAILED,
        )
    )
    names = {c.number: c.name for c in criteria(year)}
    figures = list(
        session().scalars(
            select(ProgrammeFigure)
            .where(ProgrammeFigure.as_of >= date(year, 1, 1), ProgrammeFigure.as_of <= date(year, 12, 31))
            .order_by(ProgrammeFigure.id)
        )
    )
    told = [ntm.Told(f.subject, f.value, f.written, f.source_title) for f in figures]
    ready = session().scalar(
        select(func.count())
        .select_from(NtmRecord)
        .where(mine, NtmRecord.state == NtmState.REGISTERED, _passed == ntm.CRITERIA)
    )
    return YearPage(
        {state: states.get(state, 0) for state in NtmState},
        ready or 0,
        [(number, names.get(number, ""), n) for number, n in ntm.blockers(failed)],
        figures,
        ntm.gaps(told),
        ntm.disagreements(told),
    )


def scope_of(year: int, code: str, **_values: Any) -> str | None:
    """A guard's scope: the locality whose record it is; None if there is none."""
    return f"locality:{code}" if find(code, year) is not None else None
