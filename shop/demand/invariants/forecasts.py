"""What must hold of weeks and forecasts (`flask audit`)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.demand import history
from shop.demand.models.forecasts import DemandBuild, DemandWeek, ForecastLine, ForecastTotal, Of, Source
from shop.demand.queries.forecasts import newest
from shop.kernel.db import session, streamed
from shop.kernel.invariants import invariant
from shop.orders.models import Order, OrderLine, OrderRefusal, OrderTransition
from shop.till.models import TillReturn, TillSale

AHEAD = 13
# Whole weeks that are compared with the orders.
COMPARED = timedelta(weeks=4)


@invariant("demand.forecast-lines-are-ranges")
def ranges() -> Iterator[str]:
    """Each line of the newest forecast has 13 weeks of finite figures with low ≤ middle ≤ high, none below zero."""
    run = newest()
    if run is None:
        return
    columns = (
        ForecastLine.variant_id,
        ForecastLine.place,
        *(getattr(ForecastLine, n) for n in ("mean", "low", "middle", "high")),
    )
    for variant_id, place, *rows in streamed(select(*columns).where(ForecastLine.run_id == run.id), size=1000):
        mean, low, middle, high = rows
        if not all(len(r) == AHEAD and all(math.isfinite(v) and v >= 0 for v in r) for r in (mean, low, middle, high)):
            yield f"{variant_id}@{place}: not 13 weeks"
        elif any(not a <= b <= c for a, b, c in zip(low, middle, high, strict=True)):
            yield f"{variant_id}@{place}: a range is upside down"


@invariant("demand.forecast-totals-are-sums")
def totals() -> Iterator[str]:
    """The total of each place, and of the shop, is the sum of its lines."""
    run = newest()
    if run is None:
        return
    sums: dict[int, float] = defaultdict(float)
    for place, n in streamed(
        select(ForecastLine.place, ForecastLine.units_13).where(ForecastLine.run_id == run.id), size=1000
    ):
        sums[place] += n
    told = {
        (of, key): n
        for of, key, n in session().execute(
            select(ForecastTotal.of, ForecastTotal.key_id, ForecastTotal.units_13).where(
                ForecastTotal.run_id == run.id, ForecastTotal.of.in_([Of.PLACE, Of.SHOP])
            )
        )
    }
    for place, n in sums.items():
        if abs(told.get((Of.PLACE, place), -1.0) - n) > 0.02 + 1e-6 * n:
            yield f"place {place}"
    if sums and abs(told.get((Of.SHOP, 0), -1.0) - sum(sums.values())) > 0.5 + 1e-6 * sum(sums.values()):
        yield "shop"


@invariant("demand.weeks-are-the-orders")
def weeks() -> Iterator[str]:
    """What the last counted weeks say was sold is what the orders say, but for packs that have moved since the count."""
    s = session()
    build = s.scalars(select(DemandBuild).order_by(DemandBuild.id.desc()).limit(1)).first()
    if build is None:
        return
    first = max(build.first_on, build.until_on - COMPARED)
    moved = _moved_since(build.began_at)
    truth = {key: n.sold for key, n in history.sales(first, build.until_on).items() if n.sold}
    rows = s.execute(
        select(DemandWeek.variant_id, DemandWeek.place, DemandWeek.week_on, DemandWeek.sold).where(
            DemandWeek.week_on >= first, DemandWeek.week_on < build.until_on, DemandWeek.source == Source.SHOP
        )
    )
    told = {(v, p, w): n for v, p, w, n in rows if n}
    brought = {
        (v, p, w)
        for v, p, w in s.execute(
            select(DemandWeek.variant_id, DemandWeek.place, DemandWeek.week_on).where(
                DemandWeek.week_on >= first, DemandWeek.week_on < build.until_on, DemandWeek.source == Source.BROUGHT
            )
        )
    }
    for key in sorted(set(truth) | set(told)):
        if truth.get(key, 0) != told.get(key, 0) and key[0] not in moved and key not in brought:
            yield f"{key[0]}@{key[1]} {key[2].isoformat()}: {told.get(key, 0)} counted, {truth.get(key, 0)} ordered"


def _moved_since(at: datetime) -> set[int]:
    """Packs of orders that something happened to after `at`."""
    orders = (
        select(OrderTransition.order_id).where(OrderTransition.at >= at),
        select(OrderRefusal.order_id).where(OrderRefusal.at >= at),
        select(TillSale.order_id).where(TillSale.received_at >= at),
        select(TillSale.order_id)
        .join(TillReturn, TillReturn.sale_id == TillSale.id)
        .where(TillReturn.received_at >= at),
        select(Order.id).where(Order.placed_at >= at),
    )
    found: set[int] = set()
    for which in orders:
        found |= set(session().scalars(select(OrderLine.variant_id).where(OrderLine.order_id.in_(which)).distinct()))
    return found
