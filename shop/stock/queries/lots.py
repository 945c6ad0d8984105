"""Reads of lots: where each lies, how it moved, what the public may see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, false, func, select

from shop.catalog.models import Product, Variant
from shop.kernel import clock
from shop.kernel.db import session
from shop.points.models import Point
from shop.producers.models import Producer
from shop.stock import rules
from shop.stock.models import Lot, LotPaper, MovementKind, StockHold, StockLevel, StockMovement


@dataclass(frozen=True, slots=True)
class LotHere:
    """A lot at one point as the office lists it: units of all owners together."""

    lot_id: int
    product: str
    pack: str
    sku: str
    lot: str
    produced_on: date | None
    expires_on: date | None
    stopped_at: datetime | None
    point_id: int
    point: str
    on_hand: int
    claimed: int

    @property
    def free(self) -> int:
        """Units nobody has a claim on."""
        return self.on_hand - self.claimed

    @property
    def days(self) -> int | None:
        """Days until the lot's date; negative past it."""
        return (self.expires_on - clock.today()).days if self.expires_on else None


ON_HAND = func.sum(StockLevel.on_hand)
CLAIMED = func.sum(StockLevel.held + StockLevel.allocated)


def lot_rows(mine: Sequence[int] | None) -> Any:
    """The statement behind the office's list of lots at the points `mine` (None: all)."""
    statement = (
        select(
            Lot.id.label("lot_id"),
            Product.name.label("product"),
            Variant.pack,
            Variant.sku,
            Lot.code.label("lot"),
            Lot.produced_on,
            Lot.expires_on,
            Lot.stopped_at,
            Point.id.label("point_id"),
            Point.name.label("point"),
            ON_HAND.label("on_hand"),
            CLAIMED.label("claimed"),
        )
        .join(StockLevel, StockLevel.lot_id == Lot.id)
        .join(Variant, Variant.id == Lot.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Point, Point.id == StockLevel.point_id)
        .where(Lot.code != "")
        .group_by(Lot.id, Product.id, Variant.id, Point.id)
    )
    if mine is not None:
        statement = statement.where(StockLevel.point_id.in_(mine) if mine else false())
    return statement


def in_state(state: str) -> Any:
    """The condition behind the filter: `ending` (by the setting), `expired`, `stopped`, `gone` (used up), `there` (goods on
    hand)."""
    today = clock.today()
    if state == "ending":
        soon = today + timedelta(days=rules.NEAR_EXPIRY.get())
        return and_(StockLevel.on_hand > 0, Lot.expires_on >= today, Lot.expires_on <= soon)
    if state == "expired":
        return and_(StockLevel.on_hand > 0, Lot.expires_on < today)
    if state == "stopped":
        return Lot.stopped_at.is_not(None)
    return StockLevel.on_hand == 0 if state == "gone" else StockLevel.on_hand > 0


def ending(point_ids: Sequence[int], *, days: int | None = None, limit: int = 200) -> list[LotHere]:
    """Lots with goods at these points whose date comes within `days` (default: the setting) or is past, first ending first."""
    soon = clock.today() + timedelta(days=rules.NEAR_EXPIRY.get() if days is None else days)
    rows = session().execute(
        lot_rows(point_ids)
        .where(StockLevel.on_hand > 0, Lot.expires_on <= soon)
        .order_by(Lot.expires_on, Lot.id, Point.id)
        .limit(limit)
    )
    return [LotHere(*row) for row in rows]


