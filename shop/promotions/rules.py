"""Rules of promotions that staff may change."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

LEAST_AMOUNT = define(
    "promotions.least_amount",
    1_000,
    N_("Một đơn đặt trên mạng còn phải trả ít nhất (đồng)"),
    hint=N_("Mã giảm giá không đưa tổng tiền xuống dưới mức này: đơn không đồng không thanh toán được."),
    low=1_000,
    high=100_000,
)
DEEPEST_PERCENT = define(
    "promotions.deepest_percent",
    50,
    N_("Giá khuyến mại và mã giảm giá cộng lại giảm nhiều nhất so với giá đang bán (phần trăm)"),
    hint=N_(
        "Nghị định 81/2018/NĐ-CP (điều 6, 7), sửa bởi Nghị định 128/2024/NĐ-CP: không quá 50 % giá bán ngay trước "
        "thời gian khuyến mại; chương trình tập trung do nhà nước chủ trì được đến 100 %. Nguồn: docs/data-sources.md."
    ),
    low=1,
    high=99,
)
TILL_UNITS = define(
    "promotions.till_units",
    5,
    N_("Số lượng giá khuyến mại giao sẵn cho mỗi máy quầy"),
    hint=N_(
        "Máy quầy mất mạng chỉ bán giá khuyến mại trong số đã giao, nên số lượng của chương trình không bao giờ bị vượt. "
        "Một máy không giữ quá nửa số còn lại."
    ),
    low=0,
    high=1_000,
)
WRONG_CODES = define(
    "promotions.wrong_codes_per_hour", 20, N_("Số mã giảm giá sai được thử từ một mạng trong một giờ"), low=3, high=500
)
