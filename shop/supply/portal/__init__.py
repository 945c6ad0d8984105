"""Supply in the producers' door: the own store, what can be made, asks, deliveries. Every view adds itself to `bp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, request

from shop.accounts.permissions import Permission
from shop.kernel.errors import NotFound
from shop.producers import maker
from shop.producers.maker import Maker

bp = Blueprint("supply", __name__)
P = Permission
# How states are drawn, on both sides.
DELIVERY_KINDS = {"expected": "info", "partly": "warn", "received": "ok", "cancelled": ""}
ASK_KINDS = {"asked": "warn", "changed": "info", "accepted": "ok", "refused": "bad", "withdrawn": ""}
ANNOUNCEMENT_KINDS = {"announced": "info", "accepted": "ok", "refused": "bad", "withdrawn": ""}
HARVEST_KINDS = {"expected": "info", "came": "ok", "given_up": ""}


def whose() -> Maker:
    """The producer whose page is shown; of a form that is sent, the one whose page was filled in, whatever was chosen in
    another window meanwhile.

    Raises:
        NotFound: the form names a producer for whom the user has no right.
    """
    if request.method == "GET":
        return maker.current(P.SUPPLY_EDIT)
    found = next((m for m in maker.mine(P.SUPPLY_EDIT) if m.slug == request.form.get("producer", "")), None)
    if found is None:
        raise NotFound
    g.maker = found
    return found


def theirs(producer_id: int) -> Maker:
    """The producer of an object that the guard has let through.

    Raises:
        NotFound: the user's grants name no such producer.
    """
    found = next((m for m in maker.mine(P.SUPPLY_EDIT) if m.id == producer_id), None)
    if found is None:
        raise NotFound
    g.maker = found
    return found


def scope_by(find: Callable[..., int | None], name: str) -> Callable[..., str | None]:
    """A guard's scope: the producer that `find` names for what stands in the address."""

    def scope(**address: Any) -> str | None:
        found = find(*address.values())
        return None if found is None else f"producer:{found}"

    scope.__name__ = name
    return scope


from shop.supply.portal import asks, deliveries, plans, store  # noqa: E402, F401 - their views belong to `bp`
