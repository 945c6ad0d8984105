"""What comes off, over whatever baskets: never below zero, exact to the đồng."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shop.kernel import clock
from shop.kernel.money import share
from shop.promotions.errors import CodeTooDeep
from shop.promotions.models import Measure, Payer
from shop.promotions.reckon import CodeTerms, Goods, LiveOffer, code_key, reckon

NOW = clock.now()
lines = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 3_000_000), st.integers(1, 3_000_000), st.integers(0, 30)),
    min_size=1,
    max_size=6,
)


def offer(variant_id: int, price: int, left: int) -> LiveOffer:
    return LiveOffer(
        variant_id, 1, "r", variant_id, price, left, None, NOW - timedelta(1), NOW + timedelta(1), "s", None, Payer.SHOP,
        None, None,
    )  # fmt: skip


@given(
    lines, st.integers(0, 200_000), st.sampled_from(Measure), st.integers(1, 10_000),
    st.none() | st.integers(1, 10**6), st.booleans(), st.integers(0, 1_000),
)  # fmt: skip
def test_nothing_goes_below_zero_and_all_of_it_is_named(
    made: list[tuple[int, int, int, int]],
    fee: int,
    measure: Measure,
    value: int,
    ceiling: int | None,
    freight: bool,
    least: int,
) -> None:
    goods = [Goods(i, i, 8, None, n, price) for i, (n, price, _sale, _left) in enumerate(made, start=1)]
    offers = {i: offer(i, sale, left) for i, (_n, _p, sale, left) in enumerate(made, start=1)}
    code = CodeTerms(9, "c", "c", None, "C", measure, value, ceiling, 0, freight, Payer.SHOP, None, None)
    told = reckon(goods, fee, offers, code, least_amount=least)
    whole = sum(g.quantity * g.unit_amount for g in goods)
    for g in goods:
        off = sum(d.amount for d in told.discounts if d.variant_id == g.variant_id)
        assert 0 <= off <= g.quantity * g.unit_amount
    for d in told.discounts:
        assert d.amount > 0
        if d.slot:
            g = goods[d.slot - 1]
            assert d.units <= min(g.quantity, offers[d.slot].left)
            assert d.amount == d.units * (g.unit_amount - offers[d.slot].price_amount)
    of_code = [d.amount for d in told.discounts if not d.slot]
    assert bool(of_code) == (told.problem is None)
    assert ceiling is None or sum(of_code) <= ceiling
    assert sum(d.amount for d in told.discounts if d.variant_id is None) <= fee
    assert not of_code or whole + fee - told.amount >= least


@given(
    lines, st.sampled_from(Measure), st.integers(1, 3_000_000), st.none() | st.integers(1, 10**6), st.integers(1, 99)
)
def test_a_sale_and_a_code_together_cut_no_line_deeper_than_the_law_lets_them(
    made: list[tuple[int, int, int, int]], measure: Measure, value: int, ceiling: int | None, deepest: int
) -> None:
    goods = [Goods(i, i, 8, None, n, price) for i, (n, price, _sale, _left) in enumerate(made, start=1)]
    offers = {i: offer(i, sale, left) for i, (_n, _p, sale, left) in enumerate(made, start=1)}
    value = min(value, 10_000) if measure is Measure.PERCENT else value
    code = CodeTerms(9, "c", "Quà", None, "C", measure, value, ceiling, 0, False, Payer.SHOP, None, None, (), deepest)
    free = reckon(goods, 0, offers, replace(code, deepest_percent=100))
    told = reckon(goods, 0, offers, code)
    of_code = [d for d in told.discounts if not d.slot]
    for g in goods:
        of_sale = sum(d.amount for d in told.discounts if d.variant_id == g.variant_id and d.slot)
        both = of_sale + sum(d.amount for d in of_code if d.variant_id == g.variant_id)
        assert both <= max(of_sale, g.quantity * g.unit_amount * deepest // 100)
    assert bool(of_code) == (told.problem is None)
    stopped = sum(d.amount for d in of_code) < sum(d.amount for d in free.discounts if not d.slot)
    assert all((f"{deepest} %" in d.name) == stopped for d in of_code)


def test_goods_that_a_sale_cut_as_deep_as_may_be_take_no_code() -> None:
    goods = [Goods(1, 1, 8, None, 2, 100_000), Goods(2, 2, 8, None, 1, 100_000)]
    code = CodeTerms(9, "c", "Quà", None, "C", Measure.PERCENT, 1_000, None, 0, False, Payer.SHOP, None, None, (), 50)
    told = reckon(goods[:1], 0, {1: offer(1, 50_000, 9)}, code)
    assert isinstance(told.problem, CodeTooDeep)
    assert told.amount == 100_000
    # The other line takes all of it, and all of it is what the law lets it.
    told = reckon(goods, 0, {1: offer(1, 50_000, 9)}, replace(code, measure=Measure.SUM, value=70_000))
    assert [(d.variant_id, d.amount) for d in told.discounts if not d.slot] == [(2, 50_000)]
    assert told.discounts[-1].name == "Quà (dừng ở mức giảm cao nhất 50 % giá bán)"


@given(st.integers(0, 10**7), st.integers(1, 60), st.data())
def test_shares_of_units_make_the_whole(amount: int, quantity: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, quantity), max_size=5)))
    parts = [share(amount, quantity, a, b - a) for a, b in zip([0, *cuts], [*cuts, quantity], strict=True)]
    assert sum(parts) == amount
    assert min(parts) >= 0


def test_letters_that_look_alike_are_one() -> None:
    assert code_key("TẾT-2O27 ") == code_key("tet2027") == code_key("TET ZO27")
    assert code_key("CHOBEN10") == code_key("ch0ben1o")
    assert code_key("CHOBEN10") != code_key("CHOBEN11")
