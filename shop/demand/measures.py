"""How good a forecast was: against what people do without one, in units and as a share; pure, no database.

Measured is only what is known: weeks in which goods lay there all the time, so that what was sold is what was wanted.
Errors are taken of blocks of four weeks, since nobody orders for a single one. The plain methods see the same sales, as
they stand in the books.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shop.demand.model import AHEAD, BLOCK, QUANTILES, Floats, Seen

NAIVE, SEASONAL, UNCORRECTED = "naive", "seasonal", "uncorrected"
PLAIN = (NAIVE, SEASONAL, UNCORRECTED)


def until(seen: Seen, weeks: int) -> Seen:
    """What was known when `weeks` weeks had passed."""
    end = weeks + AHEAD
    return Seen(
        starts=seen.starts[:end],
        sold=seen.sold[:, :weeks],
        exposure=seen.exposure[:, :weeks],
        asked=seen.asked[:, :weeks],
        listed=seen.listed[:, :weeks],
        fair=seen.fair[:, :end],
        price=seen.price[:, :end],
        kind=seen.kind,
        place=seen.place,
        variant=seen.variant,
    )


def plain(seen: Seen) -> dict[str, Floats]:
    """What the plain methods say of the next AHEAD weeks, from sales alone: [series, AHEAD].

    naive: the mean of the last four weeks; seasonal: the same weeks of last year (else naive); uncorrected: the mean of the
    last half year on offer, weeks of empty shelves counted as they stand.
    """
    sold, listed = seen.sold, seen.listed
    weeks = sold.shape[1]

    def mean_of(last: int) -> Floats:
        span = slice(max(0, weeks - last), weeks)
        return sold[:, span].sum(axis=1) / np.maximum(listed[:, span].sum(axis=1), 1.0)

    naive = np.repeat(mean_of(4)[:, None], AHEAD, axis=1)
    seasonal = naive
    if weeks >= 52:
        known = listed[:, weeks - 52 : weeks - 52 + AHEAD] > 0
        seasonal = np.where(known, sold[:, weeks - 52 : weeks - 52 + AHEAD], naive)
    return {NAIVE: naive, SEASONAL: seasonal, UNCORRECTED: np.repeat(mean_of(26)[:, None], AHEAD, axis=1)}


def blocks(values: Floats, told: Floats) -> Floats:
    """Sums over blocks of four weeks of what `told` (0/1) lets count: [series, blocks]."""
    n = values.shape[1] // BLOCK
    cut = (values * told)[:, : n * BLOCK]
    return cut.reshape(len(values), n, BLOCK).sum(axis=2)


@dataclass(frozen=True, slots=True)
class Error:
    """Sums to be added up over origins: absolute error and truth in units, pinball loss of the three quantiles."""

    absolute: float
    truth: float
    scale: float

    @property
    def share(self) -> float | None:
        """Absolute error by what was wanted; None where nothing was."""
        return self.absolute / self.truth if self.truth > 0 else None

    @property
    def scaled(self) -> float | None:
        """Absolute error by that of last month's sales carried on within the history (1: no better)."""
        return self.absolute / self.scale if self.scale > 0 else None


def error(said: Floats, came: Floats, told: Floats, scale: Floats) -> Error:
    """The error of what was `said` of what `came` where it is `told`, `scale` being the usual error of each series."""
    n = (blocks(np.ones_like(said), told) > 0).astype(float)
    return Error(
        float(np.abs(blocks(said, told) - blocks(came, told)).sum()),
        float(blocks(came, told).sum()),
        float((n * scale[:, None]).sum()),
    )


def scale_of(seen: Seen) -> Floats:
    """What a month's sales differ from those of the month before, on average: [series], in units."""
    weeks = seen.sold.shape[1] // BLOCK * BLOCK
    if weeks < 2 * BLOCK:
        return np.ones(len(seen.sold))
    sums = seen.sold[:, -weeks:].reshape(len(seen.sold), -1, BLOCK).sum(axis=2)
    found: Floats = np.abs(np.diff(sums, axis=1)).mean(axis=1)
    return found


def pinball(quantiles: Floats, came: Floats, told: Floats) -> float:
    """Mean pinball loss of the quantiles [series, weeks, 3] over the weeks that are told, in units."""
    total = 0.0
    for j, q in enumerate(QUANTILES):
        off = came - quantiles[:, :, j]
        total += float((np.maximum(q * off, (q - 1) * off) * told).sum())
    return total / len(QUANTILES) / max(float(told.sum()), 1.0)


def spread_around(point: Floats, seen: Seen) -> Floats:
    """The quantiles that a plain method would give: its figure and the spread of the sales of half a year about their mean."""
    recent = seen.sold[:, -26:]
    low, high = np.quantile(recent, (QUANTILES[0], QUANTILES[2]), axis=1)
    middle = recent.mean(axis=1)
    return np.stack(
        [np.maximum(point + (low - middle)[:, None], 0), point, np.maximum(point + (high - middle)[:, None], 0)], axis=2
    )


def covered(quantiles: Floats, came: Floats, told: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """(weeks inside the range between 10 and 90 %, weeks that were told).

    Counts are whole, so a count stands for the stretch half a unit on either side, drawn evenly: a range that holds exactly
    80 % of the chances then covers 80 %.
    """
    at = came + rng.random(came.shape) - 0.5
    inside = (at >= np.where(quantiles[:, :, 0] <= 0, -1, quantiles[:, :, 0])) & (at <= quantiles[:, :, 2])
    return float((inside * told).sum()), float(told.sum())
