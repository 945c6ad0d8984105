"""A thousand notices of Stripe at once: each of a card payment of its own, a tenth of them told twice, to two workers.

They are signed as Stripe signs, sent by eight threads, and answered once what they say is taken in: the payment is captured,
its order paid. Orders have no goods: committing them is measured with orders.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, text

from bench.shops import Server, config_of, database

EVENTS, TWICE, THREADS = 1_000, 100, 8
SECONDS, P95 = 30.0, 1.0
SECRET = "whsec_of_the_benchmark"
KEYS = {
    "STRIPE_API_KEY": "sk_test_of_the_benchmark",
    "STRIPE_WEBHOOK_SECRET": SECRET,
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}


class _Place:
    """What a server needs to know of the database it serves."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.sqlite = url, folder, url.startswith("sqlite")


def _fill() -> list[tuple[int, str, int]]:
    """Orders that wait for a card; payment, order and amount of each."""
    from shop.kernel import clock
    from shop.kernel.db import transaction
    from shop.kernel.text import reference
    from shop.orders.models import DeliveryKind, Order, OrderStatus, PaymentMethod, PaymentStatus
    from shop.payments.models import Payment, PaymentState

    now = clock.now()
    orders, payments, found = [], [], []
    for n in range(1, EVENTS + 1):
        told, amount = reference(), 50_000 + n * 1000
        orders.append(
            {"id": n, "reference": told, "secret_hash": "x", "op_key": f"bench-{n:08d}", "op_digest": "x", "channel": "web",
             "locale": "vi", "status": OrderStatus.AWAITING_PAYMENT, "payment_status": PaymentStatus.UNPAID,
             "payment_method": PaymentMethod.CARD, "delivery": DeliveryKind.SHIP, "name": "Khách", "search_name": "khach",
             "phone": f"+849{n:08d}", "goods_amount": amount, "delivery_amount": 0, "discount_amount": 0,
             "total_amount": amount, "reduced_amount": 0, "placed_at": now, "is_demo": False}
        )  # fmt: skip
        payments.append(
            {"id": n, "order_id": n, "method": PaymentMethod.CARD, "provider": "stripe_test", "state": PaymentState.PENDING,
             "amount": amount, "captured_amount": 0, "refunded_amount": 0, "provider_reference": f"cs_test_{n}",
             "created_at": now}
        )  # fmt: skip
        found.append((n, told, amount))
    with transaction() as s:
        s.execute(insert(Order), orders)
        s.execute(insert(Payment), payments)
        if s.get_bind().dialect.name == "postgresql":
            for name in ("orders", "payments"):
                s.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"))
    return found


def _notices(owed: list[tuple[int, str, int]]) -> Iterator[bytes]:
    for n, told, amount in owed:
        thing = {
            "id": f"pi_{n}", "object": "payment_intent", "amount": amount, "amount_received": amount, "currency": "vnd",
            "status": "succeeded", "latest_charge": f"ch_{n}", "metadata": {"payment": str(n), "order": told},
        }  # fmt: skip
        event = {
            "id": f"evt_{n}", "object": "event", "api_version": "2026-10-28.endive", "created": int(time.time()),
            "livemode": False, "type": "payment_intent.succeeded", "data": {"object": thing},
        }  # fmt: skip
        body = json.dumps(event).encode()
        yield body
        if n <= TWICE:
            yield body


def measure(db: str, server: str, folder: Path) -> dict[str, Any]:
    """Seconds for all, the seconds of each answer (median, 95th of a hundred, most), and how many payments were captured."""
    from shop import create_app
    from shop.kernel.db import db as shop_db
    from shop.payments.fake_stripe import sign
    from shop.payments.models import Payment, PaymentReceipt, PaymentState

    home = folder / f"{db}-webhooks"
    with database(db, server, home, "bench_webhooks") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            owed = _fill()
            shop_db.session.remove()
            shop_db.engine.dispose()
        queue = list(_notices(owed))
        answers: list[tuple[int, float]] = []
        lock = threading.Lock()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def send(port: int) -> None:
            while True:
                with lock:
                    if not queue:
                        return
                    body = queue.pop()
                header = sign(body, SECRET)
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/webhooks/stripe", data=body,
                    headers={"Stripe-Signature": header, "Content-Type": "application/json"},
                )  # fmt: skip
                begun = time.perf_counter()
                with opener.open(request, timeout=60) as answer:
                    status = answer.status
                with lock:
                    answers.append((status, time.perf_counter() - begun))

        web = Server(_Place(url, home), more=KEYS)  # type: ignore[arg-type]
        try:
            threads = [threading.Thread(target=send, args=(web.port,)) for _ in range(THREADS)]
            begun = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - begun
        finally:
            web.stop()
        with app.app_context():
            s = shop_db.session()
            captured = s.scalar(select(func.count()).where(Payment.state == PaymentState.CAPTURED))
            receipts = s.scalar(select(func.count()).select_from(PaymentReceipt))
            shop_db.session.remove()
            shop_db.engine.dispose()
    times = sorted(t for _status, t in answers)
    return {
        "seconds": seconds, "p50": statistics.median(times), "p95": times[int(len(times) * 0.95)], "most": times[-1],
        "ok": sum(status < 300 for status, _t in answers), "captured": int(captured or 0), "receipts": int(receipts or 0),
    }  # fmt: skip
