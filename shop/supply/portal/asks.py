"""`/producer/asks`: what points and fairs ask the producer for; yes, another number or day, or no, line by line."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.receipts.models import TERMS_NAMES
from shop.supply import forms, queries
from shop.supply.models import ASK_NAMES, ASK_STEP_NAMES, REPLY_NAMES, A, Reply, SupplyAsk
from shop.supply.portal import ASK_KINDS, P, bp, scope_by, theirs, whose
from shop.supply.queries import asks as reads
from shop.supply.queries import deliveries
from shop.supply.services import asks

HERE = "/producer/asks"
of_ask = scope_by(reads.producer_of, "of_ask")


@bp.get("/asks")
@guards.requires(P.SUPPLY_EDIT)
def asks_index() -> Any:
    """What the producer is asked for."""
    here = whose()
    statement = reads.rows().where(SupplyAsk.producer_id == here.id)
    view = reads.PORTAL.open(request.args, HERE, statement, make=reads.row)
    if view.export:
        return view.download()
    return render_template("supply/portal/asks.html", here=HERE, view=view, names=ASK_NAMES, kinds=ASK_KINDS)


@bp.get("/asks/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_ask)
def one_ask(reference: str) -> Any:
    """An ask, and the form to answer it."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    found, row = reads.ask(reference)
    theirs(found.producer_id)
    lines = reads.lines(found.id)
    waits = found.status is A.ASKED
    wanted = {line.variant_id: line.asked for line in lines}
    page = render_template(
        "supply/portal/ask.html",
        here=HERE,
        a=found,
        row=row,
        lines=lines,
        waits=waits,
        can=queries.in_time(found.producer_id, wanted, found.wanted_on) if waits else {},
        delivery=deliveries.delivery_reference(found.delivery_id),
        names=ASK_NAMES,
        kinds=ASK_KINDS,
        steps=ASK_STEP_NAMES,
        terms=TERMS_NAMES,
        replies=REPLY_NAMES,
        today=clock.today(),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/asks/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_ask)
def answer_ask(reference: str) -> Any:
    """Answer every line."""
    form = request.form
    try:
        found, _row = reads.ask(reference)
        said = {line.line_id: _answer(line.line_id) for line in reads.lines(found.id)}
        to = asks.answer(
            guards.actor(),
            reference,
            said,
            on=forms.some_day(form.get("on"), "on"),
            note=form.get("note", ""),
            op_key=form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    told = {
        A.ACCEPTED: N_("Cảm ơn bạn. Hàng đã được ghi vào lịch giao."),
        A.CHANGED: N_("Đã gửi. Cửa hàng sẽ xem số và ngày bạn hẹn rồi trả lời."),
        A.REFUSED: N_("Đã gửi lời từ chối."),
    }
    flash(gettext(told[to]), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _answer(line: int) -> asks.Answer:
    form = request.form
    reply = form.get(f"reply-{line}", "")
    if reply not in set(Reply):
        raise Invalid(N_("Hãy trả lời từng dòng."), field=f"reply-{line}")
    changed = reply == Reply.CHANGED
    field = f"quantity-{line}"
    return asks.Answer(
        Reply(reply),
        forms.number(form.get(field), field, needed=True) if changed else 0,
        form.get(f"refusal-{line}", ""),
    )
