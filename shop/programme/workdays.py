"""Working days of offices in Vietnam: Monday to Friday without public holidays. (Parcels move on Saturdays too, so delivery
counts otherwise; the holidays are the same.)"""

from __future__ import annotations

from datetime import date, timedelta

from shop.delivery import days


def is_working(day: date) -> bool:
    """Whether offices work on `day`."""
    return day.weekday() < 5 and not days.is_holiday(day)


def after(day: date, working: int) -> date:
    """The last day of a term of `working` (1 or more) working days that begins on the day after `day`."""
    for _ in range(working):
        day += timedelta(days=1)
        while not is_working(day):
            day += timedelta(days=1)
    return day


def left(today: date, due: date) -> int:
    """How many working days remain after `today` until and with `due`; negative: that many have passed since."""
    first, last, sign = (today, due, 1) if due >= today else (due, today, -1)
    return sign * sum(is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
