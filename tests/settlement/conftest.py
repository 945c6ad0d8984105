"""A producer with goods on consignment, sold on the web and at a counter, and the clock that tests turn."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.catalog.models import Price, Product, Variant
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, Order, PaymentMethod
from shop.orders.services import Draft, DraftLine, DraftParcel, counter
from shop.payments import services as payments
from shop.payments.services import counter as money
from shop.points.models import Point
from shop.producers.models import BankAccount, Producer
from shop.settlement.models import Entry, EntryKind, Statement, StatementState
from shop.settlement.services import agreements, finding, statements
from shop.settlement.services.agreements import Draft as Agreed
from shop.settlement.services.agreements import Rates
from shop.stock.models import StockLevel
from shop.stock.services import Take
from shop.stock.services import counter as goods
from tests import factories

DESK = Actor("user", "Vũ Thị Hạnh", 701)
BOSS = Actor("user", "Bùi Đức Long", 702)
OWNER = Actor("user", "Nguyễn Thị Thu", 703)
_numbers = itertools.count(1)


def key() -> str:
    return operations.new_key()


@dataclass
class Trade:
    """What a test of settlement works with."""

    app: Flask
    producer: Producer
    other: Producer
    point: Point
    fish: Variant
    tea: Variant
    levels: dict[str, int] = field(default_factory=dict)

    def agree(self, producer: Producer | None = None, since: date | None = None, **changes: Any) -> str:
        """An agreement that the producer has agreed to: 10 % on the web, 15 % at counters, 20 % at fairs."""
        rates = changes.pop("rates", Rates(1000, 1500, 2000))
        draft = Agreed(since or clock.today() - timedelta(days=200), rates, **changes)
        reference = agreements.propose(DESK, (producer or self.producer).id, draft, op_key=key())
        agreements.agree(OWNER, reference)
        return reference

    def line(self, variant: Variant, quantity: int) -> DraftLine:
        price = session().query(Price).filter_by(variant_id=variant.id).order_by(Price.id.desc()).first()
        product = session().get(Product, variant.product_id)
        assert price is not None
        assert product is not None
        return DraftLine(
            variant.id, product.producer_id, variant.sku, product.name, variant.pack, quantity, price.amount, price.id,
            False, None, False, "none", 550,
        )  # fmt: skip

    def parcel(self, *takes: tuple[Variant, int, int], fee: int = 0) -> DraftParcel:
        """A parcel of (variant, units, level) of each."""
        units: dict[int, tuple[Variant, int]] = {}
        for variant, n, _level in takes:
            units[variant.id] = (variant, units.get(variant.id, (variant, 0))[1] + n)
        return DraftParcel(
            self.point.id, DeliveryKind.SHIP, tuple(self.line(v, n) for v, n in units.values()),
            tuple(Take(level, n) for _v, n, level in takes), fee, 500,
        )  # fmt: skip

    def order(self, *takes: tuple[Variant, int, int], fee: int = 0, discount: int = 0) -> int:
        """A web order of one parcel, paid on delivery; returns its id."""
        return self.order_of(self.parcel(*takes, fee=fee), discount=discount)

    def order_of(self, *parcels: DraftParcel, discount: int = 0) -> int:
        """A web order of these parcels, paid on delivery; returns its id."""
        draft = Draft(
            op_key=key(), op_digest="x", basket_key=None, user_id=None, locale="vi", payment_method=PaymentMethod.COD,
            delivery=DeliveryKind.SHIP, name="Khách Thử", phone="+84900000002", email=None, parcels=parcels, pay_until=None,
            discount_amount=discount,
        )  # fmt: skip
        return orders.place(SYSTEM, draft, key="k").order_id

    def send(self, parcel_id: int) -> None:
        """Pack, hand over and deliver a parcel of a confirmed order."""
        orders.pack(DESK, parcel_id)
        orders.hand_over(DESK, parcel_id, carrier="GHN")
        orders.deliver(DESK, parcel_id)

    def arrive(self, order_id: int, *, paid: bool = True) -> int:
        """Confirm, pack, hand over, deliver (and pay); returns the parcel's id."""
        parcel = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order_id)).one()
        orders.confirm(DESK, order_id)
        self.send(parcel)
        if paid:
            self.pay(order_id)
        return parcel

    def pay(self, order_id: int) -> None:
        """Cash of the door, collected."""
        total, reference = session().execute(
            select(Order.total_amount - Order.reduced_amount, Order.reference).where(Order.id == order_id)
        ).one()  # fmt: skip
        with transaction():
            opened = payments.open_payment(order_id, reference, PaymentMethod.COD, int(total), None)
        payments.collect_cod(DESK, opened.id, int(total), key())

    def counter(self, *lines: tuple[Variant, int], discount: int = 0, point: Point | None = None) -> int:
        """A sale at a counter, in one moment; returns the order's id."""
        n = next(_numbers)
        number, at = f"A9-{n:06d}", clock.now()
        drafts = [self.line(variant, units) for variant, units in lines]
        where = point or self.point
        with transaction():
            made = counter.record(
                DESK,
                counter.CounterSale(
                    number, "x", f"till:{n}:test", "x", where.id, drafts, discount, PaymentMethod.CASH, False, at, at
                ),
            )
            money.take(DESK, made.order_id, [money.Taken(PaymentMethod.CASH, made.total_amount)], event=f"c{n}", at=at)
            goods.sell(
                DESK, where.id, [goods.Want(v.id, u) for v, u in lines], reference=f"order:{number}:1", shortage=number,
                op_key=f"till:test:{n}",
            )  # fmt: skip
        return made.order_id

    def back(self, order_id: int, variant: Variant, units: int, *, restock: bool = True) -> None:
        """Units come back at the counter."""
        number = session().scalar(select(Order.reference).where(Order.id == order_id))
        with transaction():
            goods.take_back(
                DESK, self.point.id, [goods.Back(variant.id, units, restock)], reference=f"order:{number}:1",
                reason="khách đổi ý", op_key=f"back:{next(_numbers)}",
            )  # fmt: skip

    def open(self, producer: Producer | None = None) -> Statement:
        session().expire_all()
        found = session().query(Statement).filter_by(
            producer_id=(producer or self.producer).id, state=StatementState.OPEN
        )  # fmt: skip
        return found.one()

    def close(self, producer: Producer | None = None) -> Statement:
        """Close what is open."""
        reference = self.open(producer).reference
        statements.close(DESK, reference, op_key=key())
        return self.statement(reference)

    def statement(self, reference: str) -> Statement:
        session().expire_all()
        return session().query(Statement).filter_by(reference=reference).one()

    def bank(self, producer: Producer | None = None, number: str = "0011001234567", ago: int = 100) -> None:
        owner = producer or self.producer
        since = clock.now() - timedelta(days=ago)
        with transaction() as s:
            for row in s.query(BankAccount).filter_by(producer_id=owner.id, valid_to=None):
                row.valid_to = since
            s.flush()
            s.add(
                BankAccount(
                    producer_id=owner.id, bank_bin="970436", account_number=number, holder="HTX BẾN THỬ", valid_from=since,
                    set_by="user:1", set_label="Chủ",
                )
            )  # fmt: skip


