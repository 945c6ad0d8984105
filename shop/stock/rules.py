"""What staff may set about goods."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

LOW_STOCK = define(
    "office.low_stock",
    5,
    N_("Báo sắp hết khi một loại còn từ (đơn vị) trở xuống"),
    hint=N_("Đếm ở trang Việc hôm nay, lọc ở trang Tồn kho."),
    low=1,
    high=1000,
)
NEAR_EXPIRY = define(
    "stock.near_expiry_days",
    30,
    N_("Lô được coi là sắp hết hạn khi còn từ (ngày) trở xuống"),
    hint=N_("Dùng ở trang Tồn kho, trang Lô hàng và danh sách của từng điểm."),
    low=1,
    high=365,
)
