"""What buyers see of this room: the picture of a transfer's QR code."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from shop.accounts import guards
from shop.payments import queries

bp = Blueprint("payments", __name__)


@bp.get("/thanh-toan/vietqr/<code>.png")
@guards.public
def vietqr_image(code: str) -> Any:
    """The QR code of a transfer that is still wanted; the address carries a key and cannot be guessed."""
    response = Response(queries.picture(code, request.args.get("k", "")), mimetype="image/png")
    response.headers["Cache-Control"] = "private, max-age=60"
    return response
