"""A corpus of dirty tables: each row of each is taken, changed, refused with a reason or passed over with one."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from shop.imports import files
from shop.imports.errors import TooManyRows
from shop.imports.legacy import Encoding
from shop.imports.models import State
from shop.kernel.sheets import BadTable
from tests import factories
from tests.imports import sheets
from tests.imports.conftest import Shop, broken
from tests.imports.sheets import HEAD, book, by_hand, goods, text
from tests.imports.test_readers import written_in

N, U, R, I = "new", "unchanged", "refused", "ignored"
NAME = "Chả mực giã tay Hạ Long"
VIETNAMESE = [["SP-1", NAME, 8, "Hộp đặc biệt", "500 g", "120k"], ["SP-2", "Nước mắm cốt", 8, "Chai", "1 lít", "90k"]]


def _merged(made: Any, sheet: Any) -> None:
    sheet.merge_range(1, 1, 2, 1, NAME)
    sheet.merge_range(1, 2, 2, 2, 8)


def _formulas(made: Any, sheet: Any) -> None:
    sheet.write_formula(1, 5, "=100000+20000", None, 120_000)
    sheet.write_formula(2, 5, "=A1", None, "")
    sheet.write_formula(3, 5, "=NA()", None, "#N/A")


def _kinds(made: Any, sheet: Any) -> None:
    sheet.write_boolean(1, 6, True)
    sheet.write_number(1, 7, 0.29, made.add_format({"num_format": "0%"}))
    sheet.write_datetime(2, 8, datetime(2099, 12, 31), made.add_format({"num_format": "dd/mm/yyyy"}))


def _two_sheets(made: Any, sheet: Any) -> None:
    other = made.add_worksheet("Hàng")
    for r, row in enumerate([HEAD, *goods(2)]):
        other.write_row(r, 0, row)


def _hidden(made: Any, sheet: Any) -> None:
    sheet.set_column(6, 6, None, None, {"hidden": 1})


def _apart(made: Any, sheet: Any) -> None:
    for r, row in enumerate([HEAD, *goods(2)]):
        sheet.write_row(r + 3, 2, row)


def old(encoding: Encoding) -> bytes:
    """The same goods in an old font, the head too."""
    return book(*[[written_in(c, encoding) if isinstance(c, str) else c for c in row] for row in [HEAD, *VIETNAMESE]])


INLINE = (
    '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Mã hàng</t></is></c><c r="B1" t="inlineStr"><is>'
    "<t>Tên sản phẩm</t></is>"
    '</c><c r="C1" t="inlineStr"><is><t>Bộ sản phẩm</t></is></c><c r="D1" t="inlineStr"><is><t>Quy cách</t></is></c>'
    '<c r="E1" t="inlineStr"><is><t>Giá bán (₫)</t></is></c></row><row r="5"><c r="A5" t="inlineStr"><is><t>SP-1</t></is></c>'
    '<c r="B5" t="inlineStr"><is><t>Chả mực</t></is></c><c r="C5"><v>8</v></c><c r="D5" t="inlineStr"><is><t>Hộp</t></is></c>'
    '<c r="E5"><f>1+1</f></c></row><row r="6"><c r="A6" t="inlineStr"><is><t>SP-2</t></is></c><c r="B6" t="inlineStr"><is>'
    '<t>Chả cá</t></is></c><c r="C6"><v>8.0</v></c><c r="D6" t="inlineStr"><is><t>Hộp</t></is></c><c r="E6">'
    "<v>1.2E5</v></c></row>"
    "</sheetData>"
)
G = goods(2)
CORPUS: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "clean": (lambda: book(HEAD, *G), [N, N]),
    "title rows above": (lambda: book(["CƠ SỞ ABC"], [], ["Bảng giá", "", "2026"], HEAD, *G), [N, N]),
    "other names and order": (
        lambda: book(["Giá bán lẻ", "Tên hàng hoá", "Mã SP", "Loại", "Nhóm"], ["120k", "Chả", "A-1", "Hộp", 8]),
        [N],
    ),
    "a mistyped head": (
        lambda: book(
            ["Mã hàgn", "Tên sản phảm", "Bộ sản phẩm", "Quy cáhc", "Giá bánn"], ["A-1", "Chả", 8, "Hộp", "9.000"]
        ),
        [N],
    ),
    "merged cells": (
        lambda: book(
            HEAD, ["SP-1", "", "", "Hộp", "500 g", "120k"], ["SP-2", "", "", "Túi", "1 kg", "200k"], more=_merged
        ),
        [N, N],
    ),
    "two lines of head": (
        lambda: book(
            ["Mã hàng", "Tên sản phẩm", "Bộ sản phẩm", "Quy cách", "Thông tin bán"],
            ["", "", "", "", "Giá bán"],
            ["A-1", "Chả", 8, "Hộp", "9.000"],
        ),
        [N],
    ),
    "several sheets": (lambda: book(["Ghi chú"], ["xem trang sau", "x"], more=_two_sheets), [N, N]),
    "amounts of every kind": (
        lambda: book(
            HEAD,
            *[
                [f"A-{i}", f"Chả {i}", 8, "Hộp", "1 kg", p]
                for i, p in enumerate(["120.000đ", "120k", "120 nghìn", "1,2tr", "120,000", 120000, 120000.0])
            ],
        ),
        [N] * 7,
    ),
    "a range of amounts": (lambda: book(HEAD, ["A-1", "Chả", 8, "Hộp", "1 kg", "120.000 - 150.000"]), [R]),
    "words for an amount": (
        lambda: book(HEAD, ["A-1", "Chả", 8, "Hộp", "1 kg", "liên hệ"], ["A-2", "Cá", 8, "Hộp", "1 kg", 120]),
        [R, R],
    ),
    "thousands said in the head": (
        lambda: book(["Mã hàng", "Tên", "Bộ", "Quy cách", "Giá (nghìn đồng)"], ["A-1", "Chả", 8, "Hộp", 120]),
        [N],
    ),
    "contents of every kind": (
        lambda: book(
            HEAD,
            *[
                [f"A-{i}", f"Chả {i}", 8, "Hộp", w, "9k"]
                for i, w in enumerate(["0,5kg", "500 g", "1/2 kg", "1.5 lít", "500ml x 6", "½ kg"])
            ],
        ),
        [N] * 6,
    ),
    "an unclear content": (lambda: book(HEAD, ["A-1", "Chả", 8, "Hộp", "1.500 kg", "9k"]), [R]),
    "TCVN3": (lambda: old(Encoding.TCVN3), [N, N]),
    "VNI": (lambda: old(Encoding.VNI), [N, N]),
    "TCVN3 bytes in a CSV": (
        lambda: "\n".join(
            written_in(",".join(map(str, r)), Encoding.TCVN3)
            for r in [["Mã hàng", "Tên sản phẩm", "Bộ sản phẩm", "Quy cách"], *[v[:4] for v in VIETNAMESE]]
        ).encode("latin-1"),
        [N, N],
    ),
    "decomposed": (
        lambda: text(*[[unicodedata.normalize("NFD", str(c)) for c in row] for row in [HEAD, *VIETNAMESE]]),
        [N, N],
    ),
    "UTF-16 with semicolons": (lambda: text(HEAD, *G, encoding="utf-16", separator=";"), [N, N]),
    "no-break and zero-width blanks": (
        lambda: book(HEAD, ["\u200bSP-1\u00a0", "Chả\u00a0mực", 8, "Hộp\u200b", "500\u00a0g", "120\u00a0000"]),
        [N],
    ),
    "blank lines": (lambda: book(HEAD, [], G[0], [], [], G[1], []), [N, N]),
    "formulas and errors": (lambda: book(HEAD, *[r[:5] for r in goods(3)], more=_formulas), [N, R, R]),
    "a formula without a value": (lambda: by_hand(INLINE), [R, N]),
    "yes, per cent, days": (lambda: book([*HEAD, "Còn bán", "Độ cồn", "Áp dụng từ"], *goods(2), more=_kinds), [R, N]),
    "a hidden second price": (lambda: book([*HEAD, "Giá"], *[[*r, 5] for r in G], more=_hidden), [N, N]),
    "a sum at the end": (lambda: book(HEAD, *G, ["", "Tổng cộng", "", "", "", 243_000]), [N, N, I]),
    "heads repeated": (lambda: book(HEAD, G[0], HEAD, G[1]), [N, I, N]),
    "one SKU twice": (lambda: book(HEAD, G[0], G[0]), [N, R]),
    "no SKU": (lambda: book(HEAD, ["", "Chả", 8, "Hộp", "500 g", "9k"]), [R]),
    "a SKU with marks": (lambda: book(HEAD, ["Chả 1", "Chả", 8, "Hộp", "500 g", "9k"]), [R]),
    "no set": (
        lambda: book(HEAD, ["A-1", "Chả", "", "Hộp", "500 g", "9k"], ["A-2", "Cá", "không rõ", "Hộp", "1 kg", "9k"]),
        [R, R],
    ),
    "text that begins a formula": (lambda: text(HEAD, ["A-1", "=HYPERLINK(1)", "8", "Hộp", "1 kg", "9k"]), [R]),
    "claims of stars": (lambda: book(HEAD, ["A-1", "Chả mực OCOP 5 sao", 8, "Hộp", "1 kg", "9k"]), [R]),
    "not at the corner": (lambda: book(more=_apart), [N, N]),
    "columns nobody knows": (lambda: book([*HEAD, "Ghi chú nội bộ", "Kho"], *[[*r, "abc", 7] for r in G]), [N, N]),
    "cut short": (lambda: text(HEAD, G[0], ["SP-2", "Chả hai"]), [N, R]),
    "contradictions": (
        lambda: book(HEAD, ["A-1", "Chả", 8, "Hộp", "1 kg", "9k"], ["A-2", "Chả", 15, "Túi", "1 kg", "9k"]),
        [N, R],
    ),
}


@pytest.mark.parametrize("kind", CORPUS)
def test_every_row_is_accounted_for(shop: Shop, kind: str) -> None:
    make, expected = CORPUS[kind]
    row = shop.send(make())
    assert row.state is State.READY, row.problem
    assert shop.outcomes(row) == expected, [(r.cells, r.problems) for r in shop.rows(row)]
    assert row.total == sum(row.counts.values()) == len(expected)
    for one in shop.rows(row):
        assert bool(one.problems) == (one.outcome.value in {R, I}), "what is not taken says why"
    if N in expected:
        written = shop.write(row)
        assert written.counts["written"] == expected.count(N)
    assert broken() == []


@pytest.mark.parametrize("kind", ["TCVN3", "VNI", "TCVN3 bytes in a CSV", "decomposed", "merged cells"])
def test_names_come_out_in_proper_letters(shop: Shop, kind: str) -> None:
    row = shop.send(CORPUS[kind][0]())
    assert shop.rows(row)[0].name == NAME
    assert {r.name for r in shop.rows(row)} <= {NAME, "Nước mắm cốt"}


def test_a_head_in_proper_letters_above_an_old_font_stays(shop: Shop) -> None:
    old_rows = [[written_in(c, Encoding.TCVN3) if isinstance(c, str) else c for c in row] for row in VIETNAMESE]
    row = shop.send(book(["Mã SP", "Tên hàng", "Nhóm", "Đóng gói", "Trọng lượng", "Giá bán lẻ"], *old_rows))
    assert row.head[:3] == ["Mã SP", "Tên hàng", "Nhóm"]
    assert shop.outcomes(row) == [N, N]
    assert shop.rows(row)[0].name == NAME


def test_goods_of_others_cannot_be_named(shop: Shop) -> None:
    other = factories.make_variant("Chả của người khác", producer=factories.make_producer("HTX khác"))
    row = shop.send(book(HEAD, [other.sku, "Lấy của người", 8, "Hộp", "1 kg", "1k"]))
    [one] = shop.rows(row)
    assert one.problems[0]["title"] == "Mã hàng này không thuộc cơ sở của bạn."
    assert "người khác" not in str(one.problems)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", book(["một"]), book(), text(["a,b"]), b"\x00\x01\x02", b"%PDF-1.7"], ids=range(6)
)
def test_what_has_no_table_is_refused(shop: Shop, content: bytes) -> None:
    with pytest.raises(BadTable):
        shop.send(content)


def test_a_bomb_is_refused_before_it_is_opened(shop: Shop) -> None:
    out = io.BytesIO(by_hand(INLINE))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as box, box.open("xl/worksheets/sheet9.xml", "w") as part:
        for _ in range(220):
            part.write(b"\0" * (1 << 20))
    with pytest.raises(BadTable):
        shop.send(out.getvalue())


def test_too_many_rows_are_refused_politely(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ROWS", 50)
    with pytest.raises(TooManyRows):
        shop.send(book(HEAD, *goods(51)))
    assert shop.send(book(HEAD, *goods(50))).total == 50


def test_a_head_of_nothing_we_know_is_asked_about(shop: Shop) -> None:
    with pytest.raises(Exception, match="invalid"):
        shop.send(sheets.book(["xx", "yy"], ["1", "2"]))
