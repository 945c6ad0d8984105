"""`/producer/invoices`: what a producer issued in his own name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.invoices import office, papers, xml
from shop.invoices.models import CAUSE_NAMES, SERIES_NAMES, STANDING_NAMES
from shop.invoices.queries import documents
from shop.kernel import clock
from shop.producers import maker

bp = Blueprint("invoices", __name__)
HERE = "/producer/invoices"
P = Permission


def of_document(reference: str, **_: Any) -> str | None:
    """The scope of the producer who issued it."""
    return documents.scope_of(reference)


@bp.get("/invoices")
@guards.requires(P.STATEMENT_READ)
def index() -> Any:
    """The producer's documents."""
    view = documents.mine(request.args, maker.current(P.STATEMENT_READ).id)
    if view.export:
        return view.download()
    return render_template(
        "invoices/portal/index.html",
        here=HERE,
        view=view,
        names=SERIES_NAMES,
        states=STANDING_NAMES,
        causes=CAUSE_NAMES,
        kinds=documents.STANDING_KINDS,
        first=clock.today().replace(day=1),
        last=clock.today(),
    )


@bp.get("/invoices/export.xml")
@guards.requires(P.STATEMENT_READ)
def export() -> Response:
    """The producer's tax documents of some days, for his provider."""
    first, last = office.span()
    mine = maker.current(P.STATEMENT_READ)
    made = xml.many((row.content, row.digest) for row in documents.to_send(first, last, mine.id))
    return papers.xml_file(made, f"hoa-don-{first.isoformat()}-{last.isoformat()}")


@bp.get("/invoices/<reference>.pdf")
@guards.requires(P.STATEMENT_READ, scope=of_document)
def pdf(reference: str) -> Response:
    """One document on paper."""
    return papers.as_pdf(documents.whole(reference))


@bp.get("/invoices/<reference>.xml")
@guards.requires(P.STATEMENT_READ, scope=of_document)
def as_xml(reference: str) -> Response:
    """One document as data."""
    return papers.as_xml(documents.whole(reference))
