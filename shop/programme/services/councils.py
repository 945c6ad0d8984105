"""Commands on councils: set up, seats, sessions, which dossiers they hear."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from shop.accounts import queries as accounts
from shop.accounts import services as rights
from shop.accounts.models import Grant, User
from shop.accounts.permissions import Role
from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.programme.errors import AfterCutOff, CouncilMovedOn, DossierMovedOn, RoundNotOpen
from shop.programme.models.councils import (
    SCORING_SEATS,
    Abstention,
    Council,
    CouncilMember,
    CouncilSession,
    Hearing,
    MemberScore,
    Objection,
    ObjectionState,
    Seat,
    SessionState,
)
from shop.programme.models.dossiers import Dossier, DossierState, Round, RoundLevel
from shop.programme.services.dossiers import locked_dossier, note

# A mean of fewer sheets is one person's word.
LEAST_SCORERS = 3


def create(
    actor: Actor,
    round_id: int,
    name: str,
    decision_number: str,
    decided_on: date,
    op_key: str,
    *,
    is_demo: bool = False,
) -> int:
    """Set up a council for a round of the province; returns its id.

    Raises:
        Invalid: no name or number, a day after today.
        NotFound: there is no such round, or it is the ministry's.
        RoundNotOpen: the round is closed.
    """
    if not name:
        raise Invalid(N_("Hãy ghi tên hội đồng."), field="name")
    if not decision_number:
        raise Invalid(N_("Hãy ghi số quyết định."), field="decision_number")
    if decided_on > clock.today():
        raise Invalid(N_("Ngày quyết định không thể ở sau hôm nay."), field="decided_on")

    def command() -> dict[str, Any]:
        row = locked(Round, round_id, NotFound)
        if row.level is not RoundLevel.PROVINCE:
            raise NotFound
        if row.closed_at is not None:
            raise RoundNotOpen
        made = Council(
            round_id=row.id,
            name=name,
            decision_number=decision_number,
            decided_on=decided_on,
            created_at=clock.now(),
            created_by=actor.key,
            is_demo=is_demo,
        )
        session().add(made)
        session().flush()
        audit.record(actor, "council.create", f"council:{made.id}", round=row.code, decision=decision_number)
        return {"id": made.id}

    body = {"round": round_id, "name": name, "decision": decision_number, "on": decided_on}
    return int(operations.once(op_key, "council.create", actor.key, body, command)["id"])


def seats_of(council_id: int) -> list[CouncilMember]:
    """Who sits in a council now."""
    wanted = select(CouncilMember).where(CouncilMember.council_id == council_id, CouncilMember.left_at.is_(None))
    return list(session().scalars(wanted.order_by(CouncilMember.id)))


def _still_open(council: Council) -> None:
    if session().get_one(Round, council.round_id).closed_at is not None:
        raise RoundNotOpen


def seat(actor: Actor, council_id: int, username: str, place: Seat, office_held: str) -> int:
    """Give a person with an account a seat, and the right to score here; returns the member's id. Who left may come back.

    Raises:
        NotFound: there is no such council.
        Invalid: no account with that e-mail or telephone, no office named, a second chair or secretary.
        OwnRights: nobody seats himself.
        CouncilMovedOn: he sits here already.
        RoundNotOpen: its round is closed.
    """
    found = accounts.by_username(username) if username else None
    if found is None:
        raise Invalid(N_("Không có tài khoản nào với thư điện tử hoặc số điện thoại này."), field="username")
    if not office_held:
        raise Invalid(N_("Hãy ghi chức vụ, đơn vị."), field="office_held")
    with transaction() as s:
        council = locked(Council, council_id, NotFound)
        _still_open(council)
        user = s.get_one(User, found.id)
        sitting = seats_of(council.id)
        if any(m.user_id == user.id for m in sitting):
            raise CouncilMovedOn(N_("Người này đã có trong hội đồng."), field="username")
        if place is not Seat.MEMBER and any(m.seat is place for m in sitting):
            raise Invalid(N_("Hội đồng đã có người giữ vị trí này."), field="seat")
        here = (CouncilMember.council_id == council.id, CouncilMember.user_id == user.id)
        row = s.scalar(select(CouncilMember).where(*here))
        if row is None:
            row = CouncilMember(council_id=council.id, user_id=user.id, joined_at=clock.now())
            s.add(row)
        row.name, row.office_held, row.seat, row.left_at = user.name, office_held, place, None
        s.flush()
        rights.grant(actor, user.id, Role.COUNCIL_MEMBER, council.scope)
        audit.record(actor, "council.seat", f"council:{council.id}", user=user.id, seat=place.value)
        return row.id


def unseat(actor: Actor, member_id: int) -> None:
    """Take a seat back; what was scored stays.

    Raises:
        NotFound: there is no such member, or he has left.
        CouncilMovedOn: a session in which he has handed in a sheet is open.
        RoundNotOpen: its round is closed: who sat in it is history.
    """
    with transaction() as s:
        row = locked(CouncilMember, member_id, NotFound)
        if row.left_at is not None:
            raise NotFound
        _still_open(s.get_one(Council, row.council_id))
        at_work = (
            select(MemberScore.id)
            .join(Hearing, Hearing.id == MemberScore.hearing_id)
            .join(CouncilSession, CouncilSession.id == Hearing.session_id)
            .where(
                MemberScore.member_id == row.id,
                MemberScore.handed_in_at.is_not(None),
                CouncilSession.state == SessionState.OPEN,
            )
        )
        if s.scalar(at_work.limit(1)) is not None:
            raise CouncilMovedOn
        row.left_at = clock.now()
        s.flush()
        scope = f"council:{row.council_id}"
        held = (Grant.user_id == row.user_id, Grant.role == Role.COUNCIL_MEMBER, Grant.scope == scope)
        if s.scalar(select(Grant.id).where(*held)) is not None:
            rights.revoke(actor, row.user_id, Role.COUNCIL_MEMBER, scope)
        audit.record(actor, "council.unseat", f"council:{row.council_id}", user=row.user_id)


def plan_session(actor: Actor, council_id: int, held_on: date, place: str, op_key: str) -> int:
    """Plan the next meeting; returns the session's id.

    Raises:
        NotFound: there is no such council.
        Invalid: no place.
        RoundNotOpen: its round is closed.
    """
    if not place:
        raise Invalid(N_("Hãy ghi nơi họp."), field="place")

    def command() -> dict[str, Any]:
        council = locked(Council, council_id, NotFound)
        if session().get_one(Round, council.round_id).closed_at is not None:
            raise RoundNotOpen
        last = session().scalar(select(func.max(CouncilSession.number)).where(CouncilSession.council_id == council.id))
        row = CouncilSession(
            council_id=council.id,
            number=(last or 0) + 1,
            held_on=held_on,
            place=place,
            state=SessionState.PLANNED,
        )
        session().add(row)
        session().flush()
        audit.record(actor, "council.plan", f"council:{council.id}", session=row.number, held_on=held_on)
        return {"id": row.id}

    body = {"council": council_id, "on": held_on, "place": place}
    return int(operations.once(op_key, "council.plan", actor.key, body, command)["id"])


def _locked_session(session_id: int, *states: SessionState) -> CouncilSession:
    row = locked(CouncilSession, session_id, NotFound)
    if row.state not in states:
        raise CouncilMovedOn
    return row


def hear(actor: Actor, session_id: int, dossier_id: int) -> int:
    """Put a dossier before a session; returns the hearing's id.

    Raises:
        NotFound: there is no such session or dossier.
        CouncilMovedOn: the session is closed.
        AfterCutOff: the commune proposed it after the cut-off of the council's round.
        DossierMovedOn: it is not proposed, or of another round.
    """
    with transaction() as s:
        row = _locked_session(session_id, SessionState.PLANNED, SessionState.OPEN)
        here = s.get_one(Round, s.get_one(Council, row.council_id).round_id)
        dossier = locked_dossier(dossier_id, DossierState.PROPOSED)
        if dossier.proposed_at is None or dossier.sheet_id is None:
            raise DossierMovedOn
        if clock.business_day(dossier.proposed_at) > here.cut_off:
            raise AfterCutOff(code=dossier.code, day=here.cut_off.strftime("%d/%m/%Y"))
        if dossier.round_id not in (None, here.id):
            raise DossierMovedOn
        upheld = s.scalar(
            select(Objection.answer)
            .where(Objection.dossier_id == dossier.id, Objection.state == ObjectionState.UPHELD)
            .order_by(Objection.id.desc())
            .limit(1)
        )
        hearing = Hearing(session_id=row.id, dossier_id=dossier.id, sheet_id=dossier.sheet_id, again_why=upheld)
        s.add(hearing)
        dossier.round_id, dossier.state = here.id, DossierState.COUNCIL
        s.flush()
        note(dossier, "council", actor, council=row.council_id, session=row.number)
        return hearing.id


def unhear(actor: Actor, hearing_id: int) -> None:
    """Take a dossier off a session before anybody has scored it.

    Raises:
        NotFound: there is no such hearing.
        CouncilMovedOn: the session is closed, or somebody has scored it.
    """
    with transaction() as s:
        hearing = locked(Hearing, hearing_id, NotFound)
        _locked_session(hearing.session_id, SessionState.PLANNED, SessionState.OPEN)
        if s.scalar(select(MemberScore.id).where(MemberScore.hearing_id == hearing.id).limit(1)) is not None:
            raise CouncilMovedOn
        dossier = locked_dossier(hearing.dossier_id, DossierState.COUNCIL)
        for said in s.scalars(select(Abstention).where(Abstention.hearing_id == hearing.id)):
            s.delete(said)
        s.flush()
        s.delete(hearing)
        dossier.state = DossierState.PROPOSED
        s.flush()
        note(dossier, "council-out", actor)


def open_session(actor: Actor, session_id: int) -> None:
    """Let members score.

    Raises:
        NotFound: there is no such session.
        CouncilMovedOn: it is open or closed already.
        Invalid: no dossier, no chair or too few who score.
    """
    with transaction() as s:
        row = _locked_session(session_id, SessionState.PLANNED)
        if s.scalar(select(Hearing.id).where(Hearing.session_id == row.id).limit(1)) is None:
            raise Invalid(N_("Phiên họp chưa có hồ sơ nào."))
        sitting = seats_of(row.council_id)
        if not any(m.seat is Seat.CHAIR for m in sitting):
            raise Invalid(N_("Hội đồng chưa có chủ tịch."))
        if sum(m.seat in SCORING_SEATS for m in sitting) < LEAST_SCORERS:
            raise Invalid(N_("Cần ít nhất %(n)s người chấm (chủ tịch và ủy viên)."), n=LEAST_SCORERS)
        row.state, row.opened_at = SessionState.OPEN, clock.now()
        s.flush()
        audit.record(actor, "council.open", f"council:{row.council_id}", session=row.number)


def candidates(council: Council) -> list[Dossier]:
    """The dossiers that this council may hear: proposed in time, of its round or of none."""
    here = session().get_one(Round, council.round_id)
    if here.closed_at is not None:
        return []
    return list(
        session().scalars(
            select(Dossier)
            .where(
                Dossier.state == DossierState.PROPOSED,
                (Dossier.round_id == here.id)
                | (Dossier.round_id.is_(None) & (Dossier.proposed_at < clock.end_of(here.cut_off))),
            )
            .order_by(Dossier.set_number, Dossier.code)
        )
    )
