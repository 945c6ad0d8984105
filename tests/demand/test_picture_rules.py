"""The arithmetic of the picture: gaps, cover, the last day to begin, what is left over, what a proposal may say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.demand import picture

MONDAY = date(2026, 11, 23)
THURSDAY = MONDAY + timedelta(days=3)
WEEKS = 13
units = st.floats(0, 500, allow_nan=False)
thirteen = st.lists(units, min_size=WEEKS, max_size=WEEKS)
days = st.integers(0, 6).map(lambda n: MONDAY + timedelta(days=n))


def test_weeks_ahead_begin_today() -> None:
    mean = [float(n) for n in range(13)]
    assert picture.ahead([7.0] * 13, MONDAY, THURSDAY)[:2] == [4.0, 7.0]
    # An old forecast: weeks that are over fall away, its last one goes on.
    assert picture.ahead(mean, MONDAY - timedelta(weeks=2), MONDAY) == [*mean[2:], 12.0, 12.0]
    assert picture.ahead(mean, MONDAY - timedelta(weeks=30), MONDAY) == [12.0] * 13
    assert picture.ahead([], MONDAY, MONDAY) == [0.0] * 13


def test_the_day_of_the_gap_by_hand() -> None:
    walk = picture.walk(21, [7.0] * WEEKS, [0.0] * WEEKS, MONDAY)
    assert (walk.gap_week, walk.gap_on, walk.lacking) == (3, MONDAY + timedelta(weeks=3), 70)
    half = picture.walk(10, [7.0] * WEEKS, [0.0] * WEEKS, MONDAY)
    assert (half.gap_week, half.gap_on) == (1, MONDAY + timedelta(days=10))
    late = picture.walk(0, [7.0, *[0.0] * 12], [0.0] * WEEKS, THURSDAY)
    assert late.gap_on == THURSDAY
    never = picture.walk(5, [0.0] * WEEKS, [0.0] * WEEKS, MONDAY)
    assert (never.gap_week, never.gap_on, never.lacking) == (None, None, 0)


def test_goods_that_come_move_the_gap() -> None:
    coming = picture.by_week({MONDAY - timedelta(days=9): 3, MONDAY + timedelta(weeks=2): 70}, MONDAY)
    assert coming[:3] == [3.0, 0.0, 70.0]
    assert picture.by_week({MONDAY + timedelta(weeks=13): 9}, MONDAY) == [0.0] * WEEKS
    assert picture.walk(11, [7.0] * WEEKS, coming, MONDAY).gap_week == 12


@given(st.integers(0, 2000), thirteen, thirteen, days)
def test_a_gap_is_where_goods_first_lack(free: int, wanted: list[float], coming: list[float], today: date) -> None:
    walk = picture.walk(free, wanted, coming, today)
    first = next((i for i in range(WEEKS) if free + sum(coming[: i + 1]) - sum(wanted[: i + 1]) < -0.051), None)
    if walk.gap_week is None:
        assert first is None
        assert walk.lacking == 0
    else:
        assert first is None or walk.gap_week <= first
        assert walk.gap_on is not None
        assert walk.gap_on >= today
        assert (picture.monday(walk.gap_on) - picture.monday(today)).days // 7 == walk.gap_week
    # Goods that lack, added, close the gap.
    more = picture.walk(free + walk.lacking, wanted, coming, today)
    assert min(more.left) >= -0.06
    assert more.gap_week is None or min(more.left) < -0.04


@given(st.integers(0, 500), thirteen, days)
def test_more_goods_never_last_shorter(free: int, wanted: list[float], today: date) -> None:
    one, two = picture.cover_days(free, wanted, today), picture.cover_days(free + 10, wanted, today)
    assert one is None or one >= 0
    assert two is None or (one is not None and two >= one)
    gap = picture.walk(free, wanted, [0.0] * WEEKS, today).gap_on
    if free and one is not None and gap is not None:
        assert abs((gap - today).days - one) <= 1


def test_what_is_not_there_lasts_no_day() -> None:
    assert picture.cover_days(0, [0.0] * WEEKS, MONDAY) == 0
    assert picture.cover_days(-3, [*[0.0] * 5, 9.0, *[0.0] * 7], MONDAY) == 0
    assert picture.cover_days(1, [0.0] * WEEKS, MONDAY) is None


# --- when to begin -----------------------------------------------------------------------------------------------


def test_the_last_day_is_the_gap_less_the_lead() -> None:
    walk = picture.walk(21, [7.0] * WEEKS, [0.0] * WEEKS, MONDAY)
    assert walk.gap_on is not None
    assert picture.start(walk.gap_on, walk.left, None, 10, MONDAY) == picture.Start(walk.gap_on - timedelta(days=10), 0)
    plenty = picture.start(walk.gap_on, walk.left, [700.0] * WEEKS, 10, MONDAY)
    assert plenty.lacking == 0
    assert plenty.by is not None
    assert plenty.by <= walk.gap_on - timedelta(days=10)


def test_a_fair_in_eight_weeks_with_two_months_lead_is_late_today() -> None:
    fair = [0.0] * 8 + [100.0] + [0.0] * 4
    walk = picture.walk(0, fair, [0.0] * WEEKS, MONDAY)
    assert walk.gap_on == MONDAY + timedelta(weeks=8)
    start = picture.start(walk.gap_on, walk.left, [500.0] * WEEKS, 61, MONDAY)
    assert start.by is not None
    assert start.by < MONDAY
    in_time = picture.start(walk.gap_on, walk.left, [500.0] * WEEKS, 40, MONDAY)
    assert in_time.by is not None
    assert in_time.by >= MONDAY
    assert in_time.lacking == 0


def test_small_hands_begin_earlier_and_may_not_make_it() -> None:
    fair = [0.0] * 8 + [100.0] + [0.0] * 4
    walk = picture.walk(0, fair, [0.0] * WEEKS, MONDAY)
    assert walk.gap_on is not None
    slow = picture.start(walk.gap_on, walk.left, [20.0] * WEEKS, 0, MONDAY)
    assert slow.by is not None
    assert MONDAY <= slow.by <= walk.gap_on - timedelta(weeks=4)
    assert picture.start(walk.gap_on, walk.left, [5.0] * WEEKS, 0, MONDAY) == picture.Start(None, 55)
    # A season that gives nothing until then.
    winter = picture.start(walk.gap_on, walk.left, [0.0] * 9 + [500.0] * 4, 0, MONDAY)
    assert winter == picture.Start(None, 100)


@given(st.integers(0, 300), thirteen, thirteen, st.integers(0, 120), days)
def test_whoever_begins_in_time_lacks_nothing_more(
    free: int, wanted: list[float], made: list[float], lead: int, today: date
) -> None:
    walk = picture.walk(free, wanted, [0.0] * WEEKS, today)
    if walk.gap_on is None:
        return
    start = picture.start(walk.gap_on, walk.left, made, lead, today)
    assert 0 <= start.lacking <= walk.lacking + 1
    assert start.by is None or start.by <= walk.gap_on - timedelta(days=lead)
    # Longer lead times never help, nor do smaller hands.
    longer = picture.start(walk.gap_on, walk.left, made, lead + 7, today)
    assert longer.lacking >= start.lacking
    assert start.by is not None or longer.by is None
    less = picture.start(walk.gap_on, walk.left, [n / 2 for n in made], lead, today)
    assert less.lacking >= start.lacking


def test_a_batch_is_worth_making() -> None:
    assert [picture.batch(n, 50) for n in (0, 3, 50, 80)] == [0, 50, 50, 80]
    assert picture.batch(3, None) == 3


# --- what is left over -------------------------------------------------------------------------------------------


def test_lots_that_end_first_are_sold_first() -> None:
    lots = [(1, 10, MONDAY + timedelta(days=13)), (2, 30, MONDAY + timedelta(days=27))]
    assert picture.leftover(lots, [7.0] * WEEKS, MONDAY) == [picture.LotLeft(2, 30, 12)]
    assert picture.leftover(lots, [0.0] * WEEKS, MONDAY) == [picture.LotLeft(1, 10, 10), picture.LotLeft(2, 30, 30)]
    assert picture.leftover(lots, [70.0] * WEEKS, MONDAY) == []


lots_of = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 150)), max_size=6).map(
    lambda found: [(i, n, MONDAY + timedelta(days=d)) for i, (n, d) in enumerate(found)]
)


@given(lots_of, thirteen, days)
def test_never_more_is_left_than_there_is(lots: list[tuple[int, int, date]], wanted: list[float], today: date) -> None:
    lots = [(i, n, max(d, today)) for i, n, d in lots]
    left = picture.leftover(lots, wanted, today)
    sizes = {i: n for i, n, _d in lots}
    assert all(0 < x.left <= sizes[x.lot] for x in left)
    # What sells and what is left are all there is.
    last = max((d for _i, _n, d in lots), default=today)
    sold = sum(sizes.values()) - sum(x.left for x in left)
    assert sold <= picture.wanted_until(wanted, today, last) + len(lots) * 1.1


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(1, 30), units), max_size=12, unique_by=lambda r: r[0]))
def test_proposals_never_exceed_goods_or_room(left: int, rooms: list[tuple[int, float]]) -> None:
    found = picture.share_out(left, rooms)
    assert sum(n for _p, n in found) <= left
    room = dict(rooms)
    assert all(0 < n <= room[p] + picture.CRUMB for p, n in found)


@pytest.mark.parametrize(("elasticity", "expected"), [(None, 100.0), (0.1, 100.0), (1.5, 0.0)])
def test_no_price_is_proposed_without_figures(elasticity: float | None, expected: float) -> None:
    assert picture.cut(expected, 40, elasticity) is None


@given(st.floats(1, 1000), st.integers(1, 500), st.floats(0.3, 5))
def test_a_lower_price_sells_no_more_than_is_left(expected: float, left: int, elasticity: float) -> None:
    found = picture.cut(expected, left, elasticity)
    if found is not None:
        assert 3 <= found.percent <= 40
        assert 1 <= found.units <= left


def test_a_price_by_hand() -> None:
    # 2: ten per cent cheaper sells some 23 % more.
    assert picture.cut(100, 23, 2.0) == picture.Cut(10, 23)
