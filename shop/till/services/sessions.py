"""A keeper's turn at a device: opened with a float, cash in and out, closed by counting; counts are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from shop.accounts.models import Grant, User
from shop.accounts.permissions import Role
from shop.kernel import audit, clock, db, text
from shop.kernel.actor import Actor
from shop.kernel.db import execute, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT
from shop.till import books, forms, rules
from shop.till.errors import KeeperUnknown, SessionForeign, SessionOver
from shop.till.models import Device, Purpose, TenderKind, TillClosing, TillSession, TillTender
from shop.till.services.taking import Taking

UNKNOWN_KEEPER = "?"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who stands at the counter; `may` says whether he has the right there now."""

    user_id: int | None
    name: str
    may: bool
    discount_percent: int

    @property
    def actor(self) -> Actor:
        """Who acts in histories."""
        return Actor("user", self.name, self.user_id) if self.user_id is not None else Actor("till", self.name)


NOBODY = Keeper(None, UNKNOWN_KEEPER, may=False, discount_percent=0)

_KEEPER = (
    select(User.name, User.disabled_at, Grant.role, Grant.scope)
    .outerjoin(Grant, Grant.user_id == User.id)
    .where(User.id == bindparam("user_id"), User.erased_at.is_(None))
)


def keeper(user_id: int, point_id: int) -> Keeper | None:
    """A user as a keeper at a point; None if there is no such user. Without right there he has a plain keeper's limits."""
    rows = execute(_KEEPER, {"user_id": user_id}).all()
    if not rows:
        return None
    scopes = {"*", f"point:{point_id}"}
    roles = frozenset(Role(r.role) for r in rows if r.role and r.scope in scopes and r.role in rules.KEEPER_ROLES)
    return Keeper(user_id, rows[0].name, bool(roles) and rows[0].disabled_at is None, rules.discount_percent(roles))


@dataclass(frozen=True, slots=True)
class Turn:
    """The session an event belongs to; `late`: it was over when the event came."""

    id: int
    keeper: Keeper
    late: bool


_FIND = select(
    TillSession.id, TillSession.device_id, TillSession.keeper_id, TillSession.closed_at, TillSession.opened_at
).where(TillSession.uuid == bindparam("session_uuid"))
_OPEN = select(TillSession.id).where(TillSession.device_id == bindparam("device_id"), TillSession.closed_at.is_(None))
_INSERT = insert(TillSession).returning(TillSession.id)
INSERT_TENDERS = insert(TillTender)


def _leave_older(taking: Taking) -> None:
    """End a session that is still open on the device, uncounted, and tell a person."""
    older = execute(_OPEN, {"device_id": taking.device_id}).scalar()
    if older is not None:
        execute(
            update(TillSession)
            .where(TillSession.id == older)
            .values(closed_at=taking.trusted_at, close_received_at=taking.now)
        )
        taking.notice("session-left-open", older)


def _make(taking: Taking, uuid: str, who: Keeper, float_amount: int, opened_at: datetime | None) -> int:
    _leave_older(taking)
    made: int = execute(
        _INSERT,
        {
            "uuid": uuid,
            "device_id": taking.device_id,
            "point_id": taking.point_id,
            "keeper_id": who.user_id,
            "keeper_name": who.name,
            "float_amount": float_amount,
            "opened_at": opened_at,
            "received_at": taking.now,
        },
    ).scalar_one()
    return made


def turn(taking: Taking, uuid: str, keeper_id: int | None) -> Turn:
    """The session `uuid` of the device, made if its opening has not come: what happened in it is booked all the same.

    `keeper_id` is who had typed his PIN, if the event says so; else the session's own keeper counts.

    Raises:
        SessionForeign: it is another device's.
    """
    row = execute(_FIND, {"session_uuid": uuid}).first()
    if row is None:
        who = (keeper(keeper_id, taking.point_id) if keeper_id else None) or NOBODY
        made = _make(taking, uuid, who, 0, None)
        taking.notice("session-missing", made)
        return Turn(made, who, late=False)
    if row.device_id != taking.device_id:
        raise SessionForeign
    who_id = keeper_id or row.keeper_id
    who = (keeper(who_id, taking.point_id) if who_id else None) or NOBODY
    return Turn(row.id, who, late=row.closed_at is not None)


