"""Commands of imports: send a file, say what its columns are, try it, correct rows, write it, take it back."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from shop.catalog import intake
from shop.catalog.models import ProductState, Variant, VariantState
from shop.catalog.services import bulk
from shop.imports import columns, files, history, planning, queries
from shop.imports.errors import StillRefused, TooLate, WrongStep
from shop.imports.files import Raw
from shop.imports.legacy import Encoding, Verdict
from shop.imports.models import (
    ALLOWED,
    UNDO_FOR,
    ColumnMemory,
    Import,
    ImportRow,
    ImportStep,
    Mode,
    Outcome,
    Result,
    State,
)
from shop.imports.planning import Planner, Tried
from shop.kernel import audit, clock, db, jobs, operations, storage, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, leave_database, session, transaction
from shop.kernel.errors import N_, Busy, Invalid, NotFound, ShopError
from shop.kernel.sheets import BadTable
from shop.listings import rules
from shop.listings import services as listings
from shop.listings.errors import ProducerSuspended
from shop.listings.services import many
from shop.producers.models import Producer, ProducerState

# Tables of so few rows are worked on while the person waits.
SMALL = 300
BATCH = 500
# In one transaction nobody else writes on SQLite; so many rows take some seconds.
MOST_AT_ONCE = 5_000
LONG = 2_000
LARGEST_FILE = 12 * 1024 * 1024


def target(row: Import) -> str:
    """How the audit log names an import."""
    return f"import:{row.reference}"


def locked(import_id: int) -> Import:
    """The row, locked until the end of the transaction.

    Raises:
        NotFound.
    """
    return db.locked(Import, import_id, NotFound)


def _go(actor: Actor, row: Import, to: State, note: str | None = None) -> None:
    """Take an import to its next state.

    Raises:
        WrongStep: it is not at a step from which it may go there.
    """
    if to not in ALLOWED[row.state]:
        raise WrongStep
    session().add(
        ImportStep(
            import_id=row.id, state_from=row.state, state_to=to, at=clock.now(), actor_key=actor.key,
            actor_label=actor.label, note=note,
        )
    )  # fmt: skip
    row.state, row.updated_at = to, clock.now()


def _active(producer_id: int) -> None:
    if session().scalar(select(Producer.state).where(Producer.id == producer_id)) is ProducerState.SUSPENDED:
        raise ProducerSuspended


# --- send and match ----------------------------------------------------------------------------------------------


def upload(actor: Actor, producer_id: int, content: bytes, file_name: str, *, op_key: str) -> str:
    """Keep a file and look it over; return the reference. The same `op_key` again returns the same.

    A head in our own words, or one the producer has matched before, needs no question: it is tried at once.

    Raises:
        BadTable, TooManyRows: it cannot be read, or is longer than an import may be. ProducerSuspended.
    """
    if len(content) > LARGEST_FILE:
        raise BadTable(N_("Tệp nặng quá %(n)s MB."), n=LARGEST_FILE // 1024 // 1024)
    if not content:
        raise BadTable(N_("Tệp rỗng."))
    _active(producer_id)
    key = storage.key_for("imports", content, "xlsx" if content.startswith(b"PK") else "csv")
    book = files.opened(content)
    found = files.best_sheet(book)
    files.count(book, found.sheet, found.head_row)
    storage.storage().put(key, content)

    def command() -> dict[str, Any]:
        remembered = _remembered(producer_id, found.head)
        now = clock.now()
        row = Import(
            reference=f"B-{text.reference()}",
            producer_id=producer_id,
            state=State.MATCHING,
            file_name=text.clean(file_name).replace("\n", " ")[:200] or "bảng",
            file_key=key,
            sheets=list(book.names),
            created_at=now,
            created_by=actor.key,
            created_label=actor.label,
            updated_at=now,
            **_look(found),
        )
        if remembered is not None:
            row.columns, row.default_set = list(remembered.columns), remembered.default_set
            row.hints = [columns.hint_of(k, w) for k, w in zip(row.columns, row.head, strict=True)]
        session().add(row)
        session().flush()
        session().add(
            ImportStep(
                import_id=row.id, state_from=None, state_to=State.MATCHING, at=now, actor_key=actor.key,
                actor_label=actor.label,
            )
        )  # fmt: skip
        audit.record(actor, "imports.upload", target(row), file=row.file_name, producer=producer_id)
        sure = columns.is_own(found.head) or remembered is not None
        if sure and len(book.names) == 1:
            _start_check(actor, row)
        return {"reference": row.reference}

    body = [producer_id, key]
    return str(operations.once(op_key, "imports.upload", actor.key, body, command)["reference"])


def _look(found: files.Survey) -> dict[str, Any]:
    return {
        "sheet": found.sheet,
        "head_row": found.head_row,
        "head": found.head,
        "samples": found.samples,
        "hidden_columns": found.hidden,
        "columns": found.columns,
        "hints": found.hints,
        "verdicts": [files.told_of(v) for v in found.verdicts],
    }


def _remembered(producer_id: int, head: Sequence[str]) -> ColumnMemory | None:
    found = session().scalar(
        select(ColumnMemory).where(
            ColumnMemory.producer_id == producer_id, ColumnMemory.signature == columns.signature(head)
        )
    )
    return found if found is not None and len(found.columns) == len(head) else None


def choose_sheet(actor: Actor, import_id: int, sheet: str) -> None:
    """Take another sheet of the file; its columns are guessed anew.

    Raises:
        NotFound, WrongStep, BadTable; Invalid: there is no such sheet.
    """
    row = queries.by_id(import_id)
    if sheet not in row.sheets:
        raise Invalid(N_("Tệp không có trang tính này."), field="sheet")
    book = files.opened(storage.storage().get(row.file_key))
    found = files.survey(book, sheet)
    files.count(book, sheet, found.head_row)
    with transaction():
        row = locked(import_id)
        if row.state is not State.MATCHING:
            raise WrongStep
        remembered = _remembered(row.producer_id, found.head)
        for name, value in _look(found).items():
            setattr(row, name, value)
        if remembered is not None:
            row.columns, row.default_set = list(remembered.columns), remembered.default_set
        row.updated_at = clock.now()
        audit.record(actor, "imports.sheet", target(row), sheet=sheet)


def match(
    actor: Actor, import_id: int, keys: Sequence[str | None], encodings: Sequence[str], default_set: str | None
) -> None:
    """Say what each column is (a key or None), how its text is written (`unicode`, `tcvn3`, `vni`, or '' as guessed), and the
    product set of new goods whose row names none; remember it for the next file with this head; try all rows.

    Raises:
        NotFound, WrongStep.
        Invalid: no column has the SKU, or two are the same.
    """
    known = [k for k in keys if k]
    if any(k not in columns.BY_KEY for k in known):
        raise Invalid(N_("Cột này không có trong danh sách."), field="columns")
    for n, k in enumerate(keys):
        if k and known.count(k) > 1:
            raise Invalid(N_("Cột “%(name)s” có hai lần."), field=f"column-{n}", name=columns.BY_KEY[k].head)
    if "sku" not in known and "name" not in known:
        raise Invalid(N_("Hãy chọn cột nào là mã hàng."), field="columns")
    with transaction() as s:
        row = locked(import_id)
        if row.state is not State.MATCHING or len(keys) != len(row.head):
            raise WrongStep
        row.columns = list(keys)
        row.hints = [columns.hint_of(k, w) for k, w in zip(keys, row.head, strict=True)]
        told = list(row.verdicts)
        for n, encoding in enumerate(encodings[: len(told)]):
            if encoding in set(Encoding) and files.verdict_of(told[n]).encoding.value != encoding:
                told[n] = files.told_of(Verdict(Encoding(encoding), surely=True))
        row.verdicts, row.default_set = told, (default_set or None)
        signature = columns.signature(row.head)
        memory = s.scalar(
            select(ColumnMemory)
            .where(ColumnMemory.producer_id == row.producer_id, ColumnMemory.signature == signature)
            .with_for_update()
        )
        if memory is None:
            memory = ColumnMemory(producer_id=row.producer_id, signature=signature, columns=[], used_at=clock.now())
            s.add(memory)
        memory.columns, memory.default_set, memory.used_at = list(keys), default_set or None, clock.now()
        audit.record(actor, "imports.match", target(row), columns=list(keys))
        _start_check(actor, row)


def rematch(actor: Actor, import_id: int) -> None:
    """Go back to the question what the columns are; what was tried or corrected is forgotten.

    Raises:
        NotFound, WrongStep.
    """
    with transaction() as s:
        row = locked(import_id)
        _go(actor, row, State.MATCHING)
        s.execute(delete(ImportRow).where(ImportRow.import_id == row.id))
        row.counts, row.total, row.done, row.problem = {}, 0, 0, None
        audit.record(actor, "imports.rematch", target(row))


def drop(actor: Actor, import_id: int) -> None:
    """Leave an import that nothing was written of.

    Raises:
        NotFound, WrongStep.
    """
    with transaction():
        row = locked(import_id)
        _go(actor, row, State.DROPPED)
        audit.record(actor, "imports.drop", target(row))


# --- try ---------------------------------------------------------------------------------------------------------


def _start_check(actor: Actor, row: Import) -> None:
    _go(actor, row, State.CHECKING)
    row.work += 1
    row.done, row.problem = 0, None
    _later("imports.check", actor, row)


def _later(name: str, actor: Actor, row: Import) -> None:
    session().flush()
    payload = {"id": row.id, "work": row.work, "actor": [actor.kind, actor.label, actor.user_id, actor.address]}
    jobs.enqueue(name, payload, key=f"{name}:{row.id}:{row.work}")


def now_if_small(import_id: int) -> None:
    """Do what waits for a small table at once, so that its sender need not wait for the worker; the job then finds it done."""
    row = queries.by_id(import_id)
    runs = {State.CHECKING: check, State.APPLYING: apply, State.UNDOING: undo}
    if row.state in runs and queries.lines_of(row) <= SMALL:
        actor = Actor("user", row.created_label, None)
        found = queries.waiting_work(row)
        runs[row.state](found or actor, import_id, row.work)


def _settle(done: int) -> None:
    """Let the collector of garbage pass over what a long table has made it remember: looking through all of it again and again
    took a third of the time."""
    if done > LONG:
        gc.freeze()


def _wanted(import_id: int, work: int, state: State) -> Import | None:
    """The import, locked, if this round of work is still wanted."""
    row = locked(import_id)
    return row if row.work == work and row.state is state else None


def check(actor: Actor, import_id: int, work: int) -> None:
    """Try every row dry and keep what it comes to. Run twice, or killed and run again, it begins anew: nothing is written to
    the goods."""
    row = queries.by_id(import_id)
    if row.work != work or row.state is not State.CHECKING:
        return
    # Tried before: its rows are there, perhaps corrected. A first try that was stopped begins anew with the file.
    corrected = row.total > 0
    planner = Planner(row.producer_id, _hints(row), row.default_set)
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
        while batch := list(islice(source, BATCH)):
            tried = planner.run(batch)
            _settle(total)
            with transaction() as s:
                if _wanted(import_id, work, State.CHECKING) is None:
                    return
                if corrected:
                    _keep_again(import_id, tried)
                else:
                    if total == 0:
                        s.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
                    s.execute(insert(ImportRow), [{"import_id": import_id} | _kept(t) for t in tried])
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
        found = _wanted(import_id, work, State.CHECKING)
        if found is None:
            return
        found.total, found.done, found.blank, found.counts = total, total, blank, counts
        _go(actor, found, State.READY)
    leave_database()


def _failed(actor: Actor, import_id: int, work: int, error: ShopError) -> None:
    with transaction() as s:
        row = _wanted(import_id, work, State.CHECKING)
        if row is None:
            return
        s.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
        row.problem = planning.problem_of(error)
        row.counts, row.total, row.done = {}, 0, 0
        _go(actor, row, State.FAILED)


def _hints(row: Import) -> dict[str, str]:
    return {k: h for k, h in zip(row.columns, row.hints, strict=False) if k and h}


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
            | {n: v for n, v in _kept(t).items() if n in {"outcome", "sku", "name", "changes", "problems"}}
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
        row = locked(import_id)
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
            audit.record(actor, "imports.correct", target(row), rows=changed)
            _start_check(actor, row)
    return changed


def try_again(actor: Actor, import_id: int) -> None:
    """Try all rows again, as the goods are now.

    Raises:
        NotFound, WrongStep.
    """
    with transaction():
        row = locked(import_id)
        if row.state is not State.READY:
            raise WrongStep
        audit.record(actor, "imports.try-again", target(row))
        _start_check(actor, row)


# --- write -------------------------------------------------------------------------------------------------------


def start(actor: Actor, import_id: int, mode: Mode) -> None:
    """Let the rows that are new or changed be written, each on its own or all in one go.

    Raises:
        NotFound, WrongStep.
        StillRefused: all in one go, and a row is refused.
        Invalid: nothing to write; too many rows for one go.
    """
    with transaction():
        row = locked(import_id)
        if row.state is not State.READY:
            raise WrongStep
        _active(row.producer_id)
        counts = row.counts
        n = counts.get("new", 0) + counts.get("changed", 0)
        if mode is Mode.ALL and counts.get("refused"):
            raise StillRefused(n=counts["refused"], field="mode")
        if n == 0:
            raise Invalid(N_("Không có dòng nào để ghi."), field="mode")
        if mode is Mode.ALL and n > MOST_AT_ONCE:
            raise Invalid(
                N_("Nhiều nhất %(n)s dòng cho một lần ghi tất cả. Hãy chọn ghi từng dòng."),
                field="mode", n=f"{MOST_AT_ONCE:,}".replace(",", "."),
            )  # fmt: skip
        _go(actor, row, State.APPLYING, mode.value)
        row.mode, row.done, row.problem = mode, 0, None
        row.work += 1
        audit.record(actor, "imports.start", target(row), mode=mode.value, rows=n)
        _later("imports.apply", actor, row)


def apply(actor: Actor, import_id: int, work: int) -> None:
    """Write the rows. Each batch is written together with the note which rows it held, so that a second run, or one after a
    kill, goes on where the first was."""
    row = queries.by_id(import_id)
    if row.work != work or row.state is not State.APPLYING:
        return
    planner = Planner(row.producer_id, _hints(row), row.default_set)
    if row.mode is Mode.ALL:
        try:
            with transaction():
                if _wanted(import_id, work, State.APPLYING) is None:
                    return
                while _batch(actor, import_id, planner, strict=True):
                    pass
                _applied(actor, import_id)
        except _Moved as moved:
            with transaction():
                found = _wanted(import_id, work, State.APPLYING)
                if found is not None:
                    found.problem = moved.problem
                    _go(actor, found, State.READY)
        leave_database()
        return
    while True:
        with transaction():
            if _wanted(import_id, work, State.APPLYING) is None:
                return
            if not _batch(actor, import_id, planner, strict=False):
                _applied(actor, import_id)
                break
    leave_database()


class _Moved(Exception):
    """A row is no longer what it was when it was tried, and all were to be written or none."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem


