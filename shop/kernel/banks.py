"""Banks of the country by their six digits (NAPAS), with the span of a name where it is known."""

from __future__ import annotations

import csv
from datetime import date
from functools import lru_cache
from pathlib import Path

from shop.kernel import clock

BANKS = Path(__file__).parent / "data" / "banks.csv"


@lru_cache(maxsize=1)
def _banks() -> tuple[tuple[str, str, date | None, date | None], ...]:
    with BANKS.open(encoding="utf-8", newline="") as stream:
        return tuple(
            (
                row["bin"],
                row["short_name"],
                date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
                date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            )
            for row in csv.DictReader(stream)
        )


def name(bank_bin: str, day: date | None = None) -> str:
    """The short name of a bank on `day` (today if not given); its number if we know no name. An empty date is unknown."""
    return dict(choices(day)).get(bank_bin, bank_bin)


def choices(day: date | None = None) -> list[tuple[str, str]]:
    """(number, short name) of the banks of `day`, by name."""
    day = day or clock.today()
    known: dict[str, str] = {}
    for number, label, since, until in _banks():
        if (since is None or since <= day) and (until is None or day < until):
            known.setdefault(number, label)
    return sorted(known.items(), key=lambda bank: bank[1].casefold())
