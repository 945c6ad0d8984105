"""Makers of what producers can make, are asked for, offer and have in their own stores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import clock
from shop.receipts.models import Terms
from shop.supply.models import Per
from shop.supply.services import announcements, asks, plans
from shop.supply.services.asks import Errand
from shop.supply.services.plans import Expects, Makes
from tests.rights.house import House, key, maker, shared
from tests.supply.conftest import MAKER, OFFICE


@maker("/office/asks/<reference>", of="point")
@maker("/producer/asks/<reference>", of="producer")
@shared
def ask(house: House) -> dict[str, Any]:
    errand = Errand(house.point.id, Terms.PURCHASE, clock.today() + timedelta(days=10), "Hội chợ")
    return {"reference": asks.ask(OFFICE, house.producer.id, errand, {house.variant.id: 5}, op_key=key())}


@maker("/office/announcements/<reference>", of="point")
@maker("/producer/deliveries/announced/<reference>", of="producer")
@shared
def announcement(house: House) -> dict[str, Any]:
    on = clock.today() + timedelta(days=2)
    made = announcements.announce(
        MAKER, house.producer.id, house.point.id, Terms.PURCHASE, on, {house.variant.id: 3}, op_key=key()
    )
    return {"reference": made}


@maker("/producer/deliveries/<reference>", of="producer")
def expected(house: House) -> dict[str, Any]:
    return {"reference": house.delivery}


@maker("/producer/harvests/<reference>", of="producer")
@shared
def harvest(house: House) -> dict[str, Any]:
    day = clock.today() + timedelta(days=3)
    made = plans.expect(MAKER, house.producer.id, house.variant.product_id, None, Expects(10, 20, day, day), key())
    return {"reference": made}


@maker("/producer/capacity/<slug>", of="producer")
def capacity(house: House) -> dict[str, Any]:
    plans.set_season(MAKER, house.producer.id, house.variant.product_id, "001122332211")
    return {"slug": house.slug}


@maker("/producer/capacity/<slug>/statements/<int:capacity_id>", of="producer")
def stated(house: House) -> dict[str, Any]:
    makes = Makes(70, Per.WEEK, clock.today())
    number = plans.state(MAKER, house.producer.id, house.variant.product_id, None, makes, key())
    return {"slug": house.slug, "capacity_id": number}


@maker("/producer/stock/levels/<int:level_id>", of="producer")
def own_level(house: House) -> dict[str, Any]:
    return {"level_id": house.own_level}
