"""The forecast of everything, in parts that fit into little memory: pure but for the rows it is handed.

What is known of all series stands in small whole numbers; factors are learnt from a sample of series, priors from the
sums of all, and the series are then worked through in chunks that hold whole packs, so that totals of packs and the
correlation of their places are seen. Only `tasks` and `flask demand` import this module: numpy is nothing for a web
process.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from shop.demand import lunar, measures, model
from shop.demand.model import AHEAD, TET_FIRST, Factors, Floats, Forecast, Ints, Seen

# Series in a chunk (whole packs, so a few more), series that factors are learnt from, series that are measured.
CHUNK, SAMPLE, MEASURED = 5_000, 6_000, 3_000
# Held-out stretches that are measured, weeks apart.
HOLD_OUTS, APART = 3, 13
# After so many weeks without goods and without an ask a place is taken not to offer a pack any more.
DROPPED_AFTER = 8
WHOLE = 10_000.0


@dataclass(slots=True)
class Known:
    """All series over all weeks, in the order of (pack, place): counts as they are, shares in ten-thousandths.

    `kind`, `spot`, `goods` are dense numbers for the model. `open_ahead`, `fair_ahead`, `price_ahead` [series, AHEAD]: shares
    and price of the weeks to come. `brought`: whether history was brought.
    """

    starts: tuple[date, ...]
    variant: Ints
    place: Ints
    kind: Ints
    spot: Ints
    goods: Ints
    sold: Ints
    asked: Ints
    exposure: Ints
    listed: Ints
    fair: Ints
    price: Ints
    open_ahead: Ints
    fair_ahead: Ints
    price_ahead: Ints
    brought: Ints

    @property
    def weeks(self) -> int:
        """Weeks of history."""
        return len(self.starts) - AHEAD

    @property
    def kinds(self) -> int:
        """How many kinds of goods there are."""
        return int(self.kind.max()) + 1

    def seen(self, rows: Any) -> Seen:
        """What the model takes, of some of the series."""
        listed = self.listed[rows] / np.float32(WHOLE)
        exposure = self.exposure[rows] / np.float32(WHOLE)
        asked = self.asked[rows].astype(np.float32)
        sold = self.sold[rows].astype(np.float32)
        listed = np.maximum(drop(exposure, asked + sold, listed), exposure)
        fair = np.concatenate([self.fair[rows], self.fair_ahead[rows]], axis=1) / np.float32(WHOLE)
        price = np.concatenate([self.price[rows], self.price_ahead[rows]], axis=1) / np.float32(WHOLE)
        return Seen(
            starts=self.starts,
            sold=sold,
            # Something was sold, so there was something: an hour at least, whatever the books say.
            exposure=np.where((sold > 0) & (exposure < 0.006), np.float32(0.006), exposure),
            asked=asked,
            listed=listed,
            fair=fair,
            price=np.clip(price, 0.2, 5.0),
            kind=self.kind[rows],
            place=self.spot[rows],
            variant=self.goods[rows],
        )


def drop(exposure: Floats, wanted: Floats, listed: Floats) -> Floats:
    """`listed` with the weeks taken out by which a place has had neither goods nor asks for `DROPPED_AFTER` weeks."""
    since = np.zeros(len(exposure), dtype=np.int32)
    found = listed.copy()
    for t in range(exposure.shape[1]):
        since = np.where((exposure[:, t] > 0) | (wanted[:, t] > 0), 0, since + 1)
        found[:, t] = np.where(since > DROPPED_AFTER, 0, found[:, t])
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """What is stored of one series; figures are rounded to thousandths, and totals are sums of these."""

    variant_id: int
    place: int
    method: str
    level: float
    lean: float
    spread: float
    mean: list[float]
    low: list[float]
    middle: list[float]
    high: list[float]
    reasons: list[list[Any]]
    lost_4: float


@dataclass
class Sums:
    """Sums by key: means, variances, deviations [keys, AHEAD], lost units."""

    keys: dict[int, int] = field(default_factory=dict)
    mean: list[Floats] = field(default_factory=list)
    variance: list[Floats] = field(default_factory=list)
    deviation: list[Floats] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)

    def add(self, key: int, mean: Floats, spread: Floats, lost: float) -> None:
        """Add one series."""
        at = self.keys.setdefault(key, len(self.keys))
        if at == len(self.mean):
            self.mean.append(np.zeros(AHEAD))
            self.variance.append(np.zeros(AHEAD))
            self.deviation.append(np.zeros(AHEAD))
            self.lost.append(0.0)
        variance = mean + spread * mean**2
        self.mean[at] += mean
        self.variance[at] += variance
        self.deviation[at] += np.sqrt(variance)
        self.lost[at] += lost

    def told(self, together: float) -> Iterator[tuple[int, list[float], list[list[float]], float]]:
        """(key, mean, [low, middle, high], lost units) of each."""
        if not self.keys:
            return
        mean = np.array(self.mean)
        q = model.total_quantiles(mean, np.array(self.variance), np.array(self.deviation), together)
        q = ordered(q)
        for key, at in self.keys.items():
            yield key, rounded(mean[at]), [rounded(q[at, :, j]) for j in range(3)], round(self.lost[at], 3)


def rounded(values: Floats) -> list[float]:
    """Thousandths, as they are stored."""
    return [round(v, 3) for v in values.tolist()]


def ordered(q: Floats) -> Floats:
    """Quantiles that do not cross, whatever the rounding did."""
    found: Floats = np.maximum.accumulate(np.nan_to_num(q, nan=0.0, posinf=0.0), axis=-1)
    return found


@dataclass
class Result:
    """What a run leaves beside its lines: totals by subject and what was measured."""

    variants: Sums = field(default_factory=Sums)
    products: Sums = field(default_factory=Sums)
    places: Sums = field(default_factory=Sums)
    shop: Sums = field(default_factory=Sums)
    methods: dict[str, int] = field(default_factory=dict)
    shared: list[tuple[float, float]] = field(default_factory=list)
    tried: dict[str, float] = field(default_factory=dict)
    factors: Factors | None = None

    @property
    def together(self) -> float:
        """Correlation of the errors of series that are added up."""
        return model.correlation(self.shared)


def sample(known: Known, size: int) -> Ints:
    """Series that tell most, from all kinds: of each kind those that sold most, in proportion to what there is of it."""
    sold = known.sold.sum(axis=1)
    if len(sold) <= size:
        return np.arange(len(sold))
    order = np.lexsort((-sold, known.kind))
    first = np.concatenate([[0], np.cumsum(np.bincount(known.kind, minlength=known.kinds))])
    share = size / len(sold)
    parts = [order[a : a + max(1, round((b - a) * share))] for a, b in pairwise(first) if b > a]
    return np.sort(np.concatenate(parts))


def chunks(known: Known) -> Iterator[slice]:
    """Runs of series that hold whole packs."""
    n, at = len(known.variant), 0
    while at < n:
        end = min(at + CHUNK, n)
        while end < n and known.variant[end] == known.variant[end - 1]:
            end += 1
        yield slice(at, end)
        at = end


def _exposed(seen: Seen, factors: Factors) -> tuple[Floats, Floats]:
    weeks = seen.sold.shape[1]
    gone = np.maximum(seen.listed - seen.exposure, 0)
    exposed = (seen.exposure + factors.told * gone) * factors.of(seen, slice(0, weeks))
    return (seen.sold + seen.asked).sum(axis=1, dtype=np.float64), exposed.sum(axis=1, dtype=np.float64)


def run(known: Known, product_of: dict[int, int], result: Result) -> Iterator[Line]:
    """Forecast all series; lines come in the order of (pack, place), `result` is filled on the way."""
    factors = model.learn(known.seen(sample(known, SAMPLE)), kinds=known.kinds)
    result.factors = factors
    counts, exposures = [], []
    for part in chunks(known):
        c, e = _exposed(known.seen(part), factors)
        counts.append(c)
        exposures.append(e)
    small = Seen(
        starts=known.starts, sold=_none, exposure=_none, asked=_none, listed=_none, fair=_none, price=_none,
        kind=known.kind, place=known.spot, variant=known.goods,
    )  # fmt: skip
    prior = model.priors_of(np.concatenate(counts), np.concatenate(exposures), small)
    for part in chunks(known):
        seen = known.seen(part)
        made = model.forecast(seen, factors, prior[part])
        result.shared.append(made.shared)
        for name, errors in made.tried.items():
            result.tried[name] = result.tried.get(name, 0.0) + float(errors.sum())
        yield from _lines(known, part, seen, made, product_of, result)


_none: Floats = np.zeros((0, 0))


def _lines(
    known: Known, part: slice, seen: Seen, made: Forecast, product_of: dict[int, int], result: Result
) -> Iterator[Line]:
    still = known.open_ahead[part] / WHOLE
    mean = np.round(np.maximum(np.nan_to_num(made.mean), 0) * still, 3)
    q = ordered(made.quantiles * (still > 0)[:, :, None])
    partly = (still > 0) & (still < 1)
    if partly.any():
        q = ordered(np.where(partly[:, :, None], model.quantiles(mean, made.spread[:, None] + np.zeros_like(mean)), q))
    told = list(reasons(known, part, seen, made))
    lost = made.lost[:, -4:].sum(axis=1)
    for i, row in enumerate(range(part.start, part.stop)):
        if not still[i].any():  # closed, or off the shelf: it has taught, nothing is expected of it
            continue
        variant, place = int(known.variant[row]), int(known.place[row])
        method = made.method[i]
        result.methods[method] = result.methods.get(method, 0) + 1
        gone = round(float(lost[i]), 3)
        spread = made.spread[i]
        result.variants.add(variant, mean[i], spread, gone)
        result.products.add(product_of[variant], mean[i], spread, gone)
        result.places.add(place, mean[i], spread, gone)
        result.shop.add(0, mean[i], spread, gone)
        yield Line(
            variant, place, method, round(float(made.level[i]), 4), round(min(max(float(made.lean[i]), 0.0), 1.0), 4),
            round(float(spread), 4), rounded(mean[i]), rounded(q[i, :, 0]), rounded(q[i, :, 1]), rounded(q[i, :, 2]),
            told[i], gone,
        )  # fmt: skip


def reasons(known: Known, part: slice, seen: Seen, made: Forecast) -> Iterator[list[list[Any]]]:
    """Why each forecast is what it is, as words with their figures; `shop.demand.words` says them to people."""
    factors, weeks = made.factors, known.weeks
    months = model.month_shares(known.starts[weeks:])
    tets = model.tet_shares(known.starts[weeks:])
    month = months.argmax(axis=1)
    season = factors.season @ months.T  # [kinds, AHEAD]
    feast = factors.tet @ tets.T + (1 - tets.sum(axis=1))[None, :]
    years = range(known.starts[weeks].year, known.starts[-1].year + 2)
    next_tet = min((t for t in map(lunar.tet, years) if t >= known.starts[weeks]), default=None)
    recent = slice(max(0, weeks - 2), weeks)
    gone = np.maximum(seen.listed - seen.exposure, 0)
    empty = np.rint(gone[:, recent].sum(axis=1) * 7).astype(int)
    ever = (seen.sold + seen.asked + seen.exposure) > 0
    age = np.where(ever.any(axis=1), weeks - ever.argmax(axis=1), 0)
    year = slice(max(0, weeks - 52), weeks)
    total, shown = seen.sold[:, year].sum(axis=1), seen.exposure[:, year].sum(axis=1)
    tried = made.tried
    plain = tried[model.USUAL]
    names = list(tried)
    errors = np.stack([tried[name] for name in names], axis=1)
    for i, row in enumerate(range(part.start, part.stop)):
        kind = int(seen.kind[i])
        told: list[list[Any]] = [["level", _short(made.level[i])]]
        if age[i] == 0:
            told.append(["no-history", round(100 * float(made.lean[i]))])
        elif age[i] <= 13:
            told.append(["new", int(age[i]), round(100 * float(made.lean[i]))])
        elif made.lean[i] > 0.25:
            told.append(["lean", round(100 * float(made.lean[i]))])
        if age[i] > 26 and total[i] == 0:
            told.append(["no-sale", int(np.rint(shown[i]))])
        elif total[i] == 1 and age[i] > 4:
            told.append(["one-sale"])
        if empty[i] > 0:
            told.append(["empty", int(empty[i]), 14])
        if age[i] > 26 and total[i] > 12 and abs(made.trend[i] - 1) > 0.15:
            told.append(["trend", round(100 * (float(made.trend[i]) - 1))])
        at = int(np.abs(np.log(np.maximum(season[kind], 1e-6))).argmax())
        if abs(season[kind, at] - 1) > 0.08:
            told.append(["season", int(month[at]) + 1, round(100 * (float(season[kind, at]) - 1))])
        if next_tet is not None and (next_tet - known.starts[-1]).days < 7 * (1 - TET_FIRST):
            at = int(np.abs(np.log(np.maximum(feast[kind], 1e-6))).argmax())
            if abs(feast[kind, at] - 1) > 0.08:
                told.append(["tet", next_tet.isoformat(), round(100 * (float(feast[kind, at]) - 1)), at])
        fair = np.flatnonzero(known.fair_ahead[row] > 0)
        if len(fair):
            told.append(["fair", int(fair[0]), round(100 * (float(factors.fair[kind]) - 1))])
        cut = float(seen.price[i, weeks])
        if abs(cut - 1) > 0.02:
            told.append(["price", round(100 * (cut - 1)), round(100 * (cut ** -float(factors.price[kind]) - 1))])
        shut = np.flatnonzero(known.open_ahead[row] < WHOLE)
        if len(shut):
            told.append(["closed", known.starts[weeks + int(shut[0])].isoformat()])
        if known.brought[row]:
            told.append(["brought", int(known.brought[row])])
        better = float(plain[i]) - float(errors[i, names.index(made.method[i])])
        told.append(["method", made.method[i], round(100 * better / float(plain[i])) if plain[i] > 1e-9 else 0])
        yield told


def _short(value: float) -> float:
    return round(float(value), 1 if value >= 1 else 2)


def measure(known: Known) -> dict[str, Any]:
    """How well this would have done on weeks it did not know: each time learnt anew from what came before only.

    Returns: {"origins": […Monday], "series": n, "methods": {name: {"error": share, "scaled": …, "coverage": …, "pinball": …}},
    "short": the same of series whose shelves were empty for a tenth of their time}; empty without enough history.
    """
    rows = sample(known, MEASURED)
    seen = known.seen(rows)
    weeks = known.weeks
    origins = [weeks - AHEAD - APART * i for i in range(HOLD_OUTS) if weeks - AHEAD - APART * i >= AHEAD]
    if not origins or len(rows) == 0:
        return {}
    rng = np.random.default_rng(weeks)
    offered = np.maximum(seen.listed.sum(axis=1), 1e-9)
    short = 1 - seen.exposure.sum(axis=1) / offered > 0.1
    groups = {"all": np.ones(len(rows), dtype=bool), "short": short}
    sums: dict[str, dict[str, list[float]]] = {g: {} for g in groups}
    for origin in origins:
        before = measures.until(seen, origin)
        made = model.forecast(before, model.learn(before, kinds=known.kinds))
        ahead = slice(origin, origin + AHEAD)
        came = seen.sold[:, ahead]
        told = ((seen.exposure[:, ahead] >= 0.99) & (seen.listed[:, ahead] > 0)).astype(float)
        scale = measures.scale_of(before)
        said = {"chosen": made.mean, **measures.plain(before)}
        for group, inside in groups.items():
            for name, mean in said.items():
                if not inside.any():
                    continue
                e = measures.error(mean[inside], came[inside], told[inside], scale[inside])
                q = made.quantiles if name == "chosen" else measures.spread_around(mean, before)
                hit, of = measures.covered(q[inside], came[inside], told[inside], rng)
                loss = measures.pinball(q[inside], came[inside], told[inside]) * max(of, 1.0)
                have = sums[group].setdefault(name, [0.0] * 6)
                for j, value in enumerate((e.absolute, e.truth, e.scale, hit, of, loss)):
                    have[j] += value
    found: dict[str, Any] = {"origins": [known.starts[o].isoformat() for o in origins], "series": len(rows)}
    for group in groups:
        found["methods" if group == "all" else group] = {
            name: {
                "error": _part(v[0], v[1]),
                "scaled": _part(v[0], v[2]),
                "coverage": _part(v[3], v[4]),
                "pinball": _part(v[5], v[4]),
            }
            for name, v in sums[group].items()
        }
    return found


def _part(value: float, of: float) -> float | None:
    return round(value / of, 4) if of > 0 else None


def peak_mb() -> int:
    """The most memory this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
