"""Closing the books of a channel for a day, and opening them again: by a person, on the figures he has seen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, session
from shop.kernel.errors import N_, Invalid
from shop.ledger import queries
from shop.ledger.errors import DayClosed, DayNotOver, DayOpen, FiguresMoved, LaterDayClosed
from shop.ledger.models import Closing
from shop.ledger.services import posting

# What began before midnight has ended by then: the database cuts off a transaction that waits for a minute.
AFTER_MIDNIGHT = timedelta(minutes=10)


def closable_from(day: date) -> Any:
    """The instant from which a day may be closed."""
    return clock.end_of(day) + AFTER_MIDNIGHT


def close(actor: Actor, channel: str, day: date, digest: str, note: str, *, op_key: str) -> None:
    """Close a day of a channel on the figures that were seen (`digest`), which are kept. Nothing is posted to it any
    more, nor to days before it.

    Raises:
        DayNotOver; DayClosed: somebody was quicker; FiguresMoved: money has come or gone since they were seen.
    """
    note = text.clean(note)[:500]

    def command() -> dict[str, Any]:
        if clock.now() < closable_from(day):
            raise DayNotOver
        posting.lock(channel)
        if session().scalar(_live(channel, day)) is not None:
            raise DayClosed
        figures = queries.figures(channel, day)
        if queries.digest(figures) != digest:
            raise FiguresMoved
        session().add(
            Closing(
                channel=channel, day=day, figures=figures, digest=digest, note=note or None, closed_at=clock.now(),
                closed_by=actor.key, closed_label=actor.label,
            )
        )  # fmt: skip
        session().flush()
        audit.record(actor, "ledger.close-day", f"ledger:{channel}", day=day.isoformat(), digest=digest)
        return {}

    operations.once(op_key, "ledger.close-day", actor.key, [channel, day, digest, note], command)


def reopen(actor: Actor, channel: str, day: date, reason: str, *, op_key: str) -> None:
    """Open a closed day again, for a reason that is kept beside what was closed.

    Raises:
        Invalid: no reason; DayOpen: it is not closed; LaterDayClosed: a later one is, which begins as this one ends.
    """
    reason = text.clean(reason)[:500]
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")

    def command() -> dict[str, Any]:
        posting.lock(channel)
        later = select(Closing.id).where(Closing.channel == channel, Closing.day > day, Closing.reopened_at.is_(None))
        if session().scalar(later.limit(1)) is not None:
            raise LaterDayClosed
        done = session().execute(
            update(Closing)
            .where(Closing.channel == channel, Closing.day == day, Closing.reopened_at.is_(None))
            .values(reopened_at=clock.now(), reopened_label=actor.label, reopen_reason=reason)
            .execution_options(synchronize_session=False)
        )
        if not changed(done):
            raise DayOpen
        audit.record(actor, "ledger.reopen-day", f"ledger:{channel}", day=day.isoformat(), reason=reason)
        return {}

    operations.once(op_key, "ledger.reopen-day", actor.key, [channel, day, reason], command)


def _live(channel: str, day: date) -> Any:
    return select(Closing.id).where(Closing.channel == channel, Closing.day == day, Closing.reopened_at.is_(None))
