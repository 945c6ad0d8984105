"""`/office/listings/<reference>/preview`: what a producer wants, as customers would see it."""

from __future__ import annotations

from typing import Any

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.errors import NoSuchProduct
from shop.kernel import web
from shop.kernel.errors import NotFound
from shop.listings import queries
from shop.listings.models import OPEN, Kind
from shop.pages import preview
from shop.pages.office import bp
from shop.pages.storefront import product as product_page


@bp.get("/listings/<reference>/preview")
@guards.requires(Permission.LISTING_REVIEW, scope=queries.submission_scope, name="of_submission")
def listing_preview(reference: str) -> Any:
    """What was sent, as customers would see it; of what is decided, the page as it is."""
    row = queries.submission(reference)
    if row is None:
        raise NotFound
    product = queries.product_of(row.producer_id, row.product_id)
    if product is None:
        raise NoSuchProduct
    wanted = queries.wanted(queries.lines(row.id)) if row.kind is Kind.CHANGE and row.state in OPEN else {}
    here = web.path(f"/office/listings/{row.reference}")
    return product_page.preview(preview.page_of(product, wanted), f"{here}/preview", here)
