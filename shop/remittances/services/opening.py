"""What was taken at doors before this room kept it: orders whose cash is in the books and of which nobody knows who holds it.

Each start (`flask prepare`) gives them their parcels, as collected by whoever carried them, and opens a batch for each carrier,
so that their money is awaited, matched or closed like any other's and does not lie in transit for ever. Points and drivers
bring cash: theirs is counted when they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import in_batches, insert_missing, session, transaction
from shop.orders.models import TILL, FulfilmentStatus, Order, PaymentMethod
from shop.orders.services import returns
from shop.payments.models import Payment, PaymentState
from shop.remittances.models import CodParcel, CodState, Holder, HolderKind
from shop.remittances.services import batches, parcels
from shop.remittances.services.steps import note

WHY = "Tiền thu trước khi có sổ thu hộ"


def open_old() -> int:
    """Bring in the cash of orders that have no parcel here; return how many parcels that were. Again it does nothing."""
    s = session()
    known = select(CodParcel.id).where(CodParcel.order_id == Order.id).exists()
    old = s.execute(
        select(Order.id, func.min(Payment.id))
        .join(Payment, Payment.order_id == Order.id)
        .where(
            Order.payment_method == PaymentMethod.COD, Order.channel != TILL, Payment.method == PaymentMethod.COD,
            Payment.state == PaymentState.CAPTURED, Payment.captured_amount > 0, ~known,
        )
        .group_by(Order.id)
        .order_by(Order.id)
    ).all()  # fmt: skip
    made: list[tuple[int, int, int]] = []
    for some in in_batches(old, 200):
        with transaction():
            for order_id, payment_id in some:
                made += _open(order_id, payment_id)
    _batches(made)
    return len(made)


def _open(order_id: int, payment_id: int) -> list[tuple[int, int, int]]:
    """The parcels of one order: holder, parcel, đồng."""
    s = session()
    order = s.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    captured = int(s.scalar(select(Payment.captured_amount).where(Payment.id == payment_id)) or 0)
    # Of what came back later the cash had been taken all the same.
    there = [f for f in order.fulfilments if f.status == FulfilmentStatus.DELIVERED or f.delivered_at is not None]
    shares = returns.cash_shares(order)
    left, rows, found = captured, [], []
    for n, parcel in enumerate(there, 1):
        # What parcels of the order bring together is what its buyer paid.
        amount = left if n == len(there) else min(left, shares.get(parcel.number, 0))
        left -= amount
        if amount > 0:
            rows.append((parcel, amount))
    for parcel, amount in rows:
        at = parcel.delivered_at or parcel.handed_over_at or order.placed_at
        values: dict[str, Any] = {
            "fulfilment_id": parcel.id, "order_id": order.id, "payment_id": payment_id, "holder_id": parcels.holder_of(parcel),
            "state": CodState.COLLECTED, "expected_amount": amount, "owed_amount": amount, "remitted_amount": 0,
            "written_amount": 0, "due_on": clock.business_day(at), "handed_over_at": parcel.handed_over_at or at,
            "collected_at": at, "by_buyer": False, "version": 0,
        }  # fmt: skip
        insert_missing(CodParcel, [values], ["fulfilment_id"])
        s.flush()
        made = s.scalars(select(CodParcel).where(CodParcel.fulfilment_id == parcel.id)).one()
        note(SYSTEM, made, "collected", why=WHY)
        found.append((made.holder_id, made.id, amount))
    return found


def _batches(made: Sequence[tuple[int, int, int]]) -> None:
    """A batch for each carrier over what he holds of these, which awaits its money at the bank."""
    carriers = select(Holder.id).where(Holder.kind == HolderKind.CARRIER, Holder.id.in_({h for h, _p, _n in made}))
    for holder_id in session().scalars(carriers.order_by(Holder.id)).all():
        parts = [(parcel_id, amount) for h, parcel_id, amount in made if h == holder_id]
        for some in in_batches(parts, batches.MOST_BY_HAND):
            batches.by_hand(SYSTEM, holder_id, list(some), 0, None, WHY, op_key=f"cod-opening:{some[0][0]}")
