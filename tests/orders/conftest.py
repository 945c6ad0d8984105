"""A producer with a store of his own, a member who packs, and orders whose goods leave from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog.models import Price
from shop.kernel import clock, operations
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.orders import desk
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, Order, PaymentMethod, RefusalWhy
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from shop.stock.services import Take
from tests import factories
from tests.pages.test_order_desk import KEY, Shelf, fresh
from tests.people import sign_in

MEMBER = Actor("user", "Nguyễn Thị Thu", 71)
MATE = Actor("user", "Trần Văn Hải", 72)


@dataclass
class Store:
    """A producer's own store with two packs on its shelf."""

    producer: Producer
    point: Point
    fish: Shelf
    tea: Shelf

    @property
    def scope(self) -> str:
        return f"producer:{self.producer.id}"


def make_store(name: str = "HTX Bến Thử", quantity: int = 20) -> Store:
    producer = factories.make_producer(name)
    point = factories.make_point(f"Kho {name}", kind=PointKind.PRODUCER_STORE, producer_id=producer.id)
    owner = f"producer:{producer.id}"
    shelves = []
    for goods in ("Chả mực thử", "Trà hoa vàng thử"):
        variant = factories.make_variant(goods, producer=producer)
        shelves.append(Shelf(variant, point, factories.put_in(variant, point, quantity, owner=owner)))
    return Store(producer, point, *shelves)


def _parcel(store: Store, counts: dict[str, int]) -> orders.DraftParcel:
    lines, takes = [], []
    for name, n in counts.items():
        shelf: Shelf = getattr(store, name)
        price = session().scalars(select(Price).where(Price.variant_id == shelf.variant.id)).one()
        goods = "Chả mực thử" if name == "fish" else "Trà thử"
        lines.append(
            orders.DraftLine(
                shelf.variant.id, store.producer.id, shelf.variant.sku, goods, "Gói 500 g", n, price.amount, price.id, False,
                None, False, "none", 550,
            )
        )  # fmt: skip
        takes.append(Take(shelf.level_id, n))
    today = clock.today()
    return orders.DraftParcel(
        store.point.id, DeliveryKind.SHIP, tuple(lines), tuple(takes), 30_000, 2_750, today + timedelta(days=2),
        today + timedelta(days=4),
    )  # fmt: skip


def order_of(*parcels: orders.DraftParcel, method: str = "cod", **values: Any) -> Order:
    """An order of these parcels, with its payment."""
    until = clock.now() + timedelta(hours=2) if method != "cod" else None
    draft = orders.Draft(
        op_key=operations.new_key(), op_digest="x", basket_key=None, user_id=None, locale="vi",
        payment_method=PaymentMethod(method), delivery=DeliveryKind.SHIP, name="Trần Thị Bưởi", phone="+84912345678",
        email="buoi@example.vn", parcels=parcels, pay_until=until, province_code="22", province_name="Quảng Ninh",
        commune_code="06661", commune_name="Phường Hạ Long", street="12 Lê Lợi", note=values.get("note"),
        placed_at=values.get("placed_at"),
    )  # fmt: skip
    with transaction():
        placed = orders.place(GUEST, draft, key=KEY)
        payments.open_payment(placed.order_id, placed.reference, PaymentMethod(method), placed.total_amount, until)
    return fresh(placed.order_id)


def one_parcel(store: Store, *, fish: int = 2, tea: int = 3, method: str = "cod", **values: Any) -> Order:
    """An order with both packs in one parcel from the store: 5 × 120.000 and 30.000 for its delivery."""
    return order_of(_parcel(store, {"fish": fish, "tea": tea}), method=method, **values)


def two_parcels(store: Store, other: Store, *, method: str = "cod") -> Order:
    """An order with a parcel of each store: each 2 × 120.000 and 30.000 for its delivery."""
    return order_of(_parcel(store, {"fish": 2}), _parcel(other, {"fish": 2}), method=method)


def pay(order: Order, bank: str = "FT26328001") -> Order:
    """The transfer for the whole order has come."""
    found = session().query(Payment).filter_by(order_id=order.id).one()
    payments.confirm_transfer(SYSTEM, found.id, found.amount, bank, operations.new_key())
    return fresh(order)


def refuse(parcel: Fulfilment, units: dict[int, int] | None = None, actor: Actor = MEMBER, **values: Any) -> None:
    desk.refuse(
        actor, parcel.id, units, values.get("why", RefusalWhy.SOLD_OUT), values.get("reason", "Mẻ này hỏng mất"),
        values.get("op_key") or operations.new_key(),
    )  # fmt: skip


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A shop that takes transfers too."""
    return make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")


@pytest.fixture
def store(ctx: Flask) -> Store:
    return make_store()


@pytest.fixture
def packer(store: Store, client: Any) -> Any:
    """A client signed in as a member who packs, and nothing else."""
    sign_in(client, (Role.PRODUCER_PACKING, store.scope))
    return client


__all__ = ["MATE", "MEMBER", "Store", "fresh", "make_store", "one_parcel", "pay", "refuse", "two_parcels"]