def sums(producer: Producer | None = None) -> dict[str, int]:
    """What is owed by kind of entry."""
    wanted = select(Entry.kind, func.sum(Entry.amount)).group_by(Entry.kind)
    if producer is not None:
        wanted = wanted.where(Entry.producer_id == producer.id)
    return {kind.value: int(n) for kind, n in session().execute(wanted)}


def entries(kind: EntryKind) -> list[Entry]:
    session().expire_all()
    return session().query(Entry).filter_by(kind=kind).order_by(Entry.id).all()


def broken() -> list[str]:
    """The invariants of this room that do not hold."""
    session().rollback()
    session().expire_all()
    return [f"{f.name}: {f.offenders}" for f in invariants.run("settlement") if not f.ok]


Turn = Callable[[date | datetime], None]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """Turn the clock to a day's noon, or to an instant."""

    def to(when: date | datetime) -> None:
        at = when if isinstance(when, datetime) else datetime.combine(when, time(12), clock.VIETNAM)
        monkeypatch.setattr(clock, "now", lambda: at.astimezone(clock.start_of(clock.business_day(at)).tzinfo))

    return to


def last_month() -> date:
    """A day in the middle of the month before this one."""
    return (clock.today().replace(day=1) - timedelta(days=1)).replace(day=10)


@pytest.fixture
def trade(ctx: Flask) -> Trade:
    """A point with 40 fish cakes and 40 packs of tea: of a producer, of another, of the shop."""
    producer, other = factories.make_producer("HTX Bến Thử"), factories.make_producer("HTX Chè Thử")
    point = factories.make_point("Bến tàu Thử")
    fish = factories.make_variant("Chả mực", amount=120_000, producer=producer)
    tea = factories.make_variant("Chè thử", amount=33_333, producer=other)
    with transaction() as s:  # so that tests may turn the clock back
        for price in s.query(Price):
            price.valid_from = clock.now() - timedelta(days=400)
    made = Trade(ctx, producer, other, point, fish, tea)
    mine, theirs = f"producer:{producer.id}", f"producer:{other.id}"
    made.levels = {
        "fish": factories.put_in(fish, point, 40, owner=mine),
        "fish of the other": factories.put_in(fish, point, 40, owner=theirs),
        "fish of the shop": factories.put_in(fish, point, 40),
        "tea": factories.put_in(tea, point, 40, owner=theirs),
    }
    return made


def level(level_id: int) -> StockLevel:
    found = session().get(StockLevel, level_id, populate_existing=True)
    assert found is not None
    return found


def settle() -> int:
    """Post all that is missing."""
    session().expire_all()
    return finding.sweep()
