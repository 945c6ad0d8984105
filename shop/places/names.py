"""Names of places as people write them: with or without marks, with the type before them, shortened."""

from __future__ import annotations

import re
import unicodedata

from shop.kernel import text
from shop.places.models import PREFIXES, Level, UnitType

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_APOSTROPHES = re.compile("['’‘`´ʼ]")


def fold(name: str) -> str:
    """The folded words of a name; apostrophes vanish (`M’Drắk` → `mdrak`), hyphens part words.

    >>> fold("Lang Biang - Đà Lạt")
    'lang biang da lat'
    """
    return " ".join(text.words(_APOSTROPHES.sub("", name)))


def marked(name: str) -> str:
    """The name in lower case with its marks, the tone of a word behind its letters: `Hoà` and `Hòa` are the same."""
    found = []
    for word in unicodedata.normalize("NFD", _APOSTROPHES.sub("", name).lower()).replace("-", " ").split():
        letters = "".join(c for c in word if c not in _TONES)
        found.append(letters + "".join(c for c in word if c in _TONES))
    return unicodedata.normalize("NFC", " ".join(found))


def parts(name: str, level: Level) -> tuple[UnitType, str]:
    """Split a full name into type and short name (`Phường Hạ Long` → ward, `Hạ Long`).

    Raises:
        ValueError: the name does not begin with a type, or with one of another level.
    """
    for prefix, kind in PREFIXES:
        if name.lower().startswith(prefix.lower() + " "):
            if level is Level.PROVINCE and kind is UnitType.CITY:
                kind = UnitType.CENTRAL_CITY
            return kind, name[len(prefix) + 1 :]
    raise ValueError(f"{name!r} does not begin with a type of unit")


def full(kind: UnitType, short: str) -> str:
    """The full name: type and short name (`Thành phố Quảng Ninh`)."""
    word = UnitType.CITY if kind is UnitType.CENTRAL_CITY else kind
    return f"{word.value.capitalize()} {short}"
