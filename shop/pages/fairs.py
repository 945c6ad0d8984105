"""What is known of the fairs so far, read from a file of facts; the fairs of the future are announced elsewhere first."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "fairs.csv"


@dataclass(frozen=True, slots=True)
class Fair:
    """One fair. Dates and figures are kept as the source writes them (`2017-09`, `~200`); empty is unknown.

    `booths_other` and `products_other` are what another source says of the same thing.
    """

    slug: str
    name: str
    name_en: str
    start_date: str
    end_date: str
    place: str
    booths: str
    booths_other: str
    products: str
    products_other: str
    turnover_vnd: str
    visitors: str
    note: str
    note_en: str
    source_url: str

    @property
    def year(self) -> int:
        return int(self.start_date[:4])

    @property
    def starts_on(self) -> date | None:
        """The first day, if the source gives a day."""
        return date.fromisoformat(self.start_date) if len(self.start_date) == 10 else None

    @property
    def ends_on(self) -> date | None:
        """The last day, if the source gives one."""
        return date.fromisoformat(self.end_date) if len(self.end_date) == 10 else None

    @property
    def month(self) -> date | None:
        """The first of its month, if the source gives only that."""
        return date.fromisoformat(self.start_date + "-01") if len(self.start_date) == 7 else None

    @property
    def turnover(self) -> int | None:
        """Whole đồng."""
        return int(self.turnover_vnd) if self.turnover_vnd.isdigit() else None

    @property
    def sources(self) -> list[str]:
        """Where it is written."""
        return [part.strip() for part in self.source_url.split(" ; ") if part.strip()]


@cache
def fairs() -> tuple[Fair, ...]:
    """All known fairs, the latest first."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        found = [Fair(**row) for row in csv.DictReader(stream)]
    return tuple(sorted(found, key=lambda f: f.start_date, reverse=True))


def fair(slug: str) -> Fair | None:
    """The fair of this address, or None."""
    return next((f for f in fairs() if f.slug == slug), None)


def upcoming(on: date) -> Fair | None:
    """The next fair (or the one that is running on `on`); None while none has been announced."""
    ahead = [f for f in fairs() if f.starts_on is not None and (f.ends_on or f.starts_on) >= on]
    return min(ahead, key=lambda f: f.start_date) if ahead else None
