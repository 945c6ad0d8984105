"""Demand for staff. Every view adds itself to `bp`."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("demand", __name__)

from shop.demand.office import waiting  # noqa: E402, F401 - its views belong to `bp`
