"""`make bench`: the figures of the shop, each beside its limit and its goal. `python -m bench --help` names the parts."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import (
    allocation,
    bank,
    fairs,
    fairs_board,
    forecast,
    imports,
    load,
    meters,
    points,
    portal,
    qr,
    register,
    reports,
    settlement,
    sheets,
    tills,
    webhooks,
)  # fmt: skip
from bench.raw import connect, order_transaction
from bench.shops import Server, Shelf, config_of, database, fill, write_plan
from config import ROOT

PAGES = {
    "list": "/san-pham",
    "filtered": "/san-pham?sao=4&con_hang=1",
    "search": "/san-pham?q=cha+muc",
    "product": "/san-pham/{slug}",
}
# CPU of server and database together, at most so many times the limit's.
TIMES = {"list": 2.0, "filtered": 2.0, "search": 2.0, "product": 2.5, "basket": 1.5, "order": 1.7}
# Things done in one span, however long it takes.
LEAST = 24
# Parts with a database of their own: nothing of the catalogue is measured for them.
APART = (
    "points",
    "portal",
    "settlement",
    "imports",
    "forecast",
    "allocation",
    "fairs",
    "bank",
    "reports",
    "register",
    "sheets",
    "webhooks",
    "qr",
)
# Parts without a database.
PROOFS = ("forecast-proof",)
PARTS = (*PAGES, "unseen", "basket", "order", "cached", "command", "race", "till", *APART, *PROOFS)
_COLUMNS = (
    "product_id, slug, name, producer_name, place, price_amount, pack, stars, in_stock, name_en, sku, old_amount, unit_amount, "
    "unit, stars_until, set_no, picture, season_months, is_demo, needs_certificate, variant_ids, kind, commune_code"
)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'name="(op_key|agreed_amount)"[^>]*value="([^"]*)"')


class Report:
    """Prints each figure as it comes and keeps all for the file."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def line(
        self, db: str, products: int, what: str, text: str, goal: str = "", ok: bool | None = None, **figures: Any
    ) -> None:
        """One figure with its goal; `ok` says whether it was met."""
        verdict = "" if ok is None else ("ok" if ok else "MISSED")
        print(f"{db:10} {products:>7,} {what:14} {text}  {goal} {verdict}".rstrip(), flush=True)
        self.rows.append(
            {"database": db, "products": products, "what": what, "text": text, "goal": goal, "ok": ok, **figures}
        )


# --- what a visitor does -----------------------------------------------------------------------------------------


def page(path: str, headers: dict[str, str] | None = None, status: int = 200) -> load.Act:
    """Look at one page."""

    def act(visitor: load.Visitor, _client: int, _n: int) -> list[load.Answer]:
        answer = visitor.send(path, headers=headers)
        if answer.status != status:
            raise RuntimeError(f"{path}: {answer.status}")
        return [answer]

    return act


