"""`/webhooks/bank`: what a service that watches the shop's account tells us (docs/banking.md)."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, current_app, jsonify, request

from shop.accounts import guards
from shop.banking.services import notices as banking
from shop.kernel import notices
from shop.payments.errors import BadNotice, BadSignature, NoticeTooLarge

bp = Blueprint("banking", __name__)
LARGEST_BODY = 256 * 1024
TOLERANCE_SECONDS = 300


@bp.post("/bank")
@guards.machine
def bank() -> Any:
    """Take one notice: 200 when it is kept or known, 400 when it is forged, stale, dated ahead or no notice."""
    if (request.content_length or 0) > LARGEST_BODY:
        raise NoticeTooLarge
    body = request.get_data(cache=False)
    if len(body) > LARGEST_BODY:
        raise NoticeTooLarge
    secret = current_app.extensions["shop_config"].bank_webhook_secret
    if not notices.is_signed(secret, body, request.headers.get("Bank-Signature"), within=TOLERANCE_SECONDS):
        raise BadSignature
    banking.hear_and_match(_read(body))
    return jsonify(received=True)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError too
        raise BadNotice from None
