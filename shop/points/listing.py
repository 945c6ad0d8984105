"""The list of points for staff: sorted, filtered, exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, false, or_, select

from shop.kernel import clock, tables
from shop.kernel.errors import N_
from shop.points.models import POINT_KIND_NAMES, Point, PointKind

STATES = {"open": N_("Đang hoạt động"), "coming": N_("Sắp mở"), "closed": N_("Đã đóng")}


def _state(value: str) -> ColumnElement[bool]:
    today = clock.today()
    if value == "closed":
        return Point.closed_on <= today
    if value == "coming":
        return Point.opened_on > today
    return or_(Point.opened_on.is_(None), Point.opened_on <= today) & or_(
        Point.closed_on.is_(None), Point.closed_on > today
    )


def _like(q: str) -> ColumnElement[bool]:
    like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return or_(*(c.ilike(like, escape="\\") for c in (Point.name, Point.address, Point.locality_text, Point.slug)))


_OFFERS: dict[str, Any] = {"pickup": Point.pickup, "ships": Point.ships}

TABLE = tables.Table(
    name="diem-ban",
    columns=(
        tables.Column("name", N_("Tên"), sort=(Point.sort_name,)),
        tables.Column("kind", N_("Loại"), sort=(Point.kind,), value=lambda p: gettext(POINT_KIND_NAMES[p.kind])),
        tables.Column("locality_text", N_("Nơi"), sort=(Point.locality_text,)),
        tables.Column("commune_code", N_("Mã xã"), on_page=False),
        tables.Column("address", N_("Địa chỉ"), on_page=False),
        tables.Column("phone", N_("Điện thoại"), on_page=False),
        tables.Column("pickup", N_("Khách đến nhận"), sort=(Point.pickup,)),
        tables.Column("ships", N_("Gửi hàng"), sort=(Point.ships,)),
        tables.Column("opened_on", N_("Mở"), sort=(Point.opened_on,)),
        tables.Column("closed_on", N_("Đóng"), sort=(Point.closed_on,)),
        tables.Column("source_url", N_("Nguồn"), on_page=False),
    ),
    order="name",
    tie=Point.id,
    filters=(
        tables.Filter("state", N_("Trạng thái"), _state, list(STATES.items())),
        tables.Filter(
            "kind",
            N_("Loại"),
            lambda v: Point.kind == PointKind(v),
            [(k.value, label) for k, label in POINT_KIND_NAMES.items()],
        ),
        tables.Filter(
            "offer",
            N_("Phục vụ"),
            lambda v: _OFFERS[v].is_(True),
            [("pickup", N_("Khách đến nhận")), ("ships", N_("Gửi hàng"))],
        ),
    ),
    search=_like,
)


def points(args: Mapping[str, str], scopes: frozenset[str]) -> tables.View:
    """The list as the address asks for it, of the points that `scopes` cover."""
    wanted = select(Point)
    if "*" not in scopes:
        ids = [int(s.removeprefix("point:")) for s in scopes if s.removeprefix("point:").isdecimal()]
        wanted = wanted.where(Point.id.in_(ids) if ids else false())
    return TABLE.open(args, "/office/points", wanted, make=lambda row: row[0])
