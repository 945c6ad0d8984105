"""`/producer/demand/forecast`: what is expected of the producer's own goods, and why."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import Product
from shop.demand import pages
from shop.demand.portal import bp
from shop.demand.queries import forecasts as reads
from shop.kernel import charts
from shop.producers import maker

P = Permission
HERE = "/producer/demand/forecast"


def of_product(slug: str, **_more: Any) -> str | None:
    """A guard's scope: whose product the address names."""
    found = reads.producer_of(slug)
    return None if found is None else f"producer:{found}"


@bp.get("/demand/forecast")
@guards.requires(P.SALES_READ)
def forecast_index() -> Any:
    """What is expected of each pack of the producer, over all places."""
    here, run = maker.current(P.SALES_READ), reads.newest()
    if run is None:
        return render_template("demand/portal/forecast.html", here=HERE, maker=here, run=None, view=None)
    source, statement = reads.statement(run.id, None)
    view = reads.table(source, wide=False).open(
        request.args, HERE, statement.where(Product.producer_id == here.id), make=lambda row: reads.Row(*tuple(row))
    )
    if view.export:
        return view.download()
    return render_template(
        "demand/portal/forecast.html", here=HERE, maker=here, run=run, view=view, number=charts.number
    )


@bp.get("/demand/forecast/<slug>")
@guards.requires(P.SALES_READ, scope=of_product)
def forecast_product(slug: str) -> Any:
    """One product of the producer."""
    return render_template(
        "demand/portal/forecast_product.html", here=HERE, base=HERE + "/", **pages.product_page(slug)
    )


@bp.get("/demand/forecast/<slug>/<sku>/<int(max=9007199254740991):place>")
@guards.requires(P.SALES_READ, scope=of_product)
def forecast_series(slug: str, sku: str, place: int) -> Any:
    """One pack at one place."""
    return render_template(
        "demand/portal/forecast_series.html", here=HERE, base=HERE + "/", **pages.series_page(slug, sku, place)
    )
