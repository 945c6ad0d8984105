"""Commands of payouts: prepare a batch, a second person approves it, the bank's word for each one.

A statement has at most one living payout: the database keeps a unique index on it, so that it is never paid twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import savepoint, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.payments import vietqr
from shop.producers import queries as producers
from shop.producers.models import BankAccount
from shop.settlement import books, rules
from shop.settlement.errors import BankReferenceUsed, NothingToPay, SettlementStep, TwoPeople
from shop.settlement.events import PayoutPaid
from shop.settlement.models import (
    LIVE,
    Batch,
    BatchState,
    Payout,
    PayoutState,
    Statement,
    StatementState,
)
from shop.settlement.services import steps

NO_ACCOUNT = N_("Cơ sở chưa ghi tài khoản ngân hàng.")
NEW_ACCOUNT = N_("Tài khoản vừa đổi, chờ hết số ngày giữ.")
OTHER_ACCOUNT = N_("Tài khoản đã đổi sau khi lập.")
BAD_ACCOUNT = N_("Số tài khoản hoặc mã ngân hàng không dùng được.")


def _account(producer_id: int) -> tuple[BankAccount | None, str | None]:
    """The account and why nothing may go there, if so."""
    found = producers.bank_account(producer_id)
    if found is None:
        return None, NO_ACCOUNT
    try:
        vietqr.payload(vietqr.Transfer(found.bank_bin, found.account_number, 1))
    except vietqr.BadPayload:
        return found, BAD_ACCOUNT
    changed = session().scalar(
        select(BankAccount.id).where(BankAccount.producer_id == producer_id, BankAccount.id != found.id).limit(1)
    )
    if changed is not None and found.valid_from > clock.now() - timedelta(days=rules.ACCOUNT_DAYS.get()):
        return found, NEW_ACCOUNT
    return found, None


def prepare(actor: Actor, statements: Sequence[str], *, op_key: str, is_demo: bool = False) -> str:
    """Put agreed statements together for the bank; return the batch's reference. Those whose producer has no account, or a
    new one, are held with the reason and stay payable.

    Raises:
        NothingToPay: none of them is agreed, owed anything and without a living payout.
    """

    def command() -> dict[str, Any]:
        s = session()
        ids = select(Statement.id).where(Statement.reference.in_(list(statements))).order_by(Statement.id)
        rows = [
            s.get(Statement, i, with_for_update=True, populate_existing=True) for i in list(s.scalars(ids))
        ]  # in the order of ids
        live = set(
            s.scalars(
                select(Payout.statement_id).where(
                    Payout.statement_id.in_([r.id for r in rows if r]), Payout.state.in_(LIVE)
                )
            )
        )
        payable = [r for r in rows if r and r.state is StatementState.AGREED and r.payable_amount and r.id not in live]
        if not payable:
            raise NothingToPay
        batch = Batch(
            reference=f"L-{text.reference()}",
            state=BatchState.PREPARED,
            prepared_at=clock.now(),
            prepared_by=actor.key,
            prepared_label=actor.label,
            is_demo=is_demo,
        )
        s.add(batch)
        s.flush()
        steps.begin(actor, batch)
        for row in payable:
            _payout(actor, batch, row)
        audit.record(
            actor, "settlement.prepare", f"batch:{batch.reference}", statements=[r.reference for r in payable],
            amount=sum(r.payable_amount for r in payable),
        )  # fmt: skip
        return {"reference": batch.reference}

    return str(operations.once(op_key, "settlement.prepare", actor.key, sorted(statements), command)["reference"])


def _payout(actor: Actor, batch: Batch, row: Statement) -> None:
    account, why = _account(row.producer_id)
    made = Payout(
        reference=f"P-{text.reference()}",
        batch_id=batch.id,
        statement_id=row.id,
        producer_id=row.producer_id,
        state=PayoutState.HELD if why else PayoutState.PREPARED,
        amount=row.payable_amount,
        bank_bin=account.bank_bin if account else None,
        account_number=account.account_number if account else None,
        holder=account.holder if account else None,
        memo=vietqr.plain(f"Cho Ben tra {row.reference}", 50),
        reason=why,
    )
    session().add(made)
    session().flush()
    steps.begin(actor, made)


def _of(batch_id: int, *states: PayoutState) -> list[Payout]:
    s = session()
    ids = list(s.scalars(select(Payout.id).where(Payout.batch_id == batch_id).order_by(Payout.id)))
    rows = [s.get(Payout, i, with_for_update=True, populate_existing=True) for i in ids]
    return [row for row in rows if row is not None and row.state in states]


def approve(actor: Actor, reference: str, *, op_key: str) -> None:
    """A second person says that the batch may go to the bank. A payout whose account has changed since is held.

    Raises:
        NotFound; SettlementStep: it was approved or cancelled; TwoPeople: by the one who prepared it.
    """

    def command() -> dict[str, Any]:
        batch = steps.locked(Batch, reference)
        if batch.prepared_by == actor.key:
            raise TwoPeople
        for row in _of(batch.id, PayoutState.PREPARED):
            account, why = _account(row.producer_id)
            same = account is not None and (account.bank_bin, account.account_number, account.holder) == (
                row.bank_bin, row.account_number, row.holder
            )  # fmt: skip
            if why or not same:
                steps.step(actor, row, PayoutState.HELD, why or OTHER_ACCOUNT, reason=why or OTHER_ACCOUNT)
            else:
                steps.step(actor, row, PayoutState.APPROVED)
        steps.step(
            actor, batch, BatchState.APPROVED, None, approved_at=clock.now(), approved_by=actor.key,
            approved_label=actor.label,
        )  # fmt: skip
        audit.record(actor, "settlement.approve", f"batch:{reference}")
        return {}

    operations.once(op_key, "settlement.approve", actor.key, [reference], command)


def cancel(actor: Actor, reference: str, reason: str) -> None:
    """The batch will not go; its statements are payable again.

    Raises:
        NotFound; SettlementStep: it was approved or cancelled; Invalid: no reason.
    """
    reason = text.clean(reason)[:1000]
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")
    with transaction():
        batch = steps.locked(Batch, reference)
        for row in _of(batch.id, PayoutState.PREPARED):
            steps.step(actor, row, PayoutState.DROPPED, reason, reason=reason)
        steps.step(actor, batch, BatchState.CANCELLED, reason)
        audit.record(actor, "settlement.cancel-batch", f"batch:{reference}", reason=reason)


def paid(actor: Actor, reference: str, bank_reference: str, paid_on: date, *, op_key: str) -> None:
    """The bank has paid one payout; its statement is paid.

    Raises:
        NotFound; SettlementStep: it is not approved, or settled already; BankReferenceUsed; Invalid: no number, or a day that
        cannot be.
    """
    number = text.clean(bank_reference).replace("\n", " ").upper()
    if not 3 <= len(number) <= 80:
        raise Invalid(N_("Hãy ghi số giao dịch của ngân hàng."), field="bank_reference")
    if not clock.today() - timedelta(days=366) <= paid_on <= clock.today():
        raise Invalid(N_("Ngày chi không thể ở tương lai hay quá xa."), field="paid_on")

    def command() -> dict[str, Any]:
        row, statement = _locked(reference)
        taken = session().scalar(select(Payout.id).where(Payout.bank_reference == number))
        if taken is not None and taken != row.id:
            raise BankReferenceUsed(field="bank_reference")
        if row.state is not PayoutState.APPROVED:
            raise SettlementStep
        try:
            with savepoint():
                steps.step(
                    actor, row, PayoutState.PAID, number, bank_reference=number, paid_on=paid_on, settled_at=clock.now(),
                    settled_label=actor.label,
                )  # fmt: skip
        except IntegrityError as error:
            raise BankReferenceUsed(field="bank_reference") from error
        steps.step(actor, statement, StatementState.PAID, number)
        books.paid(actor, row.id)
        audit.record(
            actor,
            "settlement.paid",
            f"payout:{reference}",
            statement=statement.reference,
            amount=row.amount,
            bank=number,
        )
        publish(PayoutPaid(row.id))
        return {}

    operations.once(op_key, "settlement.paid", actor.key, [reference, number, paid_on], command)


def unpaid(actor: Actor, reference: str, bank_reference: str) -> None:
    """The bank's transfer that was taken for a payout was not it: the payout waits for the bank again, in the open transaction
    that frees the bank's line.

    Raises:
        NotFound; SettlementStep: it is not paid, or stands on another transfer.
    """
    row, statement = _locked(reference)
    if row.state is not PayoutState.PAID or row.bank_reference != bank_reference.upper():
        raise SettlementStep
    said = N_("Dòng ngân hàng đã khớp không phải khoản này.")
    steps.step(
        actor, row, PayoutState.APPROVED, said, bank_reference=None, paid_on=None, settled_at=None, settled_label=None
    )
    steps.step(actor, statement, StatementState.AGREED, said)
    books.paid(actor, row.id)
    audit.record(
        actor, "settlement.unpaid", f"payout:{reference}", statement=statement.reference, amount=row.amount,
        bank=bank_reference,
    )  # fmt: skip


def failed(actor: Actor, reference: str, reason: str, *, op_key: str) -> None:
    """The bank could not pay; the statement is payable again.

    Raises:
        NotFound; SettlementStep; Invalid: no reason.
    """
    reason = text.clean(reason)[:1000]
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")

    def command() -> dict[str, Any]:
        row, statement = _locked(reference)
        steps.step(
            actor, row, PayoutState.FAILED, reason, reason=reason, settled_at=clock.now(), settled_label=actor.label
        )
        audit.record(actor, "settlement.failed", f"payout:{reference}", statement=statement.reference, reason=reason)
        return {}

    operations.once(op_key, "settlement.failed", actor.key, [reference, reason], command)


def _locked(reference: str) -> tuple[Payout, Statement]:
    """A payout and its statement, locked: the statement first, as everywhere."""
    s = session()
    statement_id = s.scalar(select(Payout.statement_id).where(Payout.reference == reference))
    if statement_id is None:
        raise NotFound
    statement = s.get(Statement, statement_id, with_for_update=True, populate_existing=True)
    row: Payout = steps.locked(Payout, reference)
    if statement is None:
        raise NotFound
    return row, statement
