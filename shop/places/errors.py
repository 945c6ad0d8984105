"""Refusals about places."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class UnitsOverlap(Conflict):
    code = "units-overlap"
    title = N_("Mã đơn vị %(code)s đã có hiệu lực trong khoảng ngày này.")
