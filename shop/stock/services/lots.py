"""Lots: stopped and let go again, put right, and what was claimed of them moved to other lots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, savepoint, session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.stock import services as stock
from shop.stock.errors import LotKnown, LotNotRecorded, SoldOut
from shop.stock.events import LotCorrected, LotResumed, LotStopped
from shop.stock.models import Lot, Stage, StockHold, StockLevel
from shop.stock.services import Take, lot_dates

LONGEST_CODE = 40


def _reason(reason: str) -> str:
    found = text.clean(reason).replace("\n", " ")
    if len(found) < 2:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    return found[:500]


def _levels_locked(lot_id: int) -> None:
    """Wait until nobody else is at a level of the lot, in id order; the lot's own row is locked already, so none is added."""
    rows = select(StockLevel.id).where(StockLevel.lot_id == lot_id).order_by(StockLevel.id).with_for_update()
    session().execute(rows).all()


def _mark(lot: Lot, *, stopped: bool) -> None:
    """Put the lot's state on its levels; whoever waits for one of them then sees it."""
    session().execute(
        update(StockLevel)
        .where(StockLevel.lot_id == lot.id)
        .values(is_stopped=stopped)
        .execution_options(synchronize_session=False)
    )
    session().flush()
    stock.refresh_availability([lot.variant_id])


def stop_lot(actor: Actor, lot_id: int, reason: str, op_key: str) -> None:
    """From now on nothing of the lot is sold, sent or received; what is claimed stays claimed and cannot leave. A lot
    that is stopped already keeps its first stop.

    Raises:
        Invalid: no reason.
        LotNotRecorded: goods without a lot's code lie together and are not one lot.
        NotFound: there is no such lot.
    """
    reason = _reason(reason)

    def command() -> dict[str, Any]:
        lot = locked(Lot, lot_id, NotFound)
        if not lot.code:
            raise LotNotRecorded
        if lot.stopped_at is None:
            _levels_locked(lot_id)
            lot.stopped_at, lot.stop_reason = clock.now(), reason
            _mark(lot, stopped=True)
            audit.record(actor, "stock.stop_lot", f"lot:{lot_id}", code=lot.code, reason=reason)
            publish(LotStopped(lot_id))
        return {}

    operations.once(op_key, "stock.stop_lot", actor.key, [lot_id], command)


def resume_lot(actor: Actor, lot_id: int, reason: str, op_key: str) -> None:
    """The lot may be sold again. One that was not stopped stays as it is.

    Raises:
        Invalid: no reason.
        NotFound: there is no such lot.
    """
    reason = _reason(reason)

    def command() -> dict[str, Any]:
        lot = locked(Lot, lot_id, NotFound)
        if lot.stopped_at is not None:
            _levels_locked(lot_id)
            lot.stopped_at = lot.stop_reason = None
            _mark(lot, stopped=False)
            audit.record(actor, "stock.resume_lot", f"lot:{lot_id}", code=lot.code, reason=reason)
            publish(LotResumed(lot_id))
        return {}

    operations.once(op_key, "stock.resume_lot", actor.key, [lot_id], command)


def correct_lot(
    actor: Actor,
    lot_id: int,
    *,
    code: str,
    produced_on: date | None,
    expires_on: date | None,
    reason: str,
    op_key: str,
) -> None:
    """Put a lot's code and dates right, with a reason; goods and claims stay as they are.

    Raises:
        Invalid: no reason, no code, a code too long, dates that no lot has (`lot_dates`).
        LotKnown: another lot of the pack has that code.
        LotNotRecorded: goods without a lot's code have no dates.
        NotFound: there is no such lot.
    """
    reason, code = _reason(reason), text.clean(code).replace("\n", " ")
    if not 1 <= len(code) <= LONGEST_CODE:
        raise Invalid(N_("Số lô dài từ 1 đến %(n)s ký tự."), field="code", n=LONGEST_CODE)
    lot_dates.check(produced_on, expires_on)

    def command() -> dict[str, Any]:
        lot = locked(Lot, lot_id, NotFound)
        if not lot.code:
            raise LotNotRecorded
        other = session().scalar(
            select(Lot.id).where(Lot.variant_id == lot.variant_id, Lot.code == code, Lot.id != lot_id)
        )
        if other is not None:
            raise LotKnown(field="code", lot=code)
        before = {"code": lot.code, "produced_on": lot.produced_on, "expires_on": lot.expires_on}
        with unique("lots.variant_id", "lots.variant_id_code", otherwise=lambda: LotKnown(field="code", lot=code)):
            lot.code, lot.produced_on, lot.expires_on = code, produced_on, expires_on
            session().flush()
        stock.refresh_availability([lot.variant_id])
        after = {"code": code, "produced_on": produced_on, "expires_on": expires_on}
        audit.record(actor, "stock.correct_lot", f"lot:{lot_id}", before=before, after=after, reason=reason)
        publish(LotCorrected(lot_id))
        return {}

    body = [lot_id, code, str(produced_on), str(expires_on)]
    operations.once(op_key, "stock.correct_lot", actor.key, body, command)


