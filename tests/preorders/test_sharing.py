"""Sharing by every rule, for any harvest and any wishes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.preorders import sharing
from shop.preorders.sharing import Rule, Want

SEED = "0123abcd"
WANTS = st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=25).map(
    lambda rows: [Want(f"P-{n}", units, local) for n, (units, local) in enumerate(rows)]
)


def units(rule: Rule, harvest: int, wants: list[Want], seed: str = SEED) -> list[int]:
    return [got.units for got in sharing.share(rule, harvest, wants, seed=seed)]


@given(st.sampled_from(list(Rule)), st.integers(0, 1200), WANTS)
@settings(max_examples=300, deadline=None)
def test_all_of_it_is_shared_and_nobody_gets_more_than_he_asked_for(
    rule: Rule, harvest: int, wants: list[Want]
) -> None:
    got = sharing.share(rule, harvest, wants, seed=SEED)
    assert sum(g.units for g in got) == min(harvest, sum(w.units for w in wants))
    assert all(0 <= g.units <= w.units for g, w in zip(got, wants, strict=True))
    assert [g.key for g in got] == [w.key for w in wants]
    assert sorted(g.place for g in got) == list(range(1, len(wants) + 1))
    assert got == sharing.share(rule, harvest, wants, seed=SEED)


@given(st.sampled_from(list(Rule)), st.integers(0, 500), st.integers(1, 30), WANTS)
@settings(max_examples=300, deadline=None)
def test_of_a_larger_harvest_nobody_gets_less(rule: Rule, harvest: int, more: int, wants: list[Want]) -> None:
    less, then = units(rule, harvest, wants), units(rule, harvest + more, wants)
    assert all(b >= a for a, b in zip(less, then, strict=True))


@given(st.integers(0, 500), WANTS)
def test_first_come_serves_in_full_until_it_is_gone(harvest: int, wants: list[Want]) -> None:
    got = units(Rule.FIRST_COME, harvest, wants)
    short = [n for n, w in enumerate(wants) if got[n] < w.units]
    if short:
        assert all(got[n] == 0 for n in range(short[0] + 1, len(wants)))


@given(st.integers(0, 500), WANTS)
def test_one_each_before_anybody_has_two_more_than_another(harvest: int, wants: list[Want]) -> None:
    got = units(Rule.ONE_EACH, harvest, wants)
    for n, w in enumerate(wants):
        if (
            got[n] < w.units
        ):  # he wanted more: nobody is more than one ahead of him, and nobody behind him in line is ahead
            assert all(other <= got[n] + 1 for other in got)
            assert all(got[later] <= got[n] for later in range(n + 1, len(wants)))


@given(st.integers(0, 1200), WANTS)
def test_a_share_by_size_stays_near_its_quota(harvest: int, wants: list[Want]) -> None:
    total = sum(w.units for w in wants)
    got = units(Rule.PRO_RATA, harvest, wants)
    for n, w in enumerate(wants):
        for m, v in enumerate(wants):
            if w.units == v.units:
                assert abs(got[n] - got[m]) <= 1
            if w.units > v.units:
                assert got[n] >= got[m]
    # No transfer of one unit would bring two of them nearer to the same part of their wishes (Sainte-Laguë).
    if 0 < harvest < total:
        turn_given = max(((2 * got[n] - 1) / w.units for n, w in enumerate(wants) if got[n]), default=0)
        turn_next = min((2 * got[n] + 1) / w.units for n, w in enumerate(wants))
        assert turn_given <= turn_next + 1e-9


def test_a_large_harvest_is_shared_by_size_without_counting_every_unit() -> None:
    wants = [Want(f"P-{n}", 1 + n % 900) for n in range(3000)]
    total = sum(w.units for w in wants)
    assert sum(units(Rule.PRO_RATA, total // 2, wants)) == total // 2


@given(st.integers(0, 500), WANTS)
def test_those_of_the_place_come_first(harvest: int, wants: list[Want]) -> None:
    got = units(Rule.LOCALS_FIRST, harvest, wants)
    hungry = any(w.local and got[n] < w.units for n, w in enumerate(wants))
    if hungry:
        assert all(got[n] == 0 for n, w in enumerate(wants) if not w.local)


@given(st.integers(0, 500), WANTS)
def test_a_draw_follows_its_seed_and_not_the_order_of_arrival(harvest: int, wants: list[Want]) -> None:
    got = {g.key: g.units for g in sharing.share(Rule.DRAW, harvest, wants, seed=SEED)}
    back = {g.key: g.units for g in sharing.share(Rule.DRAW, harvest, wants[::-1], seed=SEED)}
    assert got == back


def test_a_draw_can_be_done_again_by_anybody() -> None:
    wants = [Want("P-A", 2), Want("P-B", 2), Want("P-C", 2)]
    lots = {w.key: hashlib.sha256(f"{SEED}:{w.key}".encode()).hexdigest() for w in wants}
    places = {g.key: g.place for g in sharing.share(Rule.DRAW, 3, wants, seed=SEED)}
    assert sorted(places, key=lambda k: places[k]) == sorted(lots, key=lambda k: lots[k])
    seed = sharing.new_seed()
    assert sharing.commitment(seed) == hashlib.sha256(seed.encode()).hexdigest()
    assert len({sharing.new_seed() for _ in range(20)}) == 20


@pytest.mark.parametrize(("harvest", "wanted"), [(-1, 1), (3, 0), (3, -2)])
def test_nonsense_is_refused(harvest: int, wanted: int) -> None:
    with pytest.raises(ValueError, match="harvest"):
        sharing.share(Rule.PRO_RATA, harvest, [Want("P-A", wanted)])


def test_a_draw_needs_its_seed() -> None:
    with pytest.raises(ValueError, match="seed"):
        sharing.share(Rule.DRAW, 1, [Want("P-A", 2)])


def test_by_size_as_one_would_reckon() -> None:
    wants = [Want("P-A", 10), Want("P-B", 6), Want("P-C", 4)]
    assert units(Rule.PRO_RATA, 10, wants) == [5, 3, 2]
    assert units(Rule.PRO_RATA, 0, wants) == [0, 0, 0]
    assert units(Rule.ONE_EACH, 4, wants) == [2, 1, 1]
    assert units(Rule.FIRST_COME, 12, wants) == [10, 2, 0]
