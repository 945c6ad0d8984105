"""What must hold of the wait list (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from shop.demand.models.waiting import (
    ALLOWED,
    CLAIMS,
    OfferState,
    WaitEntry,
    WaitOffer,
    WaitState,
    WaitStep,
)
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.stock.models import StockHold, StockLevel

# What a sweep that comes every minute may leave for a moment.
LATE = timedelta(minutes=5)


def _claims() -> dict[str, dict[int, int]]:
    """Live claims of offers: units by variant, by reference of the offer."""
    rows = session().execute(
        select(StockHold.reference, StockLevel.variant_id, func.sum(StockHold.quantity))
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .where(StockHold.outcome.is_(None), StockHold.reference.startswith(CLAIMS, autoescape=True))
        .group_by(StockHold.reference, StockLevel.variant_id)
    )
    found: dict[str, dict[int, int]] = {}
    for reference, variant_id, units in rows:
        found.setdefault(reference.removeprefix(CLAIMS), {})[variant_id] = int(units)
    return found


@invariant("waiting.offers-keep-their-goods")
def kept() -> Iterator[str]:
    """An open offer has exactly its goods under its claim, and no claim of an offer is without one."""
    claims = _claims()
    rows = session().execute(
        select(WaitOffer.reference, WaitOffer.variant_id, WaitOffer.quantity).where(WaitOffer.state == OfferState.OPEN)
    )
    for reference, variant_id, quantity in rows:
        if claims.pop(reference, {}) != {variant_id: quantity}:
            yield f"offer {reference}"
    yield from (f"claim {CLAIMS}{reference}" for reference in sorted(claims))


@invariant("waiting.offers-end")
def ended() -> Iterator[str]:
    """No offer is open five minutes after its term."""
    late = clock.now() - LATE
    rows = session().scalars(
        select(WaitOffer.reference).where(WaitOffer.state == OfferState.OPEN, WaitOffer.until < late)
    )
    yield from (f"offer {reference}" for reference in rows)


@invariant("waiting.offered-means-an-offer")
def offered() -> Iterator[str]:
    """An entry is offered exactly while it has an open offer."""
    has = exists().where(WaitOffer.entry_id == WaitEntry.id, WaitOffer.state == OfferState.OPEN)
    rows = session().scalars(
        select(WaitEntry.reference).where(
            or_(
                and_(WaitEntry.state == WaitState.OFFERED, ~has),
                and_(WaitEntry.state != WaitState.OFFERED, has),
            )
        )
    )
    yield from (f"wait {reference}" for reference in rows)


@invariant("waiting.in-order")
def in_order() -> Iterator[str]:
    """Nobody is offered goods while one who stands before him waits for the same pack in the same way and no more of it, unless
    the offer says that he was passed over."""
    first, later = aliased(WaitEntry), aliased(WaitEntry)
    rows = session().execute(
        select(WaitOffer.reference, WaitOffer.passed_over, first.reference)
        .join(later, later.id == WaitOffer.entry_id)
        .join(first, first.product_id == later.product_id)
        .where(
            WaitOffer.state == OfferState.OPEN,
            first.state == WaitState.WAITING,
            first.waiting_since < WaitOffer.made_at,
            first.queued_at < later.queued_at,
            first.variant_id == WaitOffer.variant_id,
            func.coalesce(first.point_id, 0) == func.coalesce(later.point_id, 0),
            or_(first.partial.is_(True), first.quantity <= WaitOffer.quantity),
        )
    )
    yield from (f"offer {o} before wait {w}" for o, passed, w in rows if w not in passed.split())


@invariant("waiting.history-is-a-chain")
def chain() -> Iterator[str]:
    """The steps of an entry are allowed, follow each other and end in its state."""
    rows = session().execute(
        select(WaitEntry.reference, WaitEntry.state, WaitStep.from_state, WaitStep.to_state)
        .outerjoin(WaitStep, WaitStep.entry_id == WaitEntry.id)
        .order_by(WaitEntry.id, WaitStep.id)
    )
    at: dict[str, str] = {}
    states: dict[str, str] = {}
    broken: dict[str, None] = {}
    for reference, state, before, after in rows:
        states[reference] = state.value
        if (
            after is None
            or before != at.get(reference, "")
            or (before and WaitState(after) not in ALLOWED[WaitState(before)])
        ):
            broken[reference] = None
        at[reference] = after
    broken |= {reference: None for reference, state in states.items() if at.get(reference) != state}
    yield from (f"wait {reference}" for reference in broken)
