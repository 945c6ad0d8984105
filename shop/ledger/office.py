"""`/office/ledger`: balances with the way down to entries and what caused them; days of channels, closed by a person."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, tables, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.ledger import names, papers, queries
from shop.ledger.chart import ACCOUNTS, SIDE_NAMES
from shop.ledger.services import days

bp = Blueprint("ledger", __name__)
P = Permission
HERE = "/office/ledger"


def _render(page: str, **values: Any) -> str:
    return render_template(f"ledger/office/{page}.html", here=HERE, kind_names=queries.KIND_NAMES, **values)


@bp.get("/ledger")
@guards.requires_all(P.LEDGER_READ)
def balance() -> Any:
    """The trial balance of a span."""
    within = queries.span(request.args)
    rows = queries.trial_balance(within)
    if request.args.get("format") in {"csv", "xlsx"}:
        send = tables.send_csv if request.args["format"] == "csv" else tables.send_xlsx
        return send(f"ledger-{within.first}-{within.last}", papers.balance_head(), papers.balance_lines(rows))
    return _render(
        "balance", within=within, rows=rows, sides=SIDE_NAMES, totals=papers.totals(rows), query=urlencode(within.query),
        open_days=queries.open_days_before(clock.today(), clock.add_months(clock.today(), -1)),
    )  # fmt: skip


@bp.get("/ledger/accounts/<code>")
@guards.requires_all(P.LEDGER_READ)
def account(code: str) -> Any:
    """The statement of an account, or of one party in it."""
    found, within = queries.account(code), queries.span(request.args)
    here, party = f"{HERE}/accounts/{code}", request.args.get("party", "")[:80]
    view = queries.postings(within, request.args, here, code=code, party=party)
    if view.export:
        return view.download()
    sums = next((b for b in queries.trial_balance(within) if b.account.code == code), None)
    called = names.of([party, *(r.party for r in view.rows), *(r.cause for r in view.rows)])
    return _render(
        "account",
        a=found,
        within=within,
        view=view,
        party=party,
        sums=sums,
        called=called,
        query=urlencode(within.query),
    )


@bp.get("/ledger/accounts/<code>/parties")
@guards.requires_all(P.LEDGER_READ)
def parties(code: str) -> Any:
    """Whose the money of an account is."""
    found, within = queries.account(code), queries.span(request.args)
    view = queries.parties(code, within, request.args, f"{HERE}/accounts/{code}/parties")
    if view.export:
        return view.download()
    called = names.of(r.party for r in view.rows)
    return _render("parties", a=found, within=within, view=view, called=called, query=urlencode(within.query))


@bp.get("/ledger/entries/<int:entry_id>")
@guards.requires_all(P.LEDGER_READ)
def entry(entry_id: int) -> Any:
    """One entry with its postings."""
    found, rows, undone = queries.entry(entry_id)
    called = names.of([found.cause, found.channel, *(r.party for r in rows)])
    return _render("entry", e=found, rows=rows, undone=undone, called=called, chart=ACCOUNTS)


# --- days --------------------------------------------------------------------------------------------------------


@bp.get("/ledger/days")
@guards.requires_all(P.LEDGER_READ)
def day_list() -> Any:
    """The days of all channels."""
    view = queries.days(request.args, f"{HERE}/days")
    if view.export:
        return view.download()
    return _render("days", view=view, called=names.of(r.channel for r in view.rows))


def _day(raw: str) -> date:
    try:
        return clock.read_day(raw)
    except ValueError:
        raise NotFound from None


@bp.get("/ledger/days/<day>/<channel>")
@guards.requires_all(P.LEDGER_READ)
def day(day: str, channel: str) -> Any:
    """The report of a day of a channel: as it was closed, or as it is now."""
    return _page(_day(day), channel)


def _page(on: date, channel: str, error: ShopError | None = None) -> Any:
    report = papers.report(channel, on)
    page = _render(
        "day",
        r=report,
        may_close=guards.may(P.LEDGER_CLOSE),
        over=clock.now() >= days.closable_from(on),
        address=f"{HERE}/days/{on}/{channel}",
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/ledger/days/<day>/<channel>/entries")
@guards.requires_all(P.LEDGER_READ)
def day_entries(day: str, channel: str) -> Any:
    """Every posting behind the figures of a day."""
    on = _day(day)
    here = f"{HERE}/days/{on}/{channel}/entries"
    code = request.args.get("account", "")
    view = queries.postings(queries.Span(on, on), request.args, here, channel=channel, code=code)
    if view.export:
        return view.download()
    called = names.of([channel, *(r.party for r in view.rows), *(r.cause for r in view.rows)])
    chosen = queries.account(code) if code else None
    return _render("day_entries", view=view, on=on, channel=channel, called=called, chosen=chosen)


@bp.post("/ledger/days/<day>/<channel>/close")
@guards.requires_all(P.LEDGER_CLOSE)
def close(day: str, channel: str) -> Any:
    """Close the day on the figures that were seen."""
    on = _day(day)
    if not queries.has_channel(channel):
        raise NotFound
    form = request.form
    try:
        days.close(
            guards.actor(), channel, on, form.get("digest", ""), form.get("note", ""), op_key=form.get("op_key", "")
        )
    except ShopError as error:
        return _page(on, channel, error)
    flash(gettext("Đã khóa sổ ngày %(day)s.", day=on.strftime("%d/%m/%Y")), "ok")
    return redirect(web.path(f"{HERE}/days/{on}/{channel}"), 303)


@bp.post("/ledger/days/<day>/<channel>/reopen")
@guards.requires_all(P.LEDGER_CLOSE)
def reopen(day: str, channel: str) -> Any:
    """Open a closed day again."""
    on = _day(day)
    if not queries.has_channel(channel):
        raise NotFound
    try:
        days.reopen(guards.actor(), channel, on, request.form.get("reason", ""), op_key=request.form.get("op_key", ""))
    except ShopError as error:
        return _page(on, channel, error)
    flash(gettext("Đã mở lại sổ ngày %(day)s.", day=on.strftime("%d/%m/%Y")), "ok")
    return redirect(web.path(f"{HERE}/days/{on}/{channel}"), 303)


@bp.get("/ledger/days/<day>/<channel>/report.pdf")
@guards.requires_all(P.LEDGER_READ)
def day_pdf(day: str, channel: str) -> Response:
    """The report on A4."""
    on = _day(day)
    made = Response(papers.day_pdf(papers.report(channel, on)), mimetype="application/pdf")
    web.mark_private()
    made.headers["Content-Disposition"] = f'inline; filename="so-ngay-{on}.pdf"'
    return made


@bp.get("/ledger/days/<day>/<channel>/report.xlsx")
@guards.requires_all(P.LEDGER_READ)
def day_xlsx(day: str, channel: str) -> Response:
    """The report as a spreadsheet."""
    on = _day(day)
    report = papers.report(channel, on)
    return tables.send_xlsx(f"so-ngay-{on}", papers.balance_head(), papers.day_lines(report), papers.cover(report))
