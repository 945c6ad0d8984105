"""Refusals of this room."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class NothingChosen(Invalid):
    code = "nothing-to-refund"
    title = N_("Hãy chọn ít nhất một món hoặc ghi phí giao cần hoàn.")


class TooManyUnits(Invalid):
    code = "return-too-many"
    title = N_("%(name)s: chỉ còn %(left)s có thể hoàn.")


class FreightTooLarge(Invalid):
    code = "freight-too-large"
    title = N_("Phí giao chỉ còn %(left)s có thể hoàn.")


class GoodsNotThere(Conflict):
    code = "goods-not-with-buyer"
    title = N_("Chỉ nhận lại hàng của kiện đã giao tới khách và chưa trả về.")


class LookedAt(Conflict):
    code = "return-looked-at"
    title = N_("Hàng này đã được kiểm rồi.")
