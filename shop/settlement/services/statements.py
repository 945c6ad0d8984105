"""Commands of statements: close a period, agree, dispute, answer; who says nothing in time agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, cast, func, insert, literal, select

from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.dates import day
from shop.kernel.db import session, streamed, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.points.models import Point
from shop.settlement import rules
from shop.settlement.arithmetic import period_of, seal
from shop.settlement.errors import NoAgreement, PeriodNotOver, SettlementStep
from shop.settlement.events import StatementAnswered, StatementClosed
from shop.settlement.models import (
    Entry,
    EntryKind,
    PeriodKind,
    Remark,
    Statement,
    StatementLine,
    StatementState,
)
from shop.settlement.queries.agreements import Book
from shop.settlement.services import corrections, entries, finding, steps

SEAL_VERSION = 1


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing gave: nothing happened in an empty period, it was passed over."""

    reference: str
    lines: int
    closing_amount: int
    passed_over: bool


def close(actor: Actor, reference: str, *, op_key: str) -> Closed:
    """Close the open statement of a producer whose period is over: what is known by then is found, taken in, added up and
    sealed; the next period is open. The same `op_key` closes once.

    Raises:
        NotFound; SettlementStep: it is closed already; PeriodNotOver; NoAgreement: sales without any agreement.
    """
    producer_id = session().scalar(select(Statement.producer_id).where(Statement.reference == reference))
    if producer_id is None:
        raise NotFound
    finding.sweep(producer_id)

    def command() -> dict[str, Any]:
        entries.account(producer_id)
        row = steps.locked(Statement, reference)
        if row.state is not StatementState.OPEN:
            raise SettlementStep
        if row.to_on >= clock.today():
            raise PeriodNotOver(day=day(row.to_on))
        return _close(actor, row)

    done = operations.once(op_key, "settlement.close", actor.key, [reference], command)
    return Closed(**done)


def _close(actor: Actor, row: Statement) -> dict[str, Any]:
    s = session()
    waiting = finding.lines_of(row.producer_id, row.to_on)
    taken = select(Entry.id, cast(literal(row.id), Integer)).where(waiting)
    s.execute(insert(StatementLine).from_select(["entry_id", "statement_id"], taken))
    totals = totals_of(row.id)
    n = sum(total[4] for total in totals)  # counted: a driver need not tell how many an INSERT … SELECT wrote
    book = Book([row.producer_id])
    agreed = book.on(row.producer_id, row.to_on)
    following = period_of(row.to_on + timedelta(days=1), agreed.period if agreed else PeriodKind.MONTH)
    following = (row.to_on + timedelta(days=1), following[1])
    if n == 0:
        row.from_on, row.to_on = following
        s.flush()
        return {"reference": row.reference, "lines": 0, "closing_amount": row.closing_amount, "passed_over": True}
    if agreed is None and _needs_agreement(row.id):
        raise NoAgreement
    row.totals = totals
    row.lines = n
    row.entries_amount = sum(total[6] for total in row.totals)
    row.closing_amount = row.opening_amount + row.entries_amount
    row.agreement_id = agreed.id if agreed else None
    row.withholding = _withholding(book, row, agreed)
    now = clock.now()
    row.closed_at, row.closed_label = now, actor.label
    row.due_on = clock.today() + timedelta(days=agreed.term_days if agreed else 0)
    row.answer_until = now + timedelta(days=rules.ANSWER_DAYS.get())
    row.seal_version, row.seal = SEAL_VERSION, seal_of(row)
    steps.step(actor, row, StatementState.CLOSED)
    entries.open_period(actor, row.producer_id, following, min(row.closing_amount, 0), demo=row.is_demo)
    audit.record(
        actor, "settlement.close", f"statement:{row.reference}", lines=n, closing=row.closing_amount, seal=row.seal
    )
    publish(StatementClosed(row.id))
    return {"reference": row.reference, "lines": n, "closing_amount": row.closing_amount, "passed_over": False}


def _needs_agreement(statement_id: int) -> bool:
    return session().scalar(
        select(Entry.id)
        .join(StatementLine, StatementLine.entry_id == Entry.id)
        .where(StatementLine.statement_id == statement_id, Entry.kind == EntryKind.SALE)
        .limit(1)
    ) is not None  # fmt: skip


def _withholding(book: Book, row: Statement, agreed: Any) -> str | None:
    taxed = {EntryKind.VAT.value, EntryKind.INCOME.value}
    if any(total[0] in taxed for total in row.totals or ()):
        return "withheld"
    return book.withheld(agreed, row.to_on)[0] if agreed else None


def totals_of(statement_id: int) -> list[list[Any]]:
    """The sums of a statement's lines: [kind, channel, point id, point, lines, units, amount]."""
    rows = session().execute(
        sums().join(StatementLine, StatementLine.entry_id == Entry.id).where(StatementLine.statement_id == statement_id)
    )
    return [listed(row) for row in rows]


def sums() -> Any:
    """SELECT of the sums of entries by kind, channel and point."""
    return (
        select(
            Entry.kind, Entry.channel, Entry.point_id, Point.name, func.count(), func.sum(Entry.quantity),
            func.sum(Entry.amount),
        )
        .outerjoin(Point, Point.id == Entry.point_id)
        .group_by(Entry.kind, Entry.channel, Entry.point_id, Point.name)
        .order_by(Entry.kind, Entry.channel, Entry.point_id)
    )  # fmt: skip


def listed(row: Any) -> list[Any]:
    """One of those sums as plain values."""
    return [row[0].value, row[1], row[2], row[3], int(row[4]), int(row[5] or 0), int(row[6] or 0)]


