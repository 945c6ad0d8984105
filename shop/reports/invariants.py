"""What must always hold of reports (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.reports import figures, rules
from shop.reports.models import MonthlyReport, ProvinceReport, ReportState, ReportStep, ReportVersion


@invariant("reports.versions-are-what-was-frozen")
def _versions_are_what_was_frozen() -> Iterable[str]:
    """A version's content has the digest that was taken when it was frozen, and its figures are the sums of their rows."""
    rows = session().execute(
        select(MonthlyReport.month, MonthlyReport.locality_code, ReportVersion)
        .join(MonthlyReport, MonthlyReport.id == ReportVersion.report_id)
        .order_by(ReportVersion.id)
    )
    for month, code, v in rows:
        sums = {key: sum(row[2] for row in found) for key, found in v.content["rows"].items()}
        told = {key: value for key, value in v.content["figures"].items() if value or key in sums}
        if figures.digest(v.content) != v.digest or told != sums:
            yield f"{rules.spelt(month)}:{code}:{v.number}"


@invariant("reports.summaries-are-what-was-frozen")
def _summaries_are_what_was_frozen() -> Iterable[str]:
    """A frozen summary has its digest, and its totals are the sums of its localities and of what belongs to none."""
    for row in session().scalars(select(ProvinceReport).order_by(ProvinceReport.id)):
        c = row.content
        sums = figures.total([*(p["figures"] for p in c["localities"]), c["unknown"]])
        if figures.digest(c) != row.digest or sums != figures.total([c["totals"]]):
            yield f"{rules.spelt(row.month)}:{row.version}"


@invariant("reports.steps-lead-to-their-state")
def _steps_lead_to_their_state() -> Iterable[str]:
    """The last step of a report leads to the state it is in; one that was handed in has its version."""
    steps = session().execute(select(ReportStep.report_id, ReportStep.to_state).order_by(ReportStep.id))
    last = {row.report_id: row.to_state for row in steps}  # the last one of a report stays
    numbers: dict[int, int] = {}
    for report_id, number in session().execute(select(ReportVersion.report_id, ReportVersion.number)):
        numbers[report_id] = max(number, numbers.get(report_id, 0))
    for row in session().scalars(select(MonthlyReport).order_by(MonthlyReport.id)):
        if last.get(row.id) != row.state.value or numbers.get(row.id, 0) != row.version or (
            row.state is not ReportState.DRAFT and row.version == 0
        ):  # fmt: skip
            yield f"{rules.spelt(row.month)}:{row.locality_code}"