MOVED = N_("Hàng này đã thay đổi sau khi kiểm tra. Hãy kiểm tra lại.")


def _batch(actor: Actor, import_id: int, planner: Planner, *, strict: bool) -> int:
    """Write the next rows of an import in the open transaction; return how many were dealt with."""
    s = session()
    table = ImportRow.__table__
    rows = s.execute(
        select(*table.c["id", "position", "number", "cells", "changes", "outcome"])
        .where(
            table.c.import_id == import_id,
            table.c.outcome.in_([Outcome.NEW, Outcome.CHANGED]),
            table.c.result.is_(None),
        )
        .order_by(table.c.position)
        .limit(BATCH)
    ).all()
    if not rows:
        return 0
    tried = planner.run([Raw(r.position, r.number, dict(r.cells)) for r in rows])
    _settle(rows[0].position)
    import_row = s.get_one(Import, import_id)
    wishes: list[tuple[int, Tried]] = []
    results: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []
    for kept, t in zip(rows, tried, strict=True):
        moved = t.problems or ([] if t.outcome is Outcome.UNCHANGED or t.changes == kept.changes else [_said(MOVED)])
        if not moved and t.outcome is not Outcome.UNCHANGED and t.by_listing:
            try:
                with db.savepoint():
                    done.append({"id": kept.id} | _by_listing(actor, import_row, t))
                continue
            except Busy:
                raise
            except ShopError as error:
                moved = [planning.problem_of(e) for e in getattr(error, "all", [error])]
        if moved:
            if strict:
                raise _Moved(moved[0] | {"number": kept.number})
            results.append({"id": kept.id, "result": Result.LEFT, "left": moved})
        elif t.outcome is Outcome.UNCHANGED:
            results.append({"id": kept.id, "result": Result.LEFT, "left": [_said(N_("Không còn gì để đổi."))]})
        else:
            wishes.append((kept.id, t))
    for (
        _row_id,
        t,
    ) in wishes:  # of goods that customers know, the page is closed and opened as the listings page does it
        if t.wish is not None and t.wish.state is not None and t.wish.goods.was_shown:
            _page(actor, import_row.producer_id, t.wish)
    written = [t.wish for _i, t in wishes if t.wish is not None]
    bulk.write(actor, "imports.write", target(import_row), written)
    drafts = {int(w.goods.product_id or 0) for w in written if not w.goods.was_shown}
    many.begin(actor, import_row.producer_id, sorted(drafts))
    many.note(actor, [line for _i, t in wishes for line in history.of(t)])
    done += [
        {
            "id": row_id,
            "result": Result.WRITTEN,
            "product_id": t.wish.goods.product_id,
            "variant_id": t.wish.pack.variant_id if t.wish.pack is not None else None,
            "before": t.before,
            "after": t.after,
        }
        for row_id, t in wishes
        if t.wish is not None
    ]
    bulk.update_rows(ImportRow, results)
    bulk.update_rows(ImportRow, done)
    s.execute(update(Import).where(Import.id == import_id).values(done=Import.done + len(rows)))
    return len(rows)


