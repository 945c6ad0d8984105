"""Scarce goods in a warehouse, two shops and the web that want them, and what was sold before."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shop.demand.needs import WEB
from shop.demand.services import sharing
from shop.demand.services.sharing import Wanted
from shop.kernel import clock, invariants, jobs
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.points.models import Point, PointKind
from shop.transfers.services import targets
from tests import factories

_numbers = itertools.count(1)
STAFF = Actor("user", "Cán bộ xúc tiến", 1)


def key() -> str:
    """A fresh operation key."""
    return f"sharing-key-{next(_numbers):06d}"


def fresh() -> Any:
    """The session, with nothing remembered."""
    session().rollback()
    session().expire_all()
    return session()


def broken() -> list[str]:
    fresh()
    return [f"{f.name}: {f.offenders}" for f in invariants.run("stock", "transfers", "demand") if not f.ok]


@dataclass
class Market:
    """`squid` (30 in the warehouse) is wanted by two shops and the web; `tea` (200 there) by one shop."""

    squid: Any
    tea: Any
    warehouse: Point
    north: Point
    south: Point
    level: int

    def wanted(self, **values: Any) -> Wanted:
        usual: dict[str, Any] = {
            "cartons": {self.squid.id: 1}, "givers": [self.warehouse.id], "places": [self.north.id, self.south.id, WEB],
        }  # fmt: skip
        return Wanted(**(usual | values))

    def plan(self, **values: Any) -> str:
        """A plan that has been worked out."""
        reference = sharing.make(STAFF, self.wanted(**values), key())
        jobs.dispatch()
        fresh()
        return reference


def make_market() -> Market:
    """The market, new."""
    squid, tea = factories.make_variant("Chả mực Hạ Long"), factories.make_variant("Trà hoa vàng")
    warehouse = factories.make_point("Kho Bến Thử", kind=PointKind.WAREHOUSE, pickup=False, is_public=False)
    north = factories.make_point("Móng Cái", ships=False)
    south = factories.make_point("Hải Phòng", ships=True)
    level = factories.put_in(squid, warehouse, 30, lot_code="L1", expires_on=clock.today() + timedelta(days=90))
    factories.put_in(tea, warehouse, 200)
    for point, n in ((north, 40), (south, 20)):
        targets.set_targets(STAFF, point.id, {squid.id: (n // 2, n)}, key())
    targets.set_targets(STAFF, north.id, {tea.id: (2, 10)}, key())
    return Market(squid, tea, warehouse, north, south, level)
