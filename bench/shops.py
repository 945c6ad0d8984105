"""Databases with a made-up catalogue, and gunicorn serving the shop or the bare application on them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from bench import catalogue, meters
from config import ROOT, Config, normal_database_url

# Goods that the benchmark buys: enough of them that no run empties the shelf.
BOUGHT = 40
PLENTY = 2_000_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """A database with its catalogue and what the runs need to know of it."""

    url: str
    folder: Path
    products: int
    slugs: list[str]
    skus: list[str]
    # [level, variant, quantity, amount, price] of each of `skus`, for the bare order
    lines: list[list[int]]
    point: int
    commune: str

    @property
    def sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return self.url.startswith("sqlite")


def config_of(url: str, folder: Path, port: int = 8000) -> Config:
    """The settings of the shop under measure: like production, without limits by address (all load has one address)."""
    return Config.from_env(
        {
            "SHOP_MODE": "local", "DATABASE_URL": url, "INSTANCE_DIR": str(folder), "SECRET_KEY": secrets.token_urlsafe(48),
            "RATE_LIMITS": "off", "PAGE_CACHE_SECONDS": "0", "PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}",
        }
    )  # fmt: skip


@contextlib.contextmanager
def database(kind: str, server: str, folder: Path, name: str) -> Iterator[str]:
    """The address of an empty database of its own, removed afterwards."""
    if kind == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        yield f"sqlite:///{folder / name}.db"
        return
    url = make_url(normal_database_url(server))
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as c:
        c.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        c.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as c:
            c.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()


def fill(url: str, folder: Path, products: int) -> Shelf:
    """Make tables, places, rates and `products` products; put plenty of some goods on the shelf."""
    from shop import create_app
    from shop.delivery import services as delivery
    from shop.kernel.db import db, session, transaction
    from shop.places import services as places

    app = create_app(config_of(url, folder))
    with app.app_context():
        db.create_all()
        places.load()
        delivery.load_regions()
        delivery.load_demo_rates()
        catalogue.make(products)
        with transaction() as s:
            rows = s.execute(
                text(
                    "SELECT p.slug, p.sku, l.id, l.variant_id, pr.amount, pr.id, l.point_id, l.on_hand, l.held, l.allocated "
                    "FROM product_listings p JOIN variants v ON v.sku = p.sku JOIN stock_levels l ON l.variant_id = v.id "
                    "JOIN prices pr ON pr.variant_id = v.id JOIN products q ON q.id = p.product_id "
                    "WHERE p.shelf = 1 AND p.in_stock = 1 AND p.cold = 'none' AND p.choices = 1 AND pr.valid_to IS NULL "
                    "AND l.point_id = (SELECT min(id) FROM points WHERE ships) ORDER BY p.product_id LIMIT :n"
                ),
                {"n": BOUGHT},
            ).all()
            # All of the bought goods lie at one point, so that an order is one parcel here and there.
            for r in rows:
                s.execute(
                    text("UPDATE stock_levels SET on_hand = on_hand + :n WHERE id = :i"), {"n": PLENTY, "i": r[2]}
                )
                s.execute(
                    text(
                        "UPDATE stock_movements SET quantity = quantity + :n, balance = balance + :n WHERE level_id = :i"
                    ),
                    {"n": PLENTY, "i": r[2]},
                )
                s.execute(
                    text("UPDATE stock_availability SET ship = ship + :n WHERE variant_id = :v"),
                    {"n": PLENTY, "v": r[3]},
                )
            # The catalogue was not made a minute ago: no process reads it all again as a recent change.
            hour_ago = "datetime(touched_at, '-1 hour') || '.000000'" if url.startswith("sqlite") else (
                "touched_at - interval '1 hour'"
            )  # fmt: skip
            s.execute(text(f"UPDATE product_listings SET touched_at = {hour_ago}"))
        commune = str(
            session()
            .execute(text("SELECT min(code) FROM place_units WHERE parent_code = '22' AND valid_to IS NULL"))
            .scalar()
            or ""
        )
        if not url.startswith("sqlite"):
            session().rollback()
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
                c.execute(text("VACUUM ANALYZE"))  # as the server does by itself some minutes after so much was written
        session().close()
        db.engine.dispose()
    return Shelf(
        url, folder, products, [r[0] for r in rows], [r[1] for r in rows],
        [[r[2], r[3], 1, r[4], r[5]] for r in rows], rows[0][6], commune,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Server:
    """A gunicorn of two workers, and the processes that work for it."""

    def __init__(
        self, shelf: Shelf, *, plan: Path | None = None, cache_seconds: int = 0, more: dict[str, str] | None = None
    ) -> None:
        self.shelf, self.port = shelf, _free_port()
        env = {
            **{k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}},
            "PORT": str(self.port), "BASE_URL": f"http://127.0.0.1:{self.port}", "WORKERS": "2", "MAX_REQUESTS": "0",
            "DATABASE_URL": shelf.url, "INSTANCE_DIR": str(shelf.folder), "SHOP_MODE": "local", "RATE_LIMITS": "off",
            "PAGE_CACHE_SECONDS": str(cache_seconds), "SECRET_KEY": secrets.token_urlsafe(48), "PYTHONPATH": str(ROOT),
            "MALLOC_ARENA_MAX": "1",  # as shop/serve.py sets it
        }  # fmt: skip
        env |= more or {}
        arguments = ["-c", "gunicorn.conf.py"]
        if plan is not None:
            env["BENCH_PLAN"] = str(plan)
            arguments = ["-c", "bench/limit_settings.py"]
        self.process = subprocess.Popen([sys.executable, "-m", "gunicorn", *arguments], cwd=ROOT, env=env)
        self._wait()
        self.pids = meters.children(self.process.pid)

    def _wait(self) -> None:
        for _ in range(1200):  # a start takes two seconds, and longer where others work beside it
            if self.process.poll() is not None:
                raise RuntimeError("the server did not start")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(6):
            with contextlib.suppress(OSError):
                opener.open(f"http://127.0.0.1:{self.port}/page/list", timeout=30).close()
        time.sleep(0.3)

    def database_pids(self) -> list[int]:
        """The database's processes that work for this server's connections (none for SQLite: it works inside ours)."""
        if self.shelf.sqlite:
            return []
        url = make_url(self.shelf.url)
        engine = create_engine(url.set(database="postgres"))
        with engine.connect() as c:
            pids = [
                r[0]
                for r in c.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = :d"), {"d": url.database})
            ]
        engine.dispose()
        return pids

    def stop(self) -> None:
        """End the server."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def write_plan(shelf: Shelf, pages: dict[str, Any], add: str) -> Path:
    """What the bare application has to answer."""
    found = shelf.folder / f"plan-{shelf.products}.json"
    found.write_text(
        json.dumps(
            {
                "database": shelf.url, "sqlite": shelf.sqlite, "pages": pages, "add": add,
                "order": {"sqlite": shelf.sqlite, "point": shelf.point},
            }
        )
    )  # fmt: skip
    return found
