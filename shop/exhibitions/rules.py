"""What staff may set about fairs."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

CONTACT_DAYS = define(
    "exhibitions.contact_days",
    365,
    N_("Giữ tên, số của người mua gặp ở hội chợ trong (ngày)"),
    hint=N_(
        "Tính từ ngày bế mạc. Hết hạn thì xóa tên, công ty, điện thoại, thư; nội dung và giá trị thỏa thuận vẫn giữ."
    ),
    low=30,
    high=1825,
)
LATER_DAYS = define(
    "exhibitions.later_days",
    90,
    N_("Đơn đặt từ trang gian tính cho hội chợ đến (ngày sau bế mạc)"),
    low=0,
    high=365,
)
