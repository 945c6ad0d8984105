"""What stock tells the lists of the catalogue: whether any pack of a product can be had."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, func, select

from shop.catalog import listing
from shop.catalog.events import ListingsRebuilt, ProductChanged
from shop.catalog.models import Variant, VariantState
from shop.kernel.db import in_batches, session
from shop.kernel.events import on
from shop.points.events import PointChanged
from shop.stock import services as stock
from shop.stock.events import StockCrossed
from shop.stock.models import Availability, StockLevel


def _tell(product_ids: Sequence[int]) -> None:
    for batch in in_batches(product_ids):
        there = case((Availability.ship + Availability.pickup > 0, 1), else_=0)
        rows = session().execute(
            select(Variant.product_id, func.max(there))
            .outerjoin(Availability, Availability.variant_id == Variant.id)
            .where(Variant.product_id.in_(batch), Variant.state == VariantState.SHOWN)
            .group_by(Variant.product_id)
        )
        found = dict.fromkeys(batch, False) | {product_id: bool(some) for product_id, some in rows}
        listing.set_stock(found)


@on(PointChanged)
def point_changed(fact: PointChanged) -> None:
    """A point opened, closed or changed what it gives: what lists show of its goods follows at once."""
    ids = session().scalars(select(StockLevel.variant_id).where(StockLevel.point_id == fact.point_id).distinct())
    for batch in in_batches(sorted(ids)):
        stock.refresh_availability(batch)


@on(StockCrossed)
def stock_crossed(fact: StockCrossed) -> None:
    ids = session().scalars(select(Variant.product_id).where(Variant.id.in_(fact.variant_ids)).distinct())
    _tell(sorted(ids))


@on(ProductChanged)
def product_changed(fact: ProductChanged) -> None:
    _tell([fact.product_id])


@on(ListingsRebuilt)
def listings_rebuilt(fact: ListingsRebuilt) -> None:
    _tell(fact.product_ids)
