"""A producer with a harvest to come, a point that sends and keeps ready, and buyers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from shop.catalog.models import Variant
from shop.delivery import services as delivery
from shop.kernel import clock, invariants, jobs, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.orders.models import DeliveryKind, Order, PaymentMethod
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentState
from shop.points.models import Point
from shop.preorders.models import HarvestWindow, OnShort, Preorder
from shop.preorders.services import places, running, windows
from shop.preorders.services.places import Placed, Wish
from shop.preorders.services.windows import Terms
from shop.preorders.sharing import Rule
from shop.producers.models import Producer
from tests import factories
from tests.checkout.conftest import BANK

MAKER = Actor("user", "Người làm", 811, "127.0.0.1")
OFFICE = Actor("user", "Cán bộ", 812, "127.0.0.1")
BUYER = Actor("guest", "Khách", None, "127.0.0.1")
NEAR = ("preorders.", "orders.", "payments.", "checkout.", "stock.", "settlement.", "kernel.audit-log")
_numbers = itertools.count(1)


def key() -> str:
    return operations.new_key()


def in_days(n: int) -> date:
    return clock.today() + timedelta(days=n)


def broken() -> list[str]:
    """The invariants near by that do not hold."""
    session().rollback()
    session().expire_all()
    return [name for name, check in sorted(invariants._checks.items()) if name.startswith(NEAR) and any(check())]


@dataclass
class Orchard:
    """What the tests of pre-orders work with."""

    app: Any
    client: Any
    producer: Producer
    variant: Variant
    point: Point
    asked: list[str] = field(default_factory=list)

    def terms(self, **more: Any) -> Terms:
        """Ten to thirty units, fifteen may be ordered, a fifth of 100,000 đồng as deposit, four for each house."""
        values: dict[str, Any] = {
            "variant_id": self.variant.id, "point_id": self.point.id, "pickup_ids": (self.point.id,), "ships": True,
            "low": 10, "high": 30, "limit_units": 15, "opens_at": clock.now() - timedelta(hours=1),
            "closes_at": clock.now() + timedelta(days=10), "harvest_from": in_days(0), "harvest_to": in_days(25),
            "delivery_from": in_days(22), "delivery_to": in_days(30), "price_low_amount": 100_000,
            "price_high_amount": 120_000, "deposit_percent": 20, "household_limit": 4, "rule": Rule.FIRST_COME,
        }  # fmt: skip
        return Terms(**(values | more))

    def open(self, **more: Any) -> str:
        """A window that is open; its reference."""
        reference = windows.draft(MAKER, self.producer.id, self.terms(**more), key())
        windows.approve(OFFICE, reference, key())
        return reference

    def wish(self, units: int = 2, **more: Any) -> Wish:
        """What somebody new asks for, to be collected, deposit by transfer, the rest in cash."""
        n = next(_numbers)
        values: dict[str, Any] = {
            "quantity": units, "name": f"Khách {n}", "phone": f"+8491{n:07d}", "email": f"khach{n}@example.vn",
            "delivery": DeliveryKind.PICKUP, "rest": PaymentMethod.COD, "payment": PaymentMethod.VIETQR,
            "point_id": self.point.id,
        }  # fmt: skip
        return Wish(**(values | more))

    def ship(self, units: int = 2, **more: Any) -> Wish:
        """The same, sent to a house in Hạ Long."""
        n = next(_numbers)
        values = {
            "delivery": DeliveryKind.SHIP, "province": "22", "commune": "06661", "street": f"{n} Lê Lợi", "point_id": None,
        }  # fmt: skip
        return self.wish(units, **(values | more))

    def place(self, window: str, wish: Wish | int = 2, **more: Any) -> Placed:
        """Take places as a guest."""
        wish = self.wish(wish) if isinstance(wish, int) else wish
        values = {"op_key": key(), "owner": "guest", "locale": "vi"} | more
        return places.place(BUYER, window, wish, None, **values)

    def pay(self, placed: Placed) -> None:
        """The bank has the deposit."""
        row = order(placed.deposit_reference or "")
        payment = session().query(Payment).filter_by(order_id=row.id).order_by(Payment.id.desc()).first()
        assert payment is not None
        payments.confirm_transfer(OFFICE, payment.id, payment.amount, f"FT{next(_numbers):08d}", key())

    def bought(self, window: str, *units: int | Wish, **more: Any) -> list[str]:
        """Several pre-orders with their deposits paid; their references."""
        found = []
        for one in units:
            placed = self.place(window, self.wish(one, **more) if isinstance(one, int) else one)
            self.pay(placed)
            found.append(placed.reference)
        return found

    def harvest(self, window: str, units: int, price: int = 110_000) -> None:
        """Close a window, say what came, and put it into stock as the producer's own."""
        if row(window).state == "open":
            windows.close(OFFICE, window, key())
        windows.record_harvest(MAKER, window, units, price, key())
        if units:
            self.arrive(units)

    def arrive(self, units: int, point: Point | None = None, **more: Any) -> int:
        """Goods of the harvest come to the point."""
        values = {"owner": f"producer:{self.producer.id}", "lot_code": f"M{next(_numbers)}"} | more
        return factories.put_in(self.variant, point or self.point, units, **values)

    def run(self, window: str) -> dict[str, int]:
        """Preview and share."""
        return running.run(OFFICE, window, running.preview(window).stamp, key())


def row(reference: str) -> HarvestWindow:
    session().rollback()
    session().expire_all()
    return session().query(HarvestWindow).filter_by(reference=reference).one()


def claim(reference: str) -> Preorder:
    session().rollback()
    session().expire_all()
    return session().query(Preorder).filter_by(reference=reference).one()


def order(reference: str) -> Order:
    session().rollback()
    session().expire_all()
    return session().query(Order).filter_by(reference=reference).one()


def goods_of(reference: str) -> Order:
    """The order of goods that a pre-order became."""
    found = session().get(Order, claim(reference).order_id)
    assert found is not None
    return found


def refunded(reference: str) -> int:
    """What the payment of a pre-order's deposit has given back, or been asked to, in đồng."""
    p = claim(reference)
    rows = session().query(Payment).filter_by(order_id=p.deposit_order_id, state=PaymentState.CAPTURED).all()
    return sum(x.refunded_amount for x in rows)


def work() -> None:
    """Let the worker do what is stored."""
    jobs.dispatch()
    session().rollback()
    session().expire_all()


def later(preorder: str, **ago: Any) -> None:
    """The term of a pre-order, and of its deposit, was over so long ago."""
    p, then = claim(preorder), clock.now() - timedelta(**ago)
    with transaction() as s:
        found = s.get(Preorder, p.id)
        assert found is not None
        found.hold_until = then
        if found.deposit_order_id is not None:
            asked = s.get(Order, found.deposit_order_id)
            assert asked is not None
            asked.pay_until = then


@pytest.fixture
def orchard(make_app: Callable[..., Any]) -> Iterator[Orchard]:
    app = make_app(**BANK)
    context = app.app_context()
    context.push()
    factories.make_places()
    delivery.load_regions()
    delivery.load_demo_rates()
    producer = factories.make_producer("HTX Na Dai")
    variant, point = (
        factories.make_variant("Na dai Đông Triều", producer=producer),
        factories.make_point("Cửa hàng Hạ Long"),
    )
    yield Orchard(app, app.test_client(), producer, variant, point)
    context.pop()


__all__ = ["BANK", "SYSTEM", "OnShort", "Rule"]
