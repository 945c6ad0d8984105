"""What must hold of the bank's lines (`flask audit`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import String, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from shop.banking import deciding
from shop.banking.models import Allocation, BankFile, BankLine, LineState, Queue, Use
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.ledger import sources
from shop.ledger.models import Posting
from shop.orders.models import Order, PaymentMethod
from shop.payments.models import Payment, PaymentReceipt, Refund, RefundState

PROMISED = timedelta(minutes=15)
_BACK = aliased(Allocation)
_LIVE = and_(
    Allocation.reverses_id.is_(None),
    ~select(_BACK.id).where(_BACK.reverses_id == Allocation.id).correlate(Allocation).exists(),
)


@invariant("banking.line-is-its-parts")
def parts() -> Iterator[str]:
    """What is handled of a line is the sum of its parts, never beyond its amount; done means all of it, open means a queue."""
    total = select(Allocation.line_id, func.sum(Allocation.amount).label("n")).group_by(Allocation.line_id).subquery()
    rows = session().scalars(
        select(BankLine.reference)
        .outerjoin(total, total.c.line_id == BankLine.id)
        .where(
            or_(
                BankLine.handled_amount != func.coalesce(total.c.n, 0),
                BankLine.handled_amount > func.abs(BankLine.amount),
                and_(BankLine.state != LineState.OPEN, BankLine.handled_amount != func.abs(BankLine.amount)),
                (BankLine.state == LineState.OPEN) != BankLine.queue.is_not(None),
            )
        )
    )
    yield from (f"line {r}" for r in rows)


@invariant("banking.credited-as-allotted")
def credited() -> Iterator[str]:
    """Each part for an order has a receipt of that payment over exactly its amount; each receipt that a line wrote, and that
    was not taken back, is exactly one line's part."""
    rows = session().execute(
        select(BankLine.reference, Allocation.id)
        .join(BankLine, BankLine.id == Allocation.line_id)
        .outerjoin(PaymentReceipt, PaymentReceipt.id == Allocation.receipt_id)
        .where(
            Allocation.use.in_([Use.PAYMENT, Use.RETURN]),
            Allocation.reverses_id.is_(None),
            or_(
                PaymentReceipt.id.is_(None),
                PaymentReceipt.amount != Allocation.amount,
                PaymentReceipt.payment_id != Allocation.payment_id,
            ),
        )
    )
    yield from (f"line {reference} part {i}" for reference, i in rows)
    back = aliased(PaymentReceipt)
    living = (
        select(Allocation.receipt_id, func.count().label("n"))
        .where(_LIVE, Allocation.receipt_id.is_not(None))
        .group_by(Allocation.receipt_id)
        .subquery()
    )
    taken = select(back.id).where(back.reverses_id == PaymentReceipt.id).correlate(PaymentReceipt).exists()
    receipts = session().scalars(
        select(PaymentReceipt.reference)
        .outerjoin(living, living.c.receipt_id == PaymentReceipt.id)
        .where(
            or_(
                func.coalesce(living.c.n, 0) > 1,
                and_(
                    PaymentReceipt.evidence.like("bank:%"),
                    PaymentReceipt.reverses_id.is_(None),
                    ~taken,
                    living.c.n.is_(None),
                ),
                and_(taken, living.c.n.is_not(None)),
            )
        )
    )
    yield from (f"receipt {r}" for r in receipts)


@invariant("banking.credited-once")
def once() -> Iterator[str]:
    """A transaction of the bank is one line, under its number and amount, and under its day, amount, memo and place."""
    for columns in (
        (BankLine.account_id, BankLine.bank_reference, BankLine.amount),
        (BankLine.account_id, BankLine.booked_on, BankLine.amount, BankLine.memo_key, BankLine.ordinal),
    ):
        rows = session().scalars(
            select(func.min(BankLine.reference))
            .where(columns[1].is_not(None))
            .group_by(*columns)
            .having(func.count() > 1)
        )
        yield from (f"line {r}" for r in rows)


@invariant("banking.ways-do-not-mix")
def ways() -> Iterator[str]:
    """Only money that came pays orders, only money that left confirms refunds and payouts."""
    rows = session().scalars(
        select(BankLine.reference)
        .join(Allocation, Allocation.line_id == BankLine.id)
        .where(
            or_(
                and_(BankLine.amount < 0, Allocation.use.in_([Use.PAYMENT, Use.RETURN, Use.KEPT, Use.REMITTANCE])),
                and_(BankLine.amount > 0, Allocation.use.in_([Use.REFUND, Use.PAYOUT])),
            )
        )
    )
    yield from (f"line {r}" for r in rows)


@invariant("banking.sorted-in-time")
def sorted_in_time() -> Iterator[str]:
    """The machine's own queues are empty after 15 minutes."""
    rows = session().scalars(
        select(BankLine.reference).where(
            BankLine.queue.in_([Queue.NEW, Queue.EXACT]), BankLine.seen_at < clock.now() - PROMISED
        )
    )
    yield from (f"line {r}" for r in rows)


@invariant("banking.files-have-their-bytes")
def files() -> Iterator[str]:
    """The bytes of every statement that is kept are there."""
    kept = select(BankFile.reference, BankFile.file_key).where(BankFile.file_key != "")
    for reference, key in session().execute(kept):
        if not storage().exists(key):
            yield f"file {reference}"


@invariant("banking.ledger-says-the-same")
def ledger_agrees() -> Iterator[str]:
    """Each line of the bank, and each use its money was put to, stands in the ledger, as it is."""
    yield from sources.compare("bank-line", "bank-part")


@invariant("banking.transfers-await-their-lines")
def awaiting() -> Iterator[str]:
    """What the ledger says of an order's transfers that no statement has shown is what people wrote down and no line was put
    to: money that came, less refunds that went."""
    s = session()
    wanted: dict[str, int] = defaultdict(int)
    called = dict(
        s.execute(
            select(Payment.id, Order.reference)
            .join(Order, Order.id == Payment.order_id)
            .where(Payment.provider == PaymentMethod.VIETQR.value)
        ).all()
    )
    for receipt in deciding.by_hand(PaymentReceipt.reverses_id.is_(None)):
        wanted[called[receipt.payment_id]] += receipt.amount
    shown = select(Allocation.id).where(
        _LIVE, Allocation.use == Use.REFUND, Allocation.target == cast(Refund.id, String)
    )
    refunds = s.execute(
        select(Order.reference, Refund.amount)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Refund.state == RefundState.SUCCEEDED, ~shown.correlate(Refund).exists(),
            or_(Refund.to_account.is_not(None), Payment.method.in_([PaymentMethod.VIETQR, PaymentMethod.COD])),
            Payment.provider != "till",
        )
    )  # fmt: skip
    for reference, amount in refunds:
        wanted[reference] -= amount
    posted = (
        select(Posting.party, func.sum(Posting.amount))
        .where(Posting.account == "transit", Posting.party.like("order:%"))
        .group_by(Posting.party)
        .having(func.sum(Posting.amount) != 0)
    )
    there = {str(party).removeprefix("order:"): int(n) for party, n in s.execute(posted)}
    for reference in sorted(wanted.keys() | there.keys()):
        if wanted.get(reference, 0) != there.get(reference, 0):
            yield f"order {reference}: {there.get(reference, 0)} in the ledger, {wanted.get(reference, 0)} awaited"
