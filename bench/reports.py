"""The province's monthly summary over 54 localities, 600 products and three years of sales: counted, and as a paper.

What is sold stands written straight into the tables: 90,000 orders of one line, spread over the days.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from bench.points import _settle
from bench.shops import config_of, database

PRODUCTS, MAKERS, ORDERS, DAYS = 600, 220, 90_000, 3 * 365
SECONDS = 10.0


@contextmanager
def province(db: str, server: str, folder: Path) -> Iterator[Any]:
    """A shop of this process with all of that; the app."""
    from shop import create_app
    from shop.kernel.db import db as shop_db
    from shop.places import services as places

    home = folder / f"{db}-reports"
    with database(db, server, home, "bench_reports") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            places.load()
            _fill()
            _settle()
            shop_db.session.remove()
        try:
            yield app
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _fill() -> None:
    from shop.catalog.models import (
        Certificate,
        CertificateLevel,
        Price,
        Product,
        ProductGroup,
        ProductKind,
        ProductSet,
        ProductState,
        Variant,
    )
    from shop.cycle import localities
    from shop.kernel import clock
    from shop.kernel.db import in_batches, transaction
    from shop.kernel.text import sort_key
    from shop.orders.models import (
        DeliveryKind,
        Fulfilment,
        FulfilmentStatus,
        Order,
        OrderLine,
        OrderStatus,
        PaymentMethod,
        PaymentStatus,
    )
    from shop.points.models import Point, PointKind
    from shop.producers.models import LegalForm, Producer, ProducerState

    rng, now, today = random.Random(11), clock.now(), clock.today()
    since = now - timedelta(days=DAYS)
    codes = [found.code for found in localities.of_day(today)]
    forms = list(LegalForm)
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (ProductGroup, [{"id": 1, "scheme": "2026", "slug": "thuc-pham", "number": "I", "name": "Thực phẩm",
                         "name_en": "Food"}]),
        (ProductSet, [{"id": 1, "scheme": "2026", "number": 8, "slug": "bo", "name": "Bộ", "name_en": "Set", "group_id": 1,
                       "is_alcohol": False, "is_service": False}]),
        (Producer, [
            {"id": n, "slug": f"co-so-{n}", "name": f"Cơ sở {n}", "sort_name": sort_key(f"Cơ sở {n}"),
             "legal_form": rng.choice(forms), "province_code": "22", "commune_code": codes[n % len(codes)],
             "state": ProducerState.ACTIVE, "is_demo": False, "created_at": since, "updated_at": since,
             "identity_due": False}
            for n in range(1, MAKERS + 1)
        ]),
        (Product, [
            {"id": n, "slug": f"san-pham-{n}", "name": f"Sản phẩm {n}", "sort_name": sort_key(f"Sản phẩm {n}"),
             "kind": ProductKind.GOODS, "producer_id": n % MAKERS + 1, "set_id": 1, "allergens": [], "is_alcohol": False,
             "cold": "none", "season_months": 0, "needs_certificate": False, "state": ProductState.SHOWN, "is_demo": False,
             "published_at": since, "created_at": since, "updated_at": since}
            for n in range(1, PRODUCTS + 1)
        ]),
        (Variant, [
            {"id": n, "product_id": n, "sku": f"B-{n:05d}", "pack": "Gói", "position": 0, "state": "shown", "is_demo": False,
             "created_at": since, "updated_at": since}
            for n in range(1, PRODUCTS + 1)
        ]),
        (Price, [{"id": n, "variant_id": n, "amount": 100_000, "valid_from": since, "created_by": "system", "is_demo": False}
                 for n in range(1, PRODUCTS + 1)]),
        (Certificate, [
            {"id": n, "number": f"B-{n:04d}", "number_key": f"b-{n:04d}", "told_in_force": True, "product_id": n,
             "level": CertificateLevel.PROVINCE, "stars": rng.choice((3, 3, 3, 4, 4, 5)),
             "issued_on": today - timedelta(days=rng.randrange(40, 1000)),
             "expires_on": today + timedelta(days=rng.randrange(1, 900)), "is_demo": False, "created_at": since}
            for n in range(1, PRODUCTS * 3 // 4)
        ]),
        (Point, [{"id": n, "slug": f"diem-{n}", "name": f"Điểm {n}", "sort_name": f"{n:03d}", "kind": PointKind.SHOP,
                  "province_code": "22", "commune_code": codes[n % len(codes)], "services": [], "pickup": True, "ships": True,
                  "web_reserve": 0, "is_public": True, "is_demo": False, "created_at": since, "updated_at": since}
                 for n in range(1, 31)]),
    ]  # fmt: skip
    orders, parcels, lines = [], [], []
    for n in range(1, ORDERS + 1):
        quantity, variant = rng.randrange(1, 6), min(PRODUCTS, int(rng.paretovariate(0.8)))
        amount, at = quantity * 100_000, since + timedelta(seconds=rng.randrange(DAYS * 86_400))
        orders.append(
            {"id": n, "reference": f"B{n:07d}", "secret_hash": "x", "op_key": f"bench-{n:08d}", "op_digest": "x",
             "channel": "till" if n % 3 == 0 else "web", "locale": "vi", "status": OrderStatus.COMPLETED,
             "payment_status": PaymentStatus.PAID, "payment_method": PaymentMethod.COD, "delivery": DeliveryKind.SHIP,
             "name": "Khách", "search_name": "khach", "phone": f"+849{n:08d}", "province_code": "22" if n % 2 else "01",
             "goods_amount": amount, "delivery_amount": 0, "discount_amount": 0, "total_amount": amount,
             "reduced_amount": 0, "placed_at": at, "is_demo": False}
        )  # fmt: skip
        parcels.append(
            {"id": n, "order_id": n, "number": 1, "point_id": n % 30 + 1, "kind": DeliveryKind.SHIP,
             "status": FulfilmentStatus.DELIVERED, "fee_amount": 0, "unpaid_amount": 0, "weight_g": 0}
        )  # fmt: skip
        lines.append(
            {"id": n, "order_id": n, "fulfilment_id": n, "variant_id": variant, "producer_id": variant % MAKERS + 1,
             "sku": f"B-{variant:05d}", "name": "Sản phẩm", "pack": "Gói", "quantity": quantity, "refused_quantity": 0,
             "unit_price_amount": 100_000, "line_amount": amount, "price_id": variant, "certificate_required": False,
             "is_alcohol": False, "cold": "none", "weight_g": 0}
        )  # fmt: skip
    rows += [(Order, orders), (Fulfilment, parcels), (OrderLine, lines)]
    with transaction() as s:
        for table, found in rows:
            for batch in in_batches(found, 2000):
                s.execute(insert(table), list(batch))
        if s.get_bind().dialect.name == "postgresql":
            for table, _found in rows:
                name = table.__tablename__
                s.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"))


def measure(app: Any) -> dict[str, float]:
    """Seconds to count the summary of last month with what it is compared with, and to make its paper."""
    from shop.reports import rules, sheet
    from shop.reports.queries import province as queries

    month: date = rules.latest()
    with app.app_context():
        start = time.perf_counter()
        content = queries.summary(month)
        counted = time.perf_counter() - start
        sold = [row for _code, _name, row in queries.behind(content, "sales")]
        assert len(content["localities"]) == 54
        assert content["totals"]["products"] == PRODUCTS
        assert sold
        start = time.perf_counter()
        sheet.pdf(month, None, content)
        return {"counted": counted, "paper": time.perf_counter() - start}
