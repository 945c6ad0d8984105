"""`/office/preorders`: every window; published, put right, shared out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import dates, operations, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.preorders import acts, forms, queries
from shop.preorders.models import WINDOW_NAMES
from shop.preorders.services import running, windows
from shop.preorders.sharing import RULE_NAMES, RULE_WORDS, Rule
from shop.producers import queries as producers
from shop.producers.models import Producer

bp = Blueprint("preorders", __name__)
HERE = "/office/preorders"
P = Permission


@bp.get("/preorders")
@guards.requires_all(P.PREORDER_READ)
def index() -> Any:
    """Every window."""
    view = queries.OFFICE.open(request.args, HERE, queries.rows(), make=queries.make_row)
    if view.export:
        return view.download()
    return render_template(
        "preorders/office/index.html", here=HERE, view=view, names=WINDOW_NAMES, kinds=queries.STATE_KINDS,
        may_handle=guards.may(P.PREORDER_HANDLE),
    )  # fmt: skip


def _form(maker: Producer, address: str, typed: Any, error: ShopError | None = None) -> Any:
    return acts.form("preorders/office/edit.html", HERE, maker, maker.province_code, address, typed, error)


@bp.get("/preorders/new")
@guards.requires_all(P.PREORDER_HANDLE)
def new() -> Any:
    """Choose a producer, then the form of a new window."""
    maker = producers.by_slug(request.args.get("producer", ""))
    if maker is None:
        return render_template(
            "preorders/office/choose.html", here=HERE, makers=[(slug, name) for _id, slug, name in producers.names()]
        )
    return _form(maker, f"{HERE}/new", acts.fresh())


@bp.post("/preorders/new")
@guards.requires_all(P.PREORDER_HANDLE)
def draft() -> Any:
    """Write a draft for a producer."""
    maker = producers.by_slug(request.form.get("producer", ""))
    if maker is None:
        raise NotFound
    key = request.form.get("op_key", "")
    return acts.done(
        lambda: windows.draft(guards.actor(), maker.id, forms.terms(request.form), key),
        lambda error: _form(maker, f"{HERE}/new", request.form, error),
        N_("Đã lưu bản nháp. Xem lại rồi mở."),
        lambda reference: f"{HERE}/{reference}",
    )


@bp.get("/preorders/<reference>")
@guards.requires_all(P.PREORDER_READ)
def one(reference: str) -> Any:
    """A window, its pre-orders and their money."""
    return _page(reference)


def _page(reference: str, what: str = "", error: ShopError | None = None) -> Any:
    page = render_template(
        "preorders/office/window.html", here=HERE, address=web.path(f"{HERE}/{reference}"), office=True,
        may_handle=guards.may(P.PREORDER_HANDLE), may_orders=guards.may(P.ORDER_READ),
        **acts.page(queries.window(reference), what, error),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.route("/preorders/<reference>/edit", methods=["GET", "POST"])
@guards.requires_all(P.PREORDER_HANDLE)
def edit(reference: str) -> Any:
    """Change a draft."""
    found = queries.window(reference)
    maker = producers.by_id(found.row.producer_id)
    if maker is None:
        raise NotFound
    address = f"{HERE}/{reference}/edit"
    if request.method == "GET":
        return _form(maker, address, forms.values(found.row))
    key = request.form.get("op_key", "")
    return acts.done(
        lambda: windows.change(guards.actor(), reference, forms.terms(request.form), key),
        lambda error: _form(maker, address, request.form, error),
        N_("Đã lưu."),
        lambda _none: f"{HERE}/{reference}",
    )


@guards.requires_all(P.PREORDER_HANDLE)
def act(reference: str, what: str) -> Any:
    """One step of a window."""
    command, words = acts.OFFICE_ACTS[what]
    return acts.done(
        lambda: command(guards.actor(), reference, request.form, request.form.get("op_key", "")),
        lambda error: _page(reference, what, error),
        words,
        lambda _none: f"{HERE}/{reference}",
    )


acts.hang(bp, act, [what for what in acts.OFFICE_ACTS if what != "submit"])


@bp.get("/preorders/<reference>/share")
@guards.requires_all(P.PREORDER_HANDLE)
def preview(reference: str) -> Any:
    """Who would get what, by the published rule and by the others; nothing is done."""
    try:
        return _preview(reference)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, "share", error)


def _preview(reference: str, error: ShopError | None = None) -> Any:
    found = running.preview(reference)
    ordered = sorted(Rule, key=lambda r: r is not found.window.rule)  # the published one first
    page = render_template(
        "preorders/office/share.html",
        here=HERE,
        address=web.path(f"{HERE}/{reference}"),
        w=queries.window(reference),
        row=found.window,
        p=found,
        rules=[(r, RULE_NAMES[r], found.counts(r), r is found.window.rule) for r in ordered],
        rows=[
            (row, [(r, found.shares[r][n].units, r is found.window.rule) for r in ordered])
            for n, row in enumerate(found.asked)
        ],
        rule_words=RULE_WORDS[found.window.rule],
        until=dates.instant(found.waiting_until) if found.waiting_until else "",
        missing=any(need.missing for need in found.needs),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/preorders/<reference>/share")
@guards.requires_all(P.PREORDER_HANDLE)
def run(reference: str) -> Any:
    """Share what came, once."""
    form = request.form
    try:
        done = running.run(guards.actor(), reference, form.get("stamp", ""), form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        try:
            return _preview(reference, error)
        except NotFound:
            raise
        except ShopError:
            return _page(reference, "share", error)
    flash(
        gettext(
            "Đã chia %(units)s phần, tạo %(orders)s đơn. Còn thiếu %(short)s phần; mọi người được báo qua thư.", **done
        ),
        "ok",
    )
    return redirect(web.path(f"{HERE}/{reference}"), 303)
