"""What must hold of the units (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.places import queries
from shop.places.models import Succession, Unit


@invariant("places.one unit per code and day")
def _overlaps() -> Iterable[str]:
    return queries.overlapping_codes()


@invariant("places.every unit lies in another of its time")
def _orphans() -> Iterable[str]:
    parent = aliased(Unit)
    covers = and_(
        parent.code == Unit.parent_code,
        or_(parent.valid_from.is_(None), Unit.valid_to.is_(None), parent.valid_from < Unit.valid_to),
        or_(parent.valid_to.is_(None), Unit.valid_from.is_(None), parent.valid_to > Unit.valid_from),
    )
    return session().scalars(
        select(Unit.code).where(Unit.parent_code.is_not(None), ~select(parent.id).where(covers).exists()).limit(100)
    )


@invariant("places.every successor exists")
def _successors() -> Iterable[str]:
    return session().scalars(
        select(Succession.old_code)
        .where(
            ~select(Unit.id)
            .where(
                Unit.code == Succession.new_code,
                or_(Unit.valid_to.is_(None), Unit.valid_to > Succession.changed_on),
            )
            .exists()
        )
        .limit(100)
    )
