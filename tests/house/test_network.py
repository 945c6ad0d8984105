"""No call to another machine happens while a transaction is open: a slow neighbour must not hold locks."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import pytest

from shop.kernel import clock, mail
from shop.kernel.db import TransactionOpen, transaction
from shop.kernel.storage import S3Storage
from shop.payments.gateway import Ask, RefundAsk
from shop.payments.gateways.stripe import StripeCards
from tests.house import source

CLIENTS = {
    "aiohttp", "boto3", "ftplib", "http.client", "httpx", "imaplib", "poplib", "requests", "smtplib", "socket", "stripe",
    "urllib.request", "urllib3", "websockets",
}  # fmt: skip
# The supervisor and the imitation of Stripe are programs of their own; jobs ask for the name of this machine only.
APART = {"shop/serve.py", "shop/payments/fake_stripe.py", "shop/kernel/jobs.py"}


def imported(tree: ast.Module) -> set[str]:
    """All modules a file names in its imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_who_talks_to_other_machines_leaves_the_database_first():
    talkers = {source.place(p) for p in source.python("shop") if imported(source.tree(p)) & CLIENTS} - APART
    assert talkers == {"shop/kernel/mail.py", "shop/kernel/storage.py", "shop/payments/gateways/stripe.py"}
    for name in talkers:
        calls = {source.called(n) for n in source.nodes(source.ROOT / name) if isinstance(n, ast.Call)}
        assert "leave_database" in calls, name


class Wire:
    """Stands where a client of another machine stood, and notes whether anything reached it."""

    exceptions = SimpleNamespace(NoSuchKey=KeyError, ClientError=KeyError)

    def __init__(self) -> None:
        self.reached: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            self.reached.append(name)
            raise AssertionError(f"{name} went out inside a transaction")

        return Wire() if name in {"v1", "checkout", "sessions"} else call


def s3(wire: Wire) -> S3Storage:
    store = S3Storage.__new__(S3Storage)
    store.bucket, store.prefix, store.client = "bucket", "media", wire
    return store


def stripe(wire: Wire) -> StripeCards:
    way = StripeCards("sk_test_nobody", "http://127.0.0.1:9", None)
    way._client = wire
    return way


ASK = Ask(
    "key", 1, "HX7K-3M2P", 50_000, clock.now() + timedelta(hours=1), "http://localhost/a", "http://localhost/b", "vi"
)
REFUND = RefundAsk("key", 1, 1, "HX7K-3M2P", "pi_1", 50_000)
CALLS: dict[str, Callable[[Wire], Any]] = {
    "s3.put": lambda wire: s3(wire).put("a/b.png", b"x"),
    "s3.get": lambda wire: s3(wire).get("a/b.png"),
    "s3.exists": lambda wire: s3(wire).exists("a/b.png"),
    "s3.delete": lambda wire: s3(wire).delete("a/b.png"),
    "stripe.begin": lambda wire: stripe(wire).begin(ASK),
    "stripe.look": lambda wire: stripe(wire).look("cs_1"),
    "stripe.close": lambda wire: stripe(wire).close("cs_1"),
    "stripe.refund": lambda wire: stripe(wire).refund(REFUND),
    "mail.deliver": lambda wire: mail.deliver(EmailMessage(), "letter"),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_adapter_refuses_inside_a_transaction(ctx, name):
    wire = Wire()
    with transaction(), pytest.raises(TransactionOpen):
        CALLS[name](wire)
    assert wire.reached == []
