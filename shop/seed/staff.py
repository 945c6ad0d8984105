"""Who works in the demonstration's points, what they work with, and when: shared by the rounds and the counters."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import structlog
from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import ShopError
from shop.points.models import Point
from shop.seed.goods import Ware
from shop.seed.shelves import MARK, Shelves
from shop.seed.then import Past
from shop.stock.models import Lot, StockLevel

# What the rooms themselves brought in lies in lots of their own, whose code ends so.
OURS = "-2"

log = structlog.get_logger("seed")


@dataclass(slots=True)
class Staff:
    """The demonstration's people and points. Acts are gathered and then done in the order of time."""

    rng: random.Random
    now: datetime
    people: Mapping[str, Actor]
    points: Mapping[str, int]
    packs: Mapping[str, Ware]
    shelves: Shelves
    _acts: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)

    def day(self, ago: int, hour: int = 9, minute: int = 0) -> datetime:
        """An instant so many days ago, Vietnam's time; one that has not come yet becomes a moment ago."""
        day = clock.business_day(self.now) - timedelta(days=ago)
        found = datetime.combine(day, time(hour, minute), clock.VIETNAM)
        return min(found, self.now - timedelta(minutes=1))

    def then(self, when: datetime, act: Callable[[], object]) -> None:
        """Let something be done at an instant."""
        self._acts.append((when, len(self._acts), act))

    def work(self) -> None:
        """Do everything, each thing at its time. In the open transaction.

        What is left on the shelves differs with the day on which the demonstration is loaded: what the shop refuses on that
        day (too few left, a certificate that has ended) was not done, nor what would have followed from it.
        """
        past = Past(self.rng)
        while self._acts:
            acts, self._acts = sorted(self._acts, key=lambda act: act[:2]), []
            for n, (when, _n, act) in enumerate(acts):
                try:
                    with past.at(when), session().begin_nested():
                        act()
                except ShopError as refusal:
                    self._acts = []
                    log.info("left out of the demonstration", at=when.isoformat(), refusal=str(refusal))
                if self._acts:  # what an act left to be done goes among the others
                    self._acts = [*acts[n + 1 :], *self._acts]
                    break

    def key(self) -> str:
        """The operation key of the next command."""
        return f"seed:demo:{self.rng.getrandbits(64):016x}"

    def lot(self, sku: str, when: datetime) -> dict[str, object]:
        """The lot that a maker brings then, as a receipt names it."""
        batch = self.shelves.batch(self.packs[sku], clock.business_day(when))
        code = f"{batch.code if batch.expires_on else MARK}{OURS}"
        return {"lot_code": code, "produced_on": batch.produced_on, "expires_on": batch.expires_on}

    def cost(self, sku: str, when: datetime) -> int | None:
        """What a producer gets for one unit: about seven tenths of the price."""
        found = self.packs[sku].price_at(when)
        return found[1] * 7 // 10 // 500 * 500 if found else None

    def may_sell(self, sku: str, when: datetime) -> bool:
        """Whether the pack has a price and the certificate it needs."""
        ware = self.packs[sku]
        certified = not ware.needs_certificate or ware.certificate_on(clock.business_day(when)) is not None
        return certified and ware.price_at(when) is not None

    def levels(self, point: str, skus: Iterable[str] = ()) -> list[tuple[StockLevel, Lot]]:
        """What the rooms brought to a point, the lots that end first before the others; of `skus` if there are any."""
        variants = [self.packs[sku].variant_id for sku in skus]
        wanted = (
            select(StockLevel, Lot)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(StockLevel.point_id == self.points[point], Lot.code.endswith(OURS))
            .order_by(Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
            .execution_options(populate_existing=True)
        )
        if variants:
            wanted = wanted.where(StockLevel.variant_id.in_(variants))
        return [(level, lot) for level, lot in session().execute(wanted)]

    def picks(self, point: str, wanted: Mapping[str, int]) -> dict[int, int]:
        """Units by level that make up `wanted` (units by SKU), as far as they are free."""
        found: dict[int, int] = {}
        left = {self.packs[sku].variant_id: n for sku, n in wanted.items()}
        for level, _lot in self.levels(point, wanted):
            n = min(left[level.variant_id], level.on_hand - level.held - level.allocated)
            if n > 0:
                found[level.id] = n
                left[level.variant_id] -= n
        return found


def points() -> dict[str, int]:
    """Ids of all points by their addresses."""
    found: dict[str, int] = dict(session().execute(select(Point.slug, Point.id)).all())
    return found
