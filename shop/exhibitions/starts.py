"""By when a producer must begin to make goods for a fair. Pure: knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

ALL_YEAR = "2" * 12
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Start:
    """`ready_on`: the last day on which the goods can be made, `by`: the last day to begin (None: nobody has said how long
    making takes). `early`: goods must be made before a season ends in which none can be made at the time of the fair.
    `never`: no month gives any."""

    ready_on: date | None
    by: date | None
    early: bool = False
    never: bool = False


def start(first_day: date, lead_days: int | None, months: str = ALL_YEAR) -> Start:
    """By when to begin for a fair that opens on `first_day`: goods lie ready on the day before.

    `lead_days` pass between beginning and the goods. `months`: twelve signs, January first; `0` gives none, so that goods for
    a fair in such a month are those of the last month before that gave some.
    """
    if months == "0" * 12:
        return Start(None, None, never=True)
    ready = first_day - _DAY
    last = ready
    while months[last.month - 1] == "0":
        last = last.replace(day=1) - _DAY
    return Start(last, last - timedelta(days=lead_days) if lead_days is not None else None, early=last != ready)
