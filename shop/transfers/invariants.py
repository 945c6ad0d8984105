"""What must hold of transfers (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, or_, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.stock.models import MovementKind, Passage, StockHold, StockLevel, StockMovement
from shop.transfers.models import ALLOWED, UNDER_WAY, S, Transfer, TransferArrival, TransferArrivalLine, TransferStep


def _booked(kind: MovementKind) -> Any:
    """Sums of movements of a kind by reference and level."""
    return (
        select(StockMovement.reference, StockMovement.level_id, func.sum(StockMovement.quantity).label("n"))
        .where(StockMovement.reference.startswith("transfer:"), StockMovement.kind == kind)
        .group_by(StockMovement.reference, StockMovement.level_id)
        .subquery()
    )


def _passages_add_up() -> Iterator[str]:
    """What left, what came and what was lost of each passage is what the books of both levels say."""
    left, came, lost = (
        _booked(k) for k in (MovementKind.TRANSFER_OUT, MovementKind.TRANSFER_IN, MovementKind.WRITE_OFF)
    )
    rows = session().execute(
        select(Passage.id, Passage.reference)
        .outerjoin(left, and_(left.c.reference == Passage.reference, left.c.level_id == Passage.level_id))
        .outerjoin(came, and_(came.c.reference == Passage.reference, came.c.level_id == Passage.to_level_id))
        .outerjoin(lost, and_(lost.c.reference == Passage.reference, lost.c.level_id == Passage.to_level_id))
        .where(
            or_(
                func.coalesce(left.c.n, 0) != -Passage.quantity,
                func.coalesce(came.c.n, 0) != Passage.quantity - Passage.on_road,
                func.coalesce(lost.c.n, 0) != -Passage.lost,
                Passage.on_road < 0,
                Passage.lost < 0,
                Passage.on_road + Passage.lost > Passage.quantity,
            )
        )
    )
    yield from (f"{reference} (passage {i})" for i, reference in rows)


def _movements_without_passage() -> Iterator[str]:
    """Goods that moved for a transfer have a passage that tells from where to where."""
    known = or_(
        and_(Passage.level_id == StockMovement.level_id, StockMovement.kind == MovementKind.TRANSFER_OUT),
        and_(Passage.to_level_id == StockMovement.level_id, StockMovement.kind != MovementKind.TRANSFER_OUT),
    )
    rows = session().execute(
        select(StockMovement.id, StockMovement.reference).where(
            or_(
                StockMovement.kind.in_((MovementKind.TRANSFER_IN, MovementKind.TRANSFER_OUT)),
                StockMovement.reference.startswith("transfer:"),
            ),
            ~select(Passage.id).where(Passage.reference == StockMovement.reference, known).exists(),
        )
    )
    yield from (f"{reference} (movement {i})" for i, reference in rows)


def _same_goods_at_both_ends() -> Iterator[str]:
    """Variant, lot and owner travel with the goods."""
    start, end = StockLevel.__table__.alias("departure"), StockLevel.__table__.alias("arrival")
    rows = session().execute(
        select(Passage.id, Passage.reference)
        .join(start, start.c.id == Passage.level_id)
        .join(end, end.c.id == Passage.to_level_id)
        .where(
            or_(
                start.c.variant_id != end.c.variant_id,
                start.c.lot_id != end.c.lot_id,
                start.c.owner != end.c.owner,
                start.c.point_id == end.c.point_id,
            )
        )
    )
    yield from (f"{reference} (passage {i})" for i, reference in rows)


def _goods_follow_the_status() -> Iterator[str]:
    """Claims only while packed, goods on the road only while under way, none once closed; arrivals say what passages say."""
    under = "transfer:" + Transfer.reference
    claimed = func.coalesce(
        select(func.sum(StockHold.quantity))
        .where(StockHold.reference == under, StockHold.outcome.is_(None))
        .scalar_subquery(),
        0,
    )
    sent = func.coalesce(select(func.sum(Passage.quantity)).where(Passage.reference == under).scalar_subquery(), 0)
    road = func.coalesce(select(func.sum(Passage.on_road)).where(Passage.reference == under).scalar_subquery(), 0)
    counted = func.coalesce(
        select(func.sum(TransferArrivalLine.good + TransferArrivalLine.damaged + TransferArrivalLine.missing))
        .join(TransferArrival, TransferArrival.id == TransferArrivalLine.arrival_id)
        .where(TransferArrival.transfer_id == Transfer.id)
        .scalar_subquery(),
        0,
    )
    left = Transfer.status.in_((*UNDER_WAY, S.CLOSED))
    rows = session().execute(
        select(Transfer.reference).where(
            or_(
                and_(Transfer.status == S.PACKED, claimed == 0),
                and_(Transfer.status != S.PACKED, claimed != 0),
                and_(left, sent == 0),
                and_(~left, sent != 0),
                and_(Transfer.status.in_(UNDER_WAY), road == 0),
                and_(Transfer.status == S.CLOSED, road != 0),
                sent - road != counted,
            )
        )
    )
    yield from (r for (r,) in rows)


@invariant("transfers.conserve")
def conserve() -> Iterator[str]:
    """What was sent is on the road, has arrived or was written off with a reason; nothing else, and nothing twice."""
    yield from _passages_add_up()
    yield from _movements_without_passage()
    yield from _same_goods_at_both_ends()
    yield from _goods_follow_the_status()


@invariant("transfers.history")
def history() -> Iterator[str]:
    """Each history starts from nothing, takes only allowed steps and ends in the present status."""
    s = session()
    ends: dict[int, str] = {}
    wrong: set[int] = set()
    steps = s.execute(
        select(TransferStep.transfer_id, TransferStep.from_status, TransferStep.to_status).order_by(
            TransferStep.transfer_id, TransferStep.id
        )
    )
    for transfer_id, rows in groupby(steps, key=lambda row: row[0]):
        at = ""
        for _transfer, before, after in rows:
            if before != at or after not in ALLOWED.get(before, frozenset()):
                wrong.add(transfer_id)
            at = after
        ends[transfer_id] = at
    for transfer_id, reference, status in s.execute(select(Transfer.id, Transfer.reference, Transfer.status)):
        if transfer_id in wrong or ends.get(transfer_id) != status:
            yield reference
