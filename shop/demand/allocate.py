"""Who gets scarce goods: a mixed-integer problem over places, with a floor of fairness; pure, no database.

What a unit more is worth at a place is the chance that it is wanted there: one at first, nine in ten at the low estimate of
the need, a half at the middle one, one in ten at the high one (the expected need served is concave in what a place has, so
segments of its slope keep the problem linear). People who wait come first if so set. No place gets less than a share of what
it would get if all were served alike; where cartons or whole lots make that impossible the shortfall of the floor is paid for
and told, never hidden. A trip to a place costs a little, so that a handful of units is not sent alone.

A greedy answer (carton by carton to where it is worth most) is the start; the solver betters it as long as there is time.
"""

from __future__ import annotations

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

# The chance that a unit is wanted falls from mark to mark: (part of the way from one quantile to the next, chance there).
# Up to the 10 % quantile, to the median, to the 90 % quantile, and as far again beyond.
_CHANCES = (1.0, 0.9, 0.5, 0.1, 0.0)
# Stretches between two marks: finer where most of the choice is made.
_CUTS = (2, 3, 3, 2)
SECONDS = 7.0
# What a unit below the floor of fairness costs, in units served.
BELOW_FLOOR = 3.0


@dataclass(frozen=True, slots=True)
class Need:
    """What is wanted of `variant` at `place` in the weeks to come, in sale units.

    A range (10/50/90 %), `waiting` people's units, and what is there already.

    `waiting` are units that somebody has asked for by name; they are part of the need. `value` weighs it (1: a unit is a unit).
    """

    variant: int
    place: int
    low: float
    middle: float
    high: float
    waiting: int = 0
    there: int = 0
    value: float = 1.0


