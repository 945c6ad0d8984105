"""What must hold of what producers are owed (`flask audit`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import String, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from shop.kernel import clock
from shop.kernel.db import session, streamed
from shop.kernel.invariants import invariant
from shop.ledger import sources
from shop.ledger.models import Posting
from shop.orders.models import Fulfilment, FulfilmentStatus, Order, OrderLine, PaymentStatus
from shop.points.models import Point
from shop.receipts.models import Delivery, Receipt, ReceiptLine, Terms
from shop.settlement.arithmetic import per_rate
from shop.settlement.models import (
    ALLOWED,
    LIVE,
    Account,
    Agreement,
    AgreementState,
    Batch,
    Correction,
    CorrectionState,
    Entry,
    EntryKind,
    Payout,
    PayoutState,
    Statement,
    StatementLine,
    StatementState,
    Step,
)
from shop.settlement.services.entries import OWNER, owner_id
from shop.settlement.services.posting import MONEY_IS_HERE
from shop.settlement.services.statements import seal_of, totals_of
from shop.settlement.services.steps import SUBJECTS
from shop.stock.models import MovementKind, StockLevel, StockMovement

# What a worker and the sweep have had time to post.
PROMISED = timedelta(hours=1)
_SALES = (EntryKind.SALE, EntryKind.RETURN, EntryKind.REFUND)


@invariant("settlement.what-was-sold-is-owed")
def sold() -> Iterator[str]:
    """For each parcel that was delivered and paid an hour ago, the units that left from a producer's goods are exactly the
    units of his sale lines at the line's price, and what came back his return lines; nothing else is."""
    long_ago = clock.now() - PROMISED
    moved: dict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0])
    rows = streamed(
        select(
            StockMovement.reference, StockLevel.owner, StockLevel.variant_id, StockMovement.kind,
            func.sum(StockMovement.quantity),
        )
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            StockLevel.owner.like(f"{OWNER}%"),
            StockMovement.reference.like("order:%"),
            StockMovement.kind.in_([MovementKind.SALE, MovementKind.RETURN]),
        )
        .group_by(StockMovement.reference, StockLevel.owner, StockLevel.variant_id, StockMovement.kind),
        size=2000,
    )  # fmt: skip
    for reference, owner, variant_id, kind, n in rows:
        producer_id = owner_id(owner)
        if producer_id is not None:
            moved[str(reference), producer_id, variant_id][kind is MovementKind.RETURN] += abs(int(n))
    written: dict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    lines = streamed(
        select(
            Order.reference, Fulfilment.number, Entry.producer_id, Entry.variant_id, Entry.kind, func.sum(Entry.quantity),
        )
        .join(Order, Order.id == Entry.order_id)
        .join(OrderLine, OrderLine.id == Entry.line_id)
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .where(Entry.kind.in_(_SALES))
        .group_by(Order.reference, Fulfilment.number, Entry.producer_id, Entry.variant_id, Entry.kind),
        size=2000,
    )  # fmt: skip
    for reference, number, producer_id, variant_id, kind, n in lines:
        written[f"order:{reference}:{number}", producer_id, variant_id][_SALES.index(kind)] += abs(int(n))
    parcels = streamed(
        select(
            Order.reference, Fulfilment.number, Order.payment_status, Fulfilment.status, Fulfilment.delivered_at,
            Order.completed_at,
        ).join(Fulfilment, Fulfilment.order_id == Order.id),
        size=2000,
    )  # fmt: skip
    state = {f"order:{r}:{n}": (paid, status, at, done) for r, n, paid, status, at, done in parcels}
    for key in sorted(set(moved) | set(written)):
        out, back = moved[key]
        sale, returned, refunded = written[key]
        paid, status, at, done = state.get(key[0], (None, None, None, None))
        earned = status is FulfilmentStatus.DELIVERED and paid in MONEY_IS_HERE
        recent = max((x for x in (at, done) if x is not None), default=clock.now()) > long_ago
        wrong = sale not in (0, out) or returned + refunded > sale or returned > back
        if earned and not recent:
            wrong = wrong or sale != out or (returned != back and refunded == 0)
        if sale and not earned and paid is PaymentStatus.REFUNDED and not recent:
            wrong = wrong or returned + refunded != sale
        if wrong:
            yield f"{key[0]} producer {key[1]}: {sale}-{returned}-{refunded} of {out}-{back}"


