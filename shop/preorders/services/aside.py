"""Goods of a harvest that wait for their sharing: claimed for the window as they come, so that nobody else buys them
meanwhile."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import and_, func, not_, or_, select

from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict
from shop.preorders.models import HarvestWindow, W
from shop.stock import services as stock
from shop.stock.models import Lot, StockHold, StockLevel


def under(reference: str) -> str:
    """The name under which stock keeps what waits for a window."""
    return f"harvest:{reference}"


def _spoilt() -> Any:
    """The condition on levels whose goods nobody may have: their lot is stopped or past its date."""
    return or_(StockLevel.is_stopped.is_(True), and_(Lot.expires_on.is_not(None), Lot.expires_on < clock.today()))


def at_points(reference: str) -> dict[int, int]:
    """Units set aside for a window that its buyers may have, by point."""
    rows = session().execute(
        select(StockLevel.point_id, func.sum(StockHold.quantity))
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockHold.reference == under(reference), StockHold.outcome.is_(None), not_(_spoilt()))
        .group_by(StockLevel.point_id)
    )
    return {point_id: int(n) for point_id, n in rows}


def _holds_spoilt(reference: str) -> bool:
    """Whether goods were set aside for a window that nobody may have any more."""
    found = (
        select(StockHold.id)
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockHold.reference == under(reference), StockHold.outcome.is_(None), _spoilt())
        .limit(1)
    )
    return session().scalar(found) is not None


def let_go(reference: str) -> int:
    """Give back what waits for a window, in the open transaction; return how many units."""
    return stock.release(under(reference))


def set_aside(reference: str) -> int:
    """Claim what has come of a harvest that is known and not shared yet, as far as its buyers will need it; return how many
    units are new. Doing it again claims only what came since; where a lot was stopped meanwhile, other goods in its place.

    Raises:
        SoldOut: somebody was faster at a level; trying again is safe.
    """
    from shop.preorders.services import running, windows

    with transaction():
        row = windows.lock(reference)
        if row.state is not W.HARVESTED:
            return 0
        if _holds_spoilt(reference):
            let_go(reference)
        held = at_points(reference)
        takes: list[stock.Take] = []
        for point_id, units in running.wanted_at(row).items():
            shelf = running.shelf_of(row, point_id)
            takes += shelf.draw(max(0, units - held.get(point_id, 0)))
        if takes:
            stock.take(under(reference), takes)
        return sum(t.quantity for t in takes)


def sweep() -> dict[str, int]:
    """Set aside for every window that waits for its goods; return the new units by window."""
    waiting = session().scalars(
        select(HarvestWindow.reference).where(HarvestWindow.state == W.HARVESTED).order_by(HarvestWindow.id)
    ).all()  # fmt: skip
    found: dict[str, int] = defaultdict(int)
    for reference in waiting:
        try:
            found[reference] = set_aside(reference)
        except Conflict:  # at the next turn
            continue
    return dict(found)
