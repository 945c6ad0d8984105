"""What documents do when they hear that an order is complete, goods came back or money went back: a worker writes what is
due, and the sweep what no fact told of. Not within the selling transaction: all sales take their number from one row."""

from __future__ import annotations

from shop.invoices.services import following
from shop.kernel.events import on_later
from shop.orders.events import FulfilmentReturned, OrderCompleted, SoldAtCounter
from shop.payments.events import RefundFailed, RefundReopened, RefundSucceeded


@on_later(OrderCompleted, name="invoices.completed")
def completed(fact: OrderCompleted) -> None:
    """All of an order is handed over and paid."""
    following.follow(fact.order_id)


@on_later(SoldAtCounter, name="invoices.counter")
def sold(fact: SoldAtCounter) -> None:
    """A counter has sold."""
    following.follow(fact.order_id)


@on_later(FulfilmentReturned, name="invoices.returned")
def returned(fact: FulfilmentReturned) -> None:
    """A parcel came back."""
    following.follow(fact.order_id)


@on_later(RefundSucceeded, name="invoices.refunded")
def refunded(fact: RefundSucceeded) -> None:
    """Money went back; at a counter goods may have come back with it."""
    following.follow(fact.order_id)


@on_later(RefundFailed, name="invoices.refund-failed")
def bounced(fact: RefundFailed) -> None:
    """Money that had gone back came again."""
    following.follow(fact.order_id)


@on_later(RefundReopened, name="invoices.refund-reopened")
def reopened(fact: RefundReopened) -> None:
    """Money that was said to have gone back has not."""
    following.follow(fact.order_id)
