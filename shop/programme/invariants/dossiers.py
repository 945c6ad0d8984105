"""What must always hold of dossiers and rounds (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, exists, or_, select

from shop.catalog.models import Product
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.programme import scoring
from shop.programme.models.councils import Objection, ObjectionState
from shop.programme.models.dossiers import DOSSIER_ALLOWED, Dossier, DossierState, DossierStep, Round, RoundLevel


@invariant("programme.dossiers-took-allowed-steps")
def _steps() -> Iterable[str]:
    """The steps of a dossier lead from state to state as they may, and the last one is its state."""
    rows = session().execute(
        select(Dossier.code, Dossier.state, DossierStep.state)
        .join(DossierStep, DossierStep.dossier_id == Dossier.id)
        .order_by(Dossier.id, DossierStep.id)
    )
    before: dict[str, DossierState] = {}
    now: dict[str, DossierState] = {}
    wrong: set[str] = set()
    for code, state, step in rows:
        last = before.get(code)
        if last is not None and step is not last and step not in DOSSIER_ALLOWED[last]:
            wrong.add(code)
        before[code], now[code] = step, state
    yield from sorted(wrong | {code for code, state in now.items() if before[code] is not state})


@invariant("programme.dossiers-of-their-producer")
def _owners() -> Iterable[str]:
    """A dossier is of the producer who makes its product; with a commune at work it has the last of its days."""
    strayed = (
        select(Dossier.code)
        .join(Product, Product.id == Dossier.product_id)
        .where(
            or_(
                and_(Product.producer_id != Dossier.producer_id, Dossier.ended_at.is_(None)),
                and_(Dossier.state == DossierState.SUBMITTED, Dossier.due_on.is_(None)),
            )
        )
    )
    yield from session().scalars(strayed.order_by(Dossier.id))


@invariant("programme.dossiers-within-their-cut-off")
def _in_time() -> Iterable[str]:
    """A round of the province has only dossiers that communes proposed up to its cut-off; each round those of its level."""
    rows = session().execute(
        select(Dossier.code, Dossier.proposed_at, Round.level, Round.cut_off).join(Round, Round.id == Dossier.round_id)
    )
    for code, proposed_at, level, cut_off in rows:
        if level is not RoundLevel.PROVINCE or proposed_at is None or clock.business_day(proposed_at) > cut_off:
            yield code
    wrong = (
        select(Dossier.code)
        .join(Round, Round.id == Dossier.ministry_round_id)
        .where(Round.level != RoundLevel.MINISTRY)
    )
    yield from session().scalars(wrong)


@invariant("programme.results-reach-their-stars")
def _bands() -> Iterable[str]:
    """No result has more stars than its points reach; what was decided has three or more and no objection waits."""
    rows = session().execute(
        select(Dossier.code, Dossier.score, Dossier.stars, Dossier.state).where(Dossier.score.is_not(None))
    )
    for code, score, stars, state in rows:
        if score is None or stars is None:
            continue
        if stars > scoring.band(score) or (state is DossierState.DECIDED and stars < scoring.STARRED[0]):
            yield code
    waits = exists().where(Objection.dossier_id == Dossier.id, Objection.state == ObjectionState.OPEN)
    yield from session().scalars(select(Dossier.code).where(waits, Dossier.state != DossierState.SCORED))
