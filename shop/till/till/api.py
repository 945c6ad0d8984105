"""What the app of a counter asks the shop: JSON, a machine's door, the device's token in the header `Authorization`."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, g, jsonify, request
from flask_babel import gettext
from pydantic import ValidationError

from shop.accounts.guards import machine
from shop.kernel import clock, web
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.limits import limiter
from shop.promotions.services import lending
from shop.till import forms, papers, rules
from shop.till.errors import BatchTooLarge, DeviceUnknown
from shop.till.queries import catalogue as catalogues
from shop.till.queries import receipts
from shop.till.services import coupons, devices, sync
from shop.till.services.devices import Known
from shop.till.till import bp

PER_ADDRESS = "600 per minute"


def _device() -> Known:
    """The device that asks.

    Raises:
        DeviceUnknown, DeviceRevoked: by its token.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 20 <= len(token) <= 100 or not token.isascii():
        raise DeviceUnknown
    g.private_page = True
    return devices.by_token(token)


def _json(largest: int) -> Any:
    """The body as JSON, read no further than `largest` bytes.

    Raises:
        BatchTooLarge: it is longer.
        Invalid: it is no JSON.
    """
    if (request.content_length or 0) > largest:
        raise BatchTooLarge
    raw = request.stream.read(largest + 1)
    if len(raw) > largest:
        raise BatchTooLarge
    if b"\\u0000" in raw:
        raise Invalid
    try:
        found = json.loads(raw)
        if b"\\ud" in raw.lower():  # half a character has no bytes, and no database takes it
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Invalid from None
    return found


def _state(known: Known) -> dict[str, Any]:
    return {"last_seq": known.last_seq, "last_number": known.last_number, "now": clock.now().isoformat()}


@bp.post("/api/enrol")
@machine
@limiter.limit("30 per minute")
def enrol() -> Any:
    """A code from the office becomes the token of this device."""
    asked: forms.Enrolment = forms.read(forms.Enrolment, _json(4096))
    made = devices.enrol(asked.code, asked.device_name, web.client_address())
    known = devices.by_token(made.token)
    point = catalogues.point_of(known.point_id)
    return jsonify(
        {
            "token": made.token,
            "device": {"code": known.code, "name": known.name},
            "point": catalogues.point_facts(point),
            "shop": catalogues.shop_facts(),
            **_state(known),
        }
    )


@bp.get("/api/catalogue")
@machine
@limiter.limit(PER_ADDRESS)
def catalogue() -> Any:
    """All that the device holds; 304 if it has this version (`since` or `If-None-Match`)."""
    known = _device()
    told = catalogues.catalogue(known.point_id, clock.now())
    version = told["version"]
    if request.args.get("since") == version or request.if_none_match.contains_weak(version):
        response = Response(status=304)
    else:
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        response = Response(body, mimetype="application/json")
    response.set_etag(version, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.get("/api/state")
@machine
@limiter.limit(PER_ADDRESS)
def state() -> Any:
    """How the shop knows the device: its open session and how far its counting has come."""
    known = _device()
    point = catalogues.point_of(known.point_id)
    return jsonify(
        {
            "device": {"code": known.code, "name": known.name},
            "point": catalogues.point_facts(point),
            "session": receipts.open_session(known.id),
            "revoked": False,
            **_state(known),
        }
    )


@bp.post("/api/sync")
@machine
@limiter.limit(PER_ADDRESS)
def send() -> Any:
    """Take in a batch of events, each once."""
    known = _device()
    try:
        batch = forms.Batch.model_validate(_json(rules.LARGEST_BATCH))
    except ValidationError as error:
        raise forms.malformed(error) from error
    if batch.device != known.code:
        raise Invalid(field="device")
    results = sync.take_in(known, batch.events)
    return jsonify({"results": [_told(r) for r in results], **_state(devices.by_id(known.id))})


def _told(result: sync.Result) -> dict[str, Any]:
    told: dict[str, Any] = {"uuid": result.uuid, "status": result.status, **(result.result or {})}
    if result.error is not None:
        told |= {"code": result.error.code, "message": gettext(result.error.title, **result.error.values)}
    return told


@bp.post("/api/offers")
@machine
@limiter.limit(PER_ADDRESS)
def lend() -> Any:
    """How many units of each timed sale the device may sell at its price, with or without a network."""
    known = _device()
    held = lending.lend(devices.holder(known.id), catalogues.here(known.point_id), clock.now())
    return jsonify({"offers": [{"id": i, "left": n} for i, n in sorted(held.items())], **_state(known)})


@bp.post("/api/code")
@machine
@limiter.limit("60 per minute")
def code() -> Any:
    """A buyer's code for the basket of the device: what it takes off each line. It is the basket's until it is let go."""
    known = _device()
    asked: forms.CodeAsked = forms.read(forms.CodeAsked, _json(rules.LARGEST_BATCH))
    found = coupons.grant(known, asked, web.client_address())
    shares = [{"line": n, "amount": amount} for n, amount in sorted(found.shares.items())]
    return jsonify(
        {"uuid": found.uuid, "code": found.code, "name": found.name, "amount": found.amount, "shares": shares}
    )


@bp.post("/api/code/let-go")
@machine
@limiter.limit(PER_ADDRESS)
def let_code_go() -> Any:
    """The basket does not use its code after all."""
    known = _device()
    asked: forms.CodeLeft = forms.read(forms.CodeLeft, _json(4096))
    coupons.let_go(known, asked.uuid)
    return jsonify(_state(known))


@bp.get("/api/sale")
@machine
@limiter.limit(PER_ADDRESS)
def sale() -> Any:
    """A sale by its number, with how many of each line may still come back; sales of other devices too."""
    _device()
    found = receipts.sale(request.args.get("number", "").strip().upper()[:20])
    if found is None:
        raise NotFound
    return jsonify(found)


@bp.get("/receipt/<number>.pdf")
@machine
@limiter.limit("60 per minute")
def receipt(number: str) -> Response:
    """A receipt of the device's point as PDF, 80 mm wide, for a device that cannot print itself."""
    known = _device()
    found = receipts.receipt(number.strip().upper()[:20])
    if found is None or found.order.pickup_point_id != known.point_id:
        raise NotFound
    return Response(papers.receipt(found), mimetype="application/pdf")
