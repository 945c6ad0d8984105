"""A statement's file: where its table begins and what each row says, bounded before anything is unpacked (`kernel.sheets`).

Text in the fonts of before Unicode is turned by `imports.legacy`, days and amounts are read by `imports.readers`; a formula is
its last value or no value at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import Any

from shop.banking import layouts
from shop.imports import legacy, readers
from shop.imports.errors import Unclear
from shop.imports.files import told_of, verdict_of
from shop.imports.legacy import Encoding, Verdict
from shop.kernel import clock, text
from shop.kernel.errors import N_
from shop.kernel.sheets import NO_VALUE, BadTable, Book, check_name

# A month of a busy account has some thousand lines. A longer statement is sent in parts.
MOST_ROWS = 20_000
LARGEST_FILE = 10 * 1024 * 1024
_HEAD_WITHIN = 60
_JUDGED = 2_000
_SAMPLES = 3
_MEMO_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Survey:
    """A statement looked over: sheet, line of the head (as a spreadsheet counts), what its columns are taken for."""

    sheet: str
    head_row: int
    head: list[str]
    samples: list[list[str]]
    columns: list[str | None]
    layout: str | None
    verdicts: list[str]


@dataclass(slots=True)
class Read:
    """A row: what it says, or `why` it is refused; `is_line` is False for what is no transaction at all."""

    number: int
    is_line: bool = True
    why: list[Any] | None = None
    booked_on: date | None = None
    amount: int | None = None
    memo: str = ""
    bank_reference: str | None = None
    payer_name: str | None = None
    payer_account: str | None = None
    cells: dict[str, str] = field(default_factory=dict)


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


def survey(book: Book) -> Survey:
    """Look a statement over: the sheet and line whose words name most columns.

    Raises:
        BadTable: no line of it could be a head, or nothing stands below.
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
                keys = layouts.guess(head)
                score = sum(key is not None for key in keys)
                if score < 2:  # its words are strange: a person may say what they mean
                    score = 1 if _is_head(head) else 0
                if score > (best[0] if best else 0):
                    body = [row for _n, row in lines[place + 1 :]]
                    best = score, _survey(name, number, head, keys, body)
    if best is None:
        raise BadTable(N_("Không thấy dòng tiêu đề của sao kê (ngày giao dịch, nội dung, số tiền ghi có…)."))
    return best[1]


def _is_head(words: Sequence[str]) -> bool:
    """Whether a line may head a table in words that nobody knows: three names at least, and no number or day among them."""
    return len([w for w in words if w]) >= 3 and not any(re.search(r"\d", w) for w in words)


def _survey(sheet: str, number: int, head: list[str], keys: list[str | None], body: Sequence[Sequence[str]]) -> Survey:
    judged = (legacy.judge(_by_column(body, len(head))) + [Verdict()] * len(head))[: len(head)]
    samples = []
    for column, verdict in enumerate(judged):
        found = dict.fromkeys(_told(r[column], verdict)[:80] for r in body[:100] if column < len(r) and r[column])
        samples.append(list(found)[:_SAMPLES])
    return Survey(
        sheet, number, head, samples, keys, layouts.recognised(head) if layouts.enough(keys) else None,
        [told_of(v) for v in judged],
    )  # fmt: skip


def _by_column(rows: Sequence[Sequence[str]], width: int | None = None) -> list[list[str]]:
    width = width if width is not None else max((len(r) for r in rows), default=0)
    return [[r[c] for r in rows if c < len(r) and r[c]] for c in range(width)]


def _told(cell: str, verdict: Verdict) -> str:
    if verdict.encoding is Encoding.UNICODE or not cell:
        return cell
    return text.clean(legacy.to_unicode(cell, verdict.encoding, surely=verdict.surely))


