"""Money for staff: what has come, what is to check, what goes back, what is wrong.

For grants that cover all: who has them for some points only acts on the page of an order, which asks for its points.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import banks, clock, operations, web
from shop.kernel.dates import instant
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import Form
from shop.kernel.money import vnd
from shop.kernel.storage import storage
from shop.orders.models import PAYMENT_METHOD_NAMES
from shop.payments import forms, queries, reads, rules
from shop.payments import services as payments
from shop.payments.models import (
    DISPUTE_STATE_NAMES,
    LINE_KIND_NAMES,
    PAPER_KIND_NAMES,
    PAYMENT_STATE_NAMES,
    PAYOUT_GONE,
    PAYOUT_STATUS_NAMES,
    REFUND_STATE_NAMES,
    DisputeState,
    PaymentState,
    RefundState,
)
from shop.payments.services.disputes import WORDS

bp = Blueprint("payments", __name__)
HERE = "/office/payments"

STATE_KINDS = {
    PaymentState.PENDING: "info",
    PaymentState.CAPTURED: "ok",
    PaymentState.HELD: "warn",
    PaymentState.FAILED: "bad",
    PaymentState.CANCELLED: "",
}
REFUND_KINDS = {
    RefundState.WAITING: "warn",
    RefundState.PENDING: "info",
    RefundState.SUCCEEDED: "ok",
    RefundState.FAILED: "bad",
}
DISPUTE_KINDS = {
    DisputeState.OPEN: "bad",
    DisputeState.REVIEW: "info",
    DisputeState.WON: "ok",
    DisputeState.LOST: "bad",
    DisputeState.CLOSED: "",
}
DETAIL_NAMES = {
    "received": N_("Nhận được"),
    "due": N_("Phải thu"),
    "currency": N_("Loại tiền"),
    "reference": N_("Mã giao dịch"),
    "order": N_("Mã đơn"),
    "reason": N_("Lý do"),
    "fee": N_("Phí"),
    "asked": N_("Đã xin khách chuyển thêm lúc"),
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
        "resolved": _resolved,
        "new_key": operations.new_key,
        "by_hand": queries.by_hand_providers(),
        "waiting": queries.waiting(),
        "dispute_states": {s: (gettext(n), DISPUTE_KINDS[s]) for s, n in DISPUTE_STATE_NAMES.items()},
        "why": {k: gettext(n) for k, n in reads.REASONS.items()},
        "line_kinds": {k: gettext(n) for k, n in LINE_KIND_NAMES.items()},
        "banks": banks.choices(),
        "bank": banks.name,
        "now": clock.now(),
        "may_waive": payments.may_waive,
        "small": rules.SMALL_DIFFERENCE.get(),
        "me_key": guards.actor().key,
    }


DECISION_NAMES = {
    "accept": N_("Chấp nhận"),
    "waive": N_("Chấp nhận phần chênh"),
    "return": N_("Hoàn lại khách"),
    "close": N_("Đóng việc"),
}


def _resolved(told: str | None) -> str:
    """How a case was closed, for people: a person's decision by its name with his words, the machine's words as they are."""
    decision, colon, words = (told or "").partition(": ")
    return f"{gettext(DECISION_NAMES[decision])}: {words}" if colon and decision in DECISION_NAMES else told or ""


def _detail(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What a case says of itself, for people: amounts as money, the rest as it is."""
    told = []
    for name, value in found.items():
        if value is not None and name in DETAIL_NAMES:
            amount = name in {"received", "due", "fee"} and isinstance(value, int)
            said = vnd(value) if amount else instant(datetime.fromisoformat(value)) if name == "asked" else str(value)
            told.append((gettext(DETAIL_NAMES[name]), said))
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
    refund = form if isinstance(form, forms.RefundForm) else None
    wrong = form.errors if form is not None else {}
    page = render_template(
        "payments/office/payment.html",
        f=queries.file_of(payment_id),
        sent=form if refund is None else None,
        sent_refund=refund,
        errors={f"f-refund-{name}" if name else name: told for name, told in wrong.items()} if refund else wrong,
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
        to = payments.destination(
            form.way.data or "", form.to_bank.data or "", form.to_account.data or "", form.to_holder.data or ""
        )
        asked = payments.request_refund(
            guards.actor(), payment_id, _amount(form), form.reason.data or "", form.op_key.data or "", to=to
        )
        if asked.waits:
            return gettext("Đã lập khoản hoàn. Khoản này cần một người khác duyệt rồi mới được gửi đi."), "warn"
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


@bp.post("/payments/<int:payment_id>/refunds/<int:refund_id>/agree")
@guards.requires_all(Permission.REFUND_MAKE)
def refund_agree(payment_id: int, refund_id: int) -> Any:
    """A second person agrees to a refund."""
    form = forms.KeyForm()

    def command() -> tuple[str, str]:
        payments.agree(guards.actor(), refund_id, form.op_key.data or "")
        return gettext("Đã duyệt khoản hoàn."), "ok"

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


@bp.post("/payments/issues/<int:issue_id>/ask")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def issue_ask(issue_id: int) -> Any:
    """Ask the buyer for what lacks."""
    payments.ask_for_rest(guards.actor(), issue_id, request.form.get("op_key", ""))
    flash(gettext("Đã gửi thư xin khách chuyển thêm phần còn thiếu."), "ok")
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}/issues")), 303)


