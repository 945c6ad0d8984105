"""What must hold of counts and write-offs (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, func, or_, select

from shop.counts.models import CountLine, CountState, StockCount, WriteOff, WriteOffState
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.stock.models import StockMovement


@invariant("counts.booked-is-the-difference")
def booked() -> Iterator[str]:
    """A booked line moved exactly its difference once; a line not booked moved nothing; a finished count has no line left."""
    moved = (
        select(StockMovement.level_id, StockMovement.reference, func.sum(StockMovement.quantity).label("n"))
        .where(StockMovement.reference.like("count:%"))
        .group_by(StockMovement.level_id, StockMovement.reference)
        .subquery()
    )
    rows = session().execute(
        select(StockCount.reference, CountLine.id)
        .join(CountLine, CountLine.count_id == StockCount.id)
        .outerjoin(
            moved,
            and_(moved.c.level_id == CountLine.level_id, moved.c.reference == "count:" + StockCount.reference),
        )
        .where(
            or_(
                and_(
                    CountLine.booked_at.is_not(None),
                    func.coalesce(moved.c.n, 0) != func.coalesce(CountLine.counted - CountLine.expected, 0),
                ),
                and_(CountLine.booked_at.is_(None), func.coalesce(moved.c.n, 0) != 0),
                and_(CountLine.booked_at.is_(None), StockCount.state == CountState.DONE),
            )
        )
    )
    yield from (f"{reference} line {line}" for reference, line in rows)


@invariant("counts.written-off-once")
def written_off() -> Iterator[str]:
    """A booked write-off took out exactly its goods; one asked for or refused none."""
    moved = (
        select(StockMovement.reference, func.sum(-StockMovement.quantity).label("n"))
        .where(StockMovement.reference.like("write-off:%"))
        .group_by(StockMovement.reference)
        .subquery()
    )
    gone = func.coalesce(moved.c.n, 0)
    rows = session().execute(
        select(WriteOff.reference)
        .outerjoin(moved, moved.c.reference == "write-off:" + WriteOff.reference)
        .where(
            or_(
                and_(WriteOff.state == WriteOffState.BOOKED, gone != WriteOff.quantity),
                and_(WriteOff.state != WriteOffState.BOOKED, gone != 0),
            )
        )
    )
    yield from (r for (r,) in rows)


@invariant("counts.photographs-have-their-bytes")
def photographs() -> Iterator[str]:
    """Every photograph that a write-off names is in storage."""
    kept = storage()
    rows = session().execute(select(WriteOff.reference, WriteOff.photo_key).where(WriteOff.photo_key.is_not(None)))
    yield from (r for r, key in rows if not kept.exists(str(key)))
