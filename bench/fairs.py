"""A fair of 210 booths and 60 tills that sold forty thousand times in five days: closing a booth, its lists, the report."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench import catalogue
from bench.points import _settle, _sign_in
from bench.shops import config_of, database

BOOTHS, TILLS, SALES, DAYS, PACKS = 210, 60, 40_000, 5, 5
# As many products as give each booth a maker of its own.
PRODUCTS = 50 * (BOOTHS + 2)
CLOSE, REPORT = 2.0, 10.0
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Place:
    """A shop of this process with its fair."""

    app: Any
    slug: str
    codes: tuple[str, ...]
    sales: int


@contextlib.contextmanager
def house(
    db: str, server: str, folder: Path, *, booths: int = BOOTHS, tills: int = TILLS, sales: int = SALES
) -> Iterator[Place]:
    """Fill a database of its own and open the shop on it."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-fairs"
    with database(db, server, home, "bench_fairs") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            catalogue.make(50 * (booths + 2), reindex=False)
            slug, codes = _Fair(booths, tills, sales).make()
            _settle()
            shop_db.session.remove()
        try:
            yield Place(app, slug, tuple(codes), sales)
        finally:
            with app.app_context():
                shop_db.engine.dispose()


class _Fair:
    """Writes the fair: rows as the shop's own commands would have left them."""

    def __init__(self, booths: int, tills: int, sales: int) -> None:
        from shop.kernel import clock

        self.booths, self.tills, self.sales = booths, tills, sales
        self.now = clock.now().replace(microsecond=0)
        self.first = clock.today() - timedelta(days=DAYS)
        self.opening = clock.start_of(self.first) + timedelta(hours=8)

    def make(self) -> tuple[str, list[str]]:
        from shop.kernel.db import session, transaction

        s = session()
        makers = [int(i) for i in s.scalars(text("SELECT id FROM producers ORDER BY id"))][: self.booths]
        rows = s.execute(
            text(
                "SELECT p.producer_id, v.id, v.sku, p.name, v.pack, pr.amount, pr.id, min(l.id) FROM products p "
                "JOIN variants v ON v.product_id = p.id AND v.position = 0 JOIN prices pr ON pr.variant_id = v.id "
                "AND pr.valid_to IS NULL JOIN lots l ON l.variant_id = v.id AND l.stopped_at IS NULL "
                "AND (l.expires_on IS NULL OR l.expires_on > :today) "
                "GROUP BY p.producer_id, v.id, v.sku, p.name, v.pack, pr.amount, pr.id ORDER BY p.producer_id, v.id"
            ),
            {"today": self.now.date()},
        ).all()
        packs: dict[int, list[Any]] = {}
        for row in rows:
            packs.setdefault(row[0], []).append(row)
        makers = [i for i in makers if len(packs.get(i, [])) >= PACKS]
        self.makers = [makers[n % len(makers)] for n in range(self.booths)]
        self.packs = [packs[i][:PACKS] for i in self.makers]
        self._agree()
        with transaction():
            self.w = catalogue._Writer()
            slug, codes = self._ground()
            self._goods()
            self._tills()
            self._trade()
        return slug, codes

    def _agree(self) -> None:
        """A commission of 20 % at fairs with everybody who sells."""
        from shop.kernel.actor import SYSTEM
        from shop.kernel.db import transaction
        from shop.settlement.services import agreements, entries
        from shop.settlement.services.agreements import Draft, Rates

        month = (self.first.replace(day=1), (self.first.replace(day=1) + timedelta(days=31)).replace(day=1))
        for producer_id in sorted(set(self.makers[: self.tills])):
            draft = Draft(self.first - timedelta(days=30), Rates(1000, 1500, 2000))
            reference = agreements.propose(SYSTEM, producer_id, draft, op_key=f"bench-fair-agree-{producer_id}")
            agreements.agree(SYSTEM, reference)
            with transaction():
                entries.account(producer_id)
                span = (month[0], month[1] - timedelta(days=1))
                entries.open_period(SYSTEM, producer_id, span, 0, demo=False)
        self.agreed = {
            int(p): int(i)
            for p, i in self._all("SELECT producer_id, id FROM settlement_agreements WHERE state = 'agreed'")
        }

    @staticmethod
    def _all(sql: str) -> Any:
        from shop.kernel.db import session

        return session().execute(text(sql)).all()

    def _ground(self) -> tuple[str, list[str]]:
        """The fair, its booths with their points, who stands there."""
        from shop.exhibitions.models.calls import Application, Stand
        from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition
        from shop.points.models import Point

        w, now = self.w, self.now
        self.fair, kind = w.next_id(Exhibition), w.next_id(BoothType)
        point, booth, asked = w.next_id(Point), w.next_id(Booth), w.next_id(Application)
        stand = w.next_id(Stand)
        self.home = int(self._all("SELECT min(id) FROM points WHERE ships")[0][0])
        slug = "hoi-cho-do"
        w.write(
            Exhibition,
            ("id", "slug", "name", "sort_name", "kind", "state", "from_on", "to_on", "venue", "province_code", "home_point_id",
             "created_at", "updated_at"),
            [(self.fair, slug, "Hội chợ đo", "hoi cho do", "provincial", "running", self.first,
              self.first + timedelta(days=DAYS), "Cung Quy hoạch", "22", self.home, now, now)],
        )  # fmt: skip
        w.write(
            BoothType,
            (
                "id",
                "exhibition_id",
                "name",
                "columns",
                "rows",
                "fee_amount",
                "subsidy_for",
                "subsidy_percent",
                "makers",
            ),
            [(kind, self.fair, "Gian", 2, 2, 6_000_000, "province", 100, 1)],
        )
        codes = [f"{LETTERS[n // 20]}{n % 20 + 1}" for n in range(self.booths)]
        self.points = list(range(point, point + self.booths))
        w.write(
            Point,
            ("id", "slug", "name", "sort_name", "kind", "province_code", "services", "pickup", "ships", "is_public",
             "opened_on", "created_at", "updated_at"),
            [(point + n, f"gian-do-{n}", f"Gian {code}", code, "fair", "22", "[]", False, False, False,
              self.first - timedelta(days=1), now, now) for n, code in enumerate(codes)],
        )  # fmt: skip
        w.write(
            Booth,
            ("id", "exhibition_id", "code", "type_id", "x", "y", "columns", "rows", "point_id"),
            [
                (booth + n, self.fair, code, kind, 2 * (n % 20), 2 * (n // 20), 2, 2, point + n)
                for n, code in enumerate(codes)
            ],
        )
        once: dict[int, int] = {}
        for n, maker in enumerate(self.makers):
            once.setdefault(maker, n)
        mine = sorted(once.values())
        w.write(
            Application,
            ("id", "reference", "exhibition_id", "producer_id", "state", "created_at", "updated_at"),
            [(asked + k, f"BE-{k:05d}", self.fair, self.makers[n], "accepted", now, now) for k, n in enumerate(mine)],
        )
        w.write(
            Stand,
            ("id", "reference", "exhibition_id", "booth_id", "application_id", "producer_id", "fee_amount", "subsidy_amount",
             "why", "given_at", "given_label"),
            [(stand + k, f"BS-{k:05d}", self.fair, booth + n, asked + k, self.makers[n], 6_000_000, 6_000_000, "rút thăm", now,
              "Đo") for k, n in enumerate(mine)],
        )  # fmt: skip
        return slug, codes

    def _goods(self) -> None:
        """Five packs on consignment in each booth, more than it sells."""
        from shop.stock.models import StockLevel, StockMovement

        w = self.w
        level = w.next_id(StockLevel)
        self.brought = 40 + 4 * self.sales // self.tills
        self.levels = [[level + n * PACKS + k for k in range(PACKS)] for n in range(self.booths)]
        self.left = {i: self.brought for ids in self.levels for i in ids}
        came = self.opening - timedelta(hours=15)
        self.came: list[Any] = []
        rows = []
        for n, ids in enumerate(self.levels):
            owner = f"producer:{self.makers[n]}"
            for i, pack in zip(ids, self.packs[n], strict=True):
                rows.append((i, pack[1], self.points[n], pack[7], owner))
                self.came.append(
                    (
                        i,
                        "receipt",
                        self.brought,
                        self.brought,
                        "Hàng khai mạc",
                        None,
                        "system",
                        "Hệ thống",
                        f"bench:{i}",
                        came,
                    )
                )
        self.level_rows = rows
        self.movement = w.next_id(StockMovement)

    def _tills(self) -> None:
        from shop.till.models import Device, TillSession

        w = self.w
        self.device, self.session = w.next_id(Device), w.next_id(TillSession)
        w.write(
            Device,
            ("id", "code", "name", "point_id", "token_hash", "enrolled_at", "last_seq", "last_number", "created_at"),
            [(self.device + t, f"F{t + 1}", f"Máy F{t + 1}", self.points[t], f"bench-{t}", self.opening,
              2 * DAYS + self.sales // self.tills, self.sales // self.tills, self.opening) for t in range(self.tills)],
        )  # fmt: skip
        w.write(
            TillSession,
            ("id", "uuid", "device_id", "point_id", "keeper_name", "float_amount", "opened_at", "received_at", "closed_at",
             "close_received_at"),
            [(self.session + t * DAYS + d, str(uuid.uuid4()), self.device + t, self.points[t], "Lê Thị Đo", 500_000,
              self._morning(d), self._morning(d), self._morning(d) + timedelta(hours=14),
              self._morning(d) + timedelta(hours=14)) for t in range(self.tills) for d in range(DAYS)],
        )  # fmt: skip

    def _morning(self, day: int) -> datetime:
        return self.opening + timedelta(days=day)

    def _trade(self) -> None:
        """The sales, each with everything that the counter writes, and what settlement posted of them."""
        from shop.orders.models import Fulfilment, Order, OrderLine, OrderTransition
        from shop.payments.models import Payment, PaymentReceipt
        from shop.settlement.models import Entry
        from shop.stock.models import StockLevel, StockMovement
        from shop.till.models import TillEvent, TillLine, TillSale, TillTender

        w = self.w
        at = {m: w.next_id(m) for m in (Order, Fulfilment, OrderLine, Payment, TillEvent, TillSale, TillLine, Entry)}
        rows: dict[Any, list[Any]] = {
            m: [] for m in (Order, Fulfilment, OrderLine, OrderTransition, Payment, PaymentReceipt, TillEvent, TillSale,
                            TillLine, TillTender, Entry)
        }  # fmt: skip
        moves = [(self.movement + n, *row) for n, row in enumerate(self.came)]
        movement = self.movement + len(moves)
        ways = (("cash", "cash"), ("vietqr", "vietqr"), ("terminal", "terminal"))
        for n in range(self.sales):
            t, k = n % self.tills, n // self.tills
            day = k % DAYS
            when = self._morning(day) + timedelta(minutes=10 + 6 * (k // DAYS) % 800, seconds=t % 60)
            number, key = f"F{t + 1}-{k + 1:06d}", str(uuid.uuid4())
            order, parcel, event, sale = (at[m] for m in (Order, Fulfilment, TillEvent, TillSale))
            for m in (Order, Fulfilment, TillEvent, TillSale):
                at[m] += 1
            chosen = [(n + j * 2) % PACKS for j in range(1 + n % 2)]
            lines = [(self.packs[t][c], self.levels[t][c], 1 + (n + c) % 2) for c in chosen]
            total = sum(pack[5] * units for pack, _level, units in lines)
            tender, method = ways[n % 3]
            rows[Order].append(
                (order, number, "x", f"till:{key}", key, "till", "completed", "paid", method, "pickup", "Khách tại quầy",
                 "khach tai quay", "", self.points[t], total, 0, 0, total, when, when)
            )  # fmt: skip
            rows[Fulfilment].append((parcel, order, 1, self.points[t], "pickup", "delivered", 0, 500, when, when, when))
            for subject, f, to in (
                ("order", None, "completed"),
                ("payment", None, "paid"),
                ("fulfilment", parcel, "delivered"),
            ):
                rows[OrderTransition].append((order, f, subject, "", to, when, "till", "Lê Thị Đo"))
            payment = at[Payment]
            at[Payment] += 1
            rows[Payment].append(
                (payment, order, method, "till", "captured", total, total, 0, f"till:{key}", when, when)
            )
            rows[PaymentReceipt].append((payment, "till", f"{key}:1", total, f"till:{key}", "till", "Lê Thị Đo", when))
            rows[TillEvent].append((event, key, self.device + t, k + 2 * day + 2, "sale", "x", when, when, "done"))
            rows[TillSale].append(
                (sale, number, self.device + t, k + 1, self.session + t * DAYS + day, event, order, "Lê Thị Đo", when, when,
                 False)
            )  # fmt: skip
            rows[TillTender].append(
                (self.session + t * DAYS + day, event, sale, payment, tender, "sale", total, total, when, when, False)
            )
            for pack, level, units in lines:
                line, amount = at[OrderLine], pack[5] * units
                at[OrderLine] += 1
                rows[OrderLine].append(
                    (line, order, parcel, pack[1], self.makers[t], pack[2], pack[3], pack[4], units, pack[5], amount, pack[6],
                     False, False, "none", 500)
                )  # fmt: skip
                rows[TillLine].append((at[TillLine], sale, line, pack[1], units, amount, 0))
                at[TillLine] += 1
                self.left[level] -= units
                moves.append(
                    (movement, level, "sale", -units, self.left[level], None, f"order:{number}:1", "till", "Lê Thị Đo",
                     f"till:{key}:{level}", when)
                )  # fmt: skip
                self._entries(rows[Entry], at[Entry], t, order, line, movement, pack, units, number, when)
                at[Entry] += 2
                movement += 1
        self._write(rows)
        level_at = self.now
        w.write(
            StockLevel,
            (
                "id",
                "variant_id",
                "point_id",
                "lot_id",
                "owner",
                "on_hand",
                "held",
                "allocated",
                "is_stopped",
                "updated_at",
            ),
            [(*row, self.left[row[0]], 0, 0, False, level_at) for row in self.level_rows],
        )
        w.write(
            StockMovement,
            ("id", "level_id", "kind", "quantity", "balance", "reason", "reference", "actor_key", "actor_label", "op_key",
             "at"),
            moves,
        )  # fmt: skip
        w.write(Entry, ENTRY, rows[Entry])

    def _entries(
        self, rows: list[Any], first: int, t: int, order: int, line: int, movement: int, pack: Any, units: int, number: str,
        when: datetime,
    ) -> None:  # fmt: skip
        maker, amount = self.makers[t], pack[5] * units
        cause, on = f"sale:{movement}:{line}", (when + timedelta(hours=7)).date()
        like = (maker, "fair", self.points[t], order, line, pack[1])
        tail = (number, f"{pack[3]}, {pack[4]}"[:255], when, on, when, "Hệ thống")
        rows.append((first, cause, "sale", *like, movement, None, None, units, pack[5], 0, None, None, amount, *tail))
        rows.append(
            (first + 1, f"commission/{cause}", "commission", *like, None, self.agreed[maker], first, 0, None, 0, amount, 2000,
             -((amount * 2000 + 5000) // 10_000), *tail)
        )  # fmt: skip

    def _write(self, rows: dict[Any, list[Any]]) -> None:
        for model, mine in rows.items():
            if model.__name__ in COLUMNS:
                self.w.write(model, COLUMNS[model.__name__], mine)


ENTRY = (
    "id", "cause", "kind", "producer_id", "channel", "point_id", "order_id", "line_id", "variant_id", "movement_id",
    "agreement_id", "parent_id", "quantity", "unit_amount", "discount_amount", "base_amount", "rate_bp", "amount", "reference",
    "label", "happened_at", "happened_on", "posted_at", "actor_label",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "Order": ("id", "reference", "secret_hash", "op_key", "op_digest", "channel", "status", "payment_status",
              "payment_method", "delivery", "name", "search_name", "phone", "pickup_point_id", "goods_amount",
              "delivery_amount", "discount_amount", "total_amount", "placed_at", "completed_at"),
    "Fulfilment": ("id", "order_id", "number", "point_id", "kind", "status", "fee_amount", "weight_g", "handed_over_at",
                   "delivered_at", "closed_at"),
    "OrderLine": ("id", "order_id", "fulfilment_id", "variant_id", "producer_id", "sku", "name", "pack", "quantity",
                  "unit_price_amount", "line_amount", "price_id", "certificate_required", "is_alcohol", "cold", "weight_g"),
    "OrderTransition": ("order_id", "fulfilment_id", "subject", "from_status", "to_status", "at", "actor_key", "actor_label"),
    "Payment": ("id", "order_id", "method", "provider", "state", "amount", "captured_amount", "refunded_amount", "evidence",
                "created_at", "captured_at"),
    "PaymentReceipt": ("payment_id", "provider", "reference", "amount", "evidence", "actor_key", "actor_label", "at"),
    "TillEvent": ("id", "uuid", "device_id", "seq", "kind", "digest", "at", "received_at", "state"),
    "TillSale": ("id", "number", "device_id", "sequence", "session_id", "event_id", "order_id", "keeper_name", "at",
                 "received_at", "late"),
    "TillLine": ("id", "sale_id", "order_line_id", "variant_id", "quantity", "net_amount", "returned"),
    "TillTender": ("session_id", "event_id", "sale_id", "payment_id", "kind", "purpose", "amount", "given_amount", "at",
                   "received_at", "late"),
}  # fmt: skip


def _timed(ask: Any) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def close_booth(place: Place, code: str) -> dict[str, float]:
    """Seconds of each step of closing a booth, from beginning to both signatures."""
    from shop.counts.services import Counted
    from shop.exhibitions.models.closing import Side
    from shop.exhibitions.queries import closings, sheets
    from shop.exhibitions.services import closing, signing
    from shop.kernel.actor import SYSTEM

    slug, took = place.slug, {}
    with place.app.app_context():
        took["begin"] = _timed(lambda: closing.begin(SYSTEM, slug, code))

        def count() -> None:
            closing.start_count(SYSTEM, slug, code, f"bench-count-{code}")
            booth = closings.booth(slug, code)
            there = {row.level_id: row.on_hand for row in booth.levels}
            lines = closing.lines_to_count(booth.closing) if booth.closing else []
            numbers = {x.line_id: Counted(there[x.level_id]) for x in lines}
            if not closing.write_count(SYSTEM, slug, code, numbers, finish=True):
                raise RuntimeError("the count waits for somebody")

        took["count"] = _timed(count)
        took["home"] = _timed(lambda: closing.all_home(SYSTEM, slug, code, f"bench-home-{code}"))
        one = closings.booth(slug, code).sheets[0]

        def sign() -> None:
            for side in Side:
                signing.sign(
                    SYSTEM, one.sheet.reference, side, name="Người đo", ticked=True, digest=one.digest
                )  # fmt: skip

        took["sign"] = _timed(sign)
        if sheets.whole(one.sheet.reference).step != "frozen":
            raise RuntimeError("the sheet is not frozen")
    return took


def pages(place: Place) -> dict[str, float]:
    """Seconds of the pages that staff wait for; the report frozen in between."""
    from shop.exhibitions.models.fairs import Exhibition
    from shop.exhibitions.queries import reporting
    from shop.exhibitions.services import reporting as services
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import session, transaction
    from shop.ledger import sources

    staff = place.app.test_client()
    here = f"/office/exhibitions/{place.slug}"

    def get(path: str) -> None:
        answer = staff.get(here + path)
        if answer.status_code != 200 or not answer.get_data():
            raise RuntimeError(f"{here}{path}: {answer.status_code}")

    with place.app.app_context():
        _sign_in(staff, "*", "administrator")
    took = {"booths": _timed(lambda: get("/close")), "one booth": _timed(lambda: get(f"/close/{place.codes[1]}"))}
    took["report"] = _timed(lambda: get("/report"))
    with place.app.app_context():
        with transaction() as s:  # the other booths are not closed for this
            s.query(Exhibition).filter_by(slug=place.slug).update({"state": "closed"})
        fair = session().query(Exhibition).filter_by(slug=place.slug).one()
        seen = services.seen(reporting.compute(fair))
        took["report, frozen"] = _timed(lambda: services.freeze(SYSTEM, place.slug, "", seen, op_key="bench-report"))
    for name, path in (
        ("report again", "/report"),
        ("report, paper", "/report.pdf?v=1"),
        ("report, XLSX", "/report.xlsx?v=1"),
    ):
        took[name] = _timed(lambda path=path: get(path))  # type: ignore[misc]
    took["rows of a number"] = _timed(lambda: get("/report/rows?by=own&v=1"))
    with place.app.app_context():
        sources.bring_in()  # what counters and settlement mean in the ledger, as their commands would have posted it
    took["money, added up"] = _timed(lambda: get("/report/money"))
    return took
