"""Payments begin and are given up: written with the order, begun at the provider afterwards, ended with the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from shop.kernel import clock
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT
from shop.kernel.prepared import Prepared
from shop.orders.models import Order, PaymentMethod
from shop.payments import gateway, memo
from shop.payments.errors import PaymentClosed
from shop.payments.models import Payment, PaymentState
from shop.payments.services import provider

# Stripe closes a session by itself 30 minutes after its making at the earliest (its API reference, Checkout Sessions,
# `expires_at`), a day at the latest. Our term is shorter; when it is over we close the session ourselves.
SHORTEST_SESSION = timedelta(minutes=31)
LONGEST_SESSION = timedelta(hours=23, minutes=50)


@dataclass(frozen=True, slots=True)
class PaymentOpened:
    """A payment that waits for its money; `code` is the memo of a bank transfer."""

    id: int
    code: str | None


def available_methods() -> list[PaymentMethod]:
    """The ways a buyer may pay now, in the order to show: cash, VietQR with a bank account, card with a Stripe key."""
    return list(dict.fromkeys(g.method for g in gateway.offered().values() if g.on_web))


_INSERT = Prepared(insert(Payment).returning(Payment.id))


def open_payment(
    order_id: int, reference: str, method: PaymentMethod, amount: int, expires_at: datetime | None, *, attempt: int = 1
) -> PaymentOpened:
    """Write the payment of an order, inside the transaction that places it; one statement.

    `amount` is whole đồng; `expires_at` is when the goods are given up (None: no term, as for cash); `attempt` counts the
    payments by transfer of one order, from 1.

    Raises:
        MethodNotOffered: the settings do not offer `method`.
        Invalid: the amount is not between 1 đồng and the largest amount.
        ValueError: `reference` has not the shop's shape (transfers only).
    """
    if not 0 < amount <= LARGEST_AMOUNT:
        raise Invalid(field="payment")
    way = gateway.for_method(method)
    code = memo.code_for(reference, attempt) if method is PaymentMethod.VIETQR else None
    row = _INSERT.first(
        {
            "order_id": order_id,
            "method": method,
            "provider": way.name,
            "state": PaymentState.PENDING,
            "amount": amount,
            "captured_amount": 0,
            "refunded_amount": 0,
            "code": code,
            "created_at": clock.now(),
            "expires_at": expires_at,
        }
    )
    return PaymentOpened(row[0], code)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the buyer goes to pay."""

    url: str


def begin_card(
    payment_id: int, success_url: str, cancel_url: str, locale: str = "vi", email: str | None = None
) -> Redirect:
    """Ask the provider for a page to pay on; outside any transaction. Asking again gives the same page.

    What was asked first is kept and asked again under one idempotency key, so a lost reply or a double click never makes a
    second page that could be paid as well. The addresses are absolute; `locale` is `vi` or `en`.

    Raises:
        NotFound: there is no such payment through a provider.
        PaymentClosed: it is paid, ended or past its term.
        ProviderBusy: no answer in time; trying again is safe.
        ProviderRefused: the provider does not take such a payment (for example, the amount is too small).
        MethodNotOffered: the settings no longer have this provider.
    """
    now = clock.now()
    with transaction() as s:
        found = s.execute(
            select(Payment, Order.reference).join(Order, Order.id == Payment.order_id).where(Payment.id == payment_id)
        ).first()
        if found is None:
            raise NotFound
        payment, order_reference = found[0], str(found[1])
        way = gateway.named(payment.provider)
        if way.by_hand:
            raise NotFound
        if payment.state is not PaymentState.PENDING or (payment.expires_at is not None and payment.expires_at <= now):
            raise PaymentClosed
        if payment.redirect_url:
            return Redirect(payment.redirect_url)
        if payment.asked is None:
            term = (payment.expires_at or now) + SHORTEST_SESSION
            payment.asked = {
                "success_url": success_url,
                "cancel_url": cancel_url,
                "locale": locale,
                "email": email,
                "expires_at": min(term, now + LONGEST_SESSION).isoformat(),
            }
            s.flush()
        asked, amount = dict(payment.asked), payment.amount
    begun = way.begin(
        gateway.Ask(
            key=f"payment-{order_reference}-{payment_id}",
            payment_id=payment_id,
            order_reference=order_reference,
            amount=amount,
            expires_at=datetime.fromisoformat(asked["expires_at"]),
            success_url=asked["success_url"],
            cancel_url=asked["cancel_url"],
            locale=asked["locale"],
            email=asked["email"],
        )
    )
    with transaction() as s:
        # Whatever has become of the payment meanwhile: with the reference kept, money that comes late finds it.
        s.execute(
            update(Payment)
            .where(Payment.id == payment_id)
            .values(provider_reference=begun.reference)
            .execution_options(synchronize_session=False)
        )
        waiting = s.execute(
            update(Payment)
            .where(Payment.id == payment_id, Payment.state == PaymentState.PENDING)
            .values(redirect_url=begun.redirect_url, asked=None)
            .execution_options(synchronize_session=False)
        )
        if not changed(waiting):
            provider.later(payment_id, close=True)
    if not changed(waiting):
        raise PaymentClosed
    return Redirect(begun.redirect_url)


def close_for_order(order_id: int) -> int:
    """Give up what an order still waits for, in the transaction that cancels it; return how many payments that were.

    A provider's page is closed by a job right after. Money that comes all the same is told as `PaymentCaptured`.
    """
    s = session()
    ended = s.execute(
        update(Payment)
        .where(Payment.order_id == order_id, Payment.state == PaymentState.PENDING)
        .values(state=PaymentState.CANCELLED, asked=None)
        .returning(Payment.id, Payment.provider_reference)
        .execution_options(synchronize_session=False)
    ).all()
    for payment_id, reference in ended:
        if reference is not None:
            provider.later(payment_id, close=True)
    return len(ended)
