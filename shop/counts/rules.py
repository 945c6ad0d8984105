"""What staff may set about counts and write-offs."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

APPROVE_OVER = define(
    "counts.approve_over_amount",
    500_000,
    N_("Chênh lệch hoặc hủy hàng trị giá quá (đồng) phải có người thứ hai duyệt"),
    hint=N_("Tính theo giá bán hiện hành; hàng chưa có giá thì luôn phải duyệt."),
    low=0,
    high=1_000_000_000,
)
EVERY_DAYS = define(
    "counts.every_days",
    90,
    N_("Mỗi điểm kiểm kê toàn bộ ít nhất (ngày) một lần"),
    low=1,
    high=730,
)
MOST_LINES = 3000
MOST_UNITS = 1_000_000