@dataclass(frozen=True, slots=True)
class Goods:
    """`units` of `variant` to give out, in cartons of `carton` sale units; a `whole` lot goes to one place or stays.

    They lie at `source`; places of `barred` cannot get them (the web is served only from where parcels leave).
    """

    variant: int
    units: int
    carton: int = 1
    whole: bool = False
    source: int = 0
    barred: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to share: `floor` of fairness (0–1), whether those who wait come first, what a trip is worth in units served."""

    floor: float = 0.5
    waiting_first: bool = True
    trip: float = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """`units` of `variant` for `place`; `served` is the expected need served with what is there, `need` the expected need.

    `floor` is what fairness asks for in units of stock, `short` how much of it could not be given; `parts` says how many
    come from which goods (their place in the list, units).
    """

    variant: int
    place: int
    units: int
    served: float
    need: float
    floor: float
    short: float
    parts: tuple[tuple[int, int], ...] = ()


class Method(StrEnum):
    """How far an answer is proven: the best there is (to a thousandth), the best found in time, or greedy alone."""

    PROVEN = "proven"
    IN_TIME = "in_time"
    GREEDY = "greedy"


@dataclass(frozen=True, slots=True)
class Answer:
    """Shares with how they were found and how long it took."""

    shares: list[Share]
    method: Method
    seconds: float


@dataclass(frozen=True, slots=True)
class Measure:
    """How well a sharing serves: expected need `served` of `need` units; `worst` is the worst coverage of a place (0–1)."""

    served: float
    need: float
    worst: float


def stretches(need: Need, waiting_first: bool) -> list[tuple[float, float]]:
    """(units, worth of each) of a need in falling order of worth."""
    low, middle, high = max(need.low, 0.0), max(need.middle, need.low, 0.0), max(need.high, need.middle, need.low, 0.0)
    marks = [0.0, low, middle, high, high + max(high - middle, 0.5)]
    found = []
    for (a, b), (first, last), cuts in zip(pairwise(marks), pairwise(_CHANCES), _CUTS, strict=True):
        for n in range(cuts):
            worth = first + (last - first) * (n + 0.5) / cuts
            found.append(((b - a) / cuts, need.value * worth))
    if need.waiting:
        # Who waits is certain, and is served out of the first units.
        left = float(need.waiting)
        rest = []
        for width, worth in found:
            part = min(width, left)
            left -= part
            rest.append((width - part, worth))
        found = [(float(need.waiting), need.value * (2.0 if waiting_first else 1.0)), *rest]
    return [(width, worth) for width, worth in found if width > 1e-9]


def expected_served(need: Need, stock: float) -> float:
    """Units of the need that are expected to be served from `stock` units."""
    left, served = stock, 0.0
    for width, worth in stretches(replace(need, value=1.0), False):
        part = min(width, left)
        served += part * worth
        left -= part
        if left <= 0:
            break
    return served


def expected_need(need: Need) -> float:
    """Units expected to be wanted, by the same stretches."""
    return expected_served(need, 1e12)


def measure(needs: Sequence[Need], given: Mapping[tuple[int, int], int]) -> Measure:
    """How well `given` (units by variant and place) serves `needs`, with what is there; needs below one unit do not count."""
    served = total = 0.0
    worst = 1.0
    for need in needs:
        wanted = expected_need(need)
        got = expected_served(need, need.there + given.get((need.variant, need.place), 0))
        served, total = served + got, total + wanted
        if wanted >= 1:
            worst = min(worst, got / wanted)
    return Measure(served, total, worst)


def pro_rata(needs: Sequence[Need], goods: Sequence[Goods]) -> dict[tuple[int, int], int]:
    """Every place gets cartons in proportion to its middle need, whatever lies there already; the rest by largest remainder."""
    return _spread_out(needs, goods, lambda need: max(need.middle, 0.0))


def first_come(needs: Sequence[Need], goods: Sequence[Goods]) -> dict[tuple[int, int], int]:
    """Places in their order take up to their high need until nothing is left."""
    found: dict[tuple[int, int], int] = {}
    supply, carton = _supply(goods)
    for need in sorted(needs, key=lambda n: (n.variant, n.place)):
        size = carton.get(need.variant, 1)
        wanted = -(-max(0.0, need.high - need.there) // size) * size
        take = min(int(wanted), supply.get(need.variant, 0) // size * size)
        if take:
            found[need.variant, need.place] = take
            supply[need.variant] -= take
    return found


def _supply(goods: Sequence[Goods]) -> tuple[dict[int, int], dict[int, int]]:
    supply: dict[int, int] = defaultdict(int)
    carton: dict[int, int] = {}
    for lot in goods:
        supply[lot.variant] += lot.units
        carton[lot.variant] = max(carton.get(lot.variant, 1), lot.carton)
    return supply, carton


def _spread_out(
    needs: Sequence[Need], goods: Sequence[Goods], weight: Callable[[Need], float]
) -> dict[tuple[int, int], int]:
    supply, carton = _supply(goods)
    by_variant: dict[int, list[Need]] = defaultdict(list)
    for need in needs:
        by_variant[need.variant].append(need)
    found: dict[tuple[int, int], int] = {}
    for variant, asked in sorted(by_variant.items()):
        size, cartons = carton.get(variant, 1), supply.get(variant, 0) // carton.get(variant, 1)
        total = sum(weight(n) for n in asked)
        if total <= 0 or not cartons:
            continue
        exact = [(cartons * weight(n) / total, n) for n in asked]
        left = cartons - sum(int(e) for e, _n in exact)
        order = sorted(range(len(exact)), key=lambda i: (-(exact[i][0] % 1), exact[i][1].place))
        more = set(order[:left])
        for i, (e, need) in enumerate(exact):
            if n := int(e) + (i in more):
                found[variant, need.place] = n * size
    return found


def allocate(
    needs: Sequence[Need], goods: Sequence[Goods], wishes: Wishes = Wishes(), *, seconds: float = SECONDS
) -> Answer:
    """Share `goods` over `needs`; one Share for each need of goods that there are, in their order.

    `seconds` is for everything; when they are over the best answer found until then is taken.

    Raises:
        ValueError: a need or a quantity is negative, a carton is below one, or a variant is needed twice at a place.
    """
    began = time.monotonic()
    if any(n.waiting < 0 or n.there < 0 or min(n.low, n.middle, n.high) < 0 for n in needs):
        raise ValueError("a need is counted from 0")
    if any(g.units < 0 or g.carton < 1 for g in goods):
        raise ValueError("goods are counted from 0, a carton from 1")
    if len({(n.variant, n.place) for n in needs}) != len(needs):
        raise ValueError("a variant is needed twice at a place")
    there_is = {g.variant for g in goods if g.units}
    asked = [n for n in needs if n.variant in there_is]
    if not asked:
        return Answer([], Method.PROVEN, time.monotonic() - began)
    floors = _floors(asked, goods, wishes.floor)
    slopes = [stretches(n, wishes.waiting_first) for n in asked]
    start = _greedy(asked, goods, floors, slopes)
    left = seconds - (time.monotonic() - began)
    solved = _solve(asked, goods, floors, slopes, wishes, start, left) if left > 0.05 else None
    given, method = (start, Method.GREEDY) if solved is None else solved
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (i, k), units in sorted(given.items()):
        if units:
            parts[i].append((k, units))
    found = []
    for i, need in enumerate(asked):
        units = sum(n for _k, n in parts[i])
        stock = need.there + units
        found.append(
            Share(
                need.variant, need.place, units, expected_served(need, stock), expected_need(need), floors[i],
                max(0.0, floors[i] - stock), tuple(parts[i]),
            )
        )  # fmt: skip
    return Answer(found, method, time.monotonic() - began)


def _floors(needs: Sequence[Need], goods: Sequence[Goods], floor: float) -> list[float]:
    """Stock that fairness asks for at each place: `floor` of the coverage that all would have if served alike."""
    supply, _carton = _supply(goods)
    wanted: dict[int, float] = defaultdict(float)
    there: dict[int, float] = defaultdict(float)
    for n in needs:
        wanted[n.variant] += max(n.middle, n.waiting)
        there[n.variant] += min(n.there, max(n.middle, n.waiting))
    alike = {v: min(1.0, (supply[v] + there[v]) / w) if w else 0.0 for v, w in wanted.items()}
    return [floor * alike[n.variant] * max(n.middle, n.waiting) for n in needs]


# Units by (need, goods).
Given = dict[tuple[int, int], int]


def _worth(slope: Sequence[tuple[float, float]], floor: float, stock: float) -> float:
    """What `stock` units are worth at a place, its floor of fairness paid for."""
    left, worth = stock, 0.0
    for width, each in slope:
        part = min(width, left)
        worth += part * each
        left -= part
        if left <= 0:
            break
    return worth - BELOW_FLOOR * max(0.0, floor - stock)


def _greedy(
    needs: Sequence[Need], goods: Sequence[Goods], floors: Sequence[float], slopes: Sequence[list[tuple[float, float]]]
) -> Given:
    """Whole lots, the largest first, then carton by carton, each to where it is worth most. Trips cost nothing here."""
    takers: dict[int, list[int]] = defaultdict(list)
    for i, need in enumerate(needs):
        takers[need.variant].append(i)
    stock = [float(n.there) for n in needs]
    given: Given = defaultdict(int)
    order = sorted(range(len(goods)), key=lambda k: (not goods[k].whole, -len(goods[k].barred), -goods[k].units, k))
    for k in order:
        lot = goods[k]
        may = [i for i in takers[lot.variant] if needs[i].place not in lot.barred]
        size = lot.units if lot.whole else lot.carton
        if not may or not size:
            continue

        def gain(i: int, size: int = size) -> float:
            return _worth(slopes[i], floors[i], stock[i] + size) - _worth(slopes[i], floors[i], stock[i])

        heap = [(-gain(i), i) for i in may]
        heapq.heapify(heap)
        for _ in range(lot.units // size):
            more, i = heap[0]
            if more >= -1e-9:
                break
            given[i, k] += size
            stock[i] += size
            heapq.heapreplace(heap, (-gain(i), i))
    return dict(given)


def _solve(
    needs: Sequence[Need],
    goods: Sequence[Goods],
    floors: Sequence[float],
    slopes: Sequence[list[tuple[float, float]]],
    wishes: Wishes,
    start: Given,
    seconds: float,
) -> tuple[Given, Method] | None:
    """Units by need and goods, at least as good as `start`; None if the solver found nothing.

    Columns: cartons (integer) or whole lots (binary) of each need, its stretches, its unmet floor, trips.
    """
    import highspy  # some 60 MB: only who shares goods pays for it
    import numpy as np

    until = time.monotonic() + seconds
    cost: list[float] = []
    upper: list[float] = []
    integer: list[bool] = []
    hint: list[float] = []
    rows: list[tuple[float, float, list[tuple[int, float]]]] = []

    def column(worth: float, high: float, at: float, whole: bool = False) -> int:
        cost.append(worth)
        upper.append(high)
        integer.append(whole)
        hint.append(at)
        return len(cost) - 1

    by_variant: dict[int, list[int]] = defaultdict(list)
    for i, need in enumerate(needs):
        by_variant[need.variant].append(i)
    into: dict[int, list[tuple[int, int, int]]] = defaultdict(list)  # need → column, units of one, goods
    for k, lot in enumerate(goods):
        takers = [i for i in by_variant.get(lot.variant, []) if needs[i].place not in lot.barred]
        size = lot.units if lot.whole else lot.carton
        if not takers or not size or not lot.units // size:
            continue
        columns = []
        for i in takers:
            # No place gets more of a carton's goods than could be wanted there.
            most = lot.units // size if lot.whole else min(lot.units // size, _most(needs[i], floors[i], size))
            c = column(0.0, float(most), start.get((i, k), 0) / size, True)
            into[i].append((c, size, k))
            columns.append((c, 1.0))
        rows.append((-np.inf, float(lot.units // size), columns))
    trips: dict[int, int] = {}
    sent = {needs[i].place for (i, _k), n in start.items() if n}
    for i, need in enumerate(needs):
        comes = sum(n for (j, _k), n in ((key, start.get(key, 0)) for key in ((i, k) for _c, _s, k in into[i])))
        left = float(need.there + comes)
        parts = []
        for width, worth in slopes[i]:
            used = min(width, left)
            left -= used
            parts.append((column(worth, width, used), 1.0))
        # what is served ≤ what is there and what comes
        rows.append((-np.inf, float(need.there), [*parts, *((c, -float(size)) for c, size, _k in into[i])]))
        if floors[i] > need.there:
            unmet = column(-BELOW_FLOOR, floors[i], max(0.0, floors[i] - need.there - comes))
            rows.append((floors[i] - need.there, np.inf, [*((c, float(s)) for c, s, _k in into[i]), (unmet, 1.0)]))
        if wishes.trip > 0 and need.place and into[i]:
            if need.place not in trips:
                trips[need.place] = column(-wishes.trip, 1.0, float(need.place in sent), True)
            rows += [(-np.inf, 0.0, [(c, 1.0), (trips[need.place], -upper[c])]) for c, _s, _k in into[i] if upper[c]]
    lp = highspy.HighsLp()
    n, m = len(cost), len(rows)
    lp.num_col_, lp.num_row_ = n, m
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.array(cost)
    lp.col_lower_, lp.col_upper_ = np.zeros(n), np.array(upper)
    lp.row_lower_ = np.array([r[0] for r in rows])
    lp.row_upper_ = np.array([r[1] for r in rows])
    lp.integrality_ = [highspy.HighsVarType.kInteger if w else highspy.HighsVarType.kContinuous for w in integer]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(r[2]) for r in rows)])
    lp.a_matrix_.index_ = np.array([c for r in rows for c, _v in r[2]])
    lp.a_matrix_.value_ = np.array([v for r in rows for _c, v in r[2]])
    left_over = until - time.monotonic()
    if left_over <= 0.05:
        return None
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 1e-3)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 1)
    solver.passModel(lp)
    known = highspy.HighsSolution()
    known.col_value = hint
    solver.setSolution(known)
    solver.setOptionValue("time_limit", max(0.05, until - time.monotonic()))
    solver.run()
    values = np.array(solver.getSolution().col_value)
    if len(values) != n or solver.getInfo().primal_solution_status != 2:
        return None
    proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    given = {(i, k): round(values[c]) * size for i, found in into.items() for c, size, k in found if values[c] > 0.5}
    return given, Method.PROVEN if proven else Method.IN_TIME


def _most(need: Need, floor: float, size: int) -> int:
    """Cartons beyond which nothing more could be wanted at a place."""
    wanted = max(2 * need.high - need.middle, need.high + 0.5, floor) + need.waiting
    return int(-(-max(0.0, wanted - need.there) // size))


def divide(
    goods: Sequence[tuple[int, Goods]],
    wants: Mapping[int, int],
    places: Mapping[int, int],
    before: Mapping[int, Sequence[tuple[int, int]]],
) -> tuple[dict[int, list[tuple[int, int]]], dict[int, int]]:
    """Which goods (number, goods) of one pack fill each line: (parts by line, units that could not be found by line).

    A line keeps what it had; the web (place 0) comes next, as few places can serve it, then whoever wants most. Of a whole
    lot nothing is split off.
    """
    left = {k: g.units for k, g in goods}
    of = dict(goods)
    parts: dict[int, list[tuple[int, int]]] = {line: [] for line in wants}
    missing = dict(wants)
    order = sorted(wants, key=lambda i: (places[i], -wants[i], i))

    def give(line: int, k: int, most: int) -> None:
        n = min(left[k], missing[line], most)
        if of[k].whole and n != of[k].units:
            n = 0
        if n > 0 and places[line] not in of[k].barred:
            parts[line].append((k, n))
            left[k] -= n
            missing[line] -= n

    for line in order:
        for k, n in before.get(line, ()):
            if k in of:
                give(line, k, n)
    for line in order:
        had = {k for k, _n in parts[line]}
        for k in sorted(left, key=lambda k: (k not in had, -len(of[k].barred) if places[line] else 0, -left[k], k)):
            give(line, k, missing[line])
    merged = {line: _merged(found) for line, found in parts.items()}
    return merged, {line: n for line, n in missing.items() if n}


def _merged(parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    total: dict[int, int] = defaultdict(int)
    for k, n in parts:
        total[k] += n
    return sorted(total.items())
