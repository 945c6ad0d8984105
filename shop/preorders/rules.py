"""What staff may set about pre-orders, and the bounds of what people may say."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

APPROVAL = define(
    "preorders.approval",
    True,
    N_("Đợt đặt trước của cơ sở phải được duyệt"),
    hint=N_("Tắt thì cơ sở mở đợt là khách thấy ngay."),
)
CONFIRM_HOURS = define(
    "preorders.confirm_hours",
    24,
    N_("Giữ chỗ chờ khách xác nhận qua thư (giờ)"),
    hint=N_("Dùng cho đợt không đặt cọc. Quá hạn, chỗ được nhường cho người khác."),
    low=1,
    high=72,
)
REST_DAYS = define(
    "preorders.rest_days",
    3,
    N_("Trả phần còn lại sau khi chia hàng trong (ngày)"),
    hint=N_("Dùng cho khách chọn trả trước. Quá hạn, đơn tự hủy, tiền cọc được hoàn."),
    low=1,
    high=14,
)
CREDIT_DAYS = define(
    "preorders.credit_days",
    180,
    N_("Giữ tiền cọc chờ đợt sau nhiều nhất (ngày)"),
    hint=N_("Hết hạn mà chưa có đợt mới, tiền cọc được hoàn."),
    low=30,
    high=400,
)
CONTACT_DAYS = define(
    "preorders.contact_days",
    90,
    N_("Xóa thông tin người đặt trước sau (ngày)"),
    hint=N_("Tính từ khi lượt đặt trước kết thúc."),
    low=30,
    high=365,
)

MOST_UNITS = 100_000
MOST_DEPOSIT_PERCENT = 50
MOST_POINTS = 30
MOST_LOCALITIES = 40
# A window may be about a harvest at most so far ahead.
MOST_DAYS_AHEAD = 550
