"""What this room needs when the shop starts."""

from __future__ import annotations

from datetime import date

from flask import Flask

from shop.accounts import scopes
from shop.kernel import dates
from shop.programme.queries import councils


def init_app(app: Flask) -> None:
    """Let grants be for a council; days kept as text in a dossier read as days do."""
    app.jinja_env.filters["isoday"] = lambda kept: dates.day(date.fromisoformat(kept)) if kept else "–"
    scopes.register("council", label=councils.label, choices=councils.choices)
