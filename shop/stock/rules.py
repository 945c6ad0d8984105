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
# A lot whose date comes within so many days is shown as ending.
ENDING_DAYS = 30
