"""`/office/my-points`: a point keeper's day."""

from __future__ import annotations

from typing import Any

from flask import redirect as go
from flask import render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import clock, web
from shop.kernel.errors import Forbidden
from shop.pages import keeper
from shop.pages.office import bp
from shop.pages.office.desk import PARCELS, P
from shop.points import queries as points

HERE = "/office/my-points"


def _mine() -> tuple[points.PointView, ...]:
    """The open points that the reader keeps.

    Raises:
        Forbidden: his grants name no point (a producer has a door of his own).
    """
    held = guards.scopes(P.FULFILMENT_HANDLE)
    if points.ids_in(held) == []:
        raise Forbidden
    return points.within(points.open_points(), held)


@bp.get("/my-points")
@guards.requires(P.FULFILMENT_HANDLE)
def my_points() -> Any:
    """Pick-ups, expected goods, what runs low or out of date, counts due; `point` narrows it to one."""
    mine = _mine()
    chosen = [p for p in mine if p.slug == request.args.get("point")] or list(mine)
    return _page(mine, chosen)


def _page(mine: Any, chosen: Any, *, code: str = "", why: str = "", status: int = 200) -> Any:
    page = render_template(
        "pages/office/keeper.html",
        here=HERE,
        mine=mine,
        chosen=chosen[0] if len(chosen) == 1 else None,
        names={p.id: p for p in points.all_points()},
        day=keeper.day([p.id for p in chosen]),
        today=clock.today(),
        code=code,
        errors={"code": why} if why else {},
        error_code="not-found" if why else None,
        parcels=PARCELS,
    )
    return page, status


@bp.get("/my-points/pick-up")
@guards.requires(P.FULFILMENT_HANDLE)
def pick_up() -> Any:
    """Find the parcel that a buyer came for by his code, and open it to be handed over."""
    mine = _mine()
    code = request.args.get("code", "").strip()[:40]
    found = keeper.pick_ups_by_code(code, [p.id for p in mine]) if code else []
    if len(found) == 1:
        return go(web.path(f"{PARCELS}/{found[0]}"), 303)
    why = gettext("Không có đơn nào chờ nhận ở đây mang mã này.")
    if found:
        why = gettext("Có nhiều đơn chờ nhận của số này. Hãy hỏi khách mã đơn.")
    return _page(mine, list(mine), code=code, why=why if code else "", status=404 if code else 200)
