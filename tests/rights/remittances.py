"""Makers of parcels with cash, of batches and of whoever holds it."""

from __future__ import annotations

from typing import Any

from shop.kernel.actor import SYSTEM
from shop.kernel.db import transaction
from shop.ledger import services as ledger
from shop.ledger.services import Line
from shop.orders import services as orders
from shop.remittances.models import Holder
from shop.remittances.services import bags, batches
from tests.remittances.conftest import CLERK, content
from tests.rights.house import House, first, key, maker, shared


@shared
def sent(house: House) -> Any:
    """An order to be paid at the door whose parcel has left."""
    made = house.place()
    parcel = made.fulfilments[0].id
    orders.confirm(SYSTEM, made.id)
    orders.pack(SYSTEM, parcel)
    orders.hand_over(SYSTEM, parcel, carrier="GHN Thử")
    return made


@maker("/office/remittances/parcels/<reference>/<int(max=9999):number>", of="all")
def cash(house: House) -> dict[str, Any]:
    return {"reference": sent(house).reference, "number": 1}


@maker("/office/remittances/hand-in/<int:holder_id>", "/office/remittances/holders/<int:holder_id>", of="all")
def holder(house: House) -> dict[str, Any]:
    sent(house)
    return {"holder_id": first(Holder, Holder.name == "GHN Thử").id}


@maker("/office/remittances/buyers/<reference>", of="all")
def buyer(house: House) -> dict[str, Any]:
    return {"reference": sent(house).reference}


@maker("/office/remittances/batches/<reference>", of="all")
@shared
def batch(house: House) -> dict[str, Any]:
    """A carrier's file that was tried."""
    body = content([f"KHAC {house.name}", "", 5000, 0])
    made = batches.upload(CLERK, holder(house)["holder_id"], body, "a.csv", op_key=key())
    batches.match(CLERK, made, ["tracking", "order", "amount", "fee"])
    return {"reference": made}


@maker("/office/remittances/batches/<reference>/rows/<int(max=99999):number>", of="all")
def row(house: House) -> dict[str, Any]:
    return batch(house) | {"number": 3}


@maker("/office/point-cash/<reference>", of="point")
def point_bag(house: House) -> dict[str, Any]:
    """A bag of a point that waits for its second count."""
    place = f"point:{house.point.id}"
    with transaction():
        # More than drawers were given from there.
        lines = [Line("cash-point", 90_000_000, place), Line("sales", -90_000_000, "order:RIGHTS")]
        ledger.post(SYSTEM, "till-tender", f"rights:{place}:{key()}", lines, key=key(), channel=place)
    made = bags.seal(SYSTEM, point_id=house.point.id, bag_number="NP 2", amount=1_000, carried_by="Tú", op_key=key())
    return {"reference": made}


@maker("/office/remittances/cash/<reference>", of="all")
@shared
def bag(house: House) -> dict[str, Any]:
    """A bag on its way."""
    with transaction():
        lines = [Line("cash-point", 9_000, "point:office"), Line("sales", -9_000, "order:RIGHTS")]
        ledger.post(SYSTEM, "till-tender", "rights:bag", lines, key="rights:bag", channel="cod")
    made = bags.carry(
        SYSTEM, point_id=None, bag_number="NP 1", amount=1_000, counted_by="Mai", carried_by="Tú", op_key="rights-bag-1"
    )
    return {"reference": made}
