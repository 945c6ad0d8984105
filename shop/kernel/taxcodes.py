"""Vietnamese tax codes: ten digits of which the last is a check digit, three more for a dependent unit, or the twelve digits
of a person's identity number."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"(\d{10})(?:-?(\d{3}))?|\d{12}", re.ASCII)
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def check_digit(nine: str) -> int:
    """What the tenth digit after these nine must be; 10 if no code begins with them."""
    return 10 - sum(w * int(d) for w, d in zip(_WEIGHTS, nine, strict=True)) % 11


def normal(text: str) -> str | None:
    """The code that a person typed, as it is stored (`0100109106`, `0100109106-001`, `022190001234`); None if it is none:
    wrong shape, or the tenth digit does not fit the nine before it. Of a personal number only the shape can be told."""
    found = _SHAPE.fullmatch(re.sub(r"[ .\u00a0]", "", text))
    if found is None:
        return None
    company, unit = found[1], found[2]
    if company is None:
        return found[0]
    if check_digit(company[:9]) != int(company[9]) or unit == "000":
        return None
    return f"{company}-{unit}" if unit else company
