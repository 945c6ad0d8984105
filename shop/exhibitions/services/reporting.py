"""A fair's report is frozen: a version with its number, who froze it and when; former versions stay as they were."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.exhibitions.errors import FairMovedOn, ReportMoved
from shop.exhibitions.ledger import digest as sha256
from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.queries import reporting
from shop.exhibitions.services import steps
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound

MAY_FREEZE = (FairState.CLOSED, FairState.REPORTED)


def seen(figures: dict[str, Any]) -> str:
    """What a reader has seen of a report: the SHA-256 of its figures, whenever they were counted."""
    return sha256({name: value for name, value in figures.items() if name != "as_of"})


def freeze(actor: Actor, slug: str, note: str, seen_digest: str, *, op_key: str) -> int:
    """Freeze the report of a closed fair as its page showed it (`seen_digest`); return the number of the version. The same
    `op_key` freezes once.

    Raises:
        NotFound; FairMovedOn: the fair is not closed yet; ReportMoved: its figures have changed since the page was made.
        Invalid: the note is too long, or a further version without a word why.
    """
    note = text.clean(note)
    if len(note) > 2000:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field="note", n=2000)
    known = operations.result_of(op_key, "exhibitions.report", actor.key, [slug])
    if known is not None:
        return int(known["number"])
    fair = session().scalar(select(Exhibition).where(Exhibition.slug == slug))
    if fair is None:
        raise NotFound
    if fair.state not in MAY_FREEZE:
        raise FairMovedOn
    # Counted before the transaction: it reads tens of thousands of rows, and the instant says what belongs to it.
    figures = reporting.compute(fair)
    if seen(figures) != seen_digest:
        raise ReportMoved

    def command() -> dict[str, Any]:
        row = db.locked(Exhibition, fair.id, NotFound)
        if row.state not in MAY_FREEZE:
            raise FairMovedOn
        before = reporting.latest(row.id)
        if before is not None and len(note) < 5:
            raise Invalid(N_("Hãy ghi vì sao có bản mới (ít nhất 5 ký tự)."), field="note")
        number = (before.number if before else 0) + 1
        made = FairReport(
            exhibition_id=row.id,
            number=number,
            figures=figures,
            digest=sha256(figures),
            note=note or None,
            frozen_at=clock.now(),
            frozen_by=actor.key,
            frozen_label=actor.label,
        )
        session().add(made)
        session().flush()
        steps.fair(actor, row, FairState.REPORTED, note or None, version=number, digest=made.digest)
        audit.record(actor, "exhibitions.report", f"exhibition:{row.slug}", version=number, digest=made.digest)
        return {"number": number}

    return int(operations.once(op_key, "exhibitions.report", actor.key, [slug], command)["number"])
