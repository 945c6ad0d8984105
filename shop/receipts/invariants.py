"""What must hold of deliveries (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, case, func, or_, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.receipts.models import (
    Delivery,
    DeliveryDay,
    DeliveryLine,
    Departure,
    DepartureLine,
    HandBack,
    Receipt,
    ReceiptLine,
    Terms,
)
from shop.receipts.services import HANDED_BACK
from shop.stock.models import SHOP, StockLevel, StockMovement


@invariant("receipts.books-are-what-came")
def books() -> Iterator[str]:
    """What came of a delivery is what was booked in under its reference, level by level."""
    came = (
        select(Delivery.reference, func.sum(ReceiptLine.quantity).label("n"))
        .join(Receipt, Receipt.delivery_id == Delivery.id)
        .join(ReceiptLine, ReceiptLine.receipt_id == Receipt.id)
        .group_by(Delivery.reference)
        .subquery()
    )
    booked = (
        select(StockMovement.reference, func.sum(StockMovement.quantity).label("n"))
        .where(StockMovement.reference.like("receipt:%"))
        .group_by(StockMovement.reference)
        .subquery()
    )
    rows = session().execute(
        select(Delivery.reference)
        .outerjoin(came, came.c.reference == Delivery.reference)
        .outerjoin(booked, booked.c.reference == "receipt:" + Delivery.reference)
        .where(func.coalesce(came.c.n, 0) != func.coalesce(booked.c.n, 0))
    )
    yield from (r for (r,) in rows)


@invariant("receipts.goods-keep-their-owner")
def owners() -> Iterator[str]:
    """Bought goods lie as the shop's, consigned ones as their producer's."""
    owner = case((Delivery.terms == Terms.PURCHASE, SHOP), else_=func.concat("producer:", Delivery.producer_id))
    rows = session().execute(
        select(Delivery.reference, ReceiptLine.id)
        .join(Receipt, Receipt.delivery_id == Delivery.id)
        .join(ReceiptLine, ReceiptLine.receipt_id == Receipt.id)
        .join(StockLevel, StockLevel.id == ReceiptLine.level_id)
        .where(or_(StockLevel.owner != owner, StockLevel.point_id != Delivery.point_id))
    )
    yield from (f"{r} line {i}" for r, i in rows)


@invariant("receipts.papers-have-their-bytes")
def papers() -> Iterator[str]:
    """Every paper that a receipt names is in storage."""
    kept = storage()
    rows = session().execute(select(Receipt.id, Receipt.paper_key).where(Receipt.paper_key.is_not(None)))
    yield from (f"receipt {i}" for i, key in rows if not kept.exists(str(key)))


@invariant("receipts.day-is-its-last-change")
def days() -> Iterator[str]:
    """Each change of a day begins where the one before ended, and the last one is the day in force."""
    before = func.lag(DeliveryDay.to_on).over(partition_by=DeliveryDay.delivery_id, order_by=DeliveryDay.id)
    last = func.max(DeliveryDay.id).over(partition_by=DeliveryDay.delivery_id)
    walk = select(
        DeliveryDay.id, DeliveryDay.delivery_id, DeliveryDay.from_on, DeliveryDay.to_on, before.label("before"),
        last.label("last"),
    ).subquery()  # fmt: skip
    rows = session().execute(
        select(Delivery.reference)
        .join(walk, walk.c.delivery_id == Delivery.id)
        .where(
            or_(
                walk.c.before != walk.c.from_on,
                and_(walk.c.id == walk.c.last, walk.c.to_on != Delivery.expected_on),
            )
        )
        .distinct()
    )
    yield from (r for (r,) in rows)


@invariant("receipts.what-left-was-promised")
def departed() -> Iterator[str]:
    """What a producer says has left belongs to lines of that delivery, and is no more than they promise."""
    strange = (
        select(Delivery.reference)
        .join(Departure, Departure.delivery_id == Delivery.id)
        .join(DepartureLine, DepartureLine.departure_id == Departure.id)
        .join(DeliveryLine, DeliveryLine.id == DepartureLine.line_id)
        .group_by(Delivery.id, Delivery.reference, DeliveryLine.id, DeliveryLine.delivery_id, DeliveryLine.quantity)
        .having(or_(DeliveryLine.delivery_id != Delivery.id, func.sum(DepartureLine.quantity) > DeliveryLine.quantity))
    )
    yield from dict.fromkeys(r for (r,) in session().execute(strange))


@invariant("receipts.handed-back-is-the-owners")
def handed_back() -> Iterator[str]:
    """Goods that went back were their taker's, lay at the paper's point and left it; each paper moved something, nothing moved
    without one."""
    rows = session().execute(
        select(HandBack.reference)
        .outerjoin(StockMovement, StockMovement.reference == func.concat(HANDED_BACK, HandBack.reference))
        .outerjoin(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            or_(
                StockMovement.id.is_(None),
                StockMovement.quantity > 0,
                StockLevel.point_id != HandBack.point_id,
                StockLevel.owner != func.concat("producer:", HandBack.producer_id),
            )
        )
        .distinct()
    )
    yield from (reference for (reference,) in rows)
    stray = session().execute(
        select(StockMovement.id)
        .outerjoin(HandBack, StockMovement.reference == func.concat(HANDED_BACK, HandBack.reference))
        .where(StockMovement.reference.startswith(HANDED_BACK), HandBack.id.is_(None))
    )
    yield from (f"movement {i}" for (i,) in stray)
