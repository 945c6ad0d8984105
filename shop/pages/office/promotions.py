"""`/office/promotions/report`: what promotions cost by month, payer and promotion, and the rows behind every number."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.pages import promoted
from shop.pages.office import bp

HERE = "/office/promotions"


@bp.get("/promotions/report")
@guards.requires_all(Permission.PROMOTION_READ)
def promotions_report() -> Any:
    """The report of a span, or its table as a file."""
    found = promoted.Report(request.args, f"{HERE}/report")
    if found.file:
        return found.download()
    page = render_template("pages/office/promotions.html", here=HERE, r=found, there=HERE)
    return make_response(page, 422 if found.asked.errors else 200)


@bp.get("/promotions/report/rows")
@guards.requires_all(Permission.PROMOTION_READ)
def promotions_rows() -> Any:
    """Discount by discount."""
    view, sums = promoted.lines(request.args, f"{HERE}/report/rows")
    if view.export:
        return view.download()
    return render_template(
        "pages/office/promotions_rows.html", here=HERE, view=view, sums=sums, there=HERE,
        may_orders=guards.may(Permission.ORDER_READ),
    )  # fmt: skip
