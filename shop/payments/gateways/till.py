"""Money at a counter: cash in the drawer, the card terminal, a transfer the keeper has seen. No way for buyers of the web."""

from __future__ import annotations

from config import Config
from shop.orders.models import PaymentMethod
from shop.payments.gateway import ByHand


class Counter(ByHand):
    """What a keeper says he took or gave; the sales of the counter write it (`payments.services.counter`)."""

    name = "till"
    method = PaymentMethod.CASH
    on_web = False


def build(config: Config) -> Counter:
    """A counter is always there."""
    return Counter()
