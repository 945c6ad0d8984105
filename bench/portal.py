"""A producer of five thousand packs and a hundred thousand order lines: what the pages of its own door cost."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, text, update

from bench import catalogue
from bench.points import _settle, _sign_in, look
from bench.shops import config_of, database

PACKS = 5_000
LINES = 100_000
ORDER_LINES = 4
DAYS = 400
ROUNDS = 5
# Statements of a page at most; a page that is not built here is left out.
MOST = {"listings": 6, "reports": 14, "reports, a year": 14, "reports, a file": 14}


@dataclass
class Door:
    """The shop of this process, and a member of the producer signed in."""

    app: Any
    member: Any
    paths: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def door(db: str, server: str, folder: Path) -> Iterator[Door]:
    """Fill a database of its own and open the shop on it."""
    from shop import create_app
    from shop.kernel import clock
    from shop.kernel.db import db as shop_db
    from shop.pages.office import nav

    home = folder / f"{db}-portal"
    with database(db, server, home, "bench_portal") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            catalogue.make(PACKS)
            producer = _one_producer()
            _orders(producer)
            _settle()
            made = Door(app, app.test_client())
            _sign_in(made.member, f"producer:{producer}", "producer_owner")
            year = clock.today().year
            paths = {
                "listings": "/producer/listings",
                "reports": "/producer/reports",
                "reports, a year": f"/producer/reports?period={year}",
                "reports, a file": f"/producer/reports?period={year}&table=packs&format=csv",
            }
            made.paths = {name: path for name, path in paths.items() if nav.is_built(app.name, path.partition("?")[0])}
            shop_db.session.remove()
        try:
            yield made
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _one_producer() -> int:
    """Give all goods to the first producer; return its id."""
    from shop.catalog.models import Product
    from shop.kernel.db import session, transaction
    from shop.producers.models import Producer

    with transaction() as s:
        producer = s.scalar(select(Producer.id).order_by(Producer.id).limit(1))
        if producer is None:
            raise RuntimeError("no producer in the catalogue")
        s.execute(update(Product).values(producer_id=producer))
    session().rollback()
    return int(producer)


def _orders(producer: int) -> None:
    """Completed orders of four lines over the last days, to a hundred communes, in the shapes that placing leaves behind."""
    from shop.kernel import clock
    from shop.kernel.db import transaction
    from shop.orders.models import Fulfilment, Order, OrderLine

    now = clock.now()
    with transaction() as s:
        goods = s.execute(
            text(
                "SELECT v.id, v.sku, min(p.id), min(p.amount) FROM variants v JOIN prices p ON p.variant_id = v.id "
                "GROUP BY v.id, v.sku ORDER BY v.id"
            )
        ).all()
        point = s.scalar(text("SELECT min(id) FROM points"))
        communes = list(
            s.scalars(text("SELECT code FROM place_units WHERE parent_code = '22' ORDER BY code LIMIT 100"))
        ) or [None]
        writer = catalogue._Writer()
        first, parcel, line = (writer.next_id(model) for model in (Order, Fulfilment, OrderLine))
        orders, parcels, lines = [], [], []
        for n in range(LINES // ORDER_LINES):
            at = now - timedelta(minutes=n * DAYS * 24 * 60 * ORDER_LINES // LINES)
            picks = [goods[(n * 7 + k * 131) % len(goods)] for k in range(ORDER_LINES)]
            total = sum(amount for _v, _s, _p, amount in picks)
            orders.append(
                (first + n, f"BENCH-{n:07d}", "x", f"bench-portal-{n}", "x", "web", "vi", "completed", "paid", "cod", "ship",
                 "Người mua", "nguoi mua", "+84900000000", "22", "Quảng Ninh", communes[n % len(communes)], "Phường",
                 total, 0, 0, total, at, at, False)
            )  # fmt: skip
            parcels.append((parcel + n, first + n, 1, point, "ship", "delivered", 0, 1000))
            lines += [
                (line + n * ORDER_LINES + k, first + n, parcel + n, v, producer, sku, "Hàng", "Gói", 1, amount, amount, price,
                 False, False, "none", 500)
                for k, (v, sku, price, amount) in enumerate(picks)
            ]  # fmt: skip
        writer.write(
            Order,
            ("id", "reference", "secret_hash", "op_key", "op_digest", "channel", "locale", "status", "payment_status",
             "payment_method", "delivery", "name", "search_name", "phone", "province_code", "province_name", "commune_code",
             "commune_name", "goods_amount", "delivery_amount", "discount_amount", "total_amount", "placed_at",
             "completed_at", "is_demo"),
            orders,
        )  # fmt: skip
        writer.write(
            Fulfilment, ("id", "order_id", "number", "point_id", "kind", "status", "fee_amount", "weight_g"), parcels
        )
        writer.write(
            OrderLine,
            ("id", "order_id", "fulfilment_id", "variant_id", "producer_id", "sku", "name", "pack", "quantity",
             "unit_price_amount", "line_amount", "price_id", "certificate_required", "is_alcohol", "cold", "weight_g"),
            lines,
        )  # fmt: skip


def pages(one: Door) -> dict[str, tuple[float, int]]:
    """Of each page the median milliseconds of this process's CPU, drawn whole, and how many statements it takes."""
    found = {}
    for name, path in one.paths.items():
        look(one.member, path)
        found[name] = statistics.median(_cpu(one, path) for _round in range(ROUNDS)), _statements(one, path)
    return found


def _cpu(one: Door, path: str) -> float:
    begun = time.process_time()
    look(one.member, path)
    return (time.process_time() - begun) * 1000


def _statements(one: Door, path: str) -> int:
    from shop.kernel.db import db

    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            seen.append(statement)

    with one.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        look(one.member, path)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)
