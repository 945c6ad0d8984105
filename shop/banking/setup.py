"""What this room needs when the shop starts."""

from __future__ import annotations

from flask import Flask

from shop.banking import buyers
from shop.payments import seen


def init_app(app: Flask) -> None:
    """Let an order's page ask what the bank's lines say of its money."""
    seen.register(buyers.told_of)
