"""Decisions, renewals and checks for staff; every module of this package adds its views to `bp`."""

from __future__ import annotations

from flask import Blueprint

from shop.kernel import parts

bp = Blueprint("decisions", __name__)

parts.load(__name__, __path__)
