"""`/office/reports/<month>/summary`: the province's summary as page, signed sheet, spreadsheet, and the rows behind it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle.models.steps import STEP_NAMES
from shop.kernel import clock, rows, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.reports import rules, sheet
from shop.reports.figures import FIGURES, OWN, PARTS
from shop.reports.models import STATE_KINDS, STATE_NAMES, ProvinceReport, ReportState
from shop.reports.office import bp
from shop.reports.office.monthly import HERE, ROWS, _number
from shop.reports.queries import monthly, province
from shop.reports.services import province as services

P = Permission


def _chosen(of: date, raw: str) -> ProvinceReport | None:
    if not raw:
        return None
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6:
        raise NotFound
    return province.version(of, int(raw))


def _offered(of: date) -> dict[str, str]:
    """What the form for the sheet begins with: what stood on the last one, today's day."""
    return {**province.last_paper(), "day": clock.today().isoformat(), "number": "", "assessment": "", "proposals": ""}


def _groups(places: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Localities by what is to be done about them: to be asked, to be read, done."""
    waiting = [p for p in places if p["state"] == ReportState.SUBMITTED]
    done = [p for p in places if p["state"] == ReportState.LOCKED]
    owed = [p for p in places if p not in waiting and p not in done]
    return [(N_("Chưa nộp, đang sửa"), owed), (N_("Đã nộp, chờ tỉnh xem"), waiting), (N_("Đã chốt"), done)]


def _page(of: date, version: ProvinceReport | None, error: ShopError | None = None) -> Any:
    content = version.content if version is not None else province.summary(of)
    page = render_template(
        "reports/office/summary.html", first=province.first_of_all(content),
        groups=_groups(content["localities"]), here=HERE, of=of, month=rules.spelt(of), c=content, version=version,
        versions=province.versions(of), as_of=datetime.fromisoformat(content["as_of"]), parts=PARTS, figures=FIGURES,
        own=OWN, number=_number, names=STATE_NAMES, kinds=STATE_KINDS, steps=STEP_NAMES,
        address=web.path(f"{HERE}/{rules.spelt(of)}/summary"), seen=province.seen(content) if version is None else "",
        over=rules.latest() >= of, v=request.form if error else _offered(of), errors=messages(error),
        error_code=error.code if error else None, columns=sheet.COLUMNS,
        short=sheet.SHORT,
        percent=lambda key: sheet.percent(content, key),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/reports/<month>/summary")
@guards.requires_all(P.REPORT_DECIDE)
def summary(month: str) -> Any:
    """The version that was frozen last; before there is one, and with `live`, the figures of now (`v`: another version)."""
    of = monthly.month_of(month)
    if request.args.get("live"):
        return _page(of, None)
    version = _chosen(of, request.args.get("v", ""))
    return _page(of, version or next(iter(province.versions(of)), None))


@bp.post("/reports/<month>/summary")
@guards.requires_all(P.REPORT_DECIDE)
def freeze_summary(month: str) -> Any:
    """Freeze what the page showed."""
    of = monthly.month_of(month)
    try:
        number = services.freeze(
            guards.actor(), of, request.form.to_dict(), request.form.get("why", ""), request.form.get("seen", "")
        )
    except ShopError as error:
        return _page(of, None, error)
    flash(gettext("Đã chốt tổng hợp, bản %(n)s.", n=number), "ok")
    return redirect(web.path(f"{HERE}/{month}/summary?v={number}"), 303)


@bp.get("/reports/<month>/summary.pdf")
@guards.requires_all(P.REPORT_DECIDE)
def summary_pdf(month: str) -> Response:
    """The sheet to sign (`v`: a frozen version, else a draft of now)."""
    of = monthly.month_of(month)
    version = _chosen(of, request.args.get("v", ""))
    made = Response(
        sheet.pdf(of, version, version.content if version else province.summary(of)), mimetype="application/pdf"
    )
    made.headers["Content-Disposition"] = f'inline; filename="bao-cao-{rules.spelt(of)}.pdf"'
    return made


@bp.get("/reports/<month>/summary.xlsx")
@guards.requires_all(P.REPORT_DECIDE)
def summary_xlsx(month: str) -> Response:
    """The same as a spreadsheet."""
    of = monthly.month_of(month)
    version = _chosen(of, request.args.get("v", ""))
    return sheet.xlsx(of, version, version.content if version else province.summary(of))


@bp.get("/reports/<month>/summary.docx")
@guards.requires_all(P.REPORT_DECIDE)
def summary_docx(month: str) -> Response:
    """The same as a text to go on with."""
    of = monthly.month_of(month)
    version = _chosen(of, request.args.get("v", ""))
    return sheet.docx(of, version, version.content if version else province.summary(of))


@bp.get("/reports/<month>/summary/rows")
@guards.requires_all(P.REPORT_DECIDE)
def summary_rows(month: str) -> Any:
    """What a figure (`f`) of the summary is made of, in all localities."""
    of = monthly.month_of(month)
    key = request.args.get("f", "producers")
    if key not in FIGURES:
        raise NotFound
    version = _chosen(of, request.args.get("v", ""))
    content = version.content if version is not None else province.summary(of)
    found = [[*line, name] for _code, name, line in province.behind(content, key)]
    here = f"{HERE}/{month}/summary/rows"
    view = rows.open_rows(ROWS, request.args, here, found, keep=("f", "v"))
    if view.export:
        return view.download()
    return render_template(
        "reports/office/rows.html", here=HERE, view=view, figure=FIGURES[key], value=content["totals"].get(key, 0),
        number=_number, version=version, title=gettext("Tổng hợp tháng %(month)s", month=f"{of:%m/%Y}"),
        back=web.path(f"{HERE}/{month}/summary") + (f"?v={version.version}" if version else "?live=1"),
    )  # fmt: skip
