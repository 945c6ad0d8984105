"""Refusals of this room."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, ShopError


class MethodNotOffered(ShopError):
    code = "payment-not-offered"
    title = N_("Cách thanh toán này hiện không dùng được. Vui lòng chọn cách khác.")
    status = 409


class PaymentClosed(Conflict):
    code = "payment-closed"
    title = N_("Khoản thanh toán này đã kết thúc. Vui lòng tải lại trang.")


class ProviderBusy(ShopError):
    """The provider did not answer in time; trying again is safe."""

    code = "provider-busy"
    title = N_("Cổng thanh toán đang chậm. Vui lòng thử lại sau ít phút; bạn chưa bị trừ tiền hai lần.")
    status = 503


class ProviderRefused(ShopError):
    """The provider understood and said no; the same question gets the same answer."""

    code = "provider-refused"
    title = N_("Cổng thanh toán từ chối yêu cầu này.")
    status = 502

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason


class ReferenceUsed(Conflict):
    code = "reference-used"
    title = N_("Mã giao dịch này đã được ghi nhận cho một khoản thanh toán khác.")

    def __init__(self) -> None:
        super().__init__(field="bank_reference")


class NotCaptured(Conflict):
    code = "not-captured"
    title = N_("Chưa thu được tiền nên không có gì để hoàn.")


class MoneyHeld(Conflict):
    code = "money-held"
    title = N_("Tiền của đơn này đang lệch và chờ người xử lý. Hãy xử lý xong khoản tiền rồi mới từ chối hàng.")


class MoneyFollowed(Conflict):
    code = "money-followed"
    title = N_("Đã có việc theo sau khoản tiền này nên không gỡ ra được nữa. Nếu ghi nhầm, hãy hoàn tiền.")


class RefundTooLarge(Invalid):
    code = "refund-too-large"
    title = N_("Số tiền hoàn vượt quá số còn có thể hoàn (%(left)s).")


class RefundNotByHand(Conflict):
    code = "refund-not-by-hand"
    title = N_("Khoản hoàn này do cổng thanh toán thực hiện, không ghi tay được.")


class IssueClosed(Conflict):
    code = "issue-closed"
    title = N_("Việc này đã được xử lý xong.")


class BadSignature(ShopError):
    code = "bad-signature"
    title = N_("Chữ ký của thông báo không hợp lệ.")
    status = 400


class BadNotice(ShopError):
    code = "bad-notice"
    title = N_("Thông báo không đọc được.")
    status = 400


class NoticeTooLarge(ShopError):
    code = "too-large"
    title = N_("Thông báo quá lớn.")
    status = 413


class DisputeClosed(Conflict):
    code = "dispute-closed"
    title = N_("Khiếu nại này không còn chờ cửa hàng trả lời.")


class DisputeSending(Conflict):
    code = "dispute-sending"
    title = N_("Câu trả lời đang được gửi tới cổng thanh toán. Vui lòng chờ ít phút rồi tải lại trang.")


class NoEvidence(Invalid):
    code = "no-evidence"
    title = N_("Chưa có giấy tờ hay lời trả lời nào để gửi.")


class SecondPerson(Conflict):
    code = "second-person"
    title = N_("Người lập khoản hoàn không tự duyệt được; cần một người khác có quyền hoàn tiền.")


class NotWaiting(Conflict):
    code = "refund-not-waiting"
    title = N_("Khoản hoàn này không còn chờ duyệt.")


class CannotReopen(Conflict):
    code = "cannot-reopen"
    title = N_("Không mở lại được: tiền đã đi hoặc việc đã có kết quả khác.")


class MoneyDisputed(Conflict):
    code = "money-disputed"
    title = N_("Tiền của khoản này đang bị ngân hàng của khách giữ vì khiếu nại thẻ; chờ kết quả rồi mới hoàn.")


class NotAgreed(Conflict):
    code = "refund-not-agreed"
    title = N_("Khoản hoàn này chưa được người thứ hai duyệt nên chưa chi được.")


class PayoutMoved(Conflict):
    code = "payout-moved"
    title = N_("Khoản cổng chuyển về này không còn chờ số tiền đó. Hãy tải lại trang.")


class NothingLacks(Conflict):
    code = "nothing-lacks"
    title = N_("Đơn này không còn chờ phần thiếu nào.")


class NoAddress(Conflict):
    code = "no-address"
    title = N_("Khách không để lại e-mail. Hãy gọi số %(phone)s.")
