"""What members of a council do in an open session: score alone, stand aside, look again; and the chair closes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from shop.kernel import audit, clock
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.programme import council as rules
from shop.programme import scoring
from shop.programme.errors import (
    AlreadyScored,
    ConflictOfInterest,
    CouncilMovedOn,
    NotEnoughSheets,
    ScoredMeanwhile,
    SessionOver,
    SheetIncomplete,
    WrongSheet,
)
from shop.programme.models.councils import (
    SCORING_SEATS,
    Abstention,
    CouncilMember,
    CouncilSession,
    Hearing,
    MemberScore,
    ScoreVersion,
    Seat,
    SessionState,
)
from shop.programme.models.dossiers import Dossier, DossierState, RoundLevel
from shop.programme.queries import scoring as scoring_queries
from shop.programme.queries.councils import interested
from shop.programme.services import results
from shop.programme.services.councils import seats_of
from shop.programme.services.dossiers import locked_dossier
from shop.programme.settings import QUORUM_PERCENT

LONGEST_NOTE = 1000


def _mine(actor: Actor, council_id: int, *seats: Seat) -> CouncilMember:
    """The actor's own seat.

    Raises:
        NotFound: he has none of these seats in the council.
    """
    found = next((m for m in seats_of(council_id) if m.user_id == actor.user_id), None)
    if found is None or found.seat not in seats:
        raise NotFound
    return found


def _open_session(hearing: Hearing) -> CouncilSession:
    """The hearing's session, locked, so that it is not closed while somebody hands in."""
    row = locked(CouncilSession, hearing.session_id, NotFound)
    if row.state is not SessionState.OPEN:
        raise SessionOver
    return row


def _stands_aside(hearing: Hearing, member: CouncilMember, producer_id: int) -> bool:
    said = select(Abstention.id).where(Abstention.hearing_id == hearing.id, Abstention.member_id == member.id)
    return session().scalar(said) is not None or bool(interested([member.user_id], producer_id))


def _words(notes: Mapping[str, str], codes: Collection[str]) -> dict[str, str]:
    return {code: words.strip()[:LONGEST_NOTE] for code, words in notes.items() if words.strip() and code in codes}


def save(
    actor: Actor,
    hearing_id: int,
    sheet_id: int,
    answers: Mapping[str, int],
    stops: Collection[str],
    notes: Mapping[str, str],
    *,
    seen: int,
    hand_in: bool,
) -> int:
    """Keep a member's sheet of a dossier; `hand_in` makes it count. `seen` is the version that he had before him (0: none).
    Returns the version that is kept now. The same once more is not a change; a sheet that is not full is kept as a draft before
    it is refused.

    Raises:
        NotFound: there is no such hearing, or he does not score in its council.
        SessionOver: the session is not open.
        ConflictOfInterest: he stands aside, or works for the producer.
        WrongSheet: it is not the sheet of the dossier's set.
        Invalid: an answer that is not the sheet's (so no points above a maximum), a ground without a word.
        AlreadyScored: he has handed it in.
        ScoredMeanwhile: he saved another version elsewhere.
        SheetIncomplete: questions have no answer.
    """
    with transaction() as s:
        hearing = s.get(Hearing, hearing_id)
        if hearing is None:
            raise NotFound
        here = _open_session(hearing)
        member = _mine(actor, here.council_id, *SCORING_SEATS)
        dossier = s.get_one(Dossier, hearing.dossier_id)
        if _stands_aside(hearing, member, dossier.producer_id):
            raise ConflictOfInterest
        if hearing.sheet_id != sheet_id:
            raise WrongSheet
        sheet = scoring_queries.sheet_by_id(sheet_id).sheet
        result = scoring.score(sheet, answers, stops)
        kept, grounds = scoring.checked(sheet, answers, stops), sorted(set(stops))
        words = _words(notes, {q.code for q in sheet.questions} | {"stops"})
        if hand_in and grounds and "stops" not in words:
            raise Invalid(N_("Hãy ghi rõ vì sao phải dừng đánh giá."), field="note-stops")
        row = s.scalar(
            select(MemberScore).where(MemberScore.hearing_id == hearing.id, MemberScore.member_id == member.id)
        )
        same = row is not None and (row.answers, row.stops, row.notes) == (kept, grounds, words)
        if row is not None and row.handed_in_at is not None:
            if same and hand_in:
                return row.version
            raise AlreadyScored
        full = not result.unanswered
        if row is not None and same and not (hand_in and full):
            version = row.version
        else:
            if (row.version if row else 0) != seen and not same:
                raise ScoredMeanwhile(
                    N_("Bạn đã lưu phiếu này ở máy hoặc trang khác. Hãy mở lại phiếu để xem bản đó, rồi chấm tiếp.")
                )
            if row is None:
                row = MemberScore(hearing_id=hearing.id, member_id=member.id, version=0)
                s.add(row)
            row.answers, row.stops, row.notes = kept, grounds, words
            row.total, row.stars, row.version, row.saved_at = result.total, result.stars, row.version + 1, clock.now()
            if hand_in and full:
                row.handed_in_at = clock.now()
            s.flush()
            if row.handed_in_at is not None:
                audit.record(
                    actor, "council.score", f"dossier:{dossier.code}", hearing=hearing.id, total=result.total,
                    stars=result.stars, version=row.version,
                )  # fmt: skip
            version = row.version
    if hand_in and not full:
        raise SheetIncomplete(field=f"q-{result.unanswered[0].code}", n=len(result.unanswered))
    return version


