"""Makers of parcels that leave a producer's own store, and of what is written about them."""

from __future__ import annotations

from typing import Any

from shop.conversations import services as conversations
from shop.conversations.models import Side
from shop.kernel.actor import GUEST, SYSTEM
from shop.orders import desk
from shop.orders import services as orders
from tests.rights.house import House, key, maker, picture, shared
from tests.rights.shop import parcel as point_parcel


@shared
def order_of_store(house: House) -> Any:
    """An order whose parcel leaves the producer's own store; its buyer has written about it."""
    made = house.place(house.store, house.own_level)
    conversations.write(GUEST, made.fulfilments[0].id, Side.BUYER, "Gói kỹ giúp tôi", key())
    return made


@maker("/producer/orders/<reference>/<int(max=9999):number>", of="producer")
@maker(
    "/producer/orders/<reference>/<int(max=9999):number>/<any('packing-list', 'label', 'delivery-note'):paper>.pdf",
    of="producer",
)
@maker("/producer/conversations/<reference>/<int(max=9999):number>", of="producer")
@maker("/office/conversations/<reference>/<int(max=9999):number>", of="all")
def parcel_of_store(house: House) -> dict[str, Any]:
    return {"reference": order_of_store(house).reference, "number": 1}


@maker("/producer/orders/<reference>/<int(max=9999):number>/photo", of="producer")
def photographed(house: House) -> dict[str, Any]:
    return _handed_over(house.place(house.store, house.own_level))


@maker("/office/fulfilments/<reference>/<int(max=9999):number>/photo", of="point")
def photographed_at_point(house: House) -> dict[str, Any]:
    return _handed_over(house.place())


def _handed_over(made: Any) -> dict[str, Any]:
    number = made.fulfilments[0].id
    orders.confirm(SYSTEM, made.id)
    orders.pack(SYSTEM, number)
    desk.hand_over(SYSTEM, number, "GHN", "", key(), photo=picture())
    return {"reference": made.reference, "number": 1}


@maker("/office/orders/<reference>/refuse/<int(max=9999):number>", of="point")
@maker("/don-hang/<reference>/trao-doi/<int(max=9999):number>", of="buyer")
def parcel_of_point(house: House) -> dict[str, Any]:
    return point_parcel(house)
