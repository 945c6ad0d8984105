"""What can be made, spread over weeks: pure arithmetic over what producers have said.

**Rates.** A rate per week is spread evenly over seven days, one per month over the days of that month. The season of a month
turns it into a range (`FACTORS`): a normal month gives what was said; a month of little between a quarter and a half; a month
of plenty at least that much and up to half as much again; a month without gives nothing.

**A product and its packs.** What is said of a product is a ceiling over all its packs together, what is said of a pack a
ceiling of that pack. Where both are said, a pack can have the lesser of the two, and all packs together never more than the
product; so nothing is counted twice. Where only the product is spoken of, each pack can have all of it, but only together
(`pool`).

**Harvests and batches** are spread evenly over their days. They are made by the same hands as the rate: a week has the greater
of rate and harvest, not the sum. One said of the product and one said of a pack are again the same goods: the greater counts;
two harvests of the same subject add up.

**Whole units.** Weeks are rounded so that they add up: their `high` together is the whole part of the exact sum, their `low`
never more than that of its own, and in no week is `low` more than `high`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from shop.kernel import clock
from shop.supply.models import Per, Season

FACTORS: dict[Season, tuple[Fraction, Fraction]] = {
    Season.NONE: (Fraction(0), Fraction(0)),
    Season.LOW: (Fraction(1, 4), Fraction(1, 2)),
    Season.NORMAL: (Fraction(1), Fraction(1)),
    Season.HIGH: (Fraction(1), Fraction(3, 2)),
}
ALL_YEAR = Season.NORMAL * 12
LONGEST_DAYS = 3 * 366

Range = tuple[Fraction, Fraction]
NOTHING: Range = (Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many units per week or month, from `from_on` until before `to_on` (None: without end)."""

    units: int
    per: Per
    from_on: date
    to_on: date | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Between `low` and `high` units in all, from `from_on` until before `to_on`."""

    low: int
    high: int
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one subject, a product as a whole or a pack. Rates do not overlap."""

    rates: tuple[Rate, ...] = ()
    batches: tuple[Batch, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether there is a word at all."""
        return bool(self.rates or self.batches)


@dataclass(frozen=True, slots=True)
class Week:
    """The units of a week, from the day `starts_on` until before `ends_on`; the first and the last week may be shorter."""

    starts_on: date
    ends_on: date
    low: int
    high: int


def weeks_of(from_on: date, to_on: date) -> list[tuple[date, date]]:
    """The weeks (Monday to Monday) between two days, cut at both ends.

    Raises:
        ValueError: `to_on` is not after `from_on`, or lies more than three years later.
    """
    if not 0 < (to_on - from_on).days <= LONGEST_DAYS:
        raise ValueError("a span of one day to three years is wanted")
    found, start = [], from_on
    while start < to_on:
        end = min(start + timedelta(days=7 - start.weekday()), to_on)
        found.append((start, end))
        start = end
    return found


def packs(
    product: Said, said: Mapping[int, Said], months: str, from_on: date, to_on: date
) -> tuple[dict[int, tuple[Week, ...]], tuple[Week, ...]]:
    """For each pack of a product (by id) the weeks of what it can have, and the weeks of all packs together.

    `said` names every pack of the product, `months` is its season calendar (twelve signs).
    """
    spans = weeks_of(from_on, to_on)
    alone: dict[int, list[Range]] = {pack: [] for pack in said}
    together: list[Range] = []
    for start, end in spans:
        made = dict.fromkeys(said, NOTHING)
        pool = NOTHING
        for first, last in _pieces([product, *said.values()], start, end):
            whole = _rate(product, months, first, last)
            parts = {pack: _rate(one, months, first, last) for pack, one in said.items()}
            for pack, part in parts.items():
                made[pack] = _plus(made[pack], _lesser(part, whole))
            pool = _plus(pool, _pool(whole, list(parts.values())))
        whole_batch = _batches(product, start, end)
        part_batch = {pack: _batches(one, start, end) for pack, one in said.items()}
        for pack in said:
            alone[pack].append(_greater(made[pack], _greater(part_batch[pack], whole_batch)))
        sum_batch = NOTHING
        for part in part_batch.values():
            sum_batch = _plus(sum_batch, part)
        together.append(_greater(pool, _greater(sum_batch, whole_batch)))
    return {pack: _rounded(spans, found) for pack, found in alone.items()}, _rounded(spans, together)


def _pieces(said: Sequence[Said], start: date, end: date) -> Iterator[tuple[date, date]]:
    """A week cut where a month or a rate begins or ends, so that each piece has one of everything."""
    cuts = {start, end}
    first = end.replace(day=1)
    if start < first < end:
        cuts.add(first)
    for one in said:
        for rate in one.rates:
            cuts |= {day for day in (rate.from_on, rate.to_on) if day is not None and start < day < end}
    yield from pairwise(sorted(cuts))


def _rate(said: Said, months: str, first: date, last: date) -> Range | None:
    """What the rate in force gives in a piece; None if none is."""
    for rate in said.rates:
        if rate.from_on <= first and (rate.to_on is None or first < rate.to_on):
            days = Fraction((last - first).days)
            month = first.replace(day=1)
            length = 7 if rate.per is Per.WEEK else (clock.add_months(month, 1) - month).days
            units = rate.units * days / length
            low, high = FACTORS[Season(months[first.month - 1])]
            return units * low, units * high
    return None


def _batches(said: Said, start: date, end: date) -> Range:
    found = NOTHING
    for batch in said.batches:
        days = (min(end, batch.to_on) - max(start, batch.from_on)).days
        if days > 0:
            share = Fraction(days, (batch.to_on - batch.from_on).days)
            found = _plus(found, (batch.low * share, batch.high * share))
    return found


def _pool(whole: Range | None, parts: Sequence[Range | None]) -> Range:
    known = [part for part in parts if part is not None]
    total = NOTHING
    for part in known:
        total = _plus(total, part)
    if whole is None:
        return total
    # A pack of which nothing is said can have whatever the product has.
    return whole if len(known) < len(parts) or not parts else _lesser(total, whole)


def _plus(one: Range, other: Range) -> Range:
    return one[0] + other[0], one[1] + other[1]


def _lesser(one: Range | None, other: Range | None) -> Range:
    if one is None or other is None:
        return one or other or NOTHING
    return min(one[0], other[0]), min(one[1], other[1])


def _greater(one: Range, other: Range) -> Range:
    return max(one[0], other[0]), max(one[1], other[1])


def _rounded(spans: Sequence[tuple[date, date]], found: Sequence[Range]) -> tuple[Week, ...]:
    weeks = []
    low_sum, high_sum, low_told, high_told = Fraction(0), Fraction(0), 0, 0
    for (start, end), (low, high) in zip(spans, found, strict=True):
        low_sum, high_sum = low_sum + low, high_sum + high
        high_now = int(high_sum) - high_told
        low_now = min(int(low_sum) - low_told, high_now)
        low_told, high_told = low_told + low_now, high_told + high_now
        weeks.append(Week(start, end, low_now, high_now))
    return tuple(weeks)
