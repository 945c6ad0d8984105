"""Settlement for staff: statements, agreements, corrections, rates, payouts."""

from __future__ import annotations

from flask import Blueprint

from shop.kernel import parts

bp = Blueprint("settlement", __name__)

parts.load(__name__, __path__)
