"""The machine's part: lines are sorted into queues; what matches exactly is credited, some dozens of plain ones in one
transaction, and each that is not so plain, or whose batch failed, in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import insert, select, update

from shop.banking import deciding
from shop.banking.models import BankLine, LineStep, Queue, Use
from shop.banking.services import books
from shop.banking.services.lines import step_of
from shop.kernel.actor import SYSTEM
from shop.kernel.db import in_batches, session, transaction
from shop.kernel.errors import Busy, ShopError
from shop.payments.errors import PaymentClosed
from shop.payments.models import PaymentReceipt

log = structlog.get_logger("banking")
AT_ONCE = 500
# Lines credited in one transaction: enough to share its statements, few enough not to keep anybody waiting for their orders.
TOGETHER = 50


def run(only: Sequence[int] | None = None) -> None:
    """Sort the lines that wait for it (of `only`, if given) and credit what is exact.

    Raises:
        Busy: the database could not be written to; what was done is done, the rest waits for the next run.
    """
    while sort(only):
        pass
    credit_exact(only)


def sort(only: Sequence[int] | None = None) -> int:
    """Sort at most `AT_ONCE` new lines; return how many."""
    with transaction() as s:
        wanted = select(BankLine).where(BankLine.queue == Queue.NEW)
        if only is not None:
            wanted = wanted.where(BankLine.id.in_(only))
        lines = list(
            s.scalars(
                wanted.order_by(BankLine.id).limit(AT_ONCE).with_for_update(skip_locked=True),
                execution_options={"populate_existing": True},
            )
        )
        if not lines:
            return 0
        decisions = deciding.decide(lines)
        s.execute(
            update(BankLine),
            [{"id": i, "queue": d.queue, "hint": d.hint, "about_id": d.about_id} for i, d in decisions.items()],
        )
        s.execute(
            insert(LineStep),
            [
                step_of(SYSTEM, i, "sorted", {"queue": d.queue.value, "reasons": (d.hint or {}).get("reasons", [])})
                for i, d in decisions.items()
            ],
        )
        return len(lines)


def credit_exact(only: Sequence[int] | None = None) -> int:
    """Credit every line that matches exactly; return how many.

    Raises:
        Busy: as `run`.
    """
    wanted = select(BankLine.id).where(BankLine.queue == Queue.EXACT)
    if only is not None:
        wanted = wanted.where(BankLine.id.in_(only))
    done = 0
    failed: Exception | None = None
    for some in in_batches(session().scalars(wanted.order_by(BankLine.id)).all(), TOGETHER):
        try:
            together = _credit_together(some)
        except Busy as error:  # so would each of them be
            failed = error
            continue
        done += len(together)
        for line_id in some:
            if line_id in together:
                continue
            try:
                done += _credit(line_id)
            except Exception as error:  # noqa: BLE001 - one line must not keep the others waiting; it is told at the end
                log.warning("a line could not be credited", line=line_id, error=repr(error))
                failed = error
    if failed is not None:
        raise failed
    return done


def _credit_together(ids: Sequence[int]) -> frozenset[int]:
    """The lines of `ids` that bring the whole sum of an order which simply waits for it, in one transaction; return which. If
    anything of it fails nothing has happened, and each line is left to its own."""
    if len(ids) == 1:
        return frozenset()
    try:
        with transaction() as s:
            lines = s.scalars(
                select(BankLine)
                .where(BankLine.id.in_(ids), BankLine.queue == Queue.EXACT)
                .order_by(BankLine.id)
                .with_for_update(),
                execution_options={"populate_existing": True},
            ).all()
            wanted: dict[int, int] = {}
            for line in lines:
                hint = line.hint or {}
                parts = hint.get("parts") if hint.get("action") == "credit" else None
                if parts and len(parts) == 1 and parts[0][1] == line.amount and parts[0][0] not in wanted:
                    wanted[parts[0][0]] = line.id
            done = books.credit_whole(SYSTEM, {line_id: payment_id for payment_id, line_id in wanted.items()})
            if done:
                s.execute(insert(LineStep), [step_of(SYSTEM, i, "matched", {"action": "credit"}) for i in done])
            return frozenset(done)
    except Busy:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one line's, which is found when each goes alone
        log.warning("lines could not be credited together", lines=len(ids), error=repr(error))
        return frozenset()


def _credit(line_id: int) -> bool:
    """One line; False if it was no longer to be credited. What the books of payments refuse goes to a person."""
    try:
        with transaction():
            line = books.lock(BankLine.id == line_id)
            if line.queue != Queue.EXACT:
                return False
            _settle(line)
            line.version += 1
            return True
    except Busy:
        raise
    except ShopError as error:
        _to_people(line_id, Queue.AGAIN if isinstance(error, PaymentClosed) else Queue.UNMATCHED)
        return False


def _settle(line: BankLine) -> None:
    hint = line.hint or {}
    action = hint.get("action")
    if action == "credit":
        for payment_id, amount in hint["parts"]:
            books.credit(SYSTEM, line, payment_id, amount)
    elif action == "adopt":
        receipt = session().get_one(PaymentReceipt, hint["receipt"])
        books.adopt(SYSTEM, line, receipt)
    elif action == "recorded":
        use = Use.REFUND if hint["kind"] == "refund" else Use.PAYOUT
        books.put(SYSTEM, line, use, line.rest_amount, target=hint["reference"], adopted=True)
    books.note(SYSTEM, line, "matched", action=action)


def _to_people(line_id: int, queue: Queue) -> None:
    with transaction():
        line = books.lock(BankLine.id == line_id)
        if line.queue == Queue.EXACT:
            decision = deciding.decide([line])[line.id]
            again = decision.queue is Queue.EXACT
            books.settle(line, queue if again else decision.queue, None if again else decision.hint)
            line.version += 1
            books.note(SYSTEM, line, "sorted", queue=str(line.queue), reasons=[])
