"""The sharing itself: never more than there is, cartons and lots whole, the floor kept or told, no worse than simpler ways."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.demand import allocate
from shop.demand.allocate import Goods, Method, Need, Wishes


@st.composite
def problems(draw):
    """A few goods, a few places, some of them with goods already."""
    variants, places = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    needs = []
    for v in range(variants):
        for p in range(1, places + 1):
            if draw(st.booleans()):
                low = draw(st.integers(0, 20))
                middle = low + draw(st.integers(0, 20))
                high = middle + draw(st.integers(0, 20))
                needs.append(
                    Need(v, p, low, middle, high, waiting=draw(st.integers(0, 6)), there=draw(st.integers(0, 30)))
                )
    goods = []
    for v in range(variants):
        for _ in range(draw(st.integers(0, 2))):
            whole = draw(st.booleans())
            barred = frozenset({1}) if draw(st.booleans()) else frozenset()
            goods.append(
                Goods(v, draw(st.integers(0, 60)), 1 if whole else draw(st.sampled_from([1, 4])), whole, 9, barred)
            )
    wishes = Wishes(draw(st.sampled_from([0.0, 0.5, 1.0])), draw(st.booleans()), draw(st.sampled_from([0.0, 0.5, 5.0])))
    return needs, goods, wishes


@settings(max_examples=120)
@given(problems())
def test_what_holds_of_every_sharing(problem):
    needs, goods, wishes = problem
    answer = allocate.allocate(needs, goods, wishes)
    there_is = {g.variant for g in goods if g.units}
    assert [(s.variant, s.place) for s in answer.shares] == [
        (n.variant, n.place) for n in needs if n.variant in there_is
    ]
    used: dict[int, int] = defaultdict(int)
    for share in answer.shares:
        assert share.units == sum(n for _k, n in share.parts)
        for k, n in share.parts:
            lot = goods[k]
            assert lot.variant == share.variant and n > 0 and share.place not in lot.barred
            assert n == lot.units if lot.whole else n % lot.carton == 0
            used[k] += n
        need = next(x for x in needs if (x.variant, x.place) == (share.variant, share.place))
        assert share.short == pytest.approx(max(0.0, share.floor - need.there - share.units))
        assert 0 <= share.served <= share.need + 1e-6
    assert all(n <= goods[k].units for k, n in used.items())
    assert answer.method is Method.PROVEN
    assert allocate.allocate(needs, goods, wishes).shares == answer.shares
    greedy = allocate.allocate(needs, goods, wishes, seconds=0)
    assert not greedy.shares or greedy.method is Method.GREEDY


@settings(max_examples=80)
@given(problems())
def test_serves_at_least_what_simpler_ways_do(problem):
    needs, goods, _wishes = problem
    loose = [Goods(g.variant, g.units, g.carton) for g in goods]
    asked = [n for n in needs if n.variant in {g.variant for g in loose if g.units}]
    answer = allocate.allocate(needs, loose, Wishes(0.0, False, 0.0))
    ours = allocate.measure(asked, {(s.variant, s.place): s.units for s in answer.shares}).served
    cartons = {g.variant: {x.carton for x in loose if x.variant == g.variant} for g in loose}
    if all(len(sizes) == 1 for sizes in cartons.values()) and all(
        sum(1 for g in loose if g.variant == v) == 1 for v in cartons
    ):
        for simple in (allocate.pro_rata(needs, loose), allocate.first_come(needs, loose)):
            assert ours >= allocate.measure(asked, simple).served * 0.998 - 0.02


def test_two_places_of_one_pack_by_hand():
    """Twenty for two that want twenty each, one of them with ten there: levelled out, as the chance of a sale falls alike."""
    needs = [Need(1, 1, 14, 20, 26), Need(1, 2, 14, 20, 26, there=10)]
    shares = allocate.allocate(needs, [Goods(1, 20)], Wishes(trip=0.0)).shares
    assert [s.units for s in shares] == [15, 5]
    assert allocate.pro_rata(needs, [Goods(1, 20)]) == {(1, 1): 10, (1, 2): 10}
    assert allocate.first_come(needs, [Goods(1, 20)]) == {(1, 1): 20}


def test_who_waits_comes_first_if_so_set():
    needs = [Need(1, 1, 18, 20, 22), Need(1, 2, 0, 4, 8, waiting=8)]
    first = allocate.allocate(needs, [Goods(1, 10)], Wishes(0.0, True, 0.0)).shares
    assert first[1].units == 8
    alike = allocate.allocate(
        [Need(1, 1, 18, 20, 22), Need(1, 2, 0, 4, 8)], [Goods(1, 10)], Wishes(0.0, True, 0.0)
    ).shares
    assert alike[1].units < 4


def test_the_floor_of_fairness_is_kept():
    needs = [Need(1, 1, 30, 30, 30), Need(1, 2, 0, 10, 30)]
    without = allocate.allocate(needs, [Goods(1, 20)], Wishes(0.0, False, 0.0)).shares
    kept = allocate.allocate(needs, [Goods(1, 20)], Wishes(1.0, False, 0.0)).shares
    assert without[1].units < kept[1].units == 5
    assert [s.short for s in kept] == [0, 0]
    told = allocate.allocate(needs, [Goods(1, 20, 20)], Wishes(1.0, False, 0.0)).shares
    assert sorted(s.short for s in told) == [0, 5]


def test_a_trip_must_be_worth_it():
    needs = [Need(1, 1, 8, 10, 12), Need(1, 2, 0, 1, 2)]
    assert allocate.allocate(needs, [Goods(1, 20)], Wishes(0.0, False, 3.0)).shares[1].units == 0
    assert allocate.allocate(needs, [Goods(1, 20)], Wishes(0.0, False, 0.0)).shares[1].units > 0


@pytest.mark.parametrize(
    ("needs", "goods"),
    [
        ([Need(1, 1, -1, 2, 3)], [Goods(1, 5)]),
        ([Need(1, 1, 1, 2, 3)], [Goods(1, -5)]),
        ([Need(1, 1, 1, 2, 3)], [Goods(1, 5, 0)]),
        ([Need(1, 1, 1, 2, 3), Need(1, 1, 1, 2, 3)], [Goods(1, 5)]),
    ],
)
def test_nonsense_is_refused(needs, goods):
    with pytest.raises(ValueError):
        allocate.allocate(needs, goods)


def test_nothing_to_share():
    assert allocate.allocate([], [Goods(1, 5)]).shares == []
    assert allocate.allocate([Need(1, 1, 1, 2, 3)], []).shares == []


@settings(max_examples=150)
@given(st.data())
def test_numbers_by_hand_are_taken_from_what_there_is(data):
    lots = data.draw(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), min_size=1, max_size=4))
    goods = [(k, Goods(1, n, 1, whole, k + 5, frozenset({0} if bar else ()))) for k, (n, whole, bar) in enumerate(lots)]
    places = {line: line for line in range(data.draw(st.integers(1, 4)))}  # line 0 is the web
    wants = {line: data.draw(st.integers(0, 25)) for line in places}
    before = {line: [(k, data.draw(st.integers(0, 10))) for k, _g in goods] for line in places}
    parts, missing = allocate.divide(goods, wants, places, before)
    used: dict[int, int] = defaultdict(int)
    for line, found in parts.items():
        assert sum(n for _k, n in found) + missing.get(line, 0) == wants[line]
        for k, n in found:
            assert n > 0 and places[line] not in goods[k][1].barred
            assert not goods[k][1].whole or n == goods[k][1].units
            used[k] += n
    assert all(n <= goods[k][1].units for k, n in used.items())
    if not any(whole or bar for _n, whole, bar in lots):
        assert sum(missing.values()) == max(0, sum(wants.values()) - sum(n for n, _w, _b in lots))
