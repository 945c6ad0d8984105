"""Money for staff: what has come, what is to check, what goes back, what is wrong.

For grants that cover all: who has them for some points only acts on the page of an order, which asks for its points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import Form
from shop.kernel.money import vnd
from shop.orders.models import PAYMENT_METHOD_NAMES
from shop.payments import forms, queries
from shop.payments import services as payments
from shop.payments.models import PAYMENT_STATE_NAMES, REFUND_STATE_NAMES, PaymentState, RefundState

bp = Blueprint("payments", __name__)
HERE = "/office/payments"

STATE_KINDS = {
    PaymentState.PENDING: "info",
    PaymentState.CAPTURED: "ok",
    PaymentState.HELD: "warn",
    PaymentState.FAILED: "bad",
    PaymentState.CANCELLED: "",
}
REFUND_KINDS = {RefundState.PENDING: "info", RefundState.SUCCEEDED: "ok", RefundState.FAILED: "bad"}
DETAIL_NAMES = {
    "received": N_("Nhận được"),
    "due": N_("Phải thu"),
    "currency": N_("Loại tiền"),
    "reference": N_("Mã giao dịch"),
    "order": N_("Mã đơn"),
    "reason": N_("Lý do"),
}


def _words() -> dict[str, Any]:
    """Names and colours that all pages of this room use."""
    return {
        "here": HERE,
        "methods": {m: gettext(n) for m, n in PAYMENT_METHOD_NAMES.items()},
        "states": {s: (gettext(n), STATE_KINDS[s]) for s, n in PAYMENT_STATE_NAMES.items()},
        "refund_states": {s: (gettext(n), REFUND_KINDS[s]) for s, n in REFUND_STATE_NAMES.items()},
        "issue_names": {k: gettext(n) for k, n in queries.ISSUE_NAMES.items()},
        "detail": _detail,
        "new_key": operations.new_key,
        "by_hand": queries.by_hand_providers(),
        "waiting": queries.waiting(),
    }


def _detail(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What a case says of itself, for people: amounts as money, the rest as it is."""
    told = []
    for name, value in found.items():
        if value is not None and name in DETAIL_NAMES:
            amount = name in {"received", "due"} and isinstance(value, int)
            told.append((gettext(DETAIL_NAMES[name]), vnd(value) if amount else str(value)))
    return told


def _list(view: Any, template: str) -> Any:
    return (
        view.download() if view.export else render_template(f"payments/office/{template}.html", view=view, **_words())
    )


@bp.get("/payments")
@guards.requires_all(Permission.PAYMENT_READ)
def index() -> Any:
    """All payments, or a file of them."""
    return _list(queries.payments(request.args), "payments")


@bp.get("/payments/transfers")
@guards.requires_all(Permission.PAYMENT_READ)
def transfers() -> Any:
    """Transfers to look for on the account; the search box takes a memo as the bank gives it."""
    return _list(queries.transfers(request.args), "transfers")


@bp.get("/payments/issues")
@guards.requires_all(Permission.PAYMENT_READ)
def issues() -> Any:
    """Cases for people."""
    return _list(queries.issues(request.args), "issues")


@bp.get("/payments/refunds")
@guards.requires_all(Permission.PAYMENT_READ)
def refunds() -> Any:
    """What goes back."""
    return _list(queries.refunds(request.args), "refunds")


@bp.get("/payments/<int:payment_id>")
@guards.requires_all(Permission.PAYMENT_READ)
def payment(payment_id: int) -> Any:
    return _page(payment_id)


def _page(payment_id: int, form: Form | None = None, error: ShopError | None = None) -> Any:
    """One payment; with the form that was sent if it was not good."""
    if form is not None and error is not None:
        form.refuse(error)
    page = render_template(
        "payments/office/payment.html",
        f=queries.file_of(payment_id),
        sent=form,
        error_code=error.code if error else None,
        **_words(),
    )
    return make_response(page, error.status if error else 422 if form is not None else 200)


def _done(message: str, payment_id: int, kind: str = "ok") -> Response:
    flash(message, kind)
    back = request.form.get("back")
    return redirect(web.path(web.safe_next(back, f"{HERE}/{payment_id}")), 303)


def _try(payment_id: int, form: Form, command: Callable[[], tuple[str, str]]) -> Any:
    """Run `command` if the form is good, and say what came of it; else show the payment with what is wrong."""
    if not form.validate():
        return _page(payment_id, form)
    try:
        message, kind = command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(payment_id, form, error)
    return _done(message, payment_id, kind)