@bp.post("/payments/<int:payment_id>/owner")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def payment_owner(payment_id: int) -> Any:
    """Take a transfer that is awaited, or leave it to others."""
    payments.own_payment(guards.actor(), payment_id, mine=request.form.get("mine") == "1")
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}/transfers")), 303)


@bp.post("/payments/<int:payment_id>/refunds/<int:refund_id>/owner")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def refund_owner(payment_id: int, refund_id: int) -> Any:
    """Take a refund that waits, or leave it to others."""
    payments.own_refund(guards.actor(), refund_id, mine=request.form.get("mine") == "1")
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}/{payment_id}")), 303)


@bp.post("/payments/issues/<int:issue_id>/owner")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def issue_owner(issue_id: int) -> Any:
    """Take a case, or leave it to others."""
    payments.own(guards.actor(), issue_id, mine=request.form.get("mine") == "1")
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}/issues")), 303)


@bp.post("/payments/issues/<int:issue_id>/reopen")
@guards.requires_all(Permission.REFUND_MAKE)
def issue_reopen(issue_id: int) -> Any:
    """Undo what was decided about a case, as long as no money has left."""
    payments.reopen(guards.actor(), issue_id, request.form.get("op_key", ""))
    flash(gettext("Đã hoàn tác: việc này lại đang mở."), "ok")
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}/issues")), 303)


# --- disputes ----------------------------------------------------------------------------------------------------


@bp.get("/payments/disputes")
@guards.requires_all(Permission.PAYMENT_READ)
def disputes() -> Any:
    """All disputes, those whose answer is due first."""
    return _list(reads.disputes(request.args), "disputes")


@bp.get("/payments/disputes/<int:dispute_id>")
@guards.requires_all(Permission.PAYMENT_READ)
def dispute(dispute_id: int) -> Any:
    """One dispute: its money, its papers, its answer."""
    return _dispute_page(dispute_id)


def _dispute_page(dispute_id: int, error: ShopError | None = None) -> Any:
    page = render_template(
        "payments/office/dispute.html",
        f=reads.dispute(dispute_id),
        fields=[(name, gettext(label)) for name, label in WORDS.items()],
        kinds=[(kind.value, gettext(label)) for kind, label in PAPER_KIND_NAMES.items()],
        kind_names={kind: gettext(label) for kind, label in PAPER_KIND_NAMES.items()},
        sent=request.form if error else None,
        error=error,
        told=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
        **_words(),
    )
    return make_response(page, error.status if error else 200)


def _about_dispute(dispute_id: int, command: Callable[[], None], done: str) -> Any:
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _dispute_page(dispute_id, error)
    flash(done, "ok")
    return redirect(web.path(f"{HERE}/disputes/{dispute_id}"), 303)


@bp.post("/payments/disputes/<int:dispute_id>/papers")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def dispute_paper(dispute_id: int) -> Any:
    """Put a paper beside a dispute."""
    file = request.files.get("file")
    content = file.read() if file else b""
    return _about_dispute(
        dispute_id,
        lambda: payments.add_paper(guards.actor(), dispute_id, request.form.get("kind", ""), content),
        gettext("Đã thêm giấy tờ."),
    )


