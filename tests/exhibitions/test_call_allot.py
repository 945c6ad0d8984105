"""The rule by which booths are given out: what always holds of it, and single cases worked out by hand."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shop.exhibitions import allot
from shop.exhibitions.allot import Applicant, By, Edit, EditKind, Past, Place, QuotaKind, Rule, Warn

LOCALITIES = ("06661", "07093", "06976", "other")
SEEDS = st.text("0123456789abcdef", min_size=4, max_size=8)


@st.composite
def places(draw: Any) -> list[Place]:
    count = draw(st.integers(0, 9))
    return [
        Place(
            booth_id=n + 1,
            code=f"A{n + 1}",
            type_id=draw(st.integers(1, 3)),
            zone_id=draw(st.sampled_from([None, 1, 2])),
            seats=draw(st.sampled_from([1, 1, 1, 2, 3])),
            power_watts=draw(st.sampled_from([0, 600, 3000])),
            water=draw(st.booleans()),
            cold=draw(st.booleans()),
        )
        for n in range(count)
    ]


@st.composite
def applicants(draw: Any) -> list[Applicant]:
    count = draw(st.integers(0, 14))
    return [
        Applicant(
            reference=f"R{n:03d}",
            locality=draw(st.sampled_from(LOCALITIES)),
            stars=draw(st.sampled_from([0, 3, 4, 5])),
            past=draw(st.none() | st.builds(Past, st.integers(0, 9_000_000), st.integers(0, 1000))),
            endorsed=draw(st.booleans()),
            power_watts=draw(st.sampled_from([0, 0, 200, 1500])),
            water=draw(st.sampled_from([False, False, True])),
            cold=draw(st.sampled_from([False, False, True])),
            type_id=draw(st.sampled_from([None, None, 1, 2, 3])),
            zone_id=draw(st.sampled_from([None, 1, 2])),
        )
        for n in range(count)
    ]


RULES = st.builds(
    Rule,
    quotas=st.dictionaries(st.sampled_from(LOCALITIES), st.integers(0, 25), max_size=4),
    quota_kind=st.sampled_from(QuotaKind),
    stars=st.integers(0, 100),
    past=st.integers(0, 100),
    draw=st.integers(0, 100),
    endorsed_first=st.booleans(),
)


def seatable(who: Sequence[Applicant], hall: Sequence[Place]) -> bool:
    """Whether all of them find a place at once, by plain augmenting paths over single seats."""
    seats = [p for p in hall for _ in range(p.seats)]
    holder: dict[int, Applicant] = {}

    def sit(a: Applicant, tried: set[int]) -> bool:
        for n, seat in enumerate(seats):
            if n not in tried and seat.fits(a):
                tried.add(n)
                if n not in holder or sit(holder[n], tried):
                    holder[n] = a
                    return True
        return False

    return all(sit(a, set()) for a in who)


@settings(max_examples=300)
@given(RULES, applicants(), places(), SEEDS)
def test_what_always_holds(rule: Rule, who: list[Applicant], hall: list[Place], seed: str) -> None:
    found = allot.allot(rule, who, hall, seed)
    by_id, people = {p.booth_id: p for p in hall}, {a.reference: a for a in who}
    # Everybody once, each booth at most its makers, what he needs is there.
    assert sorted(o.reference for o in found.outcomes) == sorted(people)
    inside = Counter(o.booth_id for o in found.outcomes if o.booth_id is not None)
    assert all(n <= by_id[booth].seats for booth, n in inside.items())
    assert all(by_id[o.booth_id].fits(people[o.reference]) for o in found.outcomes if o.booth_id is not None)
    for booth, n in inside.items():
        wanted = sum(people[o.reference].power_watts for o in found.outcomes if o.booth_id == booth)
        assert wanted <= by_id[booth].power_watts
        assert n <= by_id[booth].seats
    # The waiting list counts from one, in the order of the ranks.
    waiting = [o for o in found.outcomes if o.booth_id is None]
    assert [o.place for o in waiting] == list(range(1, len(waiting) + 1))
    # Nobody waits who still fits beside all others.
    admitted = [people[o.reference] for o in found.outcomes if o.booth_id is not None]
    assert seatable(admitted, hall)
    assert all(not seatable([*admitted, people[o.reference]], hall) for o in waiting)
    assert all((o.by is By.NO_SUCH_BOOTH) == (not any(p.fits(people[o.reference]) for p in hall)) for o in waiting)


@settings(max_examples=300)
@given(RULES, applicants(), places(), SEEDS)
def test_no_quota_is_exceeded_while_another_is_short(
    rule: Rule, who: list[Applicant], hall: list[Place], seed: str
) -> None:
    found = allot.allot(rule, who, hall, seed)
    people = {a.reference: a for a in who}
    held = Counter(o.locality for o in found.outcomes if o.booth_id is not None)
    kept = [o for o in found.outcomes if o.by is By.QUOTA]
    assert all(n <= found.quotas[name] for name, n in Counter(o.locality for o in kept).items())
    for short in (name for name, n in found.quotas.items() if held[name] < n):
        for o in found.outcomes:
            if o.locality == short and o.booth_id is None:
                # Even if all that others have beyond their quotas were given back, there would be no place that fits him.
                assert not seatable([*(people[k.reference] for k in kept), people[o.reference]], hall)


@settings(max_examples=150)
@given(RULES, applicants(), places(), SEEDS, st.randoms(use_true_random=False))
def test_the_same_seed_gives_the_same_whatever_the_order(
    rule: Rule, who: list[Applicant], hall: list[Place], seed: str, chance: random.Random
) -> None:
    first = allot.allot(rule, who, hall, seed)
    mixed, halls = list(who), list(hall)
    chance.shuffle(mixed)
    chance.shuffle(halls)
    assert allot.allot(rule, mixed, halls, seed) == first


def test_the_draw_can_be_worked_out_by_anybody() -> None:
    seed, reference = "6f1e", "HX7K-3M2P"
    assert allot.draw_of(seed, reference) == hashlib.sha256(b"6f1eHX7K-3M2P").hexdigest()
    assert allot.commitment(seed) == hashlib.sha256(b"6f1e").hexdigest()
    who = [Applicant(f"REF-{n}", "06661") for n in range(20)]
    found = allot.allot(Rule(stars=0, past=0, draw=0), who, [], seed)
    assert [o.reference for o in found.outcomes] == sorted(
        (a.reference for a in who), key=lambda r: hashlib.sha256((seed + r).encode()).hexdigest()
    )
    # With a weight of its own the draw gives points, the smaller number the more.
    weighed = allot.allot(Rule(stars=0, past=0, draw=10), who, [], seed)
    assert [o.reference for o in weighed.outcomes] == [o.reference for o in found.outcomes]


def test_newcomers_stand_in_the_middle() -> None:
    pasts = {"a": Past(100), "b": Past(300), "c": Past(500), "new": None}
    points = allot.past_points(pasts)
    assert points["a"] < points["b"] == points["new"] < points["c"]
    assert allot.past_points({"x": None}) == {"x": allot.FULL // 2}
    # Half of the hours without goods cost half of it.
    assert allot.past_points({"a": Past(100, 500), "b": Past(50)})["a"] == 37_500


def test_stars_quota_and_rest() -> None:
    hall = [Place(n, f"A{n}", 1) for n in (1, 2, 3)]
    who = [
        Applicant("five", "far", stars=5),
        Applicant("four", "far", stars=4),
        Applicant("three", "near", stars=3),
        Applicant("none", "near"),
    ]
    rule = Rule(quotas={"near": 2}, stars=100, past=0, draw=0)
    found = {o.reference: o for o in allot.allot(rule, who, hall, "s").outcomes}
    assert {r for r, o in found.items() if o.booth_id} == {"five", "three", "none"}
    assert (found["three"].quota, found["three"].quota_left, found["none"].quota_left) == (2, 2, 1)
    assert (found["four"].by, found["four"].place) == (By.WAITS, 1)
    # A share counts of all places, rounded down; a quota nobody asks for goes to the rest.
    assert allot.quotas_of(Rule(quotas={"near": 50}, quota_kind=QuotaKind.SHARE), 3) == {"near": 1}
    assert allot.quotas_of(Rule(quotas={"a": 5, "b": 5}), 3) == {"a": 3}
    unused = allot.allot(Rule(quotas={"empty": 3}, stars=100), who, hall, "s")
    assert sum(o.booth_id is not None for o in unused.outcomes) == 3


def test_endorsed_before_all_others() -> None:
    who = [Applicant("star", "a", stars=5), Applicant("vouched", "a", endorsed=True)]
    hall = [Place(1, "A1", 1)]
    assert allot.allot(Rule(), who, hall, "s").of("star").booth_id == 1
    assert allot.allot(Rule(endorsed_first=True), who, hall, "s").of("vouched").booth_id == 1


def test_who_needs_cold_gets_the_cold_booth_and_nobody_is_put_out() -> None:
    hall = [Place(1, "A1", 1, cold=True), Place(2, "A2", 1)]
    who = [Applicant("dry", "a", stars=5), Applicant("frozen", "a", stars=3, cold=True)]
    found = allot.allot(Rule(draw=0, past=0), who, hall, "s")
    assert (found.of("dry").booth_id, found.of("frozen").booth_id) == (2, 1)


def test_zones_are_wishes_and_shared_booths_take_several() -> None:
    hall = [
        Place(1, "A1", 1, zone_id=1),
        Place(2, "B1", 1, zone_id=2),
        Place(3, "C1", 2, zone_id=2, seats=2, power_watts=800),
    ]
    who = [
        Applicant("sea", "a", stars=5, zone_id=2),
        Applicant("hill", "a", stars=4, zone_id=2, type_id=1),
        Applicant("small", "a", stars=3, type_id=2, power_watts=400),
        Applicant("tiny", "a", type_id=2, power_watts=500),
    ]
    found = {o.reference: o for o in allot.allot(Rule(draw=0, past=0), who, hall, "s").outcomes}
    # The best has the booth of his own in his zone; the next wishes for it too and stands elsewhere.
    assert (found["sea"].booth_id, found["sea"].in_zone) == (2, True)
    assert (found["hill"].booth_id, found["hill"].in_zone) == (1, False)
    # Half of 800 watts each: 500 are too many.
    assert found["small"].booth_id == 3
    assert (found["tiny"].booth_id, found["tiny"].by) == (None, By.NO_SUCH_BOOTH)


def test_booths_are_counted_as_people_count() -> None:
    hall = [Place(1, "A10", 1), Place(2, "A2", 1)]
    found = allot.allot(Rule(draw=0, past=0), [Applicant("x", "a", stars=5)], hall, "s")
    assert found.of("x").booth_id == 2


# --- by hand ------------------------------------------------------------------------------------------------------

HALL = [Place(1, "A1", 1), Place(2, "A2", 1, cold=True)]
WHO = [
    Applicant("first", "a", stars=5),
    Applicant("cold", "b", stars=4, cold=True),
    Applicant("third", "a", stars=3),
    Applicant("last", "b"),
]
RULE = Rule(quotas={"b": 1}, draw=0, past=0)


def by_hand(*edits: Edit) -> allot.Arrangement:
    return allot.arrange(allot.allot(RULE, WHO, HALL, "s"), WHO, HALL, edits)


def test_without_edits_the_rule_stands() -> None:
    found = by_hand()
    assert found.booths == {"first": 1, "cold": 2}
    assert (found.waiting, found.warnings) == (("third", "last"), ())


def test_a_swap_with_one_who_waits_takes_his_place_in_the_row_and_is_said() -> None:
    found = by_hand(Edit(1, EditKind.SWAP, "last", other="first"))
    assert found.booths == {"last": 1, "cold": 2}
    assert found.waiting == ("third", "first")
    assert [(w.kind, w.reference, w.count) for w in found.warnings] == [(Warn.BEFORE_OTHERS, "last", 2)]


def test_out_frees_a_booth_and_an_edit_that_does_not_fit_is_said() -> None:
    found = by_hand(
        Edit(1, EditKind.OUT, "cold"),
        Edit(2, EditKind.MOVE, "third", booth_id=2),
        Edit(3, EditKind.MOVE, "last", booth_id=2),
    )
    assert found.booths == {"first": 1, "third": 2}
    assert found.waiting == ("last", "cold")
    kinds = [(w.kind, w.reference or w.locality) for w in found.warnings]
    assert (Warn.NOT_DONE, "last") in kinds
    assert (Warn.QUOTA, "b") in kinds
    freed = by_hand(Edit(1, EditKind.OUT, "cold"))
    assert (Warn.FREE, 2) in [(w.kind, w.booth_id) for w in freed.warnings]


def test_a_swap_into_a_booth_that_lacks_something_is_said() -> None:
    found = by_hand(Edit(1, EditKind.SWAP, "first", other="cold"))
    assert found.booths == {"first": 2, "cold": 1}
    assert [(w.kind, w.reference) for w in found.warnings] == [(Warn.LACKS, "cold")]


def test_an_arrangement_is_told_from_any_other() -> None:
    digests = {
        by_hand().digest(),
        by_hand(Edit(1, EditKind.OUT, "cold")).digest(),
        by_hand(Edit(1, EditKind.SWAP, "first", other="cold")).digest(),
    }
    assert len(digests) == 3
    assert by_hand().digest() == by_hand().digest()


def test_a_big_fair_is_shared_in_a_moment() -> None:
    chance = random.Random(7)
    hall = [
        Place(
            n,
            f"{'ABCD'[n % 4]}{n}",
            n % 3,
            zone_id=n % 4,
            seats=1 if n % 20 else 4,
            power_watts=3000 * (n % 2),
            water=n % 5 == 0,
            cold=n % 7 == 0,
        )
        for n in range(1, 211)
    ]
    who = [
        Applicant(
            f"R{n}", str(chance.randrange(54)), stars=chance.choice([0, 3, 4, 5]), power_watts=chance.choice([0, 0, 500]),
            water=chance.random() < 0.1, cold=chance.random() < 0.1, type_id=chance.choice([None, None, 0, 1, 2]),
            zone_id=chance.choice([None, 0, 1, 2, 3]),
        )
        for n in range(400)
    ]  # fmt: skip
    found = allot.allot(Rule(quotas={str(n): 2 for n in range(54)}), who, hall, "s")
    assert sum(o.booth_id is not None for o in found.outcomes) > 200
