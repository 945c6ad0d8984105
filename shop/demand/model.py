"""How much people will want: a forecast per series (a pack at a place) and week, from sales, empty shelves and asks.

**Empty shelves are not zeros.** Buyers come by a Poisson process with rate level × season × Tết × fairs × price. A
week in which goods lay there for the share `exposure` of the time tells of that share only, and what was asked for
while there was nothing tells of the rest as far as people ask (`asks told` is learnt). So every estimate is a count
over an exposure, and a week without goods is no evidence of anything. Stopping when goods run out does not bend this:
the likelihood of a Poisson process watched until a stopping time is the same.

**Little is known of most series**, so factors are learnt for a kind of goods (product set) and levels lean on the
same goods at other places and on other goods of the kind, by as much as they lack evidence (a gamma prior).

**Methods compete**: levels that forget fast or slowly, Croston's method with Syntetos and Boylan's correction (SBA,
2005), Teunter, Syntetos and Babai's (TSB, 2011), last year's weeks. For each series the one with the smallest error
in a rolling back-test is taken, its errors drawn towards those of its kind. All arrays are [series, weeks]; weeks
begin on Monday.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from shop.demand import lunar

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

# Weeks before and after Tết whose factors are learnt; beyond them there is none.
TET_FIRST, TET_LAST = -7, 3
# Weeks of evidence that a prior is worth: for a factor of a kind (units), for a level (weeks).
FACTOR_PRIOR, LEVEL_PRIOR = 25.0, 1.5
FORGETTING = (0.80, 0.88, 0.93, 0.965, 0.985, 1.0)
AHEAD = 13
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a shop knows of S series over T weeks; `starts`, `fair` and `price` reach AHEAD weeks further.

    `exposure`: share of the week with goods on the shelf (0–1). `listed`: 1 where the goods were on offer at all.
    `fair`: share of the week with a fair at the place. `price`: price by the usual price (0.85 is 15 % off).
    `kind`, `place`, `variant`: a number for each series.
    """

    starts: tuple[date, ...]
    sold: Floats
    exposure: Floats
    asked: Floats
    listed: Floats
    fair: Floats
    price: Floats
    kind: Ints
    place: Ints
    variant: Ints


@dataclass(frozen=True, slots=True)
class Factors:
    """What multiplies a level: by kind of goods. `told` is the share of unmet wants that are asked for aloud."""

    season: Floats  # [kinds, 12]
    tet: Floats  # [kinds, TET_LAST - TET_FIRST + 1]
    fair: Floats  # [kinds]
    price: Floats  # [kinds], elasticity: 2 means 10 % dearer sells 20 % less
    told: float

    def of(self, seen: Seen, weeks: slice) -> Floats:
        """The product of all factors for `weeks` of each series."""
        at = seen.starts[weeks]
        found = self.season[seen.kind] @ month_shares(at).T
        found *= self.tet[seen.kind] @ tet_shares(at).T + (1 - tet_shares(at).sum(axis=1))[None, :]
        found *= 1 + (self.fair[seen.kind] - 1)[:, None] * seen.fair[:, weeks]
        found *= seen.price[:, weeks] ** (-self.price[seen.kind])[:, None]
        return found


@dataclass(frozen=True, slots=True)
class Forecast:
    """`mean` and `quantiles` [series, AHEAD, 3] of the units wanted in a week; `method`: what each was forecast with.

    `level`: units a week without season and events. `lean`: how much of the level is the prior's, 0–1 (1: nothing known).
    `spread`: variance of a week's count is mean + spread × mean². `lost` [series, weeks]: units wanted and not had.
    `tried`: error of each method in the back-test, units per block of four weeks. `trend`: level by that of 13 weeks ago.
    `shared`: (surplus, most) sums from which the correlation of the errors of a total's series is estimated.
    """

    mean: Floats
    quantiles: Floats
    method: tuple[str, ...]
    level: Floats
    lean: Floats
    spread: Floats
    factors: Factors
    lost: Floats
    tried: dict[str, Floats]
    trend: Floats
    shared: tuple[float, float]


def month_shares(starts: Sequence[date]) -> Floats:
    """How each week's days spread over months, with half a month's blend into the neighbours: [weeks, 12]."""
    found = np.zeros((len(starts), 12))
    for i, start in enumerate(starts):
        middle = start + timedelta(days=3)
        # 0 at the middle of the month, ±0.5 at its edges.
        off = (middle.day - 15.5) / 30.5
        here = middle.month - 1
        other = (here + (1 if off > 0 else -1)) % 12
        found[i, here] += 1 - abs(off)
        found[i, other] += abs(off)
    return found


