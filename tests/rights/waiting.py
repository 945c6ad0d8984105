"""Makers of places in queues and of what is kept for who waits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.demand.models.waiting import WaitOffer
from shop.demand.services import waiting
from shop.demand.services.waiting import Wish
from shop.kernel.actor import GUEST
from shop.kernel.db import session
from tests import factories
from tests.rights.house import House, maker


def _wait(house: House) -> tuple[str, Any]:
    """Somebody who has only a phone waits for something new; returns his place's code and the goods."""
    variant = factories.make_variant("Sá sùng khô", producer=house.producer)
    joined = waiting.join(GUEST, Wish(variant.sku, 1), f"09123{variant.id:05d}", locale="vi", adult=False)
    return joined.reference, variant


@maker("/cho-hang/<reference>", of="buyer")
@maker("/office/demand/waiting/entries/<reference>", of="all")
def place(house: House) -> dict[str, Any]:
    return {"reference": _wait(house)[0]}


@maker("/giu-hang/<reference>", of="buyer")
@maker("/office/demand/waiting/offers/<reference>/told", of="all")
def kept(house: House) -> dict[str, Any]:
    reference, variant = _wait(house)
    waiting.confirm(GUEST, reference, by_staff=True)
    factories.put_in(variant, house.point, 1)
    newest = select(WaitOffer.reference).order_by(WaitOffer.id.desc()).limit(1)
    return {"reference": session().scalars(newest).one()}
