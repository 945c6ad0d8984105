"""The texts a person may agree to, with their versions. None is ever ticked beforehand (Law 91/2025/QH15 on personal data)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shop.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What is agreed to: `version` is the day the wording was published; `optional` ones can be taken back alone."""

    kind: str
    version: str
    text: str
    optional: bool
    published_on: date


PRIVACY = "privacy"
NEWS = "news"

CONSENTS: dict[str, ConsentText] = {
    PRIVACY: ConsentText(
        PRIVACY,
        "2026-11-01",
        N_(
            "Tôi đồng ý để cửa hàng lưu tên, e-mail, số điện thoại và địa chỉ của tôi để giữ tài khoản và giao hàng, "
            "theo trang Dữ liệu cá nhân. Tôi xem, sửa, tải về hoặc xóa dữ liệu này bất cứ lúc nào."
        ),
        False,
        date(2026, 11, 1),
    ),
    NEWS: ConsentText(
        NEWS,
        "2026-11-01",
        N_("Gửi cho tôi thư về mùa vụ, sản vật mới và hội chợ (tối đa hai thư mỗi tháng, dừng lúc nào cũng được)."),
        True,
        date(2026, 11, 1),
    ),
}
