"""What the counter refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, ShopError, TooManyRequests


class DeviceUnknown(ShopError):
    code = "device-unknown"
    title = N_("Máy này chưa được ghi danh. Hãy nhập mã ghi danh do văn phòng cấp.")
    status = 401


class DeviceRevoked(ShopError):
    code = "device-revoked"
    title = N_("Máy này đã bị thu hồi quyền bán hàng. Hãy báo cho văn phòng.")
    status = 401


class BadEnrolCode(Invalid):
    """Wrong, used and out of date look the same."""

    code = "enrol-code-wrong"
    title = N_("Mã ghi danh không đúng hoặc đã hết hạn. Hãy xin mã mới ở văn phòng.")


class TooManyGuesses(TooManyRequests):
    title = N_("Đã nhập sai mã quá nhiều lần. Vui lòng đợi ít phút rồi thử lại.")


class DeviceCodeTaken(Conflict):
    code = "device-code-taken"
    title = N_("Đã có máy mang ký hiệu này.")


class BatchTooLarge(ShopError):
    code = "too-large"
    title = N_("Gói gửi lên quá lớn: nhiều nhất 100 sự việc và 512 kB mỗi lần.")
    status = 413


class KeeperUnknown(Invalid):
    code = "keeper-unknown"
    title = N_("Không có người đứng quầy này.")


class VariantUnknown(Invalid):
    code = "variant-unknown"
    title = N_("Không có mặt hàng số %(id)s.")


class PriceUnknown(Invalid):
    code = "price-unknown"
    title = N_("Giá đã in không phải giá nào của mặt hàng “%(name)s”.")


class SumWrong(Invalid):
    code = "sum-wrong"
    title = N_("Số tiền không khớp: tính ra %(right)s, máy ghi %(given)s.")


class AgeNotConfirmed(Invalid):
    code = "age-required"
    title = N_("Có đồ uống có cồn nhưng chưa xác nhận khách đủ 18 tuổi.")


class CertificateOver(Invalid):
    code = "certificate-lapsed"
    title = N_("“%(name)s” không còn chứng nhận trong ngày bán.")


class PapersOver(Invalid):
    code = "papers-lapsed"
    title = N_("“%(name)s”: giấy tờ của cơ sở đã hết hạn trong ngày bán.")


class MakerNotReady(Invalid):
    code = "producer-not-ready"
    title = N_("“%(name)s”: cơ sở chưa hoàn tất thủ tục bán hàng.")


class DiscountTooLarge(Invalid):
    code = "discount-too-large"
    title = N_("Giảm giá vượt mức được phép của người đứng quầy (%(percent)s%%).")


class OfferWrong(Invalid):
    code = "offer-wrong"
    title = N_("“%(name)s”: giá khuyến mại trên hóa đơn không phải của chương trình nào.")


class CouponUnknown(Invalid):
    code = "coupon-unknown"
    title = N_("Mã giảm giá trên hóa đơn chưa từng được cấp cho máy này, hoặc đã dùng cho hóa đơn khác.")


class CodeNeedsPhone(Invalid):
    code = "code-needs-phone"
    title = N_("Mã này tính theo người: hãy nhập số điện thoại của khách.")

    def __init__(self) -> None:
        super().__init__(field="phone")


class DiscountWithoutReason(Invalid):
    code = "discount-without-reason"
    title = N_("Giảm giá phải ghi lý do.")


class NumberUsed(Conflict):
    code = "number-used"
    title = N_("Số phiếu %(number)s đã dùng cho một lần bán khác.")


class NumberForeign(Invalid):
    code = "number-foreign"
    title = N_("Số phiếu %(number)s không phải của máy này.")


class SaleUnknown(Invalid):
    """The sale may only be on its way from another device: trying again later is right."""

    code = "sale-unknown"
    title = N_("Chưa thấy phiếu bán %(number)s trong sổ.")


class ReturnTooMuch(Conflict):
    code = "return-too-much"
    title = N_("Số trả lại của “%(name)s” vượt số còn có thể trả (%(left)s).")


class ReturnWorthLess(Conflict):
    code = "refund-too-large"
    title = N_("Số tiền trả khách vượt giá trị hàng trả lại (%(most)s).")


class SessionOver(Conflict):
    code = "session-closed"
    title = N_("Ca này đã đóng.")


class SessionForeign(Invalid):
    code = "session-foreign"
    title = N_("Ca này là của một máy khác.")


class ShortageSettled(Conflict):
    code = "shortage-settled"
    title = N_("Khoản thiếu này đã được xử lý.")


class BadPin(Invalid):
    code = "pin-wrong"
    title = N_("Mã PIN gồm 4 đến 6 chữ số, không phải dãy dễ đoán.")
