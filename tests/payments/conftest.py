"""An order to pay, a shop that takes every kind of money, and an imitation of Stripe that can be made to misbehave."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.orders.models import DeliveryKind, Order, OrderStatus, PaymentMethod, PaymentStatus
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe, sign
from shop.payments.models import Payment

SECRET = "whsec_of_the_tests"
BANK = {"bank_bin": "970436", "bank_account": "0123456789", "bank_account_name": "Chợ Bến"}
CLERK = Actor("user", "Nguyễn Thị Lan", 7)


@dataclass(frozen=True)
class Placed:
    """An order and its payment."""

    order_id: int
    reference: str
    payment_id: int
    code: str | None
    amount: int


@pytest.fixture(scope="session")
def stripe_port() -> int:
    """The port of all imitations of this process, one after the other: shops with the same settings are built once."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def stripe(stripe_port: int) -> Iterator[FakeStripe]:
    """The imitation; its webhooks go nowhere until a test says where."""
    try:
        fake = FakeStripe(webhook_secret=SECRET, port=stripe_port)
    except OSError:  # somebody else has taken the port meanwhile
        fake = FakeStripe(webhook_secret=SECRET)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def app(make_app: Callable[..., Flask], stripe: FakeStripe) -> Flask:
    """The shop with a bank account and a Stripe key; webhooks of the imitation reach it over WSGI."""
    shop = make_app(
        stripe_api_key="sk_test_of_the_tests",
        stripe_api_base=stripe.address,
        stripe_webhook_secret=SECRET,
        base_url="http://localhost",
        **BANK,
    )

    def deliver(body: bytes, signature: str) -> int:
        answer = shop.test_client().post(
            "/webhooks/stripe", data=body, headers={"Stripe-Signature": signature, "Content-Type": "application/json"}
        )
        return int(answer.status_code)

    stripe.deliver = deliver
    return shop


def place(method: PaymentMethod | str, amount: int = 185_000, *, minutes: float = 15) -> Placed:
    """An order of `amount` đồng with its payment, as checkout leaves it."""
    now = clock.now()
    method = PaymentMethod(method)
    reference = text.reference()
    with transaction() as s:
        order = Order(
            reference=reference,
            secret_hash="x",
            op_key=text.reference(4),
            op_digest="x",
            status=OrderStatus.PLACED if method is PaymentMethod.COD else OrderStatus.AWAITING_PAYMENT,
            payment_status=PaymentStatus.DUE if method is PaymentMethod.COD else PaymentStatus.UNPAID,
            payment_method=method,
            delivery=DeliveryKind.SHIP,
            name="Trần Văn An",
            phone="+84912345678",
            goods_amount=amount,
            delivery_amount=0,
            total_amount=amount,
            placed_at=now,
        )
        s.add(order)
        s.flush()
        ends = None if method is PaymentMethod.COD else now + timedelta(minutes=minutes)
        opened = payments.open_payment(order.id, reference, method, amount, ends)
        return Placed(order.id, reference, opened.id, opened.code, amount)


def payment_of(placed: Placed | int) -> Payment:
    """The payment as the database has it now."""
    s = session()
    s.rollback()
    s.expire_all()
    found = s.get(Payment, placed if isinstance(placed, int) else placed.payment_id)
    assert found is not None
    return found


def begin(placed: Placed) -> str:
    """Begin a card payment; returns the session's id at the imitation."""
    payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")
    reference = payment_of(placed).provider_reference
    assert reference is not None
    return reference


def event(kind: str, thing: dict[str, Any], event_id: str = "evt_1", **more: Any) -> bytes:
    """The body of an event."""
    return json.dumps({"id": event_id, "type": kind, "livemode": False, "data": {"object": thing}} | more).encode()


@pytest.fixture
def post(app: Flask) -> Callable[..., Any]:
    """Post a body to the webhook, signed rightly unless a signature is given."""

    def go(body: bytes, signature: str | None = None, *, at: float | None = None) -> Any:
        header = sign(body, SECRET, at) if signature is None else signature
        return app.test_client().post(
            "/webhooks/stripe", data=body, headers={"Stripe-Signature": header, "Content-Type": "application/json"}
        )

    return go