def _page(actor: Actor, producer_id: int, wish: bulk.Wish) -> None:
    product_id, state, wish.state = int(wish.goods.product_id or 0), wish.state, None
    if state is ProductState.HIDDEN:
        listings.hide(actor, producer_id, product_id)
    elif state is ProductState.SHOWN:
        listings.show(actor, producer_id, product_id)


def _by_listing(actor: Actor, row: Import, t: Tried) -> dict[str, Any]:
    """Let a row go the way of the listings page: small changes at once, the others before a reviewer; what its row keeps."""
    wish = t.wish
    if wish is None:
        raise TypeError("a row without a wish")
    if wish.state is not None:
        _page(actor, row.producer_id, wish)
    said: dict[str, Any] = {n: v for n, v in wish.product.items() if n in rules.PRODUCT_FIELDS}
    pack: dict[str, Any] = dict(wish.variant)
    if wish.price is not None and wish.price[0] is not None:
        pack["price"] = wish.price[0]
    if wish.pack_state is not None:
        pack["state"] = wish.pack_state.value
    if pack:
        said["variants"] = [{"sku": wish.sku} | pack]
    after = dict(t.after or {})
    if said:
        result = listings.submit(
            actor,
            row.producer_id,
            wish.goods.product_id,
            said,
            op_key=f"import:{row.reference}:{t.raw.position}:{row.work}",
        )
        if result.outcome == "queued":
            after["reference"] = result.reference
            after["queued"] = [[d.subject, d.field, d.after] for d in result.changes if not d.free]
    return {
        "result": Result.WRITTEN,
        "product_id": wish.goods.product_id,
        "variant_id": wish.pack.variant_id if wish.pack is not None else None,
        "before": t.before,
        "after": after,
    }


