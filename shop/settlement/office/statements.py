"""`/office/statements`: all statements, one with its lines, closing, answering; corrections and rates of withholding."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import queries as producers
from shop.settlement import forms, papers, rules
from shop.settlement.models import (
    CORRECTION_STATE_NAMES,
    PAYOUT_STATE_NAMES,
    STATEMENT_STATE_NAMES,
    TAX_KIND_NAMES,
    StatementState,
    TaxKind,
)
from shop.settlement.office import bp
from shop.settlement.queries import agreements as agreements_read
from shop.settlement.queries import payouts as payouts_read
from shop.settlement.queries import statements as read
from shop.settlement.services import corrections, rates, statements
from shop.settlement.services.losses import bought_outright, of_purchases

HERE = "/office/statements"
P = Permission
CORRECTION_KINDS = {"asked": "warn", "posted": "ok", "refused": ""}


def kept(error: ShopError | None) -> str:
    """The operation key of a form that is shown again: its own while it may be sent again, else a new one."""
    if error is not None and error.status == 422 and error.field != "op_key":
        return request.form.get("op_key", "")
    return operations.new_key()


@bp.get("/statements")
@guards.requires_all(P.SETTLEMENT_READ)
def statements_index() -> Any:
    """All statements."""
    view = read.table(request.args)
    if view.export:
        return view.download()
    return render_template(
        "settlement/office/statements.html",
        here=HERE,
        view=view,
        states=STATEMENT_STATE_NAMES,
        kinds=read.STATE_KINDS,
        without=read.without_agreement(),
        unpriced=read.unpriced_lines(),
        may_handle=guards.may(P.SETTLEMENT_HANDLE),
        op_key=operations.new_key(),
        errors={},
    )


@bp.post("/statements/close")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def close_many() -> Any:
    """Close the statements that are ticked, each for itself; what cannot be closed is said."""
    done, refused = 0, []
    key = operations.checked_key(request.form.get("op_key"))
    for reference in request.form.getlist("statement")[:200]:
        try:
            statements.close(guards.actor(), reference, op_key=f"{key[:58]}:{reference}"[:80])
            done += 1
        except ShopError as error:
            refused.append(f"{reference}: {gettext(error.title, **error.values)}")
    if done:
        flash(gettext("Đã chốt %(n)s bảng.", n=done), "ok")
    for words in refused[:20]:
        flash(words, "bad")
    if not done and not refused:
        flash(gettext("Hãy chọn ít nhất một bảng."), "warn")
    return redirect(web.path(f"{HERE}?state=due"), 303)


@bp.get("/statements/<reference>")
@guards.requires_all(P.SETTLEMENT_READ)
def statement(reference: str) -> Any:
    """One statement: sums, lines, remarks, payouts."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None, at: str = "") -> Any:
    whole = read.whole(reference)
    view = read.lines(request.args, whole.row, f"{HERE}/{reference}")
    if view.export:
        return view.download(papers.cover(whole))
    page = render_template(
        "settlement/office/statement.html",
        here=HERE,
        whole=whole,
        s=whole.row,
        facts=papers.facts(whole),
        view=view,
        state=STATEMENT_STATE_NAMES[whole.row.state],
        kinds=read.STATE_KINDS,
        remarks=read.remarks(whole.row.id) if not whole.is_open else [],
        tried=payouts_read.of_statement(whole.row.id) if whole.row.state in _WITH_MONEY else [],
        payout_states=PAYOUT_STATE_NAMES,
        payout_kinds=payouts_read.PAYOUT_KINDS,
        correction_states=CORRECTION_STATE_NAMES,
        withheld=rules.WITHHELD,
        over=whole.row.to_on < clock.today(),
        may_handle=guards.may(P.SETTLEMENT_HANDLE),
        limit=rules.CORRECTION_LIMIT.get(),
        v=request.form if error is not None else {},
        answering=at,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=kept(error),
    )
    return make_response(page, error.status if error else 200)


_WITH_MONEY = (StatementState.AGREED, StatementState.PAID)


@bp.get("/statements/<reference>.pdf")
@guards.requires_all(P.SETTLEMENT_READ)
def statement_pdf(reference: str) -> Response:
    """The statement on paper."""
    return as_pdf(papers.statement(reference), reference)


def as_pdf(content: bytes, name: str) -> Response:
    """A paper to look at."""
    made = Response(content, mimetype="application/pdf")
    made.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return made


