"""Tables that people send: CSV or XLSX read as text, bounded before anything is unpacked, each row with its number."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

from shop.kernel import tables, text
from shop.kernel.errors import N_, Invalid

LARGEST_FILE = 40 * 1024 * 1024
LARGEST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2_000
MOST_ROWS = 200_000
MOST_COLUMNS = 200
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
            raise BadTable(N_("Tệp có quá %(n)s dòng. Hãy chia nhỏ."), n=f"{MOST_ROWS:,}".replace(",", "."))
        yield Row(number, tuple(cells[:width]) + ("",) * (width - len(cells)))


# --- CSV ---------------------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = next((name for mark, name in marks.items() if content.startswith(mark)), "utf-8")
    try:
        found = content.decode(encoding)
    except UnicodeDecodeError:
        raise BadTable(N_("Tệp không phải UTF-8. Hãy lưu lại với bảng mã UTF-8.")) from None
    if "\0" in found:
        raise BadTable
    return found


def _csv(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    told = _decoded(content)
    if told.lstrip()[:1] == "<":
        raise BadTable
    first = told.lstrip("\r\n").split("\n", 1)[0]
    skipped = 0
    if first.lower().startswith("sep="):
        separator, told, skipped = first[4:5] or ",", told.lstrip("\r\n").split("\n", 1)[-1], 1
    else:
        separator = max(",;\t", key=first.count)
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


def _xlsx(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            parts = box.infolist()
            if len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > LARGEST_UNPACKED:
                raise BadTable(N_("Tệp XLSX bung ra quá lớn."))
            _measured(box, parts)
            names = {p.filename for p in parts}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise BadTable from error
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names:
        raise BadTable
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
    except PasswordError:
        raise BadTable(N_("Tệp XLSX có mật khẩu. Hãy bỏ mật khẩu rồi gửi lại.")) from None
    except (CalamineError, WorksheetNotFound, ValueError, IndexError) as error:
        raise BadTable from error
    if sheet.total_height > MOST_ROWS + 1000 or sheet.total_width > 16_384:
        raise BadTable(N_("Tệp có quá %(n)s dòng. Hãy chia nhỏ."), n=f"{MOST_ROWS:,}".replace(",", "."))
    top = sheet.start[0] if sheet.start else 0

    def lines() -> Iterator[tuple[int, Sequence[str]]]:
        for n, cells in enumerate(sheet.iter_rows(), top + 1):
            yield n, [_text(_written(cell)) for cell in cells[:MOST_COLUMNS]]

    return lines()


def _measured(box: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo]) -> None:
    """Unpack and count, forgetting the bytes: what an archive says of its own size may be a lie."""
    left = LARGEST_UNPACKED
    for part in parts:
        with box.open(part) as stream:
            while piece := stream.read(1 << 20):
                left -= len(piece)
                if left < 0:
                    raise BadTable(N_("Tệp XLSX bung ra quá lớn."))


def _written(value: Any) -> str:
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
    return tables.plain(text.clean(cell[:MOST_CHARACTERS]))
