"""What staff may set about the bank."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

KEEP_MONTHS = settings.define(
    "banking.keep_files_months",
    24,
    N_("Giữ tệp sao kê đã gửi (tháng)"),
    hint=N_("Sau đó tệp và các dòng chép nguyên văn được xóa; dòng sao kê đã ghi thì giữ như chứng từ."),
    low=3,
    high=240,
)
