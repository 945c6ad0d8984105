"""What each row of a batch is for: the machine credits what is exact, people resolve the rest, and every act can be undone.

A row that is undone puts its money before a person again; its parcel's cash is awaited again. Whether the order was paid is not
touched: the buyer has his goods and gave the cash, only its holder owes it once more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from shop.kernel import clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import in_batches, session, transaction
from shop.kernel.errors import N_, Busy, Invalid, ShopError
from shop.orders.models import Fulfilment, Order
from shop.remittances import books
from shop.remittances.errors import ParcelStep, ParcelUnknown, RowChanged
from shop.remittances.models import CodParcel, CodState, Queue, Row, RowState, Surplus
from shop.remittances.services import parcels
from shop.remittances.services.steps import lock, lock_parcel, mine, note, once, reason

_REFERENCE = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{4})[- ]?([A-Z0-9]{4})(?:\s*[/_.-]\s*(\d{1,2}))?(?![A-Z0-9])")
_IN_HAND = (CodState.OUT, CodState.COLLECTED, CodState.SETTLED, CodState.LOST)


@dataclass(frozen=True, slots=True)
class Named:
    """A parcel that words name."""

    parcel_id: int
    order: str
    number: int


def names_in(told: str) -> list[tuple[str, int | None]]:
    """References of orders that stand in the words, with the parcel's number if one is told."""
    alphabet = set(text.REFERENCE_ALPHABET)
    return [
        (f"{a}-{b}", int(n) if n else None) for a, b, n in _REFERENCE.findall(told.upper()) if set(a + b) <= alphabet
    ]


def find_all(told: Sequence[str]) -> dict[str, list[Named]]:
    """The parcels with cash that each of the words names, by order and number or by the carrier's tracking number."""
    wanted = {t: names_in(t) for t in told}
    tracking = {re.sub(r"\s", "", t).upper(): t for t in told if t.strip()}
    by_order: dict[str, list[tuple[int, Named]]] = {}
    by_tracking: dict[str, list[Named]] = {}
    base = (
        select(CodParcel.id, Order.reference, Fulfilment.number, Fulfilment.tracking_number)
        .join(Fulfilment, Fulfilment.id == CodParcel.fulfilment_id)
        .join(Order, Order.id == CodParcel.order_id)
        .order_by(CodParcel.id)
    )
    references = sorted({r for found in wanted.values() for r, _n in found})
    for batch in in_batches(references):
        for parcel_id, order, number, _t in session().execute(base.where(Order.reference.in_(batch))):
            by_order.setdefault(order, []).append((number, Named(parcel_id, order, number)))
    number_of = func.upper(Fulfilment.tracking_number)
    for batch in in_batches(sorted(tracking)):
        for parcel_id, order, number, code in session().execute(base.where(number_of.in_(batch))):
            by_tracking.setdefault(str(code).upper(), []).append(Named(parcel_id, order, number))
    found: dict[str, list[Named]] = {}
    for t, names in wanted.items():
        hits = {n.parcel_id: n for n in by_tracking.get(re.sub(r"\s", "", t).upper(), [])}
        for r, n in names:
            hits |= {one.parcel_id: one for number, one in by_order.get(r, []) if n in {None, number}}
        found[t] = list(hits.values())
    return found


def queue_of(row: Row, parcel: CodParcel | None, *, taken_here: bool = False) -> Queue | None:
    """Where a row for `parcel` waits; None: it is exact. `taken_here`: another row of the same batch is for it."""
    if parcel is None or row.amount == 0:
        return Queue.UNKNOWN
    if parcel.state not in _IN_HAND:
        return Queue.REFUSED
    if taken_here or not parcel.open_amount:
        return Queue.TWICE
    if row.amount == parcel.open_amount:
        return None
    return Queue.SHORT if row.amount < parcel.open_amount else Queue.OVER


# --- the machine -------------------------------------------------------------------------------------------------


