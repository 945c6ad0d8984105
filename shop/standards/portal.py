"""`/producer/standards`: a producer enters marks, labels and tests of his goods, and sees what ends and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, facts, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import files, maker
from shop.standards import forms, queries, services
from shop.standards.models import KIND_NAMES, STATE_NAMES, VERDICT_NAMES, Standard, State
from shop.standards.office import STATE_KINDS, choices

bp = Blueprint("standards", __name__)
HERE = "/producer/standards"
P = Permission


def of_standard(reference: str, **_: Any) -> str | None:
    """The scope of the producer whose product it is."""
    return queries.maker(reference)


@bp.get("/standards")
@guards.requires(P.PORTAL_ENTER)
def index() -> Any:
    """The list, or a file of it."""
    here = maker.current(P.PORTAL_ENTER)
    view = queries.portal(request.args, HERE, here.id)
    if view.export:
        return view.download()
    return render_template(
        "standards/portal/index.html", here=HERE, view=view, kinds=KIND_NAMES, states=STATE_NAMES, today=clock.today(),
        state_kinds=STATE_KINDS, lacks=queries.lacks_of(here.id), may_add=guards.may(P.LISTING_EDIT, here.scope),
    )  # fmt: skip


def _new(v: Any, error: ShopError | None = None) -> Any:
    here = maker.current(P.LISTING_EDIT)
    page = render_template(
        "standards/portal/new.html", here=HERE, v=v, op_key=operations.new_key(), errors=messages(error),
        goods=[(str(n), name) for n, name in queries.goods_of(here.id)], error_code=error.code if error else None,
        **choices(),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/standards/new")
@guards.requires(P.LISTING_EDIT)
def new() -> Any:
    """The blank form."""
    return _new(forms.values(None) | {"product": request.args.get("product", "")[:20]})


@bp.post("/standards/new")
@guards.requires(P.LISTING_EDIT)
def enter() -> Any:
    """Enter a paper; the office looks at it."""
    here = maker.current(P.LISTING_EDIT)
    try:
        product = facts.whole(1, 2**62)(request.form.get("product"), "product")
        if product not in {n for n, _name in queries.goods_of(here.id)}:
            raise Invalid(N_("Hãy chọn sản phẩm."), field="product")
        services.enter(
            guards.actor(), int(product or 0), forms.said(request.form), request.form.get("op_key", ""),
            file=forms.upload(request, "file") or None,
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _new(request.form, error)
    flash(gettext("Đã gửi. Văn phòng chương trình sẽ xem và xác nhận."), "ok")
    return redirect(web.path(HERE), 303)


@bp.get("/standards/<reference>")
@guards.requires(P.PORTAL_ENTER, scope=of_standard)
def one(reference: str) -> Any:
    """One paper."""
    return _page(reference)


def _page(reference: str, part: str = "", error: ShopError | None = None) -> Any:
    row = queries.one(reference)
    page = render_template(
        "standards/portal/standard.html",
        here=HERE,
        address=web.path(f"{HERE}/{row.reference}"),
        row=row,
        v=request.form if part == "change" else forms.values(row),
        kind_names=KIND_NAMES,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
        verdict_names=VERDICT_NAMES,
        may_change=row.state in (State.WAITING, State.REFUSED)
        and guards.may(P.LISTING_EDIT, f"producer:{row.product.producer_id}"),
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
        lambda error: _page(reference, part, error), words, HERE,
    )  # fmt: skip


@bp.post("/standards/<reference>")
@guards.requires(P.LISTING_EDIT, scope=of_standard)
def change(reference: str) -> Any:
    """Change it while nobody has confirmed it."""
    return _act(
        reference, "change", N_("Đã gửi. Văn phòng chương trình sẽ xem và xác nhận."),
        lambda row, n, key: services.change(
            guards.actor(), row.reference, forms.said(request.form), n, key, file=forms.upload(request, "file") or None
        ),
    )  # fmt: skip


@bp.post("/standards/<reference>/withdraw")
@guards.requires(P.LISTING_EDIT, scope=of_standard)
def withdraw(reference: str) -> Any:
    """Take it back."""
    return _act(
        reference, "withdraw", N_("Đã rút giấy tờ ấy."),
        lambda row, n, key: services.withdraw(guards.actor(), row.reference, n, key),
    )  # fmt: skip


@bp.get("/standards/<reference>/file")
@guards.requires(P.PORTAL_ENTER, scope=of_standard)
def file(reference: str) -> Any:
    """Its file, for members only."""
    row = queries.one(reference)
    if row.file_key is None:
        raise NotFound
    return files.answer(row.file_key, row.reference)
