"""Scarce goods shared over places whose true need is known to nobody beforehand: served need against simpler ways.

A market is made from a seed: goods that sell at places at rates of their own, shelves left as unequal as weekly rounds of a
van leave them, and a warehouse with less than is wanted. The sharing sees an estimate of each rate (twelve weeks of sales, so
it errs as an estimate errs) and what stands there; the truth is drawn from the real rate afterwards and never shown to it.
Seeds 1 to 3 were used while the worth function was shaped and are left out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from shop.demand import allocate
from shop.demand.allocate import Goods, Need, Wishes
from shop.demand.model import quantiles

SEEDS = range(4, 28)
WEEKS = 4
VARIANTS, PLACES = 40, 12
LARGE = (200, 40)
GOAL, SECONDS = 8.0, 10.0
CARTONS = (1, 1, 1, 4, 6, 12)
# How much further than its noise a week's sales vary (negative binomial), in the market and as the estimate takes it.
SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class Market:
    """What the sharing sees, and (apart) what is truly wanted."""

    needs: list[Need]
    goods: list[Goods]
    truth: dict[tuple[int, int], int]


def market(seed: int, variants: int = VARIANTS, places: int = PLACES) -> Market:
    """A market of `variants` goods at `places` places for `WEEKS` weeks."""
    rng = np.random.default_rng(seed)
    liked = np.exp(rng.normal(1.0, 0.9, variants))
    busy = np.exp(rng.normal(0.0, 0.6, places))
    rate = liked[:, None] * busy[None, :] * np.exp(rng.normal(0, 0.4, (variants, places)))
    rate[rng.random((variants, places)) < 0.15] = 0.0  # not everything is carried everywhere
    # Twelve weeks of sales, some of them with an empty shelf, which the estimate takes out of its count.
    weeks = np.maximum(1, 12 - rng.poisson(2.0, rate.shape))
    sold = rng.poisson(rate * weeks * rng.gamma(1 / SPREAD * 12, SPREAD / 12, rate.shape))
    usual = sold.sum() / max(weeks.sum(), 1)
    seen = (sold + 0.5 * usual) / (weeks + 0.5)
    seen[(sold == 0) & (rate == 0)] = 0.0
    mean = seen * WEEKS
    q = quantiles(mean, np.full_like(mean, SPREAD / WEEKS) + 1 / (sold + 2.0))
    q[mean == 0] = 0.0
    # A van goes round: where it was last the shelf holds weeks of goods, where it was long ago nothing.
    since = rng.integers(0, 5, places)
    there = np.maximum(0, rate * rng.uniform(1.5, 4.0, rate.shape) - rate * since[None, :]).astype(int)
    wanted = rng.poisson(rate * WEEKS * rng.gamma(WEEKS / SPREAD, SPREAD / WEEKS, rate.shape))
    needs, goods, truth = [], [], {}
    for v in range(variants):
        for p in range(places):
            if mean[v, p] > 0:
                low, middle, high = (float(x) for x in q[v, p])
                needs.append(Need(v, p + 1, low, middle, high, there=int(there[v, p])))
                truth[v, p + 1] = int(wanted[v, p])
        missing = np.maximum(0, rate[v] * WEEKS - there[v]).sum()
        goods.append(Goods(v, int(missing * rng.uniform(0.35, 0.8)), int(rng.choice(CARTONS))))
    return Market(needs, goods, truth)


def served(found: Market, given: dict[tuple[int, int], int]) -> tuple[float, float, float]:
    """Of what is truly wanted: units served in all, units served beyond what the shelves alone would have, the worst
    coverage of a place over all goods."""
    got: dict[int, float] = {}
    want: dict[int, float] = {}
    more = 0.0
    for n in found.needs:
        wanted = found.truth[n.variant, n.place]
        have = min(wanted, n.there + given.get((n.variant, n.place), 0))
        more += have - min(wanted, n.there)
        got[n.place] = got.get(n.place, 0) + have
        want[n.place] = want.get(n.place, 0) + wanted
    return sum(got.values()), more, min(got[p] / want[p] for p in want if want[p])


def foreseen(found: Market) -> float:
    """Units that a sharing which knew the truth could serve: the most there is to reach (cartons may be opened)."""
    missing: dict[int, int] = {}
    base = 0
    for n in found.needs:
        wanted = found.truth[n.variant, n.place]
        base += min(wanted, n.there)
        missing[n.variant] = missing.get(n.variant, 0) + max(0, wanted - n.there)
    return base + sum(min(g.units, missing.get(g.variant, 0)) for g in found.goods)


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the seeds, in percent: need served more than by the simpler way, in all and of the goods that were shared; the
    least of them; what perfect foresight would serve more; the worst coverage of a place of each way; seconds of the large."""

    seeds: int
    over_pro_rata: float
    over_first_come: float
    shared_over_pro_rata: float
    least_over_pro_rata: float
    foresight: float
    reached: float
    worst: float
    worst_pro_rata: float
    worst_first_come: float
    seconds: float
    cpu: float
    method: str


def measure() -> Figures:
    """Share in every market of `SEEDS`, and once at the size of the limit."""
    rows, best = [], []
    for seed in SEEDS:
        found = market(seed)
        shares = allocate.allocate(found.needs, found.goods, Wishes(trip=0.0)).shares
        ours = served(found, {(s.variant, s.place): s.units for s in shares})
        rata = served(found, allocate.pro_rata(found.needs, found.goods))
        first = served(found, allocate.first_come(found.needs, found.goods))
        rows.append((ours, rata, first))
        best.append(foreseen(found))
    percent = [100 * (o[0] / r[0] - 1) for o, r, _f in rows]
    large = market(99, *LARGE)
    began, worked = time.monotonic(), time.process_time()
    answer = allocate.allocate(large.needs, large.goods, Wishes())
    seconds, cpu = time.monotonic() - began, time.process_time() - worked
    return Figures(
        len(rows),
        float(np.mean(percent)),
        float(np.mean([100 * (o[0] / f[0] - 1) for o, _r, f in rows])),
        100 * (sum(o[1] for o, _r, _f in rows) / sum(r[1] for _o, r, _f in rows) - 1),
        min(percent),
        float(np.mean([100 * (b / r[0] - 1) for (_o, r, _f), b in zip(rows, best, strict=True)])),
        100 * sum(o[0] - r[0] for o, r, _f in rows) / sum(b - r[0] for (_o, r, _f), b in zip(rows, best, strict=True)),
        *(100 * float(np.mean([row[n][2] for row in rows])) for n in range(3)),
        seconds,
        cpu,
        answer.method.value,
    )
