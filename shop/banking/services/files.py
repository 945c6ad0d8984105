"""Statements: sent, their columns confirmed, tried without writing, written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import delete, insert, select, update

from shop.banking import layouts, queries, reading, rules
from shop.banking.errors import FileStep
from shop.banking.models import BankFile, BankRow, FileState, RowOutcome, ShopAccount
from shop.banking.reading import Read
from shop.banking.services import accounts, lines, matching
from shop.kernel import audit, clock, jobs, operations, storage, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, transaction
from shop.kernel.errors import N_, Busy, Invalid, NotFound
from shop.kernel.sheets import BadTable

MATCHED_AT_ONCE = 100
EMPTY = N_("Dưới dòng tiêu đề không có dòng nào.")


def upload(actor: Actor, account: str, content: bytes, file_name: str, *, op_key: str, is_demo: bool = False) -> str:
    """Keep a statement of an account and look it over; return its reference. The same `op_key` again returns the same.

    A known layout, or a head that was matched before for this account, is tried at once; another waits for a person.

    Raises:
        BadTable: it cannot be read, has no head, no row or too many. NotFound: there is no such account.
    """
    book = reading.opened(content, file_name)
    found = reading.survey(book)
    if account == queries.OWN:
        account = accounts.own()
    account_id, remembered = _account(account, found.head)
    columns = remembered or found.columns
    sure = remembered is not None or found.layout is not None
    rows = list(reading.rows(book, found.sheet, found.head_row, found.head, columns, found.verdicts))
    if not rows:
        raise BadTable(EMPTY)
    key = storage.key_for("bank", content, "xlsx" if content.startswith(b"PK") else "csv")
    storage.storage().put(key, content)

    def command() -> dict[str, Any]:
        s = session()
        row = BankFile(
            reference=f"KE-{text.reference()}",
            account_id=account_id,
            state=FileState.MATCHING,
            file_name=text.clean(file_name).replace("\n", " ")[:200] or "sao kê",
            file_key=key,
            layout=found.layout,
            sheet=found.sheet,
            head_row=found.head_row,
            head=found.head,
            samples=found.samples,
            columns=columns,
            verdicts=found.verdicts,
            counts={},
            created_at=clock.now(),
            created_key=actor.key,
            created_label=actor.label,
            is_demo=is_demo,
        )
        s.add(row)
        s.flush()
        audit.record(actor, "banking.upload", f"bank-file:{row.reference}", file=row.file_name, account=account)
        if sure:
            _try(row, rows)
        return {"reference": row.reference}

    return str(operations.once(op_key, "banking.upload", actor.key, [account, key], command)["reference"])


def _account(reference: str, head: Sequence[str]) -> tuple[int, list[str | None] | None]:
    account = session().scalar(select(ShopAccount).where(ShopAccount.reference == reference))
    if account is None:
        raise NotFound
    known = account.mappings.get(layouts.signature(head))
    return account.id, known if known is not None and len(known) == len(head) else None


def _locked(reference: str, *states: FileState) -> BankFile:
    """Raises NotFound; FileStep: it is not at this step."""
    row = session().scalar(
        select(BankFile).where(BankFile.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if row is None:
        raise NotFound
    if row.state not in states:
        raise FileStep
    return row


def match(actor: Actor, reference: str, keys: Sequence[str | None]) -> None:
    """A person says what the columns are; it is remembered for this head of this account, and every row is tried.

    Raises:
        NotFound, FileStep. Invalid: an unknown or doubled column, no day, or nothing that tells amounts.
    """
    known = [k for k in keys if k]
    if any(k not in layouts.COLUMNS for k in known):
        raise Invalid(N_("Cột này không có trong danh sách."), field="columns")
    for n, k in enumerate(keys):
        if k and known.count(k) > 1:
            raise Invalid(N_("Mỗi loại cột chỉ chọn một lần."), field=f"column-{n}")
    if "day" not in known:
        raise Invalid(N_("Hãy chọn cột nào là ngày giao dịch."), field="columns")
    if not layouts.enough(keys):
        raise Invalid(N_("Hãy chọn cột tiền vào và tiền ra, hoặc một cột số tiền có dấu."), field="columns")
    if "amount" in known and ("credit" in known or "debit" in known):
        raise Invalid(
            N_("Chọn hoặc cột tiền vào, tiền ra, hoặc cột số tiền có dấu, không chọn cả hai."), field="columns"
        )
    before = session().scalar(select(BankFile).where(BankFile.reference == reference))
    if before is None:
        raise NotFound
    if len(keys) != len(before.head):
        raise FileStep
    rows = _read(before, keys)
    with transaction():
        row = _locked(reference, FileState.MATCHING, FileState.TRIED)
        row.columns = list(keys)
        account = lines.lock(row.account_id)
        account.mappings = account.mappings | {layouts.signature(row.head): list(keys)}
        audit.record(actor, "banking.match", f"bank-file:{reference}", columns=list(keys))
        _try(row, rows)


def _read(row: BankFile, keys: Sequence[str | None]) -> list[Read]:
    book = reading.opened(storage.storage().get(row.file_key))
    return list(reading.rows(book, row.sheet, row.head_row, row.head, keys, row.verdicts))


def rematch(actor: Actor, reference: str) -> None:
    """Go back to the question what the columns are.

    Raises:
        NotFound, FileStep.
    """
    with transaction():
        row = _locked(reference, FileState.TRIED)
        row.state = FileState.MATCHING
        audit.record(actor, "banking.rematch", f"bank-file:{reference}")


def drop(actor: Actor, reference: str) -> None:
    """Leave a statement that nothing was written of.

    Raises:
        NotFound, FileStep.
    """
    with transaction():
        row = _locked(reference, FileState.MATCHING, FileState.TRIED)
        row.state = FileState.DROPPED
        audit.record(actor, "banking.drop", f"bank-file:{reference}")


def _try(row: BankFile, rows: Sequence[Read]) -> None:
    """Account for every row, writing no line."""
    verdicts = lines.compare(row.account_id, rows)
    session().execute(delete(BankRow).where(BankRow.file_id == row.id))
    values = [
        {
            "file_id": row.id,
            "number": read.number,
            "outcome": verdict.outcome,
            "why": verdict.why,
            "booked_on": read.booked_on,
            "amount": read.amount,
            "memo": read.memo if read.booked_on is not None else " · ".join(read.cells.values())[:500] or None,
            "bank_reference": read.bank_reference,
            "payer_name": read.payer_name,
            "payer_account": read.payer_account,
            "line_id": verdict.line_id,
        }
        for read, verdict in zip(rows, verdicts, strict=True)
    ]
    for batch in in_batches(values, 1000):
        session().execute(insert(BankRow), list(batch))
    row.counts = dict(Counter(v.outcome.value for v in verdicts))
    row.state = FileState.TRIED
    session().flush()


def apply(actor: Actor, reference: str) -> int:
    """Write the new lines of a tried statement and let them be matched; return how many. What came meanwhile by another way is
    known now and not written twice.

    Raises:
        NotFound, FileStep.
    """
    return len(_apply(actor, reference))


def apply_and_match(actor: Actor, reference: str) -> None:
    """The same; the lines of a short statement are matched at once, those of a long one by the worker.

    Raises:
        As `apply`.
    """
    ids = _apply(actor, reference)
    if 0 < len(ids) <= MATCHED_AT_ONCE:
        with suppress(Busy):
            matching.run(ids)


def _apply(actor: Actor, reference: str) -> list[int]:
    with transaction() as s:
        row = _locked(reference, FileState.TRIED)
        account = lines.lock(row.account_id)
        kept = s.scalars(
            select(BankRow)
            .where(BankRow.file_id == row.id, BankRow.outcome.in_([RowOutcome.NEW, RowOutcome.KNOWN]))
            .order_by(BankRow.number)
        ).all()
        rows = [
            Read(
                r.number, True, None, r.booked_on, r.amount, (r.memo or "") if r.booked_on else "", r.bank_reference,
                r.payer_name, r.payer_account,
            )
            for r in kept
        ]  # fmt: skip
        verdicts = lines.compare(row.account_id, rows)
        made = lines.write(actor, account, rows, verdicts, source=row.reference, file_id=row.id)
        changes = [
            {"id": r.id, "outcome": v.outcome, "why": v.why, "line_id": v.line_id}
            for r, v in zip(kept, verdicts, strict=True)
            if (v.outcome, v.line_id) != (r.outcome, r.line_id)
        ]
        for batch in in_batches(changes, 1000):
            s.execute(update(BankRow), list(batch))
        outcomes = Counter(v.outcome.value for v in verdicts)
        rest = {k: n for k, n in row.counts.items() if k in {RowOutcome.IGNORED.value}}
        refused = row.counts.get(RowOutcome.REFUSED.value, 0) + outcomes.pop(RowOutcome.REFUSED.value, 0)
        row.counts = dict(outcomes) | rest | ({RowOutcome.REFUSED.value: refused} if refused else {})
        row.state, row.applied_at, row.applied_label = FileState.APPLIED, clock.now(), actor.label
        audit.record(actor, "banking.apply", f"bank-file:{reference}", lines=len(made))
        jobs.enqueue("banking.match", {})
        return made


def forget(limit: int = 200) -> int:
    """Let go of statements that were written or left longer ago than they are kept: their bytes and the rows as they were read.
    The lines stay. Return how many."""
    before = clock.start_of(clock.add_months(clock.today(), -int(rules.KEEP_MONTHS.get())))
    over = select(BankFile.id, BankFile.file_key).where(
        BankFile.state.in_([FileState.APPLIED, FileState.DROPPED]),
        BankFile.created_at < before,
        BankFile.file_key != "",
    )
    gone = session().execute(over.order_by(BankFile.id).limit(limit)).all()
    if not gone:
        return 0
    ids = [i for i, _key in gone]
    with transaction() as s:
        s.execute(delete(BankRow).where(BankRow.file_id.in_(ids)))
        s.execute(
            update(BankFile)
            .where(BankFile.id.in_(ids))
            .values(file_key="", samples=[], head=[], columns=[], verdicts=[])
            .execution_options(synchronize_session=False)
        )
    keys = {key for _i, key in gone}
    kept = set(session().scalars(select(BankFile.file_key).where(BankFile.file_key.in_(keys))))
    for key in sorted(keys - kept):  # the same bytes may be another file's
        storage.storage().delete(key)
    return len(ids)
