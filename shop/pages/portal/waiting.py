"""What waits for a producer today: counts over several rooms, each only of the producer in question."""

from __future__ import annotations

from collections.abc import Callable

from shop.accounts.permissions import Permission
from shop.kernel.errors import N_
from shop.listings import queries as listings
from shop.pages.waiting import Waiting


def _listings(producer_id: int) -> list[Waiting]:
    group, (returned, drafts, sent) = N_("Sản phẩm"), listings.waiting_at(producer_id)
    return [
        Waiting(group, N_("Cửa hàng trả lại để sửa"), returned, "/producer/listings?state=returned", "bad"),
        Waiting(group, N_("Bản nháp chưa gửi"), drafts, "/producer/listings?state=draft"),
        Waiting(group, N_("Đang chờ cửa hàng duyệt"), sent, "/producer/listings?state=sent", ""),
    ]


# Who may see a part, and the part: given the producer's id it says what waits.
PARTS: tuple[tuple[Permission, Callable[[int], list[Waiting]]], ...] = ((Permission.LISTING_EDIT, _listings),)


def waiting(producer_id: int, may: Callable[[Permission, str], bool]) -> list[Waiting]:
    """Everything that waits at the producer and that somebody with these rights may see, in the order of the day's work."""
    scope = f"producer:{producer_id}"
    return [found for permission, part in PARTS if may(permission, scope) for found in part(producer_id)]
