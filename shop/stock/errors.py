"""What stock refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class SoldOut(Conflict):
    """Fewer goods are free than were asked for; `variant_id` names them."""

    code = "sold-out"
    title = N_("Rất tiếc, hàng vừa hết hoặc không còn đủ số lượng. Bạn chưa bị tính tiền.")

    def __init__(self, variant_id: int | None = None, field: str | None = None, **values: object) -> None:
        super().__init__(None, field=field, **values)
        self.variant_id = variant_id


class NotEnough(Conflict):
    """An adjustment would take goods that are not there or that somebody has a claim on."""

    code = "not-enough-goods"
    title = N_("Không đủ hàng tự do để giảm: phần còn lại đã được giữ cho đơn hàng.")


class NoClaim(Conflict):
    """The claim has lapsed or was closed before."""

    code = "no-claim"
    title = N_("Hàng không còn được giữ cho đơn này.")


class LotStopped(SoldOut):
    """The lot was stopped: nothing of it may be sold, sent or received."""

    code = "lot-stopped"
    title = N_("Lô %(lot)s đang dừng: không bán, không chuyển, không nhập thêm.")


class LotExpired(SoldOut):
    """The lot is past its date."""

    code = "lot-expired"
    title = N_("Lô %(lot)s đã quá hạn dùng ngày %(day)s, không bán và không chuyển được.")


class LotNotRecorded(Conflict):
    """Goods without a recorded lot lie together; which of them were made together nobody knows."""

    code = "lot-not-recorded"
    title = N_(
        "Hàng này không ghi số lô nên không dừng theo lô được. Hãy hủy từng dòng tồn kho, hoặc kiểm lại và ghi số lô."
    )


class LotKnown(Conflict):
    """Another lot of the same pack has that code."""

    code = "lot-known"
    title = N_("Quy cách này đã có lô mang số %(lot)s.")


class MoreThanSent(Invalid):
    """More would arrive than is on the road; `passage_id` names the goods."""

    code = "more-than-sent"
    title = N_("Số nhận nhiều hơn số đang trên đường.")

    def __init__(
        self, passage_id: int | None = None, title: str | None = None, *, field: str | None = None, **values: object
    ) -> None:
        super().__init__(title, field=field, **values)
        self.passage_id = passage_id
