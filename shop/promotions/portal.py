"""`/producer/promotions`: what a producer is asked to bear, and his word to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker
from shop.promotions import forms
from shop.promotions.models import KIND_NAMES, PAYER_NAMES, State
from shop.promotions.office import SCOPE_NAMES
from shop.promotions.queries import office as read
from shop.promotions.services import editing

bp = Blueprint("promotions", __name__)
HERE = "/producer/promotions"
P = Permission


def of_promotion(reference: str, **_: Any) -> str | None:
    """The scope of the producer who is asked to bear it."""
    return read.scope_of(reference)


@bp.get("/promotions")
@guards.requires(P.STATEMENT_READ)
def index() -> str:
    """What the producer is asked to bear, or bears."""
    mine = maker.current(P.STATEMENT_READ)
    return render_template(
        "promotions/portal/index.html", here=HERE, found=read.of_producer(mine.id), kinds=KIND_NAMES,
        stands=read.STANDS, stand_kinds=read.STAND_KINDS,
    )  # fmt: skip


@bp.get("/promotions/<reference>")
@guards.requires(P.STATEMENT_READ, scope=of_promotion)
def one(reference: str) -> Any:
    """One promotion and the form of the answer."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found = read.whole(reference)
    may = guards.may(P.STATEMENT_AGREE, f"producer:{found.row.producer_id}")
    page = render_template(
        "promotions/portal/promotion.html",
        here=HERE,
        address=web.path(f"{HERE}/{found.row.reference}"),
        w=found,
        row=found.row,
        kinds=KIND_NAMES,
        payers=PAYER_NAMES,
        stands=read.STANDS,
        stand_kinds=read.STAND_KINDS,
        scope_names=SCOPE_NAMES,
        may_agree=may and found.row.state is State.WAITING,
        typed=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if error is not None and error.status == 422 else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


def _answered(reference: str, words: str, command: Callable[[str, str], None]) -> Any:
    row = read.by_reference(reference)
    try:
        command(row.reference, request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(row.reference, error)
    flash(gettext(words), "ok")
    return redirect(web.path(f"{HERE}/{row.reference}"), 303)


@bp.post("/promotions/<reference>/agree")
@guards.requires(P.STATEMENT_AGREE, scope=of_promotion)
def agree(reference: str) -> Any:
    """The producer agrees to bear it."""
    return _answered(
        reference, N_("Cảm ơn. Chương trình đã mở."),
        lambda r, key: editing.agree(guards.actor(), r, forms.version(request.form), key),
    )  # fmt: skip


@bp.post("/promotions/<reference>/refuse")
@guards.requires(P.STATEMENT_AGREE, scope=of_promotion)
def refuse(reference: str) -> Any:
    """The producer does not agree."""
    row = read.by_reference(reference)
    try:
        editing.refuse(guards.actor(), row.reference, request.form.get("reason", ""), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(row.reference, error)
    flash(gettext("Đã trả lời cửa hàng."), "ok")
    return redirect(web.path(HERE), 303)
