"""Orders that somebody should long have done something about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_

from shop.kernel import clock
from shop.kernel.errors import N_
from shop.orders import queries as orders
from shop.orders.models import Order, OrderStatus

# An order is confirmed within a day.
LATE_HOURS = 24


def late_before() -> datetime:
    """An order placed before this instant should have been confirmed."""
    return clock.now() - timedelta(hours=LATE_HOURS)


def _late_to_confirm() -> Any:
    return and_(Order.status == OrderStatus.PLACED, Order.placed_at < late_before())


# Beside the states of orders: what the list is asked for, its name, the condition.
WAITS: dict[str, tuple[str, Callable[[], Any]]] = {
    "late": (N_("Chờ xác nhận quá 24 giờ"), _late_to_confirm),
    "cash": (N_("Đã giao, chưa ghi tiền thu"), orders.cash_to_come),
}
