"""The demonstration's rounds stand on the days of the law, whatever the day on which it is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shop.decisions.models import Decision, Source, State
from shop.kernel import clock
from shop.kernel.db import session
from shop.programme.models.councils import Hearing
from shop.programme.models.dossiers import Dossier, Round, RoundLevel
from shop.seed.dossiers import Span, calendar, ministry

DAY = timedelta(days=1)


@given(today=st.dates(date(2026, 9, 1), date(2040, 12, 31)))
def test_the_two_rounds_of_a_year(today: date) -> None:
    before, present = calendar(today)
    assert (present.cut_off.month, present.ends_on.month) in {(4, 6), (10, 12)} and present.cut_off.day == 30
    assert today <= present.ends_on and before.ends_on < today
    assert before.cut_off < present.cut_off and before.ends_on < present.ends_on
    # What was forwarded at its hearing came in before a cut-off of the ministry.
    heard = before.cut_off + 18 * DAY
    ahead = ministry(heard)
    assert heard <= ahead.cut_off < ahead.ends_on and ahead.cut_off.month in {1, 7} and ahead.ends_on.month in {3, 9}


@pytest.mark.parametrize(
    ("today", "before", "present"),
    [
        (date(2026, 11, 30), Span(date(2026, 6, 30), date(2026, 7, 30)), Span(date(2026, 10, 30), date(2026, 12, 30))),
        (date(2026, 12, 31), Span(date(2026, 10, 30), date(2026, 12, 30)), Span(date(2027, 4, 30), date(2027, 6, 30))),
        (date(2027, 6, 30), Span(date(2026, 10, 30), date(2026, 12, 30)), Span(date(2027, 4, 30), date(2027, 6, 30))),
    ],
)
def test_known_days(today: date, before: Span, present: Span) -> None:
    assert calendar(today) == (before, present)


def _days(value: Any) -> Iterator[date]:
    """Every day that stands anywhere in stored figures."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _days(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _days(inner)
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        yield date.fromisoformat(value)


def test_figures_of_a_dossier_know_nothing_of_later_days(shop: Any) -> None:
    kept = [d.evidence for d in session().scalars(select(Dossier).where(Dossier.is_demo)) if d.evidence]
    assert len(kept) >= 10
    for evidence in kept:
        taken = date.fromisoformat(evidence["taken_on"])
        assert max(_days(evidence)) == taken, evidence


def test_a_product_of_90_points_went_to_the_ministry(shop: Any) -> None:
    rows = session().scalars(select(Dossier).where(Dossier.forwarded_at.is_not(None))).all()
    assert rows and all(d.ministry_round_id is not None for d in rows)
    levels = {r.level for r in session().scalars(select(Round))}
    assert levels == {RoundLevel.PROVINCE, RoundLevel.MINISTRY}
    told = [h.total for h in session().scalars(select(Hearing).where(Hearing.dossier_id.in_([d.id for d in rows])))]
    assert all(total is not None and total >= 90 for total in told)
    drafts = session().scalars(select(Decision).where(Decision.source == Source.RESULTS)).all()
    assert drafts and all(row.is_demo and row.state is State.DRAFT and row.lines for row in drafts)


def test_what_is_proposed_after_a_cut_off_waits_in_the_next_round(shop: Any) -> None:
    for d in session().scalars(select(Dossier).where(Dossier.is_demo, Dossier.proposed_at.is_not(None))):
        here = session().get_one(Round, d.round_id)
        assert d.proposed_at is not None and clock.business_day(d.proposed_at) <= here.cut_off
