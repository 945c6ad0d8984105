"""Many transfers credited in one go: what `money.credit_transfer` does for one whose whole sum came, with a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.orders.models import Order, PaymentMethod
from shop.payments import books
from shop.payments.models import Payment, PaymentReceipt, PaymentState
from shop.payments.services import money


@dataclass(frozen=True, slots=True)
class Arrival:
    """`amount` đồng that came for a payment; `reference` is unique among all transfers, `evidence` names the bank's line."""

    payment_id: int
    amount: int
    reference: str
    evidence: str


def credit_many(actor: Actor, arrivals: Sequence[Arrival]) -> dict[int, int]:
    """Credit those of `arrivals` that are the whole sum of a payment by transfer which waits and has seen no money; return the
    receipt of each by its payment. The others are left for `money.credit_transfer`, which knows what to make of them. Inside
    the transaction that says so of the lines; at most some dozens. Orders are locked by id, then payments by id.
    """
    s, now = session(), clock.now()
    by_payment = {a.payment_id: a for a in arrivals}
    known = select(PaymentReceipt.reference).where(
        PaymentReceipt.provider == PaymentMethod.VIETQR.value,
        PaymentReceipt.reference.in_([a.reference for a in arrivals]),
    )
    orders = select(Payment.order_id).where(Payment.id.in_(by_payment))
    s.execute(select(Order.id).where(Order.id.in_(orders)).order_by(Order.id).with_for_update()).all()
    waiting = s.execute(
        select(Payment.id, Payment.order_id, Payment.amount)
        .where(
            Payment.id.in_(by_payment), Payment.state == PaymentState.PENDING, Payment.code.is_not(None),
            Payment.provider == PaymentMethod.VIETQR.value, Payment.captured_amount == 0, Payment.refunded_amount == 0,
        )
        .order_by(Payment.id)
        .with_for_update()
    ).all()  # fmt: skip
    used = set(s.scalars(known))
    taken: dict[int, int] = {}
    for payment_id, order_id, due in waiting:
        arrival = by_payment[payment_id]
        # Of two payments of one order the second is paid twice, which one by one is seen.
        if arrival.amount == due and arrival.reference not in used and order_id not in taken.values():
            taken[payment_id] = order_id
            used.add(arrival.reference)
    if not taken:
        return {}
    s.execute(
        insert(PaymentReceipt),
        [
            {
                "payment_id": i, "provider": PaymentMethod.VIETQR.value, "reference": by_payment[i].reference,
                "amount": by_payment[i].amount, "evidence": by_payment[i].evidence, "actor_key": actor.key,
                "actor_label": actor.label, "at": now,
            }
            for i in taken
        ],
    )  # fmt: skip
    mine = select(PaymentReceipt.payment_id, PaymentReceipt.id).where(
        PaymentReceipt.provider == PaymentMethod.VIETQR.value,
        PaymentReceipt.reference.in_([by_payment[i].reference for i in taken]),
    )
    receipts: dict[int, int] = dict(s.execute(mine.order_by(PaymentReceipt.id)).all())
    s.execute(
        update(Payment),
        [
            {
                "id": i, "state": PaymentState.CAPTURED, "captured_amount": by_payment[i].amount, "captured_at": now,
                "evidence": by_payment[i].evidence,
            }
            for i in taken
        ],
    )  # fmt: skip
    s.expire_all()
    books.received_many(list(receipts.values()), sorted(taken.values()), actor)
    money.told_captured(taken)
    return receipts
