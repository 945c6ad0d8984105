"""Reads of councils: seats, sessions, hearings, who has scored, where members are far apart, what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.accounts.models import Grant
from shop.catalog.models import Product
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.producers.models import Producer
from shop.programme import council as rules
from shop.programme.models.councils import (
    SCORING_SEATS,
    Abstention,
    Council,
    CouncilMember,
    CouncilSession,
    Hearing,
    MemberScore,
    Objection,
    ScoreVersion,
    SessionState,
)
from shop.programme.models.dossiers import Dossier, Round
from shop.programme.queries import scoring as scoring_queries
from shop.programme.queries.heard import Heard, heard
from shop.programme.queries.scoring import OfficialSheet


def scope_of(council_id: int, **_values: Any) -> str | None:
    """A guard's scope: the council that the address names."""
    return f"council:{council_id}"


def round_of(dossier: Dossier) -> Round | None:
    """The province's round that a dossier is in."""
    return session().get(Round, dossier.round_id) if dossier.round_id is not None else None


def by_id(council_id: int) -> Council:
    """The council with this id.

    Raises:
        NotFound: there is none.
    """
    found = session().get(Council, council_id)
    if found is None:
        raise NotFound
    return found


def of_round(round_id: int) -> list[tuple[Council, int, int]]:
    """The councils of a round, with how many sit and how many sessions there were."""
    rows = session().scalars(select(Council).where(Council.round_id == round_id).order_by(Council.id))
    found = []
    for council in rows:
        sits = select(func.count()).where(CouncilMember.council_id == council.id, CouncilMember.left_at.is_(None))
        met = select(func.count()).where(CouncilSession.council_id == council.id)
        found.append((council, int(session().scalar(sits) or 0), int(session().scalar(met) or 0)))
    return found


def label(key: str) -> str | None:
    """What a grant's scope calls a council; None if there is none."""
    row = session().execute(
        select(Council.name, Round.code)
        .join(Round, Round.id == Council.round_id)
        .where(Council.id == (int(key) if len(key) < 19 else 0))
    )
    found = row.first()
    return f"{found[0]} ({found[1]})" if found else None


def choices() -> list[tuple[str, str]]:
    """Councils of open rounds, for grants."""
    rows = session().execute(
        select(Council.id, Council.name, Round.code)
        .join(Round, Round.id == Council.round_id)
        .where(Round.closed_at.is_(None))
        .order_by(Council.id)
    )
    return [(str(i), f"{name} ({code})") for i, name, code in rows]


def sessions_of(council_ids: Iterable[int]) -> list[CouncilSession]:
    """The sessions of councils, the latest first."""
    wanted = select(CouncilSession).where(CouncilSession.council_id.in_(list(council_ids)))
    return list(session().scalars(wanted.order_by(CouncilSession.held_on.desc(), CouncilSession.id.desc())))


def session_of(council_id: int, session_id: int) -> CouncilSession:
    """A session of this council.

    Raises:
        NotFound: it has none with that id.
    """
    found = session().get(CouncilSession, session_id)
    if found is None or found.council_id != council_id:
        raise NotFound
    return found


def seat_of(council_id: int, user_id: int | None) -> CouncilMember | None:
    """The seat that a user has in a council now."""
    return session().scalar(
        select(CouncilMember).where(
            CouncilMember.council_id == council_id, CouncilMember.user_id == user_id, CouncilMember.left_at.is_(None)
        )
    )


def of_user(user_id: int | None) -> list[tuple[Council, CouncilMember, Round]]:
    """The councils in which a user sits, the latest first."""
    rows = session().execute(
        select(Council, CouncilMember, Round)
        .join(CouncilMember, CouncilMember.council_id == Council.id)
        .join(Round, Round.id == Council.round_id)
        .where(CouncilMember.user_id == user_id, CouncilMember.left_at.is_(None))
        .order_by(Council.id.desc())
    )
    return [(c, m, r) for c, m, r in rows]


@dataclass(frozen=True, slots=True)
class Item:
    """A dossier before a session."""

    hearing: Hearing
    dossier: Dossier
    product: str
    producer: str