def opened(taking: Taking, body: forms.SessionOpen) -> None:
    """A session begins. One whose later events came first gets its keeper and float now.

    Raises:
        KeeperUnknown: there is no such user.
        SessionForeign: the UUID is another device's.
        SessionOver: it was opened before.
    """
    who = keeper(body.keeper_id, taking.point_id)
    if who is None:
        raise KeeperUnknown
    row = execute(_FIND, {"session_uuid": body.session}).first()
    if row is None:
        session_id = _make(taking, body.session, who, body.float_amount, taking.trusted_at)
    else:
        if row.device_id != taking.device_id:
            raise SessionForeign
        if row.opened_at is not None:
            raise SessionOver
        session_id = row.id
        execute(
            update(TillSession)
            .where(TillSession.id == session_id)
            .values(
                keeper_id=who.user_id, keeper_name=who.name, float_amount=body.float_amount, opened_at=taking.trusted_at
            )
        )
    books.floated(who.actor, session_id)
    if not who.may:
        taking.notice("keeper-without-right", session_id, keeper=who.name)
    _odd_clock(taking, session_id)


def _odd_clock(taking: Taking, session_id: int) -> None:
    if taking.at > taking.now + rules.AHEAD:
        taking.notice("clock-ahead", session_id, at=taking.at.isoformat())
    elif taking.at < taking.now - rules.BEHIND:
        taking.notice("clock-behind", session_id, at=taking.at.isoformat())


odd_clock = _odd_clock


def cash(taking: Taking, body: forms.Cash) -> None:
    """Cash put into the drawer or taken out of it, with a reason."""
    found = turn(taking, body.session, body.keeper_id)
    execute(
        INSERT_TENDERS,
        [
            {
                "session_id": found.id,
                "event_id": taking.event_id,
                "kind": TenderKind.CASH,
                "purpose": Purpose.DRAWER,
                "amount": body.amount,
                "reason": body.reason,
                "at": taking.at,
                "received_at": taking.now,
                "late": found.late,
            }
        ],
    )
    books.of_event(found.keeper.actor, taking.event_id)
    _odd_clock(taking, found.id)


_CASH = select(
    func.coalesce(func.sum(TillTender.amount).filter(TillTender.kind == TenderKind.CASH), 0),
    func.coalesce(func.max(TillTender.id), 0),
).where(TillTender.session_id == bindparam("session_id"))


def _count(
    session_id: int, counted: dict[str, int], counted_amount: int, note: str | None, actor: Actor, *,
    event_id: int | None, at: datetime, now: datetime,
) -> dict[str, int]:  # fmt: skip
    """Write a count down beside what the books expect; a count before it stays as it is."""
    float_amount = execute(select(TillSession.float_amount).where(TillSession.id == session_id)).scalar_one()
    through, until = execute(_CASH, {"session_id": session_id}).one()
    expected = float_amount + int(through)
    closing_id = execute(
        insert(TillClosing).values(
            session_id=session_id, event_id=event_id, counted=counted, counted_amount=counted_amount,
            float_amount=float_amount, expected_amount=expected, variance_amount=counted_amount - expected,
            tenders_until=until, note=note, actor_key=actor.key, actor_label=actor.label, at=at, received_at=now,
        ).returning(TillClosing.id)
    ).scalar_one()  # fmt: skip
    books.counted(actor, closing_id)
    return {"expected": expected, "variance": counted_amount - expected}


def closed(taking: Taking, body: forms.SessionClose) -> None:
    """A session ends: what was counted is written beside what was expected. A second end of it is one more count."""
    found = turn(taking, body.session, body.keeper_id)
    if not found.late:
        execute(
            update(TillSession)
            .where(TillSession.id == found.id)
            .values(closed_at=taking.trusted_at, close_received_at=taking.now)
        )
    taking.result |= _count(
        found.id, {str(k): v for k, v in body.counted.items()}, body.counted_amount, body.note, found.keeper.actor,
        event_id=taking.event_id, at=taking.at, now=taking.now,
    )  # fmt: skip
    _odd_clock(taking, found.id)


def count_again(actor: Actor, session_id: int, counted_amount: int, note: str) -> dict[str, int]:
    """A person counts a drawer in the office: closes a session whose device is lost, or adds a recount to a closed one.

    Raises:
        Invalid: no note, or an amount out of range.
        NotFound: there is no such session.
    """
    note = text.clean(note).replace("\n", " ")
    if not 0 <= counted_amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Hãy nhập số tiền đếm được."), field="counted_amount")
    if len(note) < 2:
        raise Invalid(N_("Hãy ghi lý do đếm tại văn phòng."), field="note")
    with transaction():
        device_id = session().scalar(select(TillSession.device_id).where(TillSession.id == session_id))
        if device_id is None:
            raise NotFound
        db.locked(Device, device_id, NotFound)
        now = clock.now()
        execute(
            update(TillSession)
            .where(TillSession.id == session_id, TillSession.closed_at.is_(None))
            .values(closed_at=now, close_received_at=now)
        )
        found: dict[str, Any] = _count(session_id, {}, counted_amount, note, actor, event_id=None, at=now, now=now)
        audit.record(actor, "till.count", f"till-session:{session_id}", counted=counted_amount, note=note, **found)
    return found
