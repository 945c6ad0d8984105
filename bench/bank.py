"""A statement of five thousand lines against fifty thousand orders that wait for transfers: read, written, matched, credited.

Half of the lines carry a code, dressed as banks do; a tenth of those with another amount. The rest have none and are looked
for by amount, name and time. The orders have no goods: committing them is measured with orders.
"""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from bench.points import _settle
from bench.shops import config_of, database

LINES, ORDERS = 5_000, 50_000
SECONDS = 10.0
# Matching and crediting what is exact, in the background.
WHOLE = 20.0


@contextmanager
def house(db: str, server: str, folder: Path) -> Iterator[tuple[Any, list[tuple[str, int, str]]]]:
    """A shop of this process with so many open orders; the app, and code, amount and name of each order."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-bank"
    with database(db, server, home, "bench_bank") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(
            config_of(url, home).but(bank_bin="970436", bank_account="0123456789", bank_account_name="CHO BEN")
        )
        with app.app_context():
            shop_db.create_all()
            owed = _fill()
            _settle()
            shop_db.session.remove()
        try:
            yield app, owed
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _fill() -> list[tuple[str, int, str]]:
    from shop.kernel import clock
    from shop.kernel.db import in_batches, transaction
    from shop.kernel.text import reference
    from shop.orders.models import DeliveryKind, Order, OrderStatus, PaymentMethod, PaymentStatus
    from shop.payments import memo
    from shop.payments.models import Payment, PaymentState

    rng, now = random.Random(7), clock.now()
    names = ["Nguyễn Văn An", "Trần Thị Bình", "Lê Hoàng Cúc", "Phạm Minh Dũng", "Đỗ Thu Hà", "Vũ Đức Long"]
    orders, payments, owed = [], [], []
    for n in range(1, ORDERS + 1):
        told, amount, name = reference(), rng.randrange(50, 2_000) * 1000, f"{rng.choice(names)} {n % 977}"
        at = now - timedelta(minutes=rng.randrange(1400))
        orders.append(
            {"id": n, "reference": told, "secret_hash": "x", "op_key": f"bench-{n:08d}", "op_digest": "x", "channel": "web",
             "locale": "vi", "status": OrderStatus.AWAITING_PAYMENT, "payment_status": PaymentStatus.UNPAID,
             "payment_method": PaymentMethod.VIETQR, "delivery": DeliveryKind.SHIP, "name": name, "search_name": name,
             "phone": f"+849{n:08d}", "goods_amount": amount, "delivery_amount": 0, "discount_amount": 0,
             "total_amount": amount, "reduced_amount": 0, "placed_at": at, "is_demo": False}
        )  # fmt: skip
        code = memo.code_for(told)
        payments.append(
            {"id": n, "order_id": n, "method": PaymentMethod.VIETQR, "provider": "vietqr", "state": PaymentState.PENDING,
             "amount": amount, "captured_amount": 0, "refunded_amount": 0, "code": code, "created_at": at,
             "expires_at": now + timedelta(days=1)}
        )  # fmt: skip
        owed.append((code, amount, name))
    with transaction() as s:
        for table, rows in ((Order, orders), (Payment, payments)):
            for batch in in_batches(rows, 2000):
                s.execute(insert(table), list(batch))
        if s.get_bind().dialect.name == "postgresql":
            for name in ("orders", "payments"):
                s.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"))
    return owed


def _statement(owed: list[tuple[str, int, str]]) -> bytes:
    from shop.kernel import clock
    from shop.kernel.text import fold

    rng, day = random.Random(8), clock.today().strftime("%d/%m/%Y")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Ngày giao dịch", "Mã giao dịch", "Số tiền", "Nội dung", "Số dư"])
    for n, (code, amount, name) in enumerate(rng.sample(owed, LINES)):
        if n % 2:
            dressed = f"MBVCB.{rng.randrange(10**9)}.{code.lower()}.CT tu 190{n:08d} {fold(name).upper()} toi CHO BEN"
            amount += rng.choice([-1000, 5000]) if n % 20 == 1 else 0
        else:
            dressed = f"{fold(name)} chuyen tien" if n % 4 else "chuyen tien mua hang"
        writer.writerow([day, f"FT{n:08d}", f"{amount:,}", dressed, ""])
    return out.getvalue().encode()


def measure(app: Any, owed: list[tuple[str, int, str]]) -> dict[str, float]:
    """Seconds to try the statement, to write its lines, to match them, and to credit what is exact; how many were."""
    from shop.banking.models import BankLine, LineState
    from shop.banking.services import accounts, files, matching
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import session

    with app.app_context():
        account = accounts.own()
        content = _statement(owed)
        tried = _timed(lambda: files.upload(SYSTEM, account, content, "bench.csv", op_key="bench-bank-1"))
        name = session().scalar(text("SELECT reference FROM bank_files"))
        written = _timed(lambda: files.apply(SYSTEM, name))

        def sort() -> None:
            while matching.sort():
                pass

        matched = _timed(sort)
        credited = _timed(matching.credit_exact)
        session().rollback()
        n = session().query(BankLine).filter(BankLine.state == LineState.CREDITED).count()
        return {"tried": tried, "written": written, "matched": matched, "credited": credited, "exact": n}


def _timed(ask: Any) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun
