"""Rules of dossiers and councils that staff may change."""

from __future__ import annotations

from shop.kernel import settings
from shop.kernel.errors import N_

# Art. 7.2 of Decision 26/2026/QĐ-TTg says fifteen.
CHECK_DAYS = settings.define(
    "programme.check_days", 15, N_("Số ngày làm việc để xã kiểm tra hồ sơ OCOP"),
    hint=N_("Quyết định 26/2026/QĐ-TTg, điều 7: 15 ngày làm việc."), low=1, high=60,
)  # fmt: skip
OBJECTION_DAYS = settings.define(
    "programme.objection_days", 5, N_("Số ngày làm việc để cơ sở kiến nghị về kết quả chấm"),
    hint=N_("Hết hạn hoặc khi cơ sở đồng ý, kết quả mới trình ra quyết định."), low=1, high=60,
)  # fmt: skip
GAP_PERCENT = settings.define(
    "programme.gap_percent", 50, N_("Độ lệch điểm giữa các thành viên hội đồng cần xem lại (%)"),
    hint=N_("Tính trên điểm tối đa của từng câu; lệch từ mức này trở lên thì báo chủ tịch."), low=10, high=100,
)  # fmt: skip
QUORUM_PERCENT = settings.define(
    "programme.quorum_percent", 67, N_("Tỷ lệ phiếu tối thiểu để khép một hồ sơ ở hội đồng (%)"),
    hint=N_("Tính trên số thành viên được chấm hồ sơ đó."), low=50, high=100,
)  # fmt: skip
