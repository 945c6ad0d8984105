"""The file of an import: which sheet and line its table begins at, and its rows with every cell in Unicode."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from shop.imports import columns, legacy
from shop.imports.errors import TooManyRows
from shop.imports.legacy import Encoding, Verdict
from shop.kernel import text
from shop.kernel.errors import N_
from shop.kernel.sheets import BadTable, Book

# Of a producer's import; a longer one is to be sent in parts.
MOST_ROWS = 50_000
_HEAD_WITHIN = 40
_JUDGED = 3_000
SAMPLES = 3
_SUM = re.compile(r"(tong|tong cong|tong so|cong|total|grand total|sum|tong tien|cong cong)\b")


def opened(content: bytes) -> Book:
    """The file as a book of sheets.

    Raises:
        BadTable: it cannot be read safely.
    """
    return Book(content, decode=legacy.decoded)


@dataclass(frozen=True, slots=True)
class Survey:
    """A sheet looked over: the line of the head (as a spreadsheet counts), its words, three samples of each column."""

    sheet: str
    head_row: int
    head: list[str]
    samples: list[list[str]]
    hidden: list[int]
    columns: list[str | None]
    hints: list[str]
    verdicts: list[Verdict]


def best_sheet(book: Book) -> Survey:
    """The sheet in which most columns are known, the first of equals.

    Raises:
        BadTable: none has a head.
    """
    best: Survey | None = None
    failed: BadTable | None = None
    for name in book.names[:20]:
        try:
            found = survey(book, name)
        except BadTable as error:
            failed = failed or error
            continue
        if best is None or _known(found.columns) > _known(best.columns):
            best = found
    if best is None:
        raise failed or BadTable(N_("Tệp không có dòng tiêu đề."))
    return best


def _known(keys: Sequence[str | None]) -> int:
    return sum(key is not None for key in keys)


def count(book: Book, sheet: str, head_row: int) -> int:
    """How many lines with something in them lie below the head.

    Raises:
        TooManyRows: more than an import takes; BadTable.
    """
    found = 0
    for number, cells in book.lines(sheet):
        if number > head_row and any(cells):
            found += 1
            if found > MOST_ROWS:
                raise TooManyRows(n=f"{MOST_ROWS:,}".replace(",", "."))
    return found


def survey(book: Book, name: str) -> Survey:
    """Look a sheet over.

    Raises:
        BadTable: there is no line that could be a head.
    """
    lines = [(n, cells) for n, cells in islice(book.lines(name), _JUDGED) if any(cells)]
    top = lines[:_HEAD_WITHIN]
    verdicts = legacy.judge(_columns([cells for _n, cells in lines]))
    best: tuple[int, int, list[str]] | None = None
    for place, (_n, cells) in enumerate(top):
        # The head may be in Unicode above a body that is not: it is read both ways, as it stands first.
        below = top[place + 1][1] if place + 1 < len(top) else None
        for read in ([Verdict()] * len(verdicts), verdicts):
            readable = [" ".join(_read(cell, v).split()) for cell, v in zip(cells, read, strict=False)]
            for head, used in _heads(readable, below, read):
                score = _known(columns.guess(head)) * 10 - used
                if score > (best[0] if best else 9) and sum(bool(word) for word in head) >= 2:
                    best = (score, place + used, head)
    if best is None:
        line = next((i for i, (_n, cells) in enumerate(top) if sum(bool(c) for c in cells) >= 2), None)
        if line is None:
            raise BadTable(N_("Tệp không có dòng tiêu đề."))
        head = [" ".join(_read(cell, v).split()) for cell, v in zip(top[line][1], verdicts, strict=False)]
        place = line
    else:
        _score, place, head = best
    while head and not head[-1]:
        head = head[:-1]
    head = [word[:200] for word in head]
    body = [cells for _n, cells in lines[place + 1 :]]
    verdicts = (legacy.judge(_columns(body, len(head))) + [Verdict()] * len(head))[: len(head)]
    samples = []
    for column, verdict in enumerate(verdicts):
        found = dict.fromkeys(
            _read(cells[column], verdict)[:80] for cells in body[:200] if column < len(cells) and cells[column]
        )
        samples.append(list(found)[:SAMPLES])
    hidden = sorted(h for h in book.hidden(name) if h < len(head))
    keys = columns.guess(head, hidden)
    return Survey(
        name, top[place][0], head, samples, hidden,
        keys,
        [columns.hint_of(k, w) for k, w in zip(keys, head, strict=True)], verdicts,
    )  # fmt: skip


def _heads(
    cells: list[str], below: Sequence[str] | None, verdicts: Sequence[Verdict]
) -> Iterator[tuple[list[str], int]]:
    """The line as a head, and together with the line below it (a head of two lines, its upper cells merged)."""
    yield cells, 0
    if below is not None:
        lower = [" ".join(_read(cell, v).split()) for cell, v in zip(below, verdicts, strict=False)]
        width = max(len(cells), len(lower))
        upper, lower = cells + [""] * (width - len(cells)), lower + [""] * (width - len(lower))
        if any(
            b and columns.guess_one(b)[0] and not columns.guess_one(a)[0] for a, b in zip(upper, lower, strict=True)
        ):
            joined = [b if b and (not a or columns.guess_one(b)[0]) else a for a, b in zip(upper, lower, strict=True)]
            # What stands under a known word is its content, not its second half.
            if not any(
                a and b and columns.guess_one(a)[0] and not columns.guess_one(b)[0]
                for a, b in zip(upper, lower, strict=True)
            ):
                yield joined, 1


def _columns(rows: Sequence[Sequence[str]], width: int | None = None) -> list[list[str]]:
    width = width if width is not None else max((len(r) for r in rows), default=0)
    return [[r[c] for r in rows if c < len(r) and r[c]] for c in range(width)]


def _read(cell: str, verdict: Verdict) -> str:
    if verdict.encoding is Encoding.UNICODE or not cell:
        return cell
    return text.clean(legacy.to_unicode(cell, verdict.encoding, surely=verdict.surely))


def verdict_of(told: str) -> Verdict:
    """A verdict as it is kept in a row: the encoding, `!` behind it if the column is surely in it."""
    return Verdict(Encoding(told.rstrip("!")), told.endswith("!"))


def told_of(verdict: Verdict) -> str:
    """The other way round."""
    return verdict.encoding.value + ("!" if verdict.surely else "")


@dataclass(frozen=True, slots=True)
class Raw:
    """A line of the table: its place among those that are not blank, its number in the sheet, its cells by column key; `why` it
    is no goods at all, if it is not."""

    position: int
    number: int
    cells: dict[str, str]
    why: str = ""


HEAD_AGAIN = N_("Dòng tiêu đề lặp lại.")
SUM = N_("Dòng tổng cộng.")
EXAMPLE = N_("Dòng ví dụ của mẫu, chưa được thay.")
NOTHING = N_("Không có ô nào thuộc các cột đã ghép.")


class Lines:
    """The lines of a table below its head; `blank` counts those with nothing in them while one goes through."""

    def __init__(
        self,
        book: Book,
        sheet: str,
        head_row: int,
        head: Sequence[str],
        keys: Sequence[str | None],
        verdicts: Sequence[Verdict],
    ) -> None:
        self.book, self.sheet, self.head_row = book, sheet, head_row
        self.head = [word.casefold() for word in head]
        self.keys, self.verdicts = list(keys), list(verdicts)
        self.blank = 0

    def __iter__(self) -> Iterator[Raw]:
        """Each line that is not blank.

        Raises:
            TooManyRows, BadTable.
        """
        position = 0
        waiting = 0
        for number, cells in self.book.lines(self.sheet):
            if number <= self.head_row:
                continue
            if not any(cells):
                waiting += 1
                continue
            self.blank, waiting = self.blank + waiting, 0  # what lies below the last line is no row
            position += 1
            if position > MOST_ROWS:
                raise TooManyRows(n=f"{MOST_ROWS:,}".replace(",", "."))
            yield self._line(position, number, cells)

    def _line(self, position: int, number: int, cells: Sequence[str]) -> Raw:
        found = {}
        for key, verdict, cell in zip(self.keys, self.verdicts, cells, strict=False):
            if key is not None and cell:
                found[key] = _read(cell, verdict)
        if not found:
            return Raw(position, number, {}, NOTHING)
        same = sum(1 for c, w in zip(cells, self.head, strict=False) if w and len(c) < 250 and c.casefold() == w)
        if same >= 2 and same * 3 >= sum(bool(c) for c in cells) * 2:
            return Raw(position, number, found, HEAD_AGAIN)
        if columns.is_example(found):
            return Raw(position, number, found, EXAMPLE)
        if not (found.get("sku") and found.get("name")):
            for cell, verdict in zip(cells, self.verdicts, strict=False):
                if cell and len(cell) <= 40 and _SUM.match(text.fold(_read(cell, verdict))):
                    return Raw(position, number, found, SUM)
        return Raw(position, number, found)
