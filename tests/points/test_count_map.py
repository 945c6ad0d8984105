"""The map of numbers by local unit: what lies outside is told, and on a phone no name covers a number or another name."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel import text
from shop.points import locator

pytestmark = pytest.mark.one_database
KEYS = sorted(text.slugify(p.name) for p in locator.localities().values())


@given(st.dictionaries(st.sampled_from([*KEYS, "", "nowhere"]), st.integers(0, 40)))
def test_names_of_a_phone_cover_nothing(counts: dict[str, int]) -> None:
    made = locator.count_map(counts)
    assert sum(s.count for s in made.spots) + made.outside == sum(counts.values())
    places = {text.slugify(p.name): p for p in locator.localities().values()}
    named = [s.key for s in made.spots if s.big]
    assert len(named) <= locator.NAMED and all(counts[key] for key in named)
    boxes = {key: locator._name_box(places[key]) for key in named}
    for a, b in combinations(named, 2):
        assert not locator._meet(boxes[a], boxes[b])
    for key in named:
        for spot in made.spots:
            assert (
                spot.key == key or not spot.count or not locator._meet(boxes[key], locator._pin_box(places[spot.key]))
            )


def test_what_is_done_is_told_apart() -> None:
    made = locator.count_map({"van-don": 2}, {"van-don": 1})
    assert [(s.count, s.done) for s in made.spots if s.count] == [(2, 1)]
    assert all(s.done is None for s in locator.count_map({"van-don": 2}).spots)
