"""What staff may set about fairs."""

from __future__ import annotations

from shop.kernel.errors import N_
from shop.kernel.settings import define

OFFER_HOURS = define(
    "exhibitions.offer_hours",
    48,
    N_("Hạn trả lời khi được mời nhận gian trống (giờ)"),
    hint=N_("Dùng cho cơ sở trong danh sách chờ; quá hạn thì mời cơ sở kế tiếp. Không bao giờ quá giờ khai mạc."),
    low=2,
    high=240,
)
