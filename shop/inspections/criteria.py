"""The criteria as dated data (`data/criteria.csv`): each edition with its span and the source of each line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from shop.kernel.errors import N_

DATA = Path(__file__).parent / "data" / "criteria.csv"
PART_NAMES = {"place": N_("Địa điểm"), "goods": N_("Hàng hóa"), "equipment": N_("Cơ sở vật chất, quản lý")}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of an edition, in both languages; `source` is a web address."""

    code: str
    part: str
    vi: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class Edition:
    """The criteria of one decision; `valid_to` is the last day, None if open."""

    name: str
    valid_from: date
    valid_to: date | None
    criteria: tuple[Criterion, ...]

    def in_force(self, day: date) -> bool:
        """Whether the decision applies on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@cache
def editions() -> tuple[Edition, ...]:
    """All editions, oldest first."""
    found: dict[str, list[dict[str, str]]] = {}
    with DATA.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["edition"], []).append(row)
    made = [
        Edition(
            name,
            date.fromisoformat(rows[0]["valid_from"]),
            date.fromisoformat(rows[0]["valid_to"]) if rows[0]["valid_to"] else None,
            tuple(Criterion(r["code"], r["part"], r["vi"], r["en"], r["source"]) for r in rows),
        )
        for name, rows in found.items()
    ]
    return tuple(sorted(made, key=lambda e: e.valid_from))


def edition_for(day: date) -> Edition:
    """The edition in force on `day`, else the latest before it (no successor is known), else the first."""
    begun = [e for e in editions() if e.valid_from <= day]
    return next((e for e in reversed(begun) if e.in_force(day)), begun[-1] if begun else editions()[0])


def named(name: str) -> Edition | None:
    """The edition called `name`."""
    return next((e for e in editions() if e.name == name), None)
