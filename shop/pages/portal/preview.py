"""`/producer/listings/<slug>/preview`: the page as customers would see it, of one's own goods."""

from __future__ import annotations

from typing import Any

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.errors import NoSuchProduct
from shop.kernel import web
from shop.listings import queries
from shop.listings.models import Kind
from shop.listings.portal import of_product
from shop.pages import preview
from shop.pages.portal import bp
from shop.pages.storefront import product as product_page


@bp.get("/listings/<slug>/preview")
@guards.requires(Permission.LISTING_EDIT, scope=of_product)
def listing_preview(slug: str) -> Any:
    """What is written, as customers would see it."""
    row = queries.by_slug(slug)
    if row is None:
        raise NoSuchProduct
    submission = queries.open_submission(row.id)
    lines = queries.lines(submission.id) if submission and submission.kind is Kind.CHANGE else []
    here = web.path(f"/producer/listings/{slug}")
    return product_page.preview(preview.page_of(row, queries.wanted(lines)), f"{here}/preview", here)
