"""`/office/fair-booths`: what whoever stands at a booth's counter needs: what is left there, asking for more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions.office import acts, bp
from shop.exhibitions.office.days import at_home, more_of
from shop.exhibitions.queries import days as queries
from shop.exhibitions.services import replenishing
from shop.exhibitions.services.days import OPEN_FAIR
from shop.kernel import clock
from shop.kernel.errors import ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.stock import queries as stock

P = Permission
HERE = "/office/fair-booths"


@bp.get("/fair-booths")
@guards.requires(P.TRANSFER_HANDLE)
def own_booths() -> Any:
    """The booths at whose counters the reader stands."""
    rows = queries.booths_at(points.ids_in(guards.scopes(P.TRANSFER_HANDLE)))
    return render_template("exhibitions/office/own_booths.html", here=HERE, rows=rows)


@bp.get("/fair-booths/<int:booth_id>")
@guards.requires(P.TRANSFER_HANDLE, scope=queries.booth_point, name="the booth's point")
def own_booth(booth_id: int) -> Any:
    """One booth: what is left, what is coming, and the form to ask for more."""
    return _page(booth_id)


def _page(booth_id: int, error: ShopError | None = None) -> Any:
    booth, fair = queries.booth_of(booth_id)
    packs = queries.packs_of(booth_id)
    free: dict[int, int] = {}
    for level in stock.free_levels([p.variant_id for p in packs], point_id=booth.point_id):
        free[level.variant_id] = free.get(level.variant_id, 0) + level.free
    page = render_template(
        "exhibitions/office/own_booth.html",
        here=HERE,
        fair=fair,
        booth=booth,
        point=points.point(booth.point_id) if booth.point_id is not None else None,
        packs=packs,
        home=at_home(fair, packs),
        free=free,
        rows=queries.replenishments(fair.id, booth_id=booth_id),
        soon=acts.local(clock.now() + timedelta(hours=2)),
        open=fair.state in OPEN_FAIR,
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=acts.op_key(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/fair-booths/<int:booth_id>")
@guards.requires(P.TRANSFER_HANDLE, scope=queries.booth_point, name="the booth's point")
def own_booth_more(booth_id: int) -> Any:
    """Ask for more of a pack."""

    def command() -> str:
        made = replenishing.replenish(guards.actor(), booth_id, more_of(request.form), request.form.get("op_key", ""))
        return gettext("Đã gửi %(r)s.", r=made)

    return acts.answered(f"{HERE}/{booth_id}", command, lambda error: _page(booth_id, error))
