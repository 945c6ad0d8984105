"""What waits for people about money in the demonstration: a card dispute, refunds by line, one that a second person must agree
to, and money that came too late for goods that are gone; by the rooms' own commands where they do not ask another machine."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.checkout.services import late
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.ledger import services as ledger
from shop.orders.models import Order, OrderLine, OrderStatus, PaymentMethod, PaymentStatus
from shop.payments import books
from shop.payments import services as payments
from shop.payments.gateway import Disputed, Moved, News, What
from shop.payments.models import Payment, PaymentReceipt, PaymentState, ProviderEvent, Refund
from shop.payments.services import disputes
from shop.returns import services as returns
from shop.returns.services import Units
from shop.seed.then import Past

PROVIDER, EVENT = "stripe_test", "evt_minh_hoa"


def load(seed: int, now: datetime, desk: Actor) -> None:
    """Do it, as of the last days."""
    rng = random.Random(f"demo:refunds:{seed}")
    past = Past(rng)
    paid = _orders(Order.status == OrderStatus.COMPLETED, Order.payment_status == PaymentStatus.PAID)
    if len(paid) < 3:
        return
    large = max(paid[:200], key=lambda o: o.total_amount)
    small, disputed = [o for o in paid if o.id != large.id][20:22]
    with past.at(now - timedelta(days=3)):
        _disputed(disputed)
    with past.at(now - timedelta(days=2)):
        _done(small, desk, seed)
    with past.at(now - timedelta(hours=5)):
        _waits(large, desk, seed)
    with past.at(now - timedelta(hours=2)):
        _late(seed, desk)


def _orders(*conditions: Any) -> list[Order]:
    return list(
        session().scalars(
            select(Order)
            .where(
                Order.is_demo, Order.channel == "web", Order.payment_method == PaymentMethod.VIETQR,
                Order.reduced_amount == 0, *conditions,
            )
            .order_by(Order.id.desc())
            .limit(400)
        )
    )  # fmt: skip


def _payment(order: Order) -> Payment:
    return session().scalars(select(Payment).where(Payment.order_id == order.id).order_by(Payment.id)).one()


def _disputed(order: Order) -> None:
    """An order that had been paid by card, and what the buyer's bank says of it."""
    at = clock.now()
    with transaction() as s:
        payment = _payment(order)
        evidence = f"event:{EVENT}"
        s.add(
            ProviderEvent(
                provider=PROVIDER, event_id=EVENT, kind="payment_intent.succeeded", payload={}, received_at=order.placed_at,
                applied_at=order.placed_at, outcome="captured",
            )
        )  # fmt: skip
        s.execute(update(Order).where(Order.id == order.id).values(payment_method=PaymentMethod.CARD))
        s.execute(
            update(Payment)
            .where(Payment.id == payment.id)
            .values(
                method=PaymentMethod.CARD,
                provider=PROVIDER,
                code=None,
                provider_payment="pi_minh_hoa",
                evidence=evidence,
            )
        )
        s.execute(
            update(PaymentReceipt)
            .where(PaymentReceipt.payment_id == payment.id)
            .values(provider=PROVIDER, reference="pi_minh_hoa", evidence=evidence)
        )
        s.expire_all()
        received = s.scalars(select(PaymentReceipt.id).where(PaymentReceipt.payment_id == payment.id)).all()
        ledger.bring(SYSTEM, books.RECEIPT.drafts(received))
        told = Disputed(
            f"dp_demo_{order.total_amount}", "open", "product_not_received", False, at, at + timedelta(days=9),
            (Moved("txn_minh_hoa", -order.total_amount, 0, "vnd"),),
        )  # fmt: skip
        news = News(What.DISPUTE, amount=order.total_amount, currency="vnd", dispute=told)
        disputes.heard(payment.id, news, PROVIDER, evidence)


def _line(order: Order) -> int:
    return int(session().scalar(select(OrderLine.id).where(OrderLine.order_id == order.id).order_by(OrderLine.id)) or 0)


def _done(order: Order, desk: Actor, seed: int) -> None:
    returns.make(
        desk, order.id, {_line(order): Units(1, True)}, 0, "damaged", "Một gói bị rách khi đến nơi", f"demo:return:{seed}:1",
        is_demo=True,
    )  # fmt: skip
    refund = session().scalars(select(Refund.id).where(Refund.payment_id == _payment(order).id)).one()
    payments.settle_refund(desk, refund, f"FT26{seed % 1000:03d}HOAN", f"demo:return:{seed}:2")


def _waits(order: Order, desk: Actor, seed: int) -> None:
    account = payments.account("970436", "0071001234567", "Nguyễn Minh Họa")
    lines = session().scalars(select(OrderLine).where(OrderLine.order_id == order.id)).all()
    units = {line.id: Units(line.quantity, False) for line in lines}
    returns.make(
        desk, order.id, units, 0, "quality", "Khách gửi ảnh, cả kiện không đạt", f"demo:return:{seed}:3", to=account,
        is_demo=True,
    )  # fmt: skip


def _late(seed: int, desk: Actor) -> None:
    """A transfer for an order that had been given up; none of its goods are free at the points that would send them."""
    gone = _orders(Order.status == OrderStatus.CANCELLED, Order.payment_status == PaymentStatus.VOID)
    for order in gone[:60]:
        payment = _payment(order)
        if payment.state is not PaymentState.CANCELLED or payment.captured_amount or not late.lacks(order):
            continue
        payments.confirm_transfer(
            desk, payment.id, payment.amount, f"FT26{seed % 1000:03d}MUON", f"seed:demo:late:{seed}"
        )
        return
