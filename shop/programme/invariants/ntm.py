"""What must always hold of new-rural communes (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.programme import ntm
from shop.programme.models.ntm import NtmAssessment, NtmCriterion, NtmRecord, NtmState, NtmStatus


@invariant("programme.ntm-recognised-have-passed")
def _recognised_have_passed() -> Iterable[str]:
    """A recognised commune has all nineteen criteria passed or not considered."""
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
    rows = select(NtmRecord.target_year, NtmRecord.commune_code).where(
        NtmRecord.state == NtmState.RECOGNISED, good != ntm.CRITERIA
    )
    for year, code in session().execute(rows):
        yield f"{year}:{code}"


@invariant("programme.ntm-criteria-of-their-year")
def _criteria_of_their_year() -> Iterable[str]:
    """A commune is assessed by the criteria that are in force in the year it aims at."""
    rows = (
        select(NtmRecord.target_year, NtmRecord.commune_code, NtmCriterion.valid_from, NtmCriterion.valid_to)
        .join(NtmAssessment, NtmAssessment.record_id == NtmRecord.id)
        .join(NtmCriterion, NtmCriterion.id == NtmAssessment.criterion_id)
        .distinct()
    )
    for year, code, valid_from, valid_to in session().execute(rows):
        if valid_from.year > year or (valid_to is not None and valid_to.year <= year):
            yield f"{year}:{code}"
