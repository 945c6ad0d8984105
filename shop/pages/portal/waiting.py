"""What waits for a producer today: counts over several rooms, each only of the producer in question."""

from __future__ import annotations

from collections.abc import Callable

from shop.accounts.permissions import Permission
from shop.kernel.errors import N_
from shop.pages.waiting import Waiting
from shop.producers import queries as producers


def _papers(producer_id: int) -> list[Waiting]:
    group, found = N_("Giấy tờ"), producers.waiting_portal(producer_id)
    return [
        Waiting(group, N_("Giấy đã hết hạn"), found.lapsed, "/producer/papers?ends=lapsed", "bad"),
        Waiting(group, N_("Giấy hết hạn trong 60 ngày"), found.ending, "/producer/papers?ends=60"),
        Waiting(group, N_("Giấy không được nhận"), found.refused, "/producer/papers?state=refused", "bad"),
        Waiting(group, N_("Giấy chờ cửa hàng xem"), found.waiting, "/producer/papers?state=waiting", ""),
    ]


# Who may see a part, and the part: given the producer's id it says what waits.
PARTS: tuple[tuple[Permission, Callable[[int], list[Waiting]]], ...] = ((Permission.PORTAL_ENTER, _papers),)


def waiting(producer_id: int, may: Callable[[Permission, str], bool]) -> list[Waiting]:
    """Everything that waits at the producer and that somebody with these rights may see, in the order of the day's work."""
    scope = f"producer:{producer_id}"
    return [found for permission, part in PARTS if may(permission, scope) for found in part(producer_id)]
