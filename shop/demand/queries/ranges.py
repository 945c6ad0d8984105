"""How sure the weeks ahead of several packs together are: the range of the run's own total, else one made in the same way.

The run tells totals of the whole shop, of each place, product and pack. What a filter leaves has no total: its range is worked
out from the series, whose errors go together as far as the run has learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from shop.demand.models.forecasts import ForecastLine, ForecastRun, Of
from shop.demand.queries import forecasts
from shop.kernel.db import in_batches, session

if TYPE_CHECKING:
    from shop.demand.queries.picture import Line

# Means are stored in thousandths: sums of the same series differ by no more than this for each pack.
ROUNDING = 0.001
# Beyond so many packs all series of the run are read at once.
NAMED = 2_000

Pairs = list[tuple[float, float]]


def told(run: ForecastRun, found: Sequence[Line], place: int | None) -> Pairs:
    """(low, high), 10 and 90 %, of each week of the run: what is forecast of `found` together at `place` (None: everywhere)."""
    packs = {x.ware.variant_id: x for x in found if x.by_forecast}
    if not packs:
        return [(0.0, 0.0)] * forecasts.AHEAD
    mean = [sum(x.forecast[i] for x in packs.values()) for i in range(forecasts.AHEAD)]
    known = forecasts.total(run.id, *_total_of(list(packs.values()), place))
    near = ROUNDING * (len(packs) + 1)
    if known is not None and all(abs(a - b) <= near for a, b in zip(known.mean, mean, strict=True)):
        return list(zip(known.low, known.high, strict=True))
    return _worked_out(run, packs, place)


def _total_of(found: Sequence[Line], place: int | None) -> tuple[Of, int]:
    """The total that speaks of these packs, if it is of them all: that shows in its mean."""
    if place is not None:
        return Of.PLACE, place
    if len(found) == 1:
        return Of.VARIANT, found[0].ware.variant_id
    products = {x.ware.product_id for x in found}
    return (Of.PRODUCT, products.pop()) if len(products) == 1 else (Of.SHOP, 0)


def _worked_out(run: ForecastRun, packs: dict[int, Line], place: int | None) -> Pairs:
    """The range as the run's own totals have it: variances and deviations of the series added up, r as it was learnt."""
    import numpy as np  # only who narrows the picture pays for it

    from shop.demand import model

    means, variances, deviations = (np.zeros(forecasts.AHEAD) for _ in range(3))
    batches: list[Sequence[int] | None] = [None]
    if len(packs) <= NAMED:
        batches = list(in_batches(sorted(packs)))
    for batch in batches:
        statement = select(ForecastLine.variant_id, ForecastLine.mean, ForecastLine.spread)
        statement = statement.where(ForecastLine.run_id == run.id)
        if batch is not None:
            statement = statement.where(ForecastLine.variant_id.in_(batch))
        if place is not None:
            statement = statement.where(ForecastLine.place == place)
        for variant_id, told_mean, spread in session().execute(statement):
            if variant_id in packs:
                mean = np.array(told_mean)
                variance = mean + spread * mean**2
                means += mean
                variances += variance
                deviations += np.sqrt(variance)
    r = float(run.measured.get("together") or 0.0)
    ranges = model.total_quantiles(means, variances, deviations, r)
    return [(float(low), max(float(high), float(low))) for low, _middle, high in ranges]
