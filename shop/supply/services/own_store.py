"""What a producer does in his own store: goods made and put in, counted again, written off. Numbers change by papers alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from shop.catalog.models import Product, Variant
from shop.counts import services as counts
from shop.counts.models import WriteOffReason
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.points.models import Point
from shop.receipts import queries as receipts
from shop.stock import services as stock
from shop.stock.models import Lot, MovementKind, StockLevel
from shop.supply import rules
from shop.supply.errors import GoodsMoved
from shop.supply.models import Production, StoreCount
from shop.supply.queries import store


def _best_before(variant_id: int, lot: str, produced_on: date | None, expires_on: date | None) -> date | None:
    """The last good day of a lot: as told; where it was left out, of a new lot by the shelf life of its product."""
    if expires_on is not None or produced_on is None:
        return expires_on
    known = session().scalar(select(Lot.id).where(Lot.variant_id == variant_id, Lot.code == lot))
    days = session().scalar(
        select(Product.shelf_life_days).join(Variant, Variant.product_id == Product.id).where(Variant.id == variant_id)
    )
    return produced_on + timedelta(days=days) if days and known is None else None


def make(
    actor: Actor,
    producer_id: int,
    point_id: int,
    variant_id: int,
    quantity: int,
    *,
    lot_code: str,
    produced_on: date | None = None,
    expires_on: date | None = None,
    note: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Put `quantity` units that a producer made into his own store, as his goods; return the reference. Without `expires_on`
    a new lot keeps as long as its product does. The same `op_key` books once.

    Raises:
        NotFound: the point is no open store of his.
        Invalid: a pack of somebody else's, a number or dates that cannot be, a lot known with other dates.
        LotStopped: the lot was stopped.
    """
    rules.whole(quantity, 1, rules.MOST_UNITS, "quantity")
    lot = rules.line(lot_code, 40, "lot")
    if not lot:
        raise Invalid(N_("Hãy ghi số lô của mẻ này."), field="lot")
    if produced_on is not None and produced_on > clock.today():
        raise Invalid(N_("Ngày sản xuất không thể sau hôm nay."), field="produced_on")
    note = rules.line(note, 500, "note")

    def command() -> dict[str, Any]:
        if point_id not in {p.id for p in store.own_points(producer_id)}:
            raise NotFound
        if receipts.makers([variant_id]).get(variant_id) != producer_id:
            raise Invalid(N_("Có quy cách không phải của cơ sở sản xuất này."), field="variant")
        reference = f"S-{text.reference()}"
        level_id = stock.receive(
            actor,
            variant_id,
            point_id,
            quantity,
            owner=store.owner_of(producer_id),
            lot_code=lot,
            produced_on=produced_on,
            expires_on=_best_before(variant_id, lot, produced_on, expires_on),
            reason=note or None,
            reference=f"production:{reference}",
            op_key=f"production:{reference}",
        )
        session().add(
            Production(
                reference=reference,
                producer_id=producer_id,
                level_id=level_id,
                quantity=quantity,
                note=note or None,
                at=clock.now(),
                actor_key=actor.key,
                actor_label=actor.label,
                op_key=op_key,
                is_demo=is_demo,
            )
        )
        session().flush()
        audit.record(actor, "supply.make", f"level:{level_id}", reference=reference, quantity=quantity)
        return {"reference": reference}

    body = [producer_id, point_id, variant_id, quantity, lot, produced_on, expires_on, note]
    return str(operations.once(op_key, "supply.make", actor.key, body, command)["reference"])


def _own_level(producer_id: int, level_id: int) -> StockLevel:
    """A level of a producer's own goods in his own store.

    Raises:
        NotFound: it lies elsewhere or is somebody else's.
    """
    found = session().execute(
        select(StockLevel, Point).join(Point, Point.id == StockLevel.point_id).where(StockLevel.id == level_id)
    )
    row = found.first()
    if row is None or row[0].owner != store.owner_of(producer_id) or not store.is_own(row[1], producer_id):
        raise NotFound
    level: StockLevel = row[0]
    return level


