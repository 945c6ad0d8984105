"""`/office/reports/2014`: the year in which the programme began, as its sources tell it, and the paper of it."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.reports import sheet
from shop.reports.office import bp
from shop.reports.office.monthly import HERE
from shop.reports.queries import history as queries

P = Permission


@bp.get("/reports/<int:year>")
@guards.requires(P.REPORT_READ)
def year_end(year: int) -> Any:
    """The end of a year: what each source says, differing numbers side by side."""
    found = queries.year_end(year)
    return render_template("reports/office/year_end.html", here=HERE, y=found, years=queries.years())


@bp.get("/reports/<int:year>.pdf")
@guards.requires(P.REPORT_READ)
def year_end_pdf(year: int) -> Response:
    """The same on paper."""
    y = queries.year_end(year)
    made = Response(sheet.year_end_pdf(y), mimetype="application/pdf")
    made.headers["Content-Disposition"] = f'inline; filename="ocop-{y.year}.pdf"'
    return made