def stopped(point_ids: Sequence[int], *, limit: int = 200) -> list[LotHere]:
    """Stopped lots with goods at these points, the latest stop first."""
    rows = session().execute(
        lot_rows(point_ids)
        .where(StockLevel.on_hand > 0, StockLevel.is_stopped.is_(True))
        .order_by(Lot.stopped_at.desc(), Lot.id, Point.id)
        .limit(limit)
    )
    return [LotHere(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class LotView:
    """One lot with what it is a lot of."""

    id: int
    code: str
    produced_on: date | None
    expires_on: date | None
    trace_code: str | None
    stopped_at: datetime | None
    stop_reason: str | None
    variant_id: int
    sku: str
    gtin: str | None
    pack: str
    pack_en: str | None
    product_id: int
    product: str
    product_en: str | None
    producer_id: int | None
    producer: str | None

    @property
    def expired(self) -> bool:
        """Whether the lot is past its date."""
        return self.expires_on is not None and self.expires_on < clock.today()


def _lots() -> Any:
    return (
        select(
            Lot.id,
            Lot.code,
            Lot.produced_on,
            Lot.expires_on,
            Lot.trace_code,
            Lot.stopped_at,
            Lot.stop_reason,
            Variant.id.label("variant_id"),
            Variant.sku,
            Variant.gtin,
            Variant.pack,
            Variant.pack_en,
            Product.id.label("product_id"),
            Product.name.label("product"),
            Product.name_en.label("product_en"),
            Product.producer_id,
            Producer.name.label("producer"),
        )
        .join(Variant, Variant.id == Lot.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
    )


def lot(lot_id: int) -> LotView | None:
    """The lot with this id."""
    row = session().execute(_lots().where(Lot.id == lot_id)).first()
    return LotView(*row) if row else None


def lot_by_trace(code: str) -> LotView | None:
    """The lot with this public name."""
    row = session().execute(_lots().where(Lot.trace_code == code)).first()
    return LotView(*row) if row else None


def find_lots(q: str, *, limit: int = 30) -> list[LotView]:
    """Lots whose code, trace code, SKU or product's name holds `q`, newest first."""
    from shop.stock import queries

    statement = _lots().where(Lot.code != "", queries.lots_matching(q) | (Lot.trace_code == q.strip().upper()))
    return [LotView(*row) for row in session().execute(statement.order_by(Lot.id.desc()).limit(limit))]


@dataclass(frozen=True, slots=True)
class LotLevel:
    """A level of the lot: where, whose, how many."""

    level_id: int
    point_id: int
    point: str
    owner: str
    on_hand: int
    held: int
    allocated: int

    @property
    def free(self) -> int:
        """Units nobody has a claim on."""
        return self.on_hand - self.held - self.allocated


def levels_of(lot_id: int, mine: Sequence[int] | None = None) -> list[LotLevel]:
    """Where the lot lies or lay, at the points `mine` (None: all)."""
    statement = (
        select(
            StockLevel.id,
            Point.id,
            Point.name,
            StockLevel.owner,
            StockLevel.on_hand,
            StockLevel.held,
            StockLevel.allocated,
        )
        .join(Point, Point.id == StockLevel.point_id)
        .where(StockLevel.lot_id == lot_id)
        .order_by(Point.sort_name, StockLevel.id)
    )
    if mine is not None:
        statement = statement.where(StockLevel.point_id.in_(mine) if mine else false())
    return [LotLevel(*row) for row in session().execute(statement)]


def movements_of(level_ids: Sequence[int], *, before: int | None = None, limit: int = 50) -> list[StockMovement]:
    """Movements of these levels, newest first; `before` is the id of the last one seen."""
    if not level_ids:
        return []
    statement = select(StockMovement).where(StockMovement.level_id.in_(level_ids))
    if before is not None:
        statement = statement.where(StockMovement.id < before)
    return list(session().scalars(statement.order_by(StockMovement.id.desc()).limit(limit)))


def papers_of(lot_id: int, *, public_only: bool = False) -> list[LotPaper]:
    """The lot's papers, newest day first."""
    statement = select(LotPaper).where(LotPaper.lot_id == lot_id, LotPaper.removed_at.is_(None))
    if public_only:
        statement = statement.where(LotPaper.is_public.is_(True))
    return list(session().scalars(statement.order_by(LotPaper.issued_on.desc().nulls_last(), LotPaper.id)))


def paper(paper_id: int) -> LotPaper | None:
    """The paper with this id, unless it was taken off."""
    found = session().get(LotPaper, paper_id)
    return found if found is not None and found.removed_at is None else None


# --- who has it --------------------------------------------------------------------------------------------------


def claims_of(lot_id: int) -> list[tuple[str, int, int, str]]:
    """Live claims on the lot: (reference, point, units, stage), oldest first."""
    rows = session().execute(
        select(StockHold.reference, StockLevel.point_id, func.sum(StockHold.quantity), StockHold.stage)
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .where(StockLevel.lot_id == lot_id, StockHold.outcome.is_(None))
        .group_by(StockHold.reference, StockLevel.point_id, StockHold.stage)
        .order_by(func.min(StockHold.id))
    )
    return [(r, int(p), int(n), str(stage.value if hasattr(stage, "value") else stage)) for r, p, n, stage in rows]


def sold_of(lot_id: int) -> list[tuple[str, int, int, datetime]]:
    """What left of the lot under each reference and has not come back: (reference, point it left, units, when it left)."""
    left = -func.sum(StockMovement.quantity)
    rows = session().execute(
        select(StockMovement.reference, func.min(StockLevel.point_id), left, func.min(StockMovement.at))
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            StockLevel.lot_id == lot_id,
            StockMovement.kind.in_([MovementKind.SALE, MovementKind.RETURN]),
            StockMovement.reference.is_not(None),
        )
        .group_by(StockMovement.reference)
        .having(left > 0)
        .order_by(func.min(StockMovement.id))
    )
    return [(str(r), int(p), int(n), at) for r, p, n, at in rows]
