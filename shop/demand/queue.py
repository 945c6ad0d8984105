"""The rule of the queue: who is offered which of the goods there are. Pure; no database.

Entries are served in their order. Each is given what it asks for if one of its packs has that many (in one way of delivery);
fewer, at least one, if it says so. Who cannot use what there is keeps his place, and the next is asked: goods do not wait for
somebody they do not suffice for. Whoever was passed over that way is written down with the offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shop.checkout.sourcing import source
from shop.stock.queries import FreeLevel
from shop.stock.services import Take


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody who waits: for `quantity` units of one of `variants` (dearest wish first), by parcel, or at `point_id`."""

    reference: str
    variants: tuple[int, ...]
    quantity: int
    partial: bool
    point_id: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one who waits is offered, where it is taken, and who stood before him and could not use it."""

    reference: str
    variant_id: int
    quantity: int
    takes: tuple[Take, ...]
    passed_over: tuple[str, ...]


def able(wait: Wait, level: FreeLevel) -> bool:
    """Whether goods of the level can come to him the way he wants."""
    if level.variant_id not in wait.variants:
        return False
    return level.ships if wait.point_id is None else level.pickup and level.point_id == wait.point_id


def share(waits: Sequence[Wait], levels: Iterable[FreeLevel]) -> list[Share]:
    """Share the goods of `levels` (in the order they should be used up) out among `waits` (in the order of the queue)."""
    there = list(levels)
    shares: list[Share] = []
    passed: list[Wait] = []
    for wait in waits:
        pick = _pick(wait, there)
        if pick is None:
            passed.append(wait)
            continue
        variant_id, quantity = pick
        sourced = source({variant_id: quantity}, [x for x in there if x.variant_id == variant_id and able(wait, x)])
        takes = tuple(take for parcel in sourced.parcels for take in parcel.takes)
        used = {take.level_id: take.quantity for take in takes}
        there = [replace(x, free=x.free - used.get(x.level_id, 0)) for x in there]
        before = tuple(w.reference for w in passed if variant_id in w.variants)
        shares.append(Share(wait.reference, variant_id, quantity, takes, before))
    return shares


def _pick(wait: Wait, levels: Sequence[FreeLevel]) -> tuple[int, int] | None:
    """Which pack and how many he is offered: the first pack of his that has all he wants, else the one that has most."""
    free = {v: sum(x.free for x in levels if x.variant_id == v and able(wait, x)) for v in wait.variants}
    for variant_id in wait.variants:
        if free[variant_id] >= wait.quantity:
            return variant_id, wait.quantity
    best = max(wait.variants, key=lambda v: free[v], default=None)
    if best is None or not wait.partial or free[best] < 1:
        return None
    return best, free[best]
