"""A statement of fifty thousand lines: closed and sealed, its page, its spreadsheet, its paper."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from bench import catalogue
from bench.points import _settle, _sign_in
from bench.shops import config_of, database

LINES = 50_000
PRODUCTS = 1000


@contextlib.contextmanager
def house(db: str, server: str, folder: Path) -> Iterator[tuple[Any, str]]:
    """A shop of this process with a producer whose last month has so many lines; the app and the statement's reference."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-settlement"
    with database(db, server, home, "bench_settlement") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            catalogue.make(PRODUCTS)
            reference = _fill()
            _settle()
            shop_db.session.remove()
        try:
            yield app, reference
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _fill() -> str:
    """Half the lines are sales, half the commission of each."""
    from shop.kernel import clock
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import in_batches, session, transaction
    from shop.producers.models import Producer
    from shop.settlement.models import Entry, EntryKind, Statement
    from shop.settlement.services import agreements, entries
    from shop.settlement.services.agreements import Draft, Rates

    s = session()
    maker = s.query(Producer.id).order_by(Producer.id).limit(1).scalar()
    points = list(s.scalars(text("SELECT id FROM points ORDER BY id")))
    last = clock.today().replace(day=1) - timedelta(days=1)
    reference = agreements.propose(
        SYSTEM, maker, Draft(last.replace(day=1), Rates(1000, 1500, 2000)), op_key="bench-1-agree"
    )
    agreements.agree(SYSTEM, reference)
    with transaction() as s:
        entries.account(maker)
        made = entries.open_period(SYSTEM, maker, (last.replace(day=1), last), 0, demo=False)
        now = clock.now()
        first = (s.scalar(text("SELECT max(id) FROM settlement_entries")) or 0) + 1
        rows = []
        for n in range(LINES // 2):
            on = last - timedelta(days=n % 27)
            like = {
                "producer_id": maker, "channel": ("web", "point")[n % 2], "point_id": points[n % len(points)],
                "reference": f"HX7K-{n:04d}", "label": f"Chả mực loại {n % 90}, gói 500 g", "happened_at": clock.start_of(on),
                "happened_on": on, "posted_at": now, "actor_label": "Hệ thống", "discount_amount": 0, "is_demo": False,
            }  # fmt: skip
            amount = 120_000 + 500 * (n % 40)
            rows.append(
                like
                | {"id": first + 2 * n, "cause": f"sale:bench:{n}", "kind": EntryKind.SALE, "quantity": 1,
                   "unit_amount": amount, "amount": amount, "parent_id": None, "base_amount": None, "rate_bp": None}
            )  # fmt: skip
            rows.append(
                like
                | {"id": first + 2 * n + 1, "cause": f"commission/sale:bench:{n}", "kind": EntryKind.COMMISSION, "quantity": 0,
                   "unit_amount": None, "amount": -amount // 10, "parent_id": first + 2 * n, "base_amount": amount,
                   "rate_bp": 1000}
            )  # fmt: skip
        for batch in in_batches(rows, 5000):
            s.execute(insert(Entry), list(batch))
        if s.get_bind().dialect.name == "postgresql":
            s.execute(
                text(
                    "SELECT setval(pg_get_serial_sequence('settlement_entries', 'id'), max(id)) FROM settlement_entries"
                )
            )
        statement: Statement = made
        return statement.reference


def _timed(ask: Any) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def measure(app: Any, reference: str) -> dict[str, float]:
    """Seconds to close it, to show a page of it, to write it as XLSX, to draw its paper."""
    from shop.kernel.actor import SYSTEM
    from shop.settlement.services import statements

    staff = app.test_client()
    with app.app_context():
        closed = _timed(lambda: statements.close(SYSTEM, reference, op_key="bench-2-close"))
        _sign_in(staff, "*", "administrator")
    path = f"/office/statements/{reference}"

    def get(suffix: str) -> None:
        answer = staff.get(path + suffix)
        if answer.status_code != 200 or not answer.get_data():
            raise RuntimeError(f"{path}{suffix}: {answer.status_code}")

    get("")
    return {
        "close": closed,
        "page": _timed(lambda: get("")),
        "last page": _timed(lambda: get("?page=200")),
        "xlsx": _timed(lambda: get("?format=xlsx")),
        "paper": _timed(lambda: get(".pdf")),
    }
