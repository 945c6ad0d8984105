"""`/producer/stock`: what lies in the own store and, consigned, elsewhere; goods made, counted, written off."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user

from shop.accounts import guards
from shop.counts.models import WRITE_OFF_REASON_NAMES, WriteOffReason
from shop.kernel import clock, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.messages import services as letters
from shop.messages.models import Topic
from shop.producers.maker import Maker
from shop.receipts import queries as receipts
from shop.stock import queries as stock
from shop.stock.models import MOVEMENT_NAMES
from shop.supply import forms
from shop.supply.portal import P, bp, theirs, whose
from shop.supply.queries import store as queries
from shop.supply.services import own_store

HERE = "/producer/stock"
HISTORY_ROWS = 50
# What a movement belongs to, for the producer.
PAPERS = {
    "production": N_("Mẻ %(r)s"),
    "store-count": N_("Đếm lại %(r)s"),
    "count": N_("Kiểm kê %(r)s"),
    "write-off": N_("Phiếu hủy %(r)s"),
    "transfer": N_("Phiếu chuyển %(r)s"),
    "receipt": N_("Phiếu giao %(r)s"),
    "order": N_("Đơn %(r)s"),
    "recall": N_("Thu hồi %(r)s"),
}


def of_level(level_id: int) -> str | None:
    """A guard's scope: the owner of a level; the shop's own goods are nobody's here."""
    found = queries.level_owner(level_id)
    return found if found and found.startswith("producer:") else None


def _owner_id(level_id: int) -> int:
    owner = queries.level_owner(level_id) or ""
    return int(owner.partition(":")[2] or 0)


@bp.get("/stock")
@guards.requires(P.SUPPLY_EDIT)
def stock_index() -> Any:
    """The producer's goods, wherever they lie."""
    return _index(whose())


def _index(here: Maker, error: ShopError | None = None) -> Any:
    view = queries.levels_table(here.id).open(
        request.args, HERE, queries.levels(here.id), make=lambda row: queries.StoreLevel(*tuple(row))
    )
    if view.export:
        return view.download()
    own, away = queries.totals(here.id)
    page = render_template(
        "supply/portal/stock.html",
        here=HERE,
        maker=here,
        view=view,
        stores=queries.own_points(here.id),
        own=own,
        away=away,
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/stock/want-store")
@guards.requires(P.SUPPLY_EDIT)
def want_store() -> Any:
    """Ask the office, by a message, to open a store of the producer's own."""
    here = whose()
    try:
        address = text.clean(request.form.get("address", "")).replace("\n", " ")
        if len(address) < 5:
            raise Invalid(N_("Hãy ghi địa chỉ của kho."), field="address")
        if len(address) > 500:
            raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field="address", n=500)
        body = gettext("Cơ sở %(name)s xin mở kho riêng trên hệ thống.", name=here.name)
        note = text.clean(request.form.get("note", ""))[:2000]
        reference = letters.receive(
            guards.actor(),
            letters.Draft(
                topic=Topic.PRODUCER,
                name=current_user.name,
                body="\n".join(filter(None, [body, f"{gettext('Địa chỉ')}: {address}", note])),
                email=current_user.email,
                phone=current_user.phone,
                locale=web.language(),
            ),
            request.form.get("op_key", ""),
        )
    except ShopError as error:
        return _index(here, error)
    flash(gettext("Đã gửi. Cửa hàng sẽ mở kho và trả lời bạn; mã thư %(r)s.", r=reference), "ok")
    return redirect(web.path(HERE), 303)


# --- goods made --------------------------------------------------------------------------------------------------


@bp.get("/stock/made")
@guards.requires(P.SUPPLY_EDIT)
def productions() -> Any:
    """What the producer has put into his own store."""
    here = whose()
    view = queries.PRODUCTIONS.open(
        request.args,
        f"{HERE}/made",
        queries.productions(here.id),
        make=lambda row: queries.ProductionRow(*tuple(row)),
    )
    if view.export:
        return view.download()
    return render_template("supply/portal/made.html", here=HERE, view=view, stores=queries.own_points(here.id))


@bp.get("/stock/new")
@guards.requires(P.SUPPLY_EDIT)
def new_production() -> Any:
    """The form for goods that were made; `sku` chooses the pack."""
    return _new(whose())


