"""What must hold of the rates (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from shop.delivery import queries
from shop.delivery.models import RateTable, Zone, ZoneRate
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("delivery.one rate table per origin and day")
def _overlaps() -> Iterable[str]:
    return queries.overlapping_tables()


@invariant("delivery.every rate table has all zones")
def _zones() -> Iterable[str]:
    return (
        str(i)
        for i in session().scalars(
            select(RateTable.id)
            .outerjoin(ZoneRate)
            .group_by(RateTable.id)
            .having(func.count(ZoneRate.id) != len(Zone))
            .order_by(RateTable.id)
        )
    )
