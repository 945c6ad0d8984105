"""A market whose true demand is known: what an estimator sees of it, and (apart) what it never sees.

Days are simulated: people come by a Poisson process with a rate of season, Tết, fairs, trend, price and chance;
shelves are filled when somebody notices, as far as makers can make; who finds nothing sometimes asks, sometimes takes
a neighbour's goods.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from shop.demand import lunar
from shop.demand.model import Seen

WEEKS, AHEAD = 156, 13


@dataclass(frozen=True, slots=True)
class Truth:
    """What the estimator never sees: own demand before substitution [series, weeks + ahead], units lost in past weeks."""

    demand: np.ndarray
    lost: np.ndarray
    stocked_out: np.ndarray


def simulate(seed: int, variants: int = 60, places: int = 5, sets: int = 8) -> tuple[Seen, Truth]:
    """One market: what can be seen of its first `WEEKS` weeks, and the truth of all of them and `AHEAD` more."""
    rng = np.random.default_rng(seed)
    first = date(2023, 11, 27)
    weeks = WEEKS + AHEAD
    days = weeks * 7
    start = [first + timedelta(weeks=w) for w in range(weeks)]
    series = variants * places
    variant = np.repeat(np.arange(variants), places)
    place = np.tile(np.arange(places), variants)
    of = rng.integers(0, sets, variants)[variant]

    # Base rates per week: a few that sell well, many that sell now and then.
    liked = np.exp(rng.normal(0.6, 1.2, variants))
    busy = np.exp(rng.normal(0.0, 0.5, places))
    base = liked[variant] * busy[place] * np.exp(rng.normal(0, 0.35, series))

    day = [first + timedelta(days=d) for d in range(days)]
    month = np.array([d.month - 1 for d in day])
    # Season by set: one hump a year, deeper for some; a few goods have months of their own.
    peak, depth = rng.uniform(0, 12, sets), rng.uniform(0.0, 0.9, sets)
    season = 1 + depth[:, None] * np.cos(2 * np.pi * (np.arange(12)[None, :] - peak[:, None]) / 12)
    # Tết: buying swells for five weeks, then nothing much for two.
    tets = [lunar.tet(y) for y in range(2023, 2029)]
    to_tet = np.array([min((t - d).days for t in tets if (t - d).days > -21) for d in day])
    swell = rng.uniform(0.3, 2.6, sets)
    hump = np.exp(-(((to_tet - 12) / 11.0) ** 2))
    after = ((to_tet <= 0) & (to_tet > -14)).astype(float)
    festive = 1 + swell[:, None] * hump[None, :] - 0.55 * after[None, :]
    # Fairs: seven days at one place, twice a year each, announced beforehand.
    fair = np.zeros((places, days))
    for p in range(places):
        if p % 2 == 0:
            for year in range(4):
                for about in (150, 330):
                    at = year * 365 + about + int(rng.integers(-12, 12))
                    if 0 <= at < days:
                        fair[p, at : at + 7] = 1
    lift = rng.uniform(1.2, 4.0, sets)
    # Price: a tenth off for a fortnight now and then.
    cut = np.ones((variants, days))
    for v in range(variants):
        for at in rng.integers(0, days, 4):
            cut[v, at : at + 14] = 0.85
    elastic = rng.uniform(0.8, 2.2, sets)
    weekday = np.array([0.8, 0.8, 0.85, 0.95, 1.15, 1.35, 1.1])
    # Level wanders slowly; some grow, some fade; a tenth are new within the last half year.
    drift = np.cumsum(rng.normal(0, 0.018, (series, weeks)), axis=1) + rng.normal(0, 0.0015, series)[
        :, None
    ] * np.arange(weeks)
    born = np.zeros(variants, dtype=int)
    new = rng.random(variants) < 0.1
    born[new] = rng.integers(WEEKS - 26, WEEKS - 4, new.sum())
    makes = liked * busy.sum() * rng.uniform(1.0, 1.6, variants)  # what a maker can make in a week
    cadence = rng.integers(5, 15, series)
    cover = rng.uniform(0.8, 3.0, series)
    asks_of = rng.uniform(0.15, 0.5)

    rate = np.empty((series, days), dtype=np.float32)
    for d in range(days):
        r = base * season[of, month[d]] * festive[of, d] * np.exp(drift[:, d // 7]) / 7 * weekday[d % 7]
        r = r * np.where(fair[place, d] > 0, lift[of], 1.0) * cut[variant, d] ** (-elastic[of])
        rate[:, d] = np.where(d // 7 >= born[variant], r, 0.0)
    wanted = rng.poisson(rate * rng.gamma(6.0, 1 / 6.0, rate.shape))

    hand = np.ceil(base * 3).astype(int)
    store = np.ceil(makes * 2)
    sold = np.zeros((series, days), dtype=int)
    here = np.ones((series, days))
    asked = np.zeros((series, days), dtype=int)
    for d in range(WEEKS * 7):
        if d % 7 == 0:
            store = np.minimum(store + makes * np.where(rng.random(variants) < 0.06, 0, 1), makes * 6)
        due = (d + np.arange(series)) % cadence == 0
        recent = sold[:, max(0, d - 21) : d].sum(axis=1) / max(1, min(d, 21)) * 7
        order = np.where(due, np.maximum(0, np.ceil(np.maximum(recent, base * 0.4) * cover * cadence / 7) - hand), 0)
        total = np.bincount(variant, order, variants)
        part = np.minimum(1.0, np.divide(store, total, out=np.ones(variants), where=total > 0))
        given = np.floor(order * part[variant]).astype(int)
        store = store - np.bincount(variant, given, variants)
        hand = hand + given
        want = wanted[:, d]
        got = np.minimum(want, hand)
        short = want - got
        # The day's buyers come in random order: the share of the day with goods left.
        with np.errstate(divide="ignore", invalid="ignore"):
            here[:, d] = np.where(hand <= 0, 0.0, np.where(short > 0, (got + rng.random(series)) / (want + 1.0), 1.0))
        sold[:, d] += got
        hand = hand - got
        asked[:, d] = rng.binomial(short, asks_of)
        for s in np.flatnonzero(short):
            others = np.flatnonzero((place == place[s]) & (of == of[s]) & (hand > 0))
            if len(others):
                for _ in range(rng.binomial(short[s], 0.2)):
                    other = rng.choice(others)
                    if hand[other] > 0:
                        hand[other] -= 1
                        sold[other, d] += 1

    def weekly(a: np.ndarray) -> np.ndarray:
        return a.reshape(len(a), weeks, 7).sum(axis=2)

    born_in = np.arange(WEEKS)[None, :] >= born[variant][:, None]
    seen = Seen(
        starts=tuple(start),
        sold=weekly(sold)[:, :WEEKS].astype(np.float32),
        exposure=(weekly(here)[:, :WEEKS] / 7 * born_in).astype(np.float32),
        asked=weekly(asked)[:, :WEEKS].astype(np.float32),
        listed=born_in.astype(np.float32),
        fair=(weekly(fair) / 7)[place].astype(np.float32),
        price=weekly(cut)[variant].astype(np.float32) / 7,
        kind=of,
        place=place,
        variant=variant,
    )
    want_weekly = weekly(wanted)
    lost = want_weekly[:, :WEEKS] - np.minimum(want_weekly[:, :WEEKS], weekly(sold)[:, :WEEKS])
    return seen, Truth(want_weekly, lost, weekly((here < 1).astype(int))[:, :WEEKS] > 0)
