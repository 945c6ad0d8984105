"""What must hold of recalls (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.recalls import queries
from shop.recalls.models import Recall, RecallBuyer
from shop.stock.models import Lot, StockLevel


@invariant("recalls.closed-leaves-nothing")
def closed() -> Iterator[str]:
    """A recall that is over has no claims and no goods of its lot on hand."""
    rows = session().execute(
        select(Recall.reference, StockLevel.id)
        .join(StockLevel, StockLevel.lot_id == Recall.lot_id)
        .where(Recall.closed_at.is_not(None), StockLevel.on_hand + StockLevel.held + StockLevel.allocated > 0)
    )
    yield from (f"recall {r}: level {i}" for r, i in rows)


@invariant("recalls.lots-stay-stopped")
def stopped() -> Iterator[str]:
    """A recalled lot is stopped."""
    rows = session().scalars(
        select(Recall.reference).join(Lot, Lot.id == Recall.lot_id).where(Lot.stopped_at.is_(None))
    )
    yield from (f"recall {r}" for r in rows)


@invariant("recalls.buyers-are-written-down")
def buyers() -> Iterator[str]:
    """Every order that has goods of a recalled lot for half an hour stands in the recall."""
    late = clock.now() - timedelta(minutes=30)
    for recall in session().scalars(select(Recall).where(Recall.started_at < late, Recall.closed_at.is_(None))):
        known = set(session().scalars(select(RecallBuyer.order_id).where(RecallBuyer.recall_id == recall.id)))
        for found in queries.bought_of(recall.lot_id)[0]:
            if found.order_id not in known and found.left_at < late:
                yield f"recall {recall.reference}: order {found.reference}"
