"""Deposits: money alone, for goods that are not there yet. A deposit is an order of its own channel without lines and
parcels, so that it is paid, reminded of, refunded and accounted for exactly as every other order is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import publish
from shop.orders import events
from shop.orders.models import (
    DEPOSIT,
    DeliveryKind,
    Order,
    OrderStatus,
    OrderTransition,
    PaymentMethod,
    PaymentStatus,
    search_name,
)
from shop.orders.services import Placed, _history, _locked, secret_for, secret_hash, step


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit about to be asked for: `amount` đồng until `pay_until`. `about` names what it is for, opaque here
    (`preorder:<reference>`), and leads to at most one deposit."""

    op_key: str
    op_digest: str
    about: str
    amount: int
    payment_method: PaymentMethod
    pay_until: datetime
    user_id: int | None
    locale: str
    delivery: DeliveryKind
    name: str
    phone: str
    email: str | None
    is_demo: bool = False


def ask(actor: Actor, deposit: Deposit, *, key: str) -> Placed:
    """Write the order of a deposit that waits for its money, in the caller's transaction.

    Raises:
        ValueError: nothing is asked for.
        sqlalchemy.exc.IntegrityError: the operation key, or what it is for, has a deposit already.
    """
    if deposit.amount <= 0:
        raise ValueError("a deposit is of some money")
    now, reference = clock.now(), text.reference()
    secret = secret_for(key, reference)
    with transaction() as s:
        order_id: int = s.execute(
            insert(Order)
            .values(
                reference=reference,
                secret_hash=secret_hash(secret),
                op_key=deposit.op_key,
                op_digest=deposit.op_digest,
                basket_key=deposit.about,
                channel=DEPOSIT,
                user_id=deposit.user_id,
                locale=deposit.locale,
                status=OrderStatus.AWAITING_PAYMENT,
                payment_status=PaymentStatus.UNPAID,
                payment_method=deposit.payment_method,
                delivery=deposit.delivery,
                name=deposit.name,
                search_name=search_name(deposit.name),
                phone=deposit.phone,
                email=deposit.email,
                goods_amount=deposit.amount,
                delivery_amount=0,
                discount_amount=0,
                total_amount=deposit.amount,
                placed_at=now,
                pay_until=deposit.pay_until,
                is_demo=deposit.is_demo,
            )
            .returning(Order.id)
        ).scalar_one()
        steps = [("order", OrderStatus.AWAITING_PAYMENT), ("payment", PaymentStatus.UNPAID)]
        s.execute(
            insert(OrderTransition),
            [_history(order_id, None, subject, "", to, actor, None, now) for subject, to in steps],
        )
    return Placed(order_id, reference, secret, deposit.amount)


def received(actor: Actor, order_id: int) -> None:
    """The deposit's money is in, in time or late: the order is complete, for nothing is sent by it.

    Raises:
        StepNotAllowed: it was paid before.
    """
    with transaction():
        order = _locked(order_id)
        late = N_("Tiền đến sau hạn, vẫn còn chỗ") if order.status == OrderStatus.CANCELLED else None
        step(actor, "payment", order_id, PaymentStatus.PAID, order_id=order_id)
        step(actor, "order", order_id, OrderStatus.PLACED, order_id=order_id, reason=late, pay_until=None,
             cancelled_at=None, cancel_reason=None)  # fmt: skip
        step(actor, "order", order_id, OrderStatus.CONFIRMED, order_id=order_id)
        step(actor, "order", order_id, OrderStatus.COMPLETED, order_id=order_id, completed_at=clock.now())
        session().flush()
        publish(events.OrderPaid(order_id))
