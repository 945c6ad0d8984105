"""What people sent that was read wrongly once."""

from __future__ import annotations

import io
from typing import Any

import pytest

from shop.imports import exports
from shop.imports import queries as import_queries
from shop.kernel import tables
from shop.kernel.sheets import BadTable
from tests.imports import sheets
from tests.imports.conftest import Shop, broken
from tests.imports.sheets import HEAD


@pytest.mark.parametrize("sign", ["®", "ñ", " ®", "®ång", " VN§"])
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_sign_of_the_dong_in_an_old_font_is_an_amount(shop: Shop, sign: str, kind: str) -> None:
    head = ["Ma hang", "Ten san pham", "Bo san pham", "Quy cach", "Khoi luong", "Gia ban"]
    rows = [head, ["A-1", "Cha muc", 8, "Hop", "500 g", "185.000" + sign]]
    row = shop.send(sheets.book(*rows) if kind == "xlsx" else sheets.text(*rows, encoding="latin-1"))
    [one] = shop.rows(row)
    assert one.outcome.value == "new", one.problems
    assert ["price", "", "185.000"] in one.changes


@pytest.mark.parametrize(
    ("pack", "net", "cell", "suggestion"),
    [
        ("2x250g", "", "120.000đ/kg", "60.000"), ("Hộp 500 g", "", "120k/kg", "60.000"),
        ("Túi", "2 x 250g", "120.000/kg", "60.000"),
        ("Chai", "750 ml", "80.000đ/lít", "60.000"), ("Hộp", "0,5 kg", "12k/100g", "60.000"),
        ("Hộp", "2 kg", "30.000đ/cân", "60.000"),
        ("Chai", "750 ml", "80.000đ/kg", ""), ("Túi to", "", "120.000đ/kg", ""), ("Hộp", "333 g", "100.001đ/kg", ""),
    ],
)  # fmt: skip
def test_an_amount_by_weight_suggests_what_the_pack_costs(
    shop: Shop, pack: str, net: str, cell: str, suggestion: str
) -> None:
    [one] = shop.rows(shop.send(sheets.book(HEAD, ["A-1", "Chả", 8, pack, net, cell])))
    assert [(p["key"], p["suggestion"]) for p in one.problems] == [("price", suggestion)]


def form(kind: str, *more: list[Any]) -> bytes:
    lines = [*exports.blank(), *more]
    if kind == "csv":
        return "".join(tables.csv_lines(exports.HEAD, iter(lines))).encode()
    out = io.BytesIO()
    tables.write_xlsx(out, exports.HEAD, iter(lines))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_examples_of_our_form_are_no_goods(shop: Shop, kind: str) -> None:
    own = ["CM-500", "Chả mực của tôi", "8", "Hộp 500 g"]
    row = shop.send(form(kind, own))
    assert shop.outcomes(row) == ["ignored", "ignored", "ignored", "new"]
    assert import_queries.said(shop.rows(row)[0].problems[0]) == "Dòng ví dụ của mẫu, chưa được thay."
    shop.write(row)
    assert [p.name for p in shop.products()] == ["Chả mực của tôi"]
    assert broken() == []


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"%PDF-1.7 a,b", "gia.xlsx", "Đây là tệp PDF, không phải bảng tính. Hãy gửi tệp XLSX hoặc CSV."),
        (b"%PDF-1.7 a,b", "gia.csv", "Đây là tệp PDF, không phải bảng tính. Hãy gửi tệp XLSX hoặc CSV."),
        (b"xin chao", "gia.xlsx", "Tệp mang tên XLSX nhưng không phải là tệp XLSX. Hãy lưu lại từ phần mềm bảng tính."),
        (sheets.book(HEAD), "gia.xlsx", "Dưới dòng tiêu đề không có dòng nào."),
        (sheets.text(HEAD), "gia.csv", "Dưới dòng tiêu đề không có dòng nào."),
    ],
    ids=["PDF named XLSX", "PDF named CSV", "text named XLSX", "a head alone", "a head alone as CSV"],
)
def test_what_is_no_table_is_called_what_it_is(shop: Shop, content: bytes, name: str, said: str) -> None:
    with pytest.raises(BadTable) as refused:
        shop.send(content, name)
    assert refused.value.title == said


def test_limits_are_written_as_people_here_write_numbers(shop: Shop) -> None:
    [one] = shop.rows(shop.send(sheets.book(HEAD, ["A-1", "Chả", 8, "Hộp", "99999999999 g", "9k"])))
    assert import_queries.said(one.problems[0]) == "Giá trị phải từ 0,001 đến 999.999.999."


def test_a_number_too_large_is_said_to_be_too_large(shop: Shop) -> None:
    for cell in ("99999999999999999999", "999.999.999.999.999.999.999.999"):
        row = shop.send(sheets.book([*HEAD, "Mỗi đơn nhiều nhất"], ["A-1", "Chả", 8, "Hộp", "1 kg", "9k", cell]))
        told = import_queries.said(shop.rows(row)[0].problems[0])
        assert told.startswith("Giá trị phải từ"), told
