"""The imitation of Stripe, as a process of its own and at its edges."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe as real

from shop.payments.fake_stripe import FakeStripe

ROOT = Path(__file__).resolve().parents[2]
LINE = {"quantity": 1, "price_data": {"currency": "vnd", "unit_amount": 20_000, "product_data": {"name": "Chả mực"}}}
ASK: dict[str, Any] = {"mode": "payment", "success_url": "http://localhost/ok", "cancel_url": "http://localhost/back"}


@pytest.fixture
def process() -> Iterator[str]:
    """The imitation as `make run` starts it; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "shop.payments.fake_stripe", "--port", str(port)]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PORT": "9"})
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                requests.get(address, timeout=1)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield address
    finally:
        child.terminate()
        assert child.wait(10) == 0


def client(address: str, key: str = "sk_test_x") -> Any:
    return real.StripeClient(key, base_addresses={"api": address}, max_network_retries=0).v1


def test_the_whole_way_by_the_real_client(process: str) -> None:
    v1 = client(process)
    made = v1.checkout.sessions.create({**ASK, "line_items": [LINE], "locale": "en", "client_reference_id": "<b>HX7K"})
    page = requests.get(made.url, timeout=5).text
    assert "20.000" in page
    assert "&lt;b&gt;HX7K" in page
    assert requests.post(made.url, data={"do": "decline"}, timeout=5).status_code == 200
    back = requests.post(made.url, data={"do": "cancel"}, allow_redirects=False, timeout=5)
    assert back.headers["Location"] == "http://localhost/back"
    requests.post(made.url, data={"do": "pay"}, allow_redirects=False, timeout=5)
    paid = v1.checkout.sessions.retrieve(made.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert v1.payment_intents.retrieve(paid.payment_intent).amount_received == 20_000
    assert requests.post(made.url, data={"do": "pay"}, timeout=5).status_code == 400
    refund = v1.refunds.create({"payment_intent": paid.payment_intent, "amount": 5_000})
    assert v1.refunds.retrieve(refund.id).status == "succeeded"
    assert [r.id for r in v1.refunds.list({"payment_intent": paid.payment_intent}).data] == [refund.id]
    with pytest.raises(real.InvalidRequestError):
        v1.refunds.create({"payment_intent": paid.payment_intent, "amount": 15_001})


@pytest.mark.parametrize(
    "wrong",
    [
        {"line_items": []},
        {"line_items": [LINE], "mode": "subscription"},
        {"line_items": [LINE], "expires_at": 5},
        {"line_items": [{**LINE, "quantity": 10_000}]},
        {"line_items": [{"quantity": 1}]},
    ],
)
def test_what_stripe_refuses_is_refused(wrong: dict[str, Any]) -> None:
    fake = FakeStripe().start()
    try:
        with pytest.raises(real.InvalidRequestError):
            client(fake.address).checkout.sessions.create({**ASK, **wrong})
        with pytest.raises(real.InvalidRequestError):
            client(fake.address).checkout.sessions.retrieve("cs_none")
        with pytest.raises(real.AuthenticationError):
            client(fake.address, "sk_live_x").checkout.sessions.create({**ASK, "line_items": [LINE]})
    finally:
        fake.stop()


def test_a_key_gives_the_same_answer_and_takes_no_other_body() -> None:
    fake = FakeStripe().start()
    try:
        sessions = client(fake.address).checkout.sessions
        ask = {**ASK, "line_items": [LINE]}
        first = sessions.create(ask, {"idempotency_key": "a"})
        assert sessions.create(ask, {"idempotency_key": "a"}).id == first.id
        assert sessions.create(ask, {"idempotency_key": "b"}).id != first.id
        with pytest.raises(real.IdempotencyError):
            sessions.create({**ask, "locale": "vi"}, {"idempotency_key": "a"})
        assert sessions.expire(first.id).status == "expired"
        with pytest.raises(real.InvalidRequestError):
            sessions.expire(first.id)
    finally:
        fake.stop()


def test_a_webhook_is_repeated_until_it_is_taken() -> None:
    answers = iter([0, 503, 200])
    seen: list[bytes] = []

    def deliver(body: bytes, _signature: str) -> int:
        seen.append(body)
        return next(answers)

    fake = FakeStripe(deliver=deliver).start()
    try:
        fake.tell("checkout.session.expired", {"id": "cs_1"})
        fake.settle()
        assert len(seen) == 3
        assert len(set(seen)) == 1
    finally:
        fake.stop()
