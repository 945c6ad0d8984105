"""Reads of goods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, func, literal, null, or_, select, union_all
from sqlalchemy.orm import aliased

from shop.catalog.models import Product, ProductKind, ProductState, Variant, VariantState
from shop.kernel import clock, text
from shop.kernel.db import session
from shop.kernel.reading import Reading, among
from shop.points.models import Point
from shop.producers.models import Producer
from shop.stock import rules
from shop.stock.models import Availability, Lot, MovementKind, Passage, StockHold, StockLevel, StockMovement, WebReserve


@dataclass(frozen=True, slots=True)
class FreeLevel:
    """Units of one variant that may still be claimed at one open point; earlier expiry first."""

    level_id: int
    variant_id: int
    point_id: int
    free: int
    expires_on: date | None
    ships: bool
    pickup: bool
    province_code: str
    commune_code: str | None


def _open(on: Any) -> Any:
    return and_(
        or_(Point.opened_on.is_(None), Point.opened_on <= on), or_(Point.closed_on.is_(None), Point.closed_on > on)
    )


def _own_reserve(variant_id: Any, point_id: Any, on: Any) -> Any:
    """The condition that joins the reserve in force of a pack at a point."""
    return and_(
        WebReserve.at_point_id == point_id,
        WebReserve.of_variant_id == variant_id,
        or_(WebReserve.until_on.is_(None), WebReserve.until_on >= on),
    )


_RESERVE = func.coalesce(WebReserve.units, Point.web_reserve)
_FREE = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
_FREE_ANYWHERE = (
    select(
        StockLevel.id,
        StockLevel.variant_id,
        StockLevel.point_id,
        _FREE,
        Lot.expires_on,
        Point.ships,
        Point.pickup,
        Point.province_code,
        Point.commune_code,
        _RESERVE,
    )
    .join(Lot, Lot.id == StockLevel.lot_id)
    .join(Point, Point.id == StockLevel.point_id)
    .outerjoin(WebReserve, _own_reserve(StockLevel.variant_id, StockLevel.point_id, bindparam("today")))
    .where(among(StockLevel.variant_id, "ids"), _FREE > 0, _open(bindparam("today")))
    .where(StockLevel.is_stopped.is_(False), or_(Lot.expires_on.is_(None), Lot.expires_on >= bindparam("today")))
    .order_by(Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
)
_FREE_LEVELS = Reading(_FREE_ANYWHERE)
_FREE_LEVELS_AT = Reading(_FREE_ANYWHERE.where(StockLevel.point_id == bindparam("point_id")))


def free_levels(variant_ids: Sequence[int], *, point_id: int | None = None, web: bool = False) -> list[FreeLevel]:
    """Where `variant_ids` can be claimed now, first expiring first; stopped lots and lots past their date are left out. For
    the `web` each point keeps its reserve of each pack, from what would be used up last. One statement."""
    if point_id is None:
        rows = _FREE_LEVELS.rows(ids=variant_ids, today=clock.today())
    else:
        rows = _FREE_LEVELS_AT.rows(ids=variant_ids, today=clock.today(), point_id=point_id)
    if not web:
        return [FreeLevel(*row[:-1]) for row in rows]
    left: dict[tuple[int, int], int] = {}
    for row in rows:
        shelf = (row[1], row[2])
        left[shelf] = left.get(shelf, -row[-1]) + row[3]
    found = []
    for row in rows:
        shelf = (row[1], row[2])
        free = min(row[3], left[shelf])
        if free > 0:
            left[shelf] -= free
            found.append(FreeLevel(*(*row[:3], free, *row[4:-1])))
    return found


_CLAIMED = (
    select(
        StockLevel.id,
        StockLevel.variant_id,
        StockLevel.point_id,
        StockHold.quantity,
        Lot.expires_on,
        Point.ships,
        Point.pickup,
        Point.province_code,
        Point.commune_code,
    )
    .join(StockLevel, StockLevel.id == StockHold.level_id)
    .join(Lot, Lot.id == StockLevel.lot_id)
    .join(Point, Point.id == StockLevel.point_id)
    .where(
        StockHold.reference.in_(bindparam("references", expanding=True)),
        StockHold.outcome.is_(None),
        _open(bindparam("today")),
        StockLevel.is_stopped.is_(False),
        or_(Lot.expires_on.is_(None), Lot.expires_on >= bindparam("today")),
    )
    .order_by(Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
)


def claimed_levels(references: Sequence[str]) -> list[FreeLevel]:
    """What is claimed under `references`, as it could be claimed by whoever may use these claims (`services.exchange`);
    stopped lots and lots past their date are left out."""
    if not references:
        return []
    rows = session().execute(_CLAIMED, {"references": list(references), "today": clock.today()})
    return [FreeLevel(*row) for row in rows]


class AvailableCount(NamedTuple):
    """Units of a variant for parcels and for pick-up, as lists show them."""

    ship: int
    pickup: int

    @property
    def total(self) -> int:
        """The most that one way of delivery can give."""
        return max(self.ship, self.pickup)


NONE_LEFT = AvailableCount(0, 0)


_AVAILABILITY = Reading(
    select(Availability.variant_id, Availability.ship, Availability.pickup).where(among(Availability.variant_id, "ids"))
)


def availability(variant_ids: Sequence[int]) -> dict[int, AvailableCount]:
    """What lists show for each of `variant_ids`; a variant never stocked is missing (see `NONE_LEFT`)."""
    if not variant_ids:
        return {}
    rows = _AVAILABILITY.rows(ids=variant_ids)
    return {variant_id: AvailableCount(max(0, ship), max(0, pickup)) for variant_id, ship, pickup in rows}


def at_points(variant_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Units that the web may still sell, per variant and open pick-up point: `{variant: {point: units}}`."""
    found: dict[int, dict[int, int]] = {}
    for level in free_levels(variant_ids, web=True) if variant_ids else ():
        if level.pickup:
            by_point = found.setdefault(level.variant_id, {})
            by_point[level.point_id] = by_point.get(level.point_id, 0) + level.free
    return found


