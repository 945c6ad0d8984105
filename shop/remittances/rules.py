"""What staff may set about cash on delivery."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_
from shop.remittances.models import HolderKind

CARRIER_DAYS = settings.define(
    "remittances.carrier_days",
    7,
    N_("Đơn vị vận chuyển phải nộp tiền thu hộ trong (ngày)"),
    hint=N_("Tính từ ngày khách nhận hàng; dùng cho nơi nộp mới, từng nơi sửa riêng được."),
    low=0,
    high=90,
)
CASH_DAYS = settings.define(
    "remittances.cash_days",
    1,
    N_("Điểm bán, người giao của cửa hàng phải nộp tiền mặt trong (ngày)"),
    low=0,
    high=90,
)
ROAD_DAYS = settings.define(
    "remittances.road_days",
    10,
    N_("Kiện thu hộ đi quá bao nhiêu ngày thì phải hỏi"),
    hint=N_("Kiện đã giao đi mà chưa ai báo khách nhận hay từ chối."),
    low=1,
    high=90,
)
OWN_DRIVERS = settings.define(
    "remittances.own_drivers",
    "Tự giao, Xe cửa hàng",
    N_("Tên người giao của cửa hàng (cách nhau bằng dấu phẩy)"),
    hint=N_("Kiện giao bằng các tên này nộp tiền mặt, không qua ngân hàng."),
    low=0,
    high=300,
)
REFUSALS = settings.define(
    "remittances.refusals_before_ahead",
    2,
    N_("Từ chối bao nhiêu đơn COD thì phải trả trước"),
    hint=N_("Tính theo số điện thoại hoặc tài khoản. 0: không bao giờ."),
    low=0,
    high=20,
)
REFUSAL_DAYS = settings.define(
    "remittances.refusal_days",
    365,
    N_("Đơn từ chối được tính trong (ngày)"),
    low=30,
    high=1095,
)


KEEP_MONTHS = settings.define(
    "remittances.keep_files_months",
    24,
    N_("Giữ tệp đối soát của đơn vị vận chuyển (tháng)"),
    hint=N_("Sau đó tệp của đợt đã nộp đủ hoặc đã bỏ được xóa; các dòng đã ghi thì giữ."),
    low=3,
    high=240,
)


def days_of(kind: HolderKind) -> int:
    """How long a new holder of this kind may keep cash, in days."""
    return int((CARRIER_DAYS if kind is HolderKind.CARRIER else CASH_DAYS).get())
