"""What staff may set about conversations."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

HOURLY = settings.define(
    "conversations.hourly",
    20,
    N_("Số tin mỗi bên được nhắn trong một giờ về một kiện"),
    low=1,
    high=200,
)
KEEP_MONTHS = settings.define(
    "conversations.keep_months",
    12,
    N_("Giữ nội dung trao đổi về kiện đã xong trong (tháng)"),
    hint=N_("Sau thời gian này, nội dung tin nhắn được xóa; chỉ còn ai nhắn và lúc nào."),
    low=1,
    high=120,
)
