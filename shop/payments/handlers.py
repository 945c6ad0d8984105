"""What payments write when they hear of orders."""

from __future__ import annotations

from shop.kernel.events import on
from shop.orders.events import OrderCompleted
from shop.payments import books


@on(OrderCompleted)
def handed_over(fact: OrderCompleted) -> None:
    """The buyer has what he paid for: its value leaves his account."""
    books.valued(fact.order_id)
