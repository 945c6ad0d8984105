"""`/me`: what the header of a public page says of its visitor; never cached."""

from __future__ import annotations

from flask import Response, jsonify

from shop.accounts.guards import public
from shop.kernel import web
from shop.pages.storefront import bp
from shop.pages.visitor import Visitor


@bp.get("/me")
@public
def me() -> Response:
    """The visitor's name, number of units in the basket and the doors that are open to them."""
    web.mark_private()
    response = jsonify(Visitor().as_dict())
    response.headers["Cache-Control"] = "no-store"
    return response
