"""What deliveries refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class NotExpected(Conflict):
    """The delivery was closed or cancelled."""

    code = "delivery-closed"
    title = N_("Phiếu giao hàng này đã kết thúc nên không nhận thêm được.")


class MoreThanExpected(Conflict):
    """More came than was expected, and nobody said that this is right."""

    code = "more-than-expected"
    title = N_("Nhiều hơn số hẹn giao (còn %(left)s). Nếu nhận cả phần thừa, hãy đánh dấu ô xác nhận.")
