"""Refusals about points."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class PointClosed(Conflict):
    code = "point-closed"
    title = N_("Điểm bán này đã đóng cửa.")
