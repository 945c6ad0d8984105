"""What transfers refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class TransferMovedOn(Conflict):
    """Somebody has taken the transfer a step further since the page was made."""

    code = "transfer-moved-on"
    title = N_(
        "Phiếu chuyển này vừa sang bước khác nên việc bạn chọn không còn làm được. Dưới đây là tình trạng mới nhất."
    )


class ReceivedMeanwhile(Conflict):
    """Another part was counted in since the page was made."""

    code = "received-meanwhile"
    title = N_("Phiếu này vừa được nhận thêm ở nơi khác. Hãy xem lại số còn trên đường rồi ghi tiếp.")


class GoodsGone(Conflict):
    """A lot has fewer free units than somebody wants to pack."""

    code = "goods-gone"
    title = N_("%(name)s: lô này chỉ còn %(n)s, phần khác vừa được giữ cho đơn khác.")


class LotBarred(Conflict):
    """A lot that was called back, or is past its date, is not sent on."""

    code = "lot-not-sent"
    title = N_("%(name)s: lô %(lot)s đã bị dừng hoặc quá hạn nên không gửi đi được.")


class PlanChanged(Conflict):
    """What would be sent where has changed since it was shown."""

    code = "suggestion-changed"
    title = N_("Hàng ở các điểm vừa thay đổi nên gợi ý đã khác. Hãy xem lại danh sách mới rồi tạo phiếu.")
