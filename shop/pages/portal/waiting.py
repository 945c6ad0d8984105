"""What waits for a producer today: counts over several rooms, each only of the producer in question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shop.accounts.permissions import Permission
from shop.conversations import queries as conversations
from shop.decisions.queries import renewals
from shop.demand.queries import waiting as wait_list
from shop.exhibitions.queries import calls
from shop.kernel import clock
from shop.kernel.errors import N_
from shop.listings import queries as listings
from shop.pages import parcels
from shop.pages.waiting import Waiting
from shop.producers import queries as producers
from shop.promotions.queries import office as promotions
from shop.settlement.queries import agreements, statements
from shop.standards import queries as standards
from shop.supply.queries import asks, deliveries, plans

WEEK = timedelta(days=6)


def _papers(producer_id: int) -> list[Waiting]:
    group, found = N_("Giấy tờ"), producers.waiting_portal(producer_id)
    return [
        Waiting(group, N_("Giấy đã hết hạn"), found.lapsed, "/producer/papers?ends=lapsed", "bad"),
        Waiting(group, N_("Giấy hết hạn trong 60 ngày"), found.ending, "/producer/papers?ends=60"),
        Waiting(group, N_("Giấy không được nhận"), found.refused, "/producer/papers?state=refused", "bad"),
        Waiting(group, N_("Giấy chờ cửa hàng xem"), found.waiting, "/producer/papers?state=waiting", ""),
    ]


def _orders(producer_id: int) -> list[Waiting]:
    group, found = N_("Đơn hàng"), parcels.counts(producer_id)
    rows = [
        Waiting(group, label, found[key], f"{parcels.ADDRESS}?state={key}", kind)
        for key, label, kind in (
            ("confirm", N_("Cần xác nhận"), "warn"),
            ("pack", N_("Cần đóng gói"), "warn"),
            ("hand-over", N_("Cần giao đi"), "warn"),
            ("road", N_("Đang trên đường"), ""),
            ("late", N_("Trễ hẹn"), "bad"),
        )
    ]
    return rows


def _conversations(producer_id: int) -> list[Waiting]:
    unread = conversations.unread_of_producer(producer_id)
    return [Waiting(N_("Đơn hàng"), N_("Khách nhắn, chưa đọc"), unread, "/producer/conversations?state=unread")]


def _money(producer_id: int) -> list[Waiting]:
    group = N_("Tiền")
    return [
        Waiting(group, N_("Bảng đối soát chờ bạn xem"), statements.to_answer(producer_id), "/producer/statements"),
        Waiting(
            group, N_("Thỏa thuận chờ bạn trả lời"), agreements.proposed_count(producer_id), "/producer/statements"
        ),
        Waiting(group, N_("Khuyến mại chờ bạn đồng ý"), promotions.waiting_for(producer_id), "/producer/promotions"),
    ]


def _supply(producer_id: int) -> list[Waiting]:
    group, today = N_("Nguồn hàng"), clock.today()
    asked, late = asks.to_answer(producer_id)
    due, behind = deliveries.due(producer_id, today + WEEK)
    return [
        Waiting(group, N_("Đề nghị chờ trả lời"), asked, "/producer/asks?status=asked"),
        Waiting(group, N_("Đề nghị quá hạn trả lời"), late, "/producer/asks?status=late", "bad"),
        Waiting(group, N_("Hẹn giao trong bảy ngày"), due - behind, "/producer/deliveries?state=open", ""),
        Waiting(group, N_("Khách đang chờ hàng"), wait_list.waiting_for(producer_id), "/producer/waiting", ""),
        Waiting(group, N_("Giao chậm"), behind, "/producer/deliveries?state=late", "bad"),
        Waiting(
            group,
            N_("Vụ đã qua, chưa ghi kết quả"),
            plans.harvests_overdue(producer_id),
            "/producer/capacity?state=overdue",
        ),
    ]


def _listings(producer_id: int) -> list[Waiting]:
    group, (returned, drafts, sent) = N_("Sản phẩm"), listings.waiting_at(producer_id)
    return [
        Waiting(group, N_("Cửa hàng trả lại để sửa"), returned, "/producer/listings?state=returned", "bad"),
        Waiting(group, N_("Bản nháp chưa gửi"), drafts, "/producer/listings?state=draft"),
        Waiting(group, N_("Đang chờ cửa hàng duyệt"), sent, "/producer/listings?state=sent", ""),
    ]


def _recognition(producer_id: int) -> list[Waiting]:
    group, due = N_("Công nhận OCOP"), [row.stands for row in renewals.of_producer(producer_id)]
    ending, refused = standards.of_producer_ending(producer_id)
    return [
        Waiting(group, N_("Đến kỳ nộp hồ sơ gia hạn"), due.count("open"), "/producer/recognition"),
        Waiting(group, N_("Quá hạn nộp hồ sơ gia hạn"), due.count("late"), "/producer/recognition", "bad"),
        Waiting(group, N_("Nhãn hiệu, kiểm nghiệm sắp hết hạn"), ending, "/producer/standards?ends=90"),
        Waiting(group, N_("Nhãn hiệu, kiểm nghiệm cần sửa"), refused, "/producer/standards?state=refused", "bad"),
    ]


def _fairs(producer_id: int) -> list[Waiting]:
    found = calls.waiting_at(producer_id)
    return [Waiting(N_("Hội chợ"), N_("Hồ sơ hội chợ chờ bạn trả lời"), found, "/producer/fairs")]


# Who may see a part, and the part: given the producer's id it says what waits.
PARTS: tuple[tuple[Permission, Callable[[int], list[Waiting]]], ...] = (
    (Permission.PORTAL_ORDERS, _orders),
    (Permission.PORTAL_ORDERS, _conversations),
    (Permission.SUPPLY_EDIT, _supply),
    (Permission.LISTING_EDIT, _listings),
    (Permission.EXHIBITION_APPLY, _fairs),
    (Permission.STATEMENT_READ, _money),
    (Permission.PORTAL_ENTER, _papers),
    (Permission.PORTAL_ENTER, _recognition),
)


def waiting(producer_id: int, may: Callable[[Permission, str], bool]) -> list[Waiting]:
    """Everything that waits at the producer and that somebody with these rights may see, in the order of the day's work."""
    scope = f"producer:{producer_id}"
    return [found for permission, part in PARTS if may(permission, scope) for found in part(producer_id)]
