"""Tables that people send: CSV or XLSX read as text, bounded before anything is unpacked, each row with its number."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum, WorksheetNotFound

from shop.kernel import extent, tables, text
from shop.kernel.errors import N_, Invalid

LARGEST_FILE = 40 * 1024 * 1024
LARGEST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2_000
MOST_ROWS = 200_000
MOST_COLUMNS = 200
# Of the rectangle up to the last cell, empty ones too: the reader of values makes room for all of them.
MOST_CELLS = 4_000_000
MOST_CHARACTERS = 32_000


class BadTable(Invalid):
    """The file is no table that can be read, or it is too large."""

    code = "bad-table"
    title = N_("Không đọc được tệp này. Hãy dùng CSV (UTF-8) hoặc XLSX.")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank: its number as a spreadsheet counts (the head is 1) and its cells as text, '' for none."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: the words of its head and its rows, read once."""

    head: tuple[str, ...]
    rows: Iterator[Row]


def check_name(name: str, content: bytes) -> None:
    """Say so if a file calls itself XLSX and is none: read as CSV, only its columns would seem to be missing.

    Raises:
        BadTable.
    """
    if name.lower().endswith((".xlsx", ".xlsm")) and not content.startswith(b"PK\x03\x04"):
        raise BadTable(N_("Tệp mang tên XLSX nhưng không phải là tệp XLSX. Hãy lưu lại từ phần mềm bảng tính."))


