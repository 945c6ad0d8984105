"""The Vietnamese lunar calendar (UTC+7): Tết and the festivals that move demand, as Gregorian days.

New moons and the sun's longitude after J. Meeus, "Astronomical Algorithms" (1998), chapters 25 and 49, in the short
form that is usual for civil calendars: good to a few minutes between 1900 and 2100, which decides the day but for a
handful of new moons within minutes of midnight. Vietnam has counted by UTC+7 since 1968.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

HOURS = 7
_EPOCH = date(2000, 1, 1).toordinal() - 2451545  # a day's ordinal = its Julian day number + this
_MONTH = 29.530588861


def _new_moon(k: int) -> float:
    """Julian ephemeris day of the k-th new moon after that of 1 January 1900."""
    t = k / 1236.85
    rad = math.pi / 180
    jd = 2415020.75933 + 29.53058868 * k + 0.0001178 * t * t - 0.000000155 * t**3
    jd += 0.00033 * math.sin((166.56 + 132.87 * t - 0.009173 * t * t) * rad)
    m = (359.2242 + 29.10535608 * k - 0.0000333 * t * t - 0.00000347 * t**3) * rad
    n = (306.0253 + 385.81691806 * k + 0.0107306 * t * t + 0.00001236 * t**3) * rad
    f = (21.2964 + 390.67050646 * k - 0.0016528 * t * t - 0.00000239 * t**3) * rad
    c = (0.1734 - 0.000393 * t) * math.sin(m) + 0.0021 * math.sin(2 * m)
    c += -0.4068 * math.sin(n) + 0.0161 * math.sin(2 * n) - 0.0004 * math.sin(3 * n)
    c += 0.0104 * math.sin(2 * f) - 0.0051 * math.sin(m + n) - 0.0074 * math.sin(m - n)
    c += 0.0004 * math.sin(2 * f + m) - 0.0004 * math.sin(2 * f - m) - 0.0006 * math.sin(2 * f + n)
    c += 0.0010 * math.sin(2 * f - n) + 0.0005 * math.sin(2 * n + m)
    if t < -11:
        delta = 0.001 + 0.000839 * t + 0.0002261 * t * t - 0.00000845 * t**3 - 0.000000081 * t**4
    else:
        delta = -0.000278 + 0.000265 * t + 0.000262 * t * t
    return jd + c - delta


def _new_moon_day(k: int) -> int:
    """The day (Julian day number, Vietnam's time) on which the k-th new moon falls."""
    return math.floor(_new_moon(k) + 0.5 + HOURS / 24)


def _sun_sector(jdn: int) -> int:
    """Which twelfth of its way the sun is in as the day begins: 0 from the March equinox, 9 from the winter solstice."""
    t = (jdn - 0.5 - HOURS / 24 - 2451545.0) / 36525
    rad = math.pi / 180
    m = 357.52910 + 35999.05030 * t - 0.0001559 * t * t - 0.00000048 * t**3
    length = 280.46645 + 36000.76983 * t + 0.0003032 * t * t
    length += (1.914600 - 0.004817 * t - 0.000014 * t * t) * math.sin(rad * m)
    length += (0.019993 - 0.000101 * t) * math.sin(2 * rad * m) + 0.000290 * math.sin(3 * rad * m)
    return math.floor((length % 360) / 30)


def _month_eleven(year: int) -> int:
    """The first day (Julian day number) of the lunar month that holds the winter solstice of `year`."""
    end = date(year, 12, 31).toordinal() - _EPOCH
    k = math.floor((end - 2415021.076998695) / _MONTH)
    found = _new_moon_day(k)
    return _new_moon_day(k - 1) if _sun_sector(found) >= 9 else found


@lru_cache(maxsize=256)
def months_of(year: int) -> tuple[tuple[int, bool, date], ...]:
    """The lunar months of lunar `year`: (number 1–12, whether it is the leap month, first day), in order."""
    found: list[tuple[int, bool, date]] = []
    for solstice in (year - 1, year):
        first, after = _month_eleven(solstice), _month_eleven(solstice + 1)
        k = math.floor(0.5 + (first - 2415021.076998695) / _MONTH)
        starts = [_new_moon_day(k + i) for i in range(15)]
        at = starts.index(first)
        starts = starts[at:]
        leap = None
        if after - first > 365:
            sectors = [_sun_sector(s) for s in starts[:14]]
            leap = next(i for i in range(1, 14) if sectors[i] == sectors[i + 1])
        number = 11
        for i, start in enumerate(starts):
            if start >= after:
                break
            is_leap = i == leap
            if i and not is_leap:
                number = number % 12 + 1
            belongs = solstice if number >= 11 else solstice + 1
            if belongs == year:
                found.append((number, is_leap, date.fromordinal(start + _EPOCH)))
    return tuple(sorted(found, key=lambda month: month[2]))


def day_of(year: int, month: int, day: int) -> date:
    """The Gregorian day of a day of the lunar calendar (of the ordinary month, not its leap double)."""
    first = next(start for number, leap, start in months_of(year) if number == month and not leap)
    return first + timedelta(days=day - 1)


def tet(year: int) -> date:
    """The first day of the lunar year that begins in Gregorian `year`."""
    return day_of(year, 1, 1)


@dataclass(frozen=True, slots=True)
class Festival:
    """A day that people buy for: `key` is stable, `name` for people."""

    key: str
    name: str
    month: int
    day: int


FESTIVALS = (
    Festival("tet", "Tết Nguyên đán", 1, 1),
    Festival("nguyen-tieu", "Rằm tháng Giêng", 1, 15),
    Festival("doan-ngo", "Tết Đoan ngọ", 5, 5),
    Festival("vu-lan", "Rằm tháng Bảy", 7, 15),
    Festival("trung-thu", "Tết Trung thu", 8, 15),
)
