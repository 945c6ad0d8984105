"""What must hold of supply (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.points.models import Point, PointKind
from shop.receipts.models import Delivery, DeliveryLine
from shop.stock.models import StockLevel, StockMovement
from shop.supply.models import (
    ANNOUNCEMENT_ALLOWED,
    ASK_ALLOWED,
    HARVEST_ALLOWED,
    Announcement,
    AnnouncementLine,
    AnnouncementStep,
    Capacity,
    Harvest,
    HarvestWord,
    Production,
    StoreCount,
    SupplyAsk,
    SupplyAskLine,
    SupplyAskStep,
)


def _moved(kind: str) -> Any:
    """What moved under references of a kind, level by level, and in how many movements."""
    return (
        select(
            StockMovement.reference,
            StockMovement.level_id,
            func.sum(StockMovement.quantity).label("n"),
            func.count().label("times"),
        )
        .where(StockMovement.reference.startswith(f"{kind}:"))
        .group_by(StockMovement.reference, StockMovement.level_id)
        .subquery()
    )


@invariant("supply.productions-are-their-movements")
def productions() -> Iterator[str]:
    """Each production moved exactly its goods into the level it names, once, and nothing moved without one."""
    moved = _moved("production")
    same = and_(moved.c.reference == "production:" + Production.reference, moved.c.level_id == Production.level_id)
    wrong = session().execute(
        select(Production.reference)
        .outerjoin(moved, same)
        .where(or_(moved.c.n.is_(None), moved.c.n != Production.quantity, moved.c.times != 1))
    )
    yield from (r for (r,) in wrong)
    alone = session().execute(
        select(moved.c.reference).outerjoin(Production, same).where(Production.id.is_(None)).order_by(moved.c.reference)
    )
    yield from (f"{r} (no paper)" for (r,) in alone)


@invariant("supply.store-counts-are-their-movements")
def counts() -> Iterator[str]:
    """Each count in a producer's store booked exactly its difference, and nothing moved without one."""
    moved = _moved("store-count")
    same = and_(moved.c.reference == "store-count:" + StoreCount.reference, moved.c.level_id == StoreCount.level_id)
    difference = StoreCount.counted - StoreCount.expected
    wrong = session().execute(
        select(StoreCount.reference).outerjoin(moved, same).where(func.coalesce(moved.c.n, 0) != difference)
    )
    yield from (r for (r,) in wrong)
    alone = session().execute(select(moved.c.reference).outerjoin(StoreCount, same).where(StoreCount.id.is_(None)))
    yield from (f"{r} (no paper)" for (r,) in alone)


@invariant("supply.own-goods-in-the-own-store")
def own_store() -> Iterator[str]:
    """What a producer made or counted is his, and lies in his own store."""
    for paper in (Production, StoreCount):
        rows = session().execute(
            select(paper.reference)
            .join(StockLevel, StockLevel.id == paper.level_id)
            .join(Point, Point.id == StockLevel.point_id)
            .where(
                or_(
                    StockLevel.owner != func.concat("producer:", paper.producer_id),
                    Point.kind != PointKind.PRODUCER_STORE,
                    Point.producer_id.is_(None),
                    Point.producer_id != paper.producer_id,
                )
            )
        )
        yield from (r for (r,) in rows)


def _agreed(paper: Any, line: Any, key: Any, number: Any) -> Iterator[str]:
    """Papers that were accepted have one delivery to the same point by the same producer with the same goods."""
    s = session()
    rows = s.execute(
        select(paper.reference, paper.delivery_id, Delivery.id)
        .outerjoin(
            Delivery,
            and_(
                Delivery.id == paper.delivery_id,
                Delivery.producer_id == paper.producer_id,
                Delivery.point_id == paper.point_id,
                Delivery.terms == paper.terms,
            ),
        )
        .where((paper.status == "accepted") != (Delivery.id.is_not(None)))
    )
    yield from (r for r, _d, _i in rows)
    promised = {
        (reference, variant): int(n)
        for reference, variant, n in s.execute(
            select(paper.reference, line.variant_id, number)
            .join(line, key == paper.id)
            .where(paper.status == "accepted", number > 0)
        )
    }
    expected = {
        (reference, variant): int(n)
        for reference, variant, n in s.execute(
            select(paper.reference, DeliveryLine.variant_id, DeliveryLine.quantity).join(
                DeliveryLine, DeliveryLine.delivery_id == paper.delivery_id
            )
        )
    }
    differ = {key for key in promised.keys() | expected.keys() if promised.get(key) != expected.get(key)}
    yield from sorted({reference for reference, _variant in differ})


@invariant("supply.an-accepted-ask-is-one-delivery")
def asks() -> Iterator[str]:
    """An accepted ask has exactly one delivery, with what was agreed on; no other has one."""
    yield from _agreed(SupplyAsk, SupplyAskLine, SupplyAskLine.ask_id, SupplyAskLine.offered)
    yield from _shared()


