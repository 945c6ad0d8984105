"""What fairs refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class FairMovedOn(Conflict):
    code = "fair-moved-on"
    title = N_("Hội chợ đã chuyển sang bước khác nên không làm được việc này. Vui lòng tải lại trang.")


class FairChanged(Conflict):
    code = "fair-changed"
    title = N_("Có người vừa sửa hội chợ này. Vui lòng tải lại trang để xem bản mới rồi sửa tiếp.")


# --- call, applications, booths ------------------------------------------------------------------------------------


class CallClosed(Conflict):
    code = "call-closed"
    title = N_("Hội chợ này nhận hồ sơ từ %(first)s đến hết %(last)s. Những gì bạn đã ghi vẫn còn nguyên.")


class NoCall(Conflict):
    code = "no-call"
    title = N_("Hội chợ này hiện không nhận hồ sơ đăng ký.")


class FairCancelled(Conflict):
    code = "fair-cancelled"
    title = N_("Hội chợ này đã hủy nên không nhận hồ sơ nữa. Những gì bạn đã ghi vẫn còn nguyên.")


class AlreadyApplied(Conflict):
    code = "already-applied"
    title = N_("Cơ sở đã có hồ sơ %(reference)s tại hội chợ này. Mỗi cơ sở có một hồ sơ; hãy mở hồ sơ ấy.")


class ApplicationSealed(Conflict):
    code = "application-sealed"
    title = N_("Hồ sơ đã nộp nên không sửa được nữa. Nếu cần sửa, hãy nhờ ban tổ chức trả lại.")


class NotYourGoods(Invalid):
    code = "not-your-goods"
    title = N_("Có mặt hàng không thuộc cơ sở của bạn. Chưa ghi gì; hãy chọn lại.")


class PapersUnchecked(Conflict):
    code = "papers-unchecked"
    title = N_("Còn %(n)s mặt hàng chưa được kiểm tra giấy tờ. Hãy kiểm tra xong rồi công bố.")


class CallStillOpen(Conflict):
    code = "call-still-open"
    title = N_("Hội chợ còn nhận hồ sơ đến hết %(last)s. Hãy đợi hết hạn, hoặc xác nhận công bố sớm.")


class AllotmentStale(Conflict):
    code = "allotment-stale"
    title = N_("Hồ sơ, sơ đồ hoặc quy tắc đã đổi từ lúc bạn xem trước. Hãy xem lại rồi công bố.")


class BoothFull(Conflict):
    code = "booth-full"
    title = N_("Gian %(code)s đã đủ người hoặc đang được mời người khác.")


class BoothUnfit(Conflict):
    code = "booth-unfit"
    title = N_("Gian %(code)s không có đủ điện, nước, tủ lạnh hoặc không đúng loại gian mà hồ sơ cần.")


class OfferOver(Conflict):
    code = "offer-over"
    title = N_("Lời mời nhận gian này không còn hiệu lực.")


class SwapOver(Conflict):
    code = "swap-over"
    title = N_("Đề nghị đổi gian này không còn hiệu lực.")


class BoothsInUse(Conflict):
    code = "booths-in-use"
    title = N_("Gian đã được chuẩn bị nhận hàng nên không xếp lại hay đổi chỗ được nữa.")
