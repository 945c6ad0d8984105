"""Makers of sharing plans: keepers see the lines of their own points once a plan is approved."""

from __future__ import annotations

from typing import Any

from shop.demand.queries import sharing as queries
from shop.demand.services import sharing
from shop.demand.services.sharing import Wanted
from shop.kernel.actor import SYSTEM
from shop.points import queries as points
from shop.points.models import PointKind
from shop.transfers.services import targets
from tests import factories
from tests.rights.house import House, key, maker, shared


def _plan(house: House) -> str:
    source = factories.make_point(f"Kho chia {house.name}", kind=PointKind.WAREHOUSE)
    points.forget()
    factories.put_in(house.variant, source, 20)
    targets.set_targets(SYSTEM, house.point.id, {house.variant.id: (5, 90)}, key())
    reference = sharing.make(SYSTEM, Wanted({house.variant.id: 1}, [source.id], [house.point.id]), key())
    sharing.solve(queries.by_reference(reference).id)
    return reference


@maker("/office/sharing/<reference>", of="point")
@shared
def approved(house: House) -> dict[str, Any]:
    reference = _plan(house)
    sharing.approve(SYSTEM, reference, 0, key(), may_approve_transfers=True)
    return {"reference": reference}


@maker(
    "/office/sharing/<reference>/again",
    "/office/sharing/<reference>/approve",
    "/office/sharing/<reference>/lines",
    "/office/sharing/<reference>/progress",
    "/office/sharing/<reference>/withdraw",
    of="all",
)
def draft(house: House) -> dict[str, Any]:
    return {"reference": _plan(house)}
