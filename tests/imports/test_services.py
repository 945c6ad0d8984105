"""From a file to the goods and back: tried dry, written once, undone."""

from __future__ import annotations

from tests.imports import sheets
from tests.imports.conftest import Shop, broken


def test_new_goods_are_written_once_and_the_second_time_none_differs(shop: Shop) -> None:
    content = sheets.book(sheets.HEAD, *sheets.goods(3))
    row = shop.send(content)
    assert shop.outcomes(row) == ["new"] * 3
    assert shop.products() == []
    row = shop.write(row)
    assert row.counts["written"] == 3
    assert [p.name for p in shop.products()] == ["Chả mực số 1", "Chả mực số 2", "Chả mực số 3"]
    assert shop.outcomes(shop.send(content)) == ["unchanged"] * 3
    assert broken() == []
    row = shop.undo(row)
    assert row.counts["undone"] == 3
    assert shop.outcomes(shop.send(content)) == ["changed"] * 3
    assert broken() == []
