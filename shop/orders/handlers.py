"""What a person may take along of his orders."""

from __future__ import annotations

from typing import Any

from shop.accounts import personal
from shop.orders import queries


@personal.part("orders")
def orders_of(user_id: int) -> list[dict[str, Any]]:
    """The user's orders with address and lines, as plain values."""
    return queries.as_data(user_id)
