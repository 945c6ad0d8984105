"""Refusals of this room."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, ShopError


class LineChanged(Conflict):
    code = "bank-line-changed"
    title = N_("Người khác vừa xử lý dòng sao kê này. Hãy xem lại rồi mới làm tiếp.")


class LineTaken(Conflict):
    code = "bank-line-taken"
    title = N_("Dòng sao kê này đang do %(who)s xử lý. Hãy nhận việc trước nếu muốn làm thay.")


class LineSpent(Conflict):
    code = "bank-line-spent"
    title = N_("Dòng sao kê này không còn số tiền đó để phân.")


class CannotUndo(Conflict):
    code = "bank-undo-late"
    title = N_("Đã có việc theo sau nên không hoàn tác được nữa.")


class OrderWentOn(Conflict):
    code = "bank-order-went-on"
    title = N_(
        "Đơn %(order)s trả bằng khoản này đã được xác nhận hoặc đóng gói nên không thể trở lại chờ thanh toán. "
        "Hãy hủy đơn nếu còn kịp, hoặc thu khoản thiếu của khách rồi hoàn khoản này cho người chuyển."
    )


class AccountKnown(Conflict):
    code = "bank-account-known"
    title = N_("Tài khoản này đã có trong danh sách.")


class AccountUnknown(ShopError):
    code = "bank-account-unknown"
    title = N_("Tài khoản này không phải của cửa hàng.")
    status = 422


class FileStep(Conflict):
    code = "bank-file-step"
    title = N_("Tệp này đã sang bước khác. Hãy tải lại trang.")


class UnknownOrder(Invalid):
    code = "bank-order-unknown"
    title = N_("Không có đơn chuyển khoản nào với mã “%(code)s”.")
