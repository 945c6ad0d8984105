"""How banks head the columns of their statements: the words for each column, and the heads that are known as a whole.

Banks publish no description of these files, so every layout here is an assumption from what users have shown of theirs
(docs/banking.md). A head that is none of them is put before a person, whose answer is remembered for the account.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from shop.kernel import text
from shop.kernel.errors import N_

# What a column can be. A statement needs a day and either credit (with debit) or a signed amount.
COLUMNS: dict[str, str] = {
    "day": N_("Ngày giao dịch"),
    "reference": N_("Mã giao dịch của ngân hàng"),
    "memo": N_("Nội dung"),
    "credit": N_("Tiền vào (ghi có)"),
    "debit": N_("Tiền ra (ghi nợ)"),
    "amount": N_("Số tiền (có dấu)"),
    "sign": N_("Dấu, loại (ghi có, ghi nợ)"),
    "payer_name": N_("Tên người chuyển"),
    "payer_account": N_("Tài khoản đối ứng"),
    "currency": N_("Loại tiền"),
}

# Folded words of heads, a line for each column; the more telling stand first. `effective` and `balance` are known and not used.
_WORDS: dict[str, tuple[str, ...]] = {
    "day": ("ngay giao dich", "ngay gd", "ngay gio gd", "ngay gio giao dich", "thoi gian giao dich", "ngay phat sinh",
            "ngay hach toan", "transaction date", "tnx date", "posting date", "ngay"),
    "effective": ("ngay hieu luc", "effective date", "value date"),
    "reference": ("so tham chieu", "ma giao dich", "ma gd", "so but toan", "so chung tu", "so ct", "so giao dich",
                  "reference no", "ref no", "transaction no", "reference number", "doc no", "transaction id", "ma tham chieu"),
    "memo": ("noi dung chi tiet", "noi dung giao dich", "noi dung", "dien giai", "mo ta giao dich", "mo ta",
             "transactions in detail", "transaction detail", "description", "details", "remarks"),
    "credit": ("so tien ghi co", "phat sinh co", "ghi co", "gui vao", "co tktt", "so tien co", "tien vao", "ps co", "co",
               "credit", "credit amount"),
    "debit": ("so tien ghi no", "phat sinh no", "ghi no", "rut ra", "no tktt", "so tien no", "tien ra", "ps no", "no", "debit",
              "debit amount"),
    "amount": ("so tien giao dich", "so tien", "thay doi", "so tien phat sinh", "gia tri giao dich", "amount",
               "transaction amount"),
    "sign": ("ghi no co", "loai giao dich", "loai gd", "no co", "c d", "d c", "dr cr", "dau"),
    "payer_name": ("ten tai khoan doi ung", "ten nguoi chuyen", "don vi thu huong don vi chuyen", "doi tac", "nguoi chuyen",
                   "ten doi tac", "remitter", "ten nguoi gui", "don vi chuyen", "ten tk doi ung"),
    "payer_account": ("tai khoan doi ung", "so tai khoan doi ung", "so tk doi ung", "tai khoan nguoi chuyen", "tai khoan",
                      "remitter account", "tk doi ung", "so tk chuyen"),
    "currency": ("loai tien", "tien te", "currency", "loai tien te"),
    "balance": ("so du", "balance", "so du sau giao dich", "so du luy ke", "running balance"),
}  # fmt: skip
_KEY_OF = {word: key for key, words in _WORDS.items() for word in words}

# Known heads: the folded words that stand in them, in any order. Assumptions all (docs/banking.md).
LAYOUTS: dict[str, frozenset[str]] = {
    "Vietcombank": frozenset({"ngay giao dich", "so ct", "so tien ghi no", "so tien ghi co", "noi dung chi tiet"}),
    "VietinBank": frozenset(
        {"ngay giao dich", "noi dung giao dich", "ghi no", "ghi co", "so giao dich", "tai khoan doi ung"}
    ),
    "BIDV": frozenset({"ngay giao dich", "ngay hieu luc", "ghi no", "ghi co", "noi dung giao dich", "so chung tu"}),
    "Techcombank": frozenset({"ngay giao dich", "doi tac", "dien giai", "so but toan", "no tktt", "co tktt"}),
    "MB": frozenset({"ngay giao dich", "so but toan", "phat sinh no", "phat sinh co", "noi dung"}),
    "ACB": frozenset({"ngay giao dich", "so giao dich", "noi dung giao dich", "rut ra", "gui vao"}),
    "TPBank": frozenset({"ngay giao dich", "ma giao dich", "so tien", "noi dung"}),
    "Agribank": frozenset({"ngay gio gd", "ma gd", "so tien", "ghi no co", "dien giai"}),
    "Sacombank": frozenset({"ngay", "mo ta", "ps no", "ps co"}),
}


@lru_cache(maxsize=2048)
def parts(head: str) -> tuple[str, ...]:
    """The folded names that one cell of a head gives its column: `Số CT (Doc No)` is two."""
    split = re.split(r"[/()|\n\[\]]+| - ", head)
    names = [" ".join(re.findall(r"[a-z0-9]+", text.fold(part))) for part in (head, *split)]
    return tuple(dict.fromkeys(name for name in names if name))


def key_of(head: str) -> str | None:
    """The column that a cell of a head names, or None. `effective` and `balance` are known, so nothing else is made of them."""
    for name in parts(head):
        if name in _KEY_OF:
            return _KEY_OF[name]
    return None


def guess(head: Sequence[str]) -> list[str | None]:
    """What each column of a head is; a second column of the same kind is left open, but a day that is no other is taken."""
    found: list[str | None] = []
    for word in head:
        key = key_of(word)
        found.append(key if key in COLUMNS and key not in found else None)
    if "credit" in found or "debit" in found:  # then a column of amounts is something else
        found = [None if key in {"amount", "sign"} else key for key in found]
    if "day" not in found:
        dated = [n for n, word in enumerate(head) if key_of(word) == "effective"]
        if dated:
            found[dated[0]] = "day"
    return found


def recognised(head: Sequence[str]) -> str | None:
    """The known layout that a head is, the one with most words of its own; None for a strange one."""
    words = {name for cell in head for name in parts(cell)}
    words |= {name.removeprefix("so tien ") for name in words}
    fitting = [(len(known), bank) for bank, known in LAYOUTS.items() if known <= words]
    return max(fitting)[1] if fitting else None


def signature(head: Sequence[str]) -> str:
    """A head as it is remembered."""
    return "|".join(" ".join(re.findall(r"[a-z0-9]+", text.fold(word))) for word in head)[:1000]


def enough(keys: Sequence[str | None]) -> bool:
    """Whether lines can be read with these columns."""
    return "day" in keys and ("credit" in keys or "debit" in keys or "amount" in keys)
