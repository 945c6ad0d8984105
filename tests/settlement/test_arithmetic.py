"""The sums hold whatever is sold and comes back, in whatever parts."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from shop.settlement.arithmetic import Terms, part, per_rate, period_of, seal, shares

amounts = st.integers(0, 10**9)
rates = st.integers(0, 10_000)
units = st.integers(1, 60)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    quantity, unit = draw(units), draw(st.integers(0, 10**7))
    taxes = draw(st.tuples(st.integers(0, 1000), st.integers(0, 1000)))
    return Terms(quantity, unit, draw(st.integers(0, quantity * unit)), draw(st.integers(0, 8000)), *taxes)


@given(amounts, rates)
def test_half_a_dong_goes_up(base: int, rate: int) -> None:
    exact = Fraction(base * rate, 10_000)
    found = per_rate(base, rate)
    assert abs(found - exact) <= Fraction(1, 2)
    assert found - exact > Fraction(-1, 2), "half goes up"


@given(amounts, st.lists(st.integers(1, 20), min_size=1, max_size=8))
def test_shares_of_all_units_make_the_amount(amount: int, pieces: list[int]) -> None:
    quantity, start, found = sum(pieces), 0, 0
    for n in pieces:
        share = part(amount, quantity, start, n)
        assert share >= 0
        found, start = found + share, start + n
    assert found == amount


@given(terms(), st.data())
def test_what_came_back_whole_leaves_nothing(sold: Terms, data: st.DataObject) -> None:
    left, owed = sold.quantity, sold.of(sold.quantity).net
    while left:
        n = data.draw(st.integers(1, left))
        owed += sold.of(left - n).net - sold.of(left).net
        left -= n
        assert owed == sold.of(left).net, "a statement's lines make what is left"
    assert owed == 0


@given(terms(), st.data())
def test_the_order_of_returns_does_not_matter_to_their_sum(sold: Terms, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, sold.quantity))
    whole = sold.of(kept)
    assert whole.gross == kept * sold.unit_amount
    assert whole.commission == per_rate(whole.base, sold.commission_bp)
    assert 0 <= whole.voucher <= whole.gross


@given(st.lists(units, min_size=1, max_size=5), st.lists(units, min_size=1, max_size=5))
def test_every_unit_that_has_both_sides_is_shared_out_once(lines: list[int], moved: list[int]) -> None:
    found = list(shares(list(enumerate(lines)), list(enumerate(moved))))
    assert sum(n for *_x, n in found) == min(sum(lines), sum(moved))
    for i, quantity in enumerate(lines):
        mine = [(start, n) for line, _m, start, n in found if line == i]
        assert all(b[0] == a[0] + a[1] for a, b in itertools.pairwise(mine))
        assert sum(n for _s, n in mine) <= quantity
    for i, quantity in enumerate(moved):
        assert sum(n for _l, m, _s, n in found if m == i) <= quantity


@given(st.dates(date(2024, 1, 1), date(2032, 12, 31)), st.sampled_from(["month", "half_month"]))
def test_periods_follow_each_other(day: date, kind: str) -> None:
    first, last = period_of(day, kind)
    assert first <= day <= last
    assert period_of(last + timedelta(days=1), kind)[0] == last + timedelta(days=1)
    assert period_of(first - timedelta(days=1), kind)[1] == first - timedelta(days=1)


def test_a_seal_tells_one_changed_dong() -> None:
    assert seal(("D", 1), [(1, 5)]) != seal(("D", 1), [(1, 6)])
    assert seal(("D", 1), [(1, 5)]) == seal(("D", 1), [(1, 5)])
