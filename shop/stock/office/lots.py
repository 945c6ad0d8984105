"""Lots for staff: where each lies, how it moved, what is stopped, its papers and its labels."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.forms import upload
from shop.catalog.models import Product, Variant
from shop.kernel import operations, tables, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import day, messages
from shop.points import queries as points
from shop.points.models import Point
from shop.stock import labels, queries
from shop.stock.models import MOVEMENT_NAMES, PAPER_KIND_NAMES, Lot, StockLevel
from shop.stock.office import HISTORY_ROWS, _owner, bp, cause
from shop.stock.papers import send_paper
from shop.stock.queries import lots as lot_queries
from shop.stock.services import lot_papers, lots

HERE = "/office/stock/lots"
P = Permission
STATES = (
    ("there", N_("Còn hàng")),
    ("ending", N_("Sắp hết hạn")),
    ("expired", N_("Quá hạn còn hàng")),
    ("stopped", N_("Đang dừng")),
    ("gone", N_("Lô đã hết")),
)


def _line(field: str, limit: int) -> str:
    found = text.clean(request.form.get(field, "")).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found


def _day(field: str) -> date | None:
    return day(request.form.get(field, ""), field)


def everywhere(**_values: Any) -> str:
    """A guard's scope: a lot lies at many points, so only who may act at all of them may change it."""
    return "*"


def _table(seen: tuple[points.PointView, ...]) -> tables.Table:
    return tables.Table(
        name="lo-hang",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
            tables.Column("pack", N_("Quy cách"), on_page=False),
            tables.Column("sku", "SKU", sort=(Variant.sku,), on_page=False),
            tables.Column("lot", N_("Lô"), sort=(Lot.code,)),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
            tables.Column("produced_on", N_("Ngày sản xuất"), sort=(Lot.produced_on,)),
            tables.Column("expires_on", N_("Hạn dùng"), sort=(Lot.expires_on,)),
            tables.Column("on_hand", N_("Có"), "num", sort=(lot_queries.ON_HAND,)),
            tables.Column("claimed", N_("Đã giữ"), "num", sort=(lot_queries.CLAIMED,)),
            tables.Column("stopped_at", N_("Dừng từ"), sort=(Lot.stopped_at,)),
        ),
        order="expires_on",
        tie=Lot.id,
        filters=(
            tables.Filter(
                "point",
                N_("Điểm bán"),
                lambda v: StockLevel.point_id == int(v),
                lambda: [(str(p.id), p.name) for p in seen],
            ),
            tables.Filter("state", N_("Tình trạng"), lot_queries.in_state, STATES),
        ),
        search=queries.matching,
    )


@bp.get("/stock/lots")
@guards.requires(P.STOCK_READ)
def lot_list() -> Any:
    """The lots at every point that the reader may see; `state=ending` is the list of what must be sold first. Those that are
    used up are shown only if he looks for them."""
    held = guards.scopes(P.STOCK_READ)
    statement = lot_queries.lot_rows(points.ids_in(held))
    if not request.args.get("q") and request.args.get("state") not in {"gone", "stopped"}:
        statement = statement.where(lot_queries.in_state("there"))
    view = _table(points.within(points.all_points(), held)).open(
        request.args,
        HERE,
        statement,
        make=lambda row: lot_queries.LotHere(*tuple(row)),
    )
    return view.download() if view.export else render_template("stock/office/lots.html", here=HERE, view=view)


# --- one lot -----------------------------------------------------------------------------------------------------


def _seen(lot_id: int) -> tuple[lot_queries.LotView, list[lot_queries.LotLevel]]:
    """The lot and its levels at the reader's points.

    Raises:
        NotFound: there is no such lot, it has no code, or it never was at a point of the reader's.
    """
    found = lot_queries.lot(lot_id)
    mine = points.ids_in(guards.scopes(P.STOCK_READ))
    levels = lot_queries.levels_of(lot_id, mine) if found else []
    if found is None or not found.code or (mine is not None and not levels):
        raise NotFound
    return found, levels


@bp.get("/stock/lots/<int:lot_id>")
@guards.requires(P.STOCK_READ)
def lot(lot_id: int) -> Any:
    """One lot: where it is, every movement, its papers, its labels; `before` is the last movement seen."""
    return _lot_page(lot_id)


