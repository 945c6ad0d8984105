"""Entries that no order makes: consigned goods that were lost, goods that the shop bought outright."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from shop.catalog.models import Price, Product, Variant
from shop.counts.models import WriteOff, WriteOffReason
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point, PointKind
from shop.receipts.models import Delivery, DeliveryLine, Receipt, ReceiptLine
from shop.receipts.models import Terms as Bought
from shop.settlement.arithmetic import Parts, Terms
from shop.settlement.models import (
    Entry,
    EntryKind,
    Loss,
)
from shop.settlement.queries.agreements import Book
from shop.settlement.services.entries import account, children, owner_id, post
from shop.stock.models import StockLevel, StockMovement

_WHY = {
    WriteOffReason.DAMAGED: Loss.DAMAGED,
    WriteOffReason.EXPIRED: Loss.EXPIRED,
    WriteOffReason.RECALLED: Loss.RECALLED,
    WriteOffReason.TASTING: Loss.TASTING,
    WriteOffReason.GIFT: Loss.GIFT,
    WriteOffReason.LOST: Loss.LOST,
    WriteOffReason.OTHER: Loss.OTHER,
}
_PREFIX = {"count": Loss.COUNT, "transfer": Loss.TRANSFER, "order": Loss.RETURNED, "recall": Loss.RECALLED}


def of_loss(movement_id: int, actor: Actor = SYSTEM) -> int:
    """Post consigned goods that were written off or counted short: paid for at the price in force less commission if the
    agreement says so, else as a line of nothing. Goods that a later count finds again give back what was paid for them.
    What lies in the producer's own store is at his own risk: nothing is posted of it."""
    with transaction() as s:
        m = s.execute(
            select(
                StockMovement.id, StockMovement.kind, StockMovement.quantity, StockMovement.reference, StockMovement.at,
                StockMovement.reason, StockLevel.id.label("level_id"), StockLevel.owner, StockLevel.point_id,
                StockLevel.variant_id, Product.name, Variant.pack, Product.set_id, Point.kind.label("place"),
                Point.is_demo, Point.producer_id.label("store_of"),
            )
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .join(Variant, Variant.id == StockLevel.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .join(Point, Point.id == StockLevel.point_id)
            .where(StockMovement.id == movement_id)
        ).one()  # fmt: skip
        producer_id = owner_id(m.owner)
        if producer_id is None or producer_id == m.store_of:
            return 0
        account(producer_id)
        if s.execute(select(Entry.id).where(Entry.movement_id == movement_id)).first() is not None:
            return 0
        book, on = Book([producer_id]), clock.business_day(m.at)
        agreed = book.on(producer_id, on)
        if agreed is None:
            return 0
        prefix, _sep, reference = (m.reference or "").partition(":")
        why = _PREFIX.get(prefix, Loss.OTHER)
        if prefix == "write-off":
            found = s.scalar(select(WriteOff.why).where(WriteOff.reference == reference))
            why = _WHY.get(found, Loss.OTHER) if found else Loss.OTHER
        channel = "fair" if m.place is PointKind.FAIR else "point"
        entry: dict[str, Any] = {
            "cause": f"loss:{m.id}",
            "producer_id": producer_id,
            "kind": EntryKind.LOSS,
            "channel": channel,
            "point_id": m.point_id,
            "movement_id": m.id,
            "variant_id": m.variant_id,
            "agreement_id": agreed.id,
            "reference": reference[:40] or "–",
            "label": f"{m.name}, {m.pack}"[:255],
            "reason": why.value,
            "happened_at": m.at,
            "is_demo": m.is_demo,
        }
        if m.quantity > 0:
            return _found_again(actor, m, entry)
        n, price = -m.quantity, _price(m.variant_id, m.at)
        pays = why.value in agreed.losses and price is not None
        unit = int(price or 0) if pays else 0
        terms = Terms(n, unit, 0, book.rate(agreed, channel, m.set_id) if pays else 0)
        _loss(actor, entry | {"quantity": n, "unit_amount": unit, "amount": n * unit}, terms, terms.of(n), agreed.id)
        return 1


def _loss(actor: Actor, entry: dict[str, Any], terms: Terms, parts: Parts, agreement_id: int | None) -> None:
    post(actor, [entry])
    row = session().scalars(select(Entry).where(Entry.cause == entry["cause"])).one()
    made = children(row, agreement_id, terms, parts, row.cause, row.happened_at)
    post(actor, [child | {"reference": row.reference, "is_demo": row.is_demo} for child in made])


def _found_again(actor: Actor, m: Any, entry: dict[str, Any]) -> int:
    """A count found goods: what was paid for as missing at the same level is given back, last first."""
    s = session()
    rows = s.scalars(
        select(Entry)
        .join(StockMovement, StockMovement.id == Entry.movement_id)
        .where(StockMovement.level_id == m.level_id, Entry.kind == EntryKind.LOSS, Entry.reason == Loss.COUNT.value)
        .order_by(Entry.id.desc())
    ).all()
    back: dict[int, int] = defaultdict(int)
    for row in rows:
        if row.parent_id is not None:
            back[row.parent_id] -= row.quantity
    lost = next((r for r in rows if r.quantity > 0 and r.amount > 0 and r.quantity > back[r.id]), None)
    if lost is None:
        _loss(
            actor,
            entry | {"quantity": -m.quantity, "unit_amount": 0, "amount": 0},
            Terms(1, 0),
            Terms(1, 0).of(0),
            None,
        )
        return 1
    left = lost.quantity - back[lost.id]
    _give_back(actor, lost, left, min(m.quantity, left), entry)
    return 1


def _give_back(actor: Actor, lost: Entry, left: int, n: int, entry: dict[str, Any]) -> None:
    """Take `n` of the `left` units of a paid loss out of what is owed, with their share of the commission."""
    commission = session().scalars(select(Entry).where(Entry.cause == f"commission/{lost.cause}")).one()
    terms = Terms(lost.quantity, lost.unit_amount or 0, 0, commission.rate_bp or 0)
    before, after = terms.of(left), terms.of(left - n)
    less = Parts(after.gross - before.gross, 0, after.commission - before.commission, 0, 0)
    entry |= {
        "parent_id": lost.id,
        "quantity": -n,
        "unit_amount": lost.unit_amount,
        "amount": -n * (lost.unit_amount or 0),
    }
    _loss(actor, entry, terms, less, lost.agreement_id)


def in_own_stores() -> Any:
    """The condition that an entry is of a producer's goods at a point that is his own."""
    return Entry.point_id.in_(select(Point.id).where(Point.producer_id == Entry.producer_id))


def paid_in_own_stores(producer_id: int | None = None) -> list[int]:
    """Losses in producers' own stores that were paid for and not taken back yet, by id: of one producer or of all."""
    undone = aliased(Entry)
    back = select(func.coalesce(func.sum(undone.quantity), 0)).where(
        undone.parent_id == Entry.id, undone.kind == EntryKind.LOSS
    )
    wanted = select(Entry.id).where(
        Entry.kind == EntryKind.LOSS, Entry.parent_id.is_(None), Entry.amount > 0, in_own_stores(),
        Entry.quantity + back.scalar_subquery() > 0,
    )  # fmt: skip
    if producer_id:
        wanted = wanted.where(Entry.producer_id == producer_id)
    return list(session().scalars(wanted.order_by(Entry.id)))


def take_back(entry_id: int, actor: Actor = SYSTEM) -> int:
    """Undo, by a line against it in the open statement, a loss in the producer's own store that was once paid for."""
    with transaction() as s:
        producer_id = s.scalar(select(Entry.producer_id).where(Entry.id == entry_id))
        if producer_id is None:
            return 0
        account(producer_id)
        if entry_id not in paid_in_own_stores(producer_id):
            return 0
        lost = s.scalars(select(Entry).where(Entry.id == entry_id)).one()
        gone = s.scalar(
            select(func.coalesce(func.sum(Entry.quantity), 0)).where(
                Entry.parent_id == lost.id, Entry.kind == EntryKind.LOSS
            )
        )
        left = lost.quantity + int(gone or 0)
        entry = {
            name: getattr(lost, name)
            for name in ("producer_id", "kind", "channel", "point_id", "movement_id", "variant_id", "agreement_id",
                         "reference", "reason", "is_demo")
        }  # fmt: skip
        entry |= {
            "cause": f"own-store/{lost.cause}",
            "label": f"Ghi lại: hàng trong kho của cơ sở, cơ sở tự chịu · {lost.label}"[:255],
            "happened_at": clock.now(),
        }
        _give_back(actor, lost, left, left, entry)
        return 1


def _price(variant_id: int, at: datetime) -> int | None:
    return session().scalar(
        select(Price.amount)
        .where(Price.variant_id == variant_id, Price.valid_from <= at, or_(Price.valid_to.is_(None), Price.valid_to > at))
        .order_by(Price.valid_from.desc())
        .limit(1)
    )  # fmt: skip


def bought_outright(line_id: int) -> bool:
    """Whether there is such a receipt line of goods that the shop bought outright."""
    found = (
        select(ReceiptLine.id)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .where(ReceiptLine.id == line_id, Delivery.terms == Bought.PURCHASE, ReceiptLine.quantity > 0)
    )
    return session().scalar(found) is not None


def of_purchases(lines: Iterable[tuple[int, int | None]], actor: Actor = SYSTEM) -> int:
    """Post goods that the shop bought outright: received units × unit cost, by (receipt line, cost that was agreed later)."""
    new = 0
    for line_id, later in lines:
        with transaction() as s:
            row = s.execute(
                select(
                    ReceiptLine.id, ReceiptLine.quantity, ReceiptLine.unit_cost_amount, Delivery.producer_id,
                    Delivery.point_id, Delivery.reference, Delivery.is_demo, Receipt.received_at,
                    Variant.id.label("variant_id"), Product.name, Variant.pack,
                )
                .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
                .join(Delivery, Delivery.id == Receipt.delivery_id)
                .join(DeliveryLine, DeliveryLine.id == ReceiptLine.line_id)
                .join(Variant, Variant.id == DeliveryLine.variant_id)
                .join(Product, Product.id == Variant.product_id)
                .where(ReceiptLine.id == line_id, Delivery.terms == Bought.PURCHASE, ReceiptLine.quantity > 0)
            ).first()  # fmt: skip
            if row is None:
                continue
            cost = row.unit_cost_amount if row.unit_cost_amount is not None else later
            if cost is None:
                continue
            account(row.producer_id)
            cause = f"receipt-line:{row.id}"
            if s.execute(select(Entry.id).where(Entry.cause == cause)).first() is not None:
                continue
            post(
                actor,
                [
                    {
                        "cause": cause, "producer_id": row.producer_id, "kind": EntryKind.PURCHASE, "channel": None,
                        "point_id": row.point_id, "variant_id": row.variant_id, "quantity": row.quantity,
                        "unit_amount": cost, "amount": row.quantity * cost, "reference": row.reference,
                        "label": f"{row.name}, {row.pack}"[:255], "happened_at": row.received_at, "is_demo": row.is_demo,
                    }
                ],
            )  # fmt: skip
            new += 1
    return new
