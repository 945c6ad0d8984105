"""`/office/scoring-sheets`: the official sheets, as the decision in force has them."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock
from shop.programme.office import bp
from shop.programme.queries import scoring as queries
from shop.programme.sheets import PART_NAMES, PART_POINTS

HERE = "/office/scoring-sheets"


@bp.get("/scoring-sheets")
@guards.requires(Permission.CATALOG_READ)
def sheets() -> Any:
    """All sheets, with the decision they come from."""
    view = queries.SHEETS.open(request.args, HERE, queries.sheet_rows(), make=lambda row: queries.SheetRow(*tuple(row)))
    if view.export:
        return view.download()
    return render_template("programme/office/sheets.html", here=HERE, view=view)


@bp.get("/scoring-sheets/<int:number>")
@guards.requires(Permission.CATALOG_READ)
def sheet(number: int) -> Any:
    """One sheet: parts, questions, points, the least for each star."""
    return render_template(
        "programme/office/sheet.html", here=HERE, official=queries.sheet_by_number(number, clock.today()),
        parts=PART_NAMES, part_points=PART_POINTS,
    )  # fmt: skip