def _lot_page(lot_id: int, error: ShopError | None = None, part: str = "") -> Any:
    found, levels = _seen(lot_id)
    raw = request.args.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    moves = lot_queries.movements_of([x.level_id for x in levels], before=before, limit=HISTORY_ROWS + 1)
    owners = queries.owner_names()
    sent = request.form if error is not None else {}
    kept = error is not None and error.code == Invalid.code and error.field != "op_key"
    page = render_template(
        "stock/office/lot.html",
        here=HERE,
        lot=found,
        levels=levels,
        where={x.level_id: x.point for x in levels},
        owner=lambda owner: _owner(owner, owners),
        on_hand=sum(x.on_hand for x in levels),
        claimed=sum(x.held + x.allocated for x in levels),
        moves=moves[:HISTORY_ROWS],
        newest_url=web.path(f"{HERE}/{lot_id}") if before else "",
        older_url=f"{web.path(f'{HERE}/{lot_id}')}?before={moves[HISTORY_ROWS - 1].id}"
        if len(moves) > HISTORY_ROWS
        else "",
        kinds={k: gettext(n) for k, n in MOVEMENT_NAMES.items()},
        cause=cause,
        papers=lot_queries.papers_of(lot_id),
        paper_kinds={k: gettext(n) for k, n in PAPER_KIND_NAMES.items()},
        sizes=[(size.key, gettext(size.name)) for size in labels.SIZES.values()],
        may_stop=guards.may(P.RECALL_RUN, "*"),
        may_edit=guards.may(P.LOT_EDIT, "*"),
        part=part,
        v=sent,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=sent.get("op_key") if kept else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


def _done(lot_id: int, said: str) -> Any:
    flash(said, "ok")
    return redirect(web.path(f"{HERE}/{lot_id}"), 303)


@bp.post("/stock/lots/<int:lot_id>/stop")
@guards.requires(P.RECALL_RUN, scope=everywhere, name="all")
def stop_lot(lot_id: int) -> Any:
    """Stop the lot everywhere, with a reason."""
    try:
        lots.stop_lot(guards.actor(), lot_id, request.form.get("reason", ""), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _lot_page(lot_id, error, "stop")
    return _done(lot_id, gettext("Đã dừng lô ở mọi nơi."))


@bp.post("/stock/lots/<int:lot_id>/resume")
@guards.requires(P.RECALL_RUN, scope=everywhere, name="all")
def resume_lot(lot_id: int) -> Any:
    """Let the lot be sold again, with a reason."""
    try:
        lots.resume_lot(guards.actor(), lot_id, request.form.get("reason", ""), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _lot_page(lot_id, error, "stop")
    return _done(lot_id, gettext("Lô được bán trở lại."))


@bp.post("/stock/lots/<int:lot_id>/swap")
@guards.requires(P.RECALL_RUN, scope=everywhere, name="all")
def swap_lot(lot_id: int) -> Any:
    """Give what orders claim of a lot that may not leave from other lots of the same point."""
    _seen(lot_id)
    moved = lots.swap_lot(guards.actor(), lot_id)
    return _done(lot_id, gettext("Đã đổi %(n)s đơn vị sang lô khác.", n=moved))


@bp.post("/stock/lots/<int:lot_id>")
@guards.requires(P.LOT_EDIT, scope=everywhere, name="all")
def correct_lot(lot_id: int) -> Any:
    """Put the lot's code and dates right, with a reason."""
    try:
        lots.correct_lot(
            guards.actor(),
            lot_id,
            code=_line("code", 80),
            produced_on=_day("produced_on"),
            expires_on=_day("expires_on"),
            reason=request.form.get("reason", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _lot_page(lot_id, error, "correct")
    return _done(lot_id, gettext("Đã sửa thông tin lô."))


# --- papers ------------------------------------------------------------------------------------------------------


@bp.post("/stock/lots/<int:lot_id>/papers")
@guards.requires(P.LOT_EDIT, scope=everywhere, name="all")
def add_paper(lot_id: int) -> Any:
    """Keep a paper of the lot."""
    try:
        draft = lot_papers.PaperDraft(
            kind=request.form.get("kind", ""),
            number=request.form.get("number", ""),
            issuer=request.form.get("issuer", ""),
            issued_on=_day("issued_on"),
            content=upload(request, "file"),
            is_public=bool(request.form.get("is_public")),
        )
        lot_papers.add_paper(guards.actor(), lot_id, draft, request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _lot_page(lot_id, error, "paper")
    return _done(lot_id, gettext("Đã lưu giấy tờ."))


def _paper(lot_id: int, paper_id: int) -> Any:
    found = lot_queries.paper(paper_id)
    if found is None or found.lot_id != lot_id:
        raise NotFound
    return found


@bp.post("/stock/lots/<int:lot_id>/papers/<int:paper_id>")
@guards.requires(P.LOT_EDIT, scope=everywhere, name="all")
def change_paper(lot_id: int, paper_id: int) -> Any:
    """Show a paper to the public, hide it again, or take it off."""
    _paper(lot_id, paper_id)
    if request.form.get("do") == "remove":
        lot_papers.remove_paper(guards.actor(), paper_id)
        return _done(lot_id, gettext("Đã bỏ giấy tờ này."))
    lot_papers.set_public(guards.actor(), paper_id, is_public=request.form.get("do") == "show")
    return _done(lot_id, gettext("Đã lưu."))


@bp.get("/stock/lots/<int:lot_id>/papers/<int:paper_id>")
@guards.requires(P.STOCK_READ)
def paper_file(lot_id: int, paper_id: int) -> Any:
    """The file of a paper, for staff."""
    _seen(lot_id)
    return send_paper(_paper(lot_id, paper_id).file_key)


# --- labels ------------------------------------------------------------------------------------------------------


@bp.post("/stock/lots/<int:lot_id>/labels")
@guards.requires(P.STOCK_READ)
def print_labels(lot_id: int) -> Any:
    """Labels of the lot as PDF, each with a code to the trace page."""
    found, _levels = _seen(lot_id)
    try:
        wish = labels.wish(request.form)
        made = labels.sheet(found, lots.trace_code(guards.actor(), lot_id), wish)
    except ShopError as error:
        return _lot_page(lot_id, error, "labels")
    response = Response(made, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="tem-{found.sku}-{lot_id}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    web.mark_private()
    return response
