"""Goods at ten points and at three hundred: what lists cost a reader, and a transfer of two hundred lines counted in."""

from __future__ import annotations

import contextlib
import re
import secrets
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from bench import catalogue
from bench.shops import config_of, database

SIZES = (10, 300)
PRODUCTS = 1000
# At each point: packs on its shelf, packs it has a target for, transfers that came to it.
SHELF, TARGETS, TRANSFERS = 120, 40, 20
LINES = 200
ROUNDS = 15
_FIELD = re.compile(r'name="((?:good|seen|op_key|csrf_token)[^"]*)"[^>]*?value="([^"]*)"')
_FORM = re.compile(r'<form class="form receiving".*?</form>', re.S)


@dataclass
class House:
    """A shop of this process with so many points, and two people signed in: staff, and the keeper of one point."""

    points: int
    app: Any
    staff: Any
    keeper: Any
    paths: dict[str, tuple[Any, str]] = field(default_factory=dict)
    long: str = ""


@contextlib.contextmanager
def house(db: str, server: str, folder: Path, points: int) -> Iterator[House]:
    """Fill a database of its own and open the shop on it."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-points-{points}"
    with database(db, server, home, f"bench_points_{points}") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            catalogue.make(PRODUCTS)
            ids = _points(points)
            _goods(ids)
            references = _transfers(ids)
            long = _long_transfer(ids)
            slug = _slug(ids[3])
            _settle()
            made = House(points, app, app.test_client(), app.test_client(), long=long)
            _sign_in(made.staff, "*", "administrator")
            _sign_in(made.keeper, f"point:{ids[3]}", "point_keeper")
            shop_db.session.remove()
        staff, keeper = made.staff, made.keeper
        made.paths = {
            "stock": (staff, "/office/stock"),
            "stock, most first": (staff, "/office/stock?sort=-free"),
            "stock on the road": (staff, "/office/stock?state=road"),
            "stock running out": (staff, "/office/stock?state=low"),
            "stock of a point": (staff, f"/office/stock?point={ids[3]}"),
            "stock, a name": (staff, "/office/stock?q=cha+muc"),
            "transfers": (staff, "/office/transfers"),
            "transfers open": (staff, "/office/transfers?state=open"),
            "one transfer": (staff, f"/office/transfers/{references[-1]}"),
            "asking": (staff, f"/office/transfers/new?from={ids[0]}&to={ids[3]}"),
            "below minimum": (staff, "/office/targets"),
            "levels of a point": (staff, f"/office/targets/at/{slug}"),
            "keeper's stock": (keeper, "/office/stock"),
            "keeper's transfers": (keeper, "/office/transfers"),
            "keeper's day": (keeper, "/office"),
        }
        try:
            yield made
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _points(count: int) -> list[int]:
    from shop.kernel import clock
    from shop.kernel.db import session, transaction
    from shop.kernel.text import sort_key
    from shop.points.models import Point, PointKind

    now = clock.now()
    with transaction() as s:
        for n in range(count - 2):  # the catalogue has made a warehouse and a centre
            name = f"Điểm bán số {n + 1}"
            s.add(
                Point(
                    slug=f"diem-{n + 1}", name=name, sort_name=sort_key(name), kind=PointKind.SHOP, province_code="22",
                    ships=n % 3 == 0, pickup=True, created_at=now, updated_at=now,
                )
            )  # fmt: skip
    return list(session().scalars(select(Point.id).order_by(Point.id)))


def _goods(ids: list[int]) -> None:
    """One level with one movement for each pack on each shelf, and targets for some; the first point has them all."""
    from shop.kernel import clock
    from shop.kernel.db import session, transaction
    from shop.stock.models import StockLevel, StockMovement
    from shop.transfers.models import Target

    now = clock.now()
    with transaction() as s:
        lots = s.execute(text("SELECT min(id), variant_id FROM lots GROUP BY variant_id ORDER BY variant_id")).all()
        writer = catalogue._Writer()
        level, movement = writer.next_id(StockLevel), writer.next_id(StockMovement)
        levels, movements, targets = [], [], []
        for k, point in enumerate(ids[2:]):
            for j in range(SHELF):
                lot, variant = lots[(k * 37 + j * 7) % len(lots)]
                n = 3 + (k + j) % 40
                levels.append((level, variant, point, lot, "shop", n, 0, 0, now))
                movements.append(
                    (movement, level, "receipt", n, n, "hàng thử", None, "system", "Hệ thống", f"bench-{level}", now)
                )
                if j < TARGETS:
                    targets.append((variant, point, 2 + j % 9, 12 + j % 30, now, "Hệ thống"))
                level, movement = level + 1, movement + 1
        writer.write(
            StockLevel,
            ("id", "variant_id", "point_id", "lot_id", "owner", "on_hand", "held", "allocated", "updated_at"),
            levels,
        )
        writer.write(
            StockMovement,
            ("id", "level_id", "kind", "quantity", "balance", "reason", "reference", "actor_key", "actor_label",
             "op_key", "at"),
            movements,
        )  # fmt: skip
        writer.write(
            Target, ("variant_id", "point_id", "minimum", "target", "updated_at", "updated_by"), dict.fromkeys(targets)
        )
        session().flush()
    from shop.stock import services as stock

    stock.refresh_availability()


def _transfers(ids: list[int]) -> list[str]:
    """Transfers in every state: most ended, some waiting, one of each point's on the road."""
    from shop.kernel import clock
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import session, transaction
    from shop.transfers import services as transfers
    from shop.transfers.models import Transfer, TransferLine, TransferStep

    now = clock.now()
    variants = list(session().scalars(text("SELECT id FROM variants ORDER BY id LIMIT 400")))
    names = [f"C-{n:04d}-{k:04d}" for n in range(len(ids)) for k in range(TRANSFERS - 1)]
    with transaction() as s:
        first = (s.scalar(text("SELECT max(id) FROM transfers")) or 0) + 1
        rows, lines, steps = [], [], []
        for i, reference in enumerate(names):
            to = ids[i // (TRANSFERS - 1)]
            status = ("cancelled", "refused", "cancelled", "refused", "asked")[i % 5]
            rows.append(
                {
                    "id": first + i, "reference": reference, "from_point_id": ids[0] if to != ids[0] else ids[1],
                    "to_point_id": to, "status": status, "arrivals": 0, "asked_at": now - timedelta(minutes=i),
                    "updated_at": now, "is_demo": True,
                }
            )  # fmt: skip
            lines += [
                {"transfer_id": first + i, "variant_id": variants[(i * 3 + k) % len(variants)], "asked": 5}
                for k in range(3)
            ]
            step = {"transfer_id": first + i, "at": now, "actor_key": "system", "actor_label": "Hệ thống"}
            steps.append(step | {"from_status": "", "to_status": "asked"})
            if status != "asked":
                steps.append(step | {"from_status": "asked", "to_status": status})
        s.execute(insert(Transfer), rows)
        s.execute(insert(TransferLine), lines)
        s.execute(insert(TransferStep), steps)
        if s.get_bind().dialect.name == "postgresql":
            s.execute(text("SELECT setval(pg_get_serial_sequence('transfers', 'id'), (SELECT max(id) FROM transfers))"))
    made = []
    goods = _at_warehouse(ids[0], len(ids) * 3)
    for n, point in enumerate(ids[1:]):
        picks = [goods[(n * 3 + k) % len(goods)] for k in range(3)]
        made.append(_send(transfers, SYSTEM, ids[0], point, picks, 1))
    return made


def _at_warehouse(point: int, limit: int) -> list[tuple[int, int]]:
    """(level, variant) of goods at the warehouse, enough of each to send."""
    from shop.kernel.db import session

    rows = session().execute(
        text(
            "SELECT min(id), variant_id FROM stock_levels WHERE point_id = :p AND on_hand - held - allocated > 20 "
            "GROUP BY variant_id ORDER BY variant_id LIMIT :n"
        ),
        {"p": point, "n": limit},
    )
    return [(level, variant) for level, variant in rows]


def _send(transfers: Any, actor: Any, source: int, to: int, picks: list[tuple[int, int]], units: int) -> str:
    wanted = {variant: units for _level, variant in picks}
    reference: str = transfers.ask(actor, source, to, wanted, secrets.token_urlsafe(12))
    transfers.approve(actor, reference, {}, secrets.token_urlsafe(12))
    transfers.pack(actor, reference, {level: units for level, _variant in picks}, secrets.token_urlsafe(12))
    transfers.dispatch(actor, reference, secrets.token_urlsafe(12))
    return reference


def _long_transfer(ids: list[int]) -> str:
    from shop.kernel.actor import SYSTEM
    from shop.transfers import services as transfers

    picks = _at_warehouse(ids[0], LINES)
    if len(picks) < LINES:
        raise RuntimeError(f"only {len(picks)} packs at the warehouse")
    return _send(transfers, SYSTEM, ids[0], ids[3], picks, 5)


def _slug(point: int) -> str:
    from shop.points import queries

    return queries.point(point).slug


def _settle() -> None:
    """What a server's own upkeep would have done by the time so many goods are in."""
    from shop.kernel.db import db, is_sqlite, session

    session().rollback()
    if is_sqlite():
        with db.engine.connect() as c:
            c.exec_driver_sql("ANALYZE")
            c.commit()
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("VACUUM ANALYZE"))


