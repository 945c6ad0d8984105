"""Tables that people send, honest and hostile."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter

from shop.kernel import sheets
from shop.kernel.sheets import BadTable


def xlsx(rows: list[list[Any]], prepare: Any = None) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    for n, row in enumerate(rows):
        sheet.write_row(n, 0, row)
    if prepare:
        prepare(book, sheet)
    book.close()
    return target.getvalue()


def taken(content: bytes) -> tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]:
    sheet = sheets.read(content)
    return sheet.head, [(row.number, row.cells) for row in sheet.rows]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_of_every_office(separator: str, encoding: str) -> None:
    told = (
        separator.join(["sku", "tên"])
        + "\r\n"
        + separator.join(["A-1", '"Chả\nmực"'])
        + "\r\n\r\n"
        + f"B-2{separator}\r\n"
    )
    head, rows = taken(told.encode(encoding))
    assert head == ("sku", "tên")
    assert rows == [(2, ("A-1", "Chả\nmực")), (5, ("B-2", ""))]


def test_decomposed_text_is_composed_and_our_own_apostrophes_go() -> None:
    head, rows = taken("sep=;\nsku;te\u0302n\nA;'=1\nB; Cha\u0309 \u200b mực ".encode())
    assert head == ("sku", "tên")
    assert rows == [(3, ("A", "=1")), (4, ("B", "Chả mực"))]


def test_xlsx_of_every_kind_of_cell() -> None:
    def prepare(book: Any, sheet: Any) -> None:
        sheet.write_formula(2, 0, "=1+1", None, 2)
        sheet.write_string(2, 1, "0123")
        sheet.merge_range(3, 0, 3, 1, "gộp")

    rows: list[list[Any]] = [
        ["sku", "b", None, "d"], [125000, 2.5, True, date(2026, 11, 24)], [], [],
        ["x", datetime(2026, 11, 24, 7, 30), "  a  b "],
    ]  # fmt: skip
    head, found = taken(xlsx(rows, prepare))
    assert head == ("sku", "b", "", "d")
    assert found == [
        (2, ("125000", "2.5", "1", "2026-11-24")),
        (3, ("2", "0123", "", "")),
        (4, ("gộp", "", "", "")),
        (5, ("x", "2026-11-24T07:30", "a b", "")),
    ]


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("xl/workbook.xml", "<workbook/>")
        with box.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as stream:
            for _ in range(300):
                stream.write(b" " * (1 << 20))
    return target.getvalue()


def lying_bomb() -> bytes:
    """The same, but the directory says that it is small."""
    made = bytearray(bomb())
    at = made.rfind(b"PK\x01\x02")
    made[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(made)


def many_parts() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as box:
        for n in range(2001):
            box.writestr(f"x{n}", "")
    return target.getvalue()


def renamed_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as box:
        box.writestr("word/document.xml", "<x/>")
    return target.getvalue()


# Made where it is needed: a bomb is work, and whoever collects the tests does not want it.
HOSTILE: dict[str, bytes | Callable[[], bytes]] = {
    "nothing": b"",
    "blank": b"\n\n,,\n",
    "bytes": bytes(range(256)),
    "latin-1": "tên,giá\nchả,1".encode().decode("utf-8").encode("cp1258", "replace"),
    "nul": b"a,b\n\0,1",
    "html": b"<html><table><tr><td>sku</td></tr></table></html>",
    "old xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "zip": renamed_zip,
    "cut zip": xlsx([["a"]])[:300],
    "bomb": bomb,
    "lying bomb": lying_bomb,
    "many parts": many_parts,
    "too heavy": b"a" * (sheets.LARGEST_FILE + 1),
    "open quote": b'a,b\n"x,1\ny,2\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_table_is_refused(name: str) -> None:
    made = HOSTILE[name]
    with pytest.raises(BadTable):
        taken(made if isinstance(made, bytes) else made())


def test_too_many_rows_are_refused_while_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    sheet = sheets.read(b"a\n1\n2\n3\n4\n")
    with pytest.raises(BadTable):
        list(sheet.rows)


def test_an_entity_bomb_in_xml_grows_nothing() -> None:
    target = io.BytesIO()
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    with zipfile.ZipFile(io.BytesIO(xlsx([["sku"], ["A"]]))) as source, zipfile.ZipFile(target, "w") as box:
        for part in source.namelist():
            told = source.read(part)
            if part == "xl/sharedStrings.xml":
                told = told.replace(b"?>", f'?><!DOCTYPE x [<!ENTITY e0 "x">{entities}]>'.encode(), 1).replace(
                    b"<t>A</t>", b"<t>&e11;</t>"
                )
            box.writestr(part, told)
    try:
        _head, rows = taken(target.getvalue())
    except BadTable:
        return
    assert all(len(cell) < 100 for _n, cells in rows for cell in cells)


TITLE = "NGÂN HÀNG TMCP BẾN CẢNG, CHI NHÁNH QUẢNG NINH, PHÒNG GIAO DỊCH HẠ LONG, ĐỊA CHỈ: 1 LÊ LỢI, HẠ LONG, QUẢNG NINH"


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_title_with_commas_says_nothing_of_the_columns(separator: str) -> None:
    rows = [
        ["Ngày", "Diễn giải", "Ghi có"],
        ["28/11/2026", "mua hang, cam on", "185,000"],
        ["28/11/2026", "phi, le", "1,000"],
    ]
    lines = [TITLE, "Sao kê; tháng 11"] + [
        separator.join(f'"{cell}"' if separator in cell else cell for cell in r) for r in rows
    ]
    book = sheets.Book("\n".join(lines).encode())
    found = [tuple(cells) for _n, cells in book.lines(book.names[0])]
    assert found[2:] == [tuple(row) for row in rows]


def test_without_a_head_the_first_line_that_holds_a_mark_tells() -> None:
    book = sheets.Book(b"A1\n1;2;3\n4;5;6\n")
    assert [tuple(cells) for _n, cells in book.lines(book.names[0])] == [("A1",), ("1", "2", "3"), ("4", "5", "6")]
