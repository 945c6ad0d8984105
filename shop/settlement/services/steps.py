"""One way for everything here to change its state: the row locked, the step allowed, a row of history."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from shop.kernel import clock, db
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.settlement.errors import SettlementStep
from shop.settlement.models import ALLOWED, Agreement, Batch, Correction, Payout, Statement, Step

SUBJECTS: dict[type, str] = {
    Agreement: "agreement",
    Statement: "statement",
    Correction: "correction",
    Batch: "batch",
    Payout: "payout",
}


def begin(actor: Actor, row: Any) -> None:
    """Write the first step of a new row (added and flushed)."""
    _write(actor, row, "", str(row.state), None)


def step(actor: Actor, row: Any, to: str, said: str | None = None, **also: Any) -> None:
    """Move a locked row to the state `to` and set `also`. Call inside a transaction.

    Raises:
        SettlementStep: that may not follow its state.
    """
    before = str(row.state)
    if to not in ALLOWED[SUBJECTS[type(row)]].get(before, frozenset()):
        raise SettlementStep
    for name, value in also.items():
        setattr(row, name, value)
    row.state = type(row.state)(to)
    session().flush()
    _write(actor, row, before, to, said)


def _write(actor: Actor, row: Any, before: str, after: str, reason: str | None) -> None:
    session().execute(
        insert(Step).values(
            subject=SUBJECTS[type(row)],
            row_id=row.id,
            from_state=before,
            to_state=after,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            reason=reason,
        )
    )


def locked(kind: type[Any], reference: str) -> Any:
    """The row of that reference as it is now, locked.

    Raises:
        NotFound.
    """
    found = session().query(kind.id).filter(kind.reference == reference).scalar()
    if found is None:
        raise NotFound
    return db.locked(kind, found, NotFound)
