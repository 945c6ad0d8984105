"""`/office/payouts`: batches for the bank, their approval by a second person, the file, what the bank said."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from markupsafe import Markup

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, tables, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.payments import vietqr
from shop.settlement import forms, papers
from shop.settlement.errors import SettlementStep
from shop.settlement.models import BATCH_STATE_NAMES, PAYOUT_STATE_NAMES, BatchState, PayoutState
from shop.settlement.office import bp
from shop.settlement.office.statements import as_pdf, kept
from shop.settlement.queries import payouts as read
from shop.settlement.services import payouts

HERE = "/office/payouts"
P = Permission
NAMES: dict[str, Any] = {
    "batch_states": BATCH_STATE_NAMES,
    "batch_kinds": read.BATCH_KINDS,
    "payout_states": PAYOUT_STATE_NAMES,
    "payout_kinds": read.PAYOUT_KINDS,
}
# The columns of the bulk transfer, as most banks take them: docs/legal-role.md tells of the file.
FILE_HEAD = ("STT", "Bank BIN", "Bank", "Account number", "Account holder", "Amount", "Currency", "Memo", "Reference")


@bp.get("/payouts")
@guards.requires_all(P.SETTLEMENT_READ)
def payouts_index() -> Any:
    """All batches."""
    view = read.table(request.args)
    if view.export:
        return view.download()
    return render_template(
        "settlement/office/payouts.html", here=HERE, view=view, may_handle=guards.may(P.SETTLEMENT_HANDLE), **NAMES
    )


@bp.get("/payouts/new")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def new_batch() -> Any:
    """Agreed statements to choose from."""
    return _new()


def _new(error: ShopError | None = None) -> Any:
    view = read.payable(request.args)
    if view.export:
        return view.download()
    page = render_template(
        "settlement/office/payout_new.html",
        here=HERE,
        view=view,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=kept(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/payouts/new")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def prepare() -> Any:
    """Put the chosen ones together."""
    try:
        reference = payouts.prepare(
            guards.actor(), request.form.getlist("statement")[:500], op_key=request.form.get("op_key", "")
        )
    except ShopError as error:
        return _new(error)
    flash(gettext("Đã lập đợt chi %(r)s. Người thứ hai có quyền chi trả cần duyệt.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/payouts/<reference>")
@guards.requires_all(P.SETTLEMENT_READ)
def batch(reference: str) -> Any:
    """One batch."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    row = read.batch(reference)
    view = read.payouts(request.args, row)
    if view.export:
        return view.download()
    page = render_template(
        "settlement/office/batch.html",
        here=HERE,
        b=row,
        sums=read.batch_row(reference),
        view=view,
        mine=row.prepared_by == guards.actor().key,
        may_handle=guards.may(P.SETTLEMENT_HANDLE),
        may_pay=guards.may(P.PAYOUT_MAKE),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
        **NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/payouts/<reference>/approve")
@guards.requires_all(P.PAYOUT_MAKE)
def approve(reference: str) -> Any:
    """A second person says yes."""
    try:
        payouts.approve(guards.actor(), reference, op_key=request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã duyệt. Tải tệp chuyển khoản hoặc quét mã để chi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/payouts/<reference>/cancel")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def cancel(reference: str) -> Any:
    """It will not go."""
    try:
        payouts.cancel(guards.actor(), reference, request.form.get("reason", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã hủy đợt chi; các bảng lại chờ chi trả."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/payouts/<reference>.csv")
@guards.requires_all(P.PAYOUT_MAKE)
def bank_file(reference: str) -> Response:
    """The bulk transfer for the bank: what is approved and not settled. Texts are plain ASCII and cannot be a formula."""
    row = read.batch(reference)
    if row.state is not BatchState.APPROVED:
        raise SettlementStep
    waiting = [r for r in read.of_batch(row.id) if r.state is PayoutState.APPROVED]
    lines = [
        [
            n, r.bank_bin, vietqr.plain(r.bank), r.account_number, vietqr.plain(r.holder or "").upper(), r.amount, "VND",
            r.memo, r.reference,
        ]
        for n, r in enumerate(waiting, 1)
    ]  # fmt: skip
    return tables.send_csv(reference, FILE_HEAD, iter(lines))


@bp.get("/payouts/<reference>.pdf")
@guards.requires_all(P.SETTLEMENT_READ)
def batch_pdf(reference: str) -> Response:
    """The order to pay on paper, with a code for each."""
    return as_pdf(papers.order_to_pay(read.batch(reference)), reference)


@bp.get("/payouts/<reference>/<payout>")
@guards.requires_all(P.SETTLEMENT_READ)
def payout(reference: str, payout: str) -> Any:
    """One payout: its code to pay by phone, and what the bank said."""
    return _payout(reference, payout)


def _payout(reference: str, payout: str, error: ShopError | None = None) -> Any:
    row = read.one(reference, payout)
    page = render_template(
        "settlement/office/payout.html",
        here=HERE,
        p=row,
        qr=Markup(vietqr.svg(row.qr)) if row.qr else "",  # noqa: S704 - our own drawing
        today=clock.today(),
        may_pay=guards.may(P.PAYOUT_MAKE),
        v=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=kept(error),
        other_key=operations.new_key(),
        **NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/payouts/<reference>/<payout>/paid")
@guards.requires_all(P.PAYOUT_MAKE)
def paid(reference: str, payout: str) -> Any:
    """The bank has paid it."""
    read.one(reference, payout)
    try:
        payouts.paid(
            guards.actor(),
            payout,
            request.form.get("bank_reference", ""),
            forms.day(request.form.get("paid_on", ""), "paid_on"),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _payout(reference, payout, error)
    flash(gettext("Đã ghi khoản chi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/payouts/<reference>/<payout>/failed")
@guards.requires_all(P.PAYOUT_MAKE)
def failed(reference: str, payout: str) -> Any:
    """The bank could not pay it."""
    read.one(reference, payout)
    try:
        payouts.failed(guards.actor(), payout, request.form.get("reason", ""), op_key=request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _payout(reference, payout, error)
    flash(gettext("Đã ghi; bảng đối soát lại chờ chi trả."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
