"""Working days and the day on which goods can be collected."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.delivery import days

SHOP = {day: ["07:30", "21:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
TWO_HOURS = timedelta(hours=2)


def at(day: int, hour: int, minute: int = 0, month: int = 12, year: int = 2026) -> datetime:
    """An instant named by Vietnamese wall time."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


@pytest.mark.parametrize(
    ("start", "working", "end"),
    [
        (date(2026, 12, 1), 0, date(2026, 12, 1)),
        (date(2026, 12, 1), 2, date(2026, 12, 3)),
        (date(2026, 12, 5), 1, date(2026, 12, 7)),  # over Sunday
        (date(2026, 12, 6), 0, date(2026, 12, 7)),  # from Sunday
        (date(2026, 12, 31), 1, date(2027, 1, 2)),  # over New Year
        (date(2026, 4, 29), 1, date(2026, 5, 2)),  # 30 April, 1 May
        (date(2027, 2, 3), 1, date(2027, 2, 11)),  # Tết
    ],
)
def test_working_days(start, working, end):
    assert days.after(start, working) == end


@given(st.dates(date(2025, 1, 1), date(2030, 1, 1)), st.integers(0, 20))
def test_a_working_day_comes_of_it_and_more_days_come_later(start, n):
    first, later = days.after(start, n), days.after(start, n + 1)
    assert days.is_working(first)
    assert start <= first < later


@pytest.mark.parametrize(
    ("asked", "hours", "ready"),
    [
        (at(1, 9), SHOP, date(2026, 12, 1)),
        (at(1, 19), SHOP, date(2026, 12, 1)),  # until closing exactly
        (at(1, 19, 1), SHOP, date(2026, 12, 2)),
        (at(1, 3), SHOP, date(2026, 12, 1)),  # before opening
        (at(1, 23, 59), SHOP, date(2026, 12, 2)),
        (at(5, 20), SHOP, date(2026, 12, 7)),  # Saturday evening, closed on Sunday
        (at(6, 9), SHOP | {"sun": ["08:00", "12:00"]}, date(2026, 12, 6)),
        (at(31, 20), SHOP, date(2027, 1, 2)),  # nothing is promised for New Year's Day
        (at(1, 10), {"fri": ["08:00", "09:00"]}, date(2026, 12, 4)),  # open for less than it takes
        (at(1, 23), {day: ["00:00", "24:00"] for day in days._DAYS}, date(2026, 12, 2)),
        (at(1, 10), None, date(2026, 12, 1)),
        (at(1, 16), None, date(2026, 12, 2)),
        (at(1, 10), {}, None),
    ],
)
def test_ready_to_collect(asked, hours, ready):
    assert days.pickup_ready(asked, hours, prepare=TWO_HOURS) == ready


def test_the_file_of_holidays_is_what_the_package_knows():
    """Written anew with `csv.writer(…).writerows(…)` of the same rows, below the head `day,name`."""
    with days._FILE.open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    assert head == ["day", "name"]
    years = range(int(rows[0][0][:4]), int(rows[-1][0][:4]) + 1)
    assert years.start <= 2026
    assert years.stop >= 2036
    known = [
        [day.isoformat(), name]
        for year in years
        for day, name in sorted(holidays.country_holidays("VN", years=year, language="vi").items())
    ]
    assert rows == known
    # Beyond the file the package is asked.
    assert days.is_holiday(date(years.stop, 1, 1))
    assert not days.is_holiday(date(years.stop, 1, 10))
