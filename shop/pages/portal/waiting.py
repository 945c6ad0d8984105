"""What waits for a producer today: counts over several rooms, each only of the producer in question."""

from __future__ import annotations

from collections.abc import Callable

from shop.accounts.permissions import Permission
from shop.kernel.errors import N_
from shop.pages.waiting import Waiting
from shop.settlement.queries import agreements, statements


def _money(producer_id: int) -> list[Waiting]:
    group = N_("Tiền")
    return [
        Waiting(group, N_("Bảng đối soát chờ bạn xem"), statements.to_answer(producer_id), "/producer/statements"),
        Waiting(
            group, N_("Thỏa thuận chờ bạn trả lời"), agreements.proposed_count(producer_id), "/producer/statements"
        ),
    ]


# Who may see a part, and the part: given the producer's id it says what waits.
PARTS: tuple[tuple[Permission, Callable[[int], list[Waiting]]], ...] = ((Permission.STATEMENT_READ, _money),)


def waiting(producer_id: int, may: Callable[[Permission, str], bool]) -> list[Waiting]:
    """Everything that waits at the producer and that somebody with these rights may see, in the order of the day's work."""
    scope = f"producer:{producer_id}"
    return [found for permission, part in PARTS if may(permission, scope) for found in part(producer_id)]
