"""What must hold of promotions (`flask audit`); what ties them to orders stands in that room."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import aliased

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.promotions.models import Kind, Loan, Offer, Payer, Promotion, State, Use


@invariant("promotions.uses-are-counted")
def counted() -> Iterator[str]:
    """What is counted as used is the sum of the uses that did not come back, and within its limits."""
    alive = case((Use.back_amount < Use.amount, Use.reference))
    used = (
        select(
            Use.promotion_id,
            func.count(alive.distinct()).label("n"),
            func.sum(Use.amount - Use.back_amount).label("amount"),
        )
        .group_by(Use.promotion_id)
        .subquery()
    )
    yield from session().scalars(
        select(Promotion.reference)
        .outerjoin(used, used.c.promotion_id == Promotion.id)
        .where(
            or_(
                Promotion.uses != func.coalesce(used.c.n, 0),
                Promotion.spent_amount != func.coalesce(used.c.amount, 0),
                Promotion.uses > Promotion.uses_limit,
                Promotion.spent_amount > Promotion.budget_amount,
            )
        )
    )


@invariant("promotions.quotas-are-kept")
def quotas() -> Iterator[str]:
    """What is counted as sold of an offer is the sum of its uses, what is lent what counters hold of it, and both together are
    never more than its quota."""
    sold = (
        select(Use.offer_id, func.sum(Use.units - Use.back_units).label("n"))
        .where(Use.offer_id.is_not(None))
        .group_by(Use.offer_id)
        .subquery()
    )
    held = select(Loan.offer_id, func.sum(Loan.units - Loan.used).label("n")).group_by(Loan.offer_id).subquery()
    rows = session().execute(
        select(Promotion.reference, Offer.variant_id)
        .join(Offer, Offer.promotion_id == Promotion.id)
        .outerjoin(sold, sold.c.offer_id == Offer.id)
        .outerjoin(held, held.c.offer_id == Offer.id)
        .where(
            or_(
                Offer.sold != func.coalesce(sold.c.n, 0),
                Offer.lent != func.coalesce(held.c.n, 0),
                Offer.sold + Offer.lent > Offer.quota,
            )
        )
    )
    yield from (f"{reference}: {variant_id}" for reference, variant_id in rows)


@invariant("promotions.used-within-their-span")
def spans() -> Iterator[str]:
    """Nothing was used before a promotion began, after it ended or was stopped, or while it was a draft."""
    rows = session().scalars(
        select(Promotion.reference)
        .join(Use, Use.promotion_id == Promotion.id)
        .where(
            or_(
                Use.at < Promotion.starts_at,
                Use.at >= Promotion.ends_at,
                Use.at > Promotion.stopped_at,
                Promotion.state.in_([State.DRAFT, State.WAITING]),
            )
        )
        .distinct()
    )
    yield from rows


@invariant("promotions.borne-with-consent")
def consent() -> Iterator[str]:
    """What a producer bears is open only if he agreed."""
    yield from session().scalars(
        select(Promotion.reference).where(
            Promotion.payer == Payer.PRODUCER, Promotion.state == State.OPEN, Promotion.agreed_at.is_(None)
        )
    )


@invariant("promotions.one-sale-of-a-pack-at-a-time")
def overlaps() -> Iterator[str]:
    """No pack is in two open sales at one instant."""
    other, theirs = aliased(Promotion), aliased(Offer)
    yield from session().scalars(
        select(Promotion.reference)
        .join(Offer, Offer.promotion_id == Promotion.id)
        .join(theirs, theirs.variant_id == Offer.variant_id)
        .join(other, other.id == theirs.promotion_id)
        .where(
            other.id > Promotion.id,
            Promotion.kind == Kind.SALE,
            Promotion.state == State.OPEN,
            other.state == State.OPEN,
            Promotion.starts_at < other.ends_at,
            other.starts_at < Promotion.ends_at,
        )
        .distinct()
    )