def tet_shares(starts: Sequence[date]) -> Floats:
    """How each week's days lie to the nearest Tết, in weeks of seven days from it: [weeks, places of `Factors.tet`]."""
    years = range(min(starts).year, max(starts).year + 2)
    firsts = [lunar.tet(year) for year in years]
    found = np.zeros((len(starts), TET_LAST - TET_FIRST + 1))
    for i, start in enumerate(starts):
        for d in range(7):
            day = start + timedelta(days=d)
            away = min(((day - t).days for t in firsts), key=abs)
            bucket = away // 7
            if TET_FIRST <= bucket <= TET_LAST:
                found[i, bucket - TET_FIRST] += 1 / 7
    return found


def _by_kind(values: Floats, kind: Ints, kinds: int) -> Floats:
    """Sums over the series of each kind."""
    out = np.zeros((kinds, *values.shape[1:]))
    np.add.at(out, kind, values)
    return out


def smooth_level(count: Floats, exposed: Floats, prior: Floats, half: int = 18) -> Floats:
    """A level for each week from the `half` weeks on either side: counts over exposures, leaning on `prior` [series]."""

    def around(values: Floats) -> Floats:
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=np.float64)], axis=1)
        n = values.shape[1]
        high = np.minimum(np.arange(n) + half + 1, n)
        low = np.maximum(np.arange(n) - half, 0)
        return total[:, high] - total[:, low]

    return (around(count) + LEVEL_PRIOR * prior[:, None]) / (around(exposed) + LEVEL_PRIOR)


def priors(count: Floats, exposed: Floats, seen: Seen) -> Floats:
    """What a series without evidence is taken to sell: what the goods sell elsewhere, as places differ, drawn to their kind."""
    return priors_of(count.sum(axis=1, dtype=np.float64), exposed.sum(axis=1, dtype=np.float64), seen)


def priors_of(c: Floats, e: Floats, seen: Seen) -> Floats:
    """The same from the sums of each series: `c` units over `e` weeks with goods (season and events in them)."""
    places, variants, kinds = (int(a.max()) + 1 for a in (seen.place, seen.variant, seen.kind))
    usual = c.sum() / max(e.sum(), 1e-9)
    share = np.ones(places)
    rate = np.full(variants, usual)
    for _ in range(4):
        # kind → goods → place, each against the others
        expected = share[seen.place]
        of_kind = np.full(kinds, usual)
        top = np.bincount(seen.kind, c, kinds) + usual * 8
        of_kind = top / (np.bincount(seen.kind, e * expected, kinds) + 8)
        kind_of = np.zeros(variants, dtype=int)
        kind_of[seen.variant] = seen.kind
        rate = (np.bincount(seen.variant, c, variants) + of_kind[kind_of] * 6) / (
            np.bincount(seen.variant, e * expected, variants) + 6
        )
        share = (np.bincount(seen.place, c, places) + 30) / (
            np.bincount(seen.place, e * rate[seen.variant], places) + 30
        )
    return rate[seen.variant] * share[seen.place]


def learn(seen: Seen, rounds: int = 4, kinds: int | None = None) -> Factors:
    """Learn season, Tết, fairs, prices and how far people ask, by turns, each against all others (Poisson, gamma priors).

    `kinds`: how many kinds there are, where `seen` may not hold the last of them.
    """
    weeks = seen.sold.shape[1]
    now = slice(0, weeks)
    kinds = kinds or int(seen.kind.max()) + 1
    months, tets = month_shares(seen.starts[now]), tet_shares(seen.starts[now])
    season = np.ones((kinds, 12))
    tet = np.ones((kinds, tets.shape[1]))
    fair = np.full(kinds, 1.5)
    price = np.full(kinds, 1.2)
    told = 0.3
    gone = np.maximum(seen.listed - seen.exposure, 0)
    for _ in range(rounds):
        known = Factors(season, tet, fair, price, told)
        factor = known.of(seen, now)
        exposed = seen.exposure + told * gone
        count = seen.sold + seen.asked
        level = smooth_level(count, exposed * factor, priors(count, exposed * factor, seen))
        expected = level * factor
        # How far people ask: what was asked for by what must have been wanted while there was nothing.
        told = float((seen.asked.sum() + 5) / ((expected * gone).sum() + 5 / 0.3))
        told = min(max(told, 0.02), 1.0)
        e, c = _by_kind(expected * (seen.exposure + told * gone), seen.kind, kinds), _by_kind(count, seen.kind, kinds)
        season *= (c @ months + FACTOR_PRIOR) / (e @ months + FACTOR_PRIOR)
        season /= season.mean(axis=1, keepdims=True)
        known = Factors(season, tet, fair, price, told)
        e = _by_kind(level * known.of(seen, now) * (seen.exposure + told * gone), seen.kind, kinds)
        tet *= (c @ tets + FACTOR_PRIOR) / (e @ tets + FACTOR_PRIOR)
        fair, price = _events(seen, level, Factors(season, tet, fair, price, told), gone)
    return Factors(season, tet, fair, price, told)