def trace_code(actor: Actor, lot_id: int) -> str:
    """The lot's public name, given when its first label is wanted.

    Raises:
        LotNotRecorded: goods without a lot's code have no origin to show.
        NotFound: there is no such lot.
    """
    with transaction() as s:
        lot = locked(Lot, lot_id, NotFound)
        if not lot.code:
            raise LotNotRecorded
        if lot.trace_code is None:
            code = text.reference()
            while s.scalar(select(Lot.id).where(Lot.trace_code == code)) is not None:
                code = text.reference()
            lot.trace_code = code
            audit.record(actor, "stock.trace_code", f"lot:{lot_id}", trace_code=code)
        return lot.trace_code


# --- claims that cannot leave ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Short:
    """Units of a variant under `reference` for which no other lot was free."""

    reference: str
    variant_id: int
    quantity: int


_TRIES = 3


def swap_lot(actor: Actor, lot_id: int, claims_of: str = "order:") -> int:
    """Do so for everything of the lot that is claimed under references beginning with `claims_of`, oldest
    claim first; return units moved."""
    with transaction() as s:
        references = s.scalars(
            select(StockHold.reference)
            .join(StockLevel, StockLevel.id == StockHold.level_id)
            .where(
                StockLevel.lot_id == lot_id,
                StockHold.outcome.is_(None),
                StockHold.reference.startswith(claims_of, autoescape=True),
            )
            .group_by(StockHold.reference)
            .order_by(func.min(StockHold.id))
        ).all()
        return sum(swap(actor, reference)[0] for reference in references)


def swap(actor: Actor, reference: str) -> tuple[int, list[Short]]:
    """Move what `reference` claims of lots that may not leave (stopped, past their date) to other lots of the same pack,
    point and owner, first expiring first; return the units moved, and what stays claimed of those lots for want of others.

    The web's reserve may be used: these goods are sold already.
    """
    with transaction() as s:
        bad = s.execute(
            select(StockHold.id, StockHold.level_id, StockHold.quantity, StockHold.stage, StockHold.expires_at)
            .join(StockLevel, StockLevel.id == StockHold.level_id)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(
                StockHold.reference == reference,
                StockHold.outcome.is_(None),
                or_(StockLevel.is_stopped.is_(True), Lot.expires_on < clock.today()),
            )
            .order_by(StockHold.id)
            .with_for_update(of=StockHold)
        ).all()
        moved, missing = 0, []
        for hold_id, level_id, quantity, stage, until in bad:
            got = _move(reference, hold_id, level_id, quantity, stage, until)
            moved += got
            if got < quantity:
                variant_id = s.scalar(select(StockLevel.variant_id).where(StockLevel.id == level_id)) or 0
                missing.append(Short(reference, variant_id, quantity - got))
        if moved:
            audit.record(actor, "stock.swap", reference, moved=moved, short=sum(m.quantity for m in missing))
        return moved, missing


def _move(reference: str, hold_id: int, level_id: int, quantity: int, stage: Stage, until: datetime | None) -> int:
    """Move as much of one claim as other lots have; return how many units."""
    for _ in range(_TRIES):
        takes = _instead(level_id, quantity)
        got = sum(take.quantity for take in takes)
        if not got:
            return 0
        try:
            with savepoint():
                stock.take(reference, takes, until=until)
        except SoldOut:  # somebody was faster: look again
            continue
        stock.give_back_part(hold_id, level_id, got, quantity - got, stage)
        return got
    return 0


def _instead(level_id: int, quantity: int) -> list[Take]:
    """Where the units of a level can be had instead: same pack, point and owner, lots that may be sold."""
    s = session()
    level = s.get(StockLevel, level_id)
    assert level is not None  # noqa: S101 - a claim has its level
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    rows = s.execute(
        select(StockLevel.id, free)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            StockLevel.variant_id == level.variant_id,
            StockLevel.point_id == level.point_id,
            StockLevel.owner == level.owner,
            StockLevel.is_stopped.is_(False),
            or_(Lot.expires_on.is_(None), Lot.expires_on >= clock.today()),
            free > 0,
        )
        .order_by(Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
    )
    takes, left = [], quantity
    for other, there in rows:
        used = min(left, there)
        if used:
            takes.append(Take(other, used))
            left -= used
    return takes
