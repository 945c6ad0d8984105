"""`/diem-ban`: where to see, buy and collect."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from shop.accounts.guards import public
from shop.kernel import clock, web
from shop.points import hours, locator, queries
from shop.points.models import POINT_KIND_NAMES, SERVICE_NAMES, PointKind

bp = Blueprint("points", __name__)


@bp.get("/diem-ban")
@public
@web.public_page()
def index() -> str:
    """Open points on the sketch and as a list (`nhan=1`: only where buyers may collect); fair venues and closed ones after."""
    today, now = clock.today(), clock.now()
    known = queries.public_points()
    alive = [p for p in known if (p.closed_on is None or p.closed_on > today) and p.kind is not PointKind.FAIR]
    pickup_only = request.args.get("nhan") == "1"
    shown = [p for p in alive if p.pickup] if pickup_only else alive
    return render_template(
        "points/storefront/index.html",
        section="points",
        sketch=locator.sketch(shown),
        rows=[
            {"number": n, "point": p, "state": state, "until": hours.change_time(state, now)}
            for n, p in enumerate(shown, 1)
            for state in [p.state(now)]
        ],
        coming=[p for p in shown if p.opened_on is not None and p.opened_on > today],
        fairs=[p for p in known if p.kind is PointKind.FAIR and p.is_open_on(today)],
        closed=[p for p in known if p.closed_on is not None and p.closed_on <= today],
        pickup_only=pickup_only,
        any_pickup=any(p.pickup for p in alive),
        any_demo=any(p.is_demo for p in shown),
        today=today,
        kinds=POINT_KIND_NAMES,
        services=SERVICE_NAMES,
        written=hours.written,
    )
