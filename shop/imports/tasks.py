"""What the worker does for imports: try, write, take back; and forget old files."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from shop.imports import queries, services
from shop.imports.models import WORKING, Import, ImportRow
from shop.kernel import clock, jobs, memory
from shop.kernel.db import session, transaction

# The audit log keeps what was written; the rows of a table are of use to nobody after that.
KEPT_FOR = timedelta(days=90)


@contextmanager
def _swept() -> Iterator[None]:
    """What a long table kept from the collector of garbage is given back to it."""
    try:
        yield
    finally:
        gc.unfreeze()
        memory.give_back()


@jobs.job("imports.check")
def check(payload: dict[str, Any]) -> None:
    with _swept():
        services.check(queries.actor_of(payload), payload["id"], payload["work"])


@jobs.job("imports.apply")
def apply(payload: dict[str, Any]) -> None:
    with _swept():
        services.apply(queries.actor_of(payload), payload["id"], payload["work"])


@jobs.job("imports.undo")
def undo(payload: dict[str, Any]) -> None:
    services.undo(queries.actor_of(payload), payload["id"], payload["work"])


@jobs.every(timedelta(days=1), name="imports.forget", group="retention")
def forget() -> None:
    """Forget the rows of imports that ended long ago."""
    old = session().scalars(
        select(Import.id).where(
            Import.forgotten_at.is_(None), Import.updated_at < clock.now() - KEPT_FOR, Import.state.not_in(WORKING)
        )
    )
    for import_id in old.all():
        with transaction() as s:
            s.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
            s.execute(update(Import).where(Import.id == import_id).values(forgotten_at=clock.now(), samples=[]))
