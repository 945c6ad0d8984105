"""What the demonstration's statements show of money that is in the books already: transfers of buyers, refunds, payouts to
producers, batches of carriers, bags of cash, the bank's own fees and interest. Each line is put to its use as a person or the
machine would, in a few large statements; the ledger is brought in step afterwards (`shop.seed.books`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, null, select, true, update

from shop.banking import deciding
from shop.banking.models import Allocation, BankLine, Category, LineState, LineStep, Use
from shop.banking.services.lines import step_of
from shop.kernel import clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import in_batches, session
from shop.orders.models import Order, PaymentMethod
from shop.payments.models import Payment, Refund, RefundState
from shop.remittances.bag_models import BagArrival, BagState, CashBag
from shop.remittances.models import Arrival, Holder, Remittance, RemittanceState
from shop.seed import handed
from shop.settlement.models import Payout, PayoutState, Statement


@dataclass(slots=True)
class Known:
    """One line to come, and what it is for. `target` is a row's id; the other fields are as a statement shows them."""

    use: Use
    kind: str
    target: int
    day: date
    reference: str
    amount: int
    memo: str
    name: str = ""
    account: str = ""
    payment_id: int | None = None
    # What lacks of a batch and is closed as a difference.
    lacks: int = 0
    named: str = ""
    category: Category | None = None


def known(rng: random.Random, since: date, until: datetime) -> list[Known]:
    """What was written down before `until`, in the order of days."""
    last = clock.business_day(until)
    everything = [
        *_transfers(rng, until),
        *_refunds(),
        *_payouts(),
        *_batches(rng),
        *_bags(rng),
        *_of_bank(rng, since, last),
    ]
    return sorted((u for u in everything if u.day <= last), key=lambda u: (u.day, u.reference))


def _of_bank(rng: random.Random, since: date, last: date) -> list[Known]:
    """What the bank itself takes and gives at the end of each month that is over."""
    found = []
    after = clock.add_months(since.replace(day=1), 1)
    while after <= last:
        day = after - timedelta(days=1)
        for amount, memo, category in (
            (-11_000, "Thu phi SMS Banking thang nay", Category.FEE),
            (rng.randrange(900, 9_000), "Tra lai tien gui khong ky han", Category.INTEREST),
        ):
            found.append(Known(Use.ASIDE, "aside", 0, day, _number(rng, day), amount, memo, category=category))
        after = clock.add_months(after, 1)
    return found


def _number(rng: random.Random, day: date) -> str:
    return f"FT{day:%y%j}{rng.randrange(10**6):06d}"


def _bank_name(name: str) -> str:
    return text.fold(name).upper()


def _transfers(rng: random.Random, until: datetime) -> list[Known]:
    receipts = [r for r in deciding.by_hand(true()) if r.at <= until]
    called: dict[int, tuple[str, str]] = {}
    for some in in_batches(sorted({r.payment_id for r in receipts})):
        rows: Any = session().execute(
            select(Payment.id, Payment.code, Order.name)
            .join(Order, Order.id == Payment.order_id)
            .where(Payment.id.in_(some))
        )
        called |= {i: (code, name) for i, code, name in rows}
    return [
        Known(
            Use.PAYMENT, "payment", r.id, clock.business_day(r.at), r.reference, r.amount,
            f"MBVCB.{rng.randrange(10**9)}.{called[r.payment_id][0]}.CT tu 190 toi 000", _bank_name(called[r.payment_id][1]),
            f"190{rng.randrange(10**8):08d}", payment_id=r.payment_id,
        )
        for r in receipts
    ]  # fmt: skip


