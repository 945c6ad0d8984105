"""Where a lot is and who has it: the preview of a recall, and how far one has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from shop.catalog.models import Product, Variant
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.orders.models import CHANNEL_NAMES, Order
from shop.points.models import Point
from shop.recalls.models import Reach, Recall, RecallBuyer
from shop.stock.models import Lot, Passage, StockHold, StockLevel
from shop.stock.queries import lots


def order_reference(reference: str) -> tuple[str, int] | None:
    """The order and parcel that a reference of stock names; None if it names something else."""
    kind, _, rest = reference.partition(":")
    order, _, number = rest.partition(":")
    return (order, int(number)) if kind == "order" and number.isascii() and number.isdigit() else None


def reach_of(email: str | None, phone: str | None) -> Reach:
    """How a buyer can be told: by letter, else by a call, else not at all."""
    if email:
        return Reach.LETTER
    return Reach.CALL if any(c.isdigit() for c in phone or "") else Reach.NOBODY


@dataclass(frozen=True, slots=True)
class OnRoad:
    """Units of the lot between two points."""

    reference: str
    from_point: str
    to_point: str
    units: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Units claimed for what has not left. `instead` units can be had from other lots of that point and owner; `order` is the
    order's reference ('' for other claims), `what` says what is to be done with the rest: `swap`, `wait` (not paid yet),
    `desk`, `other`."""

    reference: str
    order: str
    number: int
    point: str
    units: int
    instead: int
    what: str

    @property
    def missing(self) -> int:
        return self.units - self.instead


@dataclass(frozen=True, slots=True)
class Bought:
    """An order that some of the lot left under."""

    order_id: int
    reference: str
    channel: str
    name: str
    phone: str
    email: str | None
    units: int
    point: str
    left_at: datetime
    reach: Reach

    @property
    def channel_name(self) -> str:
        return CHANNEL_NAMES.get(self.channel, self.channel)


@dataclass(frozen=True, slots=True)
class Spread:
    """Everything about where a lot is now."""

    levels: tuple[lots.LotLevel, ...]
    road: tuple[OnRoad, ...]
    claims: tuple[Claimed, ...]
    bought: tuple[Bought, ...]
    unknown: int

    @property
    def on_hand(self) -> int:
        return sum(x.on_hand for x in self.levels)

    @property
    def points(self) -> int:
        return len({x.point_id for x in self.levels if x.on_hand})

    @property
    def on_road(self) -> int:
        return sum(x.units for x in self.road)

    @property
    def claimed(self) -> int:
        return sum(x.units for x in self.claims)

    @property
    def missing(self) -> int:
        """Claimed units for which no other lot is there."""
        return sum(x.missing for x in self.claims)

    @property
    def sold(self) -> int:
        return sum(x.units for x in self.bought) + self.unknown

    def by(self, reach: str) -> int:
        """Buyers who can be told that way; a person who wrote one address counts once."""
        found = [b for b in self.bought if b.reach == reach]
        return len({(b.email or "").lower() for b in found}) if reach == Reach.LETTER else len(found)


def on_the_road(lot_id: int) -> tuple[OnRoad, ...]:
    """What of the lot is between points."""
    source, target = aliased(Point), aliased(Point)
    there = aliased(StockLevel)
    rows = session().execute(
        select(Passage.reference, source.name, target.name, Passage.on_road)
        .join(StockLevel, StockLevel.id == Passage.level_id)
        .join(there, there.id == Passage.to_level_id)
        .join(source, source.id == StockLevel.point_id)
        .join(target, target.id == there.point_id)
        .where(StockLevel.lot_id == lot_id, Passage.on_road > 0)
        .order_by(Passage.id)
    )
    return tuple(OnRoad(*row) for row in rows)


def _names(point_ids: set[int]) -> dict[int, str]:
    rows = session().execute(select(Point.id, Point.name).where(Point.id.in_(point_ids)))
    return dict(tuple(row) for row in rows)  # type: ignore[misc]


def _claims(lot_id: int) -> tuple[Claimed, ...]:
    rows = lots.claims_of(lot_id)
    if not rows:
        return ()
    names = _names({point_id for _r, point_id, _n, _s in rows})
    free = _others_free(lot_id)
    found = []
    for reference, point_id, units, stage in rows:
        order = order_reference(reference)
        instead = min(units, free.get(point_id, 0)) if order else 0
        free[point_id] = free.get(point_id, 0) - instead
        if order is None:
            what = "other"
        elif instead == units:
            what = "swap"
        else:
            what = "wait" if stage == "held" else "desk"
        name, number = order or ("", 0)
        found.append(Claimed(reference, name, number, names[point_id], units, instead, what))
    return tuple(found)


def _others_free(lot_id: int) -> dict[int, int]:
    """Free units of other lots of the pack that may be sold, by point (of owners who have the lot there too)."""
    mine = aliased(StockLevel)
    free = func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated)
    rows = session().execute(
        select(StockLevel.point_id, free)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            StockLevel.lot_id != lot_id,
            StockLevel.is_stopped.is_(False),
            or_(Lot.expires_on.is_(None), Lot.expires_on >= clock.today()),
            select(mine.id)
            .where(
                mine.lot_id == lot_id,
                mine.variant_id == StockLevel.variant_id,
                mine.point_id == StockLevel.point_id,
                mine.owner == StockLevel.owner,
                mine.held + mine.allocated > 0,
            )
            .exists(),
        )
        .group_by(StockLevel.point_id)
    )
    return {point_id: int(n) for point_id, n in rows}


