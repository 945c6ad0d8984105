"""What demand refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict

PLACE_GONE = N_("%(point)s đã đóng cửa từ khi tính. Hãy bấm “Tính lại”.")
PACK_GONE = N_("%(name)s không còn bày bán từ khi tính. Hãy bấm “Tính lại”.")


class SharingMovedOn(Conflict):
    """The plan was approved, replaced, withdrawn or changed by somebody meanwhile."""

    code = "sharing-moved-on"
    title = N_("Bản chia hàng này vừa được người khác thay đổi. Hãy xem lại rồi thử lại.")


class SharingStale(Conflict):
    """The goods that the plan gives are no longer there, or a place or a pack has gone."""

    code = "sharing-stale"
    title = N_("%(name)s ở %(point)s chỉ còn %(left)s, mà bản này chuyển đi %(n)s. Hãy bấm “Tính lại”.")
