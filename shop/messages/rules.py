"""What staff may set about messages."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

ANSWER_DAYS = settings.define(
    "messages.answer_days",
    2,
    N_("Thời hạn trả lời thư khách (ngày làm việc)"),
    hint=N_("Hiện ở trang liên hệ và trang khiếu nại."),
    low=1,
    high=30,
)
STAFF_EMAIL = settings.define(
    "messages.staff_email",
    "",
    N_("Địa chỉ e-mail nhận thư của khách"),
    hint=N_("Để trống thì báo cho mọi người có quyền trả lời thư."),
    high=200,
)
KEEP_MONTHS = settings.define(
    "messages.keep_months",
    24,
    N_("Giữ thư đã xong trong (tháng)"),
    hint=N_("Sau thời gian này, tên, liên hệ và nội dung thư được xóa."),
    low=1,
    high=120,
)
