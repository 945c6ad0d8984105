"""What to send where: nobody is taken below his own level, nobody gets more than he wants, nothing that helps is left lying."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import combinations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shop.transfers.suggest import Need, Spare, over, suggest

DAY = date(2026, 1, 1)
# Points 1 to 4 may want, 5 to 8 may give (5 and 6 are warehouses), three variants.
needs = st.dictionaries(
    st.tuples(st.integers(1, 4), st.integers(1, 3)), st.tuples(st.integers(1, 9), st.floats(0, 0.9)), max_size=8
).map(lambda found: [Need(p, v, n, filled) for (p, v), (n, filled) in found.items()])
spares = st.dictionaries(
    st.tuples(st.integers(5, 8), st.integers(1, 3)),
    st.tuples(st.integers(0, 9), st.none() | st.integers(0, 5)),
    max_size=10,
).map(
    lambda found: [
        Spare(p, v, n, p < 7, None if end is None else DAY + timedelta(days=end)) for (p, v), (n, end) in found.items()
    ]
)


@settings(max_examples=400)
@given(needs, spares)
def test_sums_match_and_nobody_is_hurt(needs, spares):
    wanted = {(n.point_id, n.variant_id): n.quantity for n in needs}
    there = {(s.point_id, s.variant_id): s.quantity for s in spares}
    made = suggest(needs, spares)
    pairs = [(s.from_point_id, s.to_point_id) for s in made]
    assert len(pairs) == len(set(pairs))
    got, given_away = Counter(), Counter()
    for s in made:
        assert s.from_point_id != s.to_point_id
        assert s.lines == tuple(sorted(s.lines))
        assert s.units == sum(n for _v, n in s.lines) > 0
        for variant, n in s.lines:
            assert n > 0
            got[s.to_point_id, variant] += n
            given_away[s.from_point_id, variant] += n
    assert all(n <= there[key] for key, n in given_away.items())
    assert all(n <= wanted[key] for key, n in got.items())
    for variant in (1, 2, 3):
        want = sum(n for (_p, v), n in wanted.items() if v == variant)
        have = sum(n for (_p, v), n in there.items() if v == variant)
        assert sum(n for (_p, v), n in got.items() if v == variant) == min(want, have)
    assert made == suggest(list(reversed(needs)), list(reversed(spares)))


@settings(max_examples=400)
@given(needs, spares)
@example(
    [Need(1, 1, 4), Need(1, 2, 4)],
    [Spare(7, 1, 4), Spare(8, 2, 4), Spare(5, 3, 9, warehouse=True)],
)
def test_warehouses_first_and_as_few_senders_as_will_do(needs, spares):
    """For one point: what a warehouse could give no other point gives, and no smaller group of senders could give as much."""
    mine = [n for n in needs if n.point_id == 1]
    wanted = {n.variant_id: n.quantity for n in mine}
    made = suggest(mine, spares)
    senders = {True: set(), False: set()}
    by_kind = {True: Counter(), False: Counter()}
    kinds = {s.point_id: s.warehouse for s in spares}
    for s in made:
        kind = kinds[s.from_point_id]
        senders[kind].add(s.from_point_id)
        for variant, n in s.lines:
            by_kind[kind][variant] += n
    have: dict[bool, dict[int, Counter]] = {True: defaultdict(Counter), False: defaultdict(Counter)}
    for s in spares:
        have[s.warehouse][s.point_id][s.variant_id] += s.quantity
    left = dict(wanted)
    for kind in (True, False):
        most = {v: min(n, sum(c[v] for c in have[kind].values())) for v, n in left.items()}
        assert {v: by_kind[kind][v] for v in most} == most
        for size in range(len(senders[kind])):
            for group in combinations(have[kind], size):
                assert any(sum(have[kind][p][v] for p in group) < n for v, n in most.items())
        left = {v: n - most[v] for v, n in left.items()}


def test_goods_that_expire_first_go_first():
    soon, later = DAY, DAY + timedelta(days=30)
    made = suggest([Need(1, 1, 5)], [Spare(7, 1, 9, False, later), Spare(8, 1, 9, False, soon), Spare(6, 2, 9, True)])
    assert [(s.from_point_id, s.lines) for s in made] == [(8, ((1, 5),))]


def test_the_emptiest_point_is_served_first():
    made = suggest([Need(1, 1, 5, 0.8), Need(2, 1, 5, 0.1)], [Spare(7, 1, 6)])
    assert {s.to_point_id: s.units for s in made} == {2: 5, 1: 1}


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_point_keeps_what_it_promised_and_its_own_target(free, promised, target):
    spare = over(free, promised, target)
    assert spare >= 0
    assert spare == 0 or free - promised - spare >= target


def test_many_senders_are_chosen_without_trying_all():
    made = suggest([Need(1, v, 2) for v in range(30)], [Spare(10 + v, v, 2) for v in range(30)])
    assert len(made) == 30
    made = suggest(
        [Need(1, v, 2) for v in range(30)],
        [*(Spare(10 + v, v, 2) for v in range(30)), *(Spare(99, v, 2) for v in range(29))],
    )
    assert {s.from_point_id: len(s.lines) for s in made} == {99: 29, 39: 1}