def _said(title: str, key: str = "") -> dict[str, Any]:
    return {"key": key, "title": title, "values": {}, "suggestion": ""}


def _applied(actor: Actor, import_id: int) -> None:
    session().expire_all()
    row = session().get_one(Import, import_id)
    results = dict(
        session()
        .execute(
            select(ImportRow.result, func.count()).where(ImportRow.import_id == import_id).group_by(ImportRow.result)
        )
        .all()
    )
    row.counts = row.counts | {
        "written": results.get(Result.WRITTEN, 0),
        "left": results.get(Result.LEFT, 0),
    }
    row.applied_at = clock.now()
    _go(actor, row, State.APPLIED)
    audit.record(actor, "imports.applied", target(row), **row.counts)


# --- rows that are not there -------------------------------------------------------------------------------------


def hide_absent(actor: Actor, import_id: int, skus: Sequence[str]) -> int:
    """Stop offering packs of the producer that the table does not name; return how many. A step of its own, never done by
    writing the rows.

    Raises:
        NotFound, WrongStep: the table is not written, or cannot be undone any more.
    """
    with transaction() as s:
        row = locked(import_id)
        if row.state is not State.APPLIED:
            raise WrongStep
        absent = {a.sku: a.variant_id for a in queries.absent(row)}
        ids = sorted(absent[sku] for sku in set(skus) if sku in absent)
        if not ids:
            raise Invalid(N_("Hãy chọn ít nhất một quy cách."), field="sku")
        wishes = []
        for product_id, variant_id, sku in s.execute(
            select(Variant.product_id, Variant.id, Variant.sku).where(Variant.id.in_(ids)).order_by(Variant.id)
        ):
            wishes.append(_pack_state(product_id, variant_id, sku, VariantState.HIDDEN))
        bulk.write(actor, "imports.hide-absent", target(row), wishes)
        row.hidden = sorted({*row.hidden, *ids})
        row.updated_at = clock.now()
        return len(ids)


