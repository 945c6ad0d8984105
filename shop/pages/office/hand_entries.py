"""`/office/ledger/hand`: entries that people write by hand, each posted by another one. Here because their papers are kept as
the catalogue keeps documents, above the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog import documents
from shop.kernel import clock, money, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.kernel.storage import storage
from shop.ledger import hand_queries, names
from shop.ledger.chart import ACCOUNTS, BY_HAND
from shop.ledger.models import HAND_STATE_NAMES, HandState
from shop.ledger.services import hand
from shop.pages.office import bp

HERE = "/office/ledger/hand"
FOLDER = "hand-entries"
P = Permission
STATE_KINDS = {HandState.WAITING: "warn", HandState.POSTED: "ok", HandState.REFUSED: "bad", HandState.WITHDRAWN: ""}


def _shown(template: str, error: ShopError | None = None, **values: Any) -> Any:
    channels = hand_queries.channels()
    called = names.of(channels)
    page = render_template(
        f"pages/office/{template}.html",
        here=HERE,
        accounts=[(code, gettext(ACCOUNTS[code].name)) for code in BY_HAND],
        channels=[(c, called[c].label) for c in channels],
        called=called,
        chart=ACCOUNTS,
        states=HAND_STATE_NAMES,
        kinds=STATE_KINDS,
        me=guards.actor().key,
        may_write=guards.may(P.LEDGER_CLOSE),
        today=clock.today(),
        new_key=operations.new_key,
        v=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
        **values,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/ledger/hand")
@guards.requires_all(P.LEDGER_READ)
def hand_entries() -> Any:
    """All of them, those that wait first."""
    return _list()


def _list(error: ShopError | None = None) -> Any:
    view = hand_queries.entries(request.args, HERE)
    return view.download() if view.export else _shown("hand", error, view=view)


def _day(name: str) -> Any:
    try:
        return clock.read_day(request.form.get(name, ""))
    except ValueError:
        raise Invalid(N_("Hãy chọn ngày."), field=name) from None


@bp.post("/ledger/hand")
@guards.requires_all(P.LEDGER_CLOSE)
def hand_write() -> Any:
    """Write one; another person posts it."""
    form = request.form
    try:
        try:
            amount = money.parse_vnd(form.get("amount", "")[:40], low=1)
        except Invalid as error:
            error.field = "amount"
            raise
        sent = request.files.get("file")
        content = sent.read(documents.LARGEST_FILE + 1) if sent is not None and sent.filename else b""
        paper = documents.keep(content, folder=FOLDER) if content else None
        reference = hand.write(
            guards.actor(), day=_day("day"), channel=form.get("channel", "")[:40], debit=form.get("debit", ""),
            credit=form.get("credit", ""), amount=amount, reason=form.get("reason", "")[:600],
            paper_name=form.get("paper_name", "")[:300], paper_key=paper, op_key=form.get("op_key", ""),
        )  # fmt: skip
    except ShopError as error:
        return _list(error)
    flash(gettext("Đã lập bút toán %(r)s, chờ người thứ hai duyệt.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/ledger/hand/<reference>")
@guards.requires_all(P.LEDGER_READ)
def hand_entry(reference: str) -> Any:
    """One of them."""
    return _one(reference)


def _one(reference: str, error: ShopError | None = None) -> Any:
    found = hand_queries.entry(reference)
    return _shown("hand_entry", error, f=found, e=found.row)


def _step(reference: str, done: str, command: Callable[[str], Any]) -> Any:
    try:
        command(request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _one(reference, error)
    flash(done, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/ledger/hand/<reference>/approve")
@guards.requires_all(P.LEDGER_CLOSE)
def hand_approve(reference: str) -> Any:
    """Post what another person wrote."""
    actor = guards.actor()
    return _step(reference, gettext("Đã ghi sổ."), lambda key: hand.approve(actor, reference, op_key=key))


@bp.post("/ledger/hand/<reference>/refuse")
@guards.requires_all(P.LEDGER_CLOSE)
def hand_refuse(reference: str) -> Any:
    """Refuse it, or take one's own back."""
    actor, why = guards.actor(), request.form.get("why", "")[:600]
    return _step(reference, gettext("Đã bỏ bút toán."), lambda key: hand.refuse(actor, reference, why, op_key=key))


@bp.post("/ledger/hand/<reference>/undo")
@guards.requires_all(P.LEDGER_CLOSE)
def hand_undo(reference: str) -> Any:
    """Write its opposite, which another person posts."""
    actor, reason = guards.actor(), request.form.get("reason", "")[:600]
    return _step(
        reference,
        gettext("Đã lập bút toán đảo, chờ người thứ hai duyệt."),
        lambda key: hand.undo(actor, reference, _day("day"), reason, op_key=key),
    )


@bp.get("/ledger/hand/<reference>/paper")
@guards.requires_all(P.LEDGER_READ)
def hand_paper(reference: str) -> Any:
    """The paper it rests on."""
    key = hand_queries.entry(reference).row.paper_key
    if key is None:
        raise NotFound
    pdf = key.endswith(".pdf")
    answer = Response(storage().get(key), mimetype="application/pdf" if pdf else "image/jpeg")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if pdf:
        answer.headers["Content-Disposition"] = f'attachment; filename="{reference}.pdf"'
    return answer
