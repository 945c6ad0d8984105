"""Vietnamese text: one folding for search, slugs and look-ups, and one order of names."""

from __future__ import annotations

import math
import re
import secrets
import unicodedata
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
# What no database keeps: NUL, and halves of a character, as JSON may name them.
_NOWHERE = re.compile(r"[\x00\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
_COUNTER_NUMBER = re.compile(r"[A-Z][1-9][0-9]{0,2}-[0-9]{6}")
_WORD = re.compile(r"[a-z0-9]+")
_WHOLE = re.compile(r"[0-9]{1,12}|[0-9]{1,3}(?:([. \u00a0\u202f])[0-9]{3})(?:\1[0-9]{3}){0,2}")
_PERSONAL = re.compile(r"@|\d(?:[\s.-]?\d){6}")
# Letters of the Vietnamese alphabet in dictionary order; a vowel's tone only decides between equal spellings.
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: chr(0x61 + i) if i < 26 else chr(0xE0 + i) for i, letter in enumerate(_ALPHABET)}
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
# No 0/O, 1/I/L, 5/S, 8/B, U/V: codes are read aloud and typed from paper.
REFERENCE_ALPHABET = "234679ACDEFGHJKMNPQRTWXYZ"


def clean(text: str) -> str:
    """Return `text` in NFC without control and invisible direction characters, blanks folded, ends stripped."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _SPACES.sub(" ", _CONTROL.sub("", text)).strip()


def storable(value: Any) -> Any:
    """JSON as it was read, without what no database keeps: NUL, halves of characters, numbers that are none (NaN, infinity)."""
    if isinstance(value, str):
        return _NOWHERE.sub("", value)
    if isinstance(value, dict):
        return {storable(name): storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def fold(text: str) -> str:
    """Return `text` for comparing without marks: NFC → marks stripped → đ→d → lower case, single blanks.

    >>> fold("Chả mực Hạ Long")
    'cha muc ha long'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(bare.replace("đ", "d").replace("Đ", "D").lower().split())


def whole(typed: str) -> int | None:
    """The whole number from 0 on that a person typed, thousands apart by points or blanks or not at all; None if it is none.

    A point is never simply dropped: `1.250` is 1250, `12.5` is no whole number.
    """
    typed = typed.strip()
    if not _WHOLE.fullmatch(typed):
        return None
    return int(re.sub(r"[.\s]", "", typed))


def may_name_person(text: str) -> bool:
    """Whether free words may hold an address of e-mail, a telephone number or another long number that names somebody."""
    return _PERSONAL.search(text) is not None


def words(text: str) -> list[str]:
    """The folded words of `text` in order: runs of a–z and 0–9."""
    return _WORD.findall(fold(text))


def slugify(text: str, *, limit: int = 80) -> str:
    """Return the folded words of `text` joined by hyphens, cut at a word within `limit` characters."""
    slug = "-".join(words(text))
    if len(slug) > limit:
        slug = slug[: limit + 1].rpartition("-")[0] or slug[:limit]
    return slug or "x"


def sort_key(text: str) -> str:
    """Return a string whose binary order is the dictionary order of Vietnamese names.

    Letters come first (a ă â … d đ e ê … o ô ơ … u ư), tones (ngang huyền hỏi ngã sắc nặng) only between equal
    spellings, as Vietnamese dictionaries do.
    """
    letters: list[str] = []
    tones: list[str] = []
    for char in unicodedata.normalize("NFC", text).lower():
        tone = "0"
        kept = ""
        for part in unicodedata.normalize("NFD", char):
            if part in _TONES:
                tone = _TONES[part]
            else:
                kept += part
        letter = unicodedata.normalize("NFC", kept)
        if letter in _RANK:
            letters.append(_RANK[letter])
            tones.append(tone)
        elif letter.isdigit():
            letters.append(letter)
        elif letters and letters[-1] != " ":
            letters.append(" ")
    # The tab before the tones is smaller than a blank, so that a whole name comes before its longer neighbours.
    return ("".join(letters).strip() + "\t" + "".join(tones).rstrip("0"))[:255]


def trimmed(digits: str, point: str = ",") -> str:
    """A decimal number without the zeros that end it; `point` is what its reader writes for the decimal point.

    >>> trimmed("1.50"), trimmed("20.00"), trimmed("100", ".")
    ('1,5', '20', '100')
    """
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits).replace(".", point)


def reference(groups: int = 2, size: int = 4) -> str:
    """Return a random public reference such as `HX7K-3M2P` (25 symbols, about 4.6 bits each)."""
    base = len(REFERENCE_ALPHABET)
    number, symbols = secrets.randbelow(base ** (groups * size)), []  # the system is asked for chance once
    for _ in range(groups * size):
        number, symbol = divmod(number, base)
        symbols.append(REFERENCE_ALPHABET[symbol])
    return "-".join("".join(symbols[n : n + size]) for n in range(0, len(symbols), size))


def normal_reference(text: str) -> str:
    """Return what a person typed as a reference in the stored shape: upper case, hyphen after each four symbols; a number of
    a counter (`A7-000123`) keeps its own."""
    symbols = fold(text).upper().replace(" ", "")
    if _COUNTER_NUMBER.fullmatch(symbols):
        return symbols
    symbols = re.sub(r"[^A-Z0-9]", "", symbols)
    return "-".join(symbols[i : i + 4] for i in range(0, len(symbols), 4))
