"""What the counter does when it hears of its own sales."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from shop.catalog import listing
from shop.catalog.models import Variant
from shop.kernel import operations
from shop.kernel.db import session
from shop.kernel.events import on_later
from shop.orders.events import SoldAtCounter
from shop.orders.models import OrderLine


@on_later(SoldAtCounter, name="till.count-sales")
def count_sales(fact: SoldAtCounter) -> None:
    """Best-selling counts what a counter sells as well, each sale once."""

    def command() -> dict[str, Any]:
        rows = session().execute(
            select(Variant.product_id, func.sum(OrderLine.quantity))
            .join(Variant, Variant.id == OrderLine.variant_id)
            .where(OrderLine.order_id == fact.order_id)
            .group_by(Variant.product_id)
        )
        listing.add_sold({product_id: int(n) for product_id, n in rows})
        return {}

    operations.once(f"count-sales:{fact.order_id}", "till.count-sales", "system", [fact.order_id], command)
