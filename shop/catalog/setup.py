"""What the catalogue adds to the shop: it can read photographs and PDFs, which the rooms below it keep too."""

from __future__ import annotations

from flask import Flask

from shop.catalog import documents
from shop.producers import files


def init_app(_app: Flask) -> None:
    """Let the room of producers keep its papers as certificates are kept."""
    files.register(documents.keep)