def abstain(actor: Actor, hearing_id: int, why: str) -> None:
    """A member says that a dossier touches his own interest: his sheet is not asked for any more. Twice is once.

    Raises:
        NotFound: there is no such hearing, or he does not score in its council.
        Invalid: no word.
        SessionOver: the session is closed.
        AlreadyScored: he has handed in a sheet of it.
    """
    if not why:
        raise Invalid(N_("Hãy ghi lợi ích liên quan là gì."), field="why")
    with transaction() as s:
        hearing = s.get(Hearing, hearing_id)
        if hearing is None:
            raise NotFound
        here = locked(CouncilSession, hearing.session_id, NotFound)
        if here.state is SessionState.CLOSED:
            raise SessionOver
        member = _mine(actor, here.council_id, *SCORING_SEATS)
        said = select(Abstention.id).where(Abstention.hearing_id == hearing.id, Abstention.member_id == member.id)
        if s.scalar(said) is not None:
            return
        handed_in = select(MemberScore.id).where(
            MemberScore.hearing_id == hearing.id,
            MemberScore.member_id == member.id,
            MemberScore.handed_in_at.is_not(None),
        )
        if s.scalar(handed_in) is not None:
            raise AlreadyScored
        s.add(Abstention(hearing_id=hearing.id, member_id=member.id, why=why, at=clock.now()))
        s.flush()
        audit.record(actor, "council.abstain", f"hearing:{hearing.id}", why=why)


def ask_again(actor: Actor, hearing_id: int, member_id: int, questions: Collection[str], why: str) -> None:
    """The chair lets a member look again at what he handed in; that version is kept.

    Raises:
        NotFound: there is no such hearing or member, or the actor is not the council's chair.
        Invalid: no word.
        SessionOver: the session is not open.
        CouncilMovedOn: the member has not handed in a sheet, or is looking again already.
    """
    if not why:
        raise Invalid(N_("Hãy ghi vì sao cần xem lại."), field="why")
    with transaction() as s:
        hearing = s.get(Hearing, hearing_id)
        if hearing is None:
            raise NotFound
        here = _open_session(hearing)
        _mine(actor, here.council_id, Seat.CHAIR)
        member = s.get(CouncilMember, member_id)
        if member is None or member.council_id != here.council_id:
            raise NotFound
        row = s.scalar(
            select(MemberScore).where(MemberScore.hearing_id == hearing.id, MemberScore.member_id == member.id)
        )
        if row is None or row.handed_in_at is None:
            raise CouncilMovedOn
        s.add(
            ScoreVersion(
                score_id=row.id,
                answers=row.answers,
                stops=row.stops,
                notes=row.notes,
                total=row.total,
                stars=row.stars,
                handed_in_at=row.handed_in_at,
                asked_at=clock.now(),
                asked_by=actor.label,
                asked_why=why,
            )
        )
        row.handed_in_at, row.asked_why, row.asked_questions = None, why, sorted(set(questions))
        s.flush()
        audit.record(actor, "council.ask-again", f"hearing:{hearing.id}", member=member.id, why=why)


