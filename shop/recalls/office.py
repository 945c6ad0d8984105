"""Recalls for staff: look who has a lot, call it back in one action, follow until nothing is left."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import Product
from shop.kernel import operations, tables, text, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.orders.models import CHANNEL_NAMES
from shop.recalls import papers, queries, services
from shop.recalls.models import REACH_NAMES, Reach, Recall
from shop.stock.models import Lot
from shop.stock.queries import lots

bp = Blueprint("recalls", __name__)
HERE = "/office/recalls"
P = Permission
ADVICE = N_(
    "Xin đừng ăn, đừng dùng. Hãy giữ nguyên gói hàng và mang đến điểm bán gần nhất, hoặc trả lời thư này, để được hoàn tiền."
)


def everywhere(**_values: Any) -> str:
    """A guard's scope: a lot lies at all points at once."""
    return "*"


guarded = guards.requires(P.RECALL_RUN, scope=everywhere, name="all")

TABLE = tables.Table(
    name="thu-hoi",
    columns=(
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("lot", N_("Lô"), sort=(Lot.code,)),
        tables.Column("started_at", N_("Bắt đầu"), sort=(Recall.started_at,)),
        tables.Column("told", N_("Đã báo khách"), "num", value=lambda r: f"{r.told}/{r.buyers}"),
        tables.Column("on_hand", N_("Còn ở điểm"), "num"),
        tables.Column("closed_at", N_("Kết thúc"), sort=(Recall.closed_at,)),
        tables.Column("reason", N_("Lý do"), on_page=False),
    ),
    order="-started_at",
    tie=Recall.id,
    filters=(
        tables.Filter(
            "state",
            N_("Tình trạng"),
            lambda v: Recall.closed_at.is_(None) if v == "open" else Recall.closed_at.is_not(None),
            (("open", N_("Đang thu hồi")), ("closed", N_("Đã kết thúc"))),
        ),
    ),
)


@bp.get("/recalls")
@guarded
def recalls() -> Any:
    """All recalls."""
    view = TABLE.open(request.args, HERE, queries.recall_rows())
    return view.download() if view.export else render_template("recalls/office/recalls.html", here=HERE, view=view)


# --- before: who has it ------------------------------------------------------------------------------------------


@bp.get("/recalls/new")
@guarded
def preview() -> Any:
    """Find the lot (`q`), then see where it is and who has it before anything is done (`lot`)."""
    raw = request.args.get("lot", "")
    return _preview(int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None)


def _preview(lot_id: int | None, error: ShopError | None = None) -> Any:
    lot = lots.lot(lot_id) if lot_id is not None else None
    if lot is not None and not lot.code:
        lot = None
    if lot_id is not None and lot is None:
        raise NotFound
    if lot is not None and error is None and (known := queries.of_lot(lot.id)) is not None:
        return redirect(web.path(f"{HERE}/{known.reference}"))
    q = text.clean(request.args.get("q", "")).replace("\n", " ")[:100]
    page = render_template(
        "recalls/office/preview.html",
        here=HERE,
        q=q,
        found=lots.find_lots(q) if q and lot is None else [],
        lot=lot,
        spread=queries.spread(lot.id) if lot else None,
        reaches=REACH_NAMES,
        channels=CHANNEL_NAMES,
        v={"reason": request.form.get("reason", ""), "advice": request.form.get("advice") or gettext(ADVICE)},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/recalls")
@guarded
def run() -> Any:
    """Call the lot back."""
    raw = request.form.get("lot", "")
    lot_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0
    try:
        reference = services.run(
            guards.actor(),
            lot_id,
            request.form.get("reason", ""),
            request.form.get("advice", ""),
            request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _preview(lot_id, error)
    flash(gettext("Đã dừng lô và bắt đầu thu hồi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


# --- afterwards --------------------------------------------------------------------------------------------------


def _found(reference: str) -> Recall:
    found = queries.by_reference(reference)
    if found is None:
        raise NotFound
    return found


@bp.get("/recalls/<reference>")
@guarded
def recall(reference: str) -> Any:
    """How far a recall has come."""
    return _page(_found(reference))


def _page(found: Recall, error: ShopError | None = None, part: str = "") -> Any:
    lot = lots.lot(found.lot_id)
    buyers = queries.buyers(found.id)
    page = render_template(
        "recalls/office/recall.html",
        here=HERE,
        recall=found,
        lot=lot,
        spread=queries.spread(found.lot_id),
        buyers=buyers,
        told=sum(1 for b in buyers if b.told_at),
        to_call=sum(1 for b in buyers if b.reach == Reach.CALL and not b.told_at),
        units=sum(b.quantity for b in buyers),
        back=sum(b.back for b in buyers),
        reaches={k: gettext(v) for k, v in REACH_NAMES.items()},
        channels={k: gettext(v) for k, v in CHANNEL_NAMES.items()},
        cleared=[(k, gettext(v)) for k, v in services.CLEARED.items()],
        part=part,
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


def _back(reference: str, said: str) -> Any:
    flash(said, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/recalls/<reference>/swap")
@guarded
def swap(reference: str) -> Any:
    """Try again to give what orders claim from other lots."""
    found = _found(reference)
    try:
        moved = services.swap_again(guards.actor(), found.id)
    except ShopError as error:
        return _page(found, error)
    return _back(reference, gettext("Đã đổi %(n)s đơn vị sang lô khác.", n=moved))


@bp.post("/recalls/<reference>/told")
@guarded
def told(reference: str) -> Any:
    """Tick off buyers who were called."""
    found = _found(reference)
    ids = [int(x) for x in request.form.getlist("buyer") if x.isascii() and x.isdigit() and len(x) < 16]
    try:
        n = services.told(guards.actor(), found.id, ids, request.form.get("note", ""))
    except ShopError as error:
        return _page(found, error)
    return _back(reference, gettext("Đã ghi %(n)s khách được báo.", n=n))


@bp.post("/recalls/<reference>/buyers/<int:buyer_id>")
@guarded
def came_back(reference: str, buyer_id: int) -> Any:
    """So many units of a buyer's are back."""
    found = _found(reference)
    raw = request.form.get("back", "").strip()
    try:
        n = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 8 else -1
        services.came_back(guards.actor(), found.id, buyer_id, n, request.form.get("note", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(found, error, "buyers")
    return _back(reference, gettext("Đã lưu."))


@bp.post("/recalls/<reference>/levels/<int:level_id>")
@guarded
def clear_level(reference: str, level_id: int) -> Any:
    """Book off what lies at a point: destroyed, or returned to the producer."""
    found = _found(reference)
    try:
        n = services.clear_level(
            guards.actor(), found.id, level_id, request.form.get("how", ""), request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(found, error, "levels")
    return _back(reference, gettext("Đã trừ %(n)s đơn vị khỏi tồn kho.", n=n))


@bp.post("/recalls/<reference>/close")
@guarded
def close(reference: str) -> Any:
    """End the recall with a summary."""
    found = _found(reference)
    try:
        services.close(guards.actor(), found.id, request.form.get("summary", ""))
    except ShopError as error:
        return _page(found, error, "close")
    return _back(reference, gettext("Đã kết thúc đợt thu hồi."))


@bp.get("/recalls/<reference>/notice.pdf")
@guarded
def notice(reference: str) -> Any:
    """The notice to hang at the points."""
    found = _found(reference)
    lot = lots.lot(found.lot_id)
    if lot is None:
        raise NotFound
    web.mark_private()
    response = Response(papers.notice(found, lot), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="thu-hoi-{reference}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response
