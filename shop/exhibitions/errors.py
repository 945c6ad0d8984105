"""What fairs refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class FairMovedOn(Conflict):
    code = "fair-moved-on"
    title = N_("Hội chợ đã chuyển sang bước khác nên không làm được việc này. Vui lòng tải lại trang.")


class FairChanged(Conflict):
    code = "fair-changed"
    title = N_("Có người vừa sửa hội chợ này. Vui lòng tải lại trang để xem bản mới rồi sửa tiếp.")


class FairApplied(Conflict):
    code = "fair-applied"
    title = N_(
        "Đã có %(n)s cơ sở nộp hồ sơ nên không đưa hội chợ về bản nháp được. Nếu không tổ chức nữa, hãy hủy hội chợ."
    )
