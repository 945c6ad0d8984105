"""Refusals about delivery."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class NoRate(Invalid):
    """No rate table is in force for goods that leave from this province."""

    code = "no-delivery-rate"
    title = N_("Chưa có biểu phí giao hàng cho nơi này. Quý khách có thể chọn nhận tại điểm bán.")
    status = 409


class ColdNotDeliverable(Invalid):
    """Chilled or frozen goods do not reach the zone in time."""

    code = "cold-not-deliverable"
    title = N_("Hàng tươi, hàng lạnh chưa giao được đến %(province)s. Quý khách có thể chọn nhận tại điểm bán.")
    status = 409


class TooHeavy(Invalid):
    """One parcel is heavier than the carrier takes."""

    code = "parcel-too-heavy"
    title = N_("Kiện hàng nặng %(weight)s, vượt mức %(limit)s của đơn vị vận chuyển. Vui lòng bớt số lượng.")
    status = 409


class RatesChanged(Conflict):
    code = "rates-changed"
    title = N_("Biểu phí vừa được người khác sửa. Vui lòng tải lại trang và sửa trên bản mới nhất.")
