"""What producers can make, week by week: the one number that rooms above ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from shop.catalog.models import Variant
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.supply import spread
from shop.supply.models import Capacity, Harvest, HarvestState, SeasonCalendar
from shop.supply.spread import Batch, Rate, Said, Week


@dataclass(frozen=True, slots=True)
class CapacityOf:
    """What can be made of a pack (sale units): `weeks` of it alone, `pool` of all packs of its product together.

    Packs of one product share `pool`: whoever plans for several of them keeps their sum within it. `lead_days` pass before an
    order made on the first day gives goods (None: nobody has said); less than `smallest_batch` is not made. `stated`: there is
    a word about it at all; without one the weeks are zero and mean nothing.
    """

    variant_id: int
    product_id: int
    weeks: tuple[Week, ...]
    pool: tuple[Week, ...]
    lead_days: int | None
    smallest_batch: int | None
    stated: bool

    @property
    def low(self) -> int:
        """What can be counted on in all."""
        return sum(week.low for week in self.weeks)

    @property
    def high(self) -> int:
        """What can be hoped for in all."""
        return sum(week.high for week in self.weeks)


def capacity(variant_ids: Sequence[int], from_on: date, to_on: date) -> dict[int, CapacityOf]:
    """What can be made of each of these packs from `from_on` until before `to_on`, by weeks from Monday to Monday (the first
    and last may be shorter). How rates, seasons and harvests come together is said in `shop/supply/spread.py`.

    Raises:
        ValueError: an empty span, or one of more than three years.
    """
    spread.weeks_of(from_on, to_on)
    found: dict[int, CapacityOf] = {}
    for batch in in_batches(sorted(set(variant_ids))):
        products = set(session().scalars(select(Variant.product_id).where(Variant.id.in_(batch))))
        words = _words(products, from_on, to_on)
        for product_id in sorted(products):
            for one in _of_product(product_id, words, from_on, to_on):
                if one.variant_id in batch:
                    found[one.variant_id] = one
    return found


@dataclass(frozen=True, slots=True)
class _Words:
    """Everything said of some products that touches a span of days."""

    packs: dict[int, list[int]]
    rates: dict[tuple[int, int | None], list[Capacity]]
    batches: dict[tuple[int, int | None], list[Batch]]
    months: dict[int, str]

    def said(self, product_id: int, variant_id: int | None) -> Said:
        key = product_id, variant_id
        rates = tuple(Rate(c.units, c.per, c.from_on, c.to_on) for c in self.rates[key])
        return Said(rates, tuple(self.batches[key]))


def _words(products: set[int], from_on: date, to_on: date) -> _Words:
    s = session()
    packs: dict[int, list[int]] = defaultdict(list)
    for product_id, variant_id in s.execute(
        select(Variant.product_id, Variant.id).where(Variant.product_id.in_(products)).order_by(Variant.id)
    ):
        packs[product_id].append(variant_id)
    rates: dict[tuple[int, int | None], list[Capacity]] = defaultdict(list)
    stated = select(Capacity).where(
        Capacity.product_id.in_(products),
        Capacity.withdrawn_at.is_(None),
        Capacity.from_on < to_on,
        or_(Capacity.to_on.is_(None), Capacity.to_on > from_on),
    )
    for row in s.scalars(stated.order_by(Capacity.from_on, Capacity.id)):
        rates[row.product_id, row.variant_id].append(row)
    batches: dict[tuple[int, int | None], list[Batch]] = defaultdict(list)
    expected = select(Harvest).where(
        Harvest.product_id.in_(products),
        Harvest.state != HarvestState.GIVEN_UP,
        Harvest.from_on < to_on,
        Harvest.to_on > from_on,
    )
    for one in s.scalars(expected.order_by(Harvest.id)):
        low, high = (one.low, one.high) if one.came is None else (one.came, one.came)
        batches[one.product_id, one.variant_id].append(Batch(low, high, one.from_on, one.to_on))
    return _Words(packs, rates, batches, seasons(products))


def seasons(products: set[int]) -> dict[int, str]:
    """The season calendar in force of each of these products that has one."""
    newest: Any = (
        select(func.max(SeasonCalendar.id))
        .where(SeasonCalendar.product_id.in_(products))
        .group_by(SeasonCalendar.product_id)
    )
    rows = session().execute(
        select(SeasonCalendar.product_id, SeasonCalendar.months).where(SeasonCalendar.id.in_(newest))
    )
    return {row[0]: row[1] for row in rows}


def _of_product(product_id: int, words: _Words, from_on: date, to_on: date) -> list[CapacityOf]:
    whole = words.said(product_id, None)
    said = {pack: words.said(product_id, pack) for pack in words.packs[product_id]}
    months = words.months.get(product_id, spread.ALL_YEAR)
    alone, pool = spread.packs(whole, said, months, from_on, to_on)
    found = []
    for pack, one in said.items():
        heads = [words.rates[key][0] for key in ((product_id, pack), (product_id, None)) if words.rates[key]]
        found.append(
            CapacityOf(
                variant_id=pack,
                product_id=product_id,
                weeks=alone[pack],
                pool=pool,
                lead_days=max((c.lead_days for c in heads), default=None),
                smallest_batch=heads[0].smallest_batch if heads else None,
                stated=one.anything or whole.anything,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class InTime:
    """Whether a producer can have `asked` units of a pack by a day: what lies free in his own store, what he can make until
    then (low to high), less what he has promised to bring until then. `verdict`: `ok` surely, `warn` perhaps, `bad` hardly,
    '' nobody has said."""

    asked: int
    here: int
    low: int
    high: int
    promised: int
    lead_days: int | None
    smallest_batch: int | None
    stated: bool

    @property
    def verdict(self) -> str:
        """How it looks."""
        if self.here - self.promised >= self.asked:
            return "ok"
        if not self.stated:
            return ""
        if self.here + self.low - self.promised >= self.asked:
            return "ok"
        return "warn" if self.here + self.high - self.promised >= self.asked else "bad"

    @property
    def too_small(self) -> bool:
        """Whether it is less than is worth making, and has to be made."""
        return self.smallest_batch is not None and self.here < self.asked < self.smallest_batch


def in_time(producer_id: int, wanted: dict[int, int], by: date) -> dict[int, InTime]:
    """Whether the producer can have `wanted` (sale units by variant) on the day `by`.

    What is begun today is there after the lead time; what he makes on the day itself still counts.
    """
    from shop.supply.queries import deliveries, store

    today = clock.today()
    # As it would be without lead time, to learn the lead time; then from the day on which goods can be there.
    first = capacity(list(wanted), today, max(by, today) + timedelta(days=1))
    later: dict[int, CapacityOf] = {}
    for lead in {c.lead_days or 0 for c in first.values()}:
        mine = [v for v, c in first.items() if (c.lead_days or 0) == lead]
        start = today + timedelta(days=lead)
        if start <= by:
            later |= first if lead == 0 else capacity(mine, start, by + timedelta(days=1))
    here, promised = store.free_of(producer_id, list(wanted)), deliveries.promised(producer_id, list(wanted), by)
    found = {}
    for variant_id, asked in wanted.items():
        word, one = first.get(variant_id), later.get(variant_id)
        found[variant_id] = InTime(
            asked=asked,
            here=here.get(variant_id, 0),
            low=one.low if one else 0,
            high=one.high if one else 0,
            promised=promised.get(variant_id, 0),
            lead_days=word.lead_days if word else None,
            smallest_batch=word.smallest_batch if word else None,
            stated=bool(word and word.stated),
        )
    return found
