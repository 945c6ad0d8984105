"""The page of an order that is paid by transfer, with its VietQR, beside the page of the same order without one.

Two goods each, by parcel: one order waits for its transfer, of one a part has come, so that its page says what is short and
draws a code of just that. "Without" is each of them in a shop that has no bank account any more, so that all but the code and
the words about the transfer is the same.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench import meters
from bench.shops import Shelf, config_of, database, fill

PRODUCTS = 1000
TIMES = 1.3
ROUNDS, EACH = 12, 20
BANK = {"bank_bin": "970436", "bank_account": "0123456789", "bank_account_name": "CHO BEN"}


def measure(db: str, server: str, folder: Path) -> dict[str, float]:
    """CPU in ms (own and the database's) of the pages `with` and of what is `short`, of each `without`, and of the code's
    picture, which the page asks for by itself."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-qr"
    with database(db, server, home, "bench_qr") as url:
        home.mkdir(parents=True, exist_ok=True)
        shelf = fill(url, home, PRODUCTS)
        app = create_app(config_of(url, home).but(**BANK))
        try:
            with app.test_request_context("/"):
                pages = _orders(app, shelf)
                shop_db.session.remove()
            return _compare(app, shelf, pages)
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _orders(app: Any, shelf: Shelf) -> dict[str, str]:
    from shop.banking.services import accounts, files, matching
    from shop.checkout import services
    from shop.kernel import clock, jobs
    from shop.kernel.actor import GUEST, SYSTEM
    from shop.kernel.db import session
    from shop.orders import services as orders
    from shop.orders.models import DeliveryKind, PaymentMethod
    from shop.payments import queries as payments

    found = {}
    for n, name in enumerate(("with", "short")):
        visitor = f"bench-qr-{n:08d}-visitor"
        for sku in shelf.skus[:2]:
            services.add(visitor, None, sku, 1, adult=False)
        wish = services.Wish(
            "Nguyễn Văn Đo", f"+8498{n:07d}", None, DeliveryKind.SHIP, PaymentMethod.VIETQR, "22", shelf.commune,
            "1 Lê Lợi",
        )  # fmt: skip
        placed = services.place(
            GUEST, visitor, None, wish, op_key=f"bench-qr-{n:08d}", owner="bench", locale="vi", adult=False
        )
        if name == "short":
            transfer = payments.transfer_of(placed.order_id)
            assert transfer is not None
            day = clock.today().strftime("%d/%m/%Y")
            text = f"Ngày giao dịch,Mã giao dịch,Số tiền,Nội dung\n{day},FT0001,10000,{transfer.code}\n"
            name_of = files.upload(SYSTEM, accounts.own(), text.encode(), "bench.csv", op_key="bench-qr-file")
            files.apply(SYSTEM, str(name_of))
            while matching.sort():
                pass
            jobs.dispatch()
        secret = orders.secret_for(str(app.secret_key), placed.reference)
        found[name] = f"/don-hang/{placed.reference}?k={secret}"
        session().rollback()
    return found


def _compare(app: Any, shelf: Shelf, pages: dict[str, str]) -> dict[str, float]:
    """Turn about in short rounds: what else the machine does meets all of them."""
    client = app.test_client()
    offered = app.extensions["shop_gateways"]
    bare = {name: way for name, way in offered.items() if name != "vietqr"}
    asked = {name: (path, offered) for name, path in pages.items()}
    asked |= {f"{name} without": (path, bare) for name, path in pages.items()}
    asked["picture"] = (pages["with"].replace("?", "/vietqr.png?"), offered)
    taken = dict.fromkeys(asked, 0.0)
    for n in range(ROUNDS + 1):
        for name, (path, gateways) in asked.items():
            app.extensions["shop_gateways"] = gateways
            if not n:  # the first one prepares, and is looked at
                answer = client.get(path)
                assert answer.status_code == 200, name
                if name == "picture":
                    continue
                html = answer.get_data(as_text=True)
                assert ("/vietqr.png" in html) is (gateways is offered), name
                assert ("còn thiếu" in html) is name.startswith("short"), name
                continue
            database_pids = _database_pids(shelf)
            before, begun = meters.cpu_seconds(database_pids), time.process_time()
            for _n in range(EACH):
                client.get(path)
            taken[name] += time.process_time() - begun + meters.used(before, meters.cpu_seconds(database_pids))
    app.extensions["shop_gateways"] = offered
    return {name: seconds / ROUNDS / EACH * 1000 for name, seconds in taken.items()}


def _database_pids(shelf: Shelf) -> list[int]:
    from sqlalchemy import create_engine, make_url, text

    if shelf.sqlite:
        return []
    url = make_url(shelf.url)
    engine = create_engine(url.set(database="postgres"))
    with engine.connect() as c:
        rows = c.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = :d"), {"d": url.database})
        pids = [row[0] for row in rows]
    engine.dispose()
    return pids
