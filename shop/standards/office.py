"""`/office/standards`: marks, labels and tests of products; what waits, what ends next, who lacks what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.queries import office as catalog
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import files
from shop.standards import forms, queries, services
from shop.standards.models import KIND_NAMES, STATE_NAMES, VERDICT_NAMES, Standard, State

bp = Blueprint("standards", __name__)
HERE = "/office/standards"
P = Permission
STATE_KINDS = {
    State.WAITING: "warn", State.CONFIRMED: "ok", State.REFUSED: "bad", State.REPLACED: "", State.WITHDRAWN: "",
}  # fmt: skip


def of_product(slug: str, **_: Any) -> str | None:
    """The scope of a product's locality."""
    return catalog.product_scope(slug)


def of_standard(reference: str, **_: Any) -> str | None:
    """The scope of the locality of a paper's product."""
    return queries.locality(reference)


@bp.get("/standards")
@guards.requires(P.STANDARD_READ)
def index() -> Any:
    """The list, or a file of it."""
    view = queries.office(request.args, HERE, guards.scopes(P.STANDARD_READ))
    if view.export:
        return view.download()
    return render_template(
        "standards/office/index.html", here=HERE, view=view, kinds=KIND_NAMES, states=STATE_NAMES,
        state_kinds=STATE_KINDS, today=clock.today(),
    )  # fmt: skip


@bp.get("/standards/lacking")
@guards.requires(P.STANDARD_READ)
def lacking() -> Any:
    """Who lacks what, or a file of it."""
    view = queries.lacking(request.args, f"{HERE}/lacking", guards.scopes(P.STANDARD_READ))
    if view.export:
        return view.download()
    return render_template(
        "standards/office/lacking.html", here=HERE, view=view, may_add=guards.may(P.STANDARD_CONFIRM, "*")
    )


def choices() -> dict[str, Any]:
    """What the form of a paper offers."""
    return {
        "kinds": [(k.value, gettext(name)) for k, name in KIND_NAMES.items()],
        "verdicts": [(v.value, gettext(name)) for v, name in VERDICT_NAMES.items()],
    }


def _new(slug: str, v: Any, error: ShopError | None = None) -> Any:
    product = catalog.product(slug)
    if product is None:
        raise NotFound
    page = render_template(
        "standards/office/new.html", here=HERE, address=web.path(f"{HERE}/new/{product.slug}"), p=product, v=v,
        op_key=operations.new_key(), errors=messages(error), error_code=error.code if error else None, **choices(),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/standards/new/<slug>")
@guards.requires_all(P.STANDARD_CONFIRM)
def new(slug: str) -> Any:
    """The blank form of a paper of a product."""
    return _new(slug, forms.values(None))


@bp.post("/standards/new/<slug>")
@guards.requires_all(P.STANDARD_CONFIRM)
def enter(slug: str) -> Any:
    """Enter a paper; it counts at once."""
    product = catalog.product(slug)
    if product is None:
        raise NotFound
    try:
        reference = services.enter(
            guards.actor(), product.id, forms.said(request.form), request.form.get("op_key", ""),
            file=forms.upload(request, "file") or None, confirmed=True,
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _new(slug, request.form, error)
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/standards/<reference>")
@guards.requires(P.STANDARD_READ, scope=of_standard)
def one(reference: str) -> Any:
    """One paper."""
    return _page(reference)


def _page(reference: str, part: str = "", error: ShopError | None = None) -> Any:
    row = queries.one(reference)
    page = render_template(
        "standards/office/standard.html",
        here=HERE,
        address=web.path(f"{HERE}/{row.reference}"),
        row=row,
        v=request.form if part == "change" else forms.values(row),
        typed=request.form if error is not None else {},
        part=part,
        kind_names=KIND_NAMES,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
        verdict_names=VERDICT_NAMES,
        may_confirm=guards.may(P.STANDARD_CONFIRM, "*"),
        today=clock.today(),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
        **choices(),
    )
    return make_response(page, error.status if error else 200)


def _act(reference: str, part: str, words: str, command: Callable[[Standard, int, str], Any]) -> Any:
    row = queries.one(reference)
    return web.commanded(
        lambda: command(row, forms.version(request.form), request.form.get("op_key", "")),
        lambda error: _page(reference, part, error), words, f"{HERE}/{row.reference}",
    )  # fmt: skip


@bp.post("/standards/<reference>")
@guards.requires_all(P.STANDARD_CONFIRM)
def change(reference: str) -> Any:
    """Change what is said of a paper."""
    return _act(
        reference, "change", N_("Đã lưu."),
        lambda row, n, key: services.change(
            guards.actor(), row.reference, forms.said(request.form), n, key, file=forms.upload(request, "file") or None,
            confirmed=True,
        ),
    )  # fmt: skip


@bp.post("/standards/<reference>/confirm")
@guards.requires_all(P.STANDARD_CONFIRM)
def confirm(reference: str) -> Any:
    """Say that it is right."""
    return _act(
        reference, "confirm", N_("Đã xác nhận."),
        lambda row, n, key: services.confirm(guards.actor(), row.reference, n, key),
    )  # fmt: skip


@bp.post("/standards/<reference>/refuse")
@guards.requires_all(P.STANDARD_CONFIRM)
def refuse(reference: str) -> Any:
    """Say what is wrong with it."""
    return _act(
        reference, "refuse", N_("Đã trả lại cơ sở."),
        lambda row, n, key: services.refuse(guards.actor(), row.reference, request.form.get("reason", ""), n, key),
    )  # fmt: skip


@bp.get("/standards/<reference>/file")
@guards.requires(P.STANDARD_READ, scope=of_standard)
def file(reference: str) -> Any:
    """Its file, for staff."""
    row = queries.one(reference)
    if row.file_key is None:
        raise NotFound
    return files.answer(row.file_key, row.reference)
