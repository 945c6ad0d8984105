"""`/office/council`: what a member of a council sees: sessions, dossiers, his own sheets; the chair more."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.programme import dossier_pages, minutes, pen, scoring, wording
from shop.programme.council import Gap
from shop.programme.errors import AlreadyScored, ScoredMeanwhile, SessionOver, SheetIncomplete
from shop.programme.models.councils import (
    SCORING_SEATS,
    SEAT_NAMES,
    SESSION_STATE_NAMES,
    CouncilMember,
    MemberScore,
    Seat,
    SessionState,
)
from shop.programme.office import bp
from shop.programme.office.rounds import SESSION_KINDS
from shop.programme.queries import councils as queries
from shop.programme.queries.heard import distance
from shop.programme.services import ballots
from shop.programme.services.councils import seats_of
from shop.programme.settings import GAP_PERCENT
from shop.programme.sheets import PART_NAMES, PART_POINTS, Sheet

HERE = "/office/council"
P = Permission
# A sheet as a form sends it: answers, grounds to stop, notes.
Sent = tuple[dict[str, int], list[str], dict[str, str]]


def _seat(council_id: int) -> CouncilMember:
    """The reader's own seat: a grant alone is none.

    Raises:
        NotFound: he does not sit in this council.
    """
    found = queries.seat_of(council_id, guards.actor().user_id)
    if found is None:
        raise NotFound
    return found


@bp.get("/council")
@guards.requires(P.COUNCIL_SCORE)
def council_index() -> Any:
    """The sessions of one's councils, with how many sheets are still to be handed in."""
    found = []
    for council, member, round_ in queries.of_user(guards.actor().user_id):
        for meeting in queries.sessions_of([council.id]):
            mine = queries.progress([i.hearing.id for i in queries.items(meeting.id)], [member])
            todo = sum(p.state in (queries.DRAFT, queries.NOTHING) for line in mine.values() for p in line)
            found.append((council, member, round_, meeting, len(queries.items(meeting.id)), todo))
    return render_template(
        "programme/office/council_index.html",
        here=HERE,
        found=found,
        seat_names=SEAT_NAMES,
        session_names=SESSION_STATE_NAMES,
        session_kinds=SESSION_KINDS,
    )


