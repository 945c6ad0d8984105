"""What fairs refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class FairMovedOn(Conflict):
    code = "fair-moved-on"
    title = N_("Hội chợ đã chuyển sang bước khác nên không làm được việc này. Vui lòng tải lại trang.")


class FairChanged(Conflict):
    code = "fair-changed"
    title = N_("Có người vừa sửa hội chợ này. Vui lòng tải lại trang để xem bản mới rồi sửa tiếp.")


class BoothNotClosing(Conflict):
    code = "booth-not-closing"
    title = N_("Gian này chưa đến bước đó: hãy bắt đầu chốt gian và đếm hàng còn lại trước.")


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
