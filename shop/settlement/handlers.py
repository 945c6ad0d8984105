"""What settlement does when it hears that goods arrived, money came or goods came back: the order's entries are posted by a
worker. What no fact tells is found by the sweep."""

from __future__ import annotations

from shop.kernel.events import on_later
from shop.orders.events import FulfilmentDelivered, FulfilmentReturned, OrderPaid, SoldAtCounter
from shop.payments.events import RefundSucceeded
from shop.settlement.services import posting


@on_later(FulfilmentDelivered, name="settlement.delivered")
def delivered(fact: FulfilmentDelivered) -> None:
    """A parcel has arrived."""
    posting.of_order(fact.order_id)


@on_later(OrderPaid, name="settlement.paid-order")
def paid(fact: OrderPaid) -> None:
    """An order is paid, perhaps after its goods arrived."""
    posting.of_order(fact.order_id)


@on_later(SoldAtCounter, name="settlement.counter")
def sold(fact: SoldAtCounter) -> None:
    """A counter has sold."""
    posting.of_order(fact.order_id)


@on_later(FulfilmentReturned, name="settlement.returned")
def returned(fact: FulfilmentReturned) -> None:
    """A parcel came back."""
    posting.of_order(fact.order_id)


@on_later(RefundSucceeded, name="settlement.refunded")
def refunded(fact: RefundSucceeded) -> None:
    """Money went back; at a counter goods may have come back with it."""
    posting.of_order(fact.order_id)
