"""Fewest parcels, then nearest; nothing invented, nothing lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shop.checkout.sourcing import source
from shop.stock.queries import FreeLevel


def lvl(level_id: int, variant: int, point: int, free: int, province: str = "22", commune: str = "06661") -> FreeLevel:
    return FreeLevel(level_id, variant, point, free, None, True, True, province, commune)


def points(sourced):
    return [p.point_id for p in sourced.parcels]


def test_one_point_that_has_all_beats_two_nearer_ones():
    levels = [lvl(1, 1, 10, 5), lvl(2, 2, 11, 5), lvl(3, 1, 12, 5, "01", "x"), lvl(4, 2, 12, 5, "01", "x")]
    assert points(source({1: 2, 2: 2}, levels, province="22", commune="06661")) == [12]


def test_of_two_points_that_have_all_the_nearer_one_sends():
    levels = [lvl(1, 1, 10, 5, "01", "x"), lvl(2, 1, 11, 5, "22", "y"), lvl(3, 1, 12, 5, "22", "06661")]
    assert points(source({1: 2}, levels, province="22", commune="06661")) == [12]
    assert points(source({1: 2}, levels[:2], province="22", commune="06661")) == [11]


def test_a_line_is_split_only_when_no_point_has_it_whole():
    levels = [lvl(1, 1, 10, 3), lvl(2, 1, 11, 3)]
    sourced = source({1: 5}, levels)
    assert sorted(dict(p.counts)[1] for p in sourced.parcels) == [2, 3]
    assert not sourced.missing


def test_what_is_missing_is_named_and_the_rest_is_sent():
    sourced = source({1: 5, 2: 1}, [lvl(1, 1, 10, 3)])
    assert sourced.missing == {1: 2, 2: 1}
    assert dict(sourced.parcels[0].counts) == {1: 3}


def test_the_first_expiring_level_is_used_first():
    sourced = source({1: 4}, [lvl(7, 1, 10, 3), lvl(3, 1, 10, 3)])
    assert [(t.level_id, t.quantity) for t in sourced.parcels[0].takes] == [(7, 3), (3, 1)]


levels_of = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(0, 6), st.sampled_from(["22", "01"])), max_size=30
)


@given(needs=st.dictionaries(st.integers(1, 4), st.integers(1, 12), min_size=1), rows=levels_of)
def test_units_are_conserved(needs, rows):
    levels = [lvl(i, v, p, n, province) for i, (v, p, n, province) in enumerate(rows, start=1)]
    sourced = source(needs, levels, province="22")
    free = {level.level_id: level for level in levels}
    given_units: Counter[int] = Counter()
    for parcel in sourced.parcels:
        from_levels: Counter[int] = Counter()
        for take in parcel.takes:
            assert free[take.level_id].point_id == parcel.point_id
            assert 0 < take.quantity <= free[take.level_id].free
            from_levels[free[take.level_id].variant_id] += take.quantity
        assert from_levels == Counter(dict(parcel.counts))
        given_units += from_levels
    for variant, n in needs.items():
        assert given_units[variant] + sourced.missing.get(variant, 0) == n
    assert len({t.level_id for p in sourced.parcels for t in p.takes}) == sum(len(p.takes) for p in sourced.parcels)
    assert len({p.point_id for p in sourced.parcels}) == len(sourced.parcels)
