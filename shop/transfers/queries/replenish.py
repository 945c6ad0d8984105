"""How much each point should have, what it has and what is coming; what to send where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, func, or_, select, union_all

from shop.catalog.models import Product, ProductKind, ProductState, Variant, VariantState
from shop.kernel import clock, text
from shop.kernel.db import session
from shop.points import queries as points
from shop.points.models import Point, PointKind
from shop.stock.models import Lot, Passage, StockHold, StockLevel
from shop.transfers import rules
from shop.transfers.models import S, Target, Transfer, TransferLine
from shop.transfers.suggest import Need, Spare, Suggested, over, suggest


def _sendable_units(at: Sequence[int] | None = None) -> Any:
    """Free units by point and variant (at the points `at`; None: all), of lots that are neither stopped nor past their date."""
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    statement = (
        select(
            StockLevel.point_id,
            StockLevel.variant_id,
            func.sum(free).label("n"),
            func.min(Lot.expires_on).filter(free > 0).label("ends"),
        )
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(Lot.stopped_at.is_(None), or_(Lot.expires_on.is_(None), Lot.expires_on >= clock.today()))
        .group_by(StockLevel.point_id, StockLevel.variant_id)
    )
    return (statement if at is None else statement.where(StockLevel.point_id.in_(at))).subquery("here")


def _coming(at: Sequence[int] | None = None) -> Any:
    """Units by point and variant that are on the road there, packed for there, or asked for there."""
    road = (
        select(StockLevel.point_id, StockLevel.variant_id, Passage.on_road.label("n"))
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(Passage.on_road > 0)
    )
    packed = (
        select(Transfer.to_point_id.label("point_id"), StockLevel.variant_id, StockHold.quantity.label("n"))
        .join(StockHold, and_(StockHold.reference == "transfer:" + Transfer.reference, StockHold.outcome.is_(None)))
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .where(Transfer.status == S.PACKED)
    )
    asked = _asked(Transfer.to_point_id)
    if at is not None:
        road = road.where(StockLevel.point_id.in_(at))
        packed, asked = (part.where(Transfer.to_point_id.in_(at)) for part in (packed, asked))
    every = union_all(road, packed, asked).subquery()
    return (
        select(every.c.point_id, every.c.variant_id, func.sum(every.c.n).label("n"))
        .group_by(every.c.point_id, every.c.variant_id)
        .subquery("coming")
    )


def _asked(end: Any) -> Any:
    """What transfers that are not packed yet will take from, or bring to, the point `end`."""
    return (
        select(
            end.label("point_id"),
            TransferLine.variant_id,
            func.coalesce(TransferLine.approved, TransferLine.asked).label("n"),
        )
        .join(TransferLine, TransferLine.transfer_id == Transfer.id)
        .where(Transfer.status.in_((S.ASKED, S.APPROVED)))
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A pack at a point: free units of sound lots, units under way to it, units that transfers not yet packed take from it, its
    level."""

    here: int = 0
    coming: int = 0
    leaving: int = 0
    minimum: int = 0
    target: int = 0


