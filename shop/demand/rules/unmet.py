"""Rules of demand that staff may change."""

from __future__ import annotations

from shop.demand.models.unmet import Kind
from shop.kernel.errors import N_
from shop.kernel.settings import define

ASKS_DAYS = define(
    "demand.asks_days",
    90,
    N_("Giữ từng lượt hỏi chưa đáp ứng (ngày)"),
    hint=N_("Quá hạn, từng lượt bị xóa; số cộng theo ngày vẫn giữ."),
    # A counter may send what it wrote down up to 31 days late.
    low=40,
    high=400,
)
_SHARE_HINT = N_("Chỉ một phần người xem hay tìm sẽ mua nếu còn hàng. Người đặt hoặc hỏi hẳn số lượng thì tính đủ.")
PAGE_SHARE = define(
    "demand.page_share",
    10,
    N_("Xem trang lúc hết hàng: tính là đã mua (phần trăm)"),
    hint=_SHARE_HINT,
    low=0,
    high=100,
)
SEARCH_SHARE = define(
    "demand.search_share",
    10,
    N_("Tìm thấy toàn hàng hết: tính là đã mua (phần trăm)"),
    hint=_SHARE_HINT,
    low=0,
    high=100,
)
NOTHING_SHARE = define(
    "demand.nothing_share",
    5,
    N_("Tìm không thấy: tính là đã mua (phần trăm)"),
    hint=_SHARE_HINT,
    low=0,
    high=100,
)
# Kinds that are not here count whole: somebody said how many he wanted.
SHARES = {Kind.PAGE_SOLD_OUT: PAGE_SHARE, Kind.SEARCH_SOLD_OUT: SEARCH_SHARE, Kind.SEARCH_NOTHING: NOTHING_SHARE}


def share(kind: Kind) -> int:
    """What share of the asks of `kind` would have bought, in per cent."""
    found = SHARES.get(kind)
    return 100 if found is None else int(found.get())
