"""What waits for a producer today: counts over several rooms, each only of the producer in question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shop.accounts.permissions import Permission
from shop.kernel import clock
from shop.kernel.errors import N_
from shop.pages.waiting import Waiting
from shop.supply.queries import asks, deliveries, plans

WEEK = timedelta(days=6)


def _supply(producer_id: int) -> list[Waiting]:
    group, today = N_("Nguồn hàng"), clock.today()
    asked, late = asks.to_answer(producer_id)
    due, behind = deliveries.due(producer_id, today + WEEK)
    return [
        Waiting(group, N_("Đề nghị chờ trả lời"), asked, "/producer/asks?status=asked"),
        Waiting(group, N_("Đề nghị quá hạn trả lời"), late, "/producer/asks?status=late", "bad"),
        Waiting(group, N_("Hẹn giao trong bảy ngày"), due - behind, "/producer/deliveries?state=open", ""),
        Waiting(group, N_("Giao chậm"), behind, "/producer/deliveries?state=late", "bad"),
        Waiting(
            group,
            N_("Vụ đã qua, chưa ghi kết quả"),
            plans.harvests_overdue(producer_id),
            "/producer/capacity?state=overdue",
        ),
    ]


# Who may see a part, and the part: given the producer's id it says what waits.
PARTS: tuple[tuple[Permission, Callable[[int], list[Waiting]]], ...] = ((Permission.SUPPLY_EDIT, _supply),)


def waiting(producer_id: int, may: Callable[[Permission, str], bool]) -> list[Waiting]:
    """Everything that waits at the producer and that somebody with these rights may see, in the order of the day's work."""
    scope = f"producer:{producer_id}"
    return [found for permission, part in PARTS if may(permission, scope) for found in part(producer_id)]
