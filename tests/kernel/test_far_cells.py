"""Spreadsheets whose cells lie far apart: refused by name before anybody makes room for what lies between."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel import extent, sheets
from shop.kernel.sheets import BadTable, Book
from tests.imports.sheets import by_hand

STRAY = "Có ô lẻ ở %(cell)s, xa bảng; hãy xóa các dòng, cột trống rồi gửi lại."


@pytest.fixture(autouse=True)
def _not_read_by_the_reader_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that should have been refused must fail the test, not end its process."""
    read = sheets._within

    def within(reach: extent.Extent) -> None:
        read(reach)
        assert reach.rows * reach.columns <= sheets.MOST_CELLS

    monkeypatch.setattr(sheets, "_within", within)


def cell(name: str, told: str = "<v>1</v>") -> str:
    return f'<c r="{name}">{told}</c>'


def sheet(*cells: str) -> bytes:
    """A sheet in which each cell has a row of its own, as its name says."""
    rows = "".join(f'<row r="{c.split(chr(34))[1].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}">{c}</row>' for c in cells)
    return by_hand(f"<sheetData>{rows}</sheetData>")


TABLE = [cell(f"{letter}{n}") for n in range(1, 7) for letter in "AB"]
FAR = {
    "the last cell of all": (sheet(cell("A1"), cell("XFD1048576")), "XFD1048576"),
    "far below": (sheet(*TABLE, cell("J1048576")), "J1048576"),
    "far to the right": (sheet(*TABLE, cell("XFD3")), "XFD3"),
    "both, and sparse": (sheet(*TABLE, cell("GA3"), cell("B150000")), "B150000"),
    "first and not in order": (sheet(cell("XFD1048576"), cell("A1")), "XFD1048576"),
    "in small letters": (
        by_hand('<sheetData><row r="1"><c r="xfd1048576"><v>1</v></c></row></sheetData>'),
        "XFD1048576",
    ),
    "a row that says another number than its cell": (
        by_hand('<sheetData><row r="1"><c r="A1048576"><v>1</v></c></row></sheetData>'),
        "A1048576",
    ),
    "a cell without a name in a far row": (
        by_hand('<sheetData><row r="1"><c><v>1</v></c></row><row r="999999"><c><v>1</v></c></row></sheetData>'),
        "A999999",
    ),
    "hidden by an entity": (
        by_hand('<sheetData><row r="1"><c r="&#88;FD1048576"><v>1</v></c></row></sheetData>'),
        "XFD1048576",
    ),
    "behind a comment that looks like a cell": (
        by_hand('<sheetData><row r="1"><!--<c a="--><c r=\'XFD1048576\'><v>1</v></c></row></sheetData>'),
        "XFD1048576",
    ),
    "with a prefix": (
        by_hand('<x:sheetData xmlns:x="y"><x:row r="7"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row></x:sheetData>'),
        "XFD1048576",
    ),
}


@pytest.mark.parametrize("kind", FAR)
def test_a_cell_far_from_the_table_is_named(kind: str) -> None:
    content, name = FAR[kind]
    tracemalloc.start()
    with pytest.raises(BadTable) as refused:
        sheets.read(content)
    with pytest.raises(BadTable) as refused_too:
        list(Book(content).lines("A"))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.value.title, refused.value.values) == (STRAY, {"cell": name})
    assert refused_too.value.values == {"cell": name}
    assert most < 8_000_000


@pytest.mark.parametrize(
    "inside",
    [
        '<!DOCTYPE x [<!ENTITY e "XFD1048576">]><sheetData/>',
        '<sheetData><row r="1"><c r="A1" x="<c r="><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1"><c r="A-1"><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1"><c r="A99999999999999"><v>1</v></c></row></sheetData>',
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>',
    ],
    ids=["document type", "a tag inside a tag", "no name", "a number beyond all", "cut"],
)
def test_a_sheet_that_is_no_proper_xml_is_refused(inside: str) -> None:
    with pytest.raises(BadTable):
        sheets.read(by_hand(inside))


def _repacked(content: bytes, name: str, told: bytes, again: str | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as box:
        for part in source.namelist():
            box.writestr(part, told if part == name else source.read(part))
        if again is not None:
            box.writestr(again, told)
    return out.getvalue()


def test_which_part_is_a_sheet_must_be_clear() -> None:
    good, far = FAR["far below"][0], "xl/worksheets/SHEET1.xml"
    with pytest.raises(BadTable):
        sheets.read(_repacked(good, "-", b"<worksheet><sheetData/></worksheet>", again=far))
    relations = "xl/_rels/workbook.xml.rels"
    with pytest.raises(BadTable):
        sheets.read(_repacked(good, relations, b'<R><Relationship Id="rId1" Target="/xl/none.xml"/></R>'))
    with pytest.raises(BadTable):
        sheets.read(
            _repacked(good, relations, b'<R><Relationship Id="rId1" Target="/a"/><Relationship Id="rId1"/></R>')
        )


def test_only_the_sheet_that_is_read_need_be_small() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    for name, far in (("Hàng", False), ("Nháp", True)):
        page = made.add_worksheet(name)
        page.write_row(0, 0, ["Mã hàng", "Tên"])
        if far:
            page.write(1_048_575, 16_383, "x")
    made.close()
    book = Book(out.getvalue())
    assert list(book.lines("Hàng")) == [(1, ["Mã hàng", "Tên"])]
    with pytest.raises(BadTable):
        list(book.lines("Nháp"))


def test_cells_that_only_look_like_something_are_no_stray_cells() -> None:
    """Programs write the style of cells nobody filled, down to the last row."""
    head, rows = sheets.read(sheet(*TABLE, '<c r="XFD1048576" s="0"/>', '<c r="J1048575" s="0"></c>')).head, ()
    assert head == ("1", "1") and rows == ()


def test_too_many_columns_and_rows_are_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "".join(cell(extent.named(1, n)) for n in range(1, 203))
    with pytest.raises(BadTable, match="bad-table") as refused:
        sheets.read(by_hand(f'<sheetData><row r="1">{wide}</row></sheetData>'))
    assert refused.value.title.startswith("Bảng có quá %(n)s cột")
    monkeypatch.setattr(sheets, "MOST_ROWS", 5)
    long = "".join(f'<row r="{n}">{cell(f"A{n}")}</row>' for n in range(1, 1100))
    with pytest.raises(BadTable) as refused:
        sheets.read(by_hand(f"<sheetData>{long}</sheetData>"))
    assert refused.value.title.startswith("Tệp có quá %(n)s dòng")


@given(cells=st.sets(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=12), names=st.booleans())
def test_what_is_measured_is_what_the_reader_of_values_lays_out(cells: Any, names: bool) -> None:
    rows: dict[int, list[int]] = {}
    for row, column in sorted(cells):
        rows.setdefault(row, []).append(column)
    told = ""
    for row, columns in rows.items():
        inside = "".join(cell(extent.named(row, c)) for c in columns)
        inside += "" if names else "<c><v>2</v></c>"  # follows the last one
        told += f'<row r="{row}">{inside}</row>'
    content = by_hand(f"<sheetData>{told}</sheetData>")
    opened = sheets._workbook(content)
    reach = opened.extents["A"]
    read = opened.book.get_sheet_by_name("A")
    assert reach is not None and read.end is not None
    assert (reach.rows, reach.columns) == (read.end[0] + 1, read.end[1] + 1)
    assert reach.cells == len(cells) + (0 if names else len(rows))
