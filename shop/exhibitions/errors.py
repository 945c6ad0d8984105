"""What fairs refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


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


class BoothsOverlap(Invalid):
    code = "booths-overlap"
    title = N_("“%(first)s” và “%(second)s” chồng lên nhau.")


class BoothStood(Conflict):
    code = "booth-stood"
    title = N_("Gian %(code)s đang là của %(name)s. Hãy chuyển cơ sở sang gian khác trước.")


class PlanPartUsed(Conflict):
    code = "plan-part-used"
    title = N_("“%(name)s” đang được gian hoặc hồ sơ dùng nên không xóa được.")
