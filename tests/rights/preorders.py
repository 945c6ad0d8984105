"""Makers of harvest windows and of what is ordered in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import clock
from shop.kernel.actor import GUEST
from shop.orders.models import DeliveryKind, PaymentMethod
from shop.preorders.services import places, windows
from shop.preorders.services.places import Wish
from shop.preorders.services.windows import Terms
from shop.preorders.sharing import Rule
from tests.rights.house import House, key, maker, shared
from tests.supply.conftest import MAKER, OFFICE


def _window(house: House) -> str:
    today = clock.today()
    terms = Terms(
        variant_id=house.variant.id, point_id=house.point.id, pickup_ids=(house.point.id,), ships=True, low=5, high=10,
        limit_units=8, opens_at=clock.now() - timedelta(hours=1), closes_at=clock.now() + timedelta(days=3),
        harvest_from=today, harvest_to=today + timedelta(days=9), delivery_from=today + timedelta(days=9),
        delivery_to=today + timedelta(days=12), price_low_amount=50_000, price_high_amount=50_000, deposit_percent=0,
        household_limit=8, rule=Rule.FIRST_COME,
    )  # fmt: skip
    return windows.draft(MAKER, house.producer.id, terms, key())


@maker("/office/preorders/<reference>", of="all")
@maker("/producer/preorders/<reference>", of="producer")
@shared
def window(house: House) -> dict[str, Any]:
    return {"reference": _window(house)}


@maker("/dat-truoc/<reference>", of="buyer")
@shared
def claim(house: House) -> dict[str, Any]:
    reference = _window(house)
    windows.approve(OFFICE, reference, key())
    wish = Wish(
        quantity=1, name="Trần Thị Bưởi", phone="+84912345678", email="buoi@example.vn", delivery=DeliveryKind.PICKUP,
        rest=PaymentMethod.COD, point_id=house.point.id,
    )  # fmt: skip
    placed = places.place(GUEST, reference, wish, None, op_key=key(), owner="rights", locale="vi")
    return {"reference": placed.reference}
