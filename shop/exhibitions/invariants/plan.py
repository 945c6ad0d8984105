"""What must hold of fairs and their plans (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import or_, select

from shop.exhibitions import plan
from shop.exhibitions.models.fairs import (
    FAIR_ALLOWED,
    Booth,
    BoothType,
    Exhibition,
    ExhibitionStep,
    Feature,
    Zone,
)
from shop.exhibitions.services.plan import shape_of_booth, shape_of_feature
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("exhibitions.plans-are-drawn-right")
def drawn() -> Iterator[str]:
    """No two shapes of a plan overlap (aisles may), and each lies in its hall."""
    s = session()
    shapes: dict[int, list[plan.Shape]] = {}
    for booth in s.scalars(select(Booth).order_by(Booth.exhibition_id, Booth.id)):
        shapes.setdefault(booth.exhibition_id, []).append(shape_of_booth(booth))
    for feature in s.scalars(select(Feature).order_by(Feature.exhibition_id, Feature.id)):
        shapes.setdefault(feature.exhibition_id, []).append(shape_of_feature(feature, feature.kind.value))
    for row in s.execute(
        select(Exhibition.id, Exhibition.slug, Exhibition.columns, Exhibition.rows).where(Exhibition.id.in_(shapes))
    ):
        yield from (f"{row.slug}: {a.name} over {b.name}" for a, b in plan.overlaps(shapes[row.id]))
        yield from (
            f"{row.slug}: {s.name} outside" for s in shapes[row.id] if not plan.inside(s, row.columns, row.rows)
        )


@invariant("exhibitions.plans-are-of-one-fair")
def whole() -> Iterator[str]:
    """A booth's zone and type are those of its own fair."""
    rows = session().execute(
        select(Exhibition.slug, Booth.code)
        .join(Exhibition, Exhibition.id == Booth.exhibition_id)
        .join(BoothType, BoothType.id == Booth.type_id)
        .outerjoin(Zone, Zone.id == Booth.zone_id)
        .where(or_(BoothType.exhibition_id != Booth.exhibition_id, Zone.exhibition_id != Booth.exhibition_id))
    )
    yield from (f"{slug}: {code}" for slug, code in rows)


@invariant("exhibitions.history-is-unbroken")
def history() -> Iterator[str]:
    """A fair's steps begin with nothing, take only allowed ones and end in its state."""
    s = session()
    rows = s.execute(
        select(ExhibitionStep.exhibition_id, ExhibitionStep.from_state, ExhibitionStep.to_state).order_by(
            ExhibitionStep.exhibition_id, ExhibitionStep.id
        )
    )
    ends: dict[int, str] = {}
    wrong: set[int] = set()
    for exhibition_id, steps in groupby(rows, key=lambda row: row[0]):
        at = ""
        for _fair, before, after in steps:
            if before != at or after not in FAIR_ALLOWED[before]:
                wrong.add(exhibition_id)
            at = after
        ends[exhibition_id] = at
    for exhibition_id, slug, state in s.execute(select(Exhibition.id, Exhibition.slug, Exhibition.state)):
        if exhibition_id in wrong or ends.get(exhibition_id) != state:
            yield slug