def _sign_in(client: Any, scope: str, role: str) -> None:
    from shop.accounts.models import Grant, User, UserSession
    from shop.accounts.permissions import Role
    from shop.accounts.queries import token_hash
    from shop.kernel import clock
    from shop.kernel import text as words
    from shop.kernel.db import transaction

    now, token = clock.now(), secrets.token_urlsafe(16)
    with transaction() as s:
        user = User(name="Lê Thị Đo", email=f"{role}@example.vn", password_hash="-", created_at=now)
        s.add(user)
        s.flush()
        s.add(Grant(user_id=user.id, role=Role(role), scope=scope, granted_at=now))
        s.add(
            UserSession(
                reference=words.reference(), token_hash=token_hash(token), user_id=user.id, created_at=now,
                last_seen_at=now, expires_at=now + timedelta(days=1), second_factor_at=now,
            )
        )  # fmt: skip
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True


def look(client: Any, path: str) -> float:
    """Milliseconds of one page, drawn whole."""
    begun = time.perf_counter()
    answer = client.get(path)
    body = answer.get_data()
    if answer.status_code != 200 or not body:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return (time.perf_counter() - begun) * 1000


def lists(houses: list[House]) -> dict[str, list[float]]:
    """The median milliseconds of each list in each house, turn about, so that what else the machine does meets all."""
    found: dict[str, list[float]] = {}
    for name in houses[0].paths:
        for one in houses:
            look(*one.paths[name])
        taken: list[list[float]] = [[] for _ in houses]
        for _round in range(ROUNDS):
            for one, times in zip(houses, taken, strict=True):
                times.append(look(*one.paths[name]))
        found[name] = [statistics.median(times) for times in taken]
    return found


def receive(one: House) -> tuple[float, float]:
    """Seconds to show the receiving page of the long transfer, and to count all of it in."""
    path = f"/office/transfers/{one.long}/receive"
    begun = time.perf_counter()
    page = one.keeper.get(path).get_data(as_text=True)
    shown = time.perf_counter() - begun
    form = _FORM.search(page)
    if form is None:
        raise RuntimeError("no form to receive by")
    fields = dict(_FIELD.findall(form[0]))
    counted = sum(name.startswith("good-") for name in fields)
    if counted != LINES:
        raise RuntimeError(f"{counted} lines to receive")
    begun = time.perf_counter()
    answer = one.keeper.post(path, data=fields)
    seconds = time.perf_counter() - begun
    if answer.status_code != 303:
        raise RuntimeError(f"receiving: {answer.status_code}")
    return shown, seconds