def close(actor: Actor, session_id: int, remarks: str = "") -> int:
    """The chair closes the session: every dossier in it gets its result. Returns how many.

    Raises:
        NotFound: there is no such session, or the actor is not the council's chair.
        SessionOver: it is not open (any more).
        Invalid: the day of the meeting has not come.
        NotEnoughSheets: dossiers have fewer sheets than the rule needs.
    """
    with transaction() as s:
        here = locked(CouncilSession, session_id, NotFound)
        _mine(actor, here.council_id, Seat.CHAIR)
        if here.state is not SessionState.OPEN:
            raise SessionOver
        if here.held_on > clock.today():
            raise Invalid(
                N_("Phiên họp ngày %(day)s: chưa đến ngày họp thì chưa khép được."),
                day=here.held_on.strftime("%d/%m/%Y"),
            )
        hearings = list(s.scalars(select(Hearing).where(Hearing.session_id == here.id).order_by(Hearing.dossier_id)))
        sitting = [m for m in seats_of(here.council_id) if m.seat in SCORING_SEATS]
        ready: list[tuple[Hearing, Dossier, list[MemberScore], int]] = []
        short: list[tuple[str, int]] = []
        for hearing in hearings:
            dossier = locked_dossier(hearing.dossier_id, DossierState.COUNCIL)
            mine = eligible(hearing, sitting, dossier.producer_id)
            sheets = handed_in(hearing.id, [m.id for m in mine])
            least = rules.needed(len(mine), QUORUM_PERCENT.get())
            if len(sheets) < least:
                short.append((dossier.code, least))
            ready.append((hearing, dossier, sheets, len(mine)))
        if short:
            raise NotEnoughSheets(codes=", ".join(code for code, _n in short), n=max(n for _code, n in short))
        here.state, here.closed_at, here.closed_by = SessionState.CLOSED, clock.now(), actor.label
        here.remarks = remarks or None
        here.seats = [
            {"id": m.id, "name": m.name, "office": m.office_held, "seat": m.seat.value}
            for m in seats_of(here.council_id)
        ]
        for hearing, dossier, sheets, may_score in ready:
            outcome = decide(hearing, sheets, may_score)
            points = str(outcome.total).replace(".", ",")
            words = f"{points} · {outcome.stars}★ · {outcome.sheets}/{may_score}"
            results.stand(dossier, outcome.total, outcome.stars, RoundLevel.PROVINCE, actor, "result", words)
        s.flush()
        audit.record(actor, "council.close", f"council:{here.council_id}", session=here.number, dossiers=len(ready))
        return len(ready)


def eligible(hearing: Hearing, sitting: Collection[CouncilMember], producer_id: int) -> list[CouncilMember]:
    """Those of `sitting` who may score the hearing: nobody who stands aside or works for the producer."""
    aside = set(session().scalars(select(Abstention.member_id).where(Abstention.hearing_id == hearing.id)))
    own = interested([m.user_id for m in sitting], producer_id)
    return [m for m in sitting if m.id not in aside and m.user_id not in own]


def handed_in(hearing_id: int, member_ids: Collection[int]) -> list[MemberScore]:
    """The sheets of these members that count."""
    wanted = select(MemberScore).where(
        MemberScore.hearing_id == hearing_id,
        MemberScore.member_id.in_(member_ids),
        MemberScore.handed_in_at.is_not(None),
    )
    return list(session().scalars(wanted.order_by(MemberScore.member_id)))


def ballot(row: MemberScore) -> rules.Ballot:
    """A sheet as the rules read it."""
    return rules.Ballot({code: int(n) for code, n in row.answers.items()}, row.stops)


def decide(hearing: Hearing, sheets: list[MemberScore], may_score: int) -> rules.Outcome:
    """Write down what a hearing comes to, in the open transaction."""
    sheet = scoring_queries.sheet_by_id(hearing.sheet_id).sheet
    outcome = rules.reckon(sheet, [ballot(row) for row in sheets])
    hearing.total, hearing.stars, hearing.sheets = outcome.total, outcome.stars, outcome.sheets
    kept: dict[str, Any] = {
        "parts": {part: str(points) for part, points in outcome.parts.items()},
        "by_points": outcome.by_points,
        "may_score": may_score,
        "counted": [row.member_id for row in sheets],
        "missed": [
            {"code": m.question.code, "stars": m.stars, "option": m.option, "reached": m.reached, "of": m.of}
            for m in outcome.missed
        ],
        "stopped": [{"code": stop.code, "found": found} for stop, found in outcome.stopped],
    }
    hearing.outcome = kept
    return outcome
