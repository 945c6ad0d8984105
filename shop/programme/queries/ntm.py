"""Reads of the new-rural communes: a year of the province, one commune with its criteria, figures of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places
from shop.places.queries.old import localities_of_2014
from shop.points import locator
from shop.programme import ntm
from shop.programme.models.ntm import (
    NTM_NAMES,
    NtmAssessment,
    NtmCriterion,
    NtmGroup,
    NtmPeriod,
    NtmRecord,
    NtmState,
    NtmStatus,
    ProgrammeFigure,
)

_GOOD = (NtmStatus.PASSED, NtmStatus.WITHDRAWN)


def period(year: int) -> NtmPeriod | None:
    """The period that `year` lies in; None: no decision is known that sets its criteria."""
    if not 2009 <= year <= 2100:
        return None
    return session().scalar(select(NtmPeriod).where(NtmPeriod.first_year <= year, NtmPeriod.last_year >= year))


def criteria(year: int) -> list[NtmCriterion]:
    """The criteria by which communes that aim at `year` are assessed; empty if no list is known for it."""
    found = period(year)
    if found is None:
        return []
    mine = select(NtmCriterion).where(NtmCriterion.period_id == found.id)
    return list(session().scalars(mine.order_by(NtmCriterion.number)))


def groups(year: int) -> list[NtmGroup]:
    """The groups into which communes fall in the period of `year`, by number; empty: it has none."""
    found = period(year)
    if found is None:
        return []
    return list(session().scalars(select(NtmGroup).where(NtmGroup.period_id == found.id).order_by(NtmGroup.number)))


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


def years(today: date) -> tuple[list[int], list[int]]:
    """The years that there is something of, with the present one, and the others whose criteria are known; the latest first."""
    found = {today.year, *session().scalars(select(NtmRecord.target_year).distinct())}
    found |= {day.year for day in session().scalars(select(ProgrammeFigure.as_of).distinct())}
    known = {
        year
        for first, last in session().execute(select(NtmPeriod.first_year, NtmPeriod.last_year))
        for year in range(first, last + 1)
    }
    return sorted(found, reverse=True), sorted(known - found, reverse=True)


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
    """The criteria of a commune's period as they stand now."""
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


def _area(value: str) -> Any:
    """The condition on records of one local unit of 2014: by the district of their time, else by today's commune."""
    name = next((p.name for p in locator.localities().values() if text.slugify(p.name) == value), "")
    codes = [code for code, area in localities_of_2014().items() if area == name]
    above = [f"{word} {name}" for word in ("Huyện", "Thị xã", "Thành phố")]
    return or_(
        NtmRecord.district_name.in_(above), and_(NtmRecord.district_name.is_(None), NtmRecord.commune_code.in_(codes))
    )


def _areas() -> list[tuple[str, str]]:
    return [(text.slugify(name), name) for name in locator.locality_names()]


_GROUP = tables.Column("group_text", N_("Nhóm xã"), sort=(NtmRecord.group_number,))
_DISTRICT = tables.Column("district", N_("Cấp huyện khi đó"), sort=(NtmRecord.district_name,))


def communes_table(year: int) -> tables.Table:
    """The list of a year: with the groups of its period if it has any, with districts if its communes lay in some."""
    grouped, had_districts = groups(year), year < 2025
    return tables.Table(
        name=f"xa-nong-thon-moi-{year}",
        columns=(
            tables.Column("name", N_("Xã"), sort=(NtmRecord.sort_name,)),
            *([_DISTRICT] if had_districts else []),
            *([_GROUP] if grouped else []),
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
            tables.Filter("area", N_("Địa bàn"), _area, _areas),
            *(
                [
                    tables.Filter(
                        "group", N_("Nhóm xã"),
                        lambda v: NtmRecord.group_number.is_(None) if v == "0" else NtmRecord.group_number == int(v),
                        lambda: [*((str(g.number), group_text(g.number)) for g in grouped), ("0", group_text(None))],
                    )
                ]
                if grouped
                else []
            ),
        ),
        search=_matching,
    )  # fmt: skip


def group_text(number: int | None) -> str:
    """A group as pages call it."""
    word: str = gettext("Nhóm %(n)s", n=number) if number else gettext("chưa rõ")
    return word


@dataclass(frozen=True, slots=True)
class CommuneRow:
    """One commune in the list of a year; `state` is a value of `NtmState`, `total` the number of criteria of its period."""

    code: str
    name: str
    district: str | None
    group: int | None
    state: str
    passed: int
    failed: int
    decision: str | None
    recognised_on: date | None
    is_demo: bool
    total: int

    @property
    def unknown(self) -> int:
        """Criteria that nobody has assessed."""
        return self.total - self.passed - self.failed

    @property
    def group_text(self) -> str:
        """Its group as pages call it."""
        return group_text(self.group)


