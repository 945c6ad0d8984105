"""Why demand refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, NotFound

PLACE_GONE = N_("%(point)s đã đóng cửa từ khi tính. Hãy bấm “Tính lại”.")
PACK_GONE = N_("%(name)s không còn bày bán từ khi tính. Hãy bấm “Tính lại”.")


class ForecastRunning(Conflict):
    """Another process is making the forecast."""

    code = "forecast-running"
    title = N_("Một lần dự báo khác đang chạy. Hãy đợi vài phút.")


class NoSuchWait(NotFound):
    """There is no such place in a queue, or it is not the reader's: the two look the same."""

    code = "no-such-wait"
    title = N_("Không tìm thấy chỗ chờ này. Hãy kiểm tra lại mã và số điện thoại hoặc mở liên kết trong thư.")


class NotSoldOut(Conflict):
    """There is enough: nobody needs to wait."""

    code = "not-sold-out"
    title = N_("“%(name)s” đang còn hàng, bạn đặt mua được ngay.")


class WaitOver(Conflict):
    """The entry is not where this step begins."""

    code = "wait-over"
    title = N_("Chỗ chờ này đã thay đổi nên không làm được bước đó. Vui lòng tải lại trang.")


class OfferOver(Conflict):
    """The goods are no longer kept."""

    code = "offer-over"
    title = N_("Phần hàng giữ cho bạn đã hết hạn hoặc không còn được giữ.")


class OfferInUse(Conflict):
    """The link was used: the goods lie in a basket of another browser."""

    code = "offer-in-use"
    title = N_("Phần hàng giữ cho bạn đã nằm trong giỏ hàng ở một trình duyệt khác. Hãy đặt hàng ở đó.")


class SharingMovedOn(Conflict):
    """The plan was approved, replaced, withdrawn or changed by somebody meanwhile."""

    code = "sharing-moved-on"
    title = N_("Bản chia hàng này vừa được người khác thay đổi. Hãy xem lại rồi thử lại.")


class SharingStale(Conflict):
    """The goods that the plan gives are no longer there, or a place or a pack has gone."""

    code = "sharing-stale"
    title = N_("%(name)s ở %(point)s chỉ còn %(left)s, mà bản này chuyển đi %(n)s. Hãy bấm “Tính lại”.")
