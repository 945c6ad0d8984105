"""What the web leaves of one pack at one point, where that differs from the point's own number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, session, transaction
from shop.stock import services as stock
from shop.stock.models import StockLevel, WebReserve


@dataclass(frozen=True, slots=True)
class Reserve:
    """`units` of `variant_id` stay at `point_id` to the end of `until_on` (None: for good); `units` None: as the point."""

    point_id: int
    variant_id: int
    units: int | None
    until_on: date | None = None


def put(actor: Actor, reserves: Iterable[Reserve], reference: str) -> None:
    """Set reserves under `reference`, whoever set them before; what lists show follows at once.

    Web buyers who hold a level of the shelf finish first; whoever comes after them sees the new number.
    """
    wanted = sorted(reserves, key=lambda r: (r.point_id, r.variant_id))
    if not wanted:
        return
    if any(r.units is not None and r.units < 0 for r in wanted):
        raise ValueError("a reserve is counted from 0")
    with transaction() as s:
        now = clock.now()
        for r in wanted:
            here = (WebReserve.at_point_id == r.point_id, WebReserve.of_variant_id == r.variant_id)
            levels = (StockLevel.point_id == r.point_id, StockLevel.variant_id == r.variant_id)
            s.execute(select(StockLevel.id).where(*levels).order_by(StockLevel.id).with_for_update()).all()
            if r.units is None:
                s.execute(delete(WebReserve).where(*here))
                continue
            row = {"at_point_id": r.point_id, "of_variant_id": r.variant_id}
            values = {"units": r.units, "until_on": r.until_on, "reference": reference, "set_at": now}
            insert_missing(WebReserve, [row | values | {"set_by": actor.label}], list(row))
            found = s.scalars(
                select(WebReserve).where(*here).with_for_update(), execution_options={"populate_existing": True}
            ).one()
            found.units, found.until_on, found.reference = r.units, r.until_on, reference
            found.set_at, found.set_by = now, actor.label
        s.flush()
        stock.refresh_availability(sorted({r.variant_id for r in wanted}))


def of_point(point_id: int) -> dict[int, int]:
    """The reserves in force at a point, by variant."""
    rows = session().execute(
        select(WebReserve.of_variant_id, WebReserve.units, WebReserve.until_on).where(
            WebReserve.at_point_id == point_id
        )
    )
    today = clock.today()
    return {variant: units for variant, units, until in rows if until is None or until >= today}
