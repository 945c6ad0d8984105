"""Send a file and say what its columns are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from shop.imports import columns, files, queries
from shop.imports.errors import WrongStep
from shop.imports.legacy import Encoding, Verdict
from shop.imports.models import ColumnMemory, Import, ImportRow, ImportStep, State
from shop.imports.services import steps, trying
from shop.kernel import audit, clock, operations, storage, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid
from shop.kernel.sheets import BadTable, check_name


def upload(actor: Actor, producer_id: int, content: bytes, file_name: str, *, op_key: str) -> str:
    """Keep a file and look it over; return the reference. The same `op_key` again returns the same.

    A head in our own words, or one the producer has matched before, needs no question: it is tried at once.

    Raises:
        BadTable, TooManyRows: it cannot be read, or is longer than an import may be. ProducerSuspended.
    """
    if len(content) > steps.LARGEST_FILE:
        raise BadTable(N_("Tệp nặng quá %(n)s MB."), n=steps.LARGEST_FILE // 1024 // 1024)
    if not content:
        raise BadTable(N_("Tệp rỗng."))
    steps.active(producer_id)
    key = storage.key_for("imports", content, "xlsx" if content.startswith(b"PK") else "csv")
    book = files.opened(content)
    try:
        found = files.best_sheet(book)
    except BadTable:
        check_name(file_name, content)  # a CSV under the name of an XLSX is read; what is neither is called so
        raise
    if files.count(book, found.sheet, found.head_row) == 0:
        raise BadTable(N_("Dưới dòng tiêu đề không có dòng nào."))
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
        audit.record(actor, "imports.upload", steps.target(row), file=row.file_name, producer=producer_id)
        sure = columns.is_own(found.head) or remembered is not None
        if sure and len(book.names) == 1:
            trying.start_check(actor, row)
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
        row = steps.locked(import_id)
        if row.state is not State.MATCHING:
            raise WrongStep
        remembered = _remembered(row.producer_id, found.head)
        for name, value in _look(found).items():
            setattr(row, name, value)
        if remembered is not None:
            row.columns, row.default_set = list(remembered.columns), remembered.default_set
        row.updated_at = clock.now()
        audit.record(actor, "imports.sheet", steps.target(row), sheet=sheet)


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
            raise Invalid(N_("Cột “%(name)s” có hai lần."), field=f"column-{n}", name=columns.label(k))
    if "sku" not in known and "name" not in known:
        raise Invalid(N_("Hãy chọn cột nào là mã hàng."), field="columns")
    with transaction() as s:
        row = steps.locked(import_id)
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
        audit.record(actor, "imports.match", steps.target(row), columns=list(keys))
        trying.start_check(actor, row)


def rematch(actor: Actor, import_id: int) -> None:
    """Go back to the question what the columns are; what was tried or corrected is forgotten.

    Raises:
        NotFound, WrongStep.
    """
    with transaction() as s:
        row = steps.locked(import_id)
        steps.go(actor, row, State.MATCHING)
        s.execute(delete(ImportRow).where(ImportRow.import_id == row.id))
        row.counts, row.total, row.done, row.problem = {}, 0, 0, None
        audit.record(actor, "imports.rematch", steps.target(row))


def drop(actor: Actor, import_id: int) -> None:
    """Leave an import that nothing was written of.

    Raises:
        NotFound, WrongStep.
    """
    with transaction():
        row = steps.locked(import_id)
        steps.go(actor, row, State.DROPPED)
        audit.record(actor, "imports.drop", steps.target(row))
