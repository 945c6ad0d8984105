"""Whom a tax invoice of an order is for, where that is said or put right after it was placed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from shop.kernel.db import session
from shop.orders.models import Order


def ask(order_id: int, invoice: dict[str, Any]) -> None:
    """Keep what the buyer asks to be invoiced with ({company, tax_code, address, email}), in the open transaction; the caller
    has read it and locked the order."""
    session().execute(
        update(Order).where(Order.id == order_id).values(invoice=invoice).execution_options(synchronize_session=False)
    )
