"""What the programme's year refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class LocalityCeased(Conflict):
    """The locality is not in force in the time that is meant."""

    code = "locality-ceased"
    title = N_("Địa phương này không có trong thời gian đó. Đơn vị thay nó: %(heirs)s.")


class CycleMovedOn(Conflict):
    """Somebody else has written since the page was made."""

    code = "cycle-moved-on"
    title = N_("Vừa có người ghi khác vào chỗ này. Hãy tải lại trang để xem rồi ghi tiếp.")


class YearOpened(Conflict):
    """The year is open already."""

    code = "cycle-year-opened"
    title = N_("Năm này đã mở rồi.")


class BoardStands(Conflict):
    """The locality has such a board already."""

    code = "board-stands"
    title = N_("Địa phương đang có ban hoặc tổ này. Hãy ghi ngày kết thúc của nó trước.")
