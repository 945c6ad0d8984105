"""What staff may set about transfers, and the bounds of one."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

ROAD_DAYS = define(
    "transfers.road_days",
    2,
    N_("Hàng chuyển giữa các điểm phải đến trong vòng (ngày)"),
    hint=N_("Quá số ngày này, phiếu chuyển được báo là đến chậm."),
    low=0,
    high=60,
)
MOST_LINES = 300
MOST_LOTS = 450
MOST_UNITS = 100_000
