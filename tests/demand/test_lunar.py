"""The lunar calendar against days that were published."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.demand import lunar

# The first day of the year as Vietnam kept it (UTC+7); 1985 and 2007, 2030 differ from the Chinese calendar.
TET = [
    "1985-01-21",
    "1995-01-31",
    "1996-02-19",
    "1997-02-07",
    "1998-01-28",
    "1999-02-16",
    "2000-02-05",
    "2001-01-24",
    "2002-02-12",
    "2003-02-01",
    "2004-01-22",
    "2005-02-09",
    "2006-01-29",
    "2007-02-17",
    "2008-02-07",
    "2009-01-26",
    "2010-02-14",
    "2011-02-03",
    "2012-01-23",
    "2013-02-10",
    "2014-01-31",
    "2015-02-19",
    "2016-02-08",
    "2017-01-28",
    "2018-02-16",
    "2019-02-05",
    "2020-01-25",
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
    "2029-02-13",
    "2030-02-02",
]
OTHERS = {
    "doan-ngo": ("2023-06-22", "2024-06-10", "2025-05-31", "2026-06-19"),
    "vu-lan": ("2023-08-30", "2024-08-18", "2025-09-06", "2026-08-27"),
    "trung-thu": ("2023-09-29", "2024-09-17", "2025-10-06", "2026-09-25"),
    "nguyen-tieu": ("2023-02-05", "2024-02-24", "2025-02-12", "2026-03-03"),
}


@pytest.mark.parametrize("day", TET)
def test_tet(day: str) -> None:
    assert lunar.tet(int(day[:4])) == date.fromisoformat(day)


@pytest.mark.parametrize(("key", "days"), OTHERS.items())
def test_festivals(key: str, days: tuple[str, ...]) -> None:
    festival = next(f for f in lunar.FESTIVALS if f.key == key)
    assert [lunar.day_of(int(d[:4]), festival.month, festival.day).isoformat() for d in days] == list(days)


@pytest.mark.parametrize(("year", "month"), [(2017, 6), (2020, 4), (2023, 2), (2025, 6), (2028, 5)])
def test_leap_months(year: int, month: int) -> None:
    assert [n for n, leap, _first in lunar.months_of(year) if leap] == [month]


@given(st.integers(1905, 2090))
def test_a_year_is_whole(year: int) -> None:
    """Twelve months or thirteen, each of 29 or 30 days, from one Tết to the next."""
    months = lunar.months_of(year)
    firsts = [first for _n, _leap, first in months] + [lunar.tet(year + 1)]
    assert [n for n, leap, _first in months if not leap] == list(range(1, 13))
    assert {(b - a).days for a, b in zip(firsts, firsts[1:], strict=False)} <= {29, 30}
    assert date(year, 1, 20) <= firsts[0] <= date(year, 2, 21)