def count(
    actor: Actor, producer_id: int, level_id: int, counted: int, *, seen: int, reason: str = "", op_key: str
) -> str:
    """Write down what was counted of one level; a difference is booked at once. Return the reference.

    `seen` is what the books said on the page that was filled in: who counted while goods were sold counts again.

    Raises:
        NotFound: no such level in a store of his.
        Invalid: a number out of range, or a difference without a reason.
        GoodsMoved: the books have changed meanwhile.
        NotEnough: goods that somebody has a claim on would be taken away.
    """
    rules.whole(counted, 0, rules.MOST_UNITS, "counted")
    why = rules.line(reason, 500, "reason")

    def command() -> dict[str, Any]:
        _own_level(producer_id, level_id)
        level = db.locked(StockLevel, level_id, NotFound)
        if level.on_hand != seen:
            raise GoodsMoved(None, field="counted", n=level.on_hand)
        difference = counted - level.on_hand
        if difference and len(why) < 2:
            raise Invalid(N_("Hãy ghi lý do chênh lệch."), field="reason")
        return {"reference": _book(actor, producer_id, level, counted, why, op_key)}

    body = [producer_id, level_id, counted, seen, why]
    return str(operations.once(op_key, "supply.count", actor.key, body, command)["reference"])


def _book(actor: Actor, producer_id: int, level: StockLevel, counted: int, why: str, op_key: str) -> str:
    """Write down what was counted of a locked level, and book the difference; return the count's reference."""
    level_id, seen = level.id, level.on_hand
    difference = counted - seen
    reference = f"D-{text.reference()}"
    session().add(
        StoreCount(
            reference=reference,
            producer_id=producer_id,
            level_id=level_id,
            counted=counted,
            expected=seen,
            reason=why or None,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            op_key=op_key,
        )
    )
    session().flush()
    if difference:
        stock.adjust(
            actor,
            level_id,
            difference,
            why,
            f"store-count:{reference}",
            kind=MovementKind.COUNT,
            reference=f"store-count:{reference}",
        )
    audit.record(actor, "supply.count", f"level:{level_id}", reference=reference, counted=counted, expected=seen)
    return reference


def recount(
    actor: Actor, producer_id: int, point_id: int, variant_id: int, left: int, *, reason: str, op_key: str
) -> int:
    """Bring the books of one pack in the producer's own store down to `left` units that are really for sale, beside those that
    orders have a claim on; what expires first is taken away first. Return how many units the books had too much.

    Raises:
        NotFound: that is no store of his.
        Invalid: a number out of range, more than the books have, or no reason.
    """
    rules.whole(left, 0, rules.MOST_UNITS, "left")
    why = rules.line(reason, 500, "reason")

    def command() -> dict[str, Any]:
        point = session().get(Point, point_id)
        if point is None or not store.is_own(point, producer_id):
            raise NotFound
        if len(why) < 2:
            raise Invalid(N_("Hãy ghi lý do chênh lệch."), field="reason")
        ids = session().scalars(
            select(StockLevel.id).where(
                StockLevel.point_id == point_id,
                StockLevel.variant_id == variant_id,
                StockLevel.owner == store.owner_of(producer_id),
            )
        )
        levels = [db.locked(StockLevel, level_id, NotFound) for level_id in sorted(ids)]
        free = {row.id: row.on_hand - row.held - row.allocated for row in levels}
        over = sum(free.values()) - left
        if over < 0:
            raise Invalid(
                N_("Sổ kho chỉ còn %(n)s; có nhiều hơn thì ghi ở trang Kho của cơ sở."),
                field="left",
                n=sum(free.values()),
            )
        ends = dict(
            session()
            .execute(
                select(StockLevel.id, Lot.expires_on)
                .join(Lot, Lot.id == StockLevel.lot_id)
                .where(StockLevel.id.in_(list(free)))
            )
            .all()
        )
        rest = over
        for row in sorted(levels, key=lambda level: (ends.get(level.id) or date.max, level.id)):
            n = min(free[row.id], rest)
            if n > 0:
                _book(actor, producer_id, row, row.on_hand - n, why, f"{op_key}.{row.id}")
                rest -= n
        return {"over": over}

    body = [producer_id, point_id, variant_id, left, why]
    return int(operations.once(op_key, "supply.recount", actor.key, body, command)["over"])


def write_off(
    actor: Actor,
    producer_id: int,
    level_id: int,
    quantity: int,
    why: WriteOffReason,
    *,
    note: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Write off goods of his own in his own store, which nobody else has to approve; return the reference.

    Raises:
        NotFound: no such level in a store of his.
        Invalid, NotEnough: as `counts.services.write_off`.
    """
    _own_level(producer_id, level_id)
    return counts.write_off(actor, level_id, quantity, why, note=note, may_approve=True, op_key=op_key, is_demo=is_demo)
