"""Small true-looking goods for tests, written straight into the tables; each call makes new ones."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

from shop.catalog.models import (
    Certificate,
    CertificateLevel,
    Price,
    Product,
    ProductGroup,
    ProductSet,
    ProductState,
    Variant,
)
from shop.kernel import clock, text
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.places import queries as places
from shop.places.models import Level, Unit, UnitType
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from shop.stock import services as stock

_numbers = itertools.count(1)
OPEN_POINT = {"kind": PointKind.SHOP, "province_code": "22", "commune_code": "06661", "ships": True, "pickup": True}


def make_set(number: int = 8, *, scheme: str = "2026") -> ProductSet:
    """A product set of the year's list with its group, made once."""
    found = session().query(ProductSet).filter_by(scheme=scheme, number=number).one_or_none()
    if found is not None:
        return found
    with transaction() as s:
        group = s.query(ProductGroup).filter_by(scheme=scheme, slug="thuc-pham").one_or_none()
        if group is None:
            group = ProductGroup(scheme=scheme, slug="thuc-pham", number="I", name="Thực phẩm", name_en="Food")
            s.add(group)
            s.flush()
        made = ProductSet(
            scheme=scheme,
            number=number,
            slug=f"bo-{number}",
            name=f"Bộ {number}",
            name_en=f"Set {number}",
            group_id=group.id,
        )
        s.add(made)
    return made


def make_producer(name: str = "HTX Bến Thử", **values: Any) -> Producer:
    """A producer in Quảng Ninh."""
    n, now = next(_numbers), clock.now()
    with transaction() as s:
        made = Producer(
            slug=f"{text.slugify(name)}-{n}", name=name, sort_name=text.sort_key(name), created_at=now, updated_at=now,
            **({"province_code": "22", "commune_code": "06661"} | values),
        )  # fmt: skip
        s.add(made)
    return made


def make_point(name: str = "Kho Bến Thử", **values: Any) -> Point:
    """An open point that ships and offers pick-up."""
    n, now = next(_numbers), clock.now()
    with transaction() as s:
        made = Point(
            slug=f"{text.slugify(name)}-{n}", name=name, sort_name=text.sort_key(name), created_at=now, updated_at=now,
            **(OPEN_POINT | values),
        )  # fmt: skip
        s.add(made)
    return made


def make_variant(name: str = "Chả mực thử", *, amount: int = 120_000, set_number: int = 8, producer: Producer | None = None,
                 **product: Any) -> Variant:  # fmt: skip
    """A shown product of one pack with a price in force."""
    n, now = next(_numbers), clock.now()
    set_id = make_set(set_number).id
    with transaction() as s:
        made = Product(
            slug=f"{text.slugify(name)}-{n}", name=name, sort_name=text.sort_key(name), set_id=set_id, state=ProductState.SHOWN,
            producer_id=producer.id if producer else None, published_at=now, created_at=now, updated_at=now, **product,
        )  # fmt: skip
        s.add(made)
        s.flush()
        variant = Variant(
            product_id=made.id, sku=f"THU-{n:05d}", pack="Gói 500 g", net_content=500, net_unit="GRM", weight_g=550,
            created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(variant)
        s.flush()
        s.add(Price(variant_id=variant.id, amount=amount, valid_from=now - timedelta(days=30), created_by="system"))
    return variant


def make_certificate(
    variant: Variant, *, stars: int = 4, issued_on: date | None = None, expires_on: date | None = None
) -> Certificate:
    """A certificate of the variant's product, in force unless dates say otherwise."""
    issued = issued_on or clock.today() - timedelta(days=100)
    with transaction() as s:
        made = Certificate(
            number=f"THU-{next(_numbers):04d}", product_id=variant.product_id, level=CertificateLevel.PROVINCE, stars=stars,
            issued_on=issued, expires_on=expires_on or clock.add_months(issued, 36), created_at=clock.now(),
        )  # fmt: skip
        s.add(made)
    return made


def put_in(variant: Variant, point: Point, quantity: int, **values: Any) -> int:
    """Receive goods; returns the level's id."""
    return stock.receive(
        SYSTEM, variant.id, point.id, quantity, reason="hàng thử", op_key=f"test-receive-{next(_numbers)}", **values
    )


def make_places() -> None:
    """Quảng Ninh and Hà Nội with three communes: enough for an address, loaded in no time."""
    rows = [
        ("22", "Thành phố Quảng Ninh", "Quảng Ninh", UnitType.CENTRAL_CITY, Level.PROVINCE, None),
        ("01", "Thành phố Hà Nội", "Hà Nội", UnitType.CENTRAL_CITY, Level.PROVINCE, None),
        ("06661", "Phường Hạ Long", "Hạ Long", UnitType.WARD, Level.COMMUNE, "22"),
        ("07093", "Phường Đông Triều", "Đông Triều", UnitType.WARD, Level.COMMUNE, "22"),
        ("00004", "Phường Ba Đình", "Ba Đình", UnitType.WARD, Level.COMMUNE, "01"),
    ]
    with transaction() as s:
        for code, name, short, kind, level, parent in rows:
            s.add(
                Unit(
                    code=code, name=name, short=short, type=kind, level=level, parent_code=parent, valid_from=date(2025, 7, 1),
                    folded=text.fold(name), sort_key=text.sort_key(short),
                )
            )  # fmt: skip
    places.forget()
