"""A carrier's file of cash handed in: where its table begins, what its columns are, what each row says.

Carriers publish no description of these files that could be checked: the words below are assumptions, and a person confirms the
columns of a head that was not seen before. Bounded by `kernel.sheets` before anything is unpacked; text in the fonts of before
Unicode is turned by `imports.legacy`; a formula is its last value or no value at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shop.imports import legacy, readers
from shop.imports.columns import signature
from shop.imports.errors import Unclear
from shop.imports.files import told_of, verdict_of
from shop.imports.legacy import Encoding, Verdict
from shop.kernel import text
from shop.kernel.errors import N_
from shop.kernel.sheets import BadTable, Book, check_name

MOST_ROWS = 20_000
LARGEST_FILE = 10 * 1024 * 1024
_HEAD_WITHIN = 40
_JUDGED = 2_000

COLUMNS: dict[str, str] = {
    "order": N_("Mã đơn của cửa hàng"),
    "tracking": N_("Mã vận đơn"),
    "amount": N_("Tiền thu hộ"),
    "fee": N_("Phí trừ vào tiền thu hộ"),
    "fee2": N_("Phí khác trừ vào tiền thu hộ"),
}
_WORDS: dict[str, tuple[str, ...]] = {
    "order": ("ma don hang", "ma don", "ma don khach hang", "ma don hang rieng", "ma tham chieu", "don hang", "order",
              "order code", "client order code", "ma dh", "so don hang"),
    "tracking": ("ma van don", "van don", "so van don", "ma buu gui", "so hieu buu gui", "ma phieu gui", "tracking",
                 "tracking number", "bill", "ma don ghn", "ma don ghtk"),
    "amount": ("tien thu ho", "thu ho", "so tien thu ho", "cod", "tien cod", "so tien cod", "cod amount", "da thu",
               "tien thu duoc", "so tien da thu"),
    "fee": ("phi", "tong phi", "cuoc", "tong cuoc", "cuoc phi", "phi dich vu", "phi van chuyen", "phi giao hang",
            "phi thu ho", "fee", "phi ship", "tien cuoc"),
    "fee2": ("phi khac", "phu phi", "phi hoan", "phi chuyen hoan", "phi bao hiem"),
}  # fmt: skip
_KEY_OF = {word: key for key, words in _WORDS.items() for word in words}
_SUM = re.compile(r"(tong|cong|total|sum|ke toan|nguoi lap)\b")


@dataclass(frozen=True, slots=True)
class Survey:
    """A file looked over, as a batch keeps it (`kept`)."""

    sheet: str
    head_row: int
    head: list[str]
    samples: list[list[str]]
    columns: list[str | None]
    verdicts: list[str]

    def kept(self, columns: Sequence[str | None] | None = None) -> dict[str, Any]:
        """As plain values."""
        return {"sheet": self.sheet, "head_row": self.head_row, "head": self.head, "samples": self.samples,
                "columns": list(columns if columns is not None else self.columns), "verdicts": self.verdicts}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """A row: what it says, or `why` it cannot be read; `is_row` is False for a head, a sum or a note."""

    number: int
    told: str
    names: tuple[str, ...] = ()
    amount: int = 0
    fee: int = 0
    why: list[Any] | None = None
    is_row: bool = True


def opened(content: bytes, name: str = "") -> Book:
    """The file as a book of sheets.

    Raises:
        BadTable: it is empty, too large, or cannot be read safely.
    """
    if not content:
        raise BadTable(N_("Tệp rỗng."))
    if len(content) > LARGEST_FILE:
        raise BadTable(N_("Tệp nặng quá %(n)s MB."), n=LARGEST_FILE // 1024 // 1024)
    check_name(name, content)
    return Book(content, decode=legacy.decoded)


def guess(head: Sequence[str]) -> list[str | None]:
    """What each column is by its words; each key once, the first that has it."""
    found: list[str | None] = []
    for word in head:
        key = _KEY_OF.get(" ".join(re.findall(r"[a-z0-9]+", text.fold(word))))
        found.append(key if key not in found else None)
    return found


def enough(keys: Sequence[str | None]) -> bool:
    """Whether rows can be read: a name of the parcel and its cash."""
    return "amount" in keys and ("order" in keys or "tracking" in keys)


def survey(book: Book) -> Survey:
    """Look a file over: the sheet and line whose words name most columns.

    Raises:
        BadTable: no line of it could be a head.
    """
    best: tuple[int, Survey] | None = None
    for name in book.names[:10]:
        lines = [(n, cells) for n, cells in islice(book.lines(name), _JUDGED) if any(cells)]
        verdicts = legacy.judge(_by_column([cells for _n, cells in lines]))
        for place, (number, cells) in enumerate(lines[:_HEAD_WITHIN]):
            for read in ([Verdict()] * len(cells), verdicts):
                head = [" ".join(_told(c, v).split())[:200] for c, v in zip(cells, read, strict=False)]
                while head and not head[-1]:
                    head.pop()
                keys = guess(head)
                score = sum(key is not None for key in keys)
                if score < 2:  # its words are strange: a person may say what they mean
                    score = 1 if len([w for w in head if w]) >= 2 and not any(re.search(r"\d", w) for w in head) else 0
                if score > (best[0] if best else 0):
                    body = [row for _n, row in lines[place + 1 :]]
                    judged = (legacy.judge(_by_column(body, len(head))) + [Verdict()] * len(head))[: len(head)]
                    samples = [
                        list(dict.fromkeys(_told(r[c], v)[:80] for r in body[:100] if c < len(r) and r[c]))[:3]
                        for c, v in enumerate(judged)
                    ]
                    best = score, Survey(name, number, head, samples, keys, [told_of(v) for v in judged])
    if best is None:
        raise BadTable(N_("Không thấy dòng tiêu đề (mã đơn hoặc mã vận đơn, tiền thu hộ…)."))
    return best[1]


def _by_column(rows: Sequence[Sequence[str]], width: int | None = None) -> list[list[str]]:
    width = width if width is not None else max((len(r) for r in rows), default=0)
    return [[r[c] for r in rows if c < len(r) and r[c]] for c in range(width)]


def _told(cell: str, verdict: Verdict) -> str:
    if verdict.encoding is Encoding.UNICODE or not cell:
        return cell
    return text.clean(legacy.to_unicode(cell, verdict.encoding, surely=verdict.surely))


NO_NAME = N_("Không có mã đơn hay mã vận đơn.")
NOT_ROW = N_("Dòng tổng hoặc lời ghi, không phải kiện hàng.")
HEAD_AGAIN = N_("Dòng tiêu đề lặp lại.")
BELOW_ZERO = N_("Tiền thu hộ nhỏ hơn 0.")


def rows(book: Book, layout: dict[str, Any]) -> Iterator[Read]:
    """Every row below the head that is not blank.

    Raises:
        BadTable: there are more than `MOST_ROWS`, or the sheet breaks off.
    """
    how = [verdict_of(v) for v in layout["verdicts"]]
    folded = [text.fold(word) for word in layout["head"]]
    count = 0
    for number, cells in book.lines(layout["sheet"]):
        if number <= layout["head_row"] or not any(cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise BadTable(N_("Tệp có quá %(n)s dòng. Hãy chia nhỏ."), n=f"{MOST_ROWS:,}".replace(",", "."))
        told = {k: _told(c, v) for k, c, v in zip(layout["columns"], cells, how, strict=False) if k is not None and c}
        words = text.clean(" · ".join(told.values()) or " · ".join(c for c in cells if c))[:500]
        same = sum(1 for cell, word in zip(cells, folded, strict=False) if word and text.fold(cell[:250]) == word)
        if same >= 2:
            yield Read(number, words, why=[HEAD_AGAIN, {}], is_row=False)
        else:
            yield _row(number, words, told, cells)


def _row(number: int, words: str, told: dict[str, str], cells: Sequence[str]) -> Read:
    names = tuple(t for k in ("tracking", "order") if (t := text.clean(told.get(k, ""))[:80]))
    if any(_SUM.match(text.fold(c)) for c in names or [c for c in cells if c]):
        return Read(number, words, why=[NOT_ROW, {}], is_row=False)
    try:
        for name in names:
            readers.faults(name)
        amount = _money(told.get("amount", ""))
        fee = abs(_money(told.get("fee", ""))) + abs(_money(told.get("fee2", "")))
        if not names:
            if not amount and not fee:
                return Read(number, words, why=[NOT_ROW, {}], is_row=False)
            raise Unclear(NO_NAME)
        if amount < 0:
            raise Unclear(BELOW_ZERO)
    except Unclear as error:
        return Read(number, words, why=[error.title, {k: str(v) for k, v in error.values.items() if k != "suggestion"}])
    return Read(number, words, names, amount, fee)


_NOTHING = re.compile(r"[0.,\s-]*(?:vnd|vnđ|đ|₫)?", re.I)


def _money(cell: str) -> int:
    """Signed whole đồng of a cell; 0 for an empty one."""
    told = cell.strip()
    if not told or _NOTHING.fullmatch(told):
        return 0
    readers.faults(told)
    negative = told[:1] in {"-", "−", "–"} or (told[:1] == "(" and told[-1:] == ")")
    amount = readers.price(told.strip("()+-−– ").strip())
    return -amount if negative else amount


__all__ = ["COLUMNS", "Read", "Survey", "enough", "guess", "opened", "rows", "signature", "survey"]