def _session_page(council_id: int, session_id: int, error: ShopError | None = None, part: str = "") -> Any:
    member, meeting = _seat(council_id), queries.session_of(council_id, session_id)
    items = queries.items(meeting.id)
    sitting = seats_of(council_id)
    closed = meeting.state is SessionState.CLOSED
    leads = member.seat in (Seat.CHAIR, Seat.SECRETARY)
    page = render_template(
        "programme/office/council_session.html",
        here=HERE,
        address=web.path(f"{HERE}/{council_id}"),
        council=queries.by_id(council_id),
        meeting=meeting,
        member=member,
        items=items,
        own=queries.progress([i.hearing.id for i in items], [member]),
        # How far the others are is for those who lead the session; points are for nobody before it is closed.
        progress=queries.progress([i.hearing.id for i in items], sitting) if leads and not closed else {},
        scores=member.seat in SCORING_SEATS,
        chairs=member.seat is Seat.CHAIR,
        closed=closed,
        seat_names=SEAT_NAMES,
        session_names=SESSION_STATE_NAMES,
        session_kinds=SESSION_KINDS,
        v=request.form,
        part=part,
        errors=messages(error),
        error_code=error.code if error else None,
        **dossier_pages.NAMES,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/council/<int:council_id>/sessions/<int:session_id>")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_session(council_id: int, session_id: int) -> Any:
    """One session: its dossiers and what is to be done."""
    return _session_page(council_id, session_id)


@bp.post("/council/<int:council_id>/sessions/<int:session_id>/close")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_close(council_id: int, session_id: int) -> Any:
    """The chair closes it."""
    meeting = queries.session_of(council_id, session_id)
    try:
        closed = ballots.close(guards.actor(), meeting.id, pen.words("remarks"))
    except NotFound:
        raise
    except ShopError as error:
        return _session_page(council_id, session_id, error, "close")
    flash(gettext("Đã khép phiên: %(n)s hồ sơ có kết quả.", n=closed), "ok")
    return redirect(web.path(f"{HERE}/{council_id}/sessions/{session_id}"), 303)


@bp.get("/council/<int:council_id>/sessions/<int:session_id>/minutes.pdf")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_own_minutes(council_id: int, session_id: int) -> Response:
    """The minutes of a closed session, for its members."""
    _seat(council_id)
    return minutes.answer(queries.by_id(council_id), queries.session_of(council_id, session_id))


def _unsaved(sheet: Sheet, kept: MemberScore | None, sent: Sent) -> list[str]:
    """What was sent and differs from what is kept, in words: a sheet that counts is not written over, nor is this lost."""
    answers, stops, notes = sent
    asked = {q.code: q for q in sheet.questions}
    grounds = {stop.code: stop.label for stop in sheet.stops}
    before: dict[str, Any] = {code: int(n) for code, n in kept.answers.items()} if kept else {}
    said: dict[str, str] = dict(kept.notes) if kept else {}
    found = [
        f"{code}. {asked[code].label}: {asked[code].options[n].label}"
        for code, n in scoring.known(sheet, answers).items()
        if before.get(code) != n
    ]
    found += [grounds[code] for code in stops if code in grounds and code not in (kept.stops if kept else ())]
    found += [
        f"{gettext('Vì sao phải dừng') if code == 'stops' else code}: {words}"
        for code, words in notes.items()
        if (code in asked or code == "stops") and said.get(code, "") != words.strip()
    ]
    return found


def _sheet_page(
    council_id: int, hearing_id: int, error: ShopError | None = None, sent: Sent | None = None, part: str = "",
    late: Sent | None = None,
) -> Any:  # fmt: skip
    member, found = _seat(council_id), queries.hearing_of(council_id, hearing_id)
    own = queries.score_of(hearing_id, member.id)
    answers, stops, notes = sent or (
        ({code: int(n) for code, n in own.answers.items()}, own.stops, own.notes) if own else ({}, [], {})
    )
    sheet = found.official.sheet
    answers = scoring.known(sheet, answers)
    stops = [code for code in stops if any(s.code == code for s in sheet.stops)]
    is_open = found.meeting.state is SessionState.OPEN
    aside = queries.abstention_of(hearing_id, member.id)
    own_goods = bool(queries.interested([member.user_id], found.dossier.producer_id))
    may_score = (
        is_open
        and member.seat in SCORING_SEATS
        and aside is None
        and not own_goods
        and (own is None or own.handed_in_at is None)
    )
    result = scoring.score(sheet, answers, stops)
    page = render_template(
        "programme/office/council_sheet.html",
        here=HERE,
        council_id=council_id,
        address=web.path(f"{HERE}/{council_id}/hearings/{hearing_id}"),
        session_address=web.path(f"{HERE}/{council_id}/sessions/{found.meeting.id}"),
        member=member,
        meeting=found.meeting,
        hearing=found.hearing,
        official=found.official,
        own=own,
        aside=aside,
        own_goods=own_goods,
        is_open=is_open,
        may_score=may_score,
        may_abstain=found.meeting.state is not SessionState.CLOSED
        and member.seat in SCORING_SEATS
        and aside is None
        and not own_goods
        and (own is None or own.handed_in_at is None),
        answers=answers,
        stops=stops,
        score_notes=notes,
        seen=pen.number("seen") if sent and isinstance(error, ScoredMeanwhile) else own.version if own else 0,
        result=result if answers or stops else None,
        verdict=wording.verdict(result),
        part_names=PART_NAMES,
        part_points=PART_POINTS,
        seat_names=SEAT_NAMES,
        compare=_compare(council_id, found, member, own),
        unsaved=_unsaved(sheet, own, late) if late else [],
        v=request.form,
        part=part,
        errors=messages(error),
        error_code=error.code if error else None,
        **dossier_pages.values(found.dossier),
    )
    return make_response(page, error.status if error else 200)


def _apart(gap: Gap, sheets: list[queries.Counted]) -> dict[str, Any]:
    """A question on which sheets differ, with who gave the least and who the most."""
    given = [(c.member.name, points) for c, points in zip(sheets, gap.points, strict=True)]
    return {
        "gap": gap, "percent": distance(gap), "lowest": [name for name, points in given if points == gap.low],
        "highest": [name for name, points in given if points == gap.high],
    }  # fmt: skip


def _compare(
    council_id: int, found: queries.Sheeted, member: CouncilMember, own: MemberScore | None
) -> dict[str, Any] | None:
    """The others' sheets: for every member once the session is closed; the chair sees before only where they are far apart, and
    only when his own sheet is in (or he does not score it)."""
    closed = found.meeting.state is SessionState.CLOSED
    done = (own is not None and own.handed_in_at is not None) or queries.abstention_of(found.hearing.id, member.id)
    if not closed and not (member.seat is Seat.CHAIR and found.meeting.state is SessionState.OPEN and done):
        return None
    sheets = queries.handed_in(found.hearing.id)
    apart = queries.gaps(sheets, found.official, GAP_PERCENT.get())
    sheet = found.official.sheet
    return {
        "closed": closed,
        "sheets": sheets,
        "gaps": [_apart(gap, sheets) for gap in apart],
        "totals": sorted(c.score.total for c in sheets),
        "stopping": [
            (c.member, [stop.label for stop in stopped], c.score.notes.get("stops", ""))
            for c in sheets
            if (stopped := scoring.score(sheet, ballots.ballot(c.score).answers, c.score.stops).stopped)
        ],
        "codes": {gap.question.code for gap in apart},
        "aside": queries.aside_of(found.hearing.id),
        "versions": queries.versions_of(found.hearing.id) if closed or member.seat is Seat.CHAIR else [],
        "may_ask": not closed and member.seat is Seat.CHAIR,
        "percent": GAP_PERCENT.get(),
    }


@bp.get("/council/<int:council_id>/hearings/<int:hearing_id>")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_hearing(council_id: int, hearing_id: int) -> Any:
    """A dossier with one's own sheet of it."""
    return _sheet_page(council_id, hearing_id)


@bp.get("/council/<int:council_id>/hearings/<int:hearing_id>/papers/<int:paper_id>")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_paper(council_id: int, hearing_id: int, paper_id: int) -> Any:
    """A paper of the dossier."""
    _seat(council_id)
    return dossier_pages.file_of(queries.hearing_of(council_id, hearing_id).dossier, paper_id)


@bp.post("/council/<int:council_id>/hearings/<int:hearing_id>")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_score(council_id: int, hearing_id: int) -> Any:
    """Keep one's own sheet; a script saves drafts by itself and is told the version, or why not."""
    queries.hearing_of(council_id, hearing_id)
    answers, stops, notes = pen.sheet()
    hand_in = pen.line("act", 20) == "hand-in"
    quietly = web.wants_json()
    try:
        version = ballots.save(
            guards.actor(), hearing_id, pen.number("sheet"), answers, stops, notes, seen=pen.number("seen"),
            hand_in=hand_in and not quietly,
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        if quietly:
            raise
        if isinstance(error, AlreadyScored | SessionOver):  # what is kept is what counts
            return _sheet_page(council_id, hearing_id, error, late=(answers, stops, notes))
        if isinstance(error, SheetIncomplete):  # kept as a draft
            return _sheet_page(council_id, hearing_id, error)
        return _sheet_page(council_id, hearing_id, error, (answers, stops, notes))
    if quietly:
        return jsonify(seen=version, message=gettext("Đã tự lưu"))
    flash(gettext("Đã nộp phiếu chấm.") if hand_in else gettext("Đã lưu bản nháp."), "ok")
    if hand_in:
        meeting = queries.hearing_of(council_id, hearing_id).meeting
        return redirect(web.path(f"{HERE}/{council_id}/sessions/{meeting.id}"), 303)
    return redirect(web.path(f"{HERE}/{council_id}/hearings/{hearing_id}") + "#ket-qua-cham", 303)


@bp.post("/council/<int:council_id>/hearings/<int:hearing_id>/<any(abstain,again):act>")
@guards.requires(P.COUNCIL_SCORE, scope=queries.scope_of, name="council")
def council_hearing_act(council_id: int, hearing_id: int, act: str) -> Any:
    """Stand aside; or, as chair, let somebody look again."""
    queries.hearing_of(council_id, hearing_id)
    actor = guards.actor()
    try:
        if act == "abstain":
            ballots.abstain(actor, hearing_id, pen.words("why", 1000))
            flash(gettext("Đã ghi nhận: bạn không chấm hồ sơ này."), "ok")
        else:
            ballots.ask_again(
                actor, hearing_id, pen.number("member"), request.form.getlist("questions")[:60], pen.words("why", 1000)
            )
            flash(gettext("Đã mở lại phiếu để thành viên xem lại. Bản đã nộp được lưu."), "ok")
    except NotFound:
        raise
    except ShopError as error:
        return _sheet_page(council_id, hearing_id, error, part=act)
    return redirect(web.path(f"{HERE}/{council_id}/hearings/{hearing_id}"), 303)