@invariant("supply.an-accepted-announcement-is-one-delivery")
def announcements() -> Iterator[str]:
    """An accepted announcement has exactly one delivery, with what was offered; no other has one."""
    yield from _agreed(Announcement, AnnouncementLine, AnnouncementLine.announcement_id, AnnouncementLine.quantity)


def _shared() -> Iterator[str]:
    """A delivery answers one paper alone."""
    rows = session().execute(
        select(SupplyAsk.reference)
        .join(Announcement, Announcement.delivery_id == SupplyAsk.delivery_id)
        .order_by(SupplyAsk.reference)
    )
    yield from (r for (r,) in rows)


@invariant("supply.answers-are-whole")
def answers() -> Iterator[str]:
    """An ask that was answered has an answer to every line, one that was not has none; a refused one refused all."""
    lines = (
        select(
            SupplyAskLine.ask_id,
            func.count().label("n"),
            func.count(SupplyAskLine.reply).label("said"),
            func.sum(func.coalesce(SupplyAskLine.offered, 0)).label("offered"),
        )
        .group_by(SupplyAskLine.ask_id)
        .subquery()
    )
    answered = SupplyAsk.status.in_(("changed", "accepted", "refused"))
    rows = session().execute(
        select(SupplyAsk.reference)
        .outerjoin(lines, lines.c.ask_id == SupplyAsk.id)
        .where(
            or_(
                lines.c.n.is_(None),
                and_(answered, lines.c.said != lines.c.n),
                and_(SupplyAsk.status == "asked", lines.c.said != 0),
                and_(SupplyAsk.status == "refused", lines.c.offered != 0),
                and_(SupplyAsk.status.in_(("changed", "accepted")), lines.c.offered == 0),
            )
        )
    )
    yield from (r for (r,) in rows)


def _chain(paper: Any, step: Any, key: Any, column: Any, allowed: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Each history starts from nothing, takes only allowed steps and ends in the present state."""
    s = session()
    before, after = (
        (step.from_status, step.to_status) if hasattr(step, "to_status") else (step.from_state, step.to_state)
    )
    ends: dict[int, str] = {}
    wrong: set[int] = set()
    for owner, rows in groupby(s.execute(select(key, before, after).order_by(key, step.id)), key=lambda row: row[0]):
        at = ""
        for _owner, start, end in rows:
            if start != at or end not in allowed.get(start, frozenset()):
                wrong.add(owner)
            at = end
        ends[owner] = at
    for owner, reference, status in s.execute(select(paper.id, paper.reference, column)):
        if owner in wrong or ends.get(owner) != status:
            yield reference


@invariant("supply.histories-are-unbroken")
def histories() -> Iterator[str]:
    """Asks, announcements and harvests: an unbroken chain of allowed steps ending in the state."""
    yield from _chain(SupplyAsk, SupplyAskStep, SupplyAskStep.ask_id, SupplyAsk.status, ASK_ALLOWED)
    yield from _chain(
        Announcement, AnnouncementStep, AnnouncementStep.announcement_id, Announcement.status, ANNOUNCEMENT_ALLOWED
    )
    yield from _chain(Harvest, HarvestWord, HarvestWord.harvest_id, Harvest.state, HARVEST_ALLOWED)


@invariant("supply.a-harvest-is-its-last-word")
def last_word() -> Iterator[str]:
    """What is expected or came of a harvest is what was said of it last."""
    last = select(func.max(HarvestWord.id)).group_by(HarvestWord.harvest_id)
    rows = session().execute(
        select(Harvest.reference)
        .join(HarvestWord, and_(HarvestWord.harvest_id == Harvest.id, HarvestWord.id.in_(last)))
        .where(
            or_(
                HarvestWord.low != Harvest.low,
                HarvestWord.high != Harvest.high,
                HarvestWord.from_on != Harvest.from_on,
                HarvestWord.to_on != Harvest.to_on,
                func.coalesce(HarvestWord.came, -1) != func.coalesce(Harvest.came, -1),
            )
        )
    )
    yield from (r for (r,) in rows)


@invariant("supply.capacity-spans-do-not-overlap")
def spans() -> Iterator[str]:
    """Of one product as a whole, or of one pack, at most one statement holds on a day."""
    other = aliased(Capacity)
    rows = session().execute(
        select(Capacity.id, other.id)
        .join(
            other,
            and_(
                other.product_id == Capacity.product_id,
                func.coalesce(other.variant_id, 0) == func.coalesce(Capacity.variant_id, 0),
                other.id > Capacity.id,
            ),
        )
        .where(
            Capacity.withdrawn_at.is_(None),
            other.withdrawn_at.is_(None),
            or_(Capacity.to_on.is_(None), Capacity.to_on > other.from_on),
            or_(other.to_on.is_(None), other.to_on > Capacity.from_on),
        )
    )
    yield from (f"capacity {a} and {b}" for a, b in rows)
