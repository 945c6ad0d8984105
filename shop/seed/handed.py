"""Cash on delivery of the made-up year, in a few large statements: what carriers and points took at doors, what they handed in,
week by week or the day after, with fees and three differences; and the bags in which the office carried cash to the bank.

What the last days brought is still out. The bank's part of it stands in `shop.seed.bank`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from shop.kernel import clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import in_batches, session
from shop.orders.models import TILL, Fulfilment, Order, OrderLine, PaymentMethod
from shop.payments.models import Payment, PaymentState
from shop.remittances.bag_models import BagState, CashBag
from shop.remittances.models import (
    Arrival,
    CodParcel,
    CodState,
    Holder,
    HolderKind,
    Remittance,
    RemittanceKind,
    RemittanceState,
    Row,
    RowState,
    Step,
)
from shop.remittances.services import parcels

FEE = 12_000
# What one buyer paid too little, what one bank kept of a transfer, what one count of cash lacked.
SHORT, KEPT, MISCOUNTED = 50_000, 15_000, 10_000
COUNTS, CARRIES = "Đỗ Thị Mai", "Phạm Văn Tú"


@dataclass(slots=True)
class _Cash:
    """The cash of one parcel and when it was taken."""

    fulfilment_id: int
    order_id: int
    payment_id: int
    holder_id: int
    kind: HolderKind
    amount: int
    handed_over_at: datetime
    collected_at: datetime
    days: int
    handed_in_at: datetime
    told: str
    id: int = 0
    written: int = 0


def load(rng: random.Random, now: datetime, desk: Actor) -> None:
    """Write what was taken and handed in until `now`, by whom it was carried."""
    found = _taken(now)
    batches: dict[tuple[datetime, int], list[_Cash]] = defaultdict(list)
    for cash in found:
        if cash.handed_in_at <= now:
            batches[cash.handed_in_at, cash.holder_id].append(cash)
    order = [batches[key] for key in sorted(batches)]
    by_carriers = [some for some in order if some[0].kind is HolderKind.CARRIER]
    if len(by_carriers) > 2:
        biggest = max(by_carriers[len(by_carriers) // 3], key=lambda c: c.amount)
        biggest.written = min(SHORT, biggest.amount - 1)
    _write_parcels(found, now)
    _write_batches(rng, order, desk)
    _write_bags(rng, now, desk)


def _taken(now: datetime) -> list[_Cash]:
    """Parcels whose cash is in the books and that this room does not know."""
    s = session()
    goods = select(OrderLine.fulfilment_id, OrderLine.line_amount)
    worth: dict[int, int] = defaultdict(int)
    for i, amount in s.execute(goods):
        worth[i] += amount
    known = select(CodParcel.id).where(CodParcel.fulfilment_id == Fulfilment.id).exists()
    rows: Any = s.execute(
        select(Fulfilment, Payment.id, Payment.captured_amount, Payment.captured_at, Order.reference)
        .join(Order, Order.id == Fulfilment.order_id)
        .join(Payment, Payment.order_id == Order.id)
        .where(
            Order.is_demo, Order.channel != TILL, Payment.method == PaymentMethod.COD, Payment.state == PaymentState.CAPTURED,
            Fulfilment.delivered_at.is_not(None), ~known,
        )
        .order_by(Fulfilment.order_id, Fulfilment.number)
    ).all()  # fmt: skip
    holders: dict[tuple[bool, Any], Holder] = {}
    of_order: dict[int, list[_Cash]] = defaultdict(list)
    captured: dict[int, int] = {}
    for parcel, payment_id, amount, at, reference in rows:
        own = (not parcel.carrier, parcel.carrier or parcel.point_id)
        if own not in holders:
            holders[own] = s.get_one(Holder, parcels.holder_of(parcel))
        holder = holders[own]
        captured[parcel.order_id] = amount
        of_order[parcel.order_id].append(
            _Cash(
                parcel.id, parcel.order_id, payment_id, holder.id, holder.kind, worth[parcel.id] + parcel.fee_amount,
                parcel.handed_over_at or at, at, holder.days, _hands_in(holder.kind, at),
                parcel.tracking_number or f"{reference}/{parcel.number}",
            )
        )  # fmt: skip
    for order_id, some in of_order.items():  # together they bring what their buyer paid
        some[-1].amount += captured[order_id] - sum(c.amount for c in some)
    return [c for some in of_order.values() for c in some]


def _hands_in(kind: HolderKind, at: datetime) -> datetime:
    """Carriers hand in on Mondays what the week before brought, points on the next morning."""
    day = clock.business_day(at)
    if kind is HolderKind.CARRIER:
        return clock.start_of(day + timedelta(days=7 - day.weekday())) + timedelta(hours=10)
    return clock.start_of(day + timedelta(days=1)) + timedelta(hours=9, minutes=30)


def _write_parcels(found: Sequence[_Cash], now: datetime) -> None:
    s = session()
    for some in in_batches(found, 500):
        made = s.scalars(
            insert(CodParcel).returning(CodParcel.id, sort_by_parameter_order=True),
            [
                {
                    "fulfilment_id": c.fulfilment_id, "order_id": c.order_id, "payment_id": c.payment_id,
                    "holder_id": c.holder_id, "state": CodState.SETTLED if c.handed_in_at <= now else CodState.COLLECTED,
                    "expected_amount": c.amount, "owed_amount": c.amount,
                    "remitted_amount": c.amount - c.written if c.handed_in_at <= now else 0, "written_amount": c.written,
                    "due_on": clock.business_day(c.collected_at) + timedelta(days=c.days),
                    "handed_over_at": c.handed_over_at, "collected_at": c.collected_at,
                    "settled_at": c.handed_in_at if c.handed_in_at <= now else None, "by_buyer": False, "version": 1,
                }
                for c in some
            ],
        ).all()  # fmt: skip
        for c, made_id in zip(some, made, strict=True):
            c.id = made_id
    steps("parcel", [(c.id, "collected", {}, SYSTEM, c.collected_at) for c in found])


def steps(subject: str, told: Sequence[tuple[int, str, dict[str, Any], Actor, datetime]]) -> None:
    rows = [
        {"subject": subject, "subject_id": i, "what": what, "detail": detail, "actor_key": actor.key,
         "actor_label": actor.label, "at": at}
        for i, what, detail, actor, at in told
    ]  # fmt: skip
    for some in in_batches(rows, 1000):
        session().execute(insert(Step), list(some))


def _reference(rng: random.Random, head: str) -> str:
    symbols = "".join(rng.choices(text.REFERENCE_ALPHABET, k=8))
    return f"{head}-{symbols[:4]}-{symbols[4:]}"


def _write_batches(rng: random.Random, batches: Sequence[list[_Cash]], desk: Actor) -> None:
    """A carrier's batch awaits its money at the bank; a point's is cash that was counted at once."""
    s = session()
    values: list[dict[str, Any]] = []
    counted: list[int] = []
    miscounted = next((n for n, some in enumerate(batches) if n > len(batches) // 2 and _is_cash(some)), None)
    for n, some in enumerate(batches):
        gross, cash, at = sum(c.amount - c.written for c in some), _is_cash(some), some[0].handed_in_at
        fee = 0 if cash else FEE * len(some)
        lacks = MISCOUNTED if n == miscounted else 0
        counted.append(gross - fee - lacks if cash else 0)
        values.append(
            {
                "reference": _reference(rng, "TH"), "holder_id": some[0].holder_id,
                "kind": RemittanceKind.CASH if cash else RemittanceKind.HAND,
                "state": RemittanceState.PAID if cash else RemittanceState.OPEN, "gross_amount": gross, "fee_amount": fee,
                "net_amount": gross - fee, "paid_amount": counted[-1], "adjusted_amount": lacks,
                "adjust_reason": "Đếm lại vẫn thiếu một tờ 10.000 đ" if lacks else None, "batch_fee_amount": fee,
                "created_at": at, "created_key": desk.key, "created_label": desk.label, "opened_at": at,
                "paid_at": at if cash else None, "version": 1, "is_demo": True,
            }
        )  # fmt: skip
    ids: list[int] = []
    for part in in_batches(values, 500):
        ids += s.scalars(insert(Remittance).returning(Remittance.id, sort_by_parameter_order=True), list(part))
    rows = [
        {
            "remittance_id": i, "number": n, "state": RowState.DONE, "told": c.told, "amount": c.amount - c.written,
            "fee_amount": 0, "parcel_id": c.id, "parcel_amount": c.amount - c.written, "surplus_amount": 0,
            "written_amount": c.written,
            "reason": "Khách trả thiếu, hai bên thống nhất không đòi" if c.written else None, "done_at": c.handed_in_at,
            "done_label": desk.label, "version": 1,
        }
        for i, some in zip(ids, batches, strict=True)
        for n, c in enumerate(some, 1)
    ]  # fmt: skip
    for part in in_batches(rows, 1000):
        s.execute(insert(Row), list(part))
    came = [(i, n, some[0].handed_in_at) for i, n, some in zip(ids, counted, batches, strict=True) if n]
    for some_came in in_batches(came, 1000):
        s.execute(
            insert(Arrival),
            [
                {
                    "remittance_id": i,
                    "amount": n,
                    "source": "cash",
                    "actor_key": desk.key,
                    "actor_label": desk.label,
                    "at": at,
                }
                for i, n, at in some_came
            ],
        )
    steps(
        "batch",
        [(i, "opened", {"amount": v["net_amount"]}, desk, v["opened_at"]) for i, v in zip(ids, values, strict=True)]
        + [(i, "paid", {"amount": n, "source": "cash"}, desk, at) for i, n, at in came],
    )


def _is_cash(some: Sequence[_Cash]) -> bool:
    return some[0].kind is not HolderKind.CARRIER


def _write_bags(rng: random.Random, now: datetime, desk: Actor) -> None:
    """Every other Friday the office's cash goes to the bank."""
    fridays: dict[datetime, int] = defaultdict(int)
    for amount, at in session().execute(select(Arrival.amount, Arrival.at).where(Arrival.source == "cash")):
        day = clock.business_day(at)
        friday = day + timedelta(days=(4 - day.weekday()) % 7)
        friday += timedelta(days=7 * (friday.isocalendar().week % 2))
        fridays[clock.start_of(friday) + timedelta(hours=15)] += amount
    values = [
        {
            "reference": _reference(rng, "TM"), "state": BagState.CARRIED, "point_id": None, "bag_number": f"NP {n:04d}",
            "amount": amount, "counted_by": COUNTS, "carried_by": CARRIES, "carried_at": at, "arrived_amount": 0,
            "difference_amount": 0, "version": 0, "created_at": at, "created_key": desk.key, "created_label": desk.label,
            "is_demo": True,
        }
        for n, (at, amount) in enumerate(sorted(fridays.items()), 1)
        if at <= now
    ]  # fmt: skip
    if values:
        session().execute(insert(CashBag), values)
