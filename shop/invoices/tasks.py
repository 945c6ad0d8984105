"""What recurs: writing documents that no fact told of."""

from __future__ import annotations

from datetime import timedelta

from shop.invoices.queries import missing
from shop.invoices.services import following
from shop.kernel import jobs


@jobs.every(timedelta(minutes=10), name="invoices.sweep", group="sweep")
def write_missed() -> None:
    """Write what is due and was missed."""
    for order_id in missing.to_look_at():
        following.follow(order_id)
