"""How fast a booth sells and when it will be empty. Pure: hours are those in which the fair is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shop.demand.booths import LEAST_HOURS
from shop.kernel import clock
from shop.points.hours import minutes

HOUR = timedelta(hours=1)
# Less than one unit in a month of open hours is nothing that anybody waits for.
LEAST_PACE = 1e-3


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a fair, `first` until before `end`, each open from `opens` to `closes` (`HH:MM`, local)."""

    first: date
    end: date
    opens: str
    closes: str

    def span(self, day: date) -> tuple[datetime, datetime]:
        """When it is open on `day`, as instants."""
        start = clock.start_of(day)
        return start + timedelta(minutes=minutes(self.opens)), start + timedelta(minutes=minutes(self.closes))

    def open_hours(self, day: date, until: datetime) -> float:
        """Hours open on `day` up to the instant `until`; none on days that are not the fair's."""
        if not self.first <= day < self.end:
            return 0.0
        opens, closes = self.span(day)
        return max((min(until, closes) - opens) / HOUR, 0.0)

    def hours_so_far(self, until: datetime) -> float:
        """Hours open on all days up to `until`."""
        days = (self.end - self.first).days
        return sum(self.open_hours(self.first + timedelta(days=n), until) for n in range(days))

    def hours_left(self, now: datetime) -> float:
        """Hours open from `now` to the end of today's opening."""
        today = clock.business_day(now)
        if not self.first <= today < self.end:
            return 0.0
        opens, closes = self.span(today)
        return max((closes - max(now, opens)) / HOUR, 0.0)

    def is_open(self, now: datetime) -> bool:
        """Whether the doors are open at `now`."""
        today = clock.business_day(now)
        if not self.first <= today < self.end:
            return False
        opens, closes = self.span(today)
        return opens <= now < closes


def per_hour(sold_today: float, hours_today: float, sold: float, hours: float) -> float:
    """What is sold in an hour: today's pace once something has sold today, else that of the fair so far. The first hour is a
    whole one: ten sold in ten minutes are no sixty an hour."""
    if sold_today > 0:
        return sold_today / max(hours_today, LEAST_HOURS)
    return max(sold, 0.0) / max(hours, LEAST_HOURS)


def hours_until_empty(left: int, pace: float) -> float | None:
    """In how many open hours `left` units are gone at `pace` an hour; none left: at once; nothing sells: nobody can say."""
    if left <= 0:
        return 0.0
    return left / pace if pace > LEAST_PACE else None
