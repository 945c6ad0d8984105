"""Money that changed hands at a counter: written down as taken or given, with the counter's event as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from shop.kernel.actor import Actor
from shop.kernel.db import changed, execute, session
from shop.kernel.events import publish
from shop.kernel.money import vnd
from shop.orders.models import PaymentMethod
from shop.payments.errors import RefundTooLarge
from shop.payments.events import RefundSucceeded
from shop.payments.models import Payment, PaymentReceipt, PaymentState, Refund, RefundState

PROVIDER = "till"


@dataclass(frozen=True, slots=True)
class Taken:
    """One tender: `amount` đồng towards the sale."""

    method: PaymentMethod
    amount: int


_INSERT_PAYMENTS = insert(Payment).returning(Payment.id, sort_by_parameter_order=True)
_INSERT_RECEIPTS = insert(PaymentReceipt)


def take(actor: Actor, order_id: int, tenders: Sequence[Taken], *, event: str, at: datetime) -> list[int]:
    """Write the tenders of a sale as captured payments, inside the transaction that writes the order; return their ids.

    `event` is the UUID of the counter's event: the evidence, and what keeps the money from being written twice. Two statements.
    """
    if not tenders:
        return []
    evidence = f"till:{event}"
    ids = list(
        execute(
            _INSERT_PAYMENTS,
            [
                {
                    "order_id": order_id,
                    "method": tender.method,
                    "provider": PROVIDER,
                    "state": PaymentState.CAPTURED,
                    "amount": tender.amount,
                    "captured_amount": tender.amount,
                    "refunded_amount": 0,
                    "evidence": evidence,
                    "created_at": at,
                    "captured_at": at,
                }
                for tender in tenders
            ],
        ).scalars()
    )
    execute(
        _INSERT_RECEIPTS,
        [
            {
                "payment_id": payment_id,
                "provider": PROVIDER,
                "reference": f"{event}:{n}",
                "amount": tender.amount,
                "evidence": evidence,
                "actor_key": actor.key,
                "actor_label": actor.label,
                "at": at,
            }
            for n, (payment_id, tender) in enumerate(zip(ids, tenders, strict=True), 1)
        ],
    )
    return ids


def give_back(
    actor: Actor, order_id: int, amount: int, reason: str, *, event: str, at: datetime
) -> list[tuple[int, int]]:
    """Write money that a counter gave back for an order: (refund, đồng) of each payment it is charged to, the same way of
    paying or not. Inside the caller's transaction.

    Raises:
        RefundTooLarge: less is left of what was captured; nothing may be kept of the transaction.
    """
    s = session()
    rows = s.execute(
        select(Payment.id, Payment.captured_amount - Payment.refunded_amount)
        .where(Payment.order_id == order_id, Payment.state == PaymentState.CAPTURED)
        .order_by(Payment.id)
        .with_for_update()
    ).all()
    if sum(left for _id, left in rows) < amount:
        raise RefundTooLarge(field="amount", left=vnd(sum(left for _id, left in rows)))
    made: list[tuple[int, int]] = []
    need = amount
    for payment_id, left in rows:
        n = min(need, left)
        if n <= 0:
            continue
        taken = s.execute(
            update(Payment)
            .where(Payment.id == payment_id, Payment.captured_amount - Payment.refunded_amount >= n)
            .values(refunded_amount=Payment.refunded_amount + n)
            .execution_options(synchronize_session=False)
        )
        if not changed(taken):
            raise RefundTooLarge(field="amount", left=vnd(0))
        refund_id: int = s.execute(
            insert(Refund)
            .values(
                payment_id=payment_id,
                amount=n,
                state=RefundState.SUCCEEDED,
                reason=reason,
                op_key=f"till:{event}:{len(made) + 1}",
                provider_reference=f"till:{event}:{len(made) + 1}",
                actor_key=actor.key,
                actor_label=actor.label,
                created_at=at,
                done_at=at,
            )
            .returning(Refund.id)
        ).scalar_one()
        made.append((refund_id, n))
        need -= n
        publish(RefundSucceeded(refund_id, order_id))
    return made
