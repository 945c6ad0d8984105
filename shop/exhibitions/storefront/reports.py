"""What the public is told of a fair once its report is frozen."""

from __future__ import annotations

from typing import Any

from flask import render_template

from shop.accounts import guards
from shop.exhibitions import report_words
from shop.exhibitions.queries import fairs, reporting
from shop.exhibitions.storefront import bp
from shop.kernel.errors import NotFound


@bp.get("/hoi-cho/<slug>/ket-qua")
@guards.public
def result(slug: str) -> Any:
    """The public summary of a fair's report."""
    fair = fairs.public(slug)
    found = reporting.summary(fair)
    if found is None:
        raise NotFound
    report, told = found
    return render_template(
        "exhibitions/storefront/result.html",
        fair=fair,
        report=report,
        told=[(name, report_words.tell(value, kind)) for name, value, kind in told],
        best=reporting.public_best(report),
        days=report_words.fair_days(fair),
    )
