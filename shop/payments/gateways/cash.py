"""Cash on delivery: a person says that he took it."""

from __future__ import annotations

from config import Config
from shop.orders.models import PaymentMethod
from shop.payments.gateway import ByHand


class Cash(ByHand):
    """Money in the hand."""

    name = "cash"
    method = PaymentMethod.COD


def build(config: Config) -> Cash:
    """Cash is always taken."""
    return Cash()
