"""`/producer/preorders`: a producer's own windows; what is ordered in them, without who ordered it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.kernel.errors import N_, ShopError
from shop.preorders import acts, forms, queries
from shop.preorders.models import WINDOW_NAMES, HarvestWindow
from shop.preorders.services import windows
from shop.producers import queries as producers
from shop.producers.maker import Maker
from shop.supply.portal import scope_by, theirs, whose

bp = Blueprint("preorders", __name__)
HERE = "/producer/preorders"
P = Permission
of_window = scope_by(queries.owner_of, "of_window")


@bp.get("/preorders")
@guards.requires(P.SUPPLY_EDIT)
def index() -> Any:
    """The producer's windows."""
    here = whose()
    statement = queries.rows().where(HarvestWindow.producer_id == here.id)
    view = queries.PORTAL.open(request.args, HERE, statement, make=queries.make_row)
    if view.export:
        return view.download()
    return render_template(
        "preorders/portal/index.html", here=HERE, view=view, names=WINDOW_NAMES, kinds=queries.STATE_KINDS
    )


def _form(here: Maker, address: str, typed: Any, error: ShopError | None = None) -> Any:
    found = producers.by_id(here.id)
    province = found.province_code if found else None
    return acts.form("preorders/portal/edit.html", HERE, here, province, address, typed, error)


@bp.get("/preorders/new")
@guards.requires(P.SUPPLY_EDIT)
def new() -> Any:
    """The form of a new window."""
    return _form(whose(), f"{HERE}/new", acts.fresh())


@bp.post("/preorders/new")
@guards.requires(P.SUPPLY_EDIT)
def draft() -> Any:
    """Write a draft."""
    here, key = whose(), request.form.get("op_key", "")
    return acts.done(
        lambda: windows.draft(guards.actor(), here.id, forms.terms(request.form), key),
        lambda error: _form(here, f"{HERE}/new", request.form, error),
        N_("Đã lưu bản nháp. Xem lại rồi gửi."),
        lambda reference: f"{HERE}/{reference}",
    )


@bp.get("/preorders/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_window)
def one(reference: str) -> Any:
    """A window and what is ordered in it."""
    return _page(reference)


def _page(reference: str, what: str = "", error: ShopError | None = None) -> Any:
    found = queries.window(reference)
    theirs(found.row.producer_id)
    page = render_template(
        "preorders/portal/window.html", here=HERE, address=web.path(f"{HERE}/{reference}"), office=False,
        **acts.page(found, what, error),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.route("/preorders/<reference>/edit", methods=["GET", "POST"])
@guards.requires(P.SUPPLY_EDIT, scope=of_window)
def edit(reference: str) -> Any:
    """Change a draft."""
    found = queries.window(reference)
    here, address = theirs(found.row.producer_id), f"{HERE}/{reference}/edit"
    if request.method == "GET":
        return _form(here, address, forms.values(found.row))
    key = request.form.get("op_key", "")
    return acts.done(
        lambda: windows.change(guards.actor(), reference, forms.terms(request.form), key),
        lambda error: _form(here, address, request.form, error),
        N_("Đã lưu."),
        lambda _none: f"{HERE}/{reference}",
    )


def _of_step(reference: str, what: str) -> str | None:
    found = queries.owner_of(reference)
    return None if found is None else f"producer:{found}"


@guards.requires(P.SUPPLY_EDIT, scope=_of_step, name="of_window")
def act(reference: str, what: str) -> Any:
    """One step of a window."""
    command, words = acts.ACTS[what]
    return acts.done(
        lambda: command(guards.actor(), reference, request.form, request.form.get("op_key", "")),
        lambda error: _page(reference, what, error),
        words,
        lambda _none: f"{HERE}/{reference}",
    )


acts.hang(bp, act, list(acts.ACTS))
