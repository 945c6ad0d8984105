"""Rules of money that staff may change."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

REFUND_LIMIT = settings.define(
    "payments.refund_limit", 5_000_000, N_("Khoản hoàn do người lập từ mức này cần người thứ hai duyệt (₫)"), low=0,
    high=1_000_000_000,
    hint=N_("Áp dụng cho mọi khoản hoàn do một người quyết định. Hủy đơn và tiền về muộn hoàn theo quy tắc, đúng đường khách "
            "đã trả, nên không cần."),
)  # fmt: skip
PAYOUT_DAYS = settings.define(
    "payments.payout_days", 3, N_("Tiền cổng thanh toán chuyển về được chờ sau ngày hẹn (ngày)"), low=0, high=30,
    hint=N_("Sau đó, khoản mà sao kê chưa có thì vào mục Cần xử lý."),
)  # fmt: skip
TRANSFER_LIMIT = settings.define(
    "payments.transfer_refund_limit", 1_000_000, N_("Hoàn vào tài khoản khác từ mức này cần người thứ hai duyệt (₫)"), low=0,
    high=1_000_000_000,
)  # fmt: skip
SMALL_DIFFERENCE = settings.define(
    "payments.small_difference", 1_000, N_("Số tiền chuyển thiếu hoặc thừa được chấp nhận (₫)"), low=0, high=100_000,
    hint=N_("Đến mức này, người xử lý có thể coi đơn là đã trả đủ, có ghi lý do; phần chênh vào tài khoản riêng của sổ cái. "
            "0 là không chấp nhận đồng nào."),
)  # fmt: skip
