"""The sums of settlement, pure: commission, what is left of a sale after returns, which units came from which line, periods.

Amounts are whole đồng. Rates are basis points (1 % = 100). One rule of rounding everywhere: half a đồng goes up, once for each
line; a statement only adds lines, so nothing is rounded twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shop.kernel import clock

WHOLE_BP = 10_000


def per_rate(base_amount: int, rate_bp: int) -> int:
    """`rate_bp` basis points of `base_amount` ≥ 0, rounded half up to whole đồng."""
    return (base_amount * rate_bp + WHOLE_BP // 2) // WHOLE_BP


def part(amount: int, quantity: int, start: int, units: int) -> int:
    """The share of `units` of a line of `quantity` after the first `start` units; the shares of all units make `amount`."""
    return amount * (start + units) // quantity - amount * start // quantity


@dataclass(frozen=True, slots=True)
class Parts:
    """What so many units of a sale come to: `gross` for the producer, and what goes off it (all ≥ 0)."""

    gross: int
    voucher: int
    commission: int
    vat: int
    income: int

    @property
    def base(self) -> int:
        """What commission and withholding are reckoned on: the price less what of a discount the producer bears."""
        return self.gross - self.voucher

    @property
    def net(self) -> int:
        """What the producer is owed."""
        return self.gross - self.voucher - self.commission - self.vat - self.income


@dataclass(frozen=True, slots=True)
class Terms:
    """One sale as it was agreed: units, price of one, the discount the producer bears, rates in basis points."""

    quantity: int
    unit_amount: int
    voucher_amount: int = 0
    commission_bp: int = 0
    vat_bp: int = 0
    income_bp: int = 0

    def of(self, units: int) -> Parts:
        """What `units` of them (0 to `quantity`) come to. A return owes the difference of two of these, so that a sale that
        came back whole leaves nothing, in however many parts it came."""
        gross = units * self.unit_amount
        voucher = self.voucher_amount * units // self.quantity
        base = gross - voucher
        return Parts(
            gross,
            voucher,
            per_rate(base, self.commission_bp),
            per_rate(base, self.vat_bp),
            per_rate(base, self.income_bp),
        )


def shares(lines: Sequence[tuple[int, int]], moved: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Which units of which line left by which movement: (line, movement, first unit of the line, units).

    `lines` and `moved` are (id, units) of one pack in one parcel, in the order of their ids; both are walked together. Units
    that have no counterpart are left out.
    """
    todo = [(line_id, 0, units) for line_id, units in lines]
    for movement_id, units in moved:
        while units and todo:
            line_id, start, left = todo[0]
            n = min(units, left)
            yield line_id, movement_id, start, n
            units -= n
            if n == left:
                todo.pop(0)
            else:
                todo[0] = (line_id, start + n, left - n)


def period_of(day: date, kind: str) -> tuple[date, date]:
    """The first and the last day of the `month` or `half_month` that `day` lies in."""
    first = day.replace(day=1)
    last = clock.add_months(first, 1) - timedelta(days=1)
    if kind != "half_month":
        return first, last
    return (first, first.replace(day=15)) if day.day <= 15 else (first.replace(day=16), last)


def seal(head: Sequence[Any], lines: Iterable[Sequence[Any]]) -> str:
    """SHA-256 (hex) of a closed statement: its head, then each of its lines in the order of their ids."""
    made = hashlib.sha256()
    made.update("|".join(str(value) for value in head).encode())
    for line in lines:
        made.update(b"\n")
        made.update("|".join(str(value) for value in line).encode())
    return made.hexdigest()
