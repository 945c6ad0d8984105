"""Refusals of this room."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class DayNotOver(Conflict):
    code = "day-not-over"
    title = N_("Ngày này chưa hết nên chưa khóa sổ được. Hãy thử lại sau 0 giờ 10 phút.")


class DayClosed(Conflict):
    code = "day-closed"
    title = N_("Sổ của ngày này đã khóa. Vui lòng tải lại trang.")


class LaterDayClosed(Conflict):
    code = "later-day-closed"
    title = N_("Một ngày sau của kênh này đã khóa sổ. Hãy mở lại ngày sau trước.")


class HandDecided(Conflict):
    code = "hand-entry-decided"
    title = N_("Bút toán tay này đã được quyết định. Vui lòng tải lại trang.")


class HandSamePerson(Conflict):
    code = "hand-entry-same-person"
    title = N_("Người lập bút toán không được tự duyệt. Hãy nhờ người khác.")


class DayOpen(Conflict):
    code = "day-open"
    title = N_("Sổ của ngày này đang mở. Vui lòng tải lại trang.")


class FiguresMoved(Conflict):
    code = "figures-moved"
    title = N_("Số liệu của ngày đã đổi trong lúc bạn xem. Vui lòng xem lại rồi khóa sổ.")
