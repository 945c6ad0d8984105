"""`/producer/reports`: what was sold of the producer's goods, what was missing, what ends; nothing of buyers."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.pages import report
from shop.pages.portal import bp
from shop.producers import maker

HERE = "/producer/reports"


@bp.get("/reports")
@guards.requires(Permission.SALES_READ)
def reports() -> Any:
    """The report of the producer that the reader works for, or one of its tables as a file."""
    here = maker.current(Permission.SALES_READ)
    found = report.Report(here.id, here.slug, request.args, HERE)
    if found.wants_file:
        return found.download()
    page = render_template("pages/portal/reports.html", here=HERE, r=found, maker=here, **report.words())
    return make_response(page, 422 if found.asked.errors else 200)
