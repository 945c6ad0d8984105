"""What staff set about documents: who the shop is on paper, and until when a buyer may ask for a tax invoice."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

_HINT = N_("Hiện ở trang Chủ sở hữu; giá trị ban đầu là số liệu minh họa, phải thay trước khi bán hàng thật.")

OWNER_NAME = define("owner.name", "Đơn vị vận hành Chợ Bến", N_("Chủ sở hữu: tên"), hint=_HINT, low=3, high=200)
OWNER_ADDRESS = define(
    "owner.address",
    "Đường Bến Đoan, phường Hồng Gai, Quảng Ninh",
    N_("Chủ sở hữu: địa chỉ trụ sở"),
    hint=_HINT,
    low=5,
    high=300,
)
OWNER_EMAIL = define("owner.email", "chao@cho-ben.example", N_("Chủ sở hữu: e-mail"), hint=_HINT, low=5, high=200)
OWNER_PHONE = define("owner.phone", "", N_("Chủ sở hữu: điện thoại"), hint=_HINT, high=40)
OWNER_TAX_CODE = define("owner.tax_code", "", N_("Chủ sở hữu: mã số thuế"), hint=_HINT, high=40)

ASK_DAYS = define(
    "invoices.ask_days",
    15,
    N_("Khách được yêu cầu hóa đơn thuế sau khi nhận hàng trong (ngày)"),
    hint=N_(
        "Con số là giả định của cửa hàng: nguồn hiện có về Nghị định 254/2026/NĐ-CP không nói khách được yêu cầu hóa đơn "
        "đến khi nào. Kế toán phải kiểm trước khi dùng thật."
    ),
    low=0,
    high=365,
)