@invariant("settlement.amounts-are-units-at-their-price")
def amounts() -> Iterator[str]:
    """A line of goods is its units at the price of one, and a sale's price is its order line's."""
    rows = session().execute(
        select(Entry.cause)
        .outerjoin(OrderLine, OrderLine.id == Entry.line_id)
        .where(
            Entry.kind.in_([*_SALES, EntryKind.PURCHASE, EntryKind.LOSS]),
            or_(
                Entry.unit_amount.is_(None),
                Entry.amount != Entry.quantity * Entry.unit_amount,
                and_(Entry.kind.in_(_SALES), Entry.unit_amount != OrderLine.unit_price_amount),
            ),
        )
    )
    yield from (cause for (cause,) in rows)


@invariant("settlement.purchases-are-what-came")
def purchases() -> Iterator[str]:
    """Every line that was bought outright at a known cost is owed once, in the units that came."""
    cost = func.coalesce(ReceiptLine.unit_cost_amount, Entry.unit_amount)
    rows = session().execute(
        select(ReceiptLine.id)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .outerjoin(Entry, and_(Entry.cause == func.concat("receipt-line:", ReceiptLine.id), Entry.kind == EntryKind.PURCHASE))
        .where(
            Delivery.terms == Terms.PURCHASE,
            ReceiptLine.quantity > 0,
            or_(
                and_(
                    Entry.id.is_(None), ReceiptLine.unit_cost_amount.is_not(None), Receipt.received_at < clock.now() - PROMISED
                ),
                Entry.amount != ReceiptLine.quantity * cost,
                Entry.producer_id != Delivery.producer_id,
            ),
        )
    )  # fmt: skip
    yield from (f"receipt line {i}" for (i,) in rows)


@invariant("settlement.own-stores-are-at-own-risk")
def own_risk() -> Iterator[str]:
    """Nothing is owed for goods that a producer lost in his own store: what was once posted there was taken back, with its
    commission."""
    loss, child = aliased(Entry), aliased(Entry)
    here = select(Point.id).where(Point.producer_id == loss.producer_id)
    rows = session().execute(
        select(loss.producer_id, loss.point_id, func.sum(loss.amount))
        .where(loss.kind == EntryKind.LOSS, loss.point_id.in_(here))
        .group_by(loss.producer_id, loss.point_id)
        .having(func.sum(loss.amount) != 0)
    )
    yield from (f"producer {p} at point {at}: {n} paid" for p, at, n in rows)
    kept = session().execute(
        select(loss.producer_id, loss.point_id, func.sum(child.amount))
        .join(child, and_(child.parent_id == loss.id, child.kind == EntryKind.COMMISSION))
        .where(loss.kind == EntryKind.LOSS, loss.point_id.in_(here))
        .group_by(loss.producer_id, loss.point_id)
        .having(func.sum(child.amount) != 0)
    )
    yield from (f"producer {p} at point {at}: {n} commission" for p, at, n in kept)


@invariant("settlement.commission-adds-up")
def commission() -> Iterator[str]:
    """Commission and tax of a sale are their rates of their base, half up; after returns they are those of what is left, so
    that a sale that came back whole leaves none."""
    rows = streamed(
        select(Entry.cause, Entry.base_amount, Entry.rate_bp, Entry.amount, Entry.kind).where(
            Entry.kind.in_([EntryKind.COMMISSION, EntryKind.VAT, EntryKind.INCOME]), Entry.cause.like("%/sale:%")
        ),
        size=2000,
    )
    for cause, base, rate, amount, _kind in rows:
        if base is None or rate is None or -amount != per_rate(base, rate):
            yield cause
    child, undone = aliased(Entry), aliased(Entry)
    left = session().execute(
        select(Entry.cause, Entry.quantity + func.coalesce(func.sum(undone.quantity), 0))
        .join(undone, and_(undone.parent_id == Entry.id, undone.kind.in_([EntryKind.RETURN, EntryKind.REFUND])))
        .where(Entry.kind == EntryKind.SALE)
        .group_by(Entry.id, Entry.cause, Entry.quantity)
        .having(Entry.quantity + func.coalesce(func.sum(undone.quantity), 0) == 0)
    )
    for cause, _n in left:
        sale = session().execute(select(Entry.id).where(Entry.cause == cause)).scalar_one()
        parts = select(Entry.id).where(Entry.parent_id == sale, Entry.kind.in_([EntryKind.RETURN, EntryKind.REFUND]))
        kept = session().execute(
            select(child.kind, func.sum(child.amount))
            .where(
                or_(child.parent_id == sale, child.parent_id.in_(parts)),
                child.kind.in_([EntryKind.COMMISSION, EntryKind.VAT, EntryKind.INCOME, EntryKind.VOUCHER]),
            )
            .group_by(child.kind)
        )
        yield from (f"{cause}: {kind.value} {n}" for kind, n in kept if n)


