"""What orders refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, NotFound


class StepNotAllowed(Conflict):
    code = "step-not-allowed"
    title = N_("Đơn hàng đã chuyển sang trạng thái khác nên không thực hiện được bước này. Vui lòng tải lại trang.")


class MoneyIsDisputed(StepNotAllowed):
    """Goods whose money a buyer's bank has taken are not sent."""

    code = "money-is-disputed"
    title = N_(
        "Ngân hàng của khách đã rút tiền của đơn này để xem xét khiếu nại thẻ. Chưa đóng gói và chưa giao hàng cho đến khi có "
        "kết quả."
    )


class MoneyWentBack(StepNotAllowed):
    """Goods whose money the buyer has back are not sent."""

    code = "money-went-back"
    title = N_("Tiền của đơn này đã hoàn hết cho khách: không đóng gói, không giao nữa. Hãy hủy đơn.")


class SendDayTooLate(Invalid):
    """A parcel is to leave longer after what its buyer was promised than `orders.send_late_days` allows."""

    code = "send-day-too-late"
    title = N_(
        "Ngày gửi quá xa ngày đã hẹn với khách. Hãy chọn ngày sớm hơn, hoặc báo không gửi được để khách mua nơi khác."
    )


class TooLateToCancel(Conflict):
    code = "too-late-to-cancel"
    title = N_("Đơn hàng đã được đóng gói nên không thể tự hủy. Vui lòng liên hệ cửa hàng.")


class NoSuchOrder(NotFound):
    code = "order-not-found"
    title = N_("Không tìm thấy đơn hàng với thông tin này. Vui lòng kiểm tra mã đơn và số điện thoại.")


class ContactGone(Conflict):
    code = "contact-gone"
    title = N_("Kiện này đã xong quá thời hạn nên thông tin người nhận không còn xem, không còn in được.")


class PartCameBack(Conflict):
    code = "part-came-back"
    title = N_("Một phần kiện này đã được trả về theo dòng hàng. Hãy lập phiếu hoàn theo dòng cho phần còn lại.")
