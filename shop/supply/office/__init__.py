"""Supply for staff: what producers can make, asks to them, what they offer to bring. Every view adds itself to `bp`."""

from __future__ import annotations

from flask import Blueprint

from shop.accounts.permissions import Permission

bp = Blueprint("supply", __name__)
P = Permission

from shop.supply.office import announcements, asks, plans  # noqa: E402, F401 - their views belong to `bp`