def _events(seen: Seen, level: Floats, known: Factors, gone: Floats) -> tuple[Floats, Floats]:
    """Lifts of fairs and elasticities of prices, by kind, drawn to what is usual."""
    weeks = seen.sold.shape[1]
    now = slice(0, weeks)
    kinds = len(known.fair)
    held = seen.fair[:, now]
    exposed = seen.exposure + known.told * gone
    without = level * known.of(seen, now) / (1 + (known.fair[seen.kind] - 1)[:, None] * held) * exposed
    count = seen.sold + seen.asked
    during = held > 0
    more = np.bincount(seen.kind, ((count - without) * during).sum(axis=1), kinds)
    base = np.bincount(seen.kind, (without * held).sum(axis=1), kinds)
    usual = more.sum() / max(base.sum(), 1.0)
    fair = 1 + np.maximum((more + usual * FACTOR_PRIOR) / (base + FACTOR_PRIOR), -0.5)
    changed = np.abs(seen.price[:, now] - 1) > 0.02
    relative = seen.price[:, now]
    plain = level * known.of(seen, now) * relative ** known.price[seen.kind][:, None] * exposed
    got = np.bincount(seen.kind, (count * changed).sum(axis=1), kinds)
    want = np.bincount(seen.kind, (plain * changed).sum(axis=1), kinds)
    weight = np.bincount(seen.kind, (plain * changed * np.log(relative)).sum(axis=1), kinds)
    logs = np.divide(weight, want, out=np.full(kinds, -0.1), where=want > 0)
    all_logs = weight.sum() / max(want.sum(), 1e-9)
    usual_e = -np.log((got.sum() + 1) / (want.sum() + 1)) / (all_logs if abs(all_logs) > 0.01 else -0.1)
    usual_e = float(np.clip(usual_e, 0.0, 4.0))
    ratio = (got + FACTOR_PRIOR * np.exp(-usual_e * logs)) / (want + FACTOR_PRIOR)
    safe = np.where(np.abs(logs) > 0.01, logs, -0.1)
    return fair, np.clip(-np.log(np.maximum(ratio, 1e-3)) / safe, 0.0, 4.0)


def levels(count: Floats, exposed: Floats, prior: Floats) -> dict[str, Floats]:
    """The level after each week by each method: [series, weeks + 1], the first being the prior's."""
    series, weeks = count.shape
    found: dict[str, Floats] = {}
    for keep in FORGETTING:
        a = np.zeros(series)
        b = np.zeros(series)
        out = np.empty((series, weeks + 1), dtype=np.float32)
        out[:, 0] = prior
        for t in range(weeks):
            a = keep * a + count[:, t]
            b = keep * b + exposed[:, t]
            out[:, t + 1] = (a + LEVEL_PRIOR * prior) / (b + LEVEL_PRIOR)
        found[f"gp-{keep:g}"] = out
    # Croston's family wants whole weeks: what was missing is filled with what was expected.
    filled = np.empty_like(count)
    usual = found["gp-0.93"]
    full = np.maximum(1 - np.minimum(exposed, 1), 0)
    filled = (count + full * usual[:, :-1]) / np.maximum(exposed + full, 1e-6)
    found["sba"] = _sba(filled, prior)
    found["tsb"] = _tsb(filled, prior)
    return found


def _sba(demand: Floats, prior: Floats, alpha: float = 0.12) -> Floats:
    """Croston's method with the correction of Syntetos and Boylan (2005): size by interval, × (1 − α/2)."""
    series, weeks = demand.shape
    size, gap, since = (
        np.maximum(prior, 1.0).astype(float),
        np.maximum(1.0, 1 / np.maximum(prior, 0.02)),
        np.ones(series),
    )
    out = np.empty((series, weeks + 1), dtype=np.float32)
    out[:, 0] = prior
    for t in range(weeks):
        came = demand[:, t] > 0.3
        size = np.where(came, size + alpha * (demand[:, t] - size), size)
        gap = np.where(came, gap + alpha * (since - gap), gap)
        since = np.where(came, 1.0, since + 1)
        out[:, t + 1] = (1 - alpha / 2) * size / gap
    return out