@bp.post("/statements/<reference>/close")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def close(reference: str) -> Any:
    """Close it."""
    try:
        done = statements.close(guards.actor(), reference, op_key=request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    if done.passed_over:
        flash(gettext("Kỳ này không phát sinh gì nên đã chuyển sang kỳ sau."), "ok")
    else:
        flash(gettext("Đã chốt bảng đối soát và báo cho cơ sở."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/statements/<reference>/answer/<remark>")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def answer(reference: str, remark: str) -> Any:
    """Answer a remark, with a correction if there is an amount."""
    if read.remark_scope(remark) != reference:
        raise NotFound
    try:
        amount = forms.signed(request.form.get("amount", ""), "amount", empty=0)
        statements.answer(
            guards.actor(), remark, request.form.get("answer", ""), amount, op_key=request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, remark)
    flash(gettext("Đã trả lời."), "ok")
    return redirect(web.path(f"{HERE}/{reference}#y-kien"), 303)


@bp.post("/statements/price/<int:line>")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def price(line: int) -> Any:
    """Say what goods that were bought outright cost, where the delivery did not."""
    if not bought_outright(line):
        raise NotFound
    try:
        cost = forms.cost(request.form.get("cost", ""), "cost")
        if not of_purchases([(line, cost)], guards.actor()):
            raise NotFound
    except NotFound:
        raise
    except ShopError as error:
        flash(gettext(error.title, **error.values), "bad")
    else:
        flash(gettext("Đã ghi giá mua."), "ok")
    return redirect(web.path(HERE), 303)


# --- corrections -------------------------------------------------------------------------------------------------


@bp.get("/statements/corrections")
@guards.requires_all(P.SETTLEMENT_READ)
def corrections_index() -> Any:
    """All corrections, and the form for a new one."""
    return _corrections()


def _corrections(error: ShopError | None = None) -> Any:
    view = read.corrections(request.args)
    if view.export:
        return view.download()
    page = render_template(
        "settlement/office/corrections.html",
        here=HERE,
        view=view,
        states=CORRECTION_STATE_NAMES,
        kinds=CORRECTION_KINDS,
        producers=producers.choices(),
        may_handle=guards.may(P.SETTLEMENT_HANDLE),
        me=guards.actor().key,
        limit=rules.CORRECTION_LIMIT.get(),
        v=request.form if error is not None else {"producer": request.args.get("producer", "")},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=kept(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/statements/corrections")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def correct() -> Any:
    """Write a correction."""
    try:
        producer = request.form.get("producer", "")
        if not producer.isascii() or not producer.isdigit() or len(producer) > 15:
            raise Invalid(N_("Hãy chọn cơ sở sản xuất."), field="producer")
        reference = corrections.correct(
            guards.actor(),
            int(producer),
            forms.signed(request.form.get("amount", ""), "amount"),
            request.form.get("reason", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _corrections(error)
    flash(gettext("Đã ghi điều chỉnh %(r)s.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/corrections"), 303)


@bp.post("/statements/corrections/<reference>/decide")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def decide_correction(reference: str) -> Any:
    """A second person says yes or no."""
    try:
        corrections.decide(
            guards.actor(), reference, agree=request.form.get("agree") == "1", note=request.form.get("note", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _corrections(error)
    flash(gettext("Đã ghi quyết định."), "ok")
    return redirect(web.path(f"{HERE}/corrections"), 303)


# --- rates of withholding ----------------------------------------------------------------------------------------


@bp.get("/statements/withholding")
@guards.requires_all(P.SETTLEMENT_READ)
def withholding() -> Any:
    """Who is withheld from, and at which rates."""
    return _withholding()


def _withholding(error: ShopError | None = None) -> Any:
    view = agreements_read.rates_table(request.args)
    if view.export:
        return view.download()
    subjects = [s for s in rules.subjects() if s.withheld]
    page = render_template(
        "settlement/office/withholding.html",
        here=HERE,
        view=view,
        percent=agreements_read.percent,
        subjects=rules.subjects(),
        tax_kinds=TAX_KIND_NAMES,
        choices=[(s.tax_kind.value, gettext(TAX_KIND_NAMES[s.tax_kind])) for s in subjects],
        role=rules.ROLE.get(),
        may_handle=guards.may(P.SETTLEMENT_HANDLE),
        v=request.form if error is not None else {"valid_from": clock.today().isoformat()},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=kept(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/statements/withholding")
@guards.requires_all(P.SETTLEMENT_HANDLE)
def enter_rate() -> Any:
    """Enter rates from a day on."""
    try:
        kind = request.form.get("tax_kind", "")
        if kind not in set(TaxKind):
            raise Invalid(N_("Giá trị này không có trong danh sách."), field="tax_kind")
        rates.enter(
            guards.actor(),
            TaxKind(kind),
            forms.day(request.form.get("valid_from", ""), "valid_from"),
            forms.rate(request.form.get("vat", ""), "vat"),
            forms.rate(request.form.get("income", ""), "income"),
            request.form.get("source", ""),
            request.form.get("op_key", ""),
        )
    except ShopError as error:
        return _withholding(error)
    flash(gettext("Đã ghi thuế suất."), "ok")
    return redirect(web.path(f"{HERE}/withholding"), 303)