def availability_out_of_step(variant_ids: Sequence[int] | None = None) -> list[tuple[int, int, int]]:
    """Variants whose availability row is not the sum of their levels: (variant, right ship, right pickup)."""
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    today = clock.today()
    sellable = and_(StockLevel.is_stopped.is_(False), or_(Lot.expires_on.is_(None), Lot.expires_on >= today))
    shelves = (
        select(
            StockLevel.variant_id.label("variant_id"),
            StockLevel.point_id.label("point_id"),
            func.coalesce(func.sum(free).filter(sellable), 0).label("free"),
        )
        .join(Lot, Lot.id == StockLevel.lot_id)
        .group_by(StockLevel.variant_id, StockLevel.point_id)
    )
    if variant_ids is not None:
        shelves = shelves.where(StockLevel.variant_id.in_(variant_ids))
    shelf = shelves.subquery()
    offered = case((shelf.c.free > _RESERVE, shelf.c.free - _RESERVE), else_=0)
    right = (
        select(
            shelf.c.variant_id.label("variant_id"),
            func.coalesce(func.sum(offered).filter(and_(Point.ships, _open(today))), 0).label("ship"),
            func.coalesce(func.sum(offered).filter(and_(Point.pickup, _open(today))), 0).label("pickup"),
        )
        .join(Point, Point.id == shelf.c.point_id)
        .outerjoin(WebReserve, _own_reserve(shelf.c.variant_id, shelf.c.point_id, today))
        .group_by(shelf.c.variant_id)
    )
    sub = right.subquery()
    rows = session().execute(
        select(sub.c.variant_id, sub.c.ship, sub.c.pickup)
        .outerjoin(Availability, Availability.variant_id == sub.c.variant_id)
        .where(
            or_(
                Availability.variant_id.is_(None),
                Availability.ship != sub.c.ship,
                Availability.pickup != sub.c.pickup,
            )
        )
        .order_by(sub.c.variant_id)
    )
    return [(int(v), int(s), int(p)) for v, s, p in rows]


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level as the office lists it."""

    level_id: int
    sku: str
    product: str
    product_slug: str
    pack: str
    point_id: int
    point: str
    lot: str
    expires_on: date | None
    owner: str
    on_hand: int
    held: int
    allocated: int
    updated_at: datetime
    variant_id: int
    lot_id: int
    # Units on the road to this level, and from it to other points.
    arriving: int = 0
    leaving: int = 0

    @property
    def free(self) -> int:
        """Units nobody has a claim on."""
        return self.on_hand - self.held - self.allocated


def level_rows(*, by_goods: bool = False) -> Any:
    """The statement behind the office's list of levels; the table adds filters, sorting and a page.

    `by_goods`: it is read in the order of products, from their index down to the levels, and stops when the page is full.
    SQLite must be kept from beginning at the levels and sorting them all: a sum is no column that it could look up.
    """
    variant_id, product_id = (Variant.id + 0, Product.id + 0) if by_goods else (Variant.id, Product.id)
    return (
        select(
            StockLevel.id.label("level_id"),
            Variant.sku,
            Product.name.label("product"),
            Product.slug.label("product_slug"),
            Variant.pack,
            Point.id.label("point_id"),
            Point.name.label("point"),
            Lot.code.label("lot"),
            Lot.expires_on,
            StockLevel.owner,
            StockLevel.on_hand,
            StockLevel.held,
            StockLevel.allocated,
            StockLevel.updated_at,
            StockLevel.variant_id,
            StockLevel.lot_id,
        )
        .join(Variant, variant_id == StockLevel.variant_id)
        .join(Product, product_id == Variant.product_id)
        .join(Point, Point.id == StockLevel.point_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
    )


def level_row(level_id: int) -> LevelRow | None:
    """One level as the office shows it."""
    road = (
        func.coalesce(select(func.sum(Passage.on_road)).where(column == level_id).scalar_subquery(), 0)
        for column in (Passage.to_level_id, Passage.level_id)
    )
    row = session().execute(level_rows().where(StockLevel.id == level_id).add_columns(*road)).first()
    return LevelRow(*row) if row else None


def on_the_road(level_ids: Sequence[int] | None) -> dict[int, tuple[int, int]]:
    """Units on the road to and from each of these levels (None: of all); levels without such goods are missing."""
    ends = []
    for n, column in enumerate((Passage.to_level_id, Passage.level_id)):
        counts = (Passage.on_road, literal(0)) if n == 0 else (literal(0), Passage.on_road)
        end = select(column.label("id"), counts[0].label("arriving"), counts[1].label("leaving"))
        end = end.where(Passage.on_road > 0)
        ends.append(end if level_ids is None else end.where(column.in_(level_ids)))
    road = union_all(*ends).subquery()
    rows = session().execute(select(road.c.id, func.sum(road.c.arriving), func.sum(road.c.leaving)).group_by(road.c.id))
    return {level_id: (int(arriving), int(leaving)) for level_id, arriving, leaving in rows}


def history(level_id: int, *, before: int | None = None, limit: int = 50) -> list[StockMovement]:
    """Movements of a level, newest first; `before` is the id of the last one seen."""
    statement = select(StockMovement).where(StockMovement.level_id == level_id)
    if before is not None:
        statement = statement.where(StockMovement.id < before)
    return list(session().scalars(statement.order_by(StockMovement.id.desc()).limit(limit)))


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """Units claimed under a reference: of which variant, from which lot of which point. `until` is None once they are paid
    for or need not be."""

    reference: str
    level_id: int
    variant_id: int
    point_id: int
    lot: str
    expires_on: date | None
    quantity: int
    until: datetime | None


def _claims() -> Any:
    return (
        select(
            StockHold.reference,
            StockHold.level_id,
            StockLevel.variant_id,
            StockLevel.point_id,
            Lot.code,
            Lot.expires_on,
            StockHold.quantity,
            StockHold.expires_at,
        )
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockHold.outcome.is_(None))
        .order_by(StockHold.id)
    )


def claims_under(references: Sequence[str]) -> list[ClaimRow]:
    """The live claims under `references`: which lots the goods come from."""
    if not references:
        return []
    return [ClaimRow(*row) for row in session().execute(_claims().where(StockHold.reference.in_(references)))]


def claims_on(level_id: int, *, limit: int = 200) -> list[ClaimRow]:
    """The live claims on one level, oldest first."""
    return [ClaimRow(*row) for row in session().execute(_claims().where(StockHold.level_id == level_id).limit(limit))]


def lots_sold(references: Sequence[str]) -> list[ClaimRow]:
    """From which lots goods left under `references`."""
    if not references:
        return []
    rows: Any = session().execute(
        select(
            StockMovement.reference,
            StockMovement.level_id,
            StockLevel.variant_id,
            StockLevel.point_id,
            Lot.code,
            Lot.expires_on,
            -StockMovement.quantity,
            null(),
        )
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockMovement.reference.in_(references), StockMovement.kind == MovementKind.SALE)
        .order_by(StockMovement.id)
    )
    return [ClaimRow(*tuple(row)) for row in rows]


# --- the office's list -------------------------------------------------------------------------------------------


def _variants_left(mine: Sequence[int] | None, low: int, high: int) -> Any:
    """Variants of which `low` to `high` units can be sold at the points `mine` (None: all) that are open.

    Over all points only those are counted that lists show with no more than `high` by either way of delivery: what a way can
    give is never more than what there is. So a few packs are counted through their index instead of every shelf of every point.
    """
    today = clock.today()
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    fresh = or_(Lot.expires_on.is_(None), Lot.expires_on >= today)
    sellable = and_(_open(today), StockLevel.is_stopped.is_(False), fresh)
    left = func.coalesce(func.sum(case((sellable, free), else_=0)), 0)
    statement = (
        select(StockLevel.variant_id)
        .join(Point, Point.id == StockLevel.point_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .group_by(StockLevel.variant_id)
        .having(left >= low, left <= high)
    )
    if mine is not None:
        return statement.where(StockLevel.point_id.in_(mine))
    few = select(Availability.variant_id).where(Availability.ship <= high, Availability.pickup <= high)
    return statement.where(StockLevel.variant_id.in_(few))


def not_used_up() -> Any:
    """The condition on levels that are worth a line: goods are there or on their way to or from there, or it is the last lot
    that the pack had there. After a year most lots of a shelf are used up."""
    later = aliased(StockLevel)
    newer = select(later.id).where(
        later.variant_id == StockLevel.variant_id, later.point_id == StockLevel.point_id, later.id > StockLevel.id
    )
    coming, gone = (select(end).where(Passage.on_road > 0) for end in (Passage.to_level_id, Passage.level_id))
    return or_(StockLevel.on_hand > 0, StockLevel.id.in_(coming), StockLevel.id.in_(gone), ~newer.exists())


def in_state(state: str, mine: Sequence[int] | None) -> Any:
    """The condition on levels behind a filter: `out`, `low` (of the pack as a whole at the points `mine`), `ending`,
    `expired` (lots with goods on hand), `claimed`, `road` (goods on their way to or from there), `gone` (lots used up)."""
    today = clock.today()
    if state == "gone":
        return ~not_used_up()
    if state == "out":
        return StockLevel.variant_id.in_(_variants_left(mine, 0, 0))
    if state == "low":
        return StockLevel.variant_id.in_(_variants_left(mine, 1, rules.LOW_STOCK.get()))
    if state == "ending":
        soon = today + timedelta(days=rules.NEAR_EXPIRY.get())
        return and_(StockLevel.on_hand > 0, Lot.expires_on >= today, Lot.expires_on <= soon)
    if state == "expired":
        return and_(StockLevel.on_hand > 0, Lot.expires_on < today)
    if state == "road":
        under_way = Passage.on_road > 0
        ends = (select(column).where(under_way) for column in (Passage.to_level_id, Passage.level_id))
        return or_(*(StockLevel.id.in_(end) for end in ends))
    return StockLevel.held + StockLevel.allocated > 0


def _named(q: str) -> tuple[Any, Any]:
    """Ids of the variants, and of the lots, that a search box means: name without marks, SKU, bar code; lot."""
    raw = q.strip()
    named = [Variant.sku.icontains(raw, autoescape=True), Variant.gtin == raw]
    if words := text.words(raw):
        named.append(Product.slug.contains("-".join(words), autoescape=True))
    goods = select(Variant.id).join(Product, Product.id == Variant.product_id).where(or_(*named))
    return goods.correlate(None), select(Lot.id).where(Lot.code.icontains(raw, autoescape=True)).correlate(None)


def matching(q: str) -> Any:
    """The condition of the search box on levels. Goods and lots are looked up first, then their levels by index: there are
    far more levels than goods."""
    goods, of_lot = _named(q)
    return or_(StockLevel.variant_id.in_(goods), StockLevel.lot_id.in_(of_lot))


def lots_matching(q: str) -> Any:
    """The condition of the search box on lots."""
    goods, of_lot = _named(q)
    return or_(Lot.variant_id.in_(goods), Lot.id.in_(of_lot))


def never_stocked() -> int:
    """How many packs on show have never been received anywhere."""
    return (
        session().scalar(
            select(func.count())
            .select_from(Variant)
            .join(Product, Product.id == Variant.product_id)
            .where(_for_sale(), ~select(StockLevel.id).where(StockLevel.variant_id == Variant.id).exists())
        )
        or 0
    )


def _for_sale() -> Any:
    return and_(
        Product.state == ProductState.SHOWN, Product.kind == ProductKind.GOODS, Variant.state == VariantState.SHOWN
    )


@dataclass(frozen=True, slots=True)
class Receivable:
    """A pack that can be received; `producer_id` and `producer` name whose goods it is if they lie here on consignment."""

    variant_id: int
    sku: str
    gtin: str | None
    product: str
    pack: str
    producer_id: int | None
    producer: str | None


def _receivable() -> Any:
    return (
        select(
            Variant.id,
            Variant.sku,
            Variant.gtin,
            Product.name,
            Variant.pack,
            Product.producer_id,
            Producer.name.label("p"),
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .order_by(Product.sort_name, Variant.position, Variant.id)
    )


def receivable(code: str) -> Receivable | None:
    """The pack of this SKU (as typed, whatever its case) or bar code."""
    raw = code.strip()
    if not raw:
        return None
    row = (
        session().execute(_receivable().where(or_(func.lower(Variant.sku) == raw.lower(), Variant.gtin == raw))).first()
    )
    return Receivable(*row) if row else None


def find_receivable(q: str, *, never: bool = False, limit: int = 20) -> list[Receivable]:
    """Packs whose name, SKU or bar code holds `q`; with `never` those on show that were never received."""
    statement = _receivable()
    if never:
        stocked = select(StockLevel.id).where(StockLevel.variant_id == Variant.id).exists()
        statement = statement.where(_for_sale(), ~stocked)
    if words := text.words(q):
        statement = statement.where(
            or_(
                Product.slug.contains("-".join(words)),
                Variant.sku.icontains(q.strip(), autoescape=True),
                Variant.gtin == q,
            )
        )
    elif not never:
        return []
    return [Receivable(*row) for row in session().execute(statement.limit(limit))]


def owner_names() -> dict[str, str]:
    """The names of those whose goods lie here on consignment, by owner (`producer:7`)."""
    # From one owner to the next along the index: as many steps as there are owners, however many levels.
    found = select(func.min(StockLevel.owner).label("owner")).cte("owners", recursive=True)
    beyond = select(func.min(StockLevel.owner)).where(StockLevel.owner > found.c.owner).scalar_subquery()
    found = found.union_all(select(beyond).where(found.c.owner.is_not(None)))
    rows = session().execute(
        select(Producer.id, Producer.name).join(found, found.c.owner == func.concat("producer:", Producer.id))
    )
    return {f"producer:{producer_id}": name for producer_id, name in rows}


def level_point(level_id: int) -> int | None:
    """The point a level lies at; None if there is no such level."""
    return session().scalar(select(StockLevel.point_id).where(StockLevel.id == level_id))
