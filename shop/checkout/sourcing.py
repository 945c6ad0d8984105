"""Where the goods of a basket come from: fewest parcels, then nearest, then first expiring. Pure; no database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from shop.stock.queries import FreeLevel
from shop.stock.services import Take

# Up to this many points all combinations are tried; beyond, the greedy choice is good enough and fast.
EXACT_POINTS = 10
EXACT_PARCELS = 3


@dataclass(frozen=True, slots=True)
class SourcedParcel:
    """What one point gives: counts of sale units per variant, and the levels they are taken from."""

    point_id: int
    counts: tuple[tuple[int, int], ...]
    takes: tuple[Take, ...]


@dataclass(frozen=True, slots=True)
class Sourced:
    """Parcels, and for each variant that cannot be had in full how many units are missing."""

    parcels: tuple[SourcedParcel, ...]
    missing: Mapping[int, int]


def _distance(level: FreeLevel, province: str | None, commune: str | None) -> int:
    if commune is not None and level.commune_code == commune and level.province_code == province:
        return 0
    return 1 if level.province_code == province else 2


def source(
    needs: Mapping[int, int],
    levels: Iterable[FreeLevel],
    *,
    province: str | None = None,
    commune: str | None = None,
) -> Sourced:
    """Choose levels for `needs` (units per variant) among `levels` (in the order they should be used up).

    Among the ways to serve everything the one with the fewest points wins, then the nearer points (same commune, same
    province, elsewhere), then the lower point ids. What cannot be served is named in `missing` and the rest is sourced.
    """
    by_point: dict[int, list[FreeLevel]] = defaultdict(list)
    stock: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    near: dict[int, int] = {}
    for level in levels:
        if level.variant_id in needs and level.free > 0:
            by_point[level.point_id].append(level)
            stock[level.point_id][level.variant_id] += level.free
            near[level.point_id] = _distance(level, province, commune)
    total: dict[int, int] = defaultdict(int)
    for counts in stock.values():
        for variant, free in counts.items():
            total[variant] += free
    missing = {variant: n - total[variant] for variant, n in needs.items() if total[variant] < n}
    wanted = {variant: min(n, total[variant]) for variant, n in needs.items() if total[variant] > 0}
    if not wanted:
        return Sourced((), missing)
    points = sorted(stock, key=lambda p: (near[p], p))
    chosen = _exact(wanted, stock, points, near) or _greedy(wanted, stock, points, near)
    return Sourced(_fill(wanted, by_point, chosen), missing)


def _serves(wanted: Mapping[int, int], stock: Mapping[int, Mapping[int, int]], points: Sequence[int]) -> bool:
    return all(sum(stock[p].get(variant, 0) for p in points) >= n for variant, n in wanted.items())


def _exact(
    wanted: Mapping[int, int], stock: Mapping[int, Mapping[int, int]], points: Sequence[int], near: Mapping[int, int]
) -> Sequence[int] | None:
    for size in range(1, EXACT_PARCELS + 1):
        if size > 1 and len(points) > EXACT_POINTS:
            return None
        able = [group for group in combinations(points, size) if _serves(wanted, stock, group)]
        if able:
            return min(able, key=lambda group: (sum(near[p] for p in group), group))
    return None


def _greedy(
    wanted: Mapping[int, int], stock: Mapping[int, Mapping[int, int]], points: Sequence[int], near: Mapping[int, int]
) -> Sequence[int]:
    left = dict(wanted)
    chosen: list[int] = []
    while left:

        def gain(point: int, left: dict[int, int] = left) -> tuple[int, int, int, int]:
            have = stock[point]
            whole = sum(1 for variant, n in left.items() if have.get(variant, 0) >= n)
            units = sum(min(n, have.get(variant, 0)) for variant, n in left.items())
            return (-whole, -units, near[point], point)

        best = min((p for p in points if p not in chosen), key=gain)
        chosen.append(best)
        left = {v: n - stock[best].get(v, 0) for v, n in left.items() if n > stock[best].get(v, 0)}
    return chosen


def _fill(
    wanted: Mapping[int, int], by_point: Mapping[int, Sequence[FreeLevel]], chosen: Sequence[int]
) -> tuple[SourcedParcel, ...]:
    """Share the wanted units out: a variant comes from one point where one has it all, else from several in their order."""
    have: dict[int, dict[int, int]] = {
        p: {v: sum(x.free for x in by_point[p] if x.variant_id == v) for v in wanted} for p in chosen
    }
    plan: dict[int, dict[int, int]] = {p: {} for p in chosen}
    spread: list[int] = []
    for variant, n in wanted.items():
        whole = [p for p in chosen if have[p][variant] >= n]
        if not whole:
            spread.append(variant)
            continue
        # A point that must be used anyway is preferred, so that no parcel is made for one line alone.
        best = max(whole, key=lambda p: (len(plan[p]), -chosen.index(p)))
        plan[best][variant] = n
    for variant in spread:
        left = wanted[variant]
        for p in sorted(chosen, key=lambda p: (-len(plan[p]), chosen.index(p))):
            used = min(left, have[p][variant])
            if used:
                plan[p][variant] = used
                left -= used
    parcels = []
    for p in chosen:
        takes: list[Take] = []
        for variant, n in plan[p].items():
            left = n
            for level in by_point[p]:
                if level.variant_id == variant and left:
                    used = min(left, level.free)
                    takes.append(Take(level.level_id, used))
                    left -= used
        if takes:
            parcels.append(SourcedParcel(p, tuple(sorted(plan[p].items())), tuple(takes)))
    return tuple(parcels)