def _refunds() -> list[Known]:
    """Refunds go by transfer, whether cash or a transfer had come."""
    rows: Any = session().execute(
        select(Refund.id, Refund.amount, Refund.done_at, Refund.provider_reference, Order.reference, Order.name)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Refund.state == RefundState.SUCCEEDED, Payment.method.in_([PaymentMethod.COD, PaymentMethod.VIETQR]),
            Payment.provider != "till", Refund.provider_reference.is_not(None), Refund.done_at.is_not(None),
        )
    )  # fmt: skip
    return [
        Known(
            Use.REFUND, "refund", i, clock.business_day(at), str(reference).partition(":")[2] or str(reference), -amount,
            f"Hoan tien don {order}", _bank_name(name),
        )
        for i, amount, at, reference, order, name in rows
    ]  # fmt: skip


def _payouts() -> list[Known]:
    rows: Any = session().execute(
        select(Payout.id, Payout.reference, Payout.amount, Payout.paid_on, Payout.bank_reference, Payout.holder,
               Payout.account_number, Statement.reference)
        .join(Statement, Statement.id == Payout.statement_id)
        .where(Payout.state == PayoutState.PAID)
    )  # fmt: skip
    return [
        Known(
            Use.PAYOUT, "payout", i, day, number, -amount, f"Thanh toan doi soat {statement}", _bank_name(holder or ""),
            account or "", named=reference,
        )
        for i, reference, amount, day, number, holder, account, statement in rows
    ]  # fmt: skip


def _batches(rng: random.Random) -> list[Known]:
    """Carriers' money comes two days after their list; of one the bank had kept a fee."""
    rows: Any = session().execute(
        select(Remittance.id, Remittance.reference, Remittance.net_amount, Remittance.opened_at, Holder.name)
        .join(Holder, Holder.id == Remittance.holder_id)
        .where(Remittance.state == RemittanceState.OPEN, Remittance.net_amount > handed.KEPT, Remittance.paid_amount == 0)
        .order_by(Remittance.id)
    ).all()  # fmt: skip
    found = []
    for n, (i, reference, net, at, name) in enumerate(rows):
        day = clock.business_day(at) + timedelta(days=2)
        lacks = handed.KEPT if n == len(rows) // 2 else 0
        memo = f"Nop tien thu ho {reference}"
        found.append(
            Known(
                Use.REMITTANCE, "remittance", i, day, _number(rng, day), net - lacks, memo, _bank_name(name), lacks=lacks,
                named=reference,
            )
        )  # fmt: skip
    return found


def _bags(rng: random.Random) -> list[Known]:
    rows: Any = session().execute(
        select(CashBag.id, CashBag.reference, CashBag.amount, CashBag.carried_at)
        .where(CashBag.state == BagState.CARRIED)
        .order_by(CashBag.id)
    )
    found = []
    for i, reference, amount, at in rows:
        day = clock.business_day(at)
        memo = f"Nop tien mat tui {reference}"
        found.append(
            Known(
                Use.REMITTANCE,
                "cash-bag",
                i,
                day,
                _number(rng, day),
                amount,
                memo,
                _bank_name(handed.CARRIES),
                named=reference,
            )
        )
    return found


