"""What must always hold of listings (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from shop.catalog.models import Product
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.listings.models import ALLOWED, Picture, State, Step, Submission


@invariant("listings.steps-are-a-chain")
def chain() -> Iterator[str]:
    """The steps of a submission are an unbroken chain of allowed transitions from its draft that ends in its state."""
    rows = session().execute(
        select(Submission.reference, Submission.state, Step.state_from, Step.state_to)
        .outerjoin(Step, Step.submission_id == Submission.id)
        .order_by(Submission.id, Step.id)
    )
    at: dict[str, tuple[State, State | None, bool]] = {}
    for reference, state, before, after in rows:
        last, good = (at[reference][1], at[reference][2]) if reference in at else (None, True)
        allowed = after is not None and before is last and (last is None or after in ALLOWED[last])
        at[reference] = (state, after, good and allowed and (last is not None or after is State.DRAFT))
    yield from (reference for reference, (state, last, good) in at.items() if not good or last is not state)


@invariant("listings.own-goods-only")
def own() -> Iterator[str]:
    """A submission is about a product of its producer."""
    rows = session().execute(
        select(Submission.reference)
        .join(Product, Product.id == Submission.product_id)
        .where(func.coalesce(Product.producer_id, 0) != Submission.producer_id, Submission.closed_at.is_(None))
    )
    yield from (reference for (reference,) in rows)


@invariant("listings.nobody-approves-his-own")
def two_people() -> Iterator[str]:
    """Whoever approved a submission after it was sent did not send it."""
    sent, approved = Step.__table__.alias("sent"), Step.__table__.alias("approved")
    rows = session().execute(
        select(Submission.reference)
        .join(approved, approved.c.submission_id == Submission.id)
        .join(sent, sent.c.submission_id == Submission.id)
        .where(
            approved.c.state_from == State.SENT,
            approved.c.state_to == State.APPROVED,
            sent.c.state_to == State.SENT,
            sent.c.actor_key == approved.c.actor_key,
        )
        .distinct()
    )
    yield from (reference for (reference,) in rows)


@invariant("listings.pictures-have-their-bytes")
def pictures() -> Iterator[str]:
    """Every file of a picture that was sent is in storage."""
    kept = storage()
    for reference, files in session().execute(select(Picture.reference, Picture.files)):
        keys = [key for widths in files.values() for key in widths.values()]
        if not all(kept.exists(key) for key in keys):
            yield reference
