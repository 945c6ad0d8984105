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


class BoothNotClosing(Conflict):
    code = "booth-not-closing"
    title = N_("Gian này chưa đến bước đó: hãy bắt đầu chốt gian và đếm hàng còn lại trước.")


class BoothCloses(Conflict):
    code = "booth-closes"
    title = N_("Gian %(code)s đã bắt đầu chốt nên không gửi thêm hàng đến được nữa.")


class GoodsStillThere(Conflict):
    code = "goods-still-there"
    title = N_("Gian còn %(n)s đơn vị hàng trên sổ. Hãy đếm, rồi chuyển hàng về hoặc trả cơ sở trước.")


class GoodsClaimed(Conflict):
    code = "goods-claimed"
    title = N_("%(name)s: %(n)s đơn vị đang giữ cho đơn hẹn lấy tại gian. Hãy giao hoặc hủy các đơn đó trước.")


class GoodsOnRoad(Conflict):
    code = "goods-on-road"
    title = N_("Còn %(n)s đơn vị hàng đang trên đường đến gian. Hãy nhận hoặc kết thúc phiếu chuyển trước.")


class SheetChanged(Conflict):
    code = "sheet-changed"
    title = N_("Số liệu của bảng chốt vừa thay đổi. Hãy xem lại số mới rồi ký.")


class SheetNotReady(Conflict):
    code = "sheet-not-ready"
    title = N_("Bảng chốt này chưa ký được: hàng còn lại chưa đếm xong, còn ở gian, hoặc bảng đã chốt rồi.")


class SheetsOpen(Conflict):
    code = "sheets-open"
    title = N_("Còn %(n)s gian chưa chốt xong, ví dụ gian %(code)s. Hãy chốt hết rồi mới đóng sổ hội chợ.")


class ReportMoved(Conflict):
    code = "report-moved"
    title = N_("Số liệu vừa thay đổi từ lúc bạn mở trang. Hãy xem lại rồi chốt báo cáo.")


class FairNotOver(Conflict):
    code = "fair-not-over"
    title = N_("Hội chợ còn mở đến hết ngày %(day)s. Hãy đóng sổ từ ngày cuối trở đi.")


class PutRightFirst(Conflict):
    code = "put-right-first"
    title = N_("Có hàng đã đếm thiếu mà thực ra đã bán. Hãy bấm “Ghi lại sổ” trước khi ký, để không tính hai lần.")
