"""Try every row dry, and correct rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert, select, update

from shop.catalog.services import bulk
from shop.imports import columns, files, planning, queries
from shop.imports.errors import WrongStep
from shop.imports.models import Import, ImportRow, Outcome, State
from shop.imports.planning import Planner, Tried
from shop.imports.services import steps
from shop.kernel import audit, storage, text
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session, transaction
from shop.kernel.errors import N_, Busy, ShopError
from shop.kernel.sheets import BadTable

# By its table, not its class: nothing of the ORM is needed for rows that nobody holds.
_ROWS: Any = ImportRow.__table__


def start_check(actor: Actor, row: Import) -> None:
    steps.go(actor, row, State.CHECKING)
    row.work += 1
    row.done, row.problem = 0, None
    steps.later("imports.check", actor, row)


def check(actor: Actor, import_id: int, work: int) -> None:
    """Try every row dry and keep what it comes to. Run twice, or killed and run again, it begins anew: nothing is written to
    the goods."""
    row = queries.by_id(import_id)
    if row.work != work or row.state is not State.CHECKING:
        return
    # Tried before: its rows are there, perhaps corrected. A first try that was stopped begins anew with the file.
    corrected = row.total > 0
    planner = Planner(row.producer_id, steps.hints(row), row.default_set)
    counts = dict.fromkeys((o.value for o in Outcome), 0)
    total, blank = 0, row.blank
    try:
        if corrected:
            source = queries.raws(import_id)
            lines = None
        else:
            content = storage.storage().get(row.file_key)
            lines = files.Lines(
                files.opened(content), row.sheet, row.head_row, row.head, row.columns,
                [files.verdict_of(v) for v in row.verdicts],
            )  # fmt: skip
            source = iter(lines)
        while batch := list(islice(source, steps.BATCH)):
            tried = planner.run(batch)
            steps.settle(total)
            with transaction() as s:
                if steps.wanted(import_id, work, State.CHECKING) is None:
                    return
                if corrected:
                    _keep_again(import_id, tried)
                else:
                    if total == 0:
                        s.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
                    s.execute(insert(_ROWS), [{"import_id": import_id} | _kept(t) for t in tried])
                total += len(tried)
                for t in tried:
                    counts[t.outcome.value] += 1
                s.execute(update(Import).where(Import.id == import_id).values(done=total))
        blank = lines.blank if lines is not None else blank
    except BadTable as error:
        _failed(actor, import_id, work, error)
        return
    except ShopError as error:
        if isinstance(error, Busy):
            raise
        _failed(actor, import_id, work, error)
        return
    if total == 0:
        _failed(actor, import_id, work, BadTable(N_("Dưới dòng tiêu đề không có dòng nào.")))
        return
    with transaction():
        found = steps.wanted(import_id, work, State.CHECKING)
        if found is None:
            return
        found.total, found.done, found.blank, found.counts = total, total, blank, counts
        steps.go(actor, found, State.READY)
    leave_database()


def _failed(actor: Actor, import_id: int, work: int, error: ShopError) -> None:
    with transaction() as s:
        row = steps.wanted(import_id, work, State.CHECKING)
        if row is None:
            return
        s.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
        row.problem = planning.problem_of(error)
        row.counts, row.total, row.done = {}, 0, 0
        steps.go(actor, row, State.FAILED)


def _kept(t: Tried) -> dict[str, Any]:
    return {
        "position": t.raw.position,
        "number": t.raw.number,
        "cells": {k: v[:20_000] for k, v in t.raw.cells.items()},
        "outcome": t.outcome,
        "sku": t.sku,
        "name": t.name,
        "changes": t.changes,
        "problems": t.problems,
        "left": t.warnings or None,
    }


def _keep_again(import_id: int, tried: Sequence[Tried]) -> None:
    ids = dict(
        session()
        .execute(
            select(ImportRow.position, ImportRow.id).where(
                ImportRow.import_id == import_id,
                ImportRow.position.between(tried[0].raw.position, tried[-1].raw.position),
            )
        )
        .all()
    )
    bulk.update_rows(
        ImportRow,
        [
            {"id": ids[t.raw.position]}
            | {n: v for n, v in _kept(t).items() if n in {"outcome", "sku", "name", "changes", "problems", "left"}}
            for t in tried
        ],
    )


def correct(actor: Actor, import_id: int, cells: Mapping[int, Mapping[str, str]]) -> int:
    """Put other text into cells of rows (by position) and try all rows again; return how many rows differ now.

    Raises:
        NotFound, WrongStep.
    """
    changed = 0
    with transaction() as s:
        row = steps.locked(import_id)
        if row.state is not State.READY:
            raise WrongStep
        rows = s.scalars(
            select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.position.in_(list(cells)[:500]))
        )
        for one in rows:
            told = dict(one.cells)
            for key, cell in cells[one.position].items():
                if key in columns.BY_KEY:
                    said = text.clean(cell)[:20_000]
                    if said:
                        told[key] = said
                    else:
                        told.pop(key, None)
            if told != one.cells:
                one.cells, one.corrected = told, True
                changed += 1
        if changed:
            audit.record(actor, "imports.correct", steps.target(row), rows=changed)
            start_check(actor, row)
    return changed


def try_again(actor: Actor, import_id: int) -> None:
    """Try all rows again, as the goods are now.

    Raises:
        NotFound, WrongStep.
    """
    with transaction():
        row = steps.locked(import_id)
        if row.state is not State.READY:
            raise WrongStep
        audit.record(actor, "imports.try-again", steps.target(row))
        start_check(actor, row)
