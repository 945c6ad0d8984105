"""What supply refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class AskMovedOn(Conflict):
    """Somebody has answered, agreed or withdrawn it meanwhile."""

    code = "ask-moved-on"
    title = N_("Đề nghị này vừa được trả lời hoặc rút lại. Hãy tải lại trang để xem.")


class AnnouncementMovedOn(Conflict):
    """It was accepted, refused or withdrawn meanwhile."""

    code = "announcement-moved-on"
    title = N_("Phiếu báo giao này vừa được trả lời hoặc rút lại. Hãy tải lại trang để xem.")


class HarvestMovedOn(Conflict):
    """What came of it is written down already."""

    code = "harvest-moved-on"
    title = N_("Vụ hoặc mẻ này đã ghi kết quả rồi. Hãy tải lại trang để xem.")


class GoodsMoved(Conflict):
    """The books changed while somebody was counting."""

    code = "goods-moved"
    title = N_("Trong lúc bạn đếm, số trong sổ đã đổi thành %(n)s. Hãy đếm lại.")
