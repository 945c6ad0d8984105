"""What must hold of goods (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, exists, func, or_, select

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.stock import queries
from shop.stock.models import Lot, MovementKind, Stage, StockHold, StockLevel, StockMovement


@invariant("stock.on-hand-is-its-movements")
def on_hand() -> Iterator[str]:
    """Each level's on hand is the sum of its movements, and each running balance is the sum so far."""
    total = (
        select(StockMovement.level_id, func.sum(StockMovement.quantity).label("n"))
        .group_by(StockMovement.level_id)
        .subquery()
    )
    rows = session().execute(
        select(StockLevel.id)
        .outerjoin(total, total.c.level_id == StockLevel.id)
        .where(StockLevel.on_hand != func.coalesce(total.c.n, 0))
    )
    yield from (f"level {i}" for (i,) in rows)


@invariant("stock.running-balance")
def running_balance() -> Iterator[str]:
    """No balance below zero, and each movement's balance continues the one before it."""
    so_far = (
        func.sum(StockMovement.quantity)
        .over(partition_by=StockMovement.level_id, order_by=StockMovement.id)
        .label("so_far")
    )
    walk = select(StockMovement.id, StockMovement.balance, so_far).subquery()
    rows = session().execute(select(walk.c.id).where(or_(walk.c.so_far < 0, walk.c.balance != walk.c.so_far)))
    yield from (f"movement {i}" for (i,) in rows)


def _claims(stage: Stage) -> Iterator[str]:
    live = (
        select(StockHold.level_id, func.sum(StockHold.quantity).label("n"))
        .where(StockHold.outcome.is_(None), StockHold.stage == stage)
        .group_by(StockHold.level_id)
        .subquery()
    )
    column = StockLevel.held if stage is Stage.HELD else StockLevel.allocated
    rows = session().execute(
        select(StockLevel.id)
        .outerjoin(live, live.c.level_id == StockLevel.id)
        .where(column != func.coalesce(live.c.n, 0))
    )
    yield from (f"level {i}" for (i,) in rows)


@invariant("stock.held-is-live-holds")
def held() -> Iterator[str]:
    """Held units are exactly the live holds."""
    yield from _claims(Stage.HELD)


@invariant("stock.allocated-is-committed-claims")
def allocated() -> Iterator[str]:
    """Allocated units are exactly the live allocations."""
    yield from _claims(Stage.ALLOCATED)


@invariant("stock.claims-within-on-hand")
def within() -> Iterator[str]:
    """0 ≤ held + allocated ≤ on hand."""
    claimed = StockLevel.held + StockLevel.allocated
    rows = session().execute(
        select(StockLevel.id).where(or_(StockLevel.held < 0, StockLevel.allocated < 0, claimed > StockLevel.on_hand))
    )
    yield from (f"level {i}" for (i,) in rows)


@invariant("stock.no-hold-past-its-term")
def terms() -> Iterator[str]:
    """No hold lives longer than five minutes past its term."""
    late = clock.now() - timedelta(minutes=5)
    rows = session().execute(
        select(StockHold.id, StockHold.reference).where(StockHold.outcome.is_(None), StockHold.expires_at < late)
    )
    yield from (f"hold {i} ({r})" for i, r in rows)


@invariant("stock.movements-have-a-cause")
def causes() -> Iterator[str]:
    """Every movement has a reference or a reason."""
    rows = session().execute(
        select(StockMovement.id).where(
            StockMovement.reference.is_(None), or_(StockMovement.reason.is_(None), StockMovement.reason == "")
        )
    )
    yield from (f"movement {i}" for (i,) in rows)


@invariant("stock.handed-over-is-sold")
def taken() -> Iterator[str]:
    """A claim that was handed over has exactly one movement out of its size: a sale, or a transfer's departure."""
    claims = (
        select(StockHold.reference, StockHold.level_id, func.sum(StockHold.quantity).label("n"))
        .where(StockHold.outcome == "taken")
        .group_by(StockHold.reference, StockHold.level_id)
        .subquery()
    )
    sold = (
        select(StockMovement.reference, StockMovement.level_id, func.sum(-StockMovement.quantity).label("n"))
        .where(StockMovement.kind.in_((MovementKind.SALE, MovementKind.TRANSFER_OUT)))
        .group_by(StockMovement.reference, StockMovement.level_id)
        .subquery()
    )
    rows = session().execute(
        select(claims.c.reference)
        .outerjoin(sold, and_(sold.c.reference == claims.c.reference, sold.c.level_id == claims.c.level_id))
        .where(func.coalesce(sold.c.n, 0) != claims.c.n)
    )
    yield from (str(r) for (r,) in rows)


@invariant("stock.availability-in-step")
def in_step() -> Iterator[str]:
    """What lists show equals the free goods of open points."""
    yield from (f"variant {v}" for v, _s, _p in queries.availability_out_of_step())


@invariant("stock.stopped-lots-are-stopped")
def stopped() -> Iterator[str]:
    """Every level knows whether its lot is stopped."""
    rows = session().execute(
        select(StockLevel.id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.is_stopped != Lot.stopped_at.is_not(None))
    )
    yield from (f"level {i}" for (i,) in rows)


@invariant("stock.nothing-leaves-a-stopped-lot")
def nothing_leaves() -> Iterator[str]:
    """Nothing of a stopped lot was claimed or sent after its stop, nor handed over from a claim. (What a counter sold before
    it heard of the stop is out of the house: it is booked and shown to a person.)"""
    claimed_before = exists().where(
        StockHold.reference == StockMovement.reference, StockHold.level_id == StockMovement.level_id
    )
    gone = (
        select(StockMovement.id)
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            Lot.stopped_at.is_not(None),
            StockMovement.at > Lot.stopped_at,
            or_(
                StockMovement.kind == MovementKind.TRANSFER_OUT,
                and_(StockMovement.kind == MovementKind.SALE, claimed_before),
            ),
        )
    )
    yield from (f"movement {i}" for i in session().scalars(gone))
    claimed = (
        select(StockHold.id)
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(Lot.stopped_at.is_not(None), StockHold.created_at > Lot.stopped_at)
    )
    yield from (f"hold {i}" for i in session().scalars(claimed))
