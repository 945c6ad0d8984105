"""What people settle afterwards: refused events, gaps in the counting, notices. Each is closed once, with a word how."""

from __future__ import annotations

from sqlalchemy import update

from shop.kernel import audit, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.till.models import EventState, Gap, Notice, TillEvent


def _words(raw: str) -> str:
    found = text.clean(raw).replace("\n", " ")
    if not 2 <= len(found) <= 500:
        raise Invalid(N_("Hãy ghi cách đã xử lý (2–500 ký tự)."), field="note")
    return found


def settle_event(actor: Actor, event_id: int, note: str) -> None:
    """A refused event was looked at; `note` says what was done about it.

    Raises:
        Invalid: no note.
        NotFound: no such refused event that waits.
    """
    said = _words(note)
    with transaction():
        done = session().execute(
            update(TillEvent)
            .where(
                TillEvent.id == event_id, TillEvent.state == EventState.REFUSED, TillEvent.settled_at.is_(None)
            )
            .values(settled_at=clock.now(), settled_by=actor.label, settlement=said)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if not changed(done):
            raise NotFound
        audit.record(actor, "till.settle-refused", f"till-event:{event_id}", note=said)


def close_gap(actor: Actor, gap_id: int, note: str) -> None:
    """A person knows why numbers are missing.

    Raises:
        Invalid: no note.
        NotFound: no such open gap.
    """
    _close(actor, Gap, gap_id, note, "till.close-gap", "till-gap")


def close_notice(actor: Actor, notice_id: int, note: str) -> None:
    """A person has looked at a notice.

    Raises:
        Invalid: no note.
        NotFound: no such open notice.
    """
    _close(actor, Notice, notice_id, note, "till.close-notice", "till-notice")


def _close(actor: Actor, table: type[Gap] | type[Notice], row_id: int, note: str, action: str, target: str) -> None:
    if session().get(table, row_id) is None:
        raise NotFound
    said = _words(note)
    with transaction():
        done = session().execute(
            update(table)
            .where(table.id == row_id, table.closed_at.is_(None))
            .values(closed_at=clock.now(), closed_by=actor.label, note=said)
            .execution_options(synchronize_session=False)
        )
        if not changed(done):
            raise NotFound
        audit.record(actor, action, f"{target}:{row_id}", note=said)
