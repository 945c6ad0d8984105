"""Commands on results: accepted, objected to, told by the ministry, decided."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal

from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.programme import scoring, workdays
from shop.programme.errors import DossierMovedOn, ObjectionOver, ResultNotReady
from shop.programme.models.councils import Hearing, Objection, ObjectionState
from shop.programme.models.dossiers import Dossier, DossierState, RoundLevel
from shop.programme.queries import dossiers as queries
from shop.programme.queries import results, rounds
from shop.programme.services.dossiers import fail, locked_dossier, note
from shop.programme.settings import OBJECTION_DAYS

FORWARD_FROM = 90


def mark_decided(dossier_id: int, decision_number: str, decided_on: date) -> None:
    """A decision was made on a dossier's result; the dossier is over. Runs in the caller's transaction, if one is open.

    Raises:
        NotFound: there is no such dossier.
        Invalid: no number.
        ResultNotReady: its result does not stand (yet), or it has a decision: only once.
    """
    if not decision_number.strip():
        raise Invalid(N_("Hãy ghi số quyết định."), field="decision_number")
    with transaction() as s:
        dossier = locked(Dossier, dossier_id, NotFound)
        here = select(Dossier.id).where(Dossier.id == dossier.id, results.stands(clock.today()))
        if s.scalar(here) is None:
            raise ResultNotReady
        dossier.state, dossier.ended_at = DossierState.DECIDED, clock.now()
        dossier.decision_number, dossier.decided_on = decision_number.strip(), decided_on
        note(dossier, "decide", SYSTEM, decision_number.strip(), decided_on=decided_on)


def stand(dossier: Dossier, score: Decimal, stars: int, level: RoundLevel, actor: Actor, what: str, words: str) -> None:
    """Let a result stand, in the open transaction: the term to object begins; from 90 points with five stars the dossier goes
    on to the ministry (art. 7.4)."""
    today = clock.today()
    until, here = workdays.after(today, OBJECTION_DAYS.get()), rounds.taking(RoundLevel.MINISTRY, today)
    dossier.score, dossier.stars, dossier.level, dossier.result_on = score, stars, level, today
    dossier.accepted_at, dossier.objection_until = None, until
    if what == "result" and level is RoundLevel.PROVINCE and score >= FORWARD_FROM and stars == scoring.STARRED[-1]:
        dossier.state, dossier.forwarded_at = DossierState.FORWARDED, clock.now()
        dossier.ministry_round_id = here.id if here is not None else None
    else:
        dossier.state = DossierState.SCORED
    session().flush()
    note(dossier, what, actor, words, score=score, stars=stars, level=level.value)


def accept(actor: Actor, dossier_id: int) -> None:
    """The producer agrees with the result: the term to object is waived. What was not ranked is over by it.

    Raises:
        NotFound: there is no such dossier.
        DossierMovedOn: it has no result, an objection waits, or it was accepted already.
    """
    with transaction():
        dossier = locked_dossier(dossier_id, DossierState.SCORED)
        if dossier.accepted_at is not None or queries.has_objection(dossier.id):
            raise DossierMovedOn
        dossier.accepted_at = clock.now()
        note(dossier, "accept", actor)
        if (dossier.stars or 0) < scoring.STARRED[0]:
            fail(actor, dossier)


def object_to(actor: Actor, dossier_id: int, words: str) -> int:
    """The producer objects to the council's result within the term; returns the objection's id.

    Raises:
        NotFound: there is no such dossier.
        Invalid: no words.
        DossierMovedOn: it has no result of a council.
        ObjectionOver: the term is over or waived, or this result was objected to already.
    """
    if not words:
        raise Invalid(N_("Hãy ghi rõ kiến nghị điều gì, vì sao."), field="words")
    with transaction() as s:
        dossier = locked_dossier(dossier_id, DossierState.SCORED)
        if dossier.accepted_at is not None or (dossier.objection_until or clock.today()) < clock.today():
            raise ObjectionOver
        hearing = s.scalar(
            select(Hearing)
            .where(Hearing.dossier_id == dossier.id, Hearing.total.is_not(None))
            .order_by(Hearing.id.desc())
            .limit(1)
        )
        if hearing is None or dossier.ministry_paper is not None:
            raise DossierMovedOn
        row = Objection(
            dossier_id=dossier.id,
            hearing_id=hearing.id,
            words=words,
            made_at=clock.now(),
            made_by=actor.key,
            made_label=actor.label,
            state=ObjectionState.OPEN,
        )
        with unique("dossier_objections.hearing_id", otherwise=ObjectionOver):
            s.add(row)
            s.flush()
        note(dossier, "object", actor, words)
        return row.id


def answer_objection(actor: Actor, objection_id: int, *, uphold: bool, answer: str) -> None:
    """The programme office answers. Upheld: the dossier is heard again, what was scored stays. Refused: the result stands.

    Raises:
        NotFound: there is no such objection.
        Invalid: no answer.
        DossierMovedOn: it was answered already.
    """
    if not answer:
        raise Invalid(N_("Hãy ghi câu trả lời cho cơ sở."), field="answer")
    with transaction():
        row = locked(Objection, objection_id, NotFound)
        dossier = locked_dossier(row.dossier_id, DossierState.SCORED)
        if row.state is not ObjectionState.OPEN:
            raise DossierMovedOn
        row.state = ObjectionState.UPHELD if uphold else ObjectionState.REFUSED
        row.answer, row.answered_at, row.answered_label = answer, clock.now(), actor.label
        if uphold:
            dossier.state = DossierState.PROPOSED
            dossier.score = dossier.stars = dossier.level = dossier.result_on = dossier.objection_until = None
        else:
            dossier.accepted_at = clock.now()
        session().flush()
        note(dossier, "uphold" if uphold else "refuse-objection", actor, answer)
        if not uphold and (dossier.stars or 0) < scoring.STARRED[0]:
            fail(actor, dossier)


def tell_ministry(actor: Actor, dossier_id: int, score: Decimal, stars: int, paper: str) -> None:
    """Write down what the ministry found for a forwarded dossier: five stars from 90 points; below that the province may
    certify three or four (art. 7.4).

    Raises:
        NotFound: there is no such dossier.
        Invalid: points outside 0 to 100, more stars than the points reach, no number of the paper.
        DossierMovedOn: it was not forwarded, or has its result.
    """
    if not score.is_finite() or not 0 <= score <= 100:
        raise Invalid(N_("Điểm phải từ 0 đến 100."), field="score")
    score = score.quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    if not 0 <= stars <= scoring.band(score):
        raise Invalid(
            N_("%(score)s điểm chỉ được nhiều nhất %(stars)s sao."), field="stars",
            score=str(score).replace(".", ","), stars=scoring.band(score),
        )  # fmt: skip
    if not paper:
        raise Invalid(N_("Hãy ghi số văn bản của bộ."), field="paper")
    with transaction():
        dossier = locked_dossier(dossier_id, DossierState.FORWARDED)
        dossier.ministry_paper = paper
        level = RoundLevel.MINISTRY if stars == scoring.STARRED[-1] else RoundLevel.PROVINCE
        stand(dossier, score, stars, level, actor, "ministry", paper)
        # Against the ministry's word one turns to the ministry, not to the province's council.
        dossier.accepted_at = clock.now()
        if stars < scoring.STARRED[0]:
            fail(actor, dossier)
