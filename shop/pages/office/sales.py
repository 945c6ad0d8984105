"""`/office/producers/<slug>/sales`: a producer's report as its members read it."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request

from shop.accounts import guards
from shop.kernel.errors import NotFound
from shop.pages import report
from shop.pages.office import bp
from shop.pages.office.desk import P
from shop.producers import queries as producers


def of_producer(slug: str) -> str | None:
    """A guard's scope: the producer that the address names."""
    found = producers.by_slug(slug)
    return f"producer:{found.id}" if found else None


@bp.get("/producers/<slug>/sales")
@guards.requires(P.SETTLEMENT_READ, scope=of_producer, name="the producer")
def producer_sales(slug: str) -> Any:
    """The report, or one of its tables as a file."""
    producer = producers.by_slug(slug)
    if producer is None:
        raise NotFound
    found = report.Report(producer.id, producer.slug, request.args, f"/office/producers/{producer.slug}/sales")
    if found.wants_file:
        return found.download()
    page = render_template(
        "pages/office/producer_sales.html", here="/office/producers", r=found, producer=producer, **report.words()
    )
    return make_response(page, 422 if found.asked.errors else 200)
