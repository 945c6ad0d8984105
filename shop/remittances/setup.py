"""What this room needs when the shop starts."""

from __future__ import annotations

from flask import Flask

from shop.payments import incoming
from shop.remittances.awaited import Batches
from shop.remittances.services.bags import Bags


def init_app(app: Flask) -> None:
    """Let the bank's lines be matched with batches."""
    incoming.register(Batches())
    incoming.register(Bags())
