"""What is left after credit notes always makes the document, whatever was taken back in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shop.invoices.arithmetic import Body, Line, as_json, left_of, of_json, sold

AMOUNTS = st.integers(0, 900_000)
LINES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 90_000)), min_size=1, max_size=4)


@given(LINES, st.lists(AMOUNTS, max_size=2), AMOUNTS, st.lists(st.tuples(st.booleans(), AMOUNTS), max_size=4))
def test_documents_and_credit_notes_add_up(
    goods: list[tuple[int, int]], fees: list[int], discount: int, steps: list[tuple[bool, int]]
) -> None:
    lines = [Line(i, i, 1, "S", "Hàng", "Gói", q, u, 0) for i, (q, u) in enumerate(goods)]
    shared, paid = sold(lines, dict(enumerate(fees)), discount)
    body = Body(shared, sum(paid.values()))
    assert body.total == max(sum(q * u for q, u in goods) + sum(fees) - discount, 0)
    assert all(0 <= x.net <= x.gross for x in body.lines)
    credits: list[Body] = []
    for is_goods, n in steps:
        left = left_of(body, credits)
        if is_goods and left.lines:  # some units of the first line come back
            units = left.units()
            first = left.lines[0]
            units[first.parcel, first.variant] -= 1 + n % first.quantity
            back = left.beyond(units)
        else:
            back = Body(other=min(n, left.total))
        credits.append(back)
        after = left_of(body, credits)
        assert after.total == body.total - sum(c.total for c in credits)
        assert all(0 <= x.net <= x.gross and x.quantity > 0 for x in after.lines)
        assert after.delivery >= 0
        assert of_json(as_json(after)) == after
