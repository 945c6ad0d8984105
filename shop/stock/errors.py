"""What stock refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


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