def items(session_id: int) -> list[Item]:
    """The dossiers before a session, by their set."""
    rows = session().execute(
        select(Hearing, Dossier, Product.name, Producer.name)
        .join(Dossier, Dossier.id == Hearing.dossier_id)
        .join(Product, Product.id == Dossier.product_id)
        .join(Producer, Producer.id == Dossier.producer_id)
        .where(Hearing.session_id == session_id)
        .order_by(Dossier.set_number, Dossier.code)
    )
    return [Item(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Sheeted:
    """A hearing that a member opens: the dossier, its session and its sheet."""

    hearing: Hearing
    dossier: Dossier
    meeting: CouncilSession
    official: OfficialSheet


def hearing_of(council_id: int, hearing_id: int) -> Sheeted:
    """A hearing before this council.

    Raises:
        NotFound: it has none with that id.
    """
    row = session().execute(
        select(Hearing, Dossier, CouncilSession)
        .join(Dossier, Dossier.id == Hearing.dossier_id)
        .join(CouncilSession, CouncilSession.id == Hearing.session_id)
        .where(Hearing.id == hearing_id, CouncilSession.council_id == council_id)
    )
    found = row.first()
    if found is None:
        raise NotFound
    return Sheeted(found[0], found[1], found[2], scoring_queries.sheet_by_id(found[0].sheet_id))


def score_of(hearing_id: int, member_id: int) -> MemberScore | None:
    """A member's own sheet of a hearing."""
    return session().scalar(
        select(MemberScore).where(MemberScore.hearing_id == hearing_id, MemberScore.member_id == member_id)
    )


def abstention_of(hearing_id: int, member_id: int) -> Abstention | None:
    """Why a member stands aside, if he does."""
    return session().scalar(
        select(Abstention).where(Abstention.hearing_id == hearing_id, Abstention.member_id == member_id)
    )


HANDED_IN, DRAFT, ASIDE, NOTHING = "handed-in", "draft", "aside", "nothing"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is with a hearing: one of the words above, never his points."""

    member: CouncilMember
    state: str
    at: datetime | None


def progress(hearing_ids: Iterable[int], members: list[CouncilMember]) -> dict[int, list[Progress]]:
    """How far each scoring member is with each hearing."""
    ids = list(hearing_ids)
    scores = {
        (row.hearing_id, row.member_id): row
        for row in session().scalars(select(MemberScore).where(MemberScore.hearing_id.in_(ids)))
    }
    aside = {
        (row.hearing_id, row.member_id)
        for row in session().scalars(select(Abstention).where(Abstention.hearing_id.in_(ids)))
    }
    owners = select(Hearing.id, Dossier.producer_id).join(Dossier, Dossier.id == Hearing.dossier_id)
    producers = {row[0]: row[1] for row in session().execute(owners.where(Hearing.id.in_(ids)))}
    found: dict[int, list[Progress]] = {}
    for hearing_id in ids:
        own = interested([m.user_id for m in members], producers.get(hearing_id, 0))
        for member in members:
            if member.seat not in SCORING_SEATS:
                continue
            row = scores.get((hearing_id, member.id))
            if (hearing_id, member.id) in aside or member.user_id in own:
                state, at = ASIDE, None
            elif row is None:
                state, at = NOTHING, None
            else:
                state, at = (HANDED_IN, row.handed_in_at) if row.handed_in_at else (DRAFT, row.saved_at)
            found.setdefault(hearing_id, []).append(Progress(member, state, at))
    return found


def interested(user_ids: Iterable[int], producer_id: int) -> set[int]:
    """Those of `user_ids` who work for the producer: they do not score its goods, said or not."""
    wanted = select(Grant.user_id).where(Grant.user_id.in_(list(user_ids)), Grant.scope == f"producer:{producer_id}")
    return set(session().scalars(wanted))


@dataclass(frozen=True, slots=True)
class Counted:
    """A sheet with its member, as those see it who may."""

    member: CouncilMember
    score: MemberScore


def handed_in(hearing_id: int) -> list[Counted]:
    """The sheets of a hearing that were handed in, by seat."""
    rows = session().execute(
        select(CouncilMember, MemberScore)
        .join(MemberScore, MemberScore.member_id == CouncilMember.id)
        .where(MemberScore.hearing_id == hearing_id, MemberScore.handed_in_at.is_not(None))
        .order_by(CouncilMember.id)
    )
    return [Counted(m, score) for m, score in rows]


def gaps(sheets: list[Counted], official: OfficialSheet, percent: int) -> list[rules.Gap]:
    """The questions on which the sheets are far apart."""
    return rules.gaps(official.sheet, [rules.Ballot(c.score.answers, c.score.stops) for c in sheets], percent)


def versions_of(hearing_id: int) -> list[tuple[CouncilMember, ScoreVersion]]:
    """Sheets as they were before the chair let their members look again."""
    rows = session().execute(
        select(CouncilMember, ScoreVersion)
        .join(MemberScore, MemberScore.member_id == CouncilMember.id)
        .join(ScoreVersion, ScoreVersion.score_id == MemberScore.id)
        .where(MemberScore.hearing_id == hearing_id)
        .order_by(ScoreVersion.id)
    )
    return [(m, v) for m, v in rows]


def aside_of(hearing_id: int) -> list[tuple[CouncilMember, Abstention]]:
    """Who stood aside in a hearing, and why."""
    rows = session().execute(
        select(CouncilMember, Abstention)
        .join(Abstention, Abstention.member_id == CouncilMember.id)
        .where(Abstention.hearing_id == hearing_id)
        .order_by(Abstention.id)
    )
    return [(m, a) for m, a in rows]


def results_of(dossier_id: int) -> list[Heard]:
    """What councils found of a dossier, the latest first."""
    rows = session().execute(
        select(Hearing, CouncilSession, Council.name)
        .join(CouncilSession, CouncilSession.id == Hearing.session_id)
        .join(Council, Council.id == CouncilSession.council_id)
        .where(Hearing.dossier_id == dossier_id, CouncilSession.state == SessionState.CLOSED)
        .order_by(Hearing.id.desc())
    )
    return [heard(h, s, name, scoring_queries.sheet_by_id(h.sheet_id).sheet) for h, s, name in rows]


def objections_of(dossier_id: int) -> list[Objection]:
    """What the producer said against results, the latest first."""
    wanted = select(Objection).where(Objection.dossier_id == dossier_id).order_by(Objection.id.desc())
    return list(session().scalars(wanted))


def round_by_id(round_id: int) -> Round:
    """The round of a council."""
    return session().get_one(Round, round_id)
