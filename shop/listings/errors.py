"""What listings refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Forbidden, Invalid


class ClaimNotHeld(Invalid):
    """Free text speaks of stars or of OCOP, and no certificate of the product in force says exactly that."""

    code = "claim-not-held"
    title = N_(
        "“%(words)s”: chỉ được nói đến OCOP hoặc số sao đúng như chứng nhận còn hiệu lực của chính sản phẩm này."
    )


class StoryClaim(Invalid):
    """A producer's story speaks of stars or of OCOP, and no certificate in force of his products says so."""

    code = "story-claim"
    title = N_(
        "“%(words)s”: chỉ được nói đến OCOP hoặc số sao khi cơ sở có sản phẩm mang chứng nhận còn hiệu lực đúng như vậy."
    )


class Incomplete(Invalid):
    """A product lacks something that its page needs; `missing` names what."""

    code = "listing-incomplete"
    title = N_("Hồ sơ còn thiếu nên chưa gửi duyệt được.")

    def __init__(self, missing: tuple[str, ...] = ()) -> None:
        super().__init__(field="missing")
        self.missing = missing


class NotOpen(Conflict):
    """The submission is not in a state in which this can be done."""

    code = "submission-closed"
    title = N_("Bản gửi này đã được xử lý hoặc đã rút. Vui lòng tải lại trang.")


class SeenOtherwise(Conflict):
    """The submission or the product says something else than what the reader looked at."""

    code = "submission-changed"
    title = N_("Nội dung vừa thay đổi sau khi bạn mở trang. Vui lòng xem lại rồi quyết định.")


class ChangedMeanwhile(Conflict):
    """What the catalogue says today is not what the producer's change began from; nothing is overwritten unasked."""

    code = "listing-conflict"
    title = N_("Cửa hàng đã sửa các mục này sau khi cơ sở gửi. Hãy chọn giữ nội dung nào cho từng mục.")

    def __init__(self, keys: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.keys = keys


class OwnSubmission(Forbidden):
    """Whoever sent a change may not be the one who approves it."""

    code = "own-submission"
    title = N_("Bạn đã gửi thay đổi này nên người khác phải duyệt.")


class HiddenByOffice(Conflict):
    """The office has hidden the product; the producer asks for its return by review."""

    code = "hidden-by-office"
    title = N_("Cửa hàng đã ẩn sản phẩm này. Hãy gửi yêu cầu hiện lại để cửa hàng xem xét.")


class ProducerSuspended(Conflict):
    """The producer is suspended: its listings can be read, not changed."""

    code = "producer-suspended"
    title = N_("Cơ sở đang tạm ngừng nên chưa sửa được sản phẩm.")
