"""What this room tells the rooms below."""

from __future__ import annotations

from flask import Flask

from shop.catalog import services as catalog
from shop.decisions.queries import decisions


def init_app(_app: Flask) -> None:
    """The catalogue asks before it corrects a certificate alone."""
    catalog.bind(decisions.issued)
