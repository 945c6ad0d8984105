"""`/producer/statements` and `/producer/agreements`: what a producer is owed, and his word to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker
from shop.settlement import papers, rules
from shop.settlement.models import (
    AGREEMENT_STATE_NAMES,
    LOSS_NAMES,
    PARTY_NAMES,
    PAYOUT_STATE_NAMES,
    PERIOD_NAMES,
    ROLE_NAMES,
    STATEMENT_STATE_NAMES,
    TAX_KIND_NAMES,
    TAX_STATUS_NAMES,
    StatementState,
)
from shop.settlement.queries import agreements as agreements_read
from shop.settlement.queries import payouts as payouts_read
from shop.settlement.queries import statements as read
from shop.settlement.services import agreements, statements
from shop.stock.papers import send_paper

bp = Blueprint("settlement", __name__)
HERE = "/producer/statements"
P = Permission
AGREEMENT_KINDS = {"proposed": "warn", "agreed": "ok", "refused": "bad", "withdrawn": ""}


def of_statement(reference: str, **_: Any) -> str | None:
    """The scope of the producer whose statement it is."""
    return read.scope_of(reference)


def of_agreement(reference: str, **_: Any) -> str | None:
    """The scope of the producer whose agreement it is."""
    return agreements_read.scope_of(reference)


@bp.get("/statements")
@guards.requires(P.STATEMENT_READ)
def index() -> Any:
    """The producer's statements and what was agreed."""
    mine = maker.current(P.STATEMENT_READ)
    view = read.mine(request.args, mine.id)
    if view.export:
        return view.download()
    return render_template(
        "settlement/portal/statements.html",
        here=HERE,
        view=view,
        states=STATEMENT_STATE_NAMES,
        kinds=read.STATE_KINDS,
        agreements=agreements_read.of_producer(mine.id),
        agreement_states=AGREEMENT_STATE_NAMES,
        agreement_kinds=AGREEMENT_KINDS,
        words=agreements_read.words,
    )


@bp.get("/statements/<reference>")
@guards.requires(P.STATEMENT_READ, scope=of_statement)
def statement(reference: str) -> Any:
    """One statement with its lines; the form to agree or to say what is wrong."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    whole = read.whole(reference)
    row = whole.row
    view = read.lines(request.args, row, f"{HERE}/{reference}")
    if view.export:
        return view.download(papers.cover(whole))
    may = guards.may(P.STATEMENT_AGREE, f"producer:{row.producer_id}")
    page = render_template(
        "settlement/portal/statement.html",
        here=HERE,
        whole=whole,
        s=row,
        facts=papers.facts(whole),
        view=view,
        state=STATEMENT_STATE_NAMES[row.state],
        kinds=read.STATE_KINDS,
        remarks=read.remarks(row.id) if not whole.is_open else [],
        tried=payouts_read.of_statement(row.id) if row.state is StatementState.PAID else [],
        payout_states=PAYOUT_STATE_NAMES,
        withheld=rules.WITHHELD,
        may_agree=may and row.state in read.TO_ANSWER,
        may_dispute=may and (row.state in read.TO_ANSWER or row.state is StatementState.DISPUTED),
        chosen=request.form.getlist("entry") if error is not None else [],
        v=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if error is not None and error.status == 422 else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/statements/<reference>.pdf")
@guards.requires(P.STATEMENT_READ, scope=of_statement)
def statement_pdf(reference: str) -> Response:
    """The statement on paper."""
    made = Response(papers.statement(reference), mimetype="application/pdf")
    made.headers["Content-Disposition"] = f'inline; filename="{reference}.pdf"'
    return made


@bp.post("/statements/<reference>/agree")
@guards.requires(P.STATEMENT_AGREE, scope=of_statement)
def agree(reference: str) -> Any:
    """The producer agrees."""
    try:
        statements.agree(guards.actor(), reference)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Cảm ơn bạn. Bảng đối soát đã được hai bên đồng ý."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/statements/<reference>/dispute")
@guards.requires(P.STATEMENT_AGREE, scope=of_statement)
def dispute(reference: str) -> Any:
    """The producer says what is wrong: of all of it, or of the lines that are ticked."""
    try:
        row = read.whole(reference).row
        statements.dispute(
            guards.actor(),
            reference,
            request.form.get("reason", ""),
            read.entry_ids(row.id, request.form.getlist("entry")[:200]),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã gửi ý kiến đến cửa hàng."), "ok")
    return redirect(web.path(f"{HERE}/{reference}#y-kien"), 303)


# --- agreements --------------------------------------------------------------------------------------------------


@bp.get("/agreements/<reference>")
@guards.requires(P.STATEMENT_READ, scope=of_agreement)
def agreement(reference: str) -> Any:
    """What is proposed, or counts."""
    return _agreement(reference)


@bp.get("/agreements/<reference>/paper")
@guards.requires(P.STATEMENT_READ, scope=of_agreement)
def agreement_paper(reference: str) -> Response:
    """The paper that the producer signed; private."""
    return send_paper(agreements_read.one(reference)[0].paper_key)


def _agreement(reference: str, error: ShopError | None = None) -> Any:
    row, producer, own = agreements_read.one(reference)
    page = render_template(
        "settlement/portal/agreement.html",
        here=HERE,
        a=row,
        producer=producer,
        own=own,
        steps=read.steps_of("agreement", row.id),
        may_agree=guards.may(P.STATEMENT_AGREE, f"producer:{row.producer_id}") and row.state == "proposed",
        states=AGREEMENT_STATE_NAMES,
        state_kinds=AGREEMENT_KINDS,
        periods=PERIOD_NAMES,
        parties=PARTY_NAMES,
        losses=LOSS_NAMES,
        roles=ROLE_NAMES,
        tax_kinds=TAX_KIND_NAMES,
        tax_statuses=TAX_STATUS_NAMES,
        percent=agreements_read.percent,
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/agreements/<reference>/agree")
@guards.requires(P.STATEMENT_AGREE, scope=of_agreement)
def agree_to(reference: str) -> Any:
    """The producer agrees; it counts."""
    try:
        agreements.agree(guards.actor(), reference)
    except NotFound:
        raise
    except ShopError as error:
        return _agreement(reference, error)
    flash(gettext("Thỏa thuận đã có hiệu lực."), "ok")
    return redirect(web.path(f"/producer/agreements/{reference}"), 303)


@bp.post("/agreements/<reference>/refuse")
@guards.requires(P.STATEMENT_AGREE, scope=of_agreement)
def refuse(reference: str) -> Any:
    """The producer does not agree."""
    try:
        agreements.refuse(guards.actor(), reference, request.form.get("reason", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _agreement(reference, error)
    flash(gettext("Đã báo cho cửa hàng."), "ok")
    return redirect(web.path(f"/producer/agreements/{reference}"), 303)
