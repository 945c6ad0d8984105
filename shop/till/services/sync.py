"""What devices send: each event in a transaction of its own, once by its UUID, in the order of the device's own counting.

Nothing that has happened at a counter is thrown away: what breaks a rule is kept as refused, with its body, and may be sent
again; what only looks odd (a jump in the counting, a clock far off) is taken in and shown to a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import ValidationError
from sqlalchemy import and_, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shop.kernel import audit, clock, db, text
from shop.kernel.actor import Actor
from shop.kernel.db import execute, session, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound, ShopError
from shop.kernel.operations import KeyUsedOtherwise
from shop.till import forms, rules
from shop.till.errors import BatchTooLarge, DeviceRevoked
from shop.till.forms import Envelope
from shop.till.models import Device, EventKind, EventState, Gap, GapKind, TillEvent, TillSale
from shop.till.services import returns, sales, sessions
from shop.till.services.devices import Known
from shop.till.services.taking import Taking


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an event. `error` is why it was refused; `result` is what a done one is told with."""

    uuid: str
    status: str
    error: ShopError | None = None
    result: dict[str, Any] | None = None


def take_in(known: Known, events: Sequence[Any], *, is_demo: bool = False) -> list[Result]:
    """Take in the events of a batch, in the order of `seq`; the results stand in the order of the events. `is_demo` marks
    sales that are made up.

    Raises:
        BatchTooLarge: more than a hundred.
        DeviceRevoked: the device lost its right; what was taken in before stays.
        Busy: the database was; what was taken in before stays, sending the whole batch again is safe.
    """
    if len(events) > rules.MOST_EVENTS:
        raise BatchTooLarge
    read: list[tuple[int, Envelope | Result]] = []
    for n, raw in enumerate(events):
        try:
            read.append((n, Envelope.model_validate(raw)))
        except ValidationError as error:
            name = str(raw.get("uuid", ""))[:80] if isinstance(raw, dict) else ""
            read.append((n, Result(name, "refused", forms.malformed(error))))
    results: dict[int, Result] = {n: found for n, found in read if isinstance(found, Result)}
    envelopes = [(n, found) for n, found in read if isinstance(found, Envelope)]
    for n, envelope in sorted(envelopes, key=lambda pair: (pair[1].seq, pair[0])):
        results[n] = _once(known, envelope, is_demo=is_demo)
    return [results[n] for n in range(len(events))]


def digest_of(envelope: Envelope) -> str:
    """SHA-256 (hex) of what an event says, whatever the order of its keys."""
    told = [envelope.kind.value, envelope.seq, envelope.body]
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_LOCK_DEVICE = (
    select(Device.token_hash, Device.last_seq, Device.last_number, Device.point_id, Device.code)
    .where(Device.id == bindparam("device_id"))
    .with_for_update()
)
_FIND = select(
    TillEvent.id, TillEvent.digest, TillEvent.state, TillEvent.result, TillEvent.device_id, TillEvent.kind
).where(TillEvent.uuid == bindparam("event_uuid"))
_INSERT_EVENT = insert(TillEvent).returning(TillEvent.id)


_HANDLERS: dict[EventKind, Callable[[Taking, Any], None]] = {
    EventKind.SESSION_OPEN: sessions.opened,
    EventKind.SESSION_CLOSE: sessions.closed,
    EventKind.CASH: sessions.cash,
    EventKind.SALE: sales.sold,
    EventKind.RETURN: returns.returned,
    EventKind.ASK: sales.asked,
}


def _once(known: Known, envelope: Envelope, *, is_demo: bool) -> Result:
    digest = digest_of(envelope)
    try:
        body = forms.read(forms.BODIES[envelope.kind], envelope.body)
    except Invalid as error:
        return _refused(known, envelope, digest, error)
    try:
        with transaction():
            return _take(known, envelope, digest, body, is_demo=is_demo)
    except DeviceRevoked:
        raise
    except IntegrityError:
        # Another device has this UUID, or two requests met at the same number: the second look tells which.
        return _refused(known, envelope, digest, Conflict())
    except ShopError as error:
        if error.status >= 500:
            raise
        return _refused(known, envelope, digest, error)


