"""What checkout refuses. `lines` tells the basket's page which goods are meant."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, ShopError, TooManyRequests


class EmptyBasket(ShopError):
    code = "empty-basket"
    title = N_("Giỏ hàng đang trống. Hãy chọn sản vật rồi quay lại thanh toán.")
    status = 409


class NotForSale(Conflict):
    code = "not-for-sale"
    title = N_("“%(name)s” hiện không còn được bán. Vui lòng bỏ khỏi giỏ để tiếp tục.")


class CertificateLapsed(Conflict):
    code = "certificate-lapsed"
    title = N_(
        "Giấy chứng nhận OCOP của “%(name)s” đã hết hiệu lực nên tạm dừng bán. Vui lòng bỏ khỏi giỏ để tiếp tục."
    )


class ProducerNotReady(Conflict):
    code = "producer-not-ready"
    title = N_("Cơ sở làm ra “%(name)s” chưa hoàn tất thủ tục bán hàng. Vui lòng bỏ khỏi giỏ để tiếp tục.")


class PapersLapsed(Conflict):
    code = "papers-lapsed"
    title = N_(
        "Giấy tờ an toàn thực phẩm hoặc giấy phép của cơ sở làm ra “%(name)s” đã hết hạn nên tạm dừng bán. "
        "Vui lòng bỏ khỏi giỏ để tiếp tục."
    )


class PriceChanged(Conflict):
    code = "price-changed"
    title = N_("Giá hoặc phí giao hàng vừa thay đổi. Tổng mới là %(total)s; nếu đồng ý, hãy bấm Đặt hàng lần nữa.")


class BasketSoldOut(Conflict):
    code = "sold-out"
    title = N_("“%(name)s” chỉ còn %(left)s. Vui lòng giảm số lượng; bạn chưa bị tính tiền.")


class BasketSoldOutWhole(Conflict):
    code = "sold-out"
    title = N_("“%(name)s” vừa hết hàng. Vui lòng bỏ khỏi giỏ để tiếp tục; bạn chưa bị tính tiền.")


class NotAtPoint(Conflict):
    code = "sold-out"
    title = N_("“%(name)s” không có sẵn ở điểm này. Hãy chọn điểm khác hoặc giao tận nơi; bạn chưa bị tính tiền.")


class TooFewAtPoint(Conflict):
    code = "sold-out"
    title = N_("Điểm này chỉ còn %(left)s “%(name)s”. Hãy giảm số lượng, chọn điểm khác hoặc giao tận nơi.")


class AgeRequired(ShopError):
    code = "age-required"
    title = N_("Rượu, bia chỉ bán cho người từ đủ 18 tuổi. Vui lòng xác nhận tuổi để tiếp tục.")
    status = 403


class CashNotAllowed(ShopError):
    code = "cash-not-allowed"
    title = N_("Theo luật, rượu bia mua trên mạng phải thanh toán không dùng tiền mặt. Vui lòng chọn %(ways)s.")
    status = 409


class PayAhead(ShopError):
    code = "pay-ahead"
    title = N_(
        "Các đơn trả tiền khi nhận hàng trước đây của bạn đã bị trả lại, nên đơn này cần trả trước bằng %(ways)s. "
        "Nếu có nhầm lẫn, hãy liên hệ cửa hàng để được mở lại."
    )
    status = 409


class MethodNotOffered(Invalid):
    code = "payment-not-offered"
    title = N_("Cách thanh toán này hiện không dùng được. Vui lòng chọn cách khác.")


class UnknownVariant(Invalid):
    code = "unknown-sku"
    title = N_("Không tìm thấy mặt hàng này. Có thể mã hàng đã thay đổi.")
    status = 404


class WrongQuantity(Invalid):
    code = "wrong-quantity"
    title = N_("Số lượng phải là số nguyên từ 1 đến %(high)s.")


class LimitReached(Conflict):
    code = "limit-reached"
    title = N_("Mỗi đơn chỉ mua được tối đa %(limit)s “%(name)s”, để nhiều người cùng mua được.")


class OtherClaim(Conflict):
    code = "other-claim"
    title = N_("Giỏ hàng đã có một phần “%(name)s” đang giữ riêng. Hãy đặt hàng phần đó trước.")


class TooManyUnpaid(TooManyRequests):
    code = "too-many-unpaid"
    title = N_(
        "Bạn đang có %(n)s đơn chưa thanh toán đang giữ hàng. Vui lòng thanh toán hoặc hủy bớt trước khi đặt thêm."
    )


class ShareReached(TooManyRequests):
    code = "share-reached"
    title = N_("“%(name)s” đang được giữ nhiều từ cùng một mạng. Hãy thanh toán các đơn trước, hoặc thử lại sau.")


class PointNotOffered(Invalid):
    code = "point-not-offered"
    title = N_("Điểm nhận hàng này hiện không nhận được. Vui lòng chọn điểm khác.")


class NothingToPay(Conflict):
    code = "nothing-to-pay"
    title = N_("Đơn hàng này không chờ thanh toán thẻ.")


# How basket and checkout say what the catalogue refuses.
_OF_GOODS: dict[str, type[ShopError]] = {
    kind.code: kind for kind in (CertificateLapsed, ProducerNotReady, PapersLapsed)
}


def of_goods(refusal: ShopError, name: str) -> ShopError:
    """Why the goods called `name` cannot be sold, in the words of a basket."""
    return _OF_GOODS.get(refusal.code, NotForSale)(name=name)


class StillNoGoods(Conflict):
    code = "still-no-goods"
    title = N_(
        "Nơi gửi vẫn chưa đủ hàng cho đơn này. Hãy nhập hoặc chuyển hàng đến đó rồi thử lại, hoặc hoàn tiền cho khách."
    )


class LateMoneyDecided(Conflict):
    code = "late-money-decided"
    title = N_("Khoản tiền về muộn này đã được xử lý rồi. Vui lòng tải lại trang.")
