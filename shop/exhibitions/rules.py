"""What staff may set about fairs."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

OFFER_HOURS = define(
    "exhibitions.offer_hours",
    48,
    N_("Hạn trả lời khi được mời nhận gian trống (giờ)"),
    hint=N_("Dùng cho cơ sở trong danh sách chờ; quá hạn thì mời cơ sở kế tiếp. Không bao giờ quá giờ khai mạc."),
    low=2,
    high=240,
)

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
