"""A point with goods, orders paid at the door in every state of their cash, and files as carriers send them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.catalog.models import Price, Product, Variant
from shop.kernel import invariants, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, Order, PaymentMethod
from shop.orders.services import Draft, DraftLine, DraftParcel
from shop.payments import services as payments
from shop.points.models import Point
from shop.remittances.models import CodParcel, Holder, Remittance, Row
from shop.remittances.services import batches, parcels
from shop.stock.services import Take
from tests import factories
from tests.imports import sheets
from tests.payments.conftest import BANK

CLERK = Actor("user", "Vũ Thị Hạnh", 801)
OTHER = Actor("user", "Bùi Đức Long", 802)
HEAD = ["Mã vận đơn", "Mã đơn hàng", "Tiền thu hộ", "Tổng phí"]
PRICE = 100_000


def key() -> str:
    return operations.new_key()


@dataclass
class Shelf:
    """A point with a thousand of one good."""

    point: Point
    good: Variant
    level: int

    def parcel(self, units: int = 1, fee: int = 0) -> DraftParcel:
        price = session().query(Price).filter_by(variant_id=self.good.id).one()
        product = session().get_one(Product, self.good.product_id)
        line = DraftLine(
            self.good.id, product.producer_id, self.good.sku, product.name, self.good.pack, units, price.amount, price.id,
            False, None, False, "none", 550,
        )  # fmt: skip
        return DraftParcel(self.point.id, DeliveryKind.SHIP, (line,), (Take(self.level, units),), fee, 500)

    def order(self, *parcels: DraftParcel, phone: str = "+84900000003", user_id: int | None = None) -> Order:
        """A confirmed order to be paid at the door."""
        draft = Draft(
            op_key=key(), op_digest="x", basket_key=None, user_id=user_id, locale="vi", payment_method=PaymentMethod.COD,
            delivery=DeliveryKind.SHIP, name="Khách Thử", phone=phone, email="khach@example.vn",
            parcels=parcels or (self.parcel(),), pay_until=None,
        )  # fmt: skip
        placed = orders.place(SYSTEM, draft, key="k")
        with transaction():
            payments.open_payment(placed.order_id, placed.reference, PaymentMethod.COD, placed.total_amount, None)
        orders.confirm(CLERK, placed.order_id)
        return fresh(Order, placed.order_id)

    def sent(
        self, *drafts: DraftParcel, tracking: str = "", carrier: str = "GHN", phone: str = "+84900000003"
    ) -> list[CodParcel]:
        """The same, its parcels handed to a carrier; their cash."""
        order = self.order(*drafts, phone=phone)
        for parcel in list(order.fulfilments):
            orders.pack(CLERK, parcel.id)
            orders.hand_over(CLERK, parcel.id, carrier=carrier, tracking_number=tracking or None)
        return cash_of(order.id)


def fresh(kind: Any, row_id: int) -> Any:
    s = session()
    s.rollback()
    s.expire_all()
    return s.get_one(kind, row_id)


def cash_of(order_id: int) -> list[CodParcel]:
    """The cash of an order's parcels, as the database has it now."""
    s = session()
    s.rollback()
    s.expire_all()
    return list(s.scalars(select(CodParcel).where(CodParcel.order_id == order_id).order_by(CodParcel.id)))


def name_of(parcel: CodParcel) -> str:
    """`HX7K-3M2P/1`."""
    row = session().execute(
        select(Order.reference, Fulfilment.number)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .where(Fulfilment.id == parcel.fulfilment_id)
    ).one()  # fmt: skip
    return f"{row[0]}/{row[1]}"


def holder(name: str = "GHN") -> int:
    return int(session().scalars(select(Holder.id).where(Holder.name == name)).one())


def content(*rows: Sequence[Any]) -> bytes:
    """A CSV of a carrier: (tracking number, order, cash, fee)."""
    return sheets.text(["BẢNG KÊ TIỀN THU HỘ"], HEAD, *rows)


def send(body: bytes, *, name: str = "doi-soat.csv", apply: bool = True) -> Remittance:
    """Send a file of GHN's, say what its columns are and hand it in."""
    reference = batches.upload(CLERK, holder(), body, name, op_key=key())
    batch = fresh(Remittance, batches.named(reference))
    if batch.state == "matching":
        batches.match(CLERK, reference, ["tracking", "order", "amount", "fee"])
    if apply:
        batches.apply(CLERK, reference)
    return fresh(Remittance, batch.id)


def rows_of(batch: Remittance) -> list[Row]:
    s = session()
    s.rollback()
    s.expire_all()
    return list(s.scalars(select(Row).where(Row.remittance_id == batch.id).order_by(Row.number)))


def broken() -> list[str]:
    """What does not hold of orders, stock, money and this room."""
    session().rollback()
    session().expire_all()
    rooms = ("remittances.", "payments.", "orders.", "stock.", "banking.", "ledger.")
    return [f"{f.name}: {f.offenders}" for f in invariants.run() if not f.ok and f.name.startswith(rooms)]


def deliver(parcel: CodParcel) -> CodParcel:
    orders.deliver(CLERK, parcel.fulfilment_id)
    return fresh(CodParcel, parcel.id)


def refuse(parcel: CodParcel, *, by_buyer: bool = True) -> CodParcel:
    parcels.refuse(CLERK, parcel.id, "Không nghe máy", parcel.version, by_buyer=by_buyer, op_key=key())
    return fresh(CodParcel, parcel.id)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The shop with its bank account."""
    return make_app(base_url="http://localhost", **BANK)


@pytest.fixture
def shelf(ctx: Flask) -> Shelf:
    point = factories.make_point("Bến tàu Thử")
    good = factories.make_variant("Chả mực", amount=PRICE)
    return Shelf(point, good, factories.put_in(good, point, 1000))