def _tsb(demand: Floats, prior: Floats, alpha: float = 0.12, beta: float = 0.06) -> Floats:
    """Teunter, Syntetos and Babai (2011): the chance of a sale is learnt every week, the size when there is one."""
    series, weeks = demand.shape
    size, chance = np.maximum(prior, 1.0).astype(float), np.minimum(prior, 1.0).astype(float)
    out = np.empty((series, weeks + 1), dtype=np.float32)
    out[:, 0] = prior
    for t in range(weeks):
        came = demand[:, t] > 0.3
        chance = chance + beta * (came - chance)
        size = np.where(came, size + alpha * (demand[:, t] - size), size)
        out[:, t + 1] = chance * size
    return out


BLOCK = 4  # weeks summed before an error is taken


def back_test(found: dict[str, Floats], count: Floats, exposed: Floats, origins: Sequence[int]) -> dict[str, Floats]:
    """Mean absolute error of each method by series, in units per block of four weeks, over forecasts from `origins`."""
    errors: dict[str, Floats] = {}
    for name, level in found.items():
        total = np.zeros(len(count))
        n = 0
        for origin in origins:
            for first in range(origin, min(origin + AHEAD, count.shape[1]) - BLOCK + 1, BLOCK):
                span = slice(first, first + BLOCK)
                total += np.abs(count[:, span].sum(axis=1) - level[:, origin] * exposed[:, span].sum(axis=1))
                n += 1
        errors[name] = total / max(n, 1)
    return errors


# Taken where there is too little history to try the methods on.
USUAL = "gp-0.985"


def forecast(seen: Seen, factors: Factors | None = None, prior: Floats | None = None) -> Forecast:
    """Forecast each series AHEAD weeks; see the module for how.

    `factors` and `prior` of a greater whole are given where `seen` is a part of it.

    Raises:
        ValueError: there is no week of history, or the arrays do not fit together.
    """
    weeks = seen.sold.shape[1]
    if weeks == 0 or len(seen.starts) < weeks + AHEAD:
        raise ValueError("a forecast needs a week of history and the calendar of the weeks ahead")
    factors = factors or learn(seen)
    now, ahead = slice(0, weeks), slice(weeks, weeks + AHEAD)
    gone = np.maximum(seen.listed - seen.exposure, 0)
    factor = factors.of(seen, now)
    exposed = (seen.exposure + factors.told * gone) * factor
    count = (seen.sold + seen.asked).astype(np.float64)
    if prior is None:
        prior = priors(count, exposed, seen)
    found = levels(count, exposed, prior)
    origins = list(range(max(4, weeks - 64), weeks - BLOCK + 1, 6))
    errors = back_test(found, count, exposed, origins)
    names = list(found)
    table = np.stack([errors[name] for name in names], axis=1)
    size = np.bincount(np.minimum(9, (np.log2(1 + prior) * 3).astype(int)), minlength=10)
    band = np.minimum(9, (np.log2(1 + prior) * 3).astype(int))
    pooled = np.zeros((10, len(names)))
    np.add.at(pooled, band, table)
    pooled /= np.maximum(size, 1)[:, None]
    relative = pooled / np.maximum(pooled.mean(axis=1, keepdims=True), 1e-9)
    own = table / np.maximum(table.mean(axis=1, keepdims=True), 1e-9)
    score = 0.4 * own + 0.6 * relative[band]
    if not origins:
        score[:, names.index(USUAL)] -= 1
    best = score.argmin(axis=1)
    last = np.stack([found[name][:, -1] for name in names], axis=1)
    # The three best together, weighted by how well they did: steadier than the best alone.
    weight = np.exp(-(score - score.min(axis=1, keepdims=True)) * 25)
    level = (last * weight).sum(axis=1) / weight.sum(axis=1)
    mean = level[:, None] * factors.of(seen, ahead)
    spread = _spread(found, names, best, count, exposed, origins, band)
    usual = found["gp-0.93"]
    trend = usual[:, -1] / np.maximum(usual[:, max(0, weeks - AHEAD)], 1e-6)
    evidence = exposed[:, -26:].sum(axis=1)
    smooth = smooth_level(count, exposed, prior)
    lost = np.maximum(seen.asked, smooth * factor * gone)
    return Forecast(
        mean=mean,
        quantiles=quantiles(mean, spread[:, None] + np.zeros_like(mean)),
        method=tuple(names[i] for i in best),
        level=level,
        lean=LEVEL_PRIOR / (LEVEL_PRIOR + evidence),
        spread=spread,
        factors=factors,
        lost=lost,
        tried=errors,
        trend=trend,
        shared=_shared(found, names, best, count, exposed, origins, spread, seen.variant),
    )


