"""What staff may set about the shop's own pages: who owns it, and the terms it promises."""

from __future__ import annotations

from dataclasses import dataclass

from shop.invoices.rules import OWNER_ADDRESS, OWNER_EMAIL, OWNER_NAME, OWNER_PHONE, OWNER_TAX_CODE
from shop.kernel.errors import N_
from shop.kernel.settings import Setting, define

_HINT = N_("Hiện ở trang Chủ sở hữu; giá trị ban đầu là số liệu minh họa, phải thay trước khi bán hàng thật.")

OWNER_REGISTRATION = define(
    "owner.registration", "", N_("Chủ sở hữu: số, ngày, nơi cấp đăng ký kinh doanh"), hint=_HINT, high=300
)
OWNER_NOTICE = define(
    "owner.notice",
    "",
    N_("Xác nhận thông báo nền tảng thương mại điện tử"),
    hint=N_("Số và ngày xác nhận của tỉnh hoặc của Bộ Công Thương; bắt buộc trước khi hoạt động."),
    high=300,
)
RETURN_DAYS = define("terms.return_days", 7, N_("Đổi trả hàng khô, hàng đóng gói trong (ngày)"), low=1, high=60)
FRESH_HOURS = define("terms.fresh_hours", 24, N_("Báo lỗi hàng tươi, hàng lạnh trong (giờ)"), low=2, high=72)
REFUND_DAYS = define("terms.refund_days", 7, N_("Hoàn tiền chậm nhất trong (ngày làm việc)"), low=1, high=30)
COMPLAINT_DAYS = define("terms.complaint_days", 15, N_("Giải quyết khiếu nại trong (ngày làm việc)"), low=1, high=60)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the owner; `is_demo` says that nobody has replaced the value the shop was born with."""

    label: str
    value: str
    is_demo: bool


_OWNER: tuple[tuple[str, Setting], ...] = (
    (N_("Tên"), OWNER_NAME),
    (N_("Địa chỉ trụ sở"), OWNER_ADDRESS),
    (N_("E-mail"), OWNER_EMAIL),
    (N_("Điện thoại"), OWNER_PHONE),
    (N_("Mã số thuế"), OWNER_TAX_CODE),
    (N_("Đăng ký kinh doanh"), OWNER_REGISTRATION),
    (N_("Thông báo hoạt động thương mại điện tử"), OWNER_NOTICE),
)


def owner() -> list[Fact]:
    """What the shop says of its owner; an empty value is not declared."""
    return [
        Fact(label, str(setting.get()), bool(setting.get()) and setting.get() == setting.default)
        for label, setting in _OWNER
    ]
