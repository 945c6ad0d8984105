"""What was missed is found and posted: orders, losses, purchases, of one producer or of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, func, or_, select

from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import in_batches, session
from shop.orders.models import (
    Fulfilment,
    FulfilmentStatus,
    Order,
    PaymentStatus,
)
from shop.points.models import Point
from shop.receipts.models import Delivery, Receipt, ReceiptLine
from shop.receipts.models import Terms as Bought
from shop.settlement.models import (
    Agreement,
    AgreementState,
    Entry,
    EntryKind,
    StatementLine,
)
from shop.settlement.services.entries import OWNER, owner_id
from shop.settlement.services.losses import of_loss, of_purchases, paid_in_own_stores, take_back
from shop.settlement.services.posting import MONEY_IS_HERE, of_order
from shop.stock.models import MovementKind, StockLevel, StockMovement


def _movements_without_entry(kinds: Sequence[MovementKind], producer_id: int | None) -> Any:
    mine = StockLevel.owner == f"{OWNER}{producer_id}" if producer_id else StockLevel.owner.like(f"{OWNER}%")
    return (
        select(StockMovement)
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            mine,
            StockMovement.kind.in_(list(kinds)),
            ~select(Entry.id).where(Entry.movement_id == StockMovement.id).exists(),
        )
        .order_by(StockMovement.id)
    )


def orders_to_look_at(producer_id: int | None = None) -> list[int]:
    """Orders of producers' goods that may owe something which is not posted, by id."""
    s = session()
    open_moves = _movements_without_entry([MovementKind.SALE, MovementKind.RETURN], producer_id)
    told = {
        str(r).removeprefix("order:").rpartition(":")[0]
        for r in s.scalars(open_moves.with_only_columns(StockMovement.reference))
        if str(r).startswith("order:")
    }
    found: set[int] = set()
    for batch in in_batches(sorted(told)):
        found.update(
            s.scalars(
                select(Order.id)
                .join(Fulfilment, Fulfilment.order_id == Order.id)
                .where(
                    Order.reference.in_(batch),
                    or_(
                        and_(Fulfilment.status == FulfilmentStatus.DELIVERED, Order.payment_status.in_(MONEY_IS_HERE)),
                        Order.id.in_(select(Entry.order_id).where(Entry.order_id.is_not(None))),
                    ),
                )
            )
        )
    own = Entry.producer_id == producer_id if producer_id else Entry.producer_id.is_not(None)
    undone = (
        select(Entry.order_id)
        .join(Order, Order.id == Entry.order_id)
        .where(own, Order.payment_status == PaymentStatus.REFUNDED,
               Entry.kind.in_([EntryKind.SALE, EntryKind.RETURN, EntryKind.REFUND]))
        .group_by(Entry.order_id)
        .having(func.sum(Entry.quantity) > 0)
    )  # fmt: skip
    found.update(s.scalars(undone))
    child = Entry.__table__.alias("child")
    agreed = select(Agreement.producer_id).where(Agreement.state == AgreementState.AGREED)
    underived = select(Entry.order_id).where(
        own,
        Entry.kind.in_([EntryKind.SALE, EntryKind.RETURN, EntryKind.REFUND]),
        Entry.producer_id.in_(agreed),
        ~select(child.c.id).where(child.c.parent_id == Entry.id, child.c.kind == EntryKind.COMMISSION.value).exists(),
    )
    found.update(i for i in s.scalars(underived) if i is not None)
    return sorted(found)


def sweep(producer_id: int | None = None, actor: Actor = SYSTEM) -> int:
    """Post all that was missed, of one producer or of all, oldest first; return how many entries are new."""
    new = sum(of_order(order_id, actor) for order_id in orders_to_look_at(producer_id))
    s = session()
    agreed = set(s.scalars(select(Agreement.producer_id).where(Agreement.state == AgreementState.AGREED)))
    lost = s.execute(
        _movements_without_entry([MovementKind.WRITE_OFF, MovementKind.COUNT], producer_id)
        # What lies in the producer's own store is at his own risk.
        .join(Point, Point.id == StockLevel.point_id)
        .where(or_(Point.producer_id.is_(None), StockLevel.owner != func.concat(OWNER, Point.producer_id)))
        .with_only_columns(StockMovement.id, StockLevel.owner)
    ).all()
    new += sum(of_loss(i, actor) for i, owner in lost if owner_id(owner) in agreed)
    new += sum(take_back(i, actor) for i in paid_in_own_stores(producer_id))
    bought = (
        select(ReceiptLine.id)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .where(
            Delivery.terms == Bought.PURCHASE,
            ReceiptLine.quantity > 0,
            ReceiptLine.unit_cost_amount.is_not(None),
            func.concat("receipt-line:", ReceiptLine.id).not_in(
                select(Entry.cause).where(Entry.kind == EntryKind.PURCHASE)
            ),
        )
        .order_by(ReceiptLine.id)
    )
    if producer_id:
        bought = bought.where(Delivery.producer_id == producer_id)
    return new + of_purchases([(i, None) for i in s.scalars(bought)], actor)


def lines_of(producer_id: int, until: date) -> Any:
    """The condition that an entry waits for the statement that ends on a day."""
    return and_(
        Entry.producer_id == producer_id,
        Entry.happened_on <= until,
        ~select(StatementLine.entry_id).where(StatementLine.entry_id == Entry.id).exists(),
    )
