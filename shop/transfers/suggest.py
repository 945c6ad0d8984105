"""Which points should send what to which: pure, no database.

Points below their minimum are filled up to their target from what other points have over theirs: warehouses first, then as
few senders for each point as will do, then goods that expire first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

# Up to this many senders all combinations of so many are tried; beyond, the greedy choice is good enough and fast.
EXACT_SENDERS = 10
EXACT_SIZE = 3


@dataclass(frozen=True, slots=True)
class Need:
    """`quantity` units would bring a point to its target; `filled` is the part of its minimum that it has (0 to 1)."""

    point_id: int
    variant_id: int
    quantity: int
    filled: float = 0.0


@dataclass(frozen=True, slots=True)
class Spare:
    """`quantity` units that a point has over its own target; the first of them expires on `expires_on`."""

    point_id: int
    variant_id: int
    quantity: int
    warehouse: bool = False
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Suggested:
    """One transfer: units by variant, in the order of the variants."""

    from_point_id: int
    to_point_id: int
    lines: tuple[tuple[int, int], ...]

    @property
    def units(self) -> int:
        """Units of all lines."""
        return sum(n for _variant, n in self.lines)


def over(free: int, promised: int, target: int) -> int:
    """Units that a point may give away: what is free and not promised to another point, less its own target."""
    return max(0, free - promised - target)


def suggest(needs: Iterable[Need], spares: Iterable[Spare]) -> list[Suggested]:
    """The transfers that fill `needs` from `spares` as far as they go; the emptiest points are served first."""
    wanted: dict[int, dict[int, int]] = defaultdict(dict)
    filled: dict[int, list[float]] = defaultdict(list)
    for need in needs:
        if need.quantity > 0:
            wanted[need.point_id][need.variant_id] = need.quantity
            filled[need.point_id].append(need.filled)
    left: dict[bool, dict[int, dict[int, int]]] = {True: defaultdict(dict), False: defaultdict(dict)}
    ends: dict[tuple[int, int], date] = {}
    for spare in spares:
        if spare.quantity > 0:
            left[spare.warehouse][spare.point_id][spare.variant_id] = spare.quantity
            ends[spare.point_id, spare.variant_id] = spare.expires_on or date.max
    made: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for point_id in sorted(wanted, key=lambda p: (sum(filled[p]) / len(filled[p]), p)):
        for warehouses in (True, False):
            here = {p: have for p, have in left[warehouses].items() if p != point_id}
            _fill(point_id, wanted[point_id], here, ends, made)
    return [Suggested(*pair, tuple(sorted(lines.items()))) for pair, lines in sorted(made.items())]


def _fill(
    to: int,
    wanted: dict[int, int],
    have: Mapping[int, dict[int, int]],
    ends: Mapping[tuple[int, int], date],
    made: dict[tuple[int, int], dict[int, int]],
) -> None:
    """Take what `wanted` can get from the senders in `have`, lowering both, and write it down in `made`."""
    give: dict[int, int] = {}
    for variant, n in wanted.items():
        there = sum(stock.get(variant, 0) for stock in have.values())
        if there and n:
            give[variant] = min(n, there)
    senders = sorted(p for p, stock in have.items() if any(stock.get(v, 0) for v in give))
    chosen = _exact(give, have, senders, ends) or _greedy(give, have, senders, ends)
    for variant, n in give.items():
        order = sorted(chosen, key=lambda p: (ends.get((p, variant), date.max), p))
        whole = [p for p in order if have[p].get(variant, 0) >= n]
        for p in [whole[0]] if whole else order:
            used = min(n, have[p].get(variant, 0))
            if used:
                made[p, to][variant] = made[p, to].get(variant, 0) + used
                have[p][variant] -= used
                wanted[variant] -= used
                n -= used


def _serves(give: Mapping[int, int], have: Mapping[int, Mapping[int, int]], senders: Sequence[int]) -> bool:
    return all(sum(have[p].get(variant, 0) for p in senders) >= n for variant, n in give.items())


def _first_end(give: Mapping[int, int], senders: Sequence[int], ends: Mapping[tuple[int, int], date]) -> date:
    return min((ends.get((p, v), date.max) for p in senders for v in give), default=date.max)


def _exact(
    give: Mapping[int, int],
    have: Mapping[int, Mapping[int, int]],
    senders: Sequence[int],
    ends: Mapping[tuple[int, int], date],
) -> Sequence[int] | None:
    if not give:
        return ()
    for size in range(1, EXACT_SIZE + 1):
        if size > 1 and len(senders) > EXACT_SENDERS:
            return None
        able = [group for group in combinations(senders, size) if _serves(give, have, group)]
        if able:
            return min(able, key=lambda group: (_first_end(give, group, ends), group))
    return None


def _greedy(
    give: Mapping[int, int],
    have: Mapping[int, Mapping[int, int]],
    senders: Sequence[int],
    ends: Mapping[tuple[int, int], date],
) -> Sequence[int]:
    left, chosen = dict(give), list[int]()
    while left:

        def gain(p: int, left: dict[int, int] = left) -> tuple[int, date, int]:
            return (-sum(min(n, have[p].get(v, 0)) for v, n in left.items()), _first_end(left, [p], ends), p)

        best = min((p for p in senders if p not in chosen), key=gain)
        chosen.append(best)
        left = {v: n - have[best].get(v, 0) for v, n in left.items() if n > have[best].get(v, 0)}
    return chosen
