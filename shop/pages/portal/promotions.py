"""`/producer/promotions/report`: what the producer bears of promotions, by month and promotion, and the rows behind it."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.pages import promoted
from shop.pages.portal import bp
from shop.producers import maker

HERE = "/producer/promotions"


@bp.get("/promotions/report")
@guards.requires(Permission.STATEMENT_READ)
def promotions_report() -> Any:
    """The report of the producer that the reader works for, or its table as a file."""
    mine = maker.current(Permission.STATEMENT_READ)
    found = promoted.Report(request.args, f"{HERE}/report", mine.id)
    if found.file:
        return found.download()
    page = render_template("pages/portal/promotions.html", here=HERE, r=found, there=HERE)
    return make_response(page, 422 if found.asked.errors else 200)


@bp.get("/promotions/report/rows")
@guards.requires(Permission.STATEMENT_READ)
def promotions_rows() -> Any:
    """Discount by discount, of the producer's own goods; nothing of buyers but the order's number."""
    mine = maker.current(Permission.STATEMENT_READ)
    view, sums = promoted.lines(request.args, f"{HERE}/report/rows", mine.id)
    if view.export:
        return view.download()
    return render_template(
        "pages/portal/promotions_rows.html", here=HERE, view=view, sums=sums, there=HERE, may_orders=False
    )  # fmt: skip
