"""The report of a fair for staff: its page, frozen versions, paper, spreadsheet, and the rows behind every number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import report_lists, report_words, tabs
from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office import bp
from shop.exhibitions.office.closing import HERE, page
from shop.exhibitions.queries import fairs, reporting
from shop.exhibitions.services import reporting as services
from shop.kernel import rows, web
from shop.kernel.errors import N_, NotFound, ShopError

P = Permission
PART = "report"
STATES = frozenset({FairState.RUNNING, FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED})

tabs.add(90, PART, N_("Báo cáo"), P.EXHIBITION_READ, STATES)


def report_fair(slug: str) -> Exhibition:
    """A fair that has a report.

    Raises:
        NotFound.
    """
    found = fairs.by_slug(slug)
    if found.state not in STATES:
        raise NotFound
    return found


def _chosen(fair: Exhibition, raw: str) -> FairReport | None:
    """The version that an address asks for (`v`), None for the figures of now.

    Raises:
        NotFound.
    """
    if not raw:
        return None
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6:
        raise NotFound
    return reporting.version(fair.id, int(raw))


@bp.get("/exhibitions/<slug>/report")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def report(slug: str) -> Any:
    """The version that holds; before there is one, and with `live`, the figures of now."""
    fair = report_fair(slug)
    if request.args.get("v"):
        return _report(fair, _chosen(fair, request.args["v"]))
    return _report(fair, None if request.args.get("live") else reporting.latest(fair.id))


def _report(fair: Exhibition, version: FairReport | None, error: ShopError | None = None) -> Any:
    figures = version.figures if version is not None else reporting.compute(fair)
    number = version.number if version is not None else None
    versions = reporting.versions(fair.id)
    before = next((x for x in reversed(versions) if number is None or x.number < number), None)
    return page(
        "exhibitions/office/report.html",
        fair,
        PART,
        error,
        f=figures,
        as_of=datetime.fromisoformat(figures["as_of"]),
        version=version,
        versions=versions,
        sums=report_words.sums(figures, fair.slug, number),
        tables=report_words.report_tables(figures, fair.slug, number),
        former=report_words.former_rows(figures),
        own=report_words.own_row(fair, figures),
        former_heads=[gettext(word) for word in report_words.FORMER.values()],
        basis=gettext(report_words.COST_BASIS[figures["cost_basis"]])
        if figures["sums"].get("cost") is not None
        else "",
        before=before,
        changes=report_words.change_rows(before, figures)[:80],
        seen=services.seen(figures),
        may_freeze=version is None
        and fair.state in services.MAY_FREEZE
        and guards.may(P.EXHIBITION_CLOSE, f"exhibition:{fair.id}"),
    )


@bp.post("/exhibitions/<slug>/report")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def freeze_report(slug: str) -> Any:
    """Freeze what the page showed."""
    fair = report_fair(slug)
    try:
        number = services.freeze(
            guards.actor(),
            slug,
            request.form.get("note", ""),
            request.form.get("seen", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _report(fair, None, error)
    flash(gettext("Báo cáo đã chốt, bản %(n)s.", n=number), "ok")
    return redirect(web.path(f"{HERE}/{slug}/report?v={number}"), 303)


@bp.get("/exhibitions/<slug>/report.pdf")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def report_pdf(slug: str) -> Response:
    """The report on paper (`v`: one of its versions)."""
    fair = report_fair(slug)
    version = _chosen(fair, request.args.get("v", ""))
    figures = version.figures if version is not None else reporting.compute(fair)
    made = Response(report_words.paper(fair, version, figures), mimetype="application/pdf")
    made.headers["Content-Disposition"] = f'inline; filename="bao-cao-{fair.slug}.pdf"'
    return made


@bp.get("/exhibitions/<slug>/report.xlsx")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def report_xlsx(slug: str) -> Response:
    """The report as a spreadsheet (`v`: one of its versions)."""
    fair = report_fair(slug)
    version = _chosen(fair, request.args.get("v", ""))
    figures = version.figures if version is not None else reporting.compute(fair)
    return report_words.spreadsheet(fair, version, figures)


@bp.get("/exhibitions/<slug>/report/rows")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def report_rows(slug: str) -> Any:
    """The rows behind a number (`by`, `key`), as the books had them when version `v` was frozen."""
    fair = report_fair(slug)
    version = _chosen(fair, request.args.get("v", ""))
    as_of = datetime.fromisoformat(version.figures["as_of"]) if version is not None else None
    found = report_lists.behind(fair, request.args.get("by", ""), request.args.get("key", "")[:255], as_of)
    here = f"{HERE}/{slug}/report/rows"
    view = rows.open_rows(found.table, request.args, here, found.rows, keep=("by", "key", "v"))
    if view.export:
        return view.download()
    totals = {
        c.key: sum(getattr(row, c.key) or 0 for row in view.found) for c in found.table.columns if c.kind == "num"
    }
    return page(
        "exhibitions/office/report_rows.html",
        fair,
        PART,
        title=found.title,
        view=view,
        total=len(view.found),
        totals=[
            *((gettext(word), n, "") for word, n in report_lists.counted(found.table, view.found)),
            *((gettext(c.label), totals[c.key], c.key) for c in found.table.columns if c.kind == "num"),
        ],
        keys=[(c.key, c.kind) for c in found.table.columns],
        money=MONEY,
        version=version,
        frozen=_frozen(version, request.args.get("by", ""), request.args.get("key", "")),
        words=report_words,
        orders=guards.may(P.ORDER_READ, "*"),
        of=lambda row: [c.of(row) for c in found.table.columns],
    )


def _frozen(version: FairReport | None, by: str, key: str) -> list[tuple[str, str]] | None:
    """What a version has for a list that is read as it is now: (what, number) of its sums; None where the rows are its own."""
    if version is None or by not in report_lists.OF_NOW:
        return None
    sums = [name for name, behind in report_words.BEHIND.items() if behind == by and not key]
    return [(x.label, x.text) for x in report_words.sums(version.figures, "", None) if x.key in sums]


MONEY = frozenset({"amount", "lost", "fee", "subsidy", "planned", "actual", "counted", "value", "after_30", "after_90"})
