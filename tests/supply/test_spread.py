"""The arithmetic of what can be made: by examples, and for whatever people may say."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.supply import spread
from shop.supply.models import Per, Season
from shop.supply.spread import ALL_YEAR, Batch, Rate, Said

MONDAY = date(2026, 6, 1)  # a Monday, and the first of a month of 30 days


def highs(weeks: tuple[spread.Week, ...]) -> list[int]:
    return [week.high for week in weeks]


def one(said: Said, months: str = ALL_YEAR, from_on: date = MONDAY, to_on: date = date(2026, 7, 1)):
    found, _pool = spread.packs(Said(), {1: said}, months, from_on, to_on)
    return found[1]


def test_weeks_run_from_monday_and_are_cut_at_both_ends() -> None:
    spans = spread.weeks_of(date(2026, 6, 3), date(2026, 6, 16))
    assert spans == [
        (date(2026, 6, 3), date(2026, 6, 8)),
        (date(2026, 6, 8), date(2026, 6, 15)),
        (date(2026, 6, 15), date(2026, 6, 16)),
    ]
    for wrong in ((MONDAY, MONDAY), (MONDAY, MONDAY - timedelta(days=1)), (MONDAY, MONDAY + timedelta(days=1500))):
        with pytest.raises(ValueError):
            spread.weeks_of(*wrong)


def test_a_month_is_spread_over_its_days_and_stays_whole() -> None:
    weeks = one(Said((Rate(100, Per.MONTH, MONDAY),)))
    assert sum(highs(weeks)) == 100
    assert [(w.ends_on - w.starts_on).days for w in weeks] == [7, 7, 7, 7, 2]
    assert highs(weeks) == [23, 23, 24, 23, 7]  # 23⅓ a week, each in its turn
    assert highs(one(Said((Rate(70, Per.WEEK, MONDAY),)))) == [70, 70, 70, 70, 20]


def test_two_months_in_one_week() -> None:
    """29 June to 5 July: two days of June at 30 a month, five of July at 31."""
    rates = (Rate(30, Per.MONTH, MONDAY, date(2026, 7, 1)), Rate(31, Per.MONTH, date(2026, 7, 1)))
    [week] = one(Said(rates), from_on=date(2026, 6, 29), to_on=date(2026, 7, 6))
    assert (week.low, week.high) == (7, 7)


def test_seasons_make_a_range() -> None:
    june = {s: ALL_YEAR[:5] + s + ALL_YEAR[6:] for s in Season}
    rate = Said((Rate(80, Per.WEEK, MONDAY),))
    found = {s: one(rate, months, to_on=date(2026, 6, 8))[0] for s, months in june.items()}
    assert {s: (w.low, w.high) for s, w in found.items()} == {
        Season.NONE: (0, 0),
        Season.LOW: (20, 40),
        Season.NORMAL: (80, 80),
        Season.HIGH: (80, 120),
    }


def test_a_product_is_a_ceiling_over_its_packs() -> None:
    whole = Said((Rate(100, Per.WEEK, MONDAY),))
    packs = {1: Said((Rate(70, Per.WEEK, MONDAY),)), 2: Said((Rate(60, Per.WEEK, MONDAY),)), 3: Said()}
    found, pool = spread.packs(whole, packs, ALL_YEAR, MONDAY, date(2026, 6, 8))
    assert {pack: weeks[0].high for pack, weeks in found.items()} == {1: 70, 2: 60, 3: 100}
    assert pool[0].high == 100
    found, pool = spread.packs(Said(), packs, ALL_YEAR, MONDAY, date(2026, 6, 8))
    assert found[3][0].high == 0
    assert pool[0].high == 130
    small = Said((Rate(50, Per.WEEK, MONDAY),))
    found, pool = spread.packs(small, {1: packs[1], 2: packs[2]}, ALL_YEAR, MONDAY, date(2026, 6, 8))
    assert {weeks[0].high for weeks in found.values()} == {50} == {pool[0].high}


def test_a_ceiling_binds_only_on_its_days() -> None:
    whole = Said((Rate(7, Per.WEEK, MONDAY, date(2026, 6, 3)),))
    found, _pool = spread.packs(whole, {1: Said((Rate(70, Per.WEEK, MONDAY),))}, ALL_YEAR, MONDAY, date(2026, 6, 8))
    assert found[1][0].high == 2 + 50


def test_a_harvest_is_not_added_to_the_rate() -> None:
    batch = Batch(40, 90, date(2026, 6, 2), date(2026, 6, 3))
    rate = Rate(70, Per.WEEK, MONDAY)
    weeks = one(Said((rate,), (batch,)))
    assert (weeks[0].low, weeks[0].high) == (70, 90)
    assert highs(weeks)[1:4] == [70, 70, 70]
    assert [(w.low, w.high) for w in one(Said((), (batch,)))][:2] == [(40, 90), (0, 0)]
    both = Said((), (batch, Batch(1, 10, date(2026, 6, 4), date(2026, 6, 5))))
    found, pool = spread.packs(Said((), (batch,)), {1: both}, ALL_YEAR, MONDAY, date(2026, 6, 8))
    assert found[1][0].high == pool[0].high == 100  # the product's and the pack's are the same fruits


def test_a_harvest_over_weeks() -> None:
    batch = Batch(0, 140, date(2026, 6, 4), date(2026, 6, 18))  # fourteen days, ten a day
    assert highs(one(Said((), (batch,))))[:3] == [40, 70, 30]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
calendars = st.text("0123", min_size=12, max_size=12)


@st.composite
def spans(draw) -> tuple[date, date]:
    start = draw(days)
    return start, start + timedelta(days=draw(st.integers(1, 400)))


@st.composite
def said(draw) -> Said:
    """Rates one after the other, and some harvests."""
    rates, at = [], draw(days)
    for _ in range(draw(st.integers(0, 3))):
        end = at + timedelta(days=draw(st.integers(1, 200)))
        rates.append(Rate(draw(st.integers(1, 10_000)), draw(st.sampled_from(Per)), at, end))
        at = end + timedelta(days=draw(st.integers(0, 30)))
    batches = []
    for _ in range(draw(st.integers(0, 2))):
        low = draw(st.integers(0, 5000))
        batches.append(Batch(low, low + draw(st.integers(0, 5000)), *draw(spans())))
    return Said(tuple(rates), tuple(batches))


@settings(max_examples=60, deadline=None)
@given(whole=said(), first=said(), second=said(), months=calendars, span=spans())
def test_whatever_is_said(whole: Said, first: Said, second: Said, months: str, span: tuple[date, date]) -> None:
    found, pool = spread.packs(whole, {1: first, 2: second}, months, *span)
    everything = [*found.values(), pool]
    for weeks in everything:
        assert weeks[0].starts_on == span[0]
        assert weeks[-1].ends_on == span[1]
        assert all(a.ends_on == b.starts_on for a, b in pairwise(weeks))
        assert all(0 <= week.low <= week.high for week in weeks)
    total = sum(highs(pool))
    for weeks in found.values():
        assert sum(highs(weeks)) <= total  # a pack never has more than all packs together
    # Nothing is counted twice: all together are within what was said of each.
    if not whole.batches and not first.batches and not second.batches:
        assert total <= sum(highs(found[1])) + sum(highs(found[2])) + 1
    if whole.rates and not (whole.batches or first.batches or second.batches):
        start, end = whole.rates[0].from_on, whole.rates[-1].to_on
        if start <= span[0] and span[1] <= end and len(whole.rates) == 1:
            alone, _pool = spread.packs(Said(), {1: whole}, months, *span)
            assert total <= sum(highs(alone[1]))


@settings(max_examples=40, deadline=None)
@given(units=st.integers(1, 1_000_000), per=st.sampled_from(Per), span=spans())
def test_weeks_add_up_to_the_exact_sum(units: int, per: Per, span: tuple[date, date]) -> None:
    weeks = one(Said((Rate(units, per, span[0]),)), from_on=span[0], to_on=span[1])
    exact, day = Fraction(0), span[0]
    while day < span[1]:
        length = 7 if per is Per.WEEK else (spread.clock.add_months(day.replace(day=1), 1) - day.replace(day=1)).days
        exact += Fraction(units, length)
        day += timedelta(days=1)
    assert sum(highs(weeks)) == sum(week.low for week in weeks) == int(exact)
    # A month from its first day to its last is what was said.
    first = span[0].replace(day=1)
    month = one(Said((Rate(units, Per.MONTH, first),)), from_on=first, to_on=spread.clock.add_months(first, 1))
    assert sum(highs(month)) == units
