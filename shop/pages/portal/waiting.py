"""What waits for a producer today: counts over several rooms, each only of the producer in question."""

from __future__ import annotations

from collections.abc import Callable

from shop.accounts.permissions import Permission
from shop.pages.waiting import Waiting

# Who may see a part, and the part: given the producer's id it says what waits.
PARTS: tuple[tuple[Permission, Callable[[int], list[Waiting]]], ...] = ()


def waiting(producer_id: int, may: Callable[[Permission, str], bool]) -> list[Waiting]:
    """Everything that waits at the producer and that somebody with these rights may see, in the order of the day's work."""
    scope = f"producer:{producer_id}"
    return [found for permission, part in PARTS if may(permission, scope) for found in part(producer_id)]
