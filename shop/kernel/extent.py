"""How far the cells of the sheets of an XLSX reach, known before anything makes room for them.

The reader of values lays a sheet out as a full rectangle up to its last cell: one stray cell in XFD1048576 would be 17 thousand
million cells. So the XML of each sheet is gone through first, in pieces and without its text, by a strict parser that takes no
document type and so no entities of its own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

_PIECE = 1 << 16
_MARK = b"sheetData"
# Names of elements that are remembered by their local name.
_MOST_NAMES = 1_000


class Malformed(Exception):
    """What should be XML of a spreadsheet is not."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the cells of a sheet that hold something end, counted from 1 (0: there are none).

    `lowest` and `outermost` are the names of the first cells in the last row and in the last column; `filled_rows` and
    `filled_columns` count those that hold something at all, `cells` the cells.
    """

    rows: int = 0
    columns: int = 0
    lowest: str = ""
    outermost: str = ""
    filled_rows: int = 0
    filled_columns: int = 0
    cells: int = 0


def named(row: int, column: int) -> str:
    """The name of a cell as a spreadsheet shows it: (3, 28) is AB3."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _column(letters: str) -> int:
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - 64
    return found


class _Sheet:
    """Goes through the elements of one sheet. Rows and cells without `r` follow the one before them, as the format says."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = _no_doctype
        self.parser.StartElementHandler = self._start
        self.parser.buffer_size = _PIECE
        self._kinds: dict[str, str] = {k: k for k in ("row", "c", "v", "is", "f")}
        # The row and column of the cell that has been opened; whether it is known to hold something.
        self._row, self._place, self._at = 0, 0, 0
        self._open = False
        self._counted_row = 0
        self._columns: dict[str, int] = {}
        self._filled: set[int] = set()
        self._filled_rows = self._cells = 0
        self._last_row, self._lowest = 0, (0, 0)
        self._last_column, self._outermost = 0, (0, 0)

    def _start(self, tag: str, told: Mapping[str, str]) -> None:
        kind = self._kinds.get(tag)
        if kind is None:
            kind = tag.rpartition(":")[2]
            if len(self._kinds) < _MOST_NAMES:
                self._kinds[tag] = kind
        if kind == "c":
            reference = told.get("r")
            if reference is None:
                self._at, self._place = self._row, self._place + 1
            else:
                self._at, self._place = self._read(reference)
            self._open = True
        elif kind in {"v", "is", "f"}:
            if self._open:
                self._open = False
                self._count(self._at, self._place)
        elif kind == "row":
            number = told.get("r")
            if number is None:
                self._row += 1
            elif number.isascii() and number.isdigit() and len(number) < 10:
                self._row = int(number)
            else:
                raise Malformed
            self._place, self._open = 0, False

    def _read(self, reference: str) -> tuple[int, int]:
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 5):
                raise Malformed
            column = _column(letters.upper())
            if len(self._columns) < 20_000:
                self._columns[letters] = column
        number = reference[len(letters) :]
        if not 0 < len(number) < 10:
            raise Malformed
        return int(number), column

    def _count(self, row: int, column: int) -> None:
        self._cells += 1
        if row != self._counted_row:
            self._counted_row = row
            self._filled_rows += 1
            if row > self._last_row:
                self._last_row, self._lowest = row, (row, column)
        if column > self._last_column:
            self._last_column, self._outermost = column, (row, column)
        if len(self._filled) < 20_000:
            self._filled.add(column)

    def extent(self) -> Extent:
        """What was found."""
        if not self._cells:
            return Extent()
        return Extent(
            self._last_row, self._last_column, named(*self._lowest), named(*self._outermost), self._filled_rows,
            len(self._filled), self._cells,
        )  # fmt: skip


def _no_doctype(*_told: Any) -> None:
    raise Malformed


def of_sheets(
    box: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo], spend: Callable[[int], None]
) -> dict[str, Extent | None]:
    """The extent of each part of an archive that holds rows of cells, by its name in small letters; None for one that is not
    proper XML. `spend` is told of every piece that is unpacked and may stop it.

    Raises:
        Malformed: two parts share a name. What `spend` raises; what `zipfile` raises of a broken archive.
    """
    found: dict[str, Extent | None] = {}
    seen: set[str] = set()
    for part in parts:
        name = part.filename.replace("\\", "/").lower()
        if name in seen:
            raise Malformed
        seen.add(name)
        sheet: _Sheet | None = None
        broken, tail, head = False, b"", b""
        with box.open(part) as stream:
            while piece := stream.read(_PIECE):
                spend(len(piece))
                if not broken and sheet is None:
                    # What comes before the cells is kept until they come: usually some hundred bytes.
                    head = head + piece if len(head) < 1 << 20 else piece
                    if _MARK in tail + piece or b"\0" in piece:
                        sheet, piece = _Sheet(), head
                        broken = b"\0" in head
                    tail = piece[-len(_MARK) :]
                if sheet is not None and not broken:
                    try:
                        sheet.parser.Parse(piece, False)
                    except (expat.ExpatError, Malformed):
                        broken = True
        if sheet is None:
            continue
        if not broken:
            try:
                sheet.parser.Parse(b"", True)
            except (expat.ExpatError, Malformed):
                broken = True
        found[name] = None if broken else sheet.extent()
    return found


# --- which part a sheet is -----------------------------------------------------------------------------------------------


def _elements(raw: bytes, wanted: str) -> list[dict[str, str]]:
    """The attributes of each element of this local name."""
    found: list[dict[str, str]] = []

    def start(tag: str, told: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == wanted:
            found.append(told)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.StartElementHandler = start
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Malformed from error
    return found


def sheet_parts(box: zipfile.ZipFile) -> dict[str, str]:
    """The part (its name in small letters) of each sheet of a book.

    Raises:
        Malformed: the book does not say so clearly.
    """
    by_small = {name.replace("\\", "/").lower(): name for name in box.namelist()}
    try:
        book = box.read(by_small["xl/workbook.xml"])
        relations = box.read(by_small["xl/_rels/workbook.xml.rels"])
    except KeyError as error:
        raise Malformed from error
    targets: dict[str, str] = {}
    for one in _elements(relations, "Relationship"):
        key, target = one.get("Id", ""), one.get("Target", "").replace("\\", "/").removeprefix("/").lower()
        if key in targets:
            raise Malformed
        targets[key] = target if target.startswith("xl/") else f"xl/{target}"
    found: dict[str, str] = {}
    for one in _elements(book, "sheet"):
        name, keys = one.get("name", ""), {v for k, v in one.items() if k.endswith(":id")}
        if name in found or len(keys) != 1:
            raise Malformed
        found[name] = targets.get(keys.pop(), "")
    return found
