"""The public register searched: 20,000 certificates beside 1,000, in processor time for a page."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

from bench.points import _settle
from bench.shops import config_of, database

SMALL, BIG, TIMES = 1_000, 20_000, 1.5
QUESTIONS = ("cha muc ha long", "gao nep", "tien yen", "ruoc hau van don", "mien dong", "khong co mon nay")
ROUNDS = 5


def seconds(db: str, server: str, folder: Path, products: int) -> float:
    """Processor seconds for a page of a search, the least of some rounds; each page is drawn anew."""
    from bench import catalogue
    from shop import create_app
    from shop.kernel.db import db as shop_db
    from shop.places import services as places

    home = folder / f"{db}-register-{products}"
    with database(db, server, home, f"bench_register_{products}") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            places.load()
            catalogue.make(products, seed=3)
            _settle()
            shop_db.session.remove()
        try:
            client, host = app.test_client(), "http://localhost"
            client.get("/so-dang-ky-ocop", base_url=host)
            best = []
            for n in range(ROUNDS):
                began = time.process_time()
                for words in QUESTIONS:
                    # Another page of the cache each time: what is measured is the work.
                    answer = client.get(f"/so-dang-ky-ocop?q={quote(words)}&x={n}", base_url=host)
                    if answer.status_code != 200:
                        raise RuntimeError(answer.status)
                best.append((time.process_time() - began) / len(QUESTIONS))
            return min(best)
        finally:
            with app.app_context():
                shop_db.engine.dispose()
