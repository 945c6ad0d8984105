"""What must hold between baskets, orders, money and letters (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import exists, or_, select

from shop.checkout.services import late
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.jobs import Job
from shop.kernel.mail import Letter
from shop.orders.models import DEPOSIT, Order, OrderLine, OrderStatus, PaymentMethod
from shop.payments.models import Payment, PaymentIssue, PaymentState

GRACE = timedelta(minutes=15)


@invariant("checkout.every-order-has-its-confirmation")
def confirmations() -> Iterator[str]:
    """An order with an e-mail address has its letter, or the job that will write it, within a quarter of an hour. A
    deposit is confirmed by the letter of what it is paid for."""
    letter = exists().where(Letter.key == "order-placed:" + Order.reference)
    waiting = exists().where(
        Job.name == "checkout.letter-placed", Job.state != "done", Job.created_at >= Order.placed_at
    )
    yield from session().scalars(
        select(Order.reference).where(
            Order.email.is_not(None),
            Order.is_demo.is_(False),
            Order.channel != DEPOSIT,
            Order.placed_at < clock.now() - GRACE,
            ~letter,
            ~waiting,
        )
    )


@invariant("checkout.no-captured-money-without-a-living-order")
def stray_money() -> Iterator[str]:
    """Money of a cancelled order has gone back, or is on its way, within a quarter of an hour; or somebody looks for its goods,
    and the last moment of that is still to come."""
    searched = exists().where(
        PaymentIssue.payment_id == Payment.id,
        PaymentIssue.kind == late.KIND,
        PaymentIssue.closed_at.is_(None),
        PaymentIssue.due_at > clock.now() - GRACE,
    )
    yield from session().scalars(
        select(Order.reference)
        .join(Payment, Payment.order_id == Order.id)
        .where(
            Order.status == OrderStatus.CANCELLED,
            Payment.state == PaymentState.CAPTURED,
            Payment.refunded_amount < Payment.captured_amount,
            Payment.captured_at < clock.now() - GRACE,
            Order.cancelled_at < clock.now() - GRACE,
            ~searched,
        )
        .distinct()
    )


@invariant("checkout.alcohol-is-never-paid-in-cash")
def alcohol() -> Iterator[str]:
    """An order of the web with alcohol is not cash on delivery, and its buyer said that he is of age."""
    has_alcohol = exists().where(OrderLine.order_id == Order.id, OrderLine.is_alcohol)
    yield from session().scalars(
        select(Order.reference).where(
            Order.channel == "web",
            has_alcohol,
            or_(Order.payment_method == PaymentMethod.COD, Order.age_confirmed_at.is_(None)),
        )
    )