def _lock(known: Known) -> Any:
    device = execute(_LOCK_DEVICE, {"device_id": known.id}).one()
    if device.token_hash != known.token_hash:
        raise DeviceRevoked
    return device


def _take(known: Known, envelope: Envelope, digest: str, body: Any, *, is_demo: bool) -> Result:
    device = _lock(known)
    before = execute(_FIND, {"event_uuid": envelope.uuid}).first()
    if before is not None and before.digest != digest:
        return Result(envelope.uuid, "refused", KeyUsedOtherwise())
    if before is not None and before.state is EventState.DONE:
        return Result(envelope.uuid, "again", None, before.result)
    now = clock.now()
    if before is None:
        event_id = execute(_INSERT_EVENT, _row(known, envelope, digest, now, EventState.DONE)).scalar_one()
    else:
        event_id = before.id
    taking = Taking(
        event_id, envelope.uuid, known.id, device.code, device.point_id, envelope.at, now, {}, is_demo=is_demo
    )
    _HANDLERS[envelope.kind](taking, body)
    if before is None:
        _count(known.id, device, envelope, now, taking)
    if isinstance(body, forms.Sale):
        _count_number(known.id, device, forms.sequence_of(body.number)[1], now, booked=True)
    values: dict[str, Any] = {"result": taking.result}
    if before is not None:
        values |= {"state": EventState.DONE, "code": None, "body": None, "received_at": now}
    if before is not None or taking.result:
        execute(update(TillEvent).where(TillEvent.id == event_id).values(**values))
    return Result(envelope.uuid, "done", None, taking.result)


def _row(
    known: Known, envelope: Envelope, digest: str, now: datetime, state: EventState, **more: Any
) -> dict[str, Any]:
    return {
        "uuid": envelope.uuid,
        "device_id": known.id,
        "seq": envelope.seq,
        "kind": envelope.kind,
        "digest": digest,
        "at": envelope.at,
        "received_at": now,
        "state": state,
        **more,
    }


def _why(error: ShopError) -> dict[str, Any]:
    """What people read of a refusal, in the shop's own language."""
    return {"why": error.title % error.values if error.values else error.title}


def _refused(known: Known, envelope: Envelope, digest: str, error: ShopError) -> Result:
    """Keep a refused event with its body, so that a person can see it; it counts as seen."""
    with transaction():
        device = _lock(known)
        now = clock.now()
        before = execute(_FIND, {"event_uuid": envelope.uuid}).first()
        if before is not None:
            if before.device_id != known.id or before.digest != digest:
                return Result(envelope.uuid, "refused", KeyUsedOtherwise())
            if before.state is EventState.DONE:
                return Result(envelope.uuid, "again", None, before.result)
            execute(
                update(TillEvent)
                .where(TillEvent.id == before.id)
                .values(code=error.code, result=_why(error), received_at=now)
            )
            return Result(envelope.uuid, "refused", error)
        execute(
            _INSERT_EVENT,
            _row(
                known,
                envelope,
                digest,
                now,
                EventState.REFUSED,
                code=error.code[:40],
                body=envelope.body,
                result=_why(error),
            ),
        )
        _count(known.id, device, envelope, now, None)
        number = envelope.body.get("number")
        if envelope.kind is EventKind.SALE and isinstance(number, str) and number.startswith(f"{device.code}-"):
            try:
                sequence = forms.sequence_of(number)[1]
            except ValueError:
                return Result(envelope.uuid, "refused", error)
            _count_number(known.id, device, sequence, now, booked=False)
        return Result(envelope.uuid, "refused", error)


