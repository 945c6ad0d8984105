"""Small tables are worked on while their sender waits."""

from __future__ import annotations

from shop.imports import queries
from shop.imports.models import State
from shop.imports.services import steps
from shop.imports.services.trying import check
from shop.imports.services.undoing import undo
from shop.imports.services.writing import apply
from shop.kernel.actor import Actor


def now_if_small(import_id: int) -> None:
    """Do what waits for a small table at once, so that its sender need not wait for the worker; the job then finds it done."""
    row = queries.by_id(import_id)
    runs = {State.CHECKING: check, State.APPLYING: apply, State.UNDOING: undo}
    if row.state in runs and queries.lines_of(row) <= steps.SMALL:
        actor = Actor("user", row.created_label, None)
        found = queries.waiting_work(row)
        runs[row.state](found or actor, import_id, row.work)
