"""What must always hold of councils, sheets and results (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.kernel.db import session
from shop.kernel.errors import Invalid
from shop.kernel.invariants import invariant
from shop.programme import council as rules
from shop.programme import scoring
from shop.programme.models.councils import (
    Abstention,
    CouncilMember,
    CouncilSession,
    Hearing,
    MemberScore,
    SessionState,
)
from shop.programme.models.dossiers import Dossier, DossierState
from shop.programme.queries import scoring as scoring_queries
from shop.programme.sheets import Sheet


def _sheets() -> dict[int, Sheet]:
    ids = session().scalars(select(Hearing.sheet_id).distinct())
    return {i: scoring_queries.sheet_by_id(i).sheet for i in ids}


@invariant("programme.sheets-add-up")
def _add_up() -> Iterable[str]:
    """What a member's answers come to by the hearing's sheet is what was kept; a sheet that counts is full."""
    sheets = _sheets()
    rows = session().execute(
        select(MemberScore, Hearing.sheet_id)
        .join(Hearing, Hearing.id == MemberScore.hearing_id)
        .order_by(MemberScore.id)
    )
    for row, sheet_id in rows:
        try:
            result = scoring.score(sheets[sheet_id], row.answers, row.stops)
        except Invalid:
            yield f"sheet {row.id}"
            continue
        if (result.total, result.stars) != (row.total, row.stars) or (row.handed_in_at and result.unanswered):
            yield f"sheet {row.id}"


@invariant("programme.results-come-from-their-sheets")
def _results() -> Iterable[str]:
    """A closed session's hearings have the result of the sheets that counted, an open one's have none; a dossier's last result
    is the one that stands, unless the ministry spoke."""
    sheets = _sheets()
    last: dict[int, Hearing] = {}
    rows = session().execute(
        select(Hearing, CouncilSession.state)
        .join(CouncilSession, CouncilSession.id == Hearing.session_id)
        .order_by(Hearing.id)
    )
    for hearing, state in rows:
        last[hearing.dossier_id] = hearing
        if (state is SessionState.CLOSED) != (hearing.total is not None):
            yield f"hearing {hearing.id}"
            continue
        if hearing.total is None or hearing.outcome is None:
            continue
        counted = hearing.outcome["counted"]
        found = session().scalars(
            select(MemberScore).where(
                MemberScore.hearing_id == hearing.id,
                MemberScore.member_id.in_(counted),
                MemberScore.handed_in_at.is_not(None),
            )
        )
        ballots = [rules.Ballot(row.answers, row.stops) for row in found]
        if len(ballots) != len(counted) or not ballots:
            yield f"hearing {hearing.id}"
            continue
        try:
            outcome = rules.reckon(sheets[hearing.sheet_id], ballots)
        except Invalid:
            yield f"hearing {hearing.id}"
            continue
        if (outcome.total, outcome.stars) != (hearing.total, hearing.stars):
            yield f"hearing {hearing.id}"
    stands = (DossierState.SCORED, DossierState.FORWARDED, DossierState.DECIDED)
    for dossier in session().scalars(
        select(Dossier).where(Dossier.state.in_(stands), Dossier.ministry_paper.is_(None)).order_by(Dossier.id)
    ):
        heard = last.get(dossier.id)
        if heard is None or (heard.total, heard.stars) != (dossier.score, dossier.stars):
            yield dossier.code


@invariant("programme.members-score-what-is-theirs")
def _theirs() -> Iterable[str]:
    """No sheet that counts is of somebody who stood aside or sits in another council; who left a council has no right there."""
    rows = session().execute(
        select(MemberScore.id, CouncilMember.council_id, CouncilSession.council_id, Abstention.id)
        .join(CouncilMember, CouncilMember.id == MemberScore.member_id)
        .join(Hearing, Hearing.id == MemberScore.hearing_id)
        .join(CouncilSession, CouncilSession.id == Hearing.session_id)
        .outerjoin(
            Abstention,
            (Abstention.hearing_id == MemberScore.hearing_id) & (Abstention.member_id == MemberScore.member_id),
        )
        .where(MemberScore.handed_in_at.is_not(None))
    )
    for score_id, of_member, of_hearing, aside in rows:
        if of_member != of_hearing or aside is not None:
            yield f"sheet {score_id}"
    held = {
        (user_id, scope)
        for user_id, scope in session().execute(
            select(Grant.user_id, Grant.scope).where(Grant.role == Role.COUNCIL_MEMBER)
        )
    }
    members = select(CouncilMember.user_id, CouncilMember.council_id, CouncilMember.left_at)
    for user_id, council_id, left_at in session().execute(members):
        if left_at is not None and (user_id, f"council:{council_id}") in held:
            yield f"council {council_id}: user {user_id}"
