"""The span of days that a report is about: a month, a quarter, a year or two days of one's own; and the span before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from flask_babel import gettext

from shop.kernel import clock, dates
from shop.kernel.errors import N_

# Days of a report at most: three years and what leap years add.
LONGEST = 366 * 3
OWN = "dates"
MONTHS, QUARTERS, YEARS = 12, 6, 3
_SHAPE = re.compile(r"(20\d\d)(?:-(0[1-9]|1[0-2])|-Q([1-4]))?")


@dataclass(frozen=True, slots=True)
class Span:
    """Business days from `start` until before `end`, as `key` of the chooser names them."""

    key: str
    start: date
    end: date

    @property
    def last(self) -> date:
        """The last day of it."""
        return self.end - timedelta(days=1)

    @property
    def name(self) -> str:
        """`11/2026`, `Quý 4/2026`, `Năm 2026`, `01/11/2026 – 15/11/2026`."""
        found = _SHAPE.fullmatch(self.key)
        if found is None:
            return f"{dates.day(self.start)} – {dates.day(self.last)}"
        year, month, quarter = found.groups()
        if month:
            return gettext(N_("Tháng %(month)s"), month=dates.month(self.start))
        if quarter:
            return gettext(N_("Quý %(quarter)s/%(year)s"), quarter=quarter, year=year)
        return gettext(N_("Năm %(year)s"), year=year)

    def runs(self, today: date) -> bool:
        """Whether it is not over yet."""
        return self.start <= today < self.last

    def before(self, today: date) -> Span:
        """What it is compared with: the month, quarter or year before, or as many days before; if it still runs, as many days
        of that as have passed of this."""
        found = _SHAPE.fullmatch(self.key)
        if found is None:
            return Span(OWN, self.start - (self.end - self.start), self.start)
        _year, month, quarter = found.groups()
        start = clock.add_months(self.start, -1 if month else -3 if quarter else -12)
        whole = Span(OWN, start, self.start)
        passed = (today - self.start).days + 1
        return replace(whole, end=min(whole.end, start + timedelta(days=passed))) if self.runs(today) else whole


def named(key: str) -> Span | None:
    """The span that `key` names: `2026-11`, `2026-Q4`, `2026`."""
    found = _SHAPE.fullmatch(key)
    if found is None:
        return None
    year, month, quarter = found.groups()
    first = date(int(year), int(month) if month else int(quarter) * 3 - 2 if quarter else 1, 1)
    return Span(key, first, clock.add_months(first, 1 if month else 3 if quarter else 12))


def choices(today: date) -> list[tuple[str, str]]:
    """(key, name) of what may be chosen: the last months, quarters and years, and days of one's own."""
    first = today.replace(day=1)
    quarter = first.replace(month=(first.month - 1) // 3 * 3 + 1)
    keys = [clock.add_months(first, -n).strftime("%Y-%m") for n in range(MONTHS)]
    for n in range(QUARTERS):
        day = clock.add_months(quarter, -3 * n)
        keys.append(f"{day.year}-Q{(day.month + 2) // 3}")
    keys += [str(today.year - n) for n in range(YEARS)]
    return [*((key, span.name) for key in keys if (span := named(key))), (OWN, gettext(N_("Chọn ngày")))]


@dataclass(frozen=True, slots=True)
class Asked:
    """The span that an address asks for, what was typed, and what is wrong with it (by field; then it is this month)."""

    span: Span
    typed: dict[str, str]
    errors: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        """The arguments that ask for it again."""
        return {name: value for name, value in self.typed.items() if value}


def asked(args: Mapping[str, str], today: date) -> Asked:
    """Read `period`, `from` and `to` of an address; `was` is the span that stood in the form.

    Who types days and leaves the chooser alone means the days.
    """
    month = Span(today.strftime("%Y-%m"), today.replace(day=1), clock.add_months(today.replace(day=1), 1))
    typed = {name: args.get(name, "").strip()[:20] for name in ("period", "from", "to")}
    if typed["period"] == args.get("was") and (typed["from"] or typed["to"]):
        typed["period"] = OWN
    if typed["period"] != OWN:
        # Days stand in the form all the time; they count only if they are what was chosen.
        typed |= {"from": "", "to": ""}
        span = named(typed["period"]) or month
        return Asked(span, typed | {"period": span.key}, {})
    errors: dict[str, str] = {}
    days: dict[str, date] = {}
    for name in ("from", "to"):
        try:
            days[name] = clock.read_day(typed[name])
        except ValueError:
            errors[name] = gettext(N_("Hãy chọn ngày."))
            continue
        if not 2000 <= days[name].year <= 2100:
            errors[name] = gettext(N_("Ngày chưa đúng."))
    if not errors and days["to"] < days["from"]:
        errors["to"] = gettext(N_("Ngày cuối phải sau ngày đầu."))
    if not errors and (days["to"] - days["from"]).days >= LONGEST:
        errors["to"] = gettext(N_("Nhiều nhất ba năm một lần."))
    if errors:
        return Asked(month, typed, errors)
    return Asked(Span(OWN, days["from"], days["to"] + timedelta(days=1)), typed, errors)


def months(until: date, count: int) -> list[date]:
    """The first days of `count` months, the last one being that of `until`."""
    first = until.replace(day=1)
    return [clock.add_months(first, n - count + 1) for n in range(count)]