def _told(outcome: payments.Outcome) -> tuple[str, str]:
    if outcome.state is PaymentState.CAPTURED:
        return gettext("Đã ghi nhận đủ %(amount)s.", amount=vnd(outcome.due_amount)), "ok"
    return (
        gettext(
            "Đã ghi nhận %(received)s trên %(due)s: số tiền lệch nên đơn chưa được coi là đã trả. Xem mục Cần xử lý.",
            received=vnd(outcome.received_amount),
            due=vnd(outcome.due_amount),
        ),
        "warn",
    )


@bp.post("/payments/<int:payment_id>/received")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def received(payment_id: int) -> Any:
    """A transfer was seen on the account."""
    form = forms.TransferForm()
    return _try(
        payment_id,
        form,
        lambda: _told(
            payments.confirm_transfer(
                guards.actor(), payment_id, _amount(form), form.bank_reference.data or "", form.op_key.data or ""
            )
        ),
    )


@bp.post("/payments/<int:payment_id>/collected")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def collected(payment_id: int) -> Any:
    """The cash of an order was handed over."""
    form = forms.CashForm()
    return _try(
        payment_id,
        form,
        lambda: _told(payments.collect_cod(guards.actor(), payment_id, _amount(form), form.op_key.data or "")),
    )


@bp.post("/payments/<int:payment_id>/refund")
@guards.requires_all(Permission.REFUND_MAKE)
def refund(payment_id: int) -> Any:
    """Ask for money to go back."""
    form = forms.RefundForm()

    def command() -> tuple[str, str]:
        asked = payments.request_refund(
            guards.actor(), payment_id, _amount(form), form.reason.data or "", form.op_key.data or ""
        )
        if asked.by_hand:
            return gettext("Đã lập khoản hoàn. Hãy chuyển tiền cho khách rồi ghi mã giao dịch vào đây."), "ok"
        return gettext("Đã gửi yêu cầu hoàn tiền tới cổng thanh toán."), "ok"

    return _try(payment_id, form, command)


@bp.post("/payments/<int:payment_id>/refunds/<int:refund_id>/done")
@guards.requires_all(Permission.REFUND_MAKE)
def refund_done(payment_id: int, refund_id: int) -> Any:
    """A person has sent the money back."""
    form = forms.RefundDoneForm()

    def command() -> tuple[str, str]:
        payments.settle_refund(guards.actor(), refund_id, form.bank_reference.data or "", form.op_key.data or "")
        return gettext("Đã ghi nhận khoản hoàn."), "ok"

    return _try(payment_id, form, command)


@bp.post("/payments/<int:payment_id>/refunds/<int:refund_id>/drop")
@guards.requires_all(Permission.REFUND_MAKE)
def refund_drop(payment_id: int, refund_id: int) -> Any:
    """A refund by hand will not be made."""
    form = forms.DropForm()

    def command() -> tuple[str, str]:
        payments.give_up_refund(guards.actor(), refund_id, form.reason.data or "", form.op_key.data or "")
        return gettext("Đã bỏ khoản hoàn."), "ok"

    return _try(payment_id, form, command)


@bp.post("/payments/<int:payment_id>/ask")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def ask(payment_id: int) -> Any:
    """Ask the provider how a payment stands, now."""
    state = payments.reconcile(payment_id)
    return _done(gettext("Cổng thanh toán báo: %(state)s.", state=gettext(PAYMENT_STATE_NAMES[state])), payment_id)


@bp.post("/payments/issues/<int:issue_id>")
@guards.requires_all(Permission.REFUND_MAKE)
def settle(issue_id: int) -> Any:
    """Decide a case."""
    form = forms.IssueForm()
    if not form.validate():
        if not queries.has_issue(issue_id):
            raise NotFound
        raise Invalid(N_("Hãy chọn cách xử lý và ghi lý do."), field="note")
    payments.settle_issue(
        guards.actor(), issue_id, form.decision.data or "", form.note.data or "", form.op_key.data or ""
    )
    flash(gettext("Đã xử lý xong."), "ok")
    back = web.safe_next(request.form.get("back"), f"{HERE}/issues")
    return redirect(web.path(back), 303)


def _amount(form: Any) -> int:
    amount = form.amount.data
    if not isinstance(amount, int):
        raise Invalid(field="amount")
    return amount