def standings(variant_ids: Sequence[int]) -> dict[tuple[int, int], Standing]:
    """How each of `variant_ids` stands at every point that has it, gets it or should have it, by (point, variant)."""
    if not variant_ids:
        return {}
    here, coming = _sendable_units(), _coming()
    leaving = _asked(Transfer.from_point_id).subquery()
    parts: dict[tuple[int, int], dict[str, int]] = {}
    for name, table in (("here", here), ("coming", coming), ("leaving", leaving)):
        rows = session().execute(
            select(table.c.point_id, table.c.variant_id, func.sum(table.c.n))
            .where(table.c.variant_id.in_(variant_ids))
            .group_by(table.c.point_id, table.c.variant_id)
        )
        for point_id, variant_id, n in rows:
            parts.setdefault((point_id, variant_id), {})[name] = int(n)
    levels = session().execute(
        select(Target.point_id, Target.variant_id, Target.minimum, Target.target).where(
            Target.variant_id.in_(variant_ids)
        )
    )
    for point_id, variant_id, minimum, target in levels:
        parts.setdefault((point_id, variant_id), {}).update(minimum=minimum, target=target)
    return {key: Standing(**found) for key, found in parts.items()}


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A pack at a point: what should be there (0: nobody has said), what can be sold or sent, what is coming."""

    point_id: int
    point: str
    point_slug: str
    variant_id: int
    sku: str
    product: str
    pack: str
    minimum: int
    target: int
    here: int
    coming: int

    @property
    def name(self) -> str:
        """Product and pack."""
        return f"{self.product}, {self.pack}" if self.pack else self.product

    @property
    def missing(self) -> int:
        """Units that would bring the point to its target, if it is below its minimum; what is coming counts as there."""
        have = self.here + self.coming
        return self.target - have if have < self.minimum else 0


@dataclass(frozen=True, slots=True)
class TargetList:
    """A statement for an office table, with the columns that it may be narrowed by."""

    statement: Any
    here: Any
    coming: Any
    minimum: Any

    @property
    def below(self) -> Any:
        """The condition that less is there than should be at least."""
        return self.here < self.minimum

    @property
    def short(self) -> Any:
        """The condition that it is less even with what is coming, which is looked up only where less is there."""
        return and_(self.below, self.here + self.coming < self.minimum)


def _here_of_target() -> Any:
    """Free units of sound lots where, and of what, the target says."""
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    return _of_target(
        select(func.sum(free))
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.point_id == Target.point_id, StockLevel.variant_id == Target.variant_id)
        .where(Lot.stopped_at.is_(None), or_(Lot.expires_on.is_(None), Lot.expires_on >= clock.today()))
    )


def _coming_to_target() -> Any:
    """Units on the road there, packed for there and asked for there."""
    level = and_(StockLevel.point_id == Target.point_id, StockLevel.variant_id == Target.variant_id)
    road = (
        select(func.sum(Passage.on_road))
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(level, Passage.on_road > 0)
    )
    packed = (
        select(func.sum(StockHold.quantity))
        .join(Transfer, and_(StockHold.reference == "transfer:" + Transfer.reference, StockHold.outcome.is_(None)))
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .where(Transfer.to_point_id == Target.point_id, Transfer.status == S.PACKED)
        .where(StockLevel.variant_id == Target.variant_id)
    )
    asked = (
        select(func.sum(func.coalesce(TransferLine.approved, TransferLine.asked)))
        .join(Transfer, Transfer.id == TransferLine.transfer_id)
        .where(Transfer.to_point_id == Target.point_id, Transfer.status.in_((S.ASKED, S.APPROVED)))
        .where(TransferLine.variant_id == Target.variant_id)
    )
    return _of_target(road) + _of_target(packed) + _of_target(asked)


def _of_target(statement: Any) -> Any:
    return func.coalesce(statement.correlate(Target).scalar_subquery(), 0)


def at_all_points(mine: Sequence[int] | None) -> TargetList:
    """All that somebody wants to have at the open points `mine` (None: all).

    What is there is added up for each target by itself, along the index of its shelf: in the order of points the list is read
    from their index down and stops when its page is full, and whoever reads it whole adds up the shelves with a target only.
    """
    n, soon = _here_of_target(), _coming_to_target()
    statement = (
        select(*_row(Target.minimum, Target.target, n, soon))
        .join(Target, Target.point_id == Point.id)
        # A sum is no column that SQLite could look up: it is kept from beginning at the goods.
        .join(Variant, Variant.id == Target.variant_id + 0)
        .join(Product, Product.id == Variant.product_id)
        .where(or_(Point.closed_on.is_(None), Point.closed_on > clock.today()))
    )
    if mine is not None:
        statement = statement.where(Point.id.in_(mine))
    return TargetList(statement, n, soon, Target.minimum)


def at_point(point_id: int) -> TargetList:
    """Every pack on show with what the point has and should have of it."""
    here, coming = _sendable_units([point_id]), _coming([point_id])
    n, soon = func.coalesce(here.c.n, 0), func.coalesce(coming.c.n, 0)
    minimum, target = func.coalesce(Target.minimum, 0), func.coalesce(Target.target, 0)
    statement = (
        select(*_row(minimum, target, n, soon))
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(Point, Point.id == point_id)
        .outerjoin(Target, and_(Target.variant_id == Variant.id, Target.point_id == point_id))
        .outerjoin(here, here.c.variant_id == Variant.id)
        .outerjoin(coming, coming.c.variant_id == Variant.id)
        .where(
            or_(
                and_(
                    Product.state == ProductState.SHOWN,
                    Product.kind == ProductKind.GOODS,
                    Variant.state == VariantState.SHOWN,
                ),
                Target.id.is_not(None),
            )
        )
    )
    return TargetList(statement, n, soon, minimum)


def _row(minimum: Any, target: Any, here: Any, coming: Any) -> tuple[Any, ...]:
    return (
        Point.id.label("point_id"),
        Point.name.label("point"),
        Point.slug.label("point_slug"),
        Variant.id.label("variant_id"),
        Variant.sku,
        Product.name.label("product"),
        Variant.pack,
        minimum.label("minimum"),
        target.label("target"),
        here.label("here"),
        coming.label("coming"),
    )


def matching(q: str) -> Any:
    """The condition of the search box: name without marks, SKU, bar code."""
    raw = q.strip()
    found = [Variant.sku.icontains(raw, autoescape=True), Variant.gtin == raw]
    if words := text.words(raw):
        found.append(Product.slug.contains("-".join(words), autoescape=True))
    return or_(*found)


def below(mine: Sequence[int] | None) -> int:
    """How many packs are below their minimum at the points `mine` (None: all), what is coming not counted."""
    found = at_all_points(mine)
    narrowed = found.statement.where(found.below).with_only_columns(Target.id).subquery()
    return session().scalar(select(func.count()).select_from(narrowed)) or 0


# --- what to send where ------------------------------------------------------------------------------------------


def plan(mine: Sequence[int] | None = None) -> list[Suggested]:
    """The transfers that would fill every open point below its minimum up to its target, those that touch the points `mine`
    (None: all). What is on the road, packed, approved or asked for counts as there, and as gone from where it leaves."""
    s, today = session(), clock.today()
    found = at_all_points(None)
    short = s.execute(found.statement.where(found.short))
    needs = []
    for row in short:
        t = TargetRow(*tuple(row))
        needs.append(Need(t.point_id, t.variant_id, t.missing, (t.here + t.coming) / t.minimum))
    if not needs:
        return []
    suggested = suggest(needs, _spares({need.variant_id for need in needs}, today))
    kept = [s if len(s.lines) <= rules.MOST_LINES else _cut(s) for s in suggested]
    if mine is None:
        return kept
    return [s for s in kept if s.from_point_id in mine or s.to_point_id in mine]


def _cut(s: Suggested) -> Suggested:
    return Suggested(s.from_point_id, s.to_point_id, s.lines[: rules.MOST_LINES])


def _spares(variant_ids: Iterable[int], today: date) -> list[Spare]:
    """What points have over their own target. A point gives only what it has a target for; a warehouse gives the rest too."""
    wanted = set(variant_ids)
    here = _sendable_units()
    promised = _asked(Transfer.from_point_id).subquery()
    gone = (
        select(promised.c.point_id, promised.c.variant_id, func.sum(promised.c.n).label("n"))
        .group_by(promised.c.point_id, promised.c.variant_id)
        .subquery("gone")
    )
    rows = session().execute(
        select(
            here.c.point_id,
            here.c.variant_id,
            here.c.n,
            here.c.ends,
            func.coalesce(gone.c.n, 0),
            Target.target,
        )
        .outerjoin(gone, and_(gone.c.point_id == here.c.point_id, gone.c.variant_id == here.c.variant_id))
        .outerjoin(Target, and_(Target.point_id == here.c.point_id, Target.variant_id == here.c.variant_id))
        .where(here.c.n > 0)
    )
    by_id = {p.id: p for p in points.all_points()}
    found = []
    for point_id, variant_id, n, ends, leaving, target in rows:
        warehouse = by_id[point_id].kind is PointKind.WAREHOUSE
        if variant_id in wanted and by_id[point_id].is_open_on(today) and (warehouse or target is not None):
            found.append(Spare(point_id, variant_id, over(int(n), int(leaving), target or 0), warehouse, ends))
    return found


def name_of(s: Suggested) -> str:
    """A short name of exactly this suggestion: what is made is what was shown."""
    body = repr((s.from_point_id, s.to_point_id, s.lines))
    return f"{s.from_point_id}-{s.to_point_id}-{sha256(body.encode()).hexdigest()[:16]}"
