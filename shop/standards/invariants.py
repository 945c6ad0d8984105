"""What must hold of marks, labels and tests (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.standards.models import REVIEWS, Standard, State, number_key


@invariant("standards.papers-have-their-bytes")
def files() -> Iterator[str]:
    """Every file that a paper names is in storage."""
    kept = storage()
    rows = session().execute(
        select(Standard.reference, Standard.file_key).where(Standard.file_key.is_not(None)).order_by(Standard.id)
    )
    yield from (reference for reference, key in rows if not kept.exists(str(key)))


@invariant("standards.one-review-of-a-kind-stands")
def reviews() -> Iterator[str]:
    """Of label and packaging a product has at most one review that counts."""
    rows = session().execute(
        select(Standard.product_id, Standard.kind)
        .where(Standard.kind.in_(REVIEWS), Standard.state == State.CONFIRMED)
        .group_by(Standard.product_id, Standard.kind)
        .having(func.count() > 1)
    )
    yield from (f"product {product}: {kind}" for product, kind in rows)


@invariant("standards.numbers-are-found")
def numbers() -> Iterator[str]:
    """What a number is found by is what the number says."""
    rows = session().execute(select(Standard.reference, Standard.number, Standard.number_key).order_by(Standard.id))
    yield from (reference for reference, number, key in rows if number_key(number) != key)