def credit_new(only: int | None = None) -> int:
    """Credit every row that matches exactly (of one batch, if given), each in a transaction of its own; return how many.

    Raises:
        Busy: the database could not be written to; the rest waits for the next run.
    """
    wanted = select(Row.id).where(Row.state == RowState.NEW)
    if only is not None:
        wanted = wanted.where(Row.remittance_id == only)
    done, busy = 0, None
    for row_id in session().scalars(wanted.order_by(Row.id)).all():
        try:
            done += _credit(row_id)
        except Busy as error:
            busy = error
    if busy is not None:
        raise busy
    return done


def _credit(row_id: int) -> bool:
    """One row. What it was for may have changed since it was read: then it waits for a person."""
    try:
        with transaction():
            row = lock(Row, row_id)
            if row.state is not RowState.NEW:
                return False
            if row.parcel_id is not None:
                parcel = lock_parcel(row.parcel_id)
                if queue_of(row, parcel) is None:
                    _put(SYSTEM, row, parcel, row.amount, 0)
                    note(SYSTEM, row, "matched")
                    return True
            _wait(row)
            return False
    except Busy:
        raise
    except ShopError:
        with transaction():
            row = lock(Row, row_id)
            if row.state is RowState.NEW:
                row.state, row.queue = RowState.OPEN, Queue.REFUSED
                row.version += 1
        return False


def _wait(row: Row) -> None:
    """Put a locked row before a person, where it belongs now."""
    parcel = session().get(CodParcel, row.parcel_id, populate_existing=True) if row.parcel_id is not None else None
    row.state, row.queue = RowState.OPEN, queue_of(row, parcel) or Queue.UNKNOWN
    if row.queue == Queue.UNKNOWN:
        row.parcel_id = None
    row.version += 1
    session().flush()
    note(SYSTEM, row, "waits", queue=str(row.queue))


def _put(
    actor: Actor, row: Row, parcel: CodParcel | None, brought: int, written: int, surplus: str | None = None,
    why: str | None = None,
) -> None:  # fmt: skip
    """Close a locked row: `brought` đồng for its locked parcel, what is over for `surplus`."""
    over = row.amount - brought
    if over and surplus not in set(Surplus):
        raise Invalid(N_("Hãy chọn giữ lại hay trả lại phần thừa."), field="surplus")
    row.state, row.queue = RowState.DONE, None
    row.parcel_id = parcel.id if parcel is not None else row.parcel_id
    row.parcel_amount, row.surplus_amount, row.written_amount = brought, over, written
    row.surplus = surplus if over else None
    row.reason, row.done_at, row.done_label = why, clock.now(), actor.label
    row.taken_key = row.taken_label = None
    row.version += 1
    session().flush()
    if parcel is not None:
        parcel_id = parcel.id
        if parcel.state is not CodState.LOST:
            parcels.collect(actor, parcel, f"remittance:{row.remittance_id}:{row.number}")
        parcels.hand_in(actor, lock(CodParcel, parcel_id), brought, written)
    books.row(row.id, actor)


# --- people ------------------------------------------------------------------------------------------------------


def _act(
    actor: Actor, row_id: int, version: int, op_key: str, kind: str, body: object, act: Callable[[Row], dict[str, Any]]
) -> None:
    def command() -> dict[str, Any]:
        row = lock(Row, row_id)
        mine(actor, row, version)
        if kind != "undo" and row.state is not RowState.OPEN:
            raise RowChanged
        detail = act(row)
        note(actor, row, kind, **detail)
        return detail

    once(actor, op_key, f"row-{kind}", [row_id, version, body], command)


