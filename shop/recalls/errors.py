"""What recalls refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class LotRecalled(Conflict):
    """The lot is recalled already."""

    code = "lot-recalled"
    title = N_("Lô này đã bị thu hồi, không bán trở lại và không thu hồi lần nữa.")


class RecallClosed(Conflict):
    """The recall is over."""

    code = "recall-closed"
    title = N_("Đợt thu hồi này đã kết thúc.")


class RecallNotDone(Conflict):
    """Goods of the lot are still somewhere."""

    code = "recall-not-done"
    title = N_(
        "Chưa kết thúc được: còn %(claimed)s đơn vị đang giữ cho đơn, %(on_hand)s ở các điểm, %(on_road)s trên đường."
    )