def seal_of(row: Statement) -> str:
    """The seal of a statement as its rows stand now."""
    e = Entry
    lines = streamed(
        select(e.id, e.cause, e.kind, e.quantity, e.unit_amount, e.base_amount, e.rate_bp, e.amount, e.reference, e.happened_at)
        .join(StatementLine, StatementLine.entry_id == e.id)
        .where(StatementLine.statement_id == row.id)
        .order_by(e.id),
        size=2000,
    )  # fmt: skip
    head = (row.reference, row.producer_id, row.from_on, row.to_on, row.opening_amount, row.closing_amount, row.lines)
    return seal(head, lines)


def agree(actor: Actor, reference: str) -> None:
    """The producer agrees to a closed statement (or to the answers he got).

    Raises:
        NotFound; SettlementStep.
    """
    with transaction():
        row = steps.locked(Statement, reference)
        _agree(actor, row, None)


def _agree(actor: Actor, row: Statement, reason: str | None) -> None:
    steps.step(
        actor, row, StatementState.AGREED, reason, agreed_at=clock.now(), agreed_by=actor.key, agreed_label=actor.label
    )
    audit.record(actor, "settlement.agree", f"statement:{row.reference}", payable=row.payable_amount)


def agree_overdue(limit: int = 200) -> int:
    """Whoever has had his time and said nothing agrees; return how many."""
    s = session()
    states = (StatementState.CLOSED, StatementState.ANSWERED)
    due = list(
        s.scalars(
            select(Statement.reference)
            .where(Statement.state.in_(states), Statement.answer_until <= clock.now())
            .order_by(Statement.id)
            .limit(limit)
        )
    )
    done = 0
    for reference in due:
        with transaction():
            row = steps.locked(Statement, reference)
            if row.state in states and row.answer_until is not None and row.answer_until <= clock.now():
                _agree(SYSTEM, row, N_("Quá hạn trả lời, coi như đồng ý"))
                done += 1
    return done


def dispute(actor: Actor, reference: str, reason: str, entry_ids: Sequence[int] = (), *, op_key: str) -> None:
    """The producer finds the statement wrong, or some of its lines. More may be said while it is disputed.

    Raises:
        NotFound: no such statement, or a line of another; SettlementStep: it is not closed, or agreed; Invalid: no reason.
    """
    reason = text.clean(reason)[:2000]
    if len(reason) < 5:
        raise Invalid(N_("Hãy viết rõ chỗ chưa đúng (ít nhất 5 ký tự)."), field="reason")

    def command() -> dict[str, Any]:
        s = session()
        row = steps.locked(Statement, reference)
        mine = select(StatementLine.entry_id).where(
            StatementLine.statement_id == row.id, StatementLine.entry_id.in_(list(entry_ids))
        )
        if set(s.scalars(mine)) != set(entry_ids):
            raise NotFound
        if row.state is not StatementState.DISPUTED:
            steps.step(actor, row, StatementState.DISPUTED, reason)
        now = clock.now()
        about: list[int | None] = [*sorted(set(entry_ids))] or [None]
        s.execute(
            insert(Remark),
            [
                {
                    "reference": f"Y-{text.reference()}", "statement_id": row.id, "entry_id": entry_id, "reason": reason,
                    "made_at": now, "made_label": actor.label,
                }
                for entry_id in about
            ],
        )  # fmt: skip
        audit.record(actor, "settlement.dispute", f"statement:{reference}", reason=reason, lines=len(entry_ids))
        return {}

    body = [reference, reason, sorted(entry_ids)]
    operations.once(op_key, "settlement.dispute", actor.key, body, command)


def answer(actor: Actor, reference: str, words: str, amount: int = 0, *, op_key: str) -> None:
    """Answer a remark (by its reference); an `amount` that is not nothing becomes a correction in the statement that is open.
    The last answer gives the statement back to the producer with a new term.

    Raises:
        NotFound; SettlementStep: it is answered already; Invalid: no words.
    """
    words = text.clean(words)[:2000]
    if len(words) < 5:
        raise Invalid(N_("Hãy viết câu trả lời (ít nhất 5 ký tự)."), field="answer")

    def command() -> dict[str, Any]:
        s = session()
        found = s.execute(
            select(Remark.id, Statement.reference)
            .join(Statement, Statement.id == Remark.statement_id)
            .where(Remark.reference == reference)
        ).first()
        if found is None:
            raise NotFound
        statement = steps.locked(Statement, found[1])
        remark = db.locked(Remark, found[0], NotFound)
        if remark.answer is not None or statement.state is not StatementState.DISPUTED:
            raise SettlementStep
        if amount:
            made = corrections.write(
                actor, statement.producer_id, amount, f"{statement.reference}: {words}"[:1000], remark.entry_id,
                is_demo=statement.is_demo,
            )  # fmt: skip
            remark.correction_id = made.id
        remark.answer, remark.answered_at, remark.answered_label = words, clock.now(), actor.label
        s.flush()
        left = s.scalar(
            select(func.count()).where(Remark.statement_id == statement.id, Remark.answer.is_(None)).select_from(Remark)
        )
        if not left:
            until = clock.now() + timedelta(days=rules.ANSWER_DAYS.get())
            steps.step(actor, statement, StatementState.ANSWERED, None, answer_until=until)
            publish(StatementAnswered(statement.id))
        audit.record(actor, "settlement.answer", f"statement:{statement.reference}", remark=reference, amount=amount)
        return {}

    operations.once(op_key, "settlement.answer", actor.key, [reference, words, amount], command)