def rows(
    book: Book, sheet: str, head_row: int, head: Sequence[str], keys: Sequence[str | None], verdicts: Sequence[str]
) -> Iterator[Read]:
    """Every row below the head that is not blank.

    Raises:
        BadTable: there are more than `MOST_ROWS`, or the sheet breaks off.
    """
    how = [verdict_of(v) for v in verdicts]
    folded = [text.fold(word) for word in head]
    latest = clock.today() + timedelta(days=1)  # a server's clock may be ahead of ours at midnight
    count = 0
    for number, cells in book.lines(sheet):
        if number <= head_row or not any(cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise BadTable(
                N_("Sao kê có quá %(n)s dòng. Hãy xuất từng khoảng ngày ngắn hơn rồi gửi lại."),
                n=f"{MOST_ROWS:,}".replace(",", "."),
            )
        same = sum(1 for cell, word in zip(cells, folded, strict=False) if word and text.fold(cell[:250]) == word)
        told = {k: _told(c, v) for k, c, v in zip(keys, cells, how, strict=False) if k is not None and c}
        yield Read(number, False, [HEAD_AGAIN, {}]) if same >= 2 else _row(number, told, cells, latest)


HEAD_AGAIN = N_("Dòng tiêu đề lặp lại.")
NO_TRANSACTION = N_("Dòng số dư, dòng tổng hoặc lời ghi, không phải giao dịch.")
NO_AMOUNT = N_("Không có số tiền.")
TWO_AMOUNTS = N_("Có cả tiền vào lẫn tiền ra.")
NO_SIGN = N_("Không rõ là tiền vào hay tiền ra.")
NO_DAY = N_("Không có ngày giao dịch.")
FUTURE = N_("Ngày giao dịch ở tương lai.")
CURRENCY = N_("Không phải tiền đồng (%(currency)s).")
_SUMS = re.compile(
    r"(so du|tong|cong|phat sinh|opening|closing|total|balance|ngay in|so dong|nguoi lap|ke toan|giam doc|trang)\b"
)
_DONG = {"vnd", "d", "dong", "vnđ", "₫", "đ", "704"}


def _row(number: int, told: dict[str, str], cells: Sequence[str], latest: date) -> Read:
    row = Read(number, cells=told)
    if not _DATED.match(told.get("day", "").strip()) and _is_sum(cells):
        return Read(number, False, [NO_TRANSACTION, {}])
    try:
        amount = _amount(told)
        day, rest = _day(told.get("day", ""))
        if day is None and amount is None:
            return Read(number, False, [NO_TRANSACTION, {}])
        if amount is None:
            if _is_sum([told.get("memo", "")]):
                return Read(number, False, [NO_TRANSACTION, {}])
            raise Unclear(NO_AMOUNT)
        if day is None:
            raise Unclear(NO_DAY)
        if day > latest:
            raise Unclear(FUTURE)
        currency = text.fold(told.get("currency", ""))
        if currency and currency not in _DONG:
            raise Unclear(CURRENCY, currency=told["currency"][:10])
        if NO_VALUE in {told.get("memo"), told.get("reference")}:
            readers.faults(NO_VALUE)  # what a payer wrote may begin like a formula and is text
    except Unclear as error:
        row.why = [error.title, {k: str(v) for k, v in error.values.items() if k != "suggestion"}]
        return row
    row.booked_on, row.amount = day, amount
    row.memo = text.clean(told.get("memo", ""))[:_MEMO_KEPT]
    row.bank_reference = reference_of(told.get("reference") or rest)
    row.payer_name = text.clean(told.get("payer_name", "")).replace("\n", " ")[:200] or None
    row.payer_account = re.sub(r"[^A-Z0-9]", "", told.get("payer_account", "").upper())[:40] or None
    return row


_DATED = re.compile(r"\d{1,4}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{2,4}")


def _is_sum(cells: Sequence[str]) -> bool:
    return any(len(cell) <= 120 and _SUMS.match(text.fold(cell)) for cell in cells if cell)


def reference_of(told: str) -> str | None:
    """The bank's own number of a transaction as it is kept: upper case, without blanks; None if there is none to speak of."""
    kept = re.sub(r"[^A-Z0-9./-]", "", text.fold(told).upper())[:80].strip("-./")
    return kept if len(kept) >= 4 else None


def _day(cell: str) -> tuple[date | None, str]:
    """The day and whatever stands beside it in its cell (some banks put their number there)."""
    cell = cell.strip()
    if not cell:
        return None, ""
    found = _DATED.match(cell)
    if found is None:
        if _is_sum([cell]) or not re.search(r"\d", cell):
            return None, ""
        return readers.day(cell), ""
    rest = re.sub(r"^[ T]*\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?", "", cell[found.end() :])
    return readers.day(found[0]), rest.strip(" \n-–")


_IN = {"c", "cr", "co", "ghi co", "+", "credit", "tien vao", "nhan tien", "in"}
_OUT = {"d", "dr", "no", "ghi no", "-", "debit", "tien ra", "chuyen tien", "out"}


def _amount(told: dict[str, str]) -> int | None:
    """What came (above zero) or left, in whole đồng; None where the row names no amount."""
    credit, debit = _money(told.get("credit", "")), _money(told.get("debit", ""))
    if credit and debit:
        raise Unclear(TWO_AMOUNTS)
    if credit or debit:
        # A column of one direction carries its amounts with or without the sign; a negative credit is a reversal.
        return credit if credit else -abs(debit or 0)
    signed = _money(told.get("amount", ""))
    if not signed:
        return None
    word = text.fold(told.get("sign", "")).strip(" .")
    if not word:
        return signed
    if word in _IN:
        return abs(signed)
    if word in _OUT:
        return -abs(signed)
    raise Unclear(NO_SIGN)


_FOREIGN = re.compile(r"^[+-]?\s*([a-z]{3}|[$€£¥])\s*\d|\d\s*([a-z]{3}|[$€£¥])\s*-?$", re.I)
_NOTHING = re.compile(r"[0.,\s-]*(?:vnd|vnđ|đ|₫)?", re.I)


def _money(cell: str) -> int | None:
    """Signed whole đồng of `1.234.000`, `-185,000.00 VND`, `+20.000`, `(5.500)`; None for an empty cell or zero."""
    told = cell.strip()
    if not told or _NOTHING.fullmatch(told):
        return None
    readers.faults(told if told[:1] == "=" or told[:1] == "#" else "")
    foreign = _FOREIGN.search(told)
    if foreign and text.fold(unit := foreign[1] or foreign[2]) not in _DONG:
        raise Unclear(CURRENCY, currency=unit.upper())
    negative = told[:1] in {"-", "−", "–"} or (told[:1] == "(" and told[-1:] == ")") or told[-1:] == "-"
    bare = told.strip("()+-−– ").strip()
    amount = readers.price(bare)
    return -amount if negative else amount