def _pack_state(product_id: int, variant_id: int, sku: str, state: VariantState) -> bulk.Wish:
    goods = intake.Goods(product_id, {}, ProductState.DRAFT)
    return bulk.Wish(goods, sku=sku, pack=intake.Pack(variant_id, goods, {}, None, None), pack_state=state, note=sku)


# --- take back ---------------------------------------------------------------------------------------------------


def start_undo(actor: Actor, import_id: int) -> None:
    """Let the facts of before be restored, but for what was changed again since.

    Raises:
        NotFound, WrongStep; TooLate: more than a day ago.
    """
    with transaction():
        row = locked(import_id)
        if row.state is not State.APPLIED or row.applied_at is None:
            raise WrongStep
        if clock.now() > row.applied_at + UNDO_FOR:
            raise TooLate
        _go(actor, row, State.UNDOING)
        row.work += 1
        row.done = 0
        audit.record(actor, "imports.start-undo", target(row))
        _later("imports.undo", actor, row)


def undo(actor: Actor, import_id: int, work: int) -> None:
    """Restore, last row first, batch by batch; as `apply`, it goes on where another run was stopped."""
    row = queries.by_id(import_id)
    if row.work != work or row.state is not State.UNDOING:
        return
    while True:
        with transaction() as s:
            found = _wanted(import_id, work, State.UNDOING)
            if found is None:
                return
            rows = s.scalars(
                select(ImportRow)
                .where(ImportRow.import_id == import_id, ImportRow.result == Result.WRITTEN)
                .order_by(ImportRow.position.desc())
                .limit(BATCH)
            ).all()
            if not rows:
                _undone(actor, found)
                break
            _restore(actor, found, rows)
            found.done += len(rows)
    leave_database()


