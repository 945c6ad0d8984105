"""Why a code does not count, and what the office may not do."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, NotFound, TooManyRequests


class CodeRefused(Conflict):
    """A code that does not count for this order; it is told at the code's field, and nothing else is lost."""

    code = "code-refused"

    def __init__(self, title: str | None = None, **values: object) -> None:
        super().__init__(title, field="code", **values)


class CodeUnknown(CodeRefused):
    code = "code-unknown"
    title = N_("Không có mã giảm giá này. Vui lòng xem lại từng chữ, hoặc bỏ trống để đặt hàng không dùng mã.")


class CodeNotYet(CodeRefused):
    code = "code-not-yet"
    title = N_("Mã này dùng được từ %(at)s.")


class CodeEnded(CodeRefused):
    code = "code-ended"
    title = N_("Mã này đã hết hạn. Hãy bỏ mã để tiếp tục; bạn chưa bị tính tiền.")


class CodeUsedUp(CodeRefused):
    code = "code-used-up"
    title = N_("Mã này đã được dùng hết. Hãy bỏ mã để tiếp tục; bạn chưa bị tính tiền.")


class CodeUsedByYou(CodeRefused):
    """Reckoned by account and by telephone number."""

    code = "code-used-by-you"
    title = N_("Mỗi người dùng mã này được %(n)s lần; bạn đã dùng đủ.")


class CodeNotForThese(CodeRefused):
    code = "code-not-for-these"
    title = N_("Mã này không dùng cho các món trong giỏ.")


class CodeNotHere(CodeRefused):
    code = "code-not-here"
    title = N_("Mã này chỉ dùng khi mua tại điểm bán hoặc hội chợ của chương trình.")


class CodeBelowMinimum(CodeRefused):
    code = "code-below-minimum"
    title = N_("Mã này dùng cho đơn từ %(minimum)s tiền hàng thuộc chương trình; còn thiếu %(missing)s.")


class CodeNoFreight(CodeRefused):
    code = "code-no-freight"
    title = N_("Mã này giảm phí giao hàng, mà đơn này không có phí giao.")


class CodeTooDeep(CodeRefused):
    """A sale's price has used up what the law lets a promotion take off."""

    code = "code-too-deep"
    title = N_(
        "Các món này đã giảm đến mức cao nhất (%(n)s %% giá bán) nên mã không giảm thêm được. "
        "Hãy bỏ mã để tiếp tục; bạn chưa bị tính tiền."
    )


class CodeGuessed(TooManyRequests):
    """Codes of a network are refused unseen for a while."""

    code = "code-guessed"
    title = N_("Đã có quá nhiều mã sai từ mạng này. Vui lòng thử lại sau một giờ, hoặc đặt hàng không dùng mã.")

    def __init__(self) -> None:
        super().__init__(field="code")


class OfferGone(Conflict):
    """A limit was reached by somebody else between looking and taking."""

    code = "offer-gone"
    title = N_("Ưu đãi vừa hết hoặc vừa kết thúc. Vui lòng xem lại tổng tiền rồi đặt lại; bạn chưa bị tính tiền.")


class NoSuchPromotion(NotFound):
    code = "no-such-promotion"
    title = N_("Không tìm thấy chương trình khuyến mại này.")


class CodeTaken(Invalid):
    code = "code-taken"
    title = N_("Mã này, hoặc mã dễ đọc nhầm với nó, đã có. Hãy chọn mã khác.")


class OfferOverlaps(Invalid):
    code = "offer-overlaps"
    title = N_("“%(name)s” đang có đợt giá khuyến mại khác (%(reference)s) trong thời gian này.")


class StepRefused(Conflict):
    code = "promotion-step-refused"
    title = N_("Chương trình đã chuyển sang bước khác nên không làm được việc này. Vui lòng tải lại trang.")
