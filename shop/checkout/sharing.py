"""How scarce goods are shared among buyers: how long they are held, and how many one network address may hold."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from flask import current_app

from shop.checkout import errors, rules
from shop.checkout.plan import Plan
from shop.kernel.actor import Actor
from shop.orders.models import PaymentMethod

LEAST_SHARE = 10


def check(made: Plan, taken: dict[int, int]) -> None:
    """Keep one network address from holding the shelf: after its first order it may have open at most its share of a
    variant's free goods, and never less than ten units.

    Raises:
        ShareReached: more is open already, or would be.
    """
    percent = int(rules.ADDRESS_SHARE.get())
    for line in made.lines:
        open_units = taken.get(line.goods.variant_id, 0)
        share = max(LEAST_SHARE, (line.available + open_units) * percent // 100)
        if open_units and open_units + line.quantity > share:
            raise errors.ShareReached(name=line.goods.name)


def address_key(actor: Actor) -> str | None:
    """A keyed hash of the buyer's network address; None where limits are off."""
    if not actor.address or not current_app.extensions["shop_config"].rate_limits:
        return None
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"address:{actor.address}".encode(), hashlib.sha256).hexdigest()[:40]


def pay_until(method: PaymentMethod, at: datetime) -> datetime | None:
    """Until when the goods of an order placed at `at` are held for its payment; None for cash, which holds nothing."""
    if method is PaymentMethod.COD:
        return None
    if method is PaymentMethod.CARD:
        return at + timedelta(minutes=int(rules.CARD_MINUTES.get()))
    return at + timedelta(hours=int(rules.VIETQR_HOURS.get()))
