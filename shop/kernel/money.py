"""Money: whole đồng in an `int`, never a float. VND has no minor unit (ISO 4217: exponent 0)."""

from __future__ import annotations

import re
from fractions import Fraction

from shop.kernel.errors import N_, Invalid

# A single order of a rural shop stays far below; the bound keeps every sum within BIGINT.
LARGEST_AMOUNT = 1_000_000_000_000
_SPELLING = re.compile(
    r"^(-?)(\d{1,3}(?:([.,  \u00a0\u202f])\d{3})(?:\3\d{3})*|\d+)\s*(?:₫|đ|d|vnd|vnđ|đồng|dong)?\.?$", re.I
)


def vnd(amount: int) -> str:
    """Return `amount` (đồng) as Vietnamese shops write it: `1.250.000 ₫`, with a no-break blank."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount):,}".replace(",", ".") + "\u00a0₫"


def parse_vnd(text: str, *, low: int = 0, high: int = LARGEST_AMOUNT) -> int:
    """Return the whole đồng a person typed: `1.250.000`, `1,250,000 đ`, `1250000`.

    Raises:
        Invalid: not a whole amount, or outside `low`..`high`.
    """
    match = _SPELLING.match(text.strip())
    if match is None:
        raise Invalid(N_("Số tiền phải là số đồng nguyên, ví dụ 125.000."))
    amount = int(match[1] + re.sub(r"\D", "", match[2]))
    if not low <= amount <= high:
        raise Invalid(N_("Số tiền phải từ %(low)s đến %(high)s."), low=vnd(low), high=vnd(high))
    return amount


def split(total: int, weights: list[int]) -> list[int]:
    """Share `total` đồng by whole `weights` ≥ 0, the parts adding up to it (largest remainders get the odd đồng).

    With no positive weight the first part takes all. An empty list gives an empty list.
    """
    if not weights:
        return []
    whole = sum(weights)
    if whole <= 0:
        return [total] + [0] * (len(weights) - 1)
    exact = [Fraction(total * w, whole) for w in weights]
    parts = [int(e // 1) for e in exact]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def share(amount: int, quantity: int, first: int, units: int) -> int:
    """The part of `amount` đồng on a line of `quantity` units that `units` carry after its `first` ones; all parts make the
    whole, in however many they come."""
    return amount * (first + units) // quantity - amount * first // quantity


def per_unit(price_amount: int, content: Fraction, unit_content: Fraction) -> int:
    """Price in đồng for `unit_content` of what costs `price_amount` for `content` (same unit), rounded half up."""
    return int((price_amount * unit_content / content + Fraction(1, 2)) // 1)
