"""`/office/agreements`: what was agreed with producers; propose, enter a signed paper, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import queries as producers
from shop.settlement import forms
from shop.settlement.models import (
    AGREEMENT_STATE_NAMES,
    LOSS_NAMES,
    PARTY_NAMES,
    PERIOD_NAMES,
    ROLE_NAMES,
    TAX_KIND_NAMES,
    TAX_STATUS_NAMES,
)
from shop.settlement.office import bp
from shop.settlement.office.statements import kept
from shop.settlement.queries import agreements as read
from shop.settlement.queries import statements as statements_read
from shop.settlement.services import agreements
from shop.stock.papers import send_paper

HERE = "/office/agreements"
P = Permission
STATE_KINDS = {"proposed": "warn", "agreed": "ok", "refused": "bad", "withdrawn": ""}
NAMES: dict[str, Any] = {
    "states": AGREEMENT_STATE_NAMES,
    "state_kinds": STATE_KINDS,
    "periods": PERIOD_NAMES,
    "parties": PARTY_NAMES,
    "losses": LOSS_NAMES,
    "roles": ROLE_NAMES,
    "tax_kinds": TAX_KIND_NAMES,
    "tax_statuses": TAX_STATUS_NAMES,
    "percent": read.percent,
}
DEFAULTS: dict[str, Any] = {
    "web_bp": "",
    "point_bp": "",
    "fair_bp": "",
    "term_days": "10",
    "period": "month",
    "voucher_bearer": "shop",
    "freight_earner": "shop",
    "tax_status": "unknown",
}
USUAL_LOSSES = ("damaged", "lost", "count", "transfer", "tasting", "gift")


@bp.get("/agreements")
@guards.requires_all(P.SETTLEMENT_READ)
def agreements_index() -> Any:
    """All agreements."""
    view = read.table(request.args)
    if view.export:
        return view.download()
    return render_template(
        "settlement/office/agreements.html", here=HERE, view=view, may_handle=guards.may(P.SETTLEMENT_HANDLE), **NAMES
    )


@bp.get("/agreements/new")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def new_agreement() -> Any:
    """The form; `producer` (its address) fills in what is known."""
    return _form()


def _options(names: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(value.value, gettext(label)) for value, label in names.items()]


def _form(error: ShopError | None = None) -> Any:
    row = producers.by_slug(request.values.get("producer", "")[:80])
    v: Any = request.form
    if error is None:
        v = DEFAULTS | {
            "valid_from": clock.today().replace(day=1).isoformat(),
            "tax_kind": read.likely_tax_kind(row.legal_form).value if row is not None else "",
        }
    page = render_template(
        "settlement/office/agreement_new.html",
        here=HERE,
        producer=row,
        producers=[(slug, name) for _id, slug, name in producers.names()],
        before=read.of_producer(row.id) if row is not None else [],
        sets=read.sets(),
        v=v,
        chosen=request.form.getlist("losses") if error is not None else USUAL_LOSSES,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=kept(error),
        period_options=_options(PERIOD_NAMES),
        party_options=_options(PARTY_NAMES),
        role_options=_options(ROLE_NAMES),
        tax_options=_options(TAX_KIND_NAMES),
        status_options=_options(TAX_STATUS_NAMES),
        **NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/agreements/new")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def propose() -> Any:
    """Propose it, or enter what was signed."""
    try:
        row = producers.by_slug(request.form.get("producer", "")[:80])
        if row is None:
            raise Invalid(N_("Hãy chọn cơ sở sản xuất."), field="producer")
        upload = request.files.get("paper")
        reference = agreements.propose(
            guards.actor(),
            row.id,
            forms.agreement(request.form, dict(read.sets())),
            paper=upload.read() if upload and upload.filename else None,
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _form(error)
    flash(gettext("Đã ghi thỏa thuận %(r)s.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/agreements/<reference>")
@guards.requires_all(P.SETTLEMENT_READ)
def agreement(reference: str) -> Any:
    """One agreement with its history."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    row, producer, own = read.one(reference)
    page = render_template(
        "settlement/office/agreement.html",
        here=HERE,
        a=row,
        producer=producer,
        own=own,
        others=read.of_producer(producer.id),
        steps=statements_read.steps_of("agreement", row.id),
        may_handle=guards.may(P.SETTLEMENT_HANDLE),
        errors=messages(error),
        error_code=error.code if error else None,
        **NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/agreements/<reference>/sign")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def sign(reference: str) -> Any:
    """The signed paper is here."""
    try:
        upload = request.files.get("paper")
        agreements.sign(guards.actor(), reference, upload.read() if upload and upload.filename else None)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Thỏa thuận đã có hiệu lực."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/agreements/<reference>/withdraw")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def withdraw(reference: str) -> Any:
    """Take a proposal back."""
    try:
        agreements.withdraw(guards.actor(), reference, request.form.get("reason", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã rút thỏa thuận."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/agreements/<reference>/paper")
@guards.requires_all(P.SETTLEMENT_READ)
def agreement_paper(reference: str) -> Response:
    """The signed paper; private."""
    return send_paper(read.one(reference)[0].paper_key)
