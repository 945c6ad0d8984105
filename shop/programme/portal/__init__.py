"""The programme in the producers' door; every module here adds its views to `bp`."""

from __future__ import annotations

from flask import Blueprint

from shop.kernel import parts

bp = Blueprint("programme", __name__)

parts.load(__name__, __path__)
