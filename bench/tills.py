"""Three counters that were off line for a day send what they sold; and what a device holds to sell without a network."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

from bench.shops import Server, Shelf, config_of

SALES = 300
BATCH = 100
DEVICES = ("A1", "B2", "C3")


def enrol(shelf: Shelf) -> tuple[dict[str, str], int]:
    """Enrol the devices at the shelf's point; their tokens, and the keeper's id."""
    from shop import create_app
    from shop.accounts.models import Grant, User
    from shop.accounts.permissions import Role
    from shop.kernel import clock
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import db, transaction
    from shop.till.services import devices

    app = create_app(config_of(shelf.url, shelf.folder))
    tokens = {}
    with app.app_context():
        with transaction() as s:
            keeper = User(name="Lê Thị Đo", email="quay@example.vn", password_hash="-", created_at=clock.now())
            s.add(keeper)
            s.flush()
            s.add(
                Grant(user_id=keeper.id, role=Role.POINT_KEEPER, scope=f"point:{shelf.point}", granted_at=clock.now())
            )
        keeper_id = keeper.id
        for code in DEVICES:
            device_id = devices.create(SYSTEM, code, f"Máy {code}", shelf.point)
            tokens[code] = devices.enrol(devices.new_code(SYSTEM, device_id).code, code, None).token
        db.session.remove()
        db.engine.dispose()
    return tokens, keeper_id


def day(shelf: Shelf, code: str, keeper_id: int) -> list[dict[str, Any]]:
    """What one device queued: a session with its sales of one to three lines."""
    session, counting = str(uuid.uuid4()), itertools.count(1)

    def event(kind: str, **body: Any) -> dict[str, Any]:
        return {
            "uuid": str(uuid.uuid4()), "kind": kind, "at": datetime.now(UTC).isoformat(), "seq": next(counting),
            "body": {"session": session, **body},
        }  # fmt: skip

    events = [event("session-open", keeper_id=keeper_id, float_amount=500_000)]
    for n in range(SALES):
        lines = [
            {"variant_id": variant, "quantity": 1 + k, "unit_price_amount": amount, "price_id": price, "lot_code": None}
            for k in range(1 + n % 3)
            for _level, variant, _n, amount, price in [shelf.lines[(n * 7 + k * 5) % len(shelf.lines)]]
        ]
        total = sum(x["quantity"] * x["unit_price_amount"] for x in lines)
        events.append(
            event(
                "sale", number=f"{code}-{n + 1:06d}", lines=lines, discount_amount=0, discount_reason=None,
                tenders=[{"kind": "cash", "amount": total, "given": total}], total_amount=total, age_confirmed=True,
                certificate_seen={}, secret_hash=hashlib.sha256(f"{code}{n}".encode()).hexdigest(),
            )
        )  # fmt: skip
    return events


def ask(port: int, path: str, token: str, body: Any = None) -> bytes:
    """One request of a device."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: bytes = answer.read()
        return found


def measure(shelf: Shelf) -> dict[str, Any]:
    """Seconds until all three queues are taken in, what was said of the events, and the catalogue's bytes and seconds."""
    tokens, keeper_id = enrol(shelf)
    queues = {code: day(shelf, code, keeper_id) for code in DEVICES}
    said: list[str] = []

    def send(port: int, code: str) -> None:
        queue = queues[code]
        for start in range(0, len(queue), BATCH):
            batch = {
                "device": code,
                "sent_at": datetime.now(UTC).isoformat(),
                "batch": "",
                "events": queue[start : start + BATCH],
            }
            said.extend(r["status"] for r in json.loads(ask(port, "/till/api/sync", tokens[code], batch))["results"])

    server = Server(shelf)
    try:
        begun = time.perf_counter()
        held = ask(server.port, "/till/api/catalogue", tokens["A1"])
        catalogue_seconds = time.perf_counter() - begun
        threads = [threading.Thread(target=send, args=(server.port, code)) for code in DEVICES]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
    finally:
        server.stop()
    return {
        "seconds": seconds,
        "done": said.count("done"),
        "wanted": sum(len(q) for q in queues.values()),
        "catalogue_bytes": len(held),
        "catalogue_rows": len(json.loads(held)["variants"]),
        "catalogue_seconds": catalogue_seconds,
    }
