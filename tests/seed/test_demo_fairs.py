"""The fair that the demonstration prepares, and the fairs that sources tell of."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from shop.demand import lunar
from shop.exhibitions import drawn
from shop.exhibitions.models.allotting import ExhibitionRule
from shop.exhibitions.models.closing import FairReport, Sheet, SheetState
from shop.exhibitions.models.days import Paper
from shop.exhibitions.models.fairs import BudgetLine, Exhibition, FairState
from shop.exhibitions.queries import public, sheets
from shop.kernel import clock
from shop.kernel.db import session
from shop.seed import fairs_plan


def coming() -> Exhibition:
    """The demonstration's fair that is being prepared; the other one is over."""
    wanted = select(Exhibition).where(Exhibition.is_demo, Exhibition.to_on > clock.today())
    return session().scalars(wanted).one()


def test_the_spring_fair_is_announced_with_its_plan(shop: Any) -> None:
    fair = coming()
    today = clock.today()
    assert fair.state is FairState.ANNOUNCED
    assert "minh họa" in fair.name
    assert fair.from_on is not None
    assert fair.last_on is not None
    assert fair.from_on >= today + fairs_plan.NOTICE * fairs_plan.DAY
    assert fair.last_on < lunar.tet(fair.from_on.year), "it is over before Tết"
    p = drawn.of(fair, who=True)
    assert len(p.booths) == 62
    assert len(p.zones) == 4
    assert p.shut_in == ()
    assert all(b.zone is not None for b in p.booths)
    assert session().scalar(select(func.count(BudgetLine.id)).where(BudgetLine.exhibition_id == fair.id)) == 6
    found = public.upcoming(today)
    assert found is not None
    assert found.slug == fair.slug
    assert [step.to_state for step in fair.steps] == ["draft", "announced"]
    assert fair.steps[0].at < fair.steps[1].at < clock.now() - timedelta(days=10)


def test_producers_can_apply_on_the_day_it_is_loaded(shop: Any) -> None:
    assert coming().takes_applications(clock.today())


def test_the_fairs_of_the_sources_are_there(shop: Any) -> None:
    known = session().scalar(select(func.count(Exhibition.id)).where(Exhibition.state == FairState.RECORDED))
    assert known == 19


@pytest.mark.parametrize(
    "today", [date(2026, 11, 28), date(2026, 12, 13), date(2026, 12, 14), date(2027, 1, 20), date(2028, 2, 29)]
)
def test_there_is_always_time_to_prepare(today: date) -> None:
    first = fairs_plan.spring(today)
    assert first >= today + timedelta(days=fairs_plan.NOTICE)
    assert first - fairs_plan.CALL_ENDS * fairs_plan.DAY > today, "the call is open on that day"
    assert first + timedelta(days=fairs_plan.BEFORE_TET) == lunar.tet(first.year)


def test_the_autumn_fair_is_closed_and_reported(shop: Any) -> None:
    fair = session().scalars(select(Exhibition).where(Exhibition.is_demo, Exhibition.to_on <= clock.today())).one()
    assert fair.state is FairState.REPORTED
    assert [step.to_state for step in fair.steps] == [
        "draft", "announced", "allotted", "running", "closed", "reported"
    ]  # fmt: skip
    found = list(session().scalars(select(Sheet).where(Sheet.exhibition_id == fair.id)))
    assert {sheet.state for sheet in found} == {SheetState.FROZEN}
    report = session().scalars(select(FairReport).where(FairReport.exhibition_id == fair.id)).one()
    assert report.number == 1
    # Its draw can be worked out again, what it cost is known, and producers are owed what was sold for them.
    rule = session().get_one(ExhibitionRule, fair.id)
    assert rule.revealed_at is not None
    assert hashlib.sha256(rule.seed.encode()).hexdigest() == rule.seed_digest
    assert (report.figures["cost_basis"], report.figures["sums"]["cost"]) == ("actual", 9_270_000)
    assert report.figures["sums"]["cost_per_1000"] > 0
    makers = [sheet for sheet in found if sheet.producer_id is not None]
    assert len(makers) == 4
    for sheet in makers:
        figures = sheets.whole(sheet.reference).shown
        assert figures["commission"] > 0
        assert figures["owed"] > 0
    papers = select(func.count(Paper.id)).where(Paper.exhibition_id == fair.id)
    assert (session().scalar(papers) or 0) >= 4
