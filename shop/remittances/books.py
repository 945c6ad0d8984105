"""What cash on delivery means in the books (`ledger`).

Cash that a buyer gave lies in transit under his order (posted with its receipt). A row moves it to its batch; what is given up
of it is a difference. A batch pays its fees, and what comes for it leaves transit: by the bank's line (posted by its room) or
counted. A batch that is done and paid comes to nothing, and so does an order whose cash is in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, or_, select

from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import Fulfilment, Order
from shop.remittances.models import (
    Arrival,
    CodParcel,
    CodState,
    Remittance,
    RemittanceState,
    Row,
    RowState,
    Surplus,
)

CHANNEL, TRANSIT, VARIANCE = "cod", "cod-in-transit", "cod-variance"
# Counted cash lies in the office until somebody takes it to the bank.
OFFICE = "point:office"


def _row_drafts(ids: Sequence[int]) -> list[Draft]:
    found = session().execute(
        select(Row.id, Row.parcel_amount, Row.surplus_amount, Row.surplus, Row.done_at, Row.reason, Remittance.reference,
               Remittance.holder_id, CodParcel.state, Order.reference, Fulfilment.number)
        .join(Remittance, Remittance.id == Row.remittance_id)
        .outerjoin(CodParcel, CodParcel.id == Row.parcel_id)
        .outerjoin(Order, Order.id == CodParcel.order_id)
        .outerjoin(Fulfilment, Fulfilment.id == CodParcel.fulfilment_id)
        .where(Row.id.in_(ids), Row.state == RowState.DONE)
    )  # fmt: skip
    drafts = []
    for i, brought, over, surplus, at, reason, batch, holder_id, state, order, number in found:
        party, lines = f"remittance:{batch}", []
        if brought:
            lost = state is CodState.LOST  # its compensation makes good what was paid for the goods
            of = (
                Line("goods-lost", -brought, f"parcel:{order}/{number}")
                if lost
                else Line(TRANSIT, -brought, f"order:{order}")
            )
            lines += [Line(TRANSIT, brought, party), of]
        if over:
            kept = (
                Line(VARIANCE, -over, party)
                if surplus == Surplus.KEPT
                else Line(TRANSIT, -over, f"carrier:{holder_id}")
            )
            lines += [Line(TRANSIT, over, party), kept]
        if lines:
            drafts.append(Draft(ROW.kind, ROW.cause(i), CHANNEL, ROW.cause(i), at or clock.now(), lines, reason))
    return drafts


def _rows_done() -> Select[Any]:
    return select(Row.id).where(Row.state == RowState.DONE, or_(Row.parcel_amount > 0, Row.surplus_amount > 0))


ROW = sources.register(sources.Source("cod-row", _rows_done, _row_drafts))


def _parcel_drafts(ids: Sequence[int]) -> list[Draft]:
    """What was given up of cash that somebody had taken; of a lost parcel nothing was ever in the books."""
    found = session().execute(
        select(CodParcel.id, CodParcel.written_amount, CodParcel.collected_at, CodParcel.settled_at, Order.reference)
        .join(Order, Order.id == CodParcel.order_id)
        .where(CodParcel.id.in_(ids), CodParcel.written_amount > 0, CodParcel.state != CodState.LOST)
    )
    return [
        Draft(
            PARCEL.kind, PARCEL.cause(i), CHANNEL, PARCEL.cause(i), settled or collected or clock.now(),
            [Line(VARIANCE, written, f"order:{order}"), Line(TRANSIT, -written, f"order:{order}")],
        )
        for i, written, collected, settled, order in found
    ]  # fmt: skip


def _written() -> Select[Any]:
    return select(CodParcel.id).where(CodParcel.written_amount > 0, CodParcel.state != CodState.LOST)


PARCEL = sources.register(sources.Source("cod-parcel", _written, _parcel_drafts))


def _batch_drafts(ids: Sequence[int]) -> list[Draft]:
    found = session().execute(
        select(Remittance.id, Remittance.reference, Remittance.fee_amount, Remittance.adjusted_amount, Remittance.opened_at,
               Remittance.adjust_reason)
        .where(Remittance.id.in_(ids), Remittance.state.in_([RemittanceState.OPEN, RemittanceState.PAID]))
    )  # fmt: skip
    drafts = []
    for i, reference, fee, adjusted, at, reason in found:
        party = f"remittance:{reference}"
        lines = [Line("cod-fees", fee, party), Line(VARIANCE, adjusted, party), Line(TRANSIT, -fee - adjusted, party)]
        drafts.append(Draft(BATCH.kind, BATCH.cause(i), CHANNEL, BATCH.cause(i), at or clock.now(), lines, reason))
    return drafts


def _opened() -> Select[Any]:
    return select(Remittance.id).where(
        Remittance.state.in_([RemittanceState.OPEN, RemittanceState.PAID]),
        or_(Remittance.fee_amount > 0, Remittance.adjusted_amount != 0),
    )


BATCH = sources.register(sources.Source("cod-batch", _opened, _batch_drafts))


def _cash_drafts(ids: Sequence[int]) -> list[Draft]:
    found = session().execute(
        select(Arrival.id, Arrival.amount, Arrival.at, Remittance.reference)
        .join(Remittance, Remittance.id == Arrival.remittance_id)
        .where(Arrival.id.in_(ids), Arrival.source == "cash")
    )
    return [
        Draft(
            CASH.kind, CASH.cause(i), CHANNEL, CASH.cause(i), at,
            [Line("cash-point", amount, OFFICE), Line(TRANSIT, -amount, f"remittance:{reference}")],
        )
        for i, amount, at, reference in found
    ]  # fmt: skip


CASH = sources.register(
    sources.Source("cod-cash", lambda: select(Arrival.id).where(Arrival.source == "cash"), _cash_drafts)
)
KINDS = ("cod-row", "cod-parcel", "cod-batch", "cod-cash")


def _batches(told: Collection[str]) -> dict[str, Named]:
    """A batch is called by its reference as a party, by its id as a cause."""
    rows = session().execute(
        select(Remittance.id, Remittance.reference).where(
            Remittance.id.in_(names.numbers(told)) | Remittance.reference.in_(told)
        )
    )
    found: dict[str, Named] = {}
    for i, reference in rows:
        found[str(i)] = found[reference] = _of_batch(reference)
    return found


def _of_batch(reference: str) -> Named:
    return Named(reference, f"/office/remittances/batches/{reference}")


def _by_batch(table: type[Row] | type[Arrival]) -> names.Namer:
    """Rows and counted cash are called by their batch."""

    def told(ids: Collection[str]) -> dict[str, Named]:
        rows = session().execute(
            select(table.id, Remittance.reference)
            .join(Remittance, Remittance.id == table.remittance_id)
            .where(table.id.in_(names.numbers(ids)))
        )
        return {str(i): _of_batch(reference) for i, reference in rows}

    return told


def _parcels(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(CodParcel.id, Order.reference)
        .join(Order, Order.id == CodParcel.order_id)
        .where(CodParcel.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(reference, f"/office/orders/{reference}") for i, reference in rows}


names.register("remittance", _batches)
names.register("cod-batch", _batches)
names.register("cod-row", _by_batch(Row))
names.register("cod-cash", _by_batch(Arrival))
names.register("cod-parcel", _parcels)


def _brought(source: sources.Source, row_id: int, actor: Actor) -> None:
    """Bring what one row means in step; its own draft without lines undoes what was posted of it."""
    session().flush()
    drafts = source.drafts([row_id])
    if not drafts:
        cause = source.cause(row_id)
        drafts = [Draft(source.kind, cause, CHANNEL, cause, clock.now(), [])]
    ledger.bring(actor, drafts)


def row(row_id: int, actor: Actor = SYSTEM) -> None:
    """A locked row was put to its use, or that was undone."""
    _brought(ROW, row_id, actor)


def parcel(parcel_id: int, actor: Actor = SYSTEM) -> None:
    """What is given up of a locked parcel changed."""
    _brought(PARCEL, parcel_id, actor)


def batch(batch_id: int, actor: Actor = SYSTEM) -> None:
    """A locked batch was handed in, or its difference closed or opened."""
    _brought(BATCH, batch_id, actor)


def cash(arrival_id: int, actor: Actor = SYSTEM) -> None:
    """Cash was counted."""
    _brought(CASH, arrival_id, actor)
