"""What orders write when they hear of their end, and what a person may take along of his."""

from __future__ import annotations

from typing import Any

from shop.accounts import personal
from shop.kernel.events import on
from shop.orders import (
    books,
    estimates,  # noqa: F401  (registers how promotions are estimated)
    queries,
)
from shop.orders.events import OrderCompleted


@on(OrderCompleted)
def handed_over(fact: OrderCompleted) -> None:
    """The buyer has what he bought for less: who bears the difference stands in the books."""
    books.borne(fact.order_id)


@personal.part("orders")
def orders_of(user_id: int) -> list[dict[str, Any]]:
    """The user's orders with address and lines, as plain values."""
    return queries.as_data(user_id)