@invariant("settlement.agreements-are-applied")
def applied() -> Iterator[str]:
    """Each sale and what undid it has its one commission line, where anything is agreed with the producer."""
    child = aliased(Entry)
    n = func.count(child.id)
    agreed = select(Agreement.producer_id).where(
        Agreement.state == AgreementState.AGREED, Agreement.answered_at < clock.now() - PROMISED
    )
    rows = session().execute(
        select(Entry.cause)
        .outerjoin(child, and_(child.parent_id == Entry.id, child.kind == EntryKind.COMMISSION))
        .where(Entry.kind.in_(_SALES), Entry.producer_id.in_(agreed), Entry.posted_at < clock.now() - PROMISED)
        .group_by(Entry.id, Entry.cause)
        .having(n != 1)
    )
    yield from (cause for (cause,) in rows)


@invariant("settlement.statements-are-their-lines")
def statements() -> Iterator[str]:
    """A closed statement is the sum of its lines, all of its producer and none of a later day; its totals say the same."""
    rows = session().execute(
        select(
            Statement, func.count(Entry.id), func.coalesce(func.sum(Entry.amount), 0), func.max(Entry.happened_on),
            func.count(Entry.producer_id.distinct()), func.min(Entry.producer_id),
        )
        .outerjoin(StatementLine, StatementLine.statement_id == Statement.id)
        .outerjoin(Entry, Entry.id == StatementLine.entry_id)
        .group_by(Statement.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    for row, n, amount, last, owners, owner in rows:
        if row.state is StatementState.OPEN:
            if n:
                yield f"{row.reference}: open with lines"
            continue
        right = (row.lines, row.entries_amount, row.closing_amount) == (n, amount, row.opening_amount + amount)
        if not right or owners != 1 or owner != row.producer_id or last > row.to_on or row.totals != totals_of(row.id):
            yield str(row.reference)


@invariant("settlement.closed-statements-keep-their-seal")
def sealed() -> Iterator[str]:
    """Nothing of a closed statement has changed since: its seal can be made again from its rows."""
    rows = list(
        session().scalars(select(Statement).where(Statement.state != StatementState.OPEN).order_by(Statement.id))
    )
    yield from (row.reference for row in rows if seal_of(row) != row.seal)


@invariant("settlement.one-entry-one-statement")
def once() -> Iterator[str]:
    """No entry stands in two statements, and no cause was posted twice."""
    doubled = select(StatementLine.entry_id).group_by(StatementLine.entry_id).having(func.count() > 1)
    yield from (f"entry {i}" for (i,) in session().execute(doubled))
    causes = select(Entry.cause).group_by(Entry.cause).having(func.count() > 1)
    yield from (cause for (cause,) in session().execute(causes))


@invariant("settlement.debts-are-carried")
def carried() -> Iterator[str]:
    """The periods of a producer follow each other, and each opens with what the one before left owing to the shop."""
    before: dict[int, Any] = {}
    rows = session().execute(
        select(
            Statement.producer_id, Statement.reference, Statement.from_on, Statement.to_on, Statement.opening_amount,
            Statement.closing_amount, Statement.state,
        ).order_by(Statement.producer_id, Statement.from_on)
    )  # fmt: skip
    for row in rows:
        last = before.get(row.producer_id)
        opening = min(last.closing_amount, 0) if last else 0
        if row.opening_amount != opening or (last is not None and row.from_on <= last.to_on):
            yield row.reference
        if last is not None and last.state is StatementState.OPEN:
            yield f"{last.reference}: open before {row.reference}"
        before[row.producer_id] = row


@invariant("settlement.paid-once")
def paid() -> Iterator[str]:
    """A paid statement has exactly one payout that was paid, of just what was owed; no statement has two that live."""
    n = func.count(Payout.id)
    live = session().execute(
        select(Statement.reference)
        .join(Payout, Payout.statement_id == Statement.id)
        .where(Payout.state.in_(LIVE))
        .group_by(Statement.id, Statement.reference)
        .having(n > 1)
    )
    yield from (f"{r}: two payouts" for (r,) in live)
    rows = session().execute(
        select(Statement.reference)
        .outerjoin(Payout, and_(Payout.statement_id == Statement.id, Payout.state == PayoutState.PAID))
        .where(
            or_(
                and_(Statement.state == StatementState.PAID, Payout.id.is_(None)),
                and_(Statement.state != StatementState.PAID, Payout.id.is_not(None)),
            )
        )
    )
    yield from (r for (r,) in rows)
    wrong = session().execute(
        select(Payout.reference)
        .join(Statement, Statement.id == Payout.statement_id)
        .where(or_(Payout.amount != Statement.closing_amount, Payout.producer_id != Statement.producer_id))
    )
    yield from (r for (r,) in wrong)


@invariant("settlement.two-people")
def two() -> Iterator[str]:
    """Whoever prepared a batch, or asked for a large correction, did not approve it."""
    rows = session().execute(select(Batch.reference).where(Batch.approved_by == Batch.prepared_by))
    yield from (r for (r,) in rows)
    found = session().execute(
        select(Correction.reference).where(
            Correction.needs_second, Correction.state == CorrectionState.POSTED,
            or_(Correction.decided_by.is_(None), Correction.decided_by == Correction.asked_by),
        )
    )  # fmt: skip
    yield from (r for (r,) in found)


@invariant("settlement.corrections-are-posted")
def corrected() -> Iterator[str]:
    """A correction that counts stands in the entries once with its amount; no other does."""
    entry = aliased(Entry)
    rows = session().execute(
        select(Correction.reference)
        .outerjoin(entry, entry.cause == func.concat("correction:", Correction.reference))
        .where(
            or_(
                and_(Correction.state == CorrectionState.POSTED, func.coalesce(entry.amount, 0) != Correction.amount),
                and_(Correction.state != CorrectionState.POSTED, entry.id.is_not(None)),
            )
        )
    )
    yield from (r for (r,) in rows)


@invariant("settlement.history-is-a-chain")
def chain() -> Iterator[str]:
    """Each state was reached by allowed steps, the last of which is the present one."""
    steps: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    rows = session().execute(select(Step.subject, Step.row_id, Step.from_state, Step.to_state).order_by(Step.id))
    for subject, row_id, before, after in rows:
        steps[subject, row_id].append((before, after))
    for kind, subject in SUBJECTS.items():
        table: Any = kind
        for row_id, reference, state in session().execute(select(table.id, table.reference, table.state)):
            at, right = "", True
            for before, after in steps.get((subject, row_id), []):
                right = right and before == at and after in ALLOWED[subject].get(before, frozenset())
                at = after
            if not right or at != state.value:
                yield f"{subject} {reference}"


@invariant("settlement.ledger-says-the-same")
def ledger_agrees() -> Iterator[str]:
    """Each entry and each payout stands in the ledger, as it is."""
    yield from sources.compare("settlement-entry", "payout")


@invariant("settlement.producers-account")
def producers_account() -> Iterator[str]:
    """What the ledger owes to a producer is what all his entries say, less what was paid out."""
    party = "producer:" + cast(Account.producer_id, String)
    owed = (
        select(func.coalesce(-func.sum(Posting.amount), 0))
        .where(Posting.account == "producers", Posting.party == party)
        .correlate(Account)
        .scalar_subquery()
    )
    entries = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.producer_id == Account.producer_id)
    gone = select(func.coalesce(func.sum(Payout.amount), 0)).where(
        Payout.producer_id == Account.producer_id, Payout.state == PayoutState.PAID
    )
    right = entries.scalar_subquery() - gone.scalar_subquery()
    for producer_id, there, wanted in session().execute(
        select(Account.producer_id, owed, right).where(owed != right).order_by(Account.producer_id)
    ):
        yield f"producer {producer_id}: {there} instead of {wanted}"