def read(content: bytes) -> Sheet:
    """Read a CSV (UTF-8 or UTF-16; comma, semicolon or tab) or the first sheet of an XLSX file.

    Text is in NFC without control characters; whole numbers have no decimals, days are ISO; a formula is its last value.

    Raises:
        BadTable: another kind of file, broken, locked by a password, or beyond the limits above (rows are counted as they
            are read, so this may also come from `rows`).
    """
    if len(content) > LARGEST_FILE:
        raise BadTable(N_("Tệp nặng quá %(n)s MB."), n=LARGEST_FILE // 1024 // 1024)
    lines = _xlsx(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    head: tuple[str, ...] = ()
    for _number, cells in lines:
        head = tuple(" ".join(cell.split()) for cell in cells)
        if any(head):
            break
    if not any(head):
        raise BadTable(N_("Tệp không có dòng tiêu đề."))
    while head and not head[-1]:
        head = head[:-1]
    return Sheet(head, _rows(lines, len(head)))


def _rows(lines: Iterator[tuple[int, Sequence[str]]], width: int) -> Iterator[Row]:
    count = 0
    for number, cells in lines:
        if not any(cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise BadTable(N_("Tệp có quá %(n)s dòng. Hãy chia nhỏ."), n=_counted(MOST_ROWS))
        yield Row(number, tuple(cells[:width]) + ("",) * (width - len(cells)))


# --- CSV ---------------------------------------------------------------------------------------------------------


def _decoded(content: bytes, decode: Callable[[bytes], str] | None = None) -> str:
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = next((name for mark, name in marks.items() if content.startswith(mark)), "utf-8")
    try:
        found = content.decode(encoding)
    except UnicodeDecodeError:
        if decode is None or encoding != "utf-8":
            raise BadTable(N_("Tệp không phải UTF-8. Hãy lưu lại với bảng mã UTF-8.")) from None
        found = decode(content)
    if "\0" in found:
        if found.count("\0") * 3 > len(found):  # each letter with an empty byte beside it
            raise BadTable(
                N_(
                    "Tệp dùng bảng mã UTF-16 mà không ghi rõ ở đầu tệp. Hãy lưu lại với bảng mã UTF-8, hoặc gửi tệp XLSX."
                )
            )
        raise BadTable
    return found


_SEPARATORS = ",;\t"
_HEAD_WITHIN = 60


def _separator(told: str) -> str:
    """What stands between the columns, by the line that heads them: most names without a number, and most lines below that
    are as wide. A title above may hold any mark; a file without such a line is told by the first line that holds one."""
    top = "".join(islice(io.StringIO(told), _HEAD_WITHIN))

    def stands_for(mark: str) -> int:
        try:
            lines = [row for row in csv.reader(io.StringIO(top, newline=""), delimiter=mark) if any(row)]
        except csv.Error:
            return 0
        best = 0
        for place, row in enumerate(lines):
            named = sum(1 for cell in row if cell.strip())
            if named >= 2 and not any(digit in cell for cell in row for digit in "0123456789"):
                best = max(best, named * (1 + sum(len(below) == len(row) for below in lines[place + 1 :])))
        return best

    best = max(_SEPARATORS, key=stands_for)
    if stands_for(best):
        return best
    first = next((line for line in top.split("\n") if any(mark in line for mark in _SEPARATORS)), "")
    return max(_SEPARATORS, key=first.count)


def _csv(content: bytes, decode: Callable[[bytes], str] | None = None) -> Iterator[tuple[int, Sequence[str]]]:
    told = _decoded(content, decode)
    if told.lstrip()[:1] == "<":
        raise BadTable
    first = told.lstrip("\r\n").split("\n", 1)[0]
    skipped = 0
    if first.lower().startswith("sep="):
        separator, told, skipped = first[4:5] or ",", told.lstrip("\r\n").split("\n", 1)[-1], 1
    else:
        separator = _separator(told)
    reader = csv.reader(io.StringIO(told, newline=""), delimiter=separator, strict=True)

    def lines() -> Iterator[tuple[int, Sequence[str]]]:
        before = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadTable(
                    N_("Dòng %(n)s của tệp bị hỏng (thiếu dấu ngoặc kép?)."), n=before + 1 + skipped
                ) from error
            number, before = before + 1, reader.line_num
            yield number + skipped, [_text(cell) for cell in cells[:MOST_COLUMNS]]

    return lines()


# --- XLSX --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opened:
    """A book with how far each of its sheets reaches, by name; None for a sheet that is broken."""

    book: CalamineWorkbook
    extents: dict[str, extent.Extent | None]


def _workbook(content: bytes) -> _Opened:
    """The book, opened only after its archive has been measured and the cells of its sheets have been counted."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            parts = box.infolist()
            if len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > LARGEST_UNPACKED:
                raise BadTable(N_("Tệp XLSX bung ra quá lớn."))
            names = {p.filename.lower() for p in parts}
            # Other kinds of books in the same wrapping are never measured, so they are not read either.
            if "xl/workbook.xml" not in names or names & {"xl/workbook.bin", "content.xml"}:
                raise BadTable
            found = extent.of_sheets(box, parts, _spending())
            extents = {name: found.get(part) for name, part in extent.sheet_parts(box).items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error, extent.Malformed) as error:
        raise BadTable from error
    try:
        return _Opened(CalamineWorkbook.from_filelike(io.BytesIO(content)), extents)
    except PasswordError:
        raise BadTable(N_("Tệp XLSX có mật khẩu. Hãy bỏ mật khẩu rồi gửi lại.")) from None
    except (CalamineError, ValueError, IndexError) as error:
        raise BadTable from error


def _sheet(opened: _Opened, name: str) -> Any:
    """The sheet called `name`, its values read.

    Raises:
        BadTable: it is broken, or a rectangle around its cells would be too large; then its values have not been read.
    """
    reach = opened.extents.get(name)
    if reach is None:
        raise BadTable
    _within(reach)
    try:
        return opened.book.get_sheet_by_name(name)
    except (CalamineError, WorksheetNotFound, ValueError, IndexError) as error:
        raise BadTable from error


def _within(reach: extent.Extent) -> None:
    rows, columns = MOST_ROWS + 1000, MOST_COLUMNS
    if reach.rows > rows:
        if reach.filled_rows > MOST_ROWS:
            raise BadTable(N_("Tệp có quá %(n)s dòng. Hãy chia nhỏ."), n=_counted(MOST_ROWS))
        raise BadTable(STRAY, cell=reach.lowest)
    if reach.columns > columns:
        if reach.filled_columns > columns:
            raise BadTable(N_("Bảng có quá %(n)s cột. Hãy bỏ bớt cột rồi gửi lại."), n=columns)
        raise BadTable(STRAY, cell=reach.outermost)
    if reach.rows * reach.columns > MOST_CELLS:
        if reach.cells * 2 > MOST_CELLS:
            raise BadTable(N_("Bảng có quá %(n)s ô. Hãy chia nhỏ."), n=_counted(MOST_CELLS))
        # Whichever way the table is emptier, the cell at that end is the one that lies apart.
        far_down = reach.filled_rows * reach.columns <= reach.rows * reach.filled_columns
        raise BadTable(STRAY, cell=reach.lowest if far_down else reach.outermost)


STRAY = N_("Có ô lẻ ở %(cell)s, xa bảng; hãy xóa các dòng, cột trống rồi gửi lại.")


def _counted(n: int) -> str:
    return f"{n:,}".replace(",", ".")


def _xlsx(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    opened = _workbook(content)
    if not opened.book.sheet_names:
        raise BadTable
    sheet = _sheet(opened, opened.book.sheet_names[0])

    def lines() -> Iterator[tuple[int, Sequence[str]]]:
        for n, cells in enumerate(sheet.iter_rows(), 1):  # blank lines above the first cell come too
            yield n, [_text(_written(cell)) for cell in cells[:MOST_COLUMNS]]

    return lines()


def _spending() -> Callable[[int], None]:
    """Counts what is unpacked: what an archive says of its own size may be a lie."""
    left = LARGEST_UNPACKED

    def spend(n: int) -> None:
        nonlocal left
        left -= n
        if left < 0:
            raise BadTable(N_("Tệp XLSX bung ra quá lớn."))

    return spend


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _text(cell: str) -> str:
    return _short(cell) if len(cell) <= 100 else tables.plain(text.clean(cell[:MOST_CHARACTERS]))


# Columns say the same few things over and over.
@lru_cache(maxsize=4096)
def _short(cell: str) -> str:
    return tables.plain(text.clean(cell))


# --- books whose sheets, merged cells and formulas matter -----------------------------------------------------------------

# What stands in a cell whose formula was saved without a value: nobody computes it here.
NO_VALUE = "=?"
_ODD_CELL = re.compile(rb"""<c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"([^>]*?)(?:/>|>(.*?)</c>)""", re.S)
_FORMULA = re.compile(rb"<f\b")
_VALUE = re.compile(rb"<v>([^<]*)</v>|<is>")
_COLUMN = re.compile(rb"<col\s([^>]*?)/?>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)="([^"]*)\"""")


class Book:
    """A file whose sheets are read one at a time: visible names, lines as `read` gives them (numbers keep what they say), the
    cells that are merged downwards, columns hidden from view. A CSV is a book of one sheet called ''.

    A cell in error reads `#N/A` or whatever it shows, a formula without a value `NO_VALUE`. A number with exactly three
    decimals gets a zero more, so that nobody takes its point for a mark between thousands.
    """

    def __init__(self, content: bytes, *, decode: Callable[[bytes], str] | None = None) -> None:
        """Open `content`; `decode` reads a CSV that is not Unicode.

        Raises:
            BadTable.
        """
        if len(content) > LARGEST_FILE:
            raise BadTable(N_("Tệp nặng quá %(n)s MB."), n=LARGEST_FILE // 1024 // 1024)
        if content.startswith(b"%PDF"):
            raise BadTable(N_("Đây là tệp PDF, không phải bảng tính. Hãy gửi tệp XLSX hoặc CSV."))
        if content.startswith(b"\xd0\xcf\x11\xe0"):
            raise BadTable(N_("Đây là tệp Excel kiểu cũ (.xls) hoặc có mật khẩu. Hãy lưu lại thành .xlsx."))
        self._content, self._decode = content, decode
        self._book = _workbook(content) if content.startswith(b"PK\x03\x04") else None
        if self._book is None:
            self.names: tuple[str, ...] = ("",)
        else:
            book = self._book.book
            visible = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
            self.names = tuple(visible or book.sheet_names)
        if not self.names:
            raise BadTable

    def lines(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """(number, cells) of each line of a sheet, blank ones too; lines are numbered from 1.

        Raises:
            BadTable: the sheet cannot be read (of a CSV also while it is read).
        """
        if self._book is None:
            for number, cells in _csv(self._content, self._decode):
                yield number, list(cells)
            return
        sheet = _sheet(self._book, name)
        left = sheet.start[1] if sheet.start else 0
        odd, _hidden = self._marks(name)
        down: dict[int, list[tuple[int, int]]] = {}
        merged = 0
        for (first, column), (last, _end) in sheet.merged_cell_ranges or []:
            merged += max(0, min(last, first + 10_000) - first)
            if merged > MOST_ROWS * 2:
                raise BadTable(N_("Bảng có quá nhiều ô gộp. Hãy bỏ gộp ô rồi gửi lại."))
            for n in range(first + 1, min(last, first + 10_000) + 1):
                down.setdefault(n, []).append((column - left, first))
        above: dict[tuple[int, int], str] = {}
        wanted = {(first, column) for pairs in down.values() for column, first in pairs}
        for n, values in enumerate(sheet.iter_rows()):
            cells = [_text(_exact(value)) for value in values[:MOST_COLUMNS]]
            for column, told in odd.get(n, ()):
                if 0 <= column - left < len(cells):
                    cells[column - left] = told
            for column, first in down.get(n, ()):
                if column < len(cells) and not cells[column]:
                    cells[column] = above.get((first, column), "")
            if wanted:
                for column, cell in enumerate(cells):
                    if (n, column) in wanted:
                        above[n, column] = cell
            yield n + 1, cells

    def hidden(self, name: str) -> frozenset[int]:
        """The places in a line (from 0) of columns that the sheet hides."""
        if self._book is None:
            return frozenset()
        sheet = _sheet(self._book, name)
        left = sheet.start[1] if sheet.start else 0
        return frozenset(column - left for column in self._marks(name)[1] if column >= left)

    def _marks(self, name: str) -> tuple[dict[int, list[tuple[int, str]]], frozenset[int]]:
        """Cells in error or without a value by line, and hidden columns: what the reader of values does not tell."""
        with zipfile.ZipFile(io.BytesIO(self._content)) as box:
            try:
                part = extent.sheet_parts(box).get(name)
            except extent.Malformed:
                part = None
            raw = next((box.read(p) for p in box.namelist() if p.replace("\\", "/").lower() == part), b"")
        odd: dict[int, list[tuple[int, str]]] = {}
        if _FORMULA.search(raw) or b't="e"' in raw:
            for found in _ODD_CELL.finditer(raw):
                inside = found[4] or b""
                value = _VALUE.search(inside)
                if b't="e"' in found[3]:
                    told = value[1].decode("utf-8", "replace")[:20] if value and value[1] else "#N/A"
                elif _FORMULA.search(inside) and (value is None or not (value[1] or b't="str"' in found[3])):
                    told = NO_VALUE
                else:
                    continue
                odd.setdefault(int(found[2]) - 1, []).append((_number_of(found[1]), told))
        hidden: set[int] = set()
        head = raw[: raw.find(b"<sheetData")] if b"<sheetData" in raw else b""
        for column in _COLUMN.findall(head):
            told_of = dict(_ATTRIBUTE.findall(column))
            if told_of.get(b"hidden") in {b"1", b"true"}:
                first, last = int(told_of.get(b"min", b"1")), int(told_of.get(b"max", b"1"))
                hidden |= set(range(first - 1, min(last, MOST_COLUMNS + 100)))
        return odd, frozenset(hidden)


def _number_of(letters: bytes) -> int:
    found = 0
    for letter in letters:
        found = found * 26 + letter - 64
    return found - 1


def _exact(value: Any) -> str:
    told = _written(value)
    if isinstance(value, float) and re.fullmatch(r"-?\d+\.\d{3}", told):
        return told + "0"
    return told
