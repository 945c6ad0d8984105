"""What staff may set about orders."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

CONTACT_DAYS = settings.define(
    "orders.contact_days",
    30,
    N_("Cơ sở xem được thông tin người nhận trong (ngày)"),
    hint=N_(
        "Tính từ khi kiện giao xong, trả lại hoặc hủy. Sau đó tên chỉ còn chữ cái đầu; số điện thoại, địa chỉ được ẩn."
    ),
    low=1,
    high=365,
)
