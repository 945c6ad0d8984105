"""What counts and write-offs refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Forbidden


class NotOpen(Conflict):
    """The count or write-off is past this step."""

    code = "count-not-open"
    title = N_("Phiếu này đã qua bước đó. Vui lòng tải lại trang để xem tình trạng mới.")


class NotByTheSame(Forbidden):
    """Who counted does not approve."""

    code = "count-second-person"
    title = N_("Người đếm không tự duyệt phiếu của mình. Hãy nhờ người khác duyệt.")


class OpenAlready(Conflict):
    """A full count of this point is under way."""

    code = "count-open-already"
    title = N_("Điểm này đang có một phiếu kiểm kê toàn bộ chưa xong.")
