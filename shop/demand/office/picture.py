"""`/office/demand`: demand and goods on one page; who must begin what by when; what will be left over; fairs that are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.demand import pictures
from shop.demand.models.forecasts import WEB
from shop.demand.office import bp
from shop.demand.office.forecasts import of_product
from shop.demand.queries import by_place, fairs, forecasts, starts, unsold
from shop.demand.queries import picture as reads
from shop.kernel import charts, clock, rows, web
from shop.kernel.errors import N_, Forbidden
from shop.points import queries as points
from shop.points.models import PointKind

P = Permission
HERE = "/office/demand"
START = f"{HERE}/start"
UNSOLD = f"{HERE}/unsold"
FAIRS = f"{HERE}/fairs"
URGENT = 5
ASKED_FOR = 200


def _scopes() -> frozenset[str]:
    return guards.scopes(P.DEMAND_READ)


def _places() -> list[tuple[str, str]]:
    today = clock.today()
    known = [p for p in points.all_points() if p.closed_on is None or p.closed_on > today]
    own = [p for p in known if p.kind is not PointKind.WAREHOUSE]
    return [(str(WEB), gettext(N_("Trên mạng"))), *((str(p.id), p.name) for p in own)]


def _place() -> int | None:
    raw = request.args.get("place", "")
    return int(raw) if raw in {value for value, _name in _places()} else None


def _weeks() -> int:
    raw = request.args.get("weeks", "")
    return int(raw) if raw in {str(n) for n in reads.PERIODS} else reads.CHARTED


@bp.get("/demand", strict_slashes=False)
@guards.requires(P.DEMAND_READ)
def picture_index() -> Any:
    """The picture: figures, chart, what is urgent, every pack."""
    found = reads.read(scopes=_scopes(), place=_place(), weeks=_weeks())
    view = rows.open_rows(pictures.table(found, _places()), request.args, HERE, found.lines)
    pictures.name_choices(view)
    if view.export:
        return view.download()
    urgent = starts.rows(replace(found, lines=view.found)) if found.place is None else []
    booths = fairs.past(_scopes())
    return render_template(
        "demand/office/picture.html",
        here=HERE,
        found=found,
        view=view,
        total=reads.sums(view.found),
        **pictures.drawn(view.found, found),
        urgent=[(row, pictures.start_words(row)) for row in urgent[:URGENT]],
        urgent_more=max(len(urgent) - URGENT, 0),
        late=sum(row.late for row in urgent),
        booths=booths[:4],
        booths_more=len(booths) > 4,
        coming=starts.fairs_to_come(found.today),
        number=charts.number,
        cover=pictures.cover,
        gap=pictures.gap,
        weekly=pictures.weekly,
    )


@bp.get("/demand/products/<slug>")
@guards.requires(P.DEMAND_READ, scope=of_product)
def picture_product(slug: str) -> Any:
    """One product: packs, places, weeks, its neighbours, and where every single event stands."""
    goods = forecasts.goods(slug)
    around = reads.read(scopes=_scopes(), set_id=reads.set_of(goods.id), weeks=_weeks())
    found = replace(around, lines=[x for x in around.lines if x.ware.product_id == goods.id])
    return render_template(
        "demand/office/picture_product.html",
        here=HERE,
        goods=goods,
        found=found,
        places=by_place.lines(found, goods, found.today),
        **pictures.drawn(found.lines, found),
        total=reads.sums(found.lines),
        urgent=[(row, pictures.start_words(row)) for row in starts.rows(found)],
        neighbours=pictures.neighbours(around.lines, goods.id),
        periods=[(str(n), pictures.period(n)) for n in reads.PERIODS],
        number=charts.number,
        cover=pictures.cover,
        gap=pictures.gap,
        weekly=pictures.weekly,
    )


# --- who must begin ----------------------------------------------------------------------------------------------


@bp.get("/demand/start")
@guards.requires(P.DEMAND_READ)
def picture_start() -> Any:
    """Who must begin to make what, by when."""
    found = reads.read(scopes=_scopes())
    view = rows.open_rows(pictures.start_table(found), request.args, START, starts.rows(found))
    if view.export:
        return view.download()
    return render_template(
        "demand/office/picture_start.html",
        here=START,
        found=found,
        view=view,
        said={row.id: pictures.start_words(row) for row in view.rows},
        coming=starts.fairs_to_come(found.today),
        may_ask=guards.may(P.SUPPLY_ASK),
        number=charts.number,
    )


@bp.get("/demand/start/ask")
@guards.requires(P.DEMAND_READ)
def picture_ask() -> Any:
    """From chosen lines to the form that asks their producer, filled in; of several producers one is chosen first.

    Raises:
        Forbidden: the reader may not ask producers.
    """
    if not guards.may(P.SUPPLY_ASK):
        raise Forbidden
    chosen = {
        int(raw) for raw in request.args.getlist("v")[:ASKED_FOR] if raw.isascii() and raw.isdigit() and len(raw) < 16
    }
    found = starts.rows(reads.read(scopes=_scopes()))
    by_producer: dict[str, list[starts.StartRow]] = {}
    left_out = []
    for row in found:
        if row.id in chosen and row.to_ask and row.line.ware.producer_slug:
            by_producer.setdefault(row.line.ware.producer_slug, []).append(row)
        elif row.id in chosen:
            left_out.append(row)
    asks = [(mine[0].line.ware.producer, mine, _ask_url(slug, mine)) for slug, mine in by_producer.items()]
    if len(asks) == 1 and not left_out:
        return redirect(asks[0][2], 303)
    return render_template(
        "demand/office/picture_ask.html",
        here=START,
        asks=asks,
        left_out=left_out,
        chosen=len(chosen),
        number=charts.number,
    )


def _ask_url(producer: str, mine: list[starts.StartRow]) -> str:
    """The form that asks a producer, filled in: wanted when the first goods end, but not before tomorrow."""
    today = clock.today()
    wanted_on = max(min(row.gap_on for row in mine), today + timedelta(days=1))
    reason = gettext(
        "Theo nhu cầu 13 tuần tới, hàng hết khoảng ngày %(day)s",
        day=min(row.gap_on for row in mine).strftime("%d/%m/%Y"),
    )
    query = {"producer": producer, "wanted_on": wanted_on.isoformat(), "terms": "purchase", "reason": reason}
    stores = [p for p in points.open_points() if p.kind is PointKind.WAREHOUSE]
    if len(stores) == 1:  # where goods for everybody go, unless somebody chooses otherwise
        query["point"] = stores[0].slug
    query |= {f"quantity-{row.id}": str(row.to_ask) for row in mine}
    return f"{web.path('/office/asks/new')}?{urlencode(query)}"


# --- what is left over, fairs ------------------------------------------------------------------------------------


@bp.get("/demand/unsold")
@guards.requires(P.DEMAND_READ)
def picture_unsold() -> Any:
    """Goods that will not be sold before their last day, with proposals."""
    found = unsold.read(_scopes())
    # Goods of several products cannot be sold as one: that they go together is said, and where they lie is for people.
    may = {"move": guards.may(P.TRANSFER_HANDLE), "price": guards.may(P.CATALOG_EDIT), "set": False}
    may["fair"] = may["move"]
    return render_template(
        "demand/office/picture_unsold.html",
        here=UNSOLD,
        found=[(u, [(pr, _link(u, pr) if may[pr.kind] else "") for pr in u.proposals]) for u in found],
        value=sum(u.value_amount for u in found),
        units=sum(u.left for u in found),
        run=forecasts.newest(),
        number=charts.number,
    )


def _link(u: unsold.Unsold, pr: unsold.Proposal) -> str:
    """Where a proposal is carried out, filled in."""
    if pr.kind in ("move", "fair"):
        note = gettext("Hạn dùng %(day)s, nơi này không bán kịp", day=u.last_on.strftime("%d/%m/%Y"))
        query = {"from": u.point_id, "to": pr.point_id, f"n-{u.variant_id}": pr.units, "note": note}
        return f"{web.path('/office/transfers/new')}?{urlencode(query)}"
    return f"{web.path(f'/office/products/{u.slug}/packs/{u.sku}')}?{urlencode({'amount': pr.amount})}#gia"


@bp.get("/demand/fairs")
@guards.requires(P.DEMAND_READ)
def picture_fairs() -> Any:
    """Fairs that are over, booth by booth."""
    return render_template(
        "demand/office/picture_fairs.html",
        here=FAIRS,
        booths=fairs.past(_scopes()),
        coming=starts.fairs_to_come(clock.today()),
        number=charts.number,
    )
