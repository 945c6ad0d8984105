"""The door `/till`: the shell of the app (`shell`) and what it asks for (`api`); every module here adds its views to `bp`."""

from __future__ import annotations

from flask import Blueprint

from shop.kernel import parts

bp = Blueprint("till", __name__)

parts.load(__name__, __path__)
