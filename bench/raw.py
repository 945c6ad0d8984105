"""Plain drivers without SQLAlchemy: the same connection settings as the shop's, and the bare transaction of an order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import make_url


class _Sqlite:
    """A SQLite connection that speaks `%s` like psycopg."""

    def __init__(self, path: str) -> None:
        from pysqlite3 import dbapi2

        self.raw = dbapi2.connect(path, timeout=20, check_same_thread=False)
        self.raw.isolation_level = None
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000", "temp_store=MEMORY",
            "mmap_size=268435456",
        ):  # fmt: skip
            self.raw.execute(f"PRAGMA {pragma}")
        self.known: dict[str, str] = {}

    def execute(self, sql: str, values: Any = ()) -> Any:
        marked = self.known.get(sql)
        if marked is None:
            marked = self.known[sql] = sql.replace("%s", "?")
        return self.raw.execute(marked, tuple(values))

    def close(self) -> None:
        self.raw.close()


def connect(url: str) -> Any:
    """A connection in autocommit: transactions are begun and ended by hand."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _Sqlite(str(parsed.database))
    import psycopg

    return psycopg.connect(
        host=parsed.host,
        port=parsed.port,
        user=parsed.username,
        password=parsed.password,
        dbname=parsed.database,
        autocommit=True,
        prepare_threshold=5,
        options="-c timezone=UTC",
    )


def now_value(*, sqlite: bool) -> Any:
    """This instant as the shop's tables keep it."""
    now = datetime.now(UTC)
    return now.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else now


def order_transaction(c: Any, plan: dict[str, Any], key: str, wanted: list[list[int]]) -> bool:
    """Write one order of `wanted` ([level, variant, quantity, amount, price]) as the shop writes it; False if it is sold out.

    One statement per table, in one transaction: goods taken by a conditional update, claim, order, parcel, lines, history,
    payment, the letter's job, availability.
    """
    sqlite = plan["sqlite"]
    now = now_value(sqlite=sqlite)
    c.execute("BEGIN IMMEDIATE" if sqlite else "BEGIN")
    for level, _variant, n, _amount, _price in sorted(wanted):
        taken = c.execute(
            "UPDATE stock_levels SET allocated = allocated + %s, updated_at = %s "
            "WHERE id = %s AND on_hand - held - allocated >= %s",
            (n, now, level, n),
        )
        if taken.rowcount != 1:
            c.execute("ROLLBACK")
            return False
    goods = sum(n * amount for _l, _v, n, amount, _p in wanted)
    order_id = c.execute(
        "INSERT INTO orders (reference, secret_hash, op_key, op_digest, basket_key, channel, locale, status, payment_status, "
        "payment_method, delivery, name, search_name, phone, province_code, province_name, commune_code, commune_name, street, "
        "goods_amount, delivery_amount, discount_amount, total_amount, placed_at, is_demo) VALUES "
        "(%s, %s, %s, %s, %s, 'web', 'vi', 'placed', 'due', 'cod', 'ship', %s, %s, %s, '22', 'Quảng Ninh', %s, %s, %s, "
        "%s, 0, 0, %s, %s, %s) RETURNING id",
        (f"R{key}"[:20], "0" * 64, f"bare:{key}", "0" * 64, f"bare:{key}", "Người mua", "nguoi mua", "+84912345678", "06652",
         "Hạ Long",
         "1 Lê Lợi", goods, goods, now, True),
    ).fetchone()[0]  # fmt: skip
    parcel = c.execute(
        "INSERT INTO fulfilments (order_id, number, point_id, kind, status, fee_amount, weight_g) "
        "VALUES (%s, 1, %s, 'ship', 'pending', 0, 500) RETURNING id",
        (order_id, plan["point"]),
    ).fetchone()[0]
    marks, values = [], []
    for _level, variant, n, amount, price in wanted:
        marks.append("(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false, false, 'none', 500)")
        values += [order_id, parcel, variant, "SKU", "Chả mực", "hộp", n, amount, n * amount, price]
    c.execute(
        "INSERT INTO order_lines (order_id, fulfilment_id, variant_id, sku, name, pack, quantity, unit_price_amount, "
        f"line_amount, price_id, certificate_required, is_alcohol, cold, weight_g) VALUES {', '.join(marks)}",
        values,
    )
    steps = [("order", None, "placed"), ("payment", None, "due"), ("fulfilment", parcel, "pending")]
    c.execute(
        "INSERT INTO order_transitions (order_id, fulfilment_id, subject, from_status, to_status, at, actor_key, actor_label) "
        "VALUES " + ", ".join(["(%s, %s, %s, '', %s, %s, 'guest', 'Khách')"] * 3),
        [v for subject, of, to in steps for v in (order_id, of, subject, to, now)],
    )
    c.execute(
        "INSERT INTO stock_holds (reference, level_id, quantity, stage, created_at) VALUES "
        + ", ".join(["(%s, %s, %s, 'allocated', %s)"] * len(wanted)),
        [v for level, _v, n, _a, _p in wanted for v in (f"bare:{key}", level, n, now)],
    )
    for _level, variant, n, _amount, _price in sorted(wanted, key=lambda w: w[1]):
        c.execute(
            "UPDATE stock_availability SET ship = ship - %s, updated_at = %s WHERE variant_id = %s", (n, now, variant)
        )
    c.execute(
        "INSERT INTO payments (order_id, method, provider, state, amount, captured_amount, refunded_amount, created_at) "
        "VALUES (%s, 'cod', 'cod', 'pending', %s, 0, 0, %s)",
        (order_id, goods, now),
    )
    # The job says who it is for in a shape that no handler runs; the benchmark has no worker.
    c.execute(
        "INSERT INTO jobs (name, payload, state, run_at, attempts, created_at) VALUES "
        "('bench.letter', '{}', 'queued', %s, 0, %s), ('bench.count', '{}', 'queued', %s, 0, %s)",
        (now, now, now, now),
    )
    c.execute("COMMIT")
    return True