def assign(actor: Actor, row_id: int, told: str, version: int, *, op_key: str) -> None:
    """Say which parcel a row is for. What is exact then is credited at once; another waits where it belongs.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelUnknown: the words name no parcel with cash, or several.
    """
    told = text.clean(told)[:80]

    def act(row: Row) -> dict[str, Any]:
        found = find_all([told]).get(told, [])
        if len(found) != 1:
            raise ParcelUnknown(field="told", told=told)
        parcel = lock_parcel(found[0].parcel_id)
        row.parcel_id = parcel.id
        queue = queue_of(row, parcel)
        if queue is None:
            _put(actor, row, parcel, row.amount, 0)
        else:
            row.queue = queue
            row.version += 1
            session().flush()
        return {"parcel": f"{found[0].order}/{found[0].number}"}

    _act(actor, row_id, version, op_key, "assign", told, act)


def credit(
    actor: Actor, row_id: int, version: int, *, rest: str = "", surplus: str = "", why: str = "", op_key: str
) -> None:
    """Credit a row to its parcel. Of a short one the `rest` is `claim`ed (still owed) or `written` off; what is over is kept or
    owed back (`surplus`), a reason said where money is given up or kept. A refused parcel that is not back was taken after all.

    Raises:
        NotFound, RowChanged, RowTaken; ParcelStep: it is back or lost. Invalid: no choice, or no reason.
    """
    given_up = rest == "written" or surplus == Surplus.KEPT
    why = reason(why) if given_up else text.clean(why)[:500]

    def act(row: Row) -> dict[str, Any]:
        if row.parcel_id is None:
            raise RowChanged
        parcel = lock_parcel(row.parcel_id)
        if parcel.state is CodState.REFUSED:
            parcels.again(actor, parcel)
        if not parcel.open_amount:
            raise ParcelStep
        brought = min(row.amount, parcel.open_amount)
        left = parcel.open_amount - brought
        if left and rest not in {"claim", "written"}:
            raise Invalid(N_("Hãy chọn đòi tiếp hay bỏ phần thiếu."), field="rest")
        _put(actor, row, parcel, brought, left if rest == "written" else 0, surplus, why or None)
        return {"amount": brought, "left": left, "rest": rest, "surplus": surplus, "reason": why}

    _act(actor, row_id, version, op_key, "credit", [rest, surplus, why], act)


def set_aside(actor: Actor, row_id: int, surplus: str, why: str, version: int, *, op_key: str) -> None:
    """All of a row's money is no parcel's: it is kept, or owed back to who handed it in.

    Raises:
        NotFound, RowChanged, RowTaken; Invalid: no choice, or no reason.
    """
    why = reason(why)

    def act(row: Row) -> dict[str, Any]:
        if row.amount and surplus not in set(Surplus):
            raise Invalid(N_("Hãy chọn giữ lại hay trả lại phần thừa."), field="surplus")
        _put(actor, row, None, 0, 0, surplus, why)
        return {"surplus": surplus, "reason": why}

    _act(actor, row_id, version, op_key, "aside", [surplus, why], act)


def undo(actor: Actor, row_id: int, version: int, *, op_key: str) -> None:
    """Take back what a row was put to: it waits for a person again, and its parcel's cash is owed again.

    Raises:
        NotFound; RowChanged: it is not done.
    """

    def act(row: Row) -> dict[str, Any]:
        if row.state is not RowState.DONE:
            raise RowChanged
        brought, written, parcel_id = row.parcel_amount, row.written_amount, row.parcel_id
        row.parcel_amount = row.surplus_amount = row.written_amount = 0
        row.surplus = row.reason = row.done_at = row.done_label = None
        row.state, row.queue = RowState.OPEN, Queue.UNKNOWN
        row.version += 1
        session().flush()
        if parcel_id is not None:
            parcel = lock_parcel(parcel_id)
            if brought or written:
                parcels.hand_in(actor, parcel, -brought, -written)
                note(actor, parcel, "undone", amount=brought)
            # What is exact is a suggestion now; the machine does not credit it again.
            row.queue = queue_of(row, parcel) or Queue.UNKNOWN
            session().flush()
        books.row(row.id, actor)
        return {"amount": brought}

    _act(actor, row_id, version, op_key, "undo", None, act)
