"""What this room needs when the shop starts."""

from __future__ import annotations

from flask import Flask

import shop.remittances.awaited  # noqa: F401 - lets the bank's lines be matched with batches


def init_app(app: Flask) -> None:
    """Nothing of the app itself."""
