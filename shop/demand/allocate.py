"""Who gets scarce goods: a mixed-integer problem over places, with a floor of fairness; pure, no database.

What a unit more is worth at a place is the chance that it is wanted there: nearly one up to the low estimate of the
need, then falling (the expected need served is concave in what a place has, so segments of its slope keep the problem
linear). People who wait come first if so set. No place gets less than a share of what it would get if all were served
alike; where cartons or whole lots make that impossible the shortfall of the floor is paid for and told, never hidden.
A trip to a place costs a little, so that a handful of units is not sent alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

# Chance that the units of each stretch of the need are wanted: up to its 10 % quantile, median, 90 % quantile, beyond.
STRETCHES = (0.95, 0.70, 0.30, 0.04)
SECONDS = 10.0


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
    """`units` of `variant` to give out, in cartons of `carton` sale units; a `whole` lot goes to one place or stays."""

    variant: int
    units: int
    carton: int = 1
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to share: `floor` of fairness (0–1), whether those who wait come first, what a trip is worth in units served."""

    floor: float = 0.5
    waiting_first: bool = True
    trip: float = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """`units` of `variant` for `place`; `served` is the expected need served with what is there, `need` the expected need.

    `floor` is what fairness asks for in units of stock, `short` how much of it could not be given.
    """

    variant: int
    place: int
    units: int
    served: float
    need: float
    floor: float
    short: float


def stretches(need: Need, waiting_first: bool) -> list[tuple[float, float]]:
    """(units, worth of each) of a need in falling order of worth."""
    marks = [0.0, max(need.low, 0.0), max(need.middle, need.low), max(need.high, need.middle)]
    found = [(b - a, need.value * worth) for (a, b), worth in zip(pairwise(marks), STRETCHES, strict=False)]
    found.append((max(need.high, 1.0), need.value * STRETCHES[-1]))
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


def _spread_out(needs: Sequence[Need], goods: Sequence[Goods], weight: object) -> dict[tuple[int, int], int]:
    supply, carton = _supply(goods)
    by_variant: dict[int, list[Need]] = defaultdict(list)
    for need in needs:
        by_variant[need.variant].append(need)
    found: dict[tuple[int, int], int] = {}
    for variant, asked in sorted(by_variant.items()):
        size, cartons = carton.get(variant, 1), supply.get(variant, 0) // carton.get(variant, 1)
        total = sum(weight(n) for n in asked)  # type: ignore[operator]
        if total <= 0 or not cartons:
            continue
        exact = [(cartons * weight(n) / total, n) for n in asked]  # type: ignore[operator]
        left = cartons - sum(int(e) for e, _n in exact)
        order = sorted(range(len(exact)), key=lambda i: (-(exact[i][0] % 1), exact[i][1].place))
        more = set(order[:left])
        for i, (e, need) in enumerate(exact):
            if n := int(e) + (i in more):
                found[variant, need.place] = n * size
    return found


def allocate(
    needs: Sequence[Need], goods: Sequence[Goods], wishes: Wishes = Wishes(), *, seconds: float = SECONDS
) -> list[Share]:
    """Share `goods` over `needs`; one Share for each need of goods that there are, in their order.

    Raises:
        ValueError: a need or a quantity is negative, a carton is below one, or a variant is needed twice at a place.
        RuntimeError: the solver gave no answer.
    """
    if any(n.waiting < 0 or n.there < 0 or min(n.low, n.middle, n.high) < 0 for n in needs):
        raise ValueError("a need is counted from 0")
    if any(g.units < 0 or g.carton < 1 for g in goods):
        raise ValueError("goods are counted from 0, a carton from 1")
    if len({(n.variant, n.place) for n in needs}) != len(needs):
        raise ValueError("a variant is needed twice at a place")
    there_is = {g.variant for g in goods if g.units}
    asked = [n for n in needs if n.variant in there_is]
    if not asked:
        return []
    floors = _floors(asked, goods, wishes.floor)
    given = _solve(asked, goods, floors, wishes, seconds)
    found = []
    for i, need in enumerate(asked):
        units = given[i]
        stock = need.there + units
        found.append(
            Share(
                need.variant, need.place, units, expected_served(need, stock), expected_need(need), floors[i],
                max(0.0, floors[i] - stock),
            )
        )  # fmt: skip
    return found


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


def _solve(
    needs: Sequence[Need], goods: Sequence[Goods], floors: Sequence[float], wishes: Wishes, seconds: float
) -> list[int]:
    """Units for each need.

    Columns: cartons (integer) or whole lots (binary) of each need, its stretches, its unmet floor, trips.
    """
    import highspy  # some 60 MB: only who shares goods pays for it

    cost: list[float] = []
    upper: list[float] = []
    integer: list[bool] = []
    rows: list[tuple[float, float, list[tuple[int, float]]]] = []

    def column(worth: float, high: float, whole: bool = False) -> int:
        cost.append(worth)
        upper.append(high)
        integer.append(whole)
        return len(cost) - 1

    by_variant: dict[int, list[int]] = defaultdict(list)
    for i, need in enumerate(needs):
        by_variant[need.variant].append(i)
    into: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for lot in goods:
        takers = by_variant.get(lot.variant, [])
        if not lot.units or not takers:
            continue
        size = lot.units if lot.whole else lot.carton
        most = lot.units // size
        columns = []
        for i in takers:
            c = column(0.0, float(most), True)
            into[i].append((c, float(size)))
            columns.append((c, 1.0))
        rows.append((-np.inf, float(most), columns))
    trips: dict[int, int] = {}
    limit: dict[int, float] = defaultdict(float)
    for i, need in enumerate(needs):
        stock = [(c, size) for c, size in into[i]]
        parts = []
        for width, worth in stretches(need, wishes.waiting_first):
            parts.append((column(worth, width), 1.0))
        # what is served ≤ what is there and what comes
        rows.append((-np.inf, float(need.there), [*parts, *((c, -size) for c, size in stock)]))
        if floors[i] > need.there:
            unmet = column(-3.0, floors[i])
            rows.append((floors[i] - need.there, np.inf, [*stock, (unmet, 1.0)]))
        limit[need.place] += sum(size * upper[c] for c, size in stock)
    if wishes.trip > 0:
        for need in needs:
            if need.place not in trips and limit[need.place]:
                trips[need.place] = column(-wishes.trip, 1.0, True)
        for i, need in enumerate(needs):
            for c, _size in into[i]:
                rows.append((-np.inf, 0.0, [(c, 1.0), (trips[need.place], -upper[c])]))
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
    starts = np.cumsum([0, *(len(r[2]) for r in rows)])
    lp.a_matrix_.start_ = starts
    lp.a_matrix_.index_ = np.array([c for r in rows for c, _v in r[2]])
    lp.a_matrix_.value_ = np.array([v for r in rows for _c, v in r[2]])
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", seconds)
    solver.setOptionValue("mip_rel_gap", 1e-3)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 1)
    solver.passModel(lp)
    solver.run()
    values = np.array(solver.getSolution().col_value)
    if len(values) != n or solver.getInfo().primal_solution_status != 2:
        raise RuntimeError(f"no sharing found: {solver.modelStatusToString(solver.getModelStatus())}")
    return [round(sum(round(values[c]) * size for c, size in into[i])) for i in range(len(needs))]