def unseen(shelf: Shelf) -> load.Act:
    """Look at one page of the list after the other, each under an address of its own: no whole page was drawn before."""
    numbers = itertools.count(1)
    last = max(1, shelf.products // 30)

    def act(visitor: load.Visitor, _client: int, _n: int) -> list[load.Answer]:
        n = next(numbers)
        answer = visitor.send(f"/san-pham?trang={n % last + 1}&lan={n}")
        if answer.status != 200:
            raise RuntimeError(f"list page {n % last + 1}: {answer.status}")
        return [answer]

    return act


def adding(shelf: Shelf, token: str) -> load.Act:
    """Put goods into the basket; every 20th time somebody new comes."""

    def act(visitor: load.Visitor, client: int, n: int) -> list[load.Answer]:
        if n % 20 == 0:
            visitor.new()
        sku = shelf.skus[(client * 7 + n) % len(shelf.skus)]
        answer = visitor.send("/gio-hang/them", {"csrf_token": token, "sku": sku, "quantity": 1})
        if answer.status != 303:
            raise RuntimeError(f"basket: {answer.status}")
        return [answer]

    return act


def ready_to_order(
    visitor: load.Visitor, shelf: Shelf, token: str, n: int, skus: int = 2
) -> tuple[list[load.Answer], dict[str, Any]]:
    """From product pages to the filled-in form of checkout."""
    visitor.new()
    answers = []
    for k in range(skus):
        i = (n + k * 3) % len(shelf.skus)
        answers.append(visitor.send(f"/san-pham/{shelf.slugs[i]}"))
        answers.append(visitor.send("/gio-hang/them", {"csrf_token": token, "sku": shelf.skus[i], "quantity": 1}))
    answers.append(visitor.send("/gio-hang"))
    seen = visitor.send("/thanh-toan")
    answers.append(seen)
    fields: dict[str, Any] = dict(_HIDDEN.findall(seen.text))
    found = _TOKEN.findall(seen.text)
    fields |= {
        "csrf_token": found[-1], "name": "Nguyễn Văn Đo", "phone": f"09{n % 100_000_000:08d}", "delivery": "ship",
        "province": "22", "commune": shelf.commune, "street": "1 Lê Lợi", "payment": "cod",
    }  # fmt: skip
    return answers, fields


def ordering(shelf: Shelf, token: str) -> load.Act:
    """A whole order: two product pages, two addings, basket, checkout, placing, the order's page."""
    buyers = itertools.count(
        int(time.time() * 10) % 10_000_000
    )  # nobody orders so often that the shop asks him to wait

    def act(visitor: load.Visitor, _client: int, _n: int) -> list[load.Answer]:
        answers, fields = ready_to_order(visitor, shelf, token, next(buyers))
        placed = visitor.send("/thanh-toan", fields)
        if placed.status != 303:
            raise RuntimeError(f"order: {placed.status}")
        return [*answers, placed, visitor.send(placed.headers["Location"])]

    return act


def bare_ordering(shelf: Shelf) -> load.Act:
    """The same requests of the bare application."""

    def act(visitor: load.Visitor, client: int, n: int) -> list[load.Answer]:
        i, j = (client * 11 + n) % len(shelf.skus), (client * 11 + n + 3) % len(shelf.skus)
        answers = []
        for k in (i, j):
            answers.append(visitor.send("/page/product"))
            answers.append(visitor.send("/basket", {"visitor": f"{client}-{n}", "quantity": 1, "sku": shelf.skus[k]}))
        answers += [visitor.send("/page/basket"), visitor.send("/page/checkout")]
        placed = visitor.send("/order", {"lines": json.dumps([shelf.lines[i], shelf.lines[j]])})
        if placed.status != 303:
            raise RuntimeError(f"bare order: {placed.status}")
        return [*answers, placed, visitor.send("/page/order")]

    return act


def bare_adding(shelf: Shelf) -> load.Act:
    """Adding in the bare application."""

    def act(visitor: load.Visitor, client: int, n: int) -> list[load.Answer]:
        sku = shelf.skus[(client * 7 + n) % len(shelf.skus)]
        return [visitor.send("/basket", {"visitor": f"{client}-{n // 20}", "quantity": 1, "sku": sku})]

    return act


# --- measuring ---------------------------------------------------------------------------------------------------


def measure(server: Server, act: load.Act, clients: int, seconds: float) -> dict[str, float]:
    """Do `act` for so long; CPU is that of the server's processes and of the database's that work for it."""
    load.run(server.port, act, clients, min(0.6, seconds / 3))
    before = meters.cpu_seconds(server.pids), meters.cpu_seconds(server.database_pids())
    # A busy machine must not leave a figure to two or three samples, nor to single ticks of the clock.
    found = load.run(server.port, act, clients, seconds, least=-(-LEAST // clients))
    after = meters.cpu_seconds(server.pids), meters.cpu_seconds(server.database_pids())
    shop, database = (meters.used(*times) for times in zip(before, after, strict=True))
    things = max(1, len(found.seconds))
    return {
        "per_second": things / found.elapsed,
        "p50_ms": found.part(0.5),
        "p95_ms": found.part(0.95),
        "cpu_ms": (shop + database) / things * 1000,
        "cpu_database_ms": database / things * 1000,
        "requests": found.requests / things,
        "bytes": found.wire_bytes / things,
    }


@contextlib.contextmanager
def serving(shelf: Shelf, **how: Any) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    server = Server(shelf, **how)
    try:
        yield server
    finally:
        server.stop()


def count_statements(shelf: Shelf, paths: dict[str, str]) -> dict[str, int]:
    """Statements (without BEGIN and COMMIT) of each page and of a whole order, counted in a shop of this process."""
    from sqlalchemy import event

    from shop import create_app
    from shop.kernel.db import db

    app = create_app(config_of(shelf.url, shelf.folder))
    seen: list[str] = []
    counts = {}
    with app.app_context():
        event.listen(
            db.engine, "before_cursor_execute",
            lambda _c, _cursor, statement, *_rest: seen.append(statement) if not statement.startswith("BEGIN") else None,
        )  # fmt: skip
    client = app.test_client()

    def counted(do: Callable[[], Any]) -> int:
        seen.clear()
        do()
        return len(seen)

    for name, path in paths.items():
        client.get(path)
        counts[name] = counted(lambda path=path: client.get(path))
    token = _TOKEN.findall(client.get(paths["product"]).text)[0]

    def add(i: int) -> None:
        client.post("/gio-hang/them", data={"csrf_token": token, "sku": shelf.skus[i], "quantity": 1})

    def whole() -> None:
        for i in (0, 3):
            client.get(f"/san-pham/{shelf.slugs[i]}")
            add(i)
        client.get("/gio-hang")
        seen_page = client.get("/thanh-toan").text
        fields = dict(_HIDDEN.findall(seen_page))
        fields |= {
            "csrf_token": _TOKEN.findall(seen_page)[-1], "name": "Nguyễn Văn Đo", "phone": "0987000111", "delivery": "ship",
            "province": "22", "commune": shelf.commune, "street": "1 Lê Lợi", "payment": "cod",
        }  # fmt: skip
        begun = len(seen)
        placed = client.post("/thanh-toan", data=fields)
        counts["placing"] = len(seen) - begun
        client.get(placed.headers["Location"])

    add(5)
    counts["basket"] = counted(lambda: add(6))
    client.delete_cookie("visitor")
    counts["order"] = counted(whole)
    with app.app_context():
        db.engine.dispose()
    return counts


def bare_plan(shelf: Shelf, html: dict[str, str]) -> Path:
    """Statements and bytes for the bare application; its search gets the hits by key, as though an index had told them."""
    ids = re.findall(r'href="/san-pham/([a-z0-9-]+)"', html["search"])
    found = list(dict.fromkeys(ids))[:24] or shelf.slugs[:1]
    marks = ", ".join(["%s"] * len(found))
    c = connect(shelf.url)
    hits = [row[0] for row in c.execute(f"SELECT id FROM products WHERE slug IN ({marks})", found).fetchall()]
    one = (
        f"SELECT l.{_COLUMNS.replace(', ', ', l.')}, v.gtin, v.net_content, p.amount, a.ship, "
        "a.pickup, q.story, m.name, m.slug, c.number, c.expires_on "
        "FROM product_listings l JOIN products q ON q.id = l.product_id "
        "JOIN variants v ON v.product_id = l.product_id JOIN prices p ON p.variant_id = v.id "
        "LEFT JOIN stock_availability a ON a.variant_id = v.id LEFT JOIN producers m ON m.id = q.producer_id "
        "LEFT JOIN certificates c ON c.product_id = q.id WHERE q.slug = %s"
    )
    in_order = "ORDER BY rank DESC, product_id DESC LIMIT 24"
    sql = {
        "list": (f"SELECT {_COLUMNS} FROM product_listings WHERE shelf = 1 {in_order}", []),
        "filtered": (
            f"SELECT {_COLUMNS} FROM product_listings WHERE shelf = 1 AND stars = 4 AND in_stock = 1 {in_order}",
            [],
        ),
        "search": (f"SELECT {_COLUMNS} FROM product_listings WHERE product_id IN ({marks})", hits),
        "product": (one, [shelf.slugs[0]]),
        "basket": (one, [shelf.slugs[0]]),
        "checkout": (one, [shelf.slugs[0]]),
        "order": (one, [shelf.slugs[0]]),
    }
    pages = {
        name: {"sql": s, "values": v, "bytes": len(html[name].encode()), "html": html[name].replace("{%", "")}
        for name, (s, v) in sql.items()
    }
    add = (
        "INSERT INTO bench_lines (visitor, variant_id, quantity, seen_amount) SELECT %s, v.id, %s, p.amount FROM variants v "
        "JOIN prices p ON p.variant_id = v.id WHERE v.sku = %s "
        "ON CONFLICT (visitor, variant_id) DO UPDATE SET quantity = bench_lines.quantity + excluded.quantity"
    )
    c.execute(
        "CREATE TABLE bench_lines (visitor text, variant_id bigint, quantity int, seen_amount bigint, "
        "PRIMARY KEY (visitor, variant_id))"
    )
    c.close()
    return write_plan(shelf, pages, add)


def read_pages(shelf: Shelf, server: Server, paths: dict[str, str]) -> tuple[dict[str, str], str]:
    """The shop's own HTML of every page that is measured, and the token of its public forms."""
    visitor = load.Visitor(server.port, encoding="identity")
    html = {name: visitor.send(path).text for name, path in paths.items()}
    token = _TOKEN.findall(html["product"])[0]
    _answers, fields = ready_to_order(visitor, shelf, token, int(time.time()) % 10_000_000)
    html["basket"], html["checkout"] = visitor.send("/gio-hang").text, visitor.send("/thanh-toan").text
    placed = visitor.send("/thanh-toan", fields)
    if placed.status != 303:
        raise RuntimeError(f"the order for reading pages was refused: {placed.status}")
    html["order"] = visitor.send(placed.headers["Location"]).text
    return html, token


# --- parts -------------------------------------------------------------------------------------------------------


def compare(
    report: Report, db: str, shelf: Shelf, wanted: set[str], clients: list[int], seconds: float
) -> dict[str, float]:
    """All pages, the basket and the whole order against the limit; returns the shop's CPU (ms) at one client by name."""
    paths = {name: path.format(slug=shelf.slugs[0]) for name, path in PAGES.items()}
    statements = count_statements(shelf, paths)
    cpu: dict[str, float] = {}
    with serving(shelf) as shop:
        html, token = read_pages(shelf, shop, paths)
        # Each worker reads the sets behind filters and search once, at its first list; that is not what a request costs.
        load.run(shop.port, page(paths["search"]), 8, 1.0, least=6)
        with serving(shelf, plan=bare_plan(shelf, html)) as bare:
            acts: dict[str, tuple[load.Act, load.Act]] = {
                name: (page(paths[name]), page(f"/page/{name}")) for name in PAGES
            }
            acts["unseen"] = unseen(shelf), page("/page/list")
            acts["basket"] = adding(shelf, token), bare_adding(shelf)
            acts["order"] = ordering(shelf, token), bare_ordering(shelf)
            for name, (ours, theirs) in acts.items():
                if name not in wanted:
                    continue
                for n in clients:
                    # Turn about in short spans: what else the machine does meets both.
                    half = seconds / 2
                    shares = [(measure(shop, ours, n, half), measure(bare, theirs, n, half)) for _ in range(2)]
                    got, limit = ({k: statistics.mean(s[i][k] for s in shares) for k in shares[0][i]} for i in (0, 1))
                    times = got["cpu_ms"] / max(0.01, limit["cpu_ms"])
                    if n == 1:
                        cpu[name] = got["cpu_ms"]
                    report.line(
                        db, shelf.products, f"{name} x{n}",
                        f"{got['per_second']:7.1f}/s (limit {limit['per_second']:7.1f})  p50 {got['p50_ms']:6.1f} "
                        f"p95 {got['p95_ms']:6.1f} ms  CPU {got['cpu_ms']:6.2f} ms (limit {limit['cpu_ms']:5.2f}) "
                        f"= {times:.2f}x"
                        f"  {got['bytes']:,.0f} B (limit {limit['bytes']:,.0f})",
                        f"goal {TIMES[name]}x" if name in TIMES else "",
                        times <= TIMES[name] if name in TIMES else None, shop=got, limit=limit, times=times, clients=n,
                    )  # fmt: skip
                    if name == "search" and n == 1 and shelf.products >= 100_000:
                        report.line(db, shelf.products, "search time", f"p50 {got['p50_ms']:.1f} ms", "goal 25 ms",
                                    got["p50_ms"] <= 25)  # fmt: skip
            memory = meters.pss_megabytes(shop.pids)
            report.line(
                db, shelf.products, "memory", f"{memory:.0f} MB PSS of master and two workers (limit "
                f"{meters.pss_megabytes(bare.pids):.0f} MB)", "goal 150 MB", memory <= 150, pss=memory,
            )  # fmt: skip
    for name, most in (
        ("list", 6),
        ("filtered", 6),
        ("search", 6),
        ("product", None),
        ("basket", None),
        ("placing", 15),
        ("order", 60),
    ):
        if name in wanted or (name == "placing" and "order" in wanted):
            report.line(
                db, shelf.products, f"{name} queries", f"{statements[name]}", f"goal {most}" if most else "",
                statements[name] <= most if most else None, statements=statements[name],
            )  # fmt: skip
    if "list" in wanted:
        weigh(report, db, shelf, html["list"])
    return cpu


def weigh(report: Report, db: str, shelf: Shelf, html: str) -> None:
    """Compressed bytes of the list page with its style and all scripts of the public pages, without pictures."""
    import brotli

    files = [ROOT / "static" / "css" / "shop.css", *sorted((ROOT / "static" / "js").glob("*.js"))]
    sizes = [
        len(brotli.compress(html.encode(), quality=4)),
        *(len(brotli.compress(f.read_bytes(), quality=4)) for f in files),
    ]
    report.line(
        db, shelf.products, "list weight", f"{sizes[0]:,} B HTML + {sum(sizes[1:]):,} B of CSS and scripts, compressed",
        "goal 60 kB", sum(sizes) <= 60_000, bytes=sum(sizes),
    )  # fmt: skip


def cached(report: Report, db: str, shelf: Shelf, seconds: float) -> None:
    """The list from the page cache, and as 304."""
    with serving(shelf, cache_seconds=3) as shop:
        etag = load.Visitor(shop.port).send("/san-pham").headers["ETag"]
        for what, act in (
            ("list cached", page("/san-pham")),
            ("list 304", page("/san-pham", {"If-None-Match": etag}, 304)),
        ):
            got = measure(shop, act, 1, seconds)
            report.line(
                db, shelf.products, what, f"{got['per_second']:7.1f}/s  p50 {got['p50_ms']:.1f} ms  CPU {got['cpu_ms']:.2f} ms",
                shop=got,
            )  # fmt: skip


def command(report: Report, db: str, shelf: Shelf, seconds: float) -> None:
    """The order command of the shop against the bare transaction, one process, one connection, no HTTP."""
    from shop import create_app
    from shop.checkout import services
    from shop.kernel.actor import GUEST
    from shop.orders.models import DeliveryKind, PaymentMethod

    app = create_app(config_of(shelf.url, shelf.folder))
    count = max(50, int(60 * seconds))
    with app.test_request_context("/"):
        for n in range(count + 5):
            for k in (0, 3):
                services.add(
                    f"bench-{count}-{n:08d}-visitor", None, shelf.skus[(n + k) % len(shelf.skus)], 1, adult=False
                )

        def place(n: int) -> None:
            wish = services.Wish(
                "Nguyễn Văn Đo",
                f"+8498{n:07d}",
                None,
                DeliveryKind.SHIP,
                PaymentMethod.COD,
                "22",
                shelf.commune,
                "1 Lê Lợi",
            )
            services.place(
                GUEST, f"bench-{count}-{n:08d}-visitor", None, wish, op_key=f"bench-{count}-{n}", owner="bench", locale="vi",
                adult=False,
            )  # fmt: skip

        c = connect(shelf.url)
        plan = {"sqlite": shelf.sqlite, "point": shelf.point}

        def bare(n: int) -> None:
            i, j = n % len(shelf.lines), (n + 3) % len(shelf.lines)
            order_transaction(c, plan, f"{os.getpid()}-{count}-{n}", [shelf.lines[i], shelf.lines[j]])

        # Turn about, ten and ten: what else the machine and its disk do meets both.
        spans: dict[Callable[[int], Any], list[tuple[float, float]]] = {place: [], bare: []}
        for start in range(0, count + 5, 10):
            for do, taken in spans.items():
                begun, cpu = time.perf_counter(), time.process_time()
                for n in range(start, min(start + 10, count + 5)):
                    do(n)
                taken.append((time.perf_counter() - begun, time.process_time() - cpu))
        # The first ten open connections and prepare statements.
        (our_seconds, our_cpu), (their_seconds, their_cpu) = (
            [sum(column) for column in zip(*taken[1:], strict=True)] for taken in spans.values()
        )
        done = count + 5 - 10
        ours, theirs = done / our_seconds, done / their_seconds
        our_cpu, their_cpu = our_cpu / done * 1000, their_cpu / done * 1000
        c.close()
        from shop.kernel.db import db as shop_db

        shop_db.session.remove()
        shop_db.engine.dispose()
    report.line(
        db, shelf.products, "order command", f"{ours:.0f}/s, raw transaction {theirs:.0f}/s = {ours / theirs:.0%} "
        f"(own CPU {our_cpu:.2f} and {their_cpu:.2f} ms)", "goal 40 %", ours >= 0.4 * theirs, shop=ours, limit=theirs,
    )  # fmt: skip


def race(report: Report, db: str, shelf: Shelf, buyers: int = 200, jars: int = 50) -> None:
    """All buyers press the last button at once; exactly the jars are sold, nobody meets an error."""
    sku, (level, variant, _n, amount, price) = shelf.skus[-1], shelf.lines[-1]

    def left(n: int) -> None:
        c = connect(shelf.url)
        c.execute("UPDATE stock_levels SET on_hand = held + allocated + %s WHERE id = %s", (n, level))
        c.execute("UPDATE stock_availability SET ship = %s WHERE variant_id = %s", (n, variant))
        c.execute(
            "UPDATE stock_levels SET on_hand = held + allocated WHERE variant_id = %s AND id <> %s", (variant, level)
        )
        c.close()

    def all_at_once(port: int, ready: list[tuple[load.Visitor, str, dict[str, Any]]]) -> tuple[float, list[int]]:
        gate, statuses = threading.Barrier(len(ready) + 1), []

        def press(visitor: load.Visitor, path: str, form: dict[str, Any]) -> None:
            gate.wait()
            statuses.append(visitor.send(path, form).status)

        threads = [threading.Thread(target=press, args=each) for each in ready]
        for thread in threads:
            thread.start()
        gate.wait()
        begun = time.perf_counter()
        for thread in threads:
            thread.join()
        return time.perf_counter() - begun, statuses

    one = Shelf(**{**{f: getattr(shelf, f) for f in shelf.__slots__}, "skus": [sku], "slugs": [shelf.slugs[-1]]})
    paths = {name: path.format(slug=shelf.slugs[0]) for name, path in PAGES.items()}
    left(1_000_000)
    with serving(shelf) as shop:
        html, token = read_pages(shelf, shop, paths)
        ready = []
        for n in range(buyers):
            visitor = load.Visitor(shop.port)
            _answers, fields = ready_to_order(visitor, one, token, 50_000_000 + n, skus=1)
            visitor.connection.close()
            ready.append((visitor, "/thanh-toan", fields))
        left(jars)
        ours, statuses = all_at_once(shop.port, ready)
    left(jars)
    plan = shelf.folder / f"plan-{shelf.products}.json"
    if not plan.exists():
        bare_plan(shelf, html)
    with serving(shelf, plan=plan) as bare:
        lines = json.dumps([[level, variant, 1, amount, price]])
        theirs, bare_statuses = all_at_once(
            bare.port, [(load.Visitor(bare.port), "/order", {"lines": lines}) for _ in range(buyers)]
        )
    sold, errors = statuses.count(303), sum(s >= 500 for s in statuses)
    report.line(
        db, shelf.products, "race", f"{buyers} buyers, {jars} jars: {sold} sold, {errors} of 5xx, {ours:.2f} s (bare app "
        f"{theirs:.2f} s, {bare_statuses.count(303)} sold)", f"goal {jars} sold, no 5xx, within 1.5 s of the bare app",
        sold == jars and not errors and ours - theirs <= 1.5, seconds=ours, bare_seconds=theirs, sold=sold,
    )  # fmt: skip


def till(report: Report, db: str, shelf: Shelf) -> None:
    """Three tills send nine hundred queued sales; the catalogue a device holds stays small."""
    found = tills.measure(shelf)
    report.line(
        db, shelf.products, "till sync",
        f"{found['wanted']} events of three tills in {found['seconds']:.1f} s, {found['done']} done",
        "goal 60 s, all done", found["seconds"] <= 60 and found["done"] == found["wanted"], **found,
    )  # fmt: skip
    rows, size = found["catalogue_rows"], found["catalogue_bytes"]
    report.line(
        db, shelf.products, "till catalogue", f"{rows:,} variants, {size / 1000:,.0f} kB, {found['catalogue_seconds']:.2f} s",
        "goal 600 kB for 2,000", size / max(1, rows) * 2000 <= 600_000,
    )  # fmt: skip


def many_points(report: Report, db: str, server: str, folder: Path) -> None:
    """The office's lists at ten points and at three hundred, and a long transfer counted in; databases of their own."""
    with contextlib.ExitStack() as stack:
        houses = [stack.enter_context(points.house(db, server, folder, n)) for n in points.SIZES]
        few, many = points.SIZES
        for name, (small, large) in points.lists(houses).items():
            report.line(
                db, points.PRODUCTS, name, f"{small:6.1f} ms at {few} points, {large:6.1f} ms at {many} = {large / small:.2f}x",
                "goal 1.5x", large / small <= 1.5, small_ms=small, large_ms=large,
            )  # fmt: skip
        for one in houses:
            shown, seconds = points.receive(one)
            report.line(
                db, points.PRODUCTS, "receiving", f"{points.LINES} lines in {seconds:.2f} s at {one.points} points "
                f"(their page {shown:.2f} s)", "goal 2 s", seconds <= 2, seconds=seconds, page_seconds=shown,
            )  # fmt: skip


def producers_door(report: Report, db: str, server: str, folder: Path) -> None:
    """The pages of one producer with five thousand packs and a hundred thousand order lines."""
    with portal.door(db, server, folder) as one:
        for name, (took, statements) in portal.pages(one).items():
            most = portal.MOST[name]
            report.line(
                db, portal.PACKS, name, f"{took:6.1f} ms own CPU, {statements} statements ({portal.LINES:,} order lines)",
                f"goal {most} statements, 1.5 s", statements <= most and took <= 1500, cpu_ms=took, statements=statements,
            )  # fmt: skip


def long_statement(report: Report, db: str, server: str, folder: Path) -> None:
    """A statement of fifty thousand lines; a database of its own."""
    with settlement.house(db, server, folder) as (app, reference):
        for name, seconds in settlement.measure(app, reference).items():
            goal = 0.5 if "page" in name else 10
            report.line(
                db, settlement.PRODUCTS, f"statement, {name}", f"{settlement.LINES:,} lines in {seconds:.2f} s",
                f"goal {goal} s", seconds <= goal, seconds=seconds,
            )  # fmt: skip


def fair(report: Report, db: str, server: str, folder: Path) -> None:
    """A large fair is closed and reported; a database of its own."""
    size = f"{fairs.BOOTHS} booths, {fairs.TILLS} tills, {fairs.SALES:,} sales"
    with fairs.house(db, server, folder) as place:
        took = fairs.close_booth(place, place.codes[0])
        whole = sum(took.values())
        steps = ", ".join(f"{name} {seconds:.2f}" for name, seconds in took.items())
        report.line(
            db, fairs.PRODUCTS, "fair, close booth", f"{whole:.2f} s ({steps}); {size}", f"goal {fairs.CLOSE:.0f} s",
            whole <= fairs.CLOSE, seconds=whole,
        )  # fmt: skip
        for name, seconds in fairs.pages(place).items():
            goal = fairs.CLOSE if "booth" in name else fairs.REPORT
            report.line(
                db, fairs.PRODUCTS, f"fair, {name}", f"{seconds:.2f} s", f"goal {goal:.0f} s", seconds <= goal,
                seconds=seconds,
            )  # fmt: skip


def bank_lines(report: Report, db: str, server: str, folder: Path) -> None:
    """A bank's statement against fifty thousand open orders; a database of its own."""
    with bank.house(db, server, folder) as (app, owed):
        f = bank.measure(app, owed)
    report.line(
        db, bank.ORDERS, "bank, statement",
        f"{bank.LINES:,} lines tried in {f['tried']:.1f} s, written in {f['written']:.1f} s",
        tried=f["tried"], written=f["written"],
    )  # fmt: skip
    report.line(
        db, bank.ORDERS, "bank, matching", f"{bank.LINES:,} lines matched in {f['matched']:.1f} s",
        f"goal {bank.SECONDS:.0f} s", f["matched"] <= bank.SECONDS, seconds=f["matched"],
    )  # fmt: skip
    each = f["credited"] / max(1, f["exact"]) * 1000
    report.line(
        db, bank.ORDERS, "bank, crediting",
        f"{f['exact']:,.0f} exact ones credited in {f['credited']:.1f} s ({each:.1f} ms each)",
        f"goal {bank.WHOLE:.0f} s with matching", f["matched"] + f["credited"] <= bank.WHOLE,
        seconds=f["credited"], exact=f["exact"],
    )  # fmt: skip


def province_report(report: Report, db: str, server: str, folder: Path) -> None:
    """The province's monthly summary; a database of its own."""
    with reports.province(db, server, folder) as app:
        for name, seconds in reports.measure(app).items():
            report.line(
                db, reports.PRODUCTS, f"province report, {name}",
                f"54 localities, {reports.ORDERS:,} orders of three years in {seconds:.2f} s",
                f"goal {reports.SECONDS:.0f} s", seconds <= reports.SECONDS, seconds=seconds,
            )  # fmt: skip


def notices(report: Report, db: str, server: str, folder: Path) -> None:
    """A card provider's notices, sent at once to two workers."""
    f = webhooks.measure(db, server, folder)
    sent = webhooks.EVENTS + webhooks.TWICE
    ok = f["seconds"] <= webhooks.SECONDS and f["p95"] <= webhooks.P95 and f["ok"] == sent
    told = f"p50 {f['p50']:.2f} s, p95 {f['p95']:.2f} s, {f['captured']:,} captured once"
    report.line(
        db, webhooks.EVENTS, "webhooks", f"{sent:,} notices in {f.pop('seconds'):.1f} s, {told}",
        f"goal {webhooks.SECONDS:.0f} s, p95 {webhooks.P95:.0f} s",
        ok and f["captured"] == f["receipts"] == webhooks.EVENTS, figures=f,
    )  # fmt: skip


def vietqr_page(report: Report, db: str, server: str, folder: Path) -> None:
    """The page of an order with its VietQR beside one without; a database of its own."""
    f = qr.measure(db, server, folder)
    for name, what in (("with", "order page, VietQR"), ("short", "order page, short")):
        without = f[f"{name} without"]
        times = f[name] / without
        report.line(
            db, qr.PRODUCTS, what, f"{f[name]:.2f} ms CPU, without {without:.2f} ms = {times:.2f}x",
            f"goal {qr.TIMES}x", times <= qr.TIMES, cpu_ms=f[name], without_ms=without, times=times,
        )  # fmt: skip
    report.line(db, qr.PRODUCTS, "VietQR picture", f"{f['picture']:.2f} ms CPU", cpu_ms=f["picture"])


def public_register(report: Report, db: str, server: str, folder: Path) -> None:
    """Searches of the public register, big beside small; databases of their own."""
    small, big = (register.seconds(db, server, folder, n) for n in (register.SMALL, register.BIG))
    report.line(
        db, register.BIG, "register, search", f"{big * 1000:.1f} ms of CPU, {big / small:.2f}x that of {register.SMALL:,}",
        f"goal {register.TIMES}x", big <= small * register.TIMES, seconds=big, small=small,
    )  # fmt: skip


def scoring_sheets(report: Report, db: str, server: str, folder: Path) -> None:
    """Pages of the longest official scoring sheet; a database of its own."""
    for name, milliseconds in sheets.measure(db, server, folder).items():
        report.line(
            db, 1, f"scoring, {name}", f"{milliseconds:.0f} ms of CPU",
            f"goal {sheets.MILLISECONDS:.0f} ms", milliseconds <= sheets.MILLISECONDS, milliseconds=milliseconds,
        )  # fmt: skip


def tables(report: Report, db: str, server: str, folder: Path) -> None:
    """A producer's table of twenty thousand rows: of new goods, then with other prices; beside reading it and one insert."""
    f, n = imports.measure(db, server, folder), imports.ROWS
    report.line(db, n, "import limits", f"reading {n / f.read:,.0f} rows/s, one bulk insert {n / f.insert:,.0f} rows/s",
                read=f.read, insert=f.insert)  # fmt: skip
    for what, tried, written in (("new goods", f.check, f.write), ("other prices", f.again, f.change)):
        whole = f.upload + tried + written
        report.line(
            db, n, f"import, {what}", f"tried {n / tried:,.0f} rows/s, written {n / written:,.0f} rows/s, in all {whole:.1f} s",
            f"goal {imports.SECONDS:.0f} s", whole <= imports.SECONDS, check=tried, write=written, seconds=whole,
        )  # fmt: skip
    told = f"{f.memory:.0f} MB (after a second one {f.memory_after:.0f})"
    report.line(db, n, "import memory", told, f"goal {imports.MEGABYTES:.0f} MB", f.memory <= imports.MEGABYTES,
                memory=f.memory, memory_after=f.memory_after)  # fmt: skip


def fair_board(report: Report, db: str, server: str, folder: Path) -> None:
    """The live board of a large fair, in its fifth day."""
    with fairs_board.hall(db, server, folder) as one:
        found = fairs_board.measure(one)
    most = fairs_board.MOST_STATEMENTS
    report.line(
        db, fairs_board.SALES, "fair board", f"{found['statements']} statements, {found['board']:.0f} ms; its middle "
        f"{found['middle']:.0f} ms, its page {found['page']:.0f} ms, goods {found['goods']:.0f} ms "
        f"({fairs_board.BOOTHS} booths, {fairs_board.TILLS} tills)", f"goal {most} statements, {fairs_board.MOST_MS} ms",
        found["statements"] <= most and found["middle"] <= fairs_board.MOST_MS, **found,
    )  # fmt: skip


def sharing(report: Report) -> None:
    """Scarce goods over places, beside simpler ways at equal stock; no database."""
    f = allocation.measure()
    size = allocation.VARIANTS * allocation.PLACES
    report.line(
        "none", size, "sharing",
        f"{f.seeds} markets: serves {f.over_pro_rata:+.1f} % (least {f.least_over_pro_rata:+.1f} %) beside "
        f"pro-rata, {f.over_first_come:+.1f} % beside first come; foresight would serve {f.foresight:+.1f} %",
        f"goal {allocation.GOAL:.0f} %", f.over_pro_rata >= allocation.GOAL, over_pro_rata=f.over_pro_rata,
        over_first_come=f.over_first_come, foresight=f.foresight,
    )  # fmt: skip
    report.line(
        "none", size, "sharing, goods", f"of the goods that are shared {f.shared_over_pro_rata:+.1f} % beside pro-rata, "
        f"{f.reached:.0f} % of what foresight would add", shared=f.shared_over_pro_rata, reached=f.reached,
    )  # fmt: skip
    report.line(
        "none", size, "sharing, worst", f"worst served place {f.worst:.0f} %, pro-rata {f.worst_pro_rata:.0f} %, first come "
        f"{f.worst_first_come:.0f} %", "goal above both", f.worst > max(f.worst_pro_rata, f.worst_first_come), worst=f.worst,
    )  # fmt: skip
    goods, places = allocation.LARGE
    report.line(
        "none", goods * places, "sharing, time",
        f"{goods} goods x {places} places in {f.seconds:.1f} s, CPU {f.cpu:.1f} s ({f.method})",
        f"goal {allocation.SECONDS:.0f} s", f.seconds <= allocation.SECONDS, seconds=f.seconds,
    )  # fmt: skip


# --- the whole ---------------------------------------------------------------------------------------------------


def nightly_forecast(report: Report, db: str, server: str, folder: Path) -> None:
    """The nightly forecast of 2,000 packs at 30 places from three years of weeks, in a process of its own."""
    for what, value, unit, goal in forecast.nightly(db, server, folder):
        text = f"{value:,.0f} {unit}, {forecast.VARIANTS:,} packs × {forecast.PLACES} places × {forecast.WEEKS} weeks"
        report.line(
            db, forecast.VARIANTS, f"forecast, {what}", text, f"goal {goal:,.0f} {unit}" if goal else "",
            value <= goal if goal else None, value=value,
        )  # fmt: skip


def main() -> int:
    """Run what the arguments ask for; 0 when every goal was met, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 products, short spans")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part (may be given again)")
    parser.add_argument("--db", action="append", choices=("sqlite", "postgresql"), help="this database (default: both)")
    parser.add_argument(
        "--products", action="append", type=int, help="size of the catalogue (default: 1000, 10000, 100000)"
    )
    parser.add_argument("--clients", action="append", type=int, help="clients at once (default: 1 and 8)")
    parser.add_argument("--seconds", type=float, help="span of each measurement (default: 3)")
    parser.add_argument(
        "--postgresql", default=os.environ.get("BENCH_DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/postgres",
        help="server where the benchmark may make a database (or BENCH_DATABASE_URL)",
    )  # fmt: skip
    args = parser.parse_args()
    sizes = args.products or ([1000] if args.quick else [1000, 10_000, 100_000])
    seconds = args.seconds or (1.2 if args.quick else 3.0)
    wanted, clients = set(args.only or PARTS), args.clients or [1, 8]
    report = Report()
    begun = datetime.now(UTC)
    print(
        f"{begun:%Y-%m-%d %H:%M} UTC, {meters.machine()}, Python {sys.version.split()[0]}; CPU is of server and database"
    )
    folder = Path(tempfile.mkdtemp(prefix="shop-bench-"))
    try:
        if "forecast-proof" in wanted:
            forecast.prove(report)
        if "allocation" in wanted:
            sharing(report)
        for db in args.db or ["sqlite", "postgresql"]:
            if "points" in wanted:
                many_points(report, db, args.postgresql, folder)
            if "portal" in wanted:
                producers_door(report, db, args.postgresql, folder)
            if "settlement" in wanted:
                long_statement(report, db, args.postgresql, folder)
            if "fairs" in wanted:
                fair(report, db, args.postgresql, folder)
            if "bank" in wanted:
                bank_lines(report, db, args.postgresql, folder)
            if "webhooks" in wanted:
                notices(report, db, args.postgresql, folder)
            if "qr" in wanted:
                vietqr_page(report, db, args.postgresql, folder)
            if "reports" in wanted:
                province_report(report, db, args.postgresql, folder)
            if "register" in wanted:
                public_register(report, db, args.postgresql, folder)
            if "sheets" in wanted:
                scoring_sheets(report, db, args.postgresql, folder)
            if "imports" in wanted:
                tables(report, db, args.postgresql, folder)
            if "forecast" in wanted:
                nightly_forecast(report, db, args.postgresql, folder)
            if "fairs" in wanted:
                fair_board(report, db, args.postgresql, folder)
            if wanted <= {*APART, *PROOFS}:
                continue
            by_size = {n: _one(report, db, n, folder, args.postgresql, wanted, clients, seconds) for n in sizes}
            if len(sizes) > 1:
                for name in by_size[sizes[0]]:
                    growth = by_size[sizes[-1]][name] / by_size[sizes[0]][name]
                    report.line(db, sizes[-1], f"{name} growth", f"{growth:.2f}x the CPU of {sizes[0]:,} products",
                                "goal 1.3x", growth <= 1.3, times=growth)  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results = ROOT / "bench-results"
    results.mkdir(exist_ok=True)
    (results / f"{begun:%Y%m%d-%H%M%S}.json").write_text(
        json.dumps(
            {"at": begun.isoformat(), "machine": meters.machine(), "rows": report.rows}, ensure_ascii=False, indent=1
        )
    )
    missed = [r for r in report.rows if r["ok"] is False]
    print(f"{sum(r['ok'] is True for r in report.rows)} goals met, {len(missed)} missed; "
          f"{(datetime.now(UTC) - begun).total_seconds():.0f} s")  # fmt: skip
    return 1 if missed else 0


def _one(
    report: Report,
    db: str,
    products: int,
    folder: Path,
    server: str,
    wanted: set[str],
    clients: list[int],
    seconds: float,
) -> dict[str, float]:
    home = folder / f"{db}-{products}"
    with database(db, server, home, f"bench_{os.getpid()}_{products}") as url:
        home.mkdir(parents=True, exist_ok=True)
        shelf = fill(url, home, products)
        cpu = compare(report, db, shelf, wanted, clients, seconds) if wanted & set(TIMES) else {}
        if "cached" in wanted:
            cached(report, db, shelf, seconds)
        if "command" in wanted:
            command(report, db, shelf, seconds)
        if "race" in wanted:
            race(report, db, shelf)
        if "till" in wanted:
            till(report, db, shelf)
    return cpu


if __name__ == "__main__":
    sys.exit(main())