def _spread(
    found: dict[str, Floats],
    names: list[str],
    best: Ints,
    count: Floats,
    exposed: Floats,
    origins: Sequence[int],
    band: Ints,
) -> Floats:
    """How much more a week's count varies than a Poisson count, by size of series, from the back-test (method of moments)."""
    more, square = np.zeros(10), np.zeros(10)
    for origin in origins:
        level = np.choose(best, [found[name][:, origin] for name in names])
        for t in range(origin, min(origin + AHEAD, count.shape[1])):
            mean = level * exposed[:, t]
            enough = exposed[:, t] > 0.2
            np.add.at(more, band, np.where(enough, (count[:, t] - mean) ** 2 - mean, 0))
            np.add.at(square, band, np.where(enough, mean**2, 0))
    return np.clip(more / np.maximum(square, 1e-9), 0.01, 5.0)[band]


def _shared(
    found: dict[str, Floats],
    names: list[str],
    best: Ints,
    count: Floats,
    exposed: Floats,
    origins: Sequence[int],
    spread: Floats,
    variant: Ints,
) -> tuple[float, float]:
    """How far the errors of one pack's places go together: Σ (error² − Σ variances) and Σ ((Σ deviations)² − Σ variances)."""
    surplus = most = 0.0
    groups = int(variant.max()) + 1
    for origin in origins:
        level = np.choose(best, [found[name][:, origin] for name in names])
        for t in range(origin, min(origin + AHEAD, count.shape[1]), 4):
            mean = level * exposed[:, t]
            variance = mean + spread * mean**2
            own = np.bincount(variant, variance, groups)
            surplus += float((np.bincount(variant, count[:, t] - mean, groups) ** 2 - own).sum())
            most += float((np.bincount(variant, np.sqrt(variance), groups) ** 2 - own).sum())
    return surplus, most


def correlation(shared: Sequence[tuple[float, float]]) -> float:
    """The correlation of the errors of series that are added up, 0–0.9, from `Forecast.shared` of all parts."""
    surplus, most = (sum(pair[i] for pair in shared) for i in (0, 1))
    return min(max(surplus / most, 0.0), 0.9) if most > 1e-9 else 0.0


def total_quantiles(mean: Floats, variances: Floats, deviations: Floats, together: float) -> Floats:
    """Quantiles of sums: `mean`, Σ variances and Σ deviations of the parts; variance = (1 − r) Σ v + r (Σ s)²."""
    variance = (1 - together) * variances + together * deviations**2
    return quantiles(mean, np.clip((variance - mean) / np.maximum(mean, 1e-9) ** 2, 1e-3, 5.0))


def quantiles(mean: Floats, spread: Floats, at: Sequence[float] = QUANTILES) -> Floats:
    """Quantiles of counts with `mean` and variance mean + spread × mean² (negative binomial): [..., len(at)].

    Below 60 the distribution is summed; between two counts the quantile is read linearly, so that small means do not
    jump. Above, a gamma distribution of the same mean and variance stands in (Wilson and Hilferty's approximation).
    """
    m, phi = np.maximum(mean, 1e-6).ravel(), np.maximum(spread, 1e-3).ravel()
    out = np.empty((m.size, len(at)))
    small = m < 60
    if small.any():
        ms, r = m[small], 1 / phi[small]
        p = r / (r + ms)
        mass = np.exp(r * np.log(p))
        total = mass.copy()
        before = np.zeros_like(total)
        result = np.full((ms.size, len(at)), np.nan)
        k = 0
        while np.isnan(result).any() and k < 1500:
            for j, q in enumerate(at):
                hit = np.isnan(result[:, j]) & (total >= q)
                part = (q - before[hit]) / np.maximum(total[hit] - before[hit], 1e-12)
                result[hit, j] = np.maximum(0.0, k - 0.5 + part)
            before = total.copy()
            mass = mass * (k + r) / (k + 1) * (1 - p)
            total = total + mass
            k += 1
        out[small] = np.where(np.isnan(result), ms[:, None] * 4, result)
    if (~small).any():
        ml = m[~small]
        shape = ml**2 / (ml + phi[~small] * ml**2)
        for j, q in enumerate(at):
            z = _normal_quantile(q)
            out[~small, j] = ml * (1 - 1 / (9 * shape) + z / np.sqrt(9 * shape)) ** 3
    return out.reshape(*mean.shape, len(at))


def _normal_quantile(q: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(q)