def commune_rows(year: int, scopes: Iterable[str]) -> Any:
    """The statement behind `communes_table`; `CommuneRow` takes its columns, then the number of criteria."""
    return select(
        NtmRecord.commune_code,
        NtmRecord.commune_name,
        NtmRecord.district_name,
        NtmRecord.group_number,
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

    period: NtmPeriod | None
    criteria: list[NtmCriterion]
    groups: list[NtmGroup]
    counts: dict[NtmState, int]
    ready: int
    unassessed: int
    blockers: list[tuple[int, str, int]]
    map: locator.CountMap
    figures: list[ProgrammeFigure]
    gaps: list[ntm.Gap]
    disputed: set[str]


def year_page(year: int, scopes: Iterable[str]) -> YearPage:
    """What the page of a year shows above its list. `ready` communes have all criteria passed and no decision yet; of
    `unassessed` ones nobody has said anything."""
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
    known = criteria(year)
    names = {c.number: c.name for c in known}
    figures = list(
        session().scalars(
            select(ProgrammeFigure)
            .where(ProgrammeFigure.as_of >= date(year, 1, 1), ProgrammeFigure.as_of <= date(year, 12, 31))
            .order_by(ProgrammeFigure.id)
        )
    )
    told = [ntm.Told(f.subject, f.value, f.written, f.source_title) for f in figures]
    aiming = select(func.count()).select_from(NtmRecord).where(mine, NtmRecord.state == NtmState.REGISTERED)
    said = select(NtmAssessment.id).where(NtmAssessment.record_id == NtmRecord.id).exists()
    return YearPage(
        period(year),
        known,
        groups(year),
        {state: states.get(state, 0) for state in NtmState},
        (session().scalar(aiming.where(_passed == len(known))) or 0) if known else 0,
        session().scalar(aiming.where(~said)) or 0,
        [(number, names.get(number, ""), n) for number, n in ntm.blockers(failed)],
        _map(mine),
        figures,
        ntm.gaps(told),
        ntm.disagreements(told),
    )


def concerns(scopes: Iterable[str], day: date) -> bool:
    """Whether these scopes hold a commune on `day`: wards and special zones are not assessed by these criteria."""
    found = set(scopes)
    if "*" in found:
        return True
    codes = [s.partition(":")[2] for s in found if s.startswith("locality:")]
    return any((unit := places.unit(code, day)) is not None and ntm.may_aim(unit.type) for code in codes)


def _map(mine: Any) -> locator.CountMap:
    """Where the communes lie, by local unit of 2014: those that aim at the year, of them those recognised."""
    by_code, known = localities_of_2014(), {p.name for p in locator.localities().values()}
    aimed: Counter[str] = Counter()
    done: Counter[str] = Counter()
    rows = select(NtmRecord.commune_code, NtmRecord.district_name, NtmRecord.state).where(
        mine, NtmRecord.state != NtmState.WITHDRAWN
    )
    for code, district, state in session().execute(rows):
        area = by_code.get(code, "")
        if district:
            area = next((name for name in known if district.endswith(f" {name}")), "")
        aimed[text.slugify(area)] += 1
        done[text.slugify(area)] += state is NtmState.RECOGNISED
    return locator.count_map(aimed, done)


def thresholds_told(year: int, number: int, group: int | None) -> list[str]:
    """Thresholds that were written of this criterion for other communes of the year, of the same group, the latest first."""
    told = session().scalars(
        select(NtmAssessment.threshold)
        .join(NtmRecord, NtmRecord.id == NtmAssessment.record_id)
        .join(NtmCriterion, NtmCriterion.id == NtmAssessment.criterion_id)
        .where(
            NtmRecord.target_year == year,
            NtmRecord.group_number.is_(None) if group is None else NtmRecord.group_number == group,
            NtmCriterion.number == number,
            NtmAssessment.threshold.is_not(None),
            NtmAssessment.replaced_at.is_(None),
        )
        .order_by(NtmAssessment.id.desc())
        .limit(50)
    )
    return [word for word in dict.fromkeys(told) if word][:3]


def scope_of(year: int, code: str, **_values: Any) -> str | None:
    """A guard's scope: the locality whose record it is; None if there is none."""
    return f"locality:{code}" if find(code, year) is not None else None