def _new(here: Maker, error: ShopError | None = None) -> Any:
    stores = queries.own_points(here.id)
    if not stores:
        return redirect(web.path(HERE), 303)
    packs = receipts.packs_of(here.id)
    chosen = next((p.variant_id for p in packs if p.sku == request.args.get("sku")), "")
    page = render_template(
        "supply/portal/make.html",
        here=HERE,
        maker=here,
        stores=[(p.slug, p.name) for p in stores],
        packs=[(p.variant_id, f"{p.product}, {p.pack} ({p.sku})") for p in packs],
        today=clock.today(),
        v=request.form if error else {"variant": chosen},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/stock/new")
@guards.requires(P.SUPPLY_EDIT)
def make_production() -> Any:
    """Put goods that were made into the own store."""
    here, form = whose(), request.form
    try:
        point = next((p for p in queries.own_points(here.id) if p.slug == form.get("point")), None)
        if point is None:
            raise Invalid(N_("Hãy chọn kho."), field="point")
        variant = form.get("variant", "")
        mine = {str(p.variant_id): p.variant_id for p in receipts.packs_of(here.id)}
        if variant not in mine:
            raise Invalid(N_("Hãy chọn quy cách."), field="variant")
        reference = own_store.make(
            guards.actor(),
            here.id,
            point.id,
            mine[variant],
            forms.number(form.get("quantity"), "quantity", needed=True),
            lot_code=form.get("lot", ""),
            produced_on=forms.some_day(form.get("produced_on"), "produced_on"),
            expires_on=forms.some_day(form.get("expires_on"), "expires_on"),
            note=form.get("note", ""),
            op_key=form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new(here, error)
    flash(gettext("Đã nhập mẻ %(r)s vào kho của cơ sở.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/made"), 303)


# --- one level ---------------------------------------------------------------------------------------------------


@bp.get("/stock/levels/<int:level_id>")
@guards.requires(P.SUPPLY_EDIT, scope=of_level, name="the level's owner")
def stock_level(level_id: int) -> Any:
    """Goods of one lot at one place, with every change."""
    return _level(level_id)


def _cause(reference: str | None) -> str:
    kind, _, rest = (reference or "").partition(":")
    return gettext(PAPERS[kind], r=rest.partition(":")[0]) if kind in PAPERS else ""


def _level(level_id: int, error: ShopError | None = None) -> Any:
    here = theirs(_owner_id(level_id))
    row = queries.level(here.id, level_id)
    if row is None:
        raise NotFound
    raw = request.args.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    moves = stock.history(level_id, before=before, limit=HISTORY_ROWS + 1)
    base = web.path(f"{HERE}/levels/{level_id}")
    page = render_template(
        "supply/portal/level.html",
        here=HERE,
        level=row,
        moves=[(m, _cause(m.reference)) for m in moves[:HISTORY_ROWS]],
        kinds={k: gettext(n) for k, n in MOVEMENT_NAMES.items()},
        counts=queries.counts_of(level_id) if row.own else [],
        reasons=[(r.value, gettext(n)) for r, n in WRITE_OFF_REASON_NAMES.items()],
        newest_url=base if before else "",
        older_url=f"{base}?before={moves[HISTORY_ROWS - 1].id}" if len(moves) > HISTORY_ROWS else "",
        address=base,
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/stock/levels/<int:level_id>/count")
@guards.requires(P.SUPPLY_EDIT, scope=of_level, name="the level's owner")
def count_level(level_id: int) -> Any:
    """Write down what was counted."""
    try:
        own_store.count(
            guards.actor(),
            _owner_id(level_id),
            level_id,
            forms.number(request.form.get("counted"), "counted", needed=True),
            seen=forms.number(request.form.get("seen"), "counted", needed=True),
            reason=request.form.get("reason", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _level(level_id, error)
    flash(gettext("Đã ghi số đếm."), "ok")
    return redirect(web.path(f"{HERE}/levels/{level_id}"), 303)


@bp.post("/stock/levels/<int:level_id>/write-off")
@guards.requires(P.SUPPLY_EDIT, scope=of_level, name="the level's owner")
def write_off_level(level_id: int) -> Any:
    """Write goods off."""
    try:
        why = request.form.get("why", "")
        if why not in set(WriteOffReason):
            raise Invalid(N_("Hãy chọn lý do."), field="why")
        own_store.write_off(
            guards.actor(),
            _owner_id(level_id),
            level_id,
            forms.number(request.form.get("quantity"), "quantity", needed=True),
            WriteOffReason(why),
            note=request.form.get("note", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _level(level_id, error)
    flash(gettext("Đã hủy hàng khỏi sổ."), "ok")
    return redirect(web.path(f"{HERE}/levels/{level_id}"), 303)
