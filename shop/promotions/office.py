"""`/office/promotions`: codes and timed sales; what they cost and who used them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.promotions import fairs, forms, rules
from shop.promotions.models import KIND_NAMES, MEASURE_NAMES, PAYER_NAMES, Kind, ScopeKind, State
from shop.promotions.queries import office as read
from shop.promotions.services import editing

bp = Blueprint("promotions", __name__)
HERE = "/office/promotions"
P = Permission
SCOPE_NAMES = {
    ScopeKind.PRODUCT: N_("Sản phẩm"),
    ScopeKind.SET: N_("Bộ sản phẩm"),
    ScopeKind.PRODUCER: N_("Cơ sở sản xuất"),
    ScopeKind.POINT: N_("Điểm bán"),
    ScopeKind.FAIR: N_("Hội chợ"),
}


# Products are named by their SKUs instead: there are too many to tick.
_TICKED = frozenset(SCOPE_NAMES) - {ScopeKind.PRODUCT}


@bp.get("/promotions")
@guards.requires_all(P.PROMOTION_READ)
def index() -> Any:
    """Every code and every sale."""
    view = read.OFFICE.open(request.args, HERE, read.rows(), make=read.make_row)
    if view.export:
        return view.download()
    return render_template(
        "promotions/office/index.html", here=HERE, view=view, kinds=KIND_NAMES, stands=read.STANDS,
        stand_kinds=read.STAND_KINDS, payers=PAYER_NAMES, may_edit=guards.may(P.PROMOTION_EDIT),
    )  # fmt: skip


def _form(kind: Kind, address: str, v: Any, error: ShopError | None = None) -> Any:
    chosen = {k: set(v.getlist(f"scope_{k.value}")) for k in SCOPE_NAMES} if hasattr(v, "getlist") else {}
    page = render_template(
        "promotions/office/edit.html",
        here=HERE,
        address=web.path(address),
        kind=kind,
        kind_name=KIND_NAMES[kind],
        v=v,
        rows=forms.rows(v),
        packs=read.packs(),
        measures=[(m.value, gettext(n)) for m, n in MEASURE_NAMES.items()],
        payers=[(p.value, gettext(n)) for p, n in PAYER_NAMES.items()],
        producers=read.scope_choices(ScopeKind.PRODUCER),
        fairs=fairs.choices(),
        scopes=[(k, n, read.scope_choices(k), chosen.get(k, set())) for k, n in SCOPE_NAMES.items() if k in _TICKED],
        deepest=rules.DEEPEST_PERCENT.get(),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if error is not None and error.status == 422 else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/promotions/new/code", defaults={"kind": "code"})
@bp.get("/promotions/new/sale", defaults={"kind": "sale"})
@guards.requires_all(P.PROMOTION_EDIT)
def new(kind: str) -> Any:
    """The form of a new code or sale."""
    return _form(Kind(kind), f"{HERE}/new/{kind}", MultiDict({"payer": "shop", "measure": "percent"}))


@bp.post("/promotions/new/code", defaults={"kind": "code"})
@bp.post("/promotions/new/sale", defaults={"kind": "sale"})
@guards.requires_all(P.PROMOTION_EDIT)
def draft(kind: str) -> Any:
    """Write a draft."""
    of = Kind(kind)
    try:
        made = editing.draft(guards.actor(), forms.terms(request.form, of), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _form(of, f"{HERE}/new/{kind}", request.form, error)
    flash(gettext("Đã lưu bản nháp. Xem lại rồi mở."), "ok")
    return redirect(web.path(f"{HERE}/{made}"), 303)


@bp.get("/promotions/<reference>")
@guards.requires_all(P.PROMOTION_READ)
def one(reference: str) -> Any:
    """One promotion: what it is, what it may cost, who used it."""
    return _page(reference)


def _page(reference: str, what: str = "", error: ShopError | None = None) -> Any:
    found = read.whole(reference)
    row = found.row
    view = read.uses(request.args, row.id, f"{HERE}/{row.reference}")
    if view.export:
        return view.download()
    page = render_template(
        "promotions/office/promotion.html",
        here=HERE,
        address=web.path(f"{HERE}/{row.reference}"),
        w=found,
        row=row,
        view=view,
        kinds=KIND_NAMES,
        payers=PAYER_NAMES,
        stands=read.STANDS,
        stand_kinds=read.STAND_KINDS,
        scope_names=SCOPE_NAMES,
        step_names=read.STEP_NAMES,
        may_edit=guards.may(P.PROMOTION_EDIT),
        may_orders=guards.may(P.ORDER_READ),
        is_draft=row.state in (State.DRAFT, State.WAITING),
        is_live=found.stands in (read.ON, read.TO_COME, read.USED_UP),
        v=request.form if what == "adjust" else forms.values(row),
        typed=request.form if what == "stop" else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if error is not None and error.status == 422 else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.route("/promotions/<reference>/edit", methods=["GET", "POST"])
@guards.requires_all(P.PROMOTION_EDIT)
def edit(reference: str) -> Any:
    """Change a draft."""
    row = read.by_reference(reference)
    address = f"{HERE}/{row.reference}/edit"
    if request.method == "GET":
        return _form(row.kind, address, forms.values(row))
    return web.commanded(
        lambda: editing.change(
            guards.actor(), row.reference, forms.terms(request.form, row.kind), forms.version(request.form),
            request.form.get("op_key", ""),
        ),
        lambda error: _form(row.kind, address, request.form, error),
        N_("Đã lưu."),
        f"{HERE}/{row.reference}",
    )  # fmt: skip


def _act(reference: str, what: str, words: str, command: Callable[[str, str], Any]) -> Any:
    row = read.by_reference(reference)
    return web.commanded(
        lambda: command(row.reference, request.form.get("op_key", "")),
        lambda error: _page(row.reference, what, error),
        words,
        f"{HERE}/{row.reference}",
    )


@bp.post("/promotions/<reference>/open")
@guards.requires_all(P.PROMOTION_EDIT)
def open_it(reference: str) -> Any:
    """Open a draft, or show it to the producer who bears it."""
    return _act(
        reference, "open", N_("Đã mở, hoặc đã gửi cơ sở xem nếu cơ sở chịu phần giảm."),
        lambda r, key: editing.open_it(guards.actor(), r, forms.version(request.form), key),
    )  # fmt: skip


@bp.post("/promotions/<reference>/adjust")
@guards.requires_all(P.PROMOTION_EDIT)
def adjust(reference: str) -> Any:
    """Change how long and how much an open one is."""
    return _act(
        reference, "adjust", N_("Đã lưu."),
        lambda r, key: editing.adjust(guards.actor(), r, forms.limits(request.form), forms.version(request.form), key),
    )  # fmt: skip


@bp.post("/promotions/<reference>/stop")
@guards.requires_all(P.PROMOTION_EDIT)
def stop(reference: str) -> Any:
    """End it now, for good."""
    return _act(
        reference, "stop", N_("Đã dừng. Đơn đã đặt giữ nguyên giá của mình."),
        lambda r, key: editing.stop(guards.actor(), r, request.form.get("reason", ""), key),
    )  # fmt: skip
