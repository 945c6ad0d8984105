"""Reads of monthly reports: one with its figures and what to compare them with, a month of the province, who is late."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from shop.cycle import localities
from shop.cycle.localities import Locality
from shop.cycle.queries import steps
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.reports import rules
from shop.reports.figures import FIGURES, FLOW, OWN
from shop.reports.models import MonthlyReport, ReportPlan, ReportState, ReportStep, ReportVersion
from shop.reports.queries import counting


def month_of(raw: str) -> date:
    """The month of an address.

    Raises:
        NotFound: no month that has begun.
    """
    found = rules.read_month(raw)
    if found is None:
        raise NotFound
    return found


def last_day(month: date) -> date:
    """The day whose localities report for `month`: its last one, today while it runs."""
    return min(rules.end_of(month) - timedelta(days=1), clock.today())


def locality(code: str, month: date) -> Locality:
    """The locality that reports for `month`.

    Raises:
        NotFound: there is none with this code.
    """
    found = localities.find(code, last_day(month))
    if found is None:
        raise NotFound
    return found


def find(code: str, month: date) -> MonthlyReport | None:
    """The report of a locality for a month; None: nobody has begun it."""
    return session().scalar(
        select(MonthlyReport).where(MonthlyReport.locality_code == code, MonthlyReport.month == month)
    )


def versions(report_id: int) -> list[ReportVersion]:
    """All versions, the latest first."""
    mine = select(ReportVersion).where(ReportVersion.report_id == report_id)
    return list(session().scalars(mine.order_by(ReportVersion.number.desc())))


def version(report_id: int, number: int) -> ReportVersion:
    """One version.

    Raises:
        NotFound.
    """
    found = session().scalar(
        select(ReportVersion).where(ReportVersion.report_id == report_id, ReportVersion.number == number)
    )
    if found is None:
        raise NotFound
    return found


def history(report_id: int) -> list[ReportStep]:
    """Its steps, the latest first."""
    mine = select(ReportStep).where(ReportStep.report_id == report_id)
    return list(session().scalars(mine.order_by(ReportStep.id.desc())))


def locked(month: date) -> dict[str, ReportVersion]:
    """The version that counts of each locality's report of a month, by code; those without one are missing."""
    rows = session().execute(
        select(MonthlyReport.locality_code, ReportVersion)
        .join(ReportVersion, ReportVersion.report_id == MonthlyReport.id)
        .where(MonthlyReport.month == month, ReportVersion.number == MonthlyReport.locked_version)
    )
    return {row[0]: row[1] for row in rows}


def figures_of(month: date) -> dict[str, dict[str, int]]:
    """The system's figures of a month by locality: from locked versions where there are, else counted now."""
    counted = {code: found.figures for code, found in counting.count(month, rules.end_of(month)).items()}
    for code, frozen in locked(month).items():
        told = frozen.content["figures"]
        counted[code] = {key: int(told[key]) for key in FIGURES if key in told}
    return counted


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure beside what it was: last month, the same month last year (None: no such locality then, or nobody could count
    it), the year's plan with what has been reached of it so far."""

    key: str
    now: int | None
    before: int | None
    year_ago: int | None
    plan: int | None
    reached: int | None

    @property
    def percent(self) -> int | None:
        """How much of the plan is reached, in whole percent."""
        if not self.plan or self.reached is None:
            return None
        return self.reached * 100 // self.plan


@dataclass(frozen=True, slots=True)
class Beside:
    """What a month's figures are compared with, by locality."""

    before: Mapping[str, Mapping[str, int]]
    year_ago: Mapping[str, Mapping[str, int]]
    so_far: Mapping[str, Mapping[str, int]]
    plans: Mapping[tuple[str, str], int]


def beside(month: date) -> Beside:
    """Everything to compare the figures of `month` with; counts three spans of all localities."""
    ahead = counting.count(month.replace(month=1), rules.end_of(month))
    rows = session().execute(
        select(ReportPlan.locality_code, ReportPlan.figure, ReportPlan.value).where(ReportPlan.year == month.year)
    )
    return Beside(
        figures_of(clock.add_months(month, -1)),
        figures_of(clock.add_months(month, -12)),
        {code: found.figures for code, found in ahead.items()},
        {(code, key): value for code, key, value in rows},
    )


def compared(code: str, now: Mapping[str, int], others: Beside) -> dict[str, Compared]:
    """The figures of one locality beside what they were."""
    before, ago, so_far = (found.get(code) for found in (others.before, others.year_ago, others.so_far))
    return {
        key: Compared(
            key,
            now.get(key),
            before.get(key) if before is not None else None,
            ago.get(key) if ago is not None else None,
            others.plans.get((code, key)),
            ((so_far or {}).get(key, 0) if figure.over == FLOW else now.get(key)),
        )
        for key, figure in FIGURES.items()
    }


def content(code: str, month: date, said: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a version of a report holds, as plain values, as the books are now."""
    end = rules.end_of(month)
    with force_locale("vi"):  # what is kept is read by everybody
        counted = counting.count(month, end)[code]
    return {
        "month": rules.spelt(month),
        "locality": code,
        "as_of": clock.now().isoformat(),
        **counted.stored(),
        "own": {key: said.get("figures", {}).get(key) for key in OWN if said.get("figures", {}).get(key) is not None},
        "differs": dict(said.get("differs", {})),
        "texts": dict(said.get("texts", {})),
        "blockers": [
            {
                "reference": b.reference, "step": b.step, "what": b.what, "support": b.support or "",
                "opened_on": b.opened_on.isoformat(), "answer": b.answer or "",
                "solved_on": b.solved_on.isoformat() if b.solved_on else "", "solved_how": b.solved_how or "",
            }
            for b in steps.blockers(code, month, end - timedelta(days=1))
        ],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One locality in the list of a month; `report` is None if nobody has begun."""

    locality: Locality
    report: MonthlyReport | None
    due_on: date
    today: date

    @property
    def state(self) -> str:
        """A value of `ReportState`, empty: not begun."""
        return self.report.state.value if self.report else ""

    @property
    def handed_in(self) -> bool:
        """Whether the province has it."""
        return self.report is not None and self.report.state in (ReportState.SUBMITTED, ReportState.LOCKED)

    @property
    def is_late(self) -> bool:
        """Whether it was never handed in and its day is over, or it was handed in after its day."""
        if self.report is not None and self.report.submitted_on is not None:
            return self.report.was_late
        return self.today > self.due_on


def lines(month: date, scopes: Collection[str]) -> list[Line]:
    """The localities of a month that `scopes` cover, with their reports, in the order of their names."""
    seen = steps.codes(scopes)
    found = {r.locality_code: r for r in session().scalars(select(MonthlyReport).where(MonthlyReport.month == month))}
    due, today = rules.due_on(month), clock.today()
    return [
        Line(here, row, row.due_on if row else due, today)
        for here in localities.of_day(last_day(month))
        if seen is None or here.code in seen
        for row in (found.get(here.code),)
    ]


def plans(year: int, code: str) -> dict[str, ReportPlan]:
    """The plan of a locality for a year, by figure."""
    mine = select(ReportPlan).where(ReportPlan.year == year, ReportPlan.locality_code == code)
    return {row.figure: row for row in session().scalars(mine)}


def scope_of(month: str, code: str, **_values: Any) -> str | None:
    """A guard's scope: the locality that the address names; None: no such month."""
    return f"locality:{code}" if rules.read_month(month) else None
