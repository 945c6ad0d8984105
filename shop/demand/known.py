"""What the other parts of demand tell the sharing of goods: the forecast's ranges, people who wait, asks that were not met.

Buyers of a harvest are not told here: what comes of their harvest is set aside for them before it is free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from shop.demand import needs
from shop.demand.models.forecasts import ForecastLine
from shop.demand.models.unmet import Kind, UnmetDay
from shop.demand.models.waiting import WaitEntry, WaitState
from shop.demand.queries import forecasts
from shop.kernel import clock
from shop.kernel.db import in_batches, session

# A forecast older than this is no forecast any more: the recent pace says more.
OLDEST_DAYS = 21


@needs.waiting_from
def waiting(variant_ids: Sequence[int], places: Sequence[int]) -> dict[tuple[int, int], int]:
    """Units of the packs that people wait for, by (pack, place). Who takes any pack waits for the one he looked at."""
    found: dict[tuple[int, int], int] = {}
    for batch in in_batches(variant_ids):
        rows = session().execute(
            select(WaitEntry.variant_id, WaitEntry.point_id, func.sum(WaitEntry.quantity))
            .where(WaitEntry.state == WaitState.WAITING, WaitEntry.variant_id.in_(batch))
            .group_by(WaitEntry.variant_id, WaitEntry.point_id)
        )
        found |= {(variant_id, point_id or needs.WEB): int(n) for variant_id, point_id, n in rows}
    return {key: n for key, n in found.items() if key[1] in places}


@needs.asks_from
def asked(variant_ids: Sequence[int], places: Sequence[int], since: date) -> dict[tuple[int, int], int]:
    """Units that were asked for and not had since a day, by (pack, place), estimates of empty booths left out."""
    total: dict[tuple[int, int], int] = defaultdict(int)
    for batch in in_batches(variant_ids):
        rows = session().execute(
            select(UnmetDay.variant_id, UnmetDay.point_id, func.sum(UnmetDay.lost_units))
            .where(UnmetDay.variant_id.in_(batch), UnmetDay.day >= since, UnmetDay.kind != Kind.BOOTH_EMPTY)
            .group_by(UnmetDay.variant_id, UnmetDay.point_id)
        )
        for variant_id, point_id, thousandths in rows:
            if variant_id is not None:
                total[variant_id, point_id or needs.WEB] += int(thousandths)
    return {key: n for key, thousandths in total.items() if key[1] in places and (n := round(thousandths / 1000)) > 0}


@needs.forecast_from
def expected(
    weeks: int, variant_ids: Sequence[int], places: Sequence[int]
) -> dict[tuple[int, int], tuple[float, float, float]]:
    """Low, middle and high (10/50/90 %) of what is expected in the next `weeks` weeks altogether, by (pack, place).

    The weeks' means add up; their spread is that of one level that may be wrong, so that it does not average out.
    """
    import numpy as np  # only who shares goods pays for it

    from shop.demand import model

    run = forecasts.newest()
    today = clock.today()
    if run is None or (today - run.first_on).days > OLDEST_DAYS:
        return {}
    skip = max(0, (today - run.first_on).days // 7)
    keys, means, spreads = [], [], []
    for batch in in_batches(variant_ids):
        lines = session().execute(
            select(ForecastLine.variant_id, ForecastLine.place, ForecastLine.mean, ForecastLine.spread).where(
                ForecastLine.run_id == run.id, ForecastLine.variant_id.in_(batch), ForecastLine.place.in_(list(places))
            )
        )
        for variant_id, place, mean, spread in lines:
            total = float(sum(mean[skip : skip + weeks]))
            if total > 0:
                keys.append((variant_id, place))
                means.append(total)
                spreads.append(spread)
    if not keys:
        return {}
    ranges = model.quantiles(np.array(means), np.array(spreads))
    return {
        key: (float(low), float(middle), float(high)) for key, (low, middle, high) in zip(keys, ranges, strict=True)
    }
