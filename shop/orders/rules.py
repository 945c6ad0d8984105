"""What staff may set about orders."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

SEND_LATE_DAYS = settings.define(
    "orders.send_late_days",
    14,
    N_("Nơi gửi được hẹn ngày gửi muộn hơn ngày đã hẹn với khách nhiều nhất (ngày)"),
    hint=N_("Hẹn muộn hơn ngày đã hẹn thì khách nhận thư báo ngày mới và hủy được đơn khi kiện chưa đóng gói."),
    low=0,
    high=60,
)
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