def put(uses: Sequence[Known], desk: Actor) -> None:
    """Put the lines of these to their uses, each two days after the bank's own day at the latest."""
    s, now = session(), clock.now()
    lines: dict[str, tuple[int, str]] = {}
    for some in in_batches([u.reference for u in uses]):
        rows: Any = s.execute(
            select(BankLine.bank_reference, BankLine.id, BankLine.reference).where(
                BankLine.bank_reference.in_(some), BankLine.is_demo
            )
        )
        lines |= {str(number): (i, reference) for number, i, reference in rows}
    uses = [u for u in uses if u.reference in lines]
    at = {u.reference: min(clock.start_of(u.day + timedelta(days=1)) + timedelta(hours=9), now) for u in uses}
    targets = _arrive(uses, lines, at, desk)
    values = [
        {
            "line_id": lines[u.reference][0], "use": u.use, "amount": abs(u.amount), "payment_id": u.payment_id,
            "receipt_id": u.target if u.use is Use.PAYMENT else None, "adopted": u.use not in {Use.REMITTANCE, Use.ASIDE},
            "category": u.category,
            "target": targets[u.reference], "actor_key": SYSTEM.key, "actor_label": SYSTEM.label, "at": at[u.reference],
        }
        for u in uses
    ]  # fmt: skip
    for part in in_batches(values, 1000):
        s.execute(insert(Allocation), list(part))
    state = {Use.REFUND: LineState.CONFIRMED, Use.PAYOUT: LineState.CONFIRMED, Use.ASIDE: LineState.ASIDE}
    s.execute(
        update(BankLine),
        [
            {"id": lines[u.reference][0], "state": state.get(u.use, LineState.CREDITED), "queue": None, "hint": null(),
             "handled_amount": abs(u.amount), "version": 1}
            for u in uses
        ],
    )  # fmt: skip
    steps: list[dict[str, Any]] = []
    for u in uses:
        action = {Use.PAYMENT: "adopt", Use.REMITTANCE: "remit", Use.ASIDE: "aside"}.get(u.use, "recorded")
        steps.append(step_of(SYSTEM, lines[u.reference][0], "matched", {"action": action}) | {"at": at[u.reference]})
    for part in in_batches(steps, 1000):
        s.execute(insert(LineStep), list(part))
    s.expire_all()


def _arrive(
    uses: Sequence[Known], lines: dict[str, tuple[int, str]], at: dict[str, datetime], desk: Actor
) -> dict[str, str | None]:
    """Tell the batches and the bags that their money has come; return what each line's part is for."""
    s = session()
    targets: dict[str, str | None] = {u.reference: None for u in uses}
    targets |= {u.reference: str(u.target) for u in uses if u.use is Use.REFUND}
    targets |= {u.reference: u.named for u in uses if u.use is Use.PAYOUT}
    for kind, table, owner in (("remittance", Arrival, "remittance_id"), ("cash-bag", BagArrival, "bag_id")):
        some = [u for u in uses if u.kind == kind]
        if not some:
            continue
        made = s.scalars(
            insert(table).returning(table.id, sort_by_parameter_order=True),  # type: ignore[attr-defined]
            [
                {owner: u.target, "amount": u.amount, "source": f"bank:{lines[u.reference][1]}", "actor_key": desk.key,
                 "actor_label": desk.label, "at": at[u.reference]}
                for u in some
            ],
        ).all()  # fmt: skip
        targets |= {u.reference: f"{kind}:{u.named}:{i}" for u, i in zip(some, made, strict=True)}
    batches = [u for u in uses if u.kind == "remittance"]
    if batches:
        s.execute(
            update(Remittance),
            [
                {"id": u.target, "paid_amount": u.amount, "adjusted_amount": u.lacks, "state": RemittanceState.PAID,
                 "adjust_reason": "Ngân hàng giữ phí chuyển tiền của đợt này" if u.lacks else None,
                 "paid_at": at[u.reference], "version": 2}
                for u in batches
            ],
        )  # fmt: skip
        handed.steps("batch", [
            (u.target, "paid", {"amount": u.amount, "source": f"bank:{lines[u.reference][1]}"}, desk, at[u.reference])
            for u in batches
        ])  # fmt: skip
        handed.steps("batch", [
            (u.target, "adjusted", {"amount": u.lacks, "reason": "Ngân hàng giữ phí chuyển tiền của đợt này"}, desk,
             at[u.reference])
            for u in batches if u.lacks
        ])  # fmt: skip
    bags = [u for u in uses if u.kind == "cash-bag"]
    if bags:
        s.execute(
            update(CashBag),
            [
                {"id": u.target, "arrived_amount": u.amount, "state": BagState.ARRIVED, "closed_at": at[u.reference],
                 "closed_label": desk.label, "version": 1}
                for u in bags
            ],
        )  # fmt: skip
    return targets
