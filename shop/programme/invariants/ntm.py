"""What must always hold of new-rural communes (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from sqlalchemy import func, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.programme.models.ntm import (
    NtmAssessment,
    NtmCriterion,
    NtmGroup,
    NtmPeriod,
    NtmRecord,
    NtmState,
    NtmStatus,
)


@invariant("programme.ntm-recognised-have-passed")
def _recognised_have_passed() -> Iterable[str]:
    """A recognised commune has all criteria of its period passed or not considered."""
    good = (
        select(func.count())
        .select_from(NtmAssessment)
        .where(
            NtmAssessment.record_id == NtmRecord.id,
            NtmAssessment.replaced_at.is_(None),
            NtmAssessment.status.in_((NtmStatus.PASSED, NtmStatus.WITHDRAWN)),
        )
        .correlate(NtmRecord)
        .scalar_subquery()
    )
    asked = (
        select(func.count())
        .select_from(NtmCriterion)
        .join(NtmPeriod, NtmPeriod.id == NtmCriterion.period_id)
        .where(NtmPeriod.first_year <= NtmRecord.target_year, NtmPeriod.last_year >= NtmRecord.target_year)
        .correlate(NtmRecord)
        .scalar_subquery()
    )
    rows = select(NtmRecord.target_year, NtmRecord.commune_code).where(
        NtmRecord.state == NtmState.RECOGNISED, good != asked
    )
    for year, code in session().execute(rows):
        yield f"{year}:{code}"


@invariant("programme.ntm-criteria-of-their-year")
def _criteria_of_their_year() -> Iterable[str]:
    """A commune is assessed by the criteria of the period that the year it aims at lies in, and stands in a group of it or
    in none."""
    rows = (
        select(NtmRecord.target_year, NtmRecord.commune_code)
        .join(NtmAssessment, NtmAssessment.record_id == NtmRecord.id)
        .join(NtmCriterion, NtmCriterion.id == NtmAssessment.criterion_id)
        .join(NtmPeriod, NtmPeriod.id == NtmCriterion.period_id)
        .where((NtmPeriod.first_year > NtmRecord.target_year) | (NtmPeriod.last_year < NtmRecord.target_year))
        .distinct()
    )
    for year, code in session().execute(rows):
        yield f"{year}:{code}"
    group = (
        select(NtmGroup.id)
        .join(NtmPeriod, NtmPeriod.id == NtmGroup.period_id)
        .where(
            NtmGroup.number == NtmRecord.group_number,
            NtmPeriod.first_year <= NtmRecord.target_year,
            NtmPeriod.last_year >= NtmRecord.target_year,
        )
        .correlate(NtmRecord)
        .exists()
    )
    strays = select(NtmRecord.target_year, NtmRecord.commune_code).where(NtmRecord.group_number.is_not(None), ~group)
    for year, code in session().execute(strays):
        yield f"{year}:{code}, group"


@invariant("programme.ntm-one-period-a-year")
def _one_period_a_year() -> Iterable[str]:
    """No year lies in two periods, and the criteria of each are numbered from 1 without a gap."""
    periods = list(session().scalars(select(NtmPeriod).order_by(NtmPeriod.first_year)))
    for before, after in pairwise(periods):
        if before.last_year >= after.first_year:
            yield f"{before.decision}, {after.decision}"
    rows = select(NtmCriterion.period_id, func.count(), func.max(NtmCriterion.number)).group_by(NtmCriterion.period_id)
    counted = {period: (n, most) for period, n, most in session().execute(rows)}
    for period in periods:
        n, most = counted.get(period.id, (0, 0))
        if not n or n != most:
            yield period.decision
