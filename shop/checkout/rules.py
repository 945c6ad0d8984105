"""Rules of checkout that staff may change."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

BASKET_DAYS = define("checkout.basket_days", 30, N_("Giữ giỏ hàng (ngày)"), low=1, high=90)
VIETQR_HOURS = define(
    "checkout.vietqr_hours",
    24,
    N_("Giữ hàng chờ chuyển khoản (giờ)"),
    hint=N_("Quá hạn, đơn tự hủy và hàng được trả lại kho."),
    low=1,
    high=96,
)
# Promise: a hold at the payment step lasts at most 15 minutes.
CARD_MINUTES = define("checkout.card_minutes", 15, N_("Giữ hàng chờ thanh toán thẻ (phút)"), low=5, high=15)
UNPAID_ORDERS = define(
    "checkout.unpaid_orders_per_buyer",
    3,
    N_("Số đơn chưa thanh toán tối đa của một người mua"),
    hint=N_("Chống giữ hàng hàng loạt: tính theo số điện thoại hoặc tài khoản."),
    low=1,
    high=20,
)
UNCONFIRMED_ORDERS = define(
    "checkout.unconfirmed_cash_orders_per_buyer",
    5,
    N_("Số đơn COD chờ xác nhận tối đa của một người mua"),
    low=1,
    high=50,
)
LATE_HOURS = define(
    "checkout.late_money_hours",
    24,
    N_("Tìm lại hàng cho tiền về muộn (giờ)"),
    hint=N_("Tiền đến khi đơn đã hủy và hàng đã hết: quá số giờ này thì tự hoàn. 0: hoàn ngay."),
    low=0,
    high=168,
)
ADDRESS_SHARE = define(
    "checkout.address_share_percent",
    20,
    N_("Phần hàng tối đa một địa chỉ mạng được giữ (phần trăm)"),
    hint=N_(
        "Tính trên đơn chưa thanh toán hoặc xác nhận của từng mặt hàng; ít nhất 10 đơn vị, đơn đầu luôn được nhận."
    ),
    low=1,
    high=100,
)
LINE_LIMIT = define(
    "checkout.line_limit",
    50,
    N_("Số lượng tối đa của một mặt hàng trong một đơn"),
    hint=N_("Mặt hàng có giới hạn riêng thì theo giới hạn riêng."),
    low=1,
    high=9999,
)
