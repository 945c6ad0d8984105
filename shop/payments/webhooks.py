"""`/webhooks/stripe`: what Stripe tells us by itself."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, jsonify, request

from shop.accounts import guards
from shop.payments import gateway
from shop.payments import services as payments
from shop.payments.errors import BadNotice, BadSignature, NoticeTooLarge
from shop.payments.gateways.stripe import StripeCards

bp = Blueprint("payments", __name__)
LARGEST_BODY = 256 * 1024


@bp.post("/stripe")
@guards.machine
def stripe() -> Any:
    """Take one event: 200 when it is kept, 400 when it is forged, stale or no event; Stripe repeats on anything else."""
    if (request.content_length or 0) > LARGEST_BODY:
        raise NoticeTooLarge
    body = request.get_data(cache=False)
    if len(body) > LARGEST_BODY:
        raise NoticeTooLarge
    way = next((g for g in gateway.offered().values() if isinstance(g, StripeCards)), None)
    if way is None:
        raise BadSignature
    way.verified(body, request.headers.get("Stripe-Signature"))
    word = way.word(_read(body))
    if word is None:
        raise BadNotice
    payments.hear(way.name, word)
    return jsonify(received=True)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError too
        raise BadNotice from None
