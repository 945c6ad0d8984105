"""Results that stand, for whoever makes decisions of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, exists, or_, select

from shop.kernel import clock
from shop.kernel.db import session
from shop.programme import scoring
from shop.programme.models.councils import Objection, ObjectionState
from shop.programme.models.dossiers import Dossier, DossierState


@dataclass(frozen=True, slots=True)
class Ready:
    """A dossier that may be decided on: `score` of 100 with two decimals, `level` 'province' or 'ministry', `closed_on` the day
    on which the council's session was closed or the ministry told its result."""

    dossier_id: int
    code: str
    kind: str
    product_id: int
    producer_id: int
    commune_code: str
    set_number: int
    score: Decimal
    stars: int
    level: str
    closed_on: date


def stands(today: date) -> Any:
    """The condition on dossiers whose result stands and gives a certificate: three stars or more (art. 4.1), the term to object
    over or waived, no objection unanswered, no decision yet."""
    return and_(
        Dossier.state == DossierState.SCORED,
        Dossier.stars >= scoring.STARRED[0],
        Dossier.decision_number.is_(None),
        or_(Dossier.accepted_at.is_not(None), Dossier.objection_until < today),
        ~exists().where(Objection.dossier_id == Dossier.id, Objection.state == ObjectionState.OPEN),
    )


def ready() -> list[Ready]:
    """The dossiers whose result stands and which have no decision yet, the oldest result first."""
    rows = session().scalars(select(Dossier).where(stands(clock.today())).order_by(Dossier.result_on, Dossier.id))
    return [
        Ready(
            d.id,
            d.code,
            d.kind.value,
            d.product_id,
            d.producer_id,
            d.commune_code,
            d.set_number,
            d.score,
            d.stars,
            d.level.value,
            d.result_on,
        )
        for d in rows
        if d.score is not None and d.stars is not None and d.level is not None and d.result_on is not None
    ]
