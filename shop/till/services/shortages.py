"""What a counter sold beyond the books: a person says whether the goods were there (the books were wrong) or are really short.

Really short means that the units booked in must go off again. They do as soon as the point has goods nobody has a claim on:
claims are never broken by this, so it may take until the desk has found other goods for the web orders that wait.
"""

from __future__ import annotations

from sqlalchemy import select

from shop.kernel import audit, clock, db, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.stock.services import counter as goods
from shop.till.errors import ShortageSettled
from shop.till.models import Shortage, ShortageState

DECISIONS = ("found", "short")


def settle(actor: Actor, reference: str, decision: str, reason: str) -> ShortageState:
    """A person decides what a shortage was: `found` (the goods were there) or `short`; return how it stands now.

    Raises:
        Invalid: no such decision, or no reason.
        NotFound: there is no such shortage.
        ShortageSettled: it was decided before.
    """
    reason = text.clean(reason).replace("\n", " ")
    if decision not in DECISIONS:
        raise Invalid(N_("Hãy chọn một cách xử lý."), field="decision")
    if not 2 <= len(reason) <= 500:
        raise Invalid(N_("Hãy ghi lý do (2–500 ký tự)."), field="reason")
    with transaction():
        row = _locked(reference)
        if row.state is not ShortageState.OPEN:
            raise ShortageSettled
        now = clock.now()
        row.decided_at, row.decided_by, row.reason = now, actor.label, reason
        if decision == "found":
            row.state, row.closed_at = ShortageState.FOUND, now
        else:
            row.state = ShortageState.OWED
            _take_off(actor, row)
        session().flush()
        audit.record(
            actor, "till.shortage", f"shortage:{reference}", decision=decision, reason=reason, settled=row.settled
        )
        return row.state


def work_off(limit: int = 200) -> int:
    """Take off what is owed wherever goods have become free; return how many units."""
    done = 0
    references = list(
        session().scalars(
            select(Shortage.reference).where(Shortage.state == ShortageState.OWED).order_by(Shortage.id).limit(limit)
        )
    )
    for reference in references:
        with transaction():
            row = _locked(reference)
            if row.state is ShortageState.OWED:
                done += _take_off(SYSTEM, row)
    return done


def _locked(reference: str) -> Shortage:
    found = session().scalar(select(Shortage.id).where(Shortage.reference == reference))
    if found is None:
        raise NotFound
    return db.locked(Shortage, found, NotFound)


def _take_off(actor: Actor, row: Shortage) -> int:
    name = f"shortage:{row.reference}"
    n = goods.take_off(
        actor,
        row.level_id,
        row.quantity - row.settled,
        reference=name,
        reason=row.reason or "",
        op_key=f"{name}:off:{row.settled}",
    )
    row.settled += n
    if row.settled == row.quantity:
        row.state, row.closed_at = ShortageState.SHORT, clock.now()
    session().flush()
    return n
