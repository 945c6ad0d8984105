"""The live board of a large fair: 210 booths, 60 tills, 40,000 sales in five days, visitors, asks, goods on their way."""

from __future__ import annotations

import contextlib
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, select

from bench import catalogue
from bench.points import _settle, _sign_in
from bench.shops import config_of, database

BOOTHS, TILLS, SALES, DAYS, PACKS = 210, 60, 40_000, 5, 6
# Of the board itself; and of the page that carries it, with its reader's log-in, in milliseconds.
MOST_STATEMENTS, MOST_MS = 6, 1000


@dataclass
class Hall:
    """A shop of this process whose fair is in its fifth day."""

    app: Any
    staff: Any
    slug: str
    fair_id: int


@contextlib.contextmanager
def hall(db: str, server: str, folder: Path) -> Iterator[Hall]:
    """A shop with the fair in it."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-fair"
    with database(db, server, home, "bench_fair") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            catalogue.make(BOOTHS * PACKS // 2)
            slug, fair_id = fill()
            _settle()
            staff = app.test_client()
            _sign_in(staff, "*", "administrator")
            shop_db.session.remove()
        try:
            yield Hall(app, staff, slug, fair_id)
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def fill() -> tuple[str, int]:
    """Write the fair, its booths, points, goods, tills and sales in bulk; its address and id."""
    from shop.catalog.models import Price, Product, Variant
    from shop.exhibitions.models import calls, days, fairs
    from shop.kernel import clock
    from shop.kernel import text as words
    from shop.kernel.db import in_batches, transaction
    from shop.orders import models as orders
    from shop.points.models import Point, PointKind
    from shop.producers.models import Producer
    from shop.stock.models import Lot, StockLevel
    from shop.till import models as till

    rng, now = random.Random(5), clock.now()
    first = clock.today() - timedelta(days=DAYS - 1)
    with transaction() as s:

        def put(table: Any, rows: list[dict[str, Any]]) -> list[int]:
            for batch in in_batches(rows, 5000):
                s.execute(insert(table), list(batch))
            return list(s.scalars(select(table.id).order_by(table.id.desc()).limit(len(rows))))[::-1]

        fair = fairs.Exhibition(
            slug="hoi-cho-do", name="Hội chợ đo", sort_name="hoi cho do", kind=fairs.FairKind.PROVINCIAL,
            state=fairs.FairState.RUNNING, from_on=first, to_on=first + timedelta(days=DAYS), day_opens="00:00",
            day_closes="24:00", venue="Cung Quy hoạch", province_code="22", created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(fair)
        s.flush()
        kind = fairs.BoothType(
            exhibition_id=fair.id, name="Gian", columns=3, rows=3, fee_amount=0, subsidy_for=fairs.SubsidyFor.NOBODY
        )
        s.add(kind)
        s.flush()
        like = {"province_code": "22", "kind": PointKind.FAIR, "created_at": now, "updated_at": now, "services": []}
        like |= {"pickup": False, "ships": False, "web_reserve": 0, "is_public": False, "is_demo": False}
        points = put(
            Point,
            [like | {"slug": f"gian-{n}", "name": f"Gian A{n}", "sort_name": words.sort_key(f"Gian A{n}"),
                     "opened_on": first} for n in range(BOOTHS)],
        )  # fmt: skip
        booths = put(
            fairs.Booth,
            [{"exhibition_id": fair.id, "code": f"A{n + 1}", "type_id": kind.id, "x": 3 * (n % 30), "y": 3 * (n // 30),
              "columns": 3, "rows": 3, "out_of_use": False, "point_id": points[n]} for n in range(BOOTHS)],
        )  # fmt: skip
        producers = put(
            Producer,
            [{"slug": f"co-so-do-{n}", "name": f"HTX đo {n}", "sort_name": f"htx do {n:03}", "province_code": "22",
              "created_at": now, "updated_at": now} for n in range(BOOTHS)],
        )  # fmt: skip
        applications = put(
            calls.Application,
            [{"reference": f"D{n:05d}", "exhibition_id": fair.id, "producer_id": producers[n], "state": "accepted",
              "power_watts": 0, "water": False, "cold": False, "endorsement": "none", "created_at": now, "updated_at": now,
              "is_demo": False} for n in range(BOOTHS)],
        )  # fmt: skip
        put(
            calls.Stand,
            [{"reference": f"S{n:05d}", "exhibition_id": fair.id, "booth_id": booths[n], "application_id": applications[n],
              "producer_id": producers[n], "fee_amount": 0, "subsidy_amount": 0, "why": "đo", "given_at": now,
              "given_label": "Máy"} for n in range(BOOTHS)],
        )  # fmt: skip
        packs = s.execute(
            select(Variant.id, Price.id, Price.amount, Lot.id)
            .join(Product, Product.id == Variant.product_id)
            .join(Price, Price.variant_id == Variant.id)
            .join(Lot, Lot.variant_id == Variant.id)
            .where(Price.valid_to.is_(None))
            .order_by(Variant.id)
        ).all()
        by_variant = {p[0]: p for p in packs}
        known = list(by_variant.values())
        of_booth = [[known[(n * PACKS + k) % len(known)] for k in range(PACKS)] for n in range(BOOTHS)]
        put(
            StockLevel,
            [{"variant_id": v, "point_id": points[n], "lot_id": lot, "owner": f"producer:{producers[n]}",
              "on_hand": 0 if n % 17 == 0 else rng.randrange(0, 60), "held": 0, "allocated": 0, "updated_at": now}
             for n in range(BOOTHS) for v, _price, _amount, lot in of_booth[n]],
        )  # fmt: skip
        devices = put(
            till.Device,
            [{"code": f"Z{n + 1}", "name": f"Máy {n}", "point_id": points[n], "token_hash": f"h{n}", "enrolled_at": now,
              "last_seq": 0, "last_number": 0, "last_seen_at": now - timedelta(minutes=n), "created_at": now}
             for n in range(TILLS)],
        )  # fmt: skip
        moments = sorted(
            clock.start_of(first) + timedelta(seconds=rng.randrange(int((now - clock.start_of(first)).total_seconds())))
            for _n in range(SALES)
        )
        sessions = put(
            till.TillSession,
            [{"uuid": f"u-{d}-{n}", "device_id": devices[n], "point_id": points[n], "keeper_name": "Đo", "float_amount": 0,
              "opened_at": clock.start_of(first + timedelta(days=d)), "received_at": now,
              "closed_at": None if d == DAYS - 1 else now} for d in range(DAYS) for n in range(TILLS)],
        )  # fmt: skip
        _sales(put, rng, first, moments, points, of_booth, devices, sessions, orders, till)
        put(
            till.Ask,
            [{"event_id": event_id, "device_id": devices[n % TILLS], "point_id": points[n % TILLS],
              "variant_id": of_booth[n % TILLS][n % PACKS][0], "quantity": 1 + n % 3, "at": now, "received_at": now}
             for n, event_id in enumerate(_events(put, till, devices, 500, now, "ask"))],
        )  # fmt: skip
        gates = put(days.Gate, [{"exhibition_id": fair.id, "name": f"Cổng {n}"} for n in range(3)])
        put(
            days.Visits,
            [{"exhibition_id": fair.id, "gate_id": g, "hour": clock.start_of(first + timedelta(days=d, hours=0))
              + timedelta(hours=h), "source": source, "visitors": rng.randrange(50, 900), "updated_at": now,
              "updated_label": "Máy"} for g in gates for d in range(DAYS) for h in range(24) for source in ("tap", "sensor")],
        )  # fmt: skip
        return fair.slug, fair.id


def _events(put: Any, till: Any, devices: list[int], n: int, at: datetime, kind: str) -> list[int]:
    found: list[int] = put(
        till.TillEvent,
        [{"uuid": f"e-{kind}-{i}", "device_id": devices[i % TILLS], "seq": i, "kind": kind, "digest": "-", "at": at,
          "received_at": at, "state": "done"} for i in range(n)],
    )  # fmt: skip
    return found


def _sales(
    put: Any, rng: random.Random, first: Any, moments: list[datetime], points: list[int], of_booth: list[Any],
    devices: list[int], sessions: list[int], orders: Any, till: Any,
) -> None:  # fmt: skip
    """The sales with their orders, lines and money, one or two packs each."""
    from shop.kernel import clock

    carts = []
    for at in moments:
        n = rng.randrange(TILLS)
        lines = [
            (v, price, amount, rng.choice((1, 1, 2)))
            for v, price, amount, _lot in rng.sample(of_booth[n], rng.choice((1, 2)))
        ]
        carts.append((n, at, lines, sum(amount * k for _v, _p, amount, k in lines)))
    order_ids = put(
        orders.Order,
        [{"reference": f"Z-{i:06d}", "secret_hash": "-", "op_key": f"bench-{i}", "op_digest": "-", "channel": "till",
          "locale": "vi", "status": "completed", "payment_status": "paid", "payment_method": "cash", "delivery": "pickup",
          "name": "Khách", "search_name": "khach", "phone": "", "pickup_point_id": points[n], "goods_amount": total,
          "delivery_amount": 0, "discount_amount": 0, "total_amount": total, "placed_at": at, "is_demo": False}
         for i, (n, at, _lines, total) in enumerate(carts)],
    )  # fmt: skip
    parcels = put(
        orders.Fulfilment,
        [{"order_id": order_ids[i], "number": 1, "point_id": points[n], "kind": "pickup", "status": "delivered",
          "fee_amount": 0, "weight_g": 0} for i, (n, _at, _lines, _total) in enumerate(carts)],
    )  # fmt: skip
    flat = [(i, line) for i, (_n, _at, lines, _total) in enumerate(carts) for line in lines]
    line_ids = put(
        orders.OrderLine,
        [{"order_id": order_ids[i], "fulfilment_id": parcels[i], "variant_id": v, "sku": f"S{v}", "name": "Đo", "pack": "Gói",
          "quantity": k, "unit_price_amount": amount, "line_amount": amount * k, "price_id": price,
          "certificate_required": False, "is_alcohol": False, "cold": "none", "weight_g": 0}
         for i, (v, price, amount, k) in flat],
    )  # fmt: skip
    events = _events(put, till, devices, len(carts), moments[0], "sale")

    def session_of(n: int, at: datetime) -> int:
        return sessions[min((clock.business_day(at) - first).days, DAYS - 1) * TILLS + n]

    sale_ids = put(
        till.TillSale,
        [{"number": f"Z-{i:06d}", "device_id": devices[n], "sequence": i + 1, "session_id": session_of(n, at),
          "event_id": events[i], "order_id": order_ids[i], "keeper_name": "Đo", "at": at, "received_at": at, "late": False}
         for i, (n, at, _lines, _total) in enumerate(carts)],
    )  # fmt: skip
    put(
        till.TillLine,
        [{"sale_id": sale_ids[i], "order_line_id": line_ids[j], "variant_id": v, "quantity": k, "net_amount": amount * k,
          "returned": 0} for j, (i, (v, _price, amount, k)) in enumerate(flat)],
    )  # fmt: skip
    put(
        till.TillTender,
        [{"session_id": session_of(n, at), "event_id": events[i], "sale_id": sale_ids[i], "kind": "cash", "purpose": "sale",
          "amount": total, "at": at, "received_at": at, "late": False} for i, (n, at, _lines, total) in enumerate(carts)],
    )  # fmt: skip


def measure(one: Hall, times: int = 9) -> dict[str, Any]:
    """Statements of the board, and milliseconds of the board itself, of its middle and of its page (median)."""
    from shop.exhibitions.queries import board, fairs
    from shop.kernel.db import db

    seen: list[str] = []
    with one.app.app_context():
        engine = db.engine

        def hear(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", hear)
        board.read(fairs.by_slug(one.slug))
        statements = len([x for x in seen if x.lstrip().upper().startswith(("SELECT", "WITH"))])
        event.remove(engine, "before_cursor_execute", hear)
        db.session.remove()
        spans = [_timed(lambda: board.read(fairs.by_slug(one.slug))) for _n in range(times)]
        db.session.remove()
    page = f"/office/exhibitions/{one.slug}/board"

    def get(path: str) -> None:
        answer = one.staff.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")

    get(page)
    return {
        "statements": statements,
        "board": statistics.median(spans),
        "middle": statistics.median(_timed(lambda: get(f"{page}/now")) for _n in range(times)),
        "page": statistics.median(_timed(lambda: get(page)) for _n in range(times)),
        "goods": _timed(lambda: get(f"/office/exhibitions/{one.slug}/goods")),
    }


def _timed(ask: Any) -> float:
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1000


def plans(one: Hall) -> list[str]:
    """How the database means to find the board's figures, for reading."""
    from shop.exhibitions.queries import board
    from shop.kernel import clock
    from shop.kernel.db import is_sqlite, session

    told = []
    with one.app.app_context():
        values = {"fair": one.fair_id, "today": clock.start_of(clock.today()), "hour": clock.now()}
        for statement in (board._MONEY, board._GOODS, board._COUNTS):
            compiled = statement.compile(session().get_bind(), compile_kwargs={"literal_binds": False})
            prefix = "EXPLAIN QUERY PLAN " if is_sqlite() else "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "
            rows = session().connection().exec_driver_sql(prefix + str(compiled), _bound(compiled, values))
            told.append("\n".join(str(row[-1]) for row in rows))
    return told


def _bound(compiled: Any, values: dict[str, Any]) -> Any:
    state = compiled.construct_params(values)
    made = {k: p(state[k]) if (p := compiled._bind_processors.get(k)) else state[k] for k in state}
    return tuple(made[name] for name in compiled.positiontup) if compiled.positional else made
