"""Calling a lot back: one action, run once; then telling the buyers, clearing the shelves, closing with a summary."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, insert_missing, locked, session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.recalls import errors, events, queries
from shop.recalls.models import Reach, Recall, RecallBuyer
from shop.stock import services as stock
from shop.stock.models import Lot, MovementKind, StockLevel
from shop.stock.services import lots

LONGEST = 1000
# What becomes of goods that lie at a point; the reason stands on their movement.
CLEARED = {
    "destroyed": N_("Thu hồi lô: đã hủy"),
    "returned": N_("Thu hồi lô: đã trả cơ sở sản xuất"),
}


def _told(raw: str, field: str) -> str:
    found = text.clean(raw)
    if not 5 <= len(found) <= LONGEST:
        raise Invalid(N_("Hãy viết từ %(low)s đến %(high)s ký tự."), field=field, low=5, high=LONGEST)
    return found


def run(actor: Actor, lot_id: int, reason: str, advice: str, op_key: str) -> str:
    """Call a lot back: it is stopped at once, what has not left is given from other lots where there are some, everybody who
    has it is written down to be told. Returns the recall's reference; the same `op_key` runs once.

    `reason` and `advice` are what buyers read. What could not be given from another lot stays claimed and cannot leave: the
    recall's page lists it for the desk.

    Raises:
        Invalid: a text is missing or too long.
        LotRecalled: the lot was recalled before.
        LotNotRecorded: goods without a lot's code.
        NotFound: there is no such lot.
    """
    reason, advice = _told(reason, "reason"), _told(advice, "advice")

    def command() -> dict[str, Any]:
        s = session()
        lot = locked(Lot, lot_id, NotFound)
        if queries.of_lot(lot_id) is not None:
            raise errors.LotRecalled
        reference = text.reference()
        lots.stop_lot(actor, lot_id, reason, f"recall-stop:{reference}")
        recall = Recall(
            reference=reference,
            lot_id=lot_id,
            reason=reason,
            advice=advice,
            started_at=clock.now(),
            started_by=actor.label,
        )
        with unique("recalls.lot_id", otherwise=errors.LotRecalled):
            s.add(recall)
            s.flush()
        moved = _swap_orders(actor, lot_id)
        found = _write_down(recall)
        audit.record(
            actor, "recalls.run", f"recall:{reference}", lot=lot.code, moved=moved, buyers=found, reason=reason
        )
        publish(events.RecallStarted(recall.id))
        return {"reference": reference}

    return str(operations.once(op_key, "recalls.run", actor.key, [lot_id, reason, advice], command)["reference"])


def _swap_orders(actor: Actor, lot_id: int) -> int:
    """Give what orders claim of the lot from other lots; return how many units moved. A transfer's goods are not swapped: its
    note names the lot, so a person unpacks it."""
    return lots.swap_lot(actor, lot_id)


def _write_down(recall: Recall) -> int:
    """Keep a row for each order that has some of the lot; return how many are new."""
    bought, _unknown = queries.bought_of(recall.lot_id)
    s = session()
    known: dict[int, RecallBuyer] = {
        row.order_id: row for row in s.scalars(select(RecallBuyer).where(RecallBuyer.recall_id == recall.id))
    }
    rows = []
    for found in bought:
        before = known.get(found.order_id)
        if before is None:
            rows.append(
                {
                    "recall_id": recall.id, "order_id": found.order_id, "quantity": found.units, "reach": found.reach,
                    "back": 0,
                }
            )  # fmt: skip
        elif found.units > before.quantity:
            before.quantity = found.units
    if rows:
        insert_missing(RecallBuyer, rows, ["recall_id", "order_id"])
    s.flush()
    return len(rows)


def _open(recall_id: int) -> Recall:
    recall = locked(Recall, recall_id, NotFound)
    if recall.closed_at is not None:
        raise errors.RecallClosed
    return recall


def follow(recall_id: int) -> int:
    """Write down buyers who came to light since (a till that sold without a network); return how many."""
    with transaction():
        recall = locked(Recall, recall_id, NotFound)
        found = _write_down(recall)
        if found:
            publish(events.BuyersFound(recall_id))
        return found


def swap_again(actor: Actor, recall_id: int) -> int:
    """Try again to give what is still claimed of the lot from other lots (new goods have come); return units moved.

    Raises:
        RecallClosed: the recall is over.
    """
    with transaction():
        return _swap_orders(actor, _open(recall_id).lot_id)


def told(actor: Actor, recall_id: int, buyer_ids: list[int], note: str = "") -> int:
    """Somebody has called these buyers; return how many were not marked before.

    Raises:
        RecallClosed: the recall is over.
    """
    note = text.clean(note).replace("\n", " ")[:255]
    with transaction() as s:
        recall = _open(recall_id)
        row = (
            update(RecallBuyer)
            .where(RecallBuyer.recall_id == recall_id, RecallBuyer.id.in_(buyer_ids), RecallBuyer.told_at.is_(None))
            .values(told_at=clock.now(), told_by=actor.label, **({"note": note} if note else {}))
            .execution_options(synchronize_session=False)
        )
        n = changed(s.execute(row))
        if n:
            audit.record(actor, "recalls.told", f"recall:{recall.reference}", buyers=n)
        return n


def came_back(actor: Actor, recall_id: int, buyer_id: int, back: int, note: str = "") -> None:
    """So many units of a buyer's are back or seen destroyed. The goods do not return to stock; money goes back by the desk.

    Raises:
        Invalid: more than he bought, or less than nothing.
        NotFound: no such buyer of this recall.
        RecallClosed: the recall is over.
    """
    with transaction():
        recall = _open(recall_id)
        row = locked(RecallBuyer, buyer_id, NotFound)
        if row.recall_id != recall.id:
            raise NotFound
        if not 0 <= back <= row.quantity:
            raise Invalid(N_("Hãy nhập số nguyên từ 0 đến %(n)s."), field="back", n=row.quantity)
        row.back = back
        row.note = text.clean(note).replace("\n", " ")[:255] or row.note
        audit.record(actor, "recalls.came_back", f"recall:{recall.reference}", buyer=buyer_id, back=back)


def clear_level(actor: Actor, recall_id: int, level_id: int, how: str, op_key: str) -> int:
    """Book off all free goods of the lot at one level: destroyed, or returned to the producer; return how many units.

    Raises:
        Invalid: no such way.
        NotEnough: nothing free is there.
        NotFound: the level is not of this lot.
        RecallClosed: the recall is over.
    """
    if how not in CLEARED:
        raise Invalid(N_("Hãy chọn việc đã làm với hàng."), field="how")
    with transaction() as s:
        recall = _open(recall_id)
        level = s.scalars(select(StockLevel).where(StockLevel.id == level_id).with_for_update()).one_or_none()
        if level is None or level.lot_id != recall.lot_id:
            raise NotFound
        s.refresh(level)
        free = level.on_hand - level.held - level.allocated
        if free:
            stock.adjust(
                actor, level_id, -free, CLEARED[how], op_key, kind=MovementKind.WRITE_OFF,
                reference=f"recall:{recall.reference}",
            )  # fmt: skip
            audit.record(actor, "recalls.clear", f"recall:{recall.reference}", level=level_id, units=free, how=how)
        return free


def close(actor: Actor, recall_id: int, summary: str) -> None:
    """End a recall with a summary; the lot stays stopped.

    Raises:
        Invalid: no summary.
        RecallNotDone: goods of the lot are still claimed, at a point or on the road.
        RecallClosed: it was closed before.
    """
    summary = _told(summary, "summary")
    with transaction():
        recall = _open(recall_id)
        left = queries.spread(recall.lot_id)
        if left.claimed or left.on_hand or left.on_road:
            raise errors.RecallNotDone(claimed=left.claimed, on_hand=left.on_hand, on_road=left.on_road)
        _write_down(recall)
        recall.closed_at, recall.closed_by, recall.summary = clock.now(), actor.label, summary
        session().flush()
        audit.record(actor, "recalls.close", f"recall:{recall.reference}", summary=summary)
        publish(events.RecallClosed(recall_id))


def letters_written(recall_id: int, order_ids: list[int]) -> None:
    """The letters to these buyers are in the queue."""
    with transaction() as s:
        s.execute(
            update(RecallBuyer)
            .where(
                RecallBuyer.recall_id == recall_id,
                RecallBuyer.order_id.in_(order_ids),
                RecallBuyer.reach == Reach.LETTER,
                RecallBuyer.told_at.is_(None),
            )
            .values(told_at=clock.now())
            .execution_options(synchronize_session=False)
        )
