"""The arithmetic of fees, for all weights, sizes and rates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.delivery import fees
from shop.delivery.fees import Line, Terms, ZoneTerms
from shop.delivery.models import Zone

amounts = st.integers(0, 10_000_000)
grams = st.integers(1, 100_000)
terms = st.builds(
    Terms,
    divisor=st.integers(1000, 20_000),
    bulky_from_g=st.none() | grams,
    bulky_amount=amounts,
    cold_amount=amounts,
    cod_flat_amount=amounts,
    cod_per_10000=st.integers(0, 10_000),
    cod_minimum_amount=amounts,
)
zones = st.builds(
    ZoneTerms,
    zone=st.sampled_from(Zone),
    first_g=grams,
    first_amount=amounts,
    step_g=grams,
    step_amount=amounts,
    days_from=st.just(1),
    days_to=st.just(2),
    cold_allowed=st.booleans(),
    free_from_amount=st.none() | amounts,
)
lines = st.lists(
    st.builds(
        Line,
        quantity=st.integers(1, 999),
        weight_g=st.none() | grams,
        length_mm=st.none() | st.integers(1, 3000),
        width_mm=st.none() | st.integers(1, 3000),
        height_mm=st.none() | st.integers(1, 3000),
    ),
    max_size=6,
)


@given(terms, zones, st.integers(0, 10**7), st.integers(0, 10**7), amounts, st.booleans(), st.booleans())
def test_more_weight_never_costs_less(t, z, a, b, goods, cold, cod):
    light, heavy = (fees.charge(w, t, z, cold=cold, cod=cod, goods_amount=goods).total_amount for w in sorted((a, b)))
    assert light <= heavy


@given(terms, zones, st.integers(0, 10**7), amounts, st.booleans(), st.booleans())
def test_parts_add_up_and_nothing_is_negative(t, z, weight, goods, cold, cod):
    fee = fees.charge(weight, t, z, cold=cold, cod=cod, goods_amount=goods)
    assert sum(amount for _key, amount in fee.parts()) == fee.total_amount >= 0
    assert all(amount > 0 or key == "free" for key, amount in fee.parts())
    assert all(key in fees.PART_NAMES for key, _amount in fee.parts())
    assert 0 <= fee.free_amount <= fee.base_amount
    assert all(isinstance(amount, int) for _key, amount in fee.parts())


@given(terms, zones, grams, amounts)
def test_surcharges_only_add(t, z, weight, goods):
    plain = fees.charge(weight, t, z, cold=False, cod=False, goods_amount=goods).total_amount
    assert fees.charge(weight, t, z, cold=True, cod=False, goods_amount=goods).total_amount == plain + t.cold_amount
    assert fees.charge(weight, t, z, cold=False, cod=True, goods_amount=goods).total_amount >= plain


@given(lines, lines, st.integers(1000, 20_000))
def test_weights_add_up_over_lines(a, b, divisor):
    both = fees.weigh(a + b, divisor)
    one, other = fees.weigh(a, divisor), fees.weigh(b, divisor)
    assert both.actual_g == one.actual_g + other.actual_g
    assert one.volume_g + other.volume_g - 1 <= both.volume_g <= one.volume_g + other.volume_g
    assert both.chargeable_g == max(both.actual_g, both.volume_g)
    assert both.assumed == (one.assumed or other.assumed)


ZONE = ZoneTerms(Zone.SAME_REGION, 500, 28_000, 500, 5_000, 2, 3, True, 800_000)
TERMS = Terms(5000, 50_000, 20_000, 30_000, 25_000, 0, 80, 8_000)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(0, 28_000), (500, 28_000), (501, 33_000), (1000, 33_000), (1001, 38_000), (19_999, 223_000)],
)
def test_each_begun_step_counts(weight, expected):
    assert fees.charge(weight, TERMS, ZONE, cold=False, cod=False, goods_amount=0).total_amount == expected


def test_bulky_from_the_threshold_on():
    assert fees.charge(19_999, TERMS, ZONE, cold=False, cod=False, goods_amount=0).bulky_amount == 0
    assert fees.charge(20_000, TERMS, ZONE, cold=False, cod=False, goods_amount=0).bulky_amount == 30_000


def test_free_from_waives_the_weight_fee_and_nothing_else():
    below = fees.charge(2000, TERMS, ZONE, cold=True, cod=False, goods_amount=799_999)
    at = fees.charge(2000, TERMS, ZONE, cold=True, cod=False, goods_amount=800_000)
    assert (below.free_amount, at.free_amount, at.total_amount) == (0, 43_000, 25_000)
    never = fees.charge(2000, TERMS, replace(ZONE, free_from_amount=None), cold=False, cod=False, goods_amount=10**9)
    assert never.free_amount == 0


def test_collecting_has_a_flat_part_a_share_and_a_minimum():
    assert fees.collecting(100_000, TERMS) == 8_000
    assert fees.collecting(2_000_000, TERMS) == 16_000
    assert fees.collecting(1_000_062, replace(TERMS, cod_minimum_amount=0)) == 8_000  # 8,000.496
    assert fees.collecting(1_000_063, replace(TERMS, cod_minimum_amount=0)) == 8_001  # 8,000.504
    assert fees.collecting(100_000, Terms(cod_flat_amount=5_000, cod_per_10000=100)) == 6_000


def test_volume_counts_when_it_is_more_than_the_scales():
    # 40 × 30 × 20 cm = 24,000 cm³; ÷ 5,000 = 4.8 kg
    box = Line(1, 1000, 400, 300, 200)
    assert fees.weigh([box], 5000) == fees.Weight(1000, 4800)
    assert fees.weigh([box], 6000).chargeable_g == 4000
    assert fees.weigh([replace(box, weight_g=9000)], 5000).chargeable_g == 9000
    assert fees.weigh([replace(box, height_mm=None)], 5000).volume_g == 0
    assert fees.weigh([Line(3, None)], 5000, assumed_g=700) == fees.Weight(2100, 0, assumed=True)
    assert fees.weigh([Line(1, 1, 10, 10, 1)], 5000).volume_g == 1  # a begun gram counts
    assert fees.weigh([], 5000) == fees.Weight(0, 0)