def bought_of(lot_id: int) -> tuple[tuple[Bought, ...], int]:
    """The orders (of the web and of counters) that some of the lot left under and has not come back; and units sold under
    references that are no order's."""
    sold: dict[str, tuple[int, int, datetime]] = {}
    unknown = 0
    for reference, point_id, units, at in lots.sold_of(lot_id):
        order = order_reference(reference)
        if order is None:
            unknown += units
            continue
        before = sold.get(order[0])
        sold[order[0]] = (units + (before[0] if before else 0), point_id, before[2] if before else at)
    found: list[Bought] = []
    names = _names({point_id for _n, point_id, _at in sold.values()})
    for batch in in_batches(sorted(sold)):
        rows = session().execute(
            select(Order.id, Order.reference, Order.channel, Order.name, Order.phone, Order.email).where(
                Order.reference.in_(batch)
            )
        )
        for order_id, reference, channel, name, phone, email in rows:
            units, point_id, at = sold.pop(reference)
            found.append(
                Bought(
                    order_id, reference, channel, name, phone, email, units, names[point_id], at, reach_of(email, phone)
                )
            )
    unknown += sum(units for units, _point, _at in sold.values())
    return tuple(sorted(found, key=lambda b: (b.left_at, b.reference))), unknown


def spread(lot_id: int) -> Spread:
    """Where the lot is now and who has it."""
    bought, unknown = bought_of(lot_id)
    return Spread(tuple(lots.levels_of(lot_id)), on_the_road(lot_id), _claims(lot_id), bought, unknown)


# --- recalls -----------------------------------------------------------------------------------------------------


def by_reference(reference: str) -> Recall | None:
    """The recall with this reference."""
    return session().scalars(select(Recall).where(Recall.reference == reference)).one_or_none()


def of_lot(lot_id: int) -> Recall | None:
    """The recall of a lot, open or over."""
    return session().scalars(select(Recall).where(Recall.lot_id == lot_id)).one_or_none()


def waiting() -> tuple[int, int]:
    """How many recalls are open, and how many parcels and transfers still claim goods of their lots."""
    rows = (
        session()
        .execute(
            select(func.count(func.distinct(Recall.id)), func.count(func.distinct(StockHold.reference)))
            .select_from(Recall)
            .join(StockLevel, StockLevel.lot_id == Recall.lot_id, isouter=True)
            .join(StockHold, and_(StockHold.level_id == StockLevel.id, StockHold.outcome.is_(None)), isouter=True)
            .where(Recall.closed_at.is_(None))
        )
        .one()
    )
    return int(rows[0]), int(rows[1])


def open_ids() -> list[int]:
    """Recalls that are not over."""
    return list(session().scalars(select(Recall.id).where(Recall.closed_at.is_(None)).order_by(Recall.id)))


@dataclass(frozen=True, slots=True)
class BuyerRow:
    """A buyer as the recall's page shows him."""

    id: int
    order_id: int
    reference: str
    channel: str
    name: str
    phone: str
    email: str | None
    quantity: int
    reach: Reach
    told_at: datetime | None
    told_by: str | None
    back: int
    note: str | None


def buyers(recall_id: int) -> list[BuyerRow]:
    """The buyers of a recall: those to be called and not yet called first."""
    rows = session().execute(
        select(
            RecallBuyer.id,
            Order.id,
            Order.reference,
            Order.channel,
            Order.name,
            Order.phone,
            Order.email,
            RecallBuyer.quantity,
            RecallBuyer.reach,
            RecallBuyer.told_at,
            RecallBuyer.told_by,
            RecallBuyer.back,
            RecallBuyer.note,
        )
        .join(Order, Order.id == RecallBuyer.order_id)
        .where(RecallBuyer.recall_id == recall_id)
        .order_by(RecallBuyer.told_at.is_not(None), RecallBuyer.id)
    )
    return [BuyerRow(*tuple(row)) for row in rows]


def recall_rows() -> Any:
    """The statement behind the office's list of recalls."""
    count = select(func.count()).where(RecallBuyer.recall_id == Recall.id).correlate(Recall).scalar_subquery()
    told = (
        select(func.count())
        .where(RecallBuyer.recall_id == Recall.id, RecallBuyer.told_at.is_not(None))
        .correlate(Recall)
        .scalar_subquery()
    )
    there = (
        select(func.coalesce(func.sum(StockLevel.on_hand), 0))
        .where(StockLevel.lot_id == Recall.lot_id)
        .correlate(Recall)
        .scalar_subquery()
    )
    return (
        select(
            Recall.reference,
            Product.name.label("product"),
            Variant.pack,
            Lot.code.label("lot"),
            Recall.started_at,
            Recall.closed_at,
            Recall.reason,
            count.label("buyers"),
            told.label("told"),
            there.label("on_hand"),
        )
        .join(Lot, Lot.id == Recall.lot_id)
        .join(Variant, Variant.id == Lot.variant_id)
        .join(Product, Product.id == Variant.product_id)
    )