def _restore(actor: Actor, row: Import, rows: Sequence[ImportRow]) -> None:
    shelf = planning.Shelf(row.producer_id)
    shelf.add(sorted({r.product_id for r in rows if r.product_id is not None}))
    packs = {pack.variant_id: pack for pack in shelf.by_sku.values()}
    wishes: list[bulk.Wish] = []
    lines: list[history.Line] = []
    for one in rows:
        goods, pack = shelf.by_id.get(int(one.product_id or 0)), packs.get(one.variant_id)
        if goods is None:
            one.result, one.left = (
                Result.KEPT,
                [_said(N_("Không tìm thấy sản phẩm này. Có thể cửa hàng đã ngừng giới thiệu."))],
            )
            continue
        after = one.after or {}
        wish, kept = planning.taking_back(goods, pack, one.before or {}, after)
        if after.get("queued") and not many.take_back(actor, after["reference"], after["queued"]):
            kept.append(_said(N_("Thay đổi chờ duyệt đã được xem hoặc sửa nên giữ nguyên.")))
        if wish.state is ProductState.HIDDEN and not goods.was_shown:
            if many.put_away(actor, [int(one.product_id or 0)]):
                kept, wish.state, wish.pack_state = [_said(N_("Sản phẩm đã gửi duyệt nên giữ nguyên."))], None, None
            goods.state = ProductState.HIDDEN
        elif wish.state is not None and goods.was_shown:
            try:
                with db.savepoint():
                    _page(actor, row.producer_id, wish)
            except ShopError as error:
                wish.state = None
                kept.append(planning.problem_of(error, "state"))
        wish.sku, wish.note = one.sku or "", [one.sku, [k["key"] for k in kept]]
        one.result, one.left = (Result.KEPT if kept else Result.UNDONE), kept or None
        wishes.append(wish)
        lines += history.back(one)
    session().flush()
    bulk.write(actor, "imports.undo", target(row), wishes)
    many.note(actor, lines)


def _undone(actor: Actor, row: Import) -> None:
    if row.hidden:
        wishes = []
        for batch in in_batches(list(row.hidden)):
            for product_id, variant_id, sku in session().execute(
                select(Variant.product_id, Variant.id, Variant.sku).where(
                    Variant.id.in_(batch), Variant.state == VariantState.HIDDEN
                )
            ):
                wishes.append(_pack_state(product_id, variant_id, sku, VariantState.SHOWN))
        bulk.write(actor, "imports.show-absent", target(row), wishes)
    session().flush()
    results = dict(
        session()
        .execute(select(ImportRow.result, func.count()).where(ImportRow.import_id == row.id).group_by(ImportRow.result))
        .all()
    )
    row.counts = row.counts | {"undone": results.get(Result.UNDONE, 0), "kept": results.get(Result.KEPT, 0)}
    _go(actor, row, State.UNDONE)
    audit.record(actor, "imports.undone", target(row), **row.counts)
