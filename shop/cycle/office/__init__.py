"""The programme's year for staff. Every module here adds its views to `bp`."""

from __future__ import annotations

from flask import Blueprint

from shop.kernel import parts

bp = Blueprint("cycle", __name__)

parts.load(__name__, __path__)
