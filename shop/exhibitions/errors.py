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


class FairNotPrepared(Conflict):
    code = "fair-not-prepared"
    title = N_("Còn %(n)s gian chưa có điểm bán. Hãy chuẩn bị gian trước khi mở hội chợ.")


class FairNotYet(Conflict):
    code = "fair-not-yet"
    title = N_("Hội chợ chỉ mở được trong những ngày diễn ra: %(first)s – %(last)s.")


class NoHomePoint(Conflict):
    code = "fair-without-home"
    title = N_("Hội chợ chưa ghi kho nhà nên không chuyển hàng được. Hãy chọn kho ở trang hội chợ.")


class BoothNotReady(Conflict):
    code = "booth-not-ready"
    title = N_("Gian này chưa có điểm bán. Hãy chuẩn bị gian trước.")


class ConsentMissing(Invalid):
    code = "consent-missing"
    title = N_("Chưa có sự đồng ý của người mua thì không lưu tên và số của họ.")


class SameFileAgain(Conflict):
    code = "visit-file-known"
    title = N_("Tệp này đã được ghi vào sổ rồi nên không tính thêm.")


class BoothLinkOver(Conflict):
    code = "booth-link-over"
    title = N_("Gian này không còn nhận đặt hàng sau hội chợ. Xin xem sản phẩm ở cửa hàng.")