@bp.get("/payments/disputes/<int:dispute_id>/papers/<int:paper_id>")
@guards.requires_all(Permission.PAYMENT_READ)
def dispute_paper_file(dispute_id: int, paper_id: int) -> Any:
    """A paper itself."""
    found = reads.paper(dispute_id, paper_id)
    pdf = found.file_key.endswith(".pdf")
    answer = Response(storage().get(found.file_key), mimetype="application/pdf" if pdf else "image/jpeg")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if pdf:
        answer.headers["Content-Disposition"] = f'attachment; filename="{found.kind.value}-{dispute_id}.pdf"'
    return answer


@bp.post("/payments/disputes/<int:dispute_id>/papers/<int:paper_id>/drop")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def dispute_paper_drop(dispute_id: int, paper_id: int) -> Any:
    """Take a paper away again."""
    return _about_dispute(
        dispute_id, lambda: payments.drop_paper(guards.actor(), dispute_id, paper_id), gettext("Đã bỏ giấy tờ.")
    )


@bp.post("/payments/disputes/<int:dispute_id>/words")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def dispute_words(dispute_id: int) -> Any:
    """Keep the short answers."""
    return _about_dispute(
        dispute_id,
        lambda: payments.write(guards.actor(), dispute_id, {name: request.form.get(name, "") for name in WORDS}),
        gettext("Đã lưu câu trả lời; chưa gửi đi."),
    )


@bp.post("/payments/disputes/<int:dispute_id>/send")
@guards.requires_all(Permission.REFUND_MAKE)
def dispute_send(dispute_id: int) -> Any:
    """Send papers and answers; once."""
    return _about_dispute(
        dispute_id,
        lambda: payments.send(guards.actor(), dispute_id, request.form.get("op_key", "")),
        gettext("Đang gửi giấy tờ và câu trả lời tới cổng thanh toán."),
    )


@bp.post("/payments/disputes/<int:dispute_id>/concede")
@guards.requires_all(Permission.REFUND_MAKE)
def dispute_concede(dispute_id: int) -> Any:
    """Give the dispute up."""
    return _about_dispute(
        dispute_id,
        lambda: payments.concede(guards.actor(), dispute_id, request.form.get("op_key", "")),
        gettext("Đang báo cổng thanh toán rằng cửa hàng không phản đối."),
    )


@bp.post("/payments/disputes/<int:dispute_id>/owner")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def dispute_owner(dispute_id: int) -> Any:
    """Take a dispute, or leave it to others."""
    mine = request.form.get("mine") == "1"
    return _about_dispute(
        dispute_id,
        lambda: payments.own_dispute(guards.actor(), dispute_id, mine=mine),
        gettext("Bạn đã nhận việc này.") if mine else gettext("Bạn đã trả việc này lại."),
    )


# --- the provider's balance --------------------------------------------------------------------------------------


@bp.get("/payments/gateway")
@guards.requires_all(Permission.PAYMENT_READ)
def gateway_lines() -> Any:
    """The provider's own lines beside our books."""
    view = reads.lines(request.args)
    if view.export:
        return view.download()
    return render_template(
        "payments/office/gateway.html", view=view, sums=reads.sums(), asks=payments.keepers(), **_words()
    )


@bp.get("/payments/payouts")
@guards.requires_all(Permission.PAYMENT_READ)
def payouts() -> Any:
    """What the provider has sent to our bank, and whether it came."""
    view = reads.payouts(request.args)
    if view.export:
        return view.download()
    late = clock.today() - timedelta(days=rules.PAYOUT_DAYS.get())
    return render_template(
        "payments/office/payouts.html", view=view, late=late, gone=PAYOUT_GONE, statuses=PAYOUT_STATUS_NAMES, **_words()
    )


@bp.post("/payments/gateway/compare")
@guards.requires_all(Permission.PAYMENT_HANDLE)
def gateway_compare() -> Any:
    """Fetch and compare now."""
    wrong = payments.compare()
    if wrong is None:
        flash(
            gettext("Chưa đối chiếu được: cửa hàng chưa nối tài khoản nhận thẻ nào, nên không có sổ nào để hỏi."),
            "warn",
        )
    elif wrong:
        flash(gettext("Đã đối chiếu: còn %(n)s dòng chưa khớp, xem mục Cần xử lý.", n=wrong), "warn")
    else:
        flash(gettext("Đã đối chiếu: mọi dòng đều khớp."), "ok")
    return redirect(web.path(f"{HERE}/gateway"), 303)
