"""What pre-orders refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, NotFound


class WindowMovedOn(Conflict):
    code = "window-moved-on"
    title = N_("Đợt đặt trước đã chuyển sang bước khác nên không làm được việc này. Vui lòng tải lại trang.")


class NotTaking(Conflict):
    code = "window-not-taking"
    title = N_("Đợt này hiện không nhận đặt trước.")


class NoPlaces(Conflict):
    code = "no-places"
    title = N_("Đợt này chỉ còn %(left)s phần. Hãy giảm số lượng.")


class AllTaken(NoPlaces):
    code = "all-taken"
    title = N_("Đợt này đã được đặt hết.")


class HouseholdLimit(Conflict):
    code = "household-limit"
    title = N_("Mỗi nhà đặt nhiều nhất %(limit)s phần; nhà bạn đã đặt %(had)s.")


class CannotLeave(Conflict):
    code = "cannot-leave"
    title = N_("Đợt đã đóng nên không tự rút được nữa. Vui lòng liên hệ cửa hàng.")


class PreorderMovedOn(Conflict):
    code = "preorder-moved-on"
    title = N_("Lượt đặt trước đã chuyển sang bước khác. Vui lòng tải lại trang.")


class StillPaying(Conflict):
    code = "still-paying"
    title = N_("Còn %(n)s người đang trả tiền cọc hoặc xác nhận, muộn nhất đến %(at)s. Hãy chia hàng sau đó.")


class GoodsMissing(Conflict):
    code = "goods-not-there"
    title = N_("Hàng chưa về đủ: %(where)s. Hãy nhập kho hoặc chuyển hàng đến rồi chia.")


class PreviewStale(Conflict):
    code = "preview-stale"
    title = N_("Số liệu đã đổi từ lúc bạn xem trước. Hãy xem lại rồi chia hàng.")


class GoodsNotForSale(Conflict):
    code = "preorder-not-for-sale"
    title = N_("Mặt hàng này hiện chưa được phép bán (chứng nhận, giấy tờ hoặc giá niêm yết), nên chưa làm được.")


class NoSuchPreorder(NotFound):
    code = "preorder-not-found"
    title = N_("Không tìm thấy lượt đặt trước này. Hãy mở bằng đường dẫn trong thư.")
