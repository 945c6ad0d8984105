"""For each product of a producer: by when to begin for the fairs that are coming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from shop.catalog.models import Product, ProductKind, ProductState
from shop.exhibitions.queries.public import FairView
from shop.exhibitions.starts import ALL_YEAR, Start, start
from shop.kernel.db import session
from shop.supply import queries as supply
from shop.supply.models import Capacity


@dataclass(frozen=True, slots=True)
class ProductStart:
    """A product, how many days it takes (None: unknown), its season calendar (None: none given), and its start."""

    slug: str
    name: str
    lead_days: int | None
    months: str | None
    start: Start


def of_producer(producer_id: int, fairs: Sequence[FairView], today: date) -> dict[int, list[ProductStart]]:
    """For each of the fairs (by id) the producer's products that are sold, the most urgent first. Three statements.

    The lead time is the longest that is said of the product or one of its packs for days until the fair.
    """
    products = (
        session()
        .execute(
            select(Product.id, Product.slug, Product.name)
            .where(
                Product.producer_id == producer_id,
                Product.kind == ProductKind.GOODS,
                Product.state == ProductState.SHOWN,
            )
            .order_by(Product.name, Product.id)
        )
        .all()
    )
    ids = {row.id for row in products}
    if not ids or not fairs:
        return {fair.id: [] for fair in fairs}
    said = (
        session()
        .execute(
            select(Capacity.product_id, Capacity.from_on, Capacity.to_on, Capacity.lead_days).where(
                Capacity.product_id.in_(ids),
                Capacity.withdrawn_at.is_(None),
                or_(Capacity.to_on.is_(None), Capacity.to_on > today),
            )
        )
        .all()
    )
    months = supply.seasons(ids)
    found: dict[int, list[ProductStart]] = {}
    for fair in fairs:
        first = fair.from_on or today
        rows = []
        for product in products:
            leads = [
                row.lead_days
                for row in said
                if row.product_id == product.id and row.from_on < first and (row.to_on is None or row.to_on > today)
            ]
            lead, calendar = max(leads, default=None), months.get(product.id)
            rows.append(
                ProductStart(product.slug, product.name, lead, calendar, start(first, lead, calendar or ALL_YEAR))
            )
        found[fair.id] = sorted(rows, key=lambda r: (r.start.by is None, r.start.by or first, r.name))
    return found
