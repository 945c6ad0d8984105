"""Working days of Vietnam: no Sundays, no public holidays (with the days off given in exchange, as far as announced)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from shop.kernel import clock

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# For points whose hours nobody told us.
_USUAL = (time(8), time(17))


_FILE = Path(__file__).parent / "data" / "holidays.csv"


@cache
def _written() -> dict[int, frozenset[date]]:
    """The holidays of the file by year."""
    found: dict[int, set[date]] = defaultdict(set)
    with _FILE.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            day = date.fromisoformat(row["day"])
            found[day.year].add(day)
    return {year: frozenset(days) for year, days in found.items()}


@cache
def _worked_out(year: int) -> frozenset[date]:
    """The holidays of a year beyond the file. Not asked for the others: the package loads the countries of the whole world,
    12 MB in every process."""
    import holidays

    return frozenset(holidays.country_holidays("VN", years=year))


def is_holiday(day: date) -> bool:
    """Whether `day` is a public holiday in Vietnam (source: the package `holidays`, its years 2024–2040 as a file)."""
    found = _written().get(day.year)
    return day in (_worked_out(day.year) if found is None else found)


def is_working(day: date) -> bool:
    """Whether parcels move on `day`."""
    return day.weekday() != 6 and not is_holiday(day)


def after(day: date, working: int) -> date:
    """The day on which `working` working days after `day` have passed; with 0, `day` or the next working day."""
    while not is_working(day):
        day += timedelta(days=1)
    for _ in range(working):
        day += timedelta(days=1)
        while not is_working(day):
            day += timedelta(days=1)
    return day


def pickup_ready(at: datetime, hours: Mapping[str, Sequence[str]] | None, *, prepare: timedelta) -> date | None:
    """The day on which goods that are at a point now can be collected there, if they are asked for at the instant `at`.

    `hours` is the point's table (`{"mon": ["07:30", "21:00"]}`; None: unknown, taken as 08:00–17:00 on working days).
    Goods are ready `prepare` after the later of `at` and opening, on the same day if that is before closing. Nothing is
    promised for public holidays. None: the point does not open within two months.
    """
    local = at.astimezone(clock.VIETNAM)
    for ahead in range(60):
        day = local.date() + timedelta(days=ahead)
        span = _span(day, hours)
        if span is None:
            continue
        opens, closes = (datetime.combine(day, t, clock.VIETNAM) for t in span)
        if closes <= opens:  # "24:00" reads as midnight
            closes += timedelta(days=1)
        if max(local, opens) + (prepare if ahead == 0 else timedelta()) <= closes:
            return day
    return None


def _span(day: date, hours: Mapping[str, Sequence[str]] | None) -> tuple[time, time] | None:
    if is_holiday(day):
        return None
    if hours is None:
        return _USUAL if is_working(day) else None
    span = hours.get(_DAYS[day.weekday()])
    return (_time(span[0]), _time(span[1])) if span else None


def _time(written: str) -> time:
    hour, _, minute = written.partition(":")
    return time(int(hour) % 24, int(minute or 0))
