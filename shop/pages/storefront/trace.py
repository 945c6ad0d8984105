"""`/truy-xuat/<code>`: where a lot comes from, for whoever scans its label. No counts, nothing of the house."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request

from shop.accounts.guards import public
from shop.catalog import queries as catalog
from shop.catalog.models import CERTIFICATE_LEVEL_NAMES, Product, ProductState
from shop.kernel import clock, text, web
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.pages.storefront import bp
from shop.producers import queries as producers
from shop.recalls import queries as recalls
from shop.stock.models import PAPER_KIND_NAMES
from shop.stock.papers import send_paper
from shop.stock.queries import lots


@bp.get("/truy-xuat")
@public
@web.public_page()
def trace_form() -> Any:
    """The form to type the code of a label; with one (`ma`), on to its page."""
    code = text.normal_reference(request.args.get("ma", "")[:40])
    if code:
        web.mark_private()
        return redirect(web.path(f"/truy-xuat/{code}"))
    return render_template("pages/storefront/trace.html", lot=None, code="", asked=False)


@bp.get("/truy-xuat/<code>")
@public
@web.public_page()
def trace(code: str) -> Any:
    """What the public may know of a lot: product, producer, place, dates, certificate, papers, whether it may be eaten."""
    asked = text.normal_reference(code[:40])
    lot = lots.lot_by_trace(asked) if asked else None
    if lot is None:
        return render_template(
            "pages/storefront/trace.html", lot=None, code=asked or code[:40], asked=True, error_code=NotFound.code
        ), 404
    product = session().get_one(Product, lot.product_id)
    producer = producers.by_id(lot.producer_id) if lot.producer_id else None
    certificate = catalog.current_certificate(lot.product_id, clock.today())
    return render_template(
        "pages/storefront/trace.html",
        lot=lot,
        code=asked,
        asked=True,
        product=product,
        name=(lot.product_en if web.language() == "en" else None) or lot.product,
        pack=(lot.pack_en if web.language() == "en" else None) or lot.pack,
        product_shown=product.state is ProductState.SHOWN,
        producer=producer,
        place=producers.place_of(product) or (producers.place_of(producer) if producer else ""),
        certificate=certificate,
        waits=certificate is not None and catalog.waits(certificate, clock.today()),
        level=CERTIFICATE_LEVEL_NAMES[certificate.level] if certificate else "",
        recall=recalls.of_lot(lot.id),
        papers=lots.papers_of(lot.id, public_only=True),
        paper_kinds=PAPER_KIND_NAMES,
    )


@bp.get("/truy-xuat/<code>/giay-to/<int:paper_id>")
@public
def trace_paper(code: str, paper_id: int) -> Any:
    """The file of a paper that staff made public."""
    lot = lots.lot_by_trace(text.normal_reference(code[:40]))
    found = lots.paper(paper_id)
    if lot is None or found is None or found.lot_id != lot.id or not found.is_public:
        raise NotFound
    response = send_paper(found.file_key)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
