"""Rectangles on a grid, rows of booths, and what a booth costs: pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.exhibitions import fees, plan
from shop.exhibitions.models.fairs import SubsidyFor
from shop.exhibitions.plan import Direction, Shape

SIDES = st.integers(1, 6)
PLACES = st.integers(-3, 14)
SHAPES = st.builds(
    Shape, st.text("AB", min_size=1, max_size=3), PLACES, PLACES, SIDES, SIDES, st.booleans(), st.booleans()
)


def cells(s: Shape) -> set[tuple[int, int]]:
    return {(x, y) for x in range(s.x, s.x + s.columns) for y in range(s.y, s.y + s.rows)}


@given(SHAPES, SHAPES)
def test_two_overlap_where_they_share_a_cell(a, b):
    assert plan.overlap(a, b) == plan.overlap(b, a) == (bool(cells(a) & cells(b)) and not (a.aisle and b.aisle))


@given(st.lists(SHAPES, max_size=12))
def test_every_overlapping_pair_is_found_once(shapes):
    wanted = [
        (shapes[i], shapes[j])
        for i in range(len(shapes))
        for j in range(i + 1, len(shapes))
        if plan.overlap(shapes[i], shapes[j])
    ]
    assert plan.overlaps(shapes) == wanted


@given(SHAPES, st.integers(1, 12), st.integers(1, 12))
def test_inside_means_every_cell_is(shape, columns, rows):
    hall = {(x, y) for x in range(columns) for y in range(rows)}
    assert plan.inside(shape, columns, rows) == (cells(shape) <= hall)


@given(st.integers(1, 30), SIDES, SIDES, st.sampled_from(Direction), st.integers(0, 3), st.integers(1, 2))
def test_a_row_neither_overlaps_nor_repeats_a_code(count, columns, rows, direction, gap, step):
    made = plan.row("A1", count, 0, 0, columns, rows, direction, gap=gap, step=step)
    assert len(made) == count
    assert plan.overlaps(made) == []
    assert len({s.name for s in made}) == count
    assert made[0] == Shape("A1", 0, 0, columns, rows, booth=True)


@pytest.mark.parametrize(
    ("first", "step", "codes"),
    [
        ("A1", 1, ["A1", "A2", "A3"]),
        ("A08", 1, ["A08", "A09", "A10"]),
        ("B", 1, ["B1", "B2", "B3"]),
        ("7", 2, ["7", "9", "11"]),
        ("OCOP-99", 1, ["OCOP-99", "OCOP-100", "OCOP-101"]),
        ("", 1, ["1", "2", "3"]),
    ],
)
def test_codes(first, step, codes):
    assert plan.codes(first, 3, step) == codes


def booth(name, x, y, columns=2, rows=2):
    return Shape(name, x, y, columns, rows, booth=True)


def test_a_booth_behind_others_is_shut_in():
    ring = [booth(f"R{x}{y}", x, y) for x in (0, 2, 4) for y in (0, 2, 4)]
    assert [s.name for s in plan.shut_in(ring, 10, 10)] == ["R00", "R02", "R20", "R22"]
    wide = [s for s in ring if s.name != "R42"]
    assert "R22" not in [s.name for s in plan.shut_in(wide, 10, 10)]


def test_where_there_is_a_way_in_only_what_it_leads_to_counts():
    wall = Shape("wall", 4, 0, 1, 8)
    left, right = booth("L", 0, 0), booth("R", 6, 0)
    door = Shape("door", 5, 7, 1, 1, way_in=True)
    assert [s.name for s in plan.shut_in([wall, left, right, door], 8, 8)] == ["L"]
    assert plan.shut_in([left, right, door], 8, 8) == []


@given(st.lists(st.builds(booth, st.just("B"), st.integers(0, 8), st.integers(0, 8)), max_size=9), st.integers(0, 9))
def test_taking_a_booth_away_shuts_nobody_in(booths, which):
    if not booths:
        return
    apart = []
    for b in booths:
        if not any(plan.overlap(b, other) for other in apart):
            apart.append(b)
    door = Shape("door", 10, 10, 1, 1, way_in=True)
    before = {(s.x, s.y) for s in plan.shut_in([*apart, door], 11, 11)}
    less = [s for n, s in enumerate(apart) if n != which % len(apart)]
    assert {(s.x, s.y) for s in plan.shut_in([*less, door], 11, 11)} <= before


@given(st.integers(8, 200), st.integers(25, 500))
def test_the_scale_bar_fits_the_hall(columns, cell_cm):
    metres, length = plan.bar(columns, cell_cm)
    assert length == metres * 100 / cell_cm
    assert length <= columns / 4 or metres == 1


# --- fees --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    fee_amount: int = 6_000_000
    subsidy_for: SubsidyFor = SubsidyFor.PROVINCE
    subsidy_percent: int = 100
    subsidy_most_amount: int | None = None
    min_stars: int = 3


@pytest.mark.parametrize(
    ("rule", "in_province", "stars", "subsidy"),
    [
        # 2015: the province paid all of 6.000.000 đồng for its own producers.
        (Rule(), True, 0, 6_000_000),
        (Rule(), False, 5, 0),
        (Rule(subsidy_for=SubsidyFor.NOBODY, subsidy_percent=0), True, 5, 0),
        (Rule(subsidy_for=SubsidyFor.EVERYBODY, subsidy_percent=50), False, 0, 3_000_000),
        (Rule(subsidy_for=SubsidyFor.STARRED, min_stars=4), True, 4, 6_000_000),
        (Rule(subsidy_for=SubsidyFor.STARRED, min_stars=4), True, 3, 0),
        (Rule(subsidy_for=SubsidyFor.STARRED, min_stars=4), False, 5, 0),
        (Rule(subsidy_percent=70, subsidy_most_amount=4_000_000), True, 0, 4_000_000),
        (Rule(subsidy_percent=70, subsidy_most_amount=5_000_000), True, 0, 4_200_000),
        (Rule(fee_amount=333_333, subsidy_percent=50), True, 0, 166_667),
    ],
)
def test_what_is_paid_for_whom(rule, in_province, stars, subsidy):
    found = fees.fee(rule, in_province=in_province, stars=stars)
    assert (found.fee_amount, found.subsidy_amount) == (rule.fee_amount, subsidy)
    assert found.due_amount == rule.fee_amount - subsidy
    assert found.why % found.values


@given(
    st.integers(0, 10**9), st.sampled_from(SubsidyFor), st.integers(1, 100), st.none() | st.integers(0, 10**9),
    st.booleans(), st.integers(0, 5),
)  # fmt: skip
def test_never_more_is_paid_than_the_fee(amount, whom, percent, most, in_province, stars):
    found = fees.fee(Rule(amount, whom, percent, most), in_province=in_province, stars=stars)
    assert 0 <= found.subsidy_amount <= found.fee_amount == amount
    assert most is None or found.subsidy_amount <= most
