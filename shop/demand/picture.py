"""Goods against demand: how long they last, when they lack, when somebody has to begin, what is left over. Pure arithmetic.

Weeks are those of the forecast, the first one being the week of today: of it only the days from today on are wanted. Demand of
a week is spread evenly over its days, and so is what can be made in it. Quantities are sale units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WEEK = timedelta(weeks=1)
# What is less than this is rounding, not goods.
CRUMB = 0.05
# Dearer or cheaper by more than this nobody has tried; the estimate does not go there.
DEEPEST_CUT = 0.4
# A fall of the price that small would not be noticed.
LEAST_CUT = 0.03
# What sells less with every đồng less was not learnt but stumbled upon.
LEAST_ELASTICITY = 0.3


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def ahead(mean: Sequence[float], first_on: date, today: date, weeks: int = 13) -> list[float]:
    """The units wanted in the weeks from today on: `mean` begins with the Monday `first_on`.

    Weeks that are over are dropped, the present one counts with the days that are left of it. Where a forecast ends early
    (it is old), its last week goes on.
    """
    gone = max((monday(today) - first_on).days // 7, 0)
    found = [max(float(n), 0.0) for n in mean[gone : gone + weeks]]
    last = found[-1] if found else max(float(mean[-1]), 0.0) if mean else 0.0
    found += [last] * (weeks - len(found))
    found[0] *= (7 - today.weekday()) / 7
    return found


def by_week(arrivals: Mapping[date, int], today: date, weeks: int = 13) -> list[float]:
    """Goods that are to come, by week from today's: what is late is taken to come this week, what is later is left out."""
    found = [0.0] * weeks
    for day, n in arrivals.items():
        at = max((monday(day) - monday(today)).days // 7, 0)
        if at < weeks:
            found[at] += n
    return found


@dataclass(frozen=True, slots=True)
class Walk:
    """What becomes of the goods. `left`: units at the end of each week, below nothing what lacks in all by then.

    `gap_week`: the first week in which they lack (0: this one), None within the weeks; `gap_on`: the day of it.
    """

    left: tuple[float, ...]
    gap_week: int | None
    gap_on: date | None

    @property
    def lacking(self) -> int:
        """Units that lack at the worst moment, rounded up."""
        return max(math.ceil(-min(self.left, default=0.0) - CRUMB), 0)


def walk(free: float, wanted: Sequence[float], coming: Sequence[float], today: date) -> Walk:
    """Let demand run against goods: `free` now, `wanted` and `coming` by week. Goods of a week are there when it begins."""
    left, balance = [], float(free)
    gap: int | None = None
    gap_on: date | None = None
    for i, (need, more) in enumerate(zip(wanted, coming, strict=True)):
        balance += more
        if gap is None and balance - need < -CRUMB:
            gap = i
            start = today if i == 0 else monday(today) + WEEK * i
            days = 7 - start.weekday()
            gap_on = start + timedelta(days=min(int(max(balance, 0.0) / need * days), days - 1))
        balance -= need
        left.append(balance)
    return Walk(tuple(left), gap, gap_on)


def cover_days(free: float, wanted: Sequence[float], today: date) -> int | None:
    """For how many days `free` units last; None if longer than the weeks that are known. What is not there lasts no day."""
    if free <= CRUMB:
        return 0
    balance, days = float(free), 0
    for i, need in enumerate(wanted):
        span = 7 - today.weekday() if i == 0 else 7
        if need > CRUMB and balance < need - CRUMB:
            return days + int(max(balance, 0.0) / need * span)
        balance -= need
        days += span
    return None


# --- who must begin when -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """`by`: the last day on which a producer can begin so that nothing lacks (None: there is no such day, even in the past
    that is known). `lacking`: units that he cannot make in time if he begins today."""

    by: date | None
    lacking: int


def needs(left: Sequence[float]) -> list[float]:
    """What has to have come by the end of each week: never less than the week before."""
    found, most = [], 0.0
    for n in left:
        most = max(most, -n)
        found.append(most)
    return found


def start(gap_on: date, left: Sequence[float], made: Sequence[float] | None, lead_days: int, today: date) -> Start:
    """The last day to begin, and what cannot be had in time.

    `left` is what `walk` says, `made` the units that can be made in each of the same weeks (None: nobody has said, so only the
    lead time counts), `lead_days` pass from the beginning to the first goods. The day is never later than `gap_on` less the
    lead time; where a week's work is not enough it is as much earlier as the work takes.
    """
    by = gap_on - timedelta(days=lead_days)
    if made is None:
        return Start(by, 0)
    need = needs(left)
    first_goods = today + timedelta(days=lead_days)
    have, lacking = 0.0, 0.0
    enough: date | None = by
    for i, wanted in enumerate(need):
        begin = today if i == 0 else monday(today) + WEEK * i
        end = monday(begin) + WEEK
        days = (end - begin).days
        usable = min(max((end - max(first_goods, begin)).days, 0), days)
        have += made[i] * usable / days
        if wanted <= CRUMB:
            continue
        lacking = max(lacking, wanted - have)
        back = _back(made, i, wanted, gap_on, today)
        if back is None:
            enough = None
        elif enough is not None:
            enough = min(enough, back - timedelta(days=lead_days))
    return Start(enough, max(math.ceil(lacking - CRUMB), 0))


def _back(made: Sequence[float], week: int, wanted: float, gap_on: date, today: date) -> date | None:
    """The day on which making has to begin so that `wanted` units are made by the end of `week`; None: before today."""
    rest = wanted
    for i in range(week, -1, -1):
        begin = today if i == 0 else monday(today) + WEEK * i
        end = monday(begin) + WEEK
        if made[i] >= rest - CRUMB:
            share = rest / made[i] if made[i] > 0 else 0.0
            day = end - timedelta(days=math.ceil(min(share, 1.0) * (end - begin).days))
            return min(day, gap_on)
        rest -= made[i]
    return None


def batch(units: int, smallest: int | None) -> int:
    """What is worth making: `units`, but no less than the smallest batch; nothing stays nothing."""
    return max(units, smallest or 0) if units > 0 else 0


# --- what is left over -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LotLeft:
    """Units of a lot that nobody will have bought on its last day."""

    lot: int
    units: int
    left: int


def wanted_until(wanted: Sequence[float], today: date, day: date) -> float:
    """Units wanted from today to the end of `day`; what lies behind the weeks that are known goes on like the last one."""
    found, begin, i = 0.0, today, 0
    while begin <= day and wanted:
        end = monday(begin) + WEEK
        here = wanted[min(i, len(wanted) - 1)]
        days = (min(end, day + timedelta(days=1)) - begin).days
        found += here * days / ((end - begin).days if i == 0 else 7)
        begin, i = end, i + 1
    return found


def leftover(lots: Sequence[tuple[int, int, date]], wanted: Sequence[float], today: date) -> list[LotLeft]:
    """What of `lots` (number, units, last day) is still there after its last day, if those that end first are sold first.

    Never more than there is; lots that nothing is left of are not named.
    """
    found, taken = [], 0.0
    for lot, units, last in sorted(lots, key=lambda x: (x[2], x[0])):
        can = max(wanted_until(wanted, today, last) - taken, 0.0)
        sold = min(can, float(units))
        taken += sold
        left = math.floor(units - sold + CRUMB) if sold < units else 0
        if left > 0:
            found.append(LotLeft(lot, units, min(left, units)))
    return found


def share_out(units: int, rooms: Sequence[tuple[int, float]], least: int = 1) -> list[tuple[int, int]]:
    """Spread `units` over places that have room for some (place, room): the greatest room first, never more than either.

    A place that would get fewer than `least` is left out: nobody drives for one jar.
    """
    found = []
    for place, room in sorted(rooms, key=lambda r: (-r[1], r[0])):
        n = min(units, math.floor(room + CRUMB))
        if n >= least and n > 0:
            found.append((place, n))
            units -= n
    return found


@dataclass(frozen=True, slots=True)
class Cut:
    """A lower price: `percent` less, and the `units` more that it sells, as far as has been learnt."""

    percent: int
    units: int


def cut(expected: float, left: int, elasticity: float | None) -> Cut | None:
    """How much cheaper goods would have to be to sell `left` units beside the `expected` ones; None: nothing says so.

    `elasticity`: 2 means 10 % dearer sells about 20 % less. Never more than `DEEPEST_CUT`; what does not sell at all is not
    helped by its price as far as anybody knows.
    """
    if elasticity is None or elasticity < LEAST_ELASTICITY or expected < 1 or left < 1:
        return None
    ratio = ((expected + left) / expected) ** (-1 / elasticity)
    off = min(1 - ratio, DEEPEST_CUT)
    if off < LEAST_CUT:
        off = LEAST_CUT
    percent = math.ceil(off * 100 - 1e-9)
    more = expected * ((1 - percent / 100) ** -elasticity - 1)
    units = min(math.floor(more + CRUMB), left)
    return Cut(percent, units) if units >= 1 else None