def take_in_by_hand(actor: Actor, event_id: int, note: str) -> dict[str, Any]:
    """Somebody of the office takes in a refused event as it was sent, whatever discount it gave and whether or not its
    device may still sell: the goods are gone. Returns what came of it.

    Raises:
        Invalid: no note.
        NotFound: there is no such refused event.
        ShopError: what it was refused for still holds.
    """
    said = text.clean(note).replace("\n", " ")
    if len(said) < 2:
        raise Invalid(N_("Hãy ghi lý do nhận lại."), field="note")
    with transaction():
        device_id = session().scalar(select(TillEvent.device_id).where(TillEvent.id == event_id))
        if device_id is None:
            raise NotFound
        device = execute(_LOCK_DEVICE, {"device_id": device_id}).one()
        row = db.locked(TillEvent, event_id, NotFound)
        if row.state is not EventState.REFUSED or row.body is None:
            raise NotFound
        body = forms.read(forms.BODIES[row.kind], row.body)
        now = clock.now()
        taking = Taking(row.id, row.uuid, device_id, device.code, device.point_id, row.at, now, {}, by_person=True)
        _HANDLERS[row.kind](taking, body)
        if isinstance(body, forms.Sale):
            _count_number(device_id, device, forms.sequence_of(body.number)[1], now, booked=True)
        values = {
            "state": EventState.DONE, "code": None, "body": None, "result": taking.result, "settled_at": now,
            "settled_by": actor.label, "settlement": said, "received_at": now,
        }  # fmt: skip
        execute(update(TillEvent).where(TillEvent.id == event_id).values(**values))
        audit.record(actor, "till.take-in", f"till-event:{event_id}", note=said, kind=row.kind.value)
        return taking.result


# --- counting ----------------------------------------------------------------------------------------------------


def _count(device_id: int, device: Any, envelope: Envelope, now: datetime, taking: Taking | None) -> None:
    """Keep the device's own counting: a jump is a gap for a person, what fills one closes it."""
    if envelope.seq > device.last_seq + 1:
        _gap(device_id, GapKind.SEQ, device.last_seq + 1, envelope.seq - 1, now)
    if envelope.seq > device.last_seq:
        execute(update(Device).where(Device.id == device_id).values(last_seq=envelope.seq, last_seen_at=now))
        return
    twice = execute(
        select(func.count()).where(TillEvent.device_id == device_id, TillEvent.seq == envelope.seq)
    ).scalar_one()
    if twice > 1 and taking is not None:
        taking.notice("seq-twice", seq=envelope.seq)
    _close_filled(device_id, GapKind.SEQ, envelope.seq, now)


def _count_number(device_id: int, device: Any, sequence: int, now: datetime, *, booked: bool) -> None:
    """Keep the counting of receipts: numbers jumped over, and those of refused sales, are gaps until they come."""
    if sequence > device.last_number:
        if sequence > device.last_number + 1:
            _gap(device_id, GapKind.NUMBER, device.last_number + 1, sequence - 1, now)
        if not booked:
            _gap(device_id, GapKind.NUMBER, sequence, sequence, now)
        execute(update(Device).where(Device.id == device_id).values(last_number=sequence))
    elif booked:
        _close_filled(device_id, GapKind.NUMBER, sequence, now)


def _gap(device_id: int, kind: GapKind, first: int, last: int, now: datetime) -> None:
    execute(insert(Gap).values(device_id=device_id, kind=kind, first=first, last=last, found_at=now))


def _close_filled(device_id: int, kind: GapKind, number: int, now: datetime) -> None:
    column, owner = (
        (TillEvent.seq, TillEvent.device_id) if kind is GapKind.SEQ else (TillSale.sequence, TillSale.device_id)
    )
    there = (
        select(func.count(column.distinct()))
        .where(owner == Gap.device_id, column >= Gap.first, column <= Gap.last)
        .correlate(Gap)
        .scalar_subquery()
    )
    execute(
        update(Gap)
        .where(
            and_(Gap.device_id == device_id, Gap.kind == kind, Gap.closed_at.is_(None)),
            Gap.first <= number,
            Gap.last >= number,
            there == Gap.last - Gap.first + 1,
        )
        .values(closed_at=now)
    )
