"""What staff may set about the counter."""

from __future__ import annotations

from datetime import timedelta

from shop.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from shop.kernel.errors import N_
from shop.kernel.settings import Setting, define

SHOP_NAME = define("till.shop_name", "Chợ Bến", N_("Phiếu bán tại quầy: tên cửa hàng"), low=2, high=80)
SHOP_ADDRESS = define("till.shop_address", "", N_("Phiếu bán tại quầy: địa chỉ"), high=200)
SHOP_PHONE = define("till.shop_phone", "", N_("Phiếu bán tại quầy: điện thoại"), high=40)
FOOTER = define(
    "till.receipt_footer",
    "Cảm ơn quý khách. Đổi trả trong 7 ngày, xin giữ phiếu này.",
    N_("Phiếu bán tại quầy: dòng cuối"),
    high=300,
)
FLOAT = define("till.float", 500_000, N_("Tiền lẻ đầu ca thường dùng (đồng)"), low=0, high=100_000_000)

_DISCOUNT_HINT = N_("Tính trên tiền hàng của một phiếu bán tại quầy; bao giờ cũng phải ghi lý do.")
DISCOUNT: dict[Role, Setting] = {
    Role.POINT_KEEPER: define(
        "till.discount_keeper",
        5,
        N_("Người giữ điểm bán được giảm tối đa (phần trăm)"),
        hint=_DISCOUNT_HINT,
        low=0,
        high=100,
    ),
    Role.PROMOTION_STAFF: define(
        "till.discount_promotion",
        15,
        N_("Cán bộ xúc tiến thương mại được giảm tối đa tại quầy (phần trăm)"),
        hint=_DISCOUNT_HINT,
        low=0,
        high=100,
    ),
    Role.ADMINISTRATOR: define(
        "till.discount_administrator",
        30,
        N_("Quản trị được giảm tối đa tại quầy (phần trăm)"),
        hint=_DISCOUNT_HINT,
        low=0,
        high=100,
    ),
}
KEEPER_ROLES = frozenset(role for role, found in ROLE_PERMISSIONS.items() if Permission.TILL_ENTER in found)

CODE_LASTS = timedelta(minutes=30)
# A code that was granted to a basket waits so long for its sale; a device may be without a network for days of a fair.
COUPON_LASTS = timedelta(hours=72)
# A device's clock may be so far ahead, and what it tells so old, before a person is told.
AHEAD = timedelta(minutes=10)
BEHIND = timedelta(days=31)
MOST_EVENTS = 100
LARGEST_BATCH = 512 * 1024
PIN_ROUNDS = 120_000
CATALOGUE_ROWS = 3_000


def discount_percent(roles: frozenset[Role]) -> int:
    """The most that somebody with `roles` may take off, in per cent of the goods; a keeper's without any role."""
    limits = [int(DISCOUNT[role].get()) for role in roles if role in DISCOUNT]
    return max(limits, default=int(DISCOUNT[Role.POINT_KEEPER].get()))
