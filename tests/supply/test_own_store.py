"""The producer's own store: goods made, counted, written off; every number by a paper."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog.models import Product
from shop.counts.models import WriteOffReason
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.stock import services as stock
from shop.stock.errors import LotStopped, NotEnough
from shop.stock.models import Lot, StockLevel, StockMovement
from shop.stock.services import Take, lots
from shop.supply.errors import GoodsMoved
from shop.supply.models import Production, StoreCount
from shop.supply.queries import store
from shop.supply.services import own_store
from tests import factories
from tests.supply.conftest import MAKER, OFFICE, Supply, broken, in_days, key


def make(supply: Supply, quantity: int = 40, *, op_key: str = "", **more: Any) -> str:
    values: dict[str, Any] = {
        "point": supply.store.id, "variant": supply.hen.id, "producer": supply.producer.id, "lot_code": "G1",
        "produced_on": clock.today(), "expires_on": in_days(30),
    } | more  # fmt: skip
    return own_store.make(
        MAKER, values.pop("producer"), values.pop("point"), values.pop("variant"), quantity,
        op_key=op_key or key(), **values,
    )  # fmt: skip


def level() -> StockLevel:
    session().rollback()
    session().expire_all()
    return session().query(StockLevel).one()


def test_goods_made_lie_in_the_own_store_as_the_producers(supply: Supply) -> None:
    reference = make(supply)
    make(supply, 2)
    found = level()
    assert (found.on_hand, found.owner, found.point_id) == (42, supply.scope, supply.store.id)
    [first, _second] = session().query(StockMovement).order_by(StockMovement.id)
    assert (first.reference, first.quantity) == (f"production:{reference}", 40)
    assert store.free_of(supply.producer.id, [supply.hen.id, supply.egg.id]) == {supply.hen.id: 42}
    assert store.totals(supply.producer.id) == (42, 0)
    assert broken() == []


def test_a_new_lot_keeps_as_long_as_its_product(supply: Supply) -> None:
    with transaction() as s:
        s.get(Product, supply.hen.product_id).shelf_life_days = 90
    make(supply, lot_code="G1", expires_on=None)
    make(supply, lot_code="G2", expires_on=in_days(30))
    make(supply, lot_code="G3", expires_on=None, produced_on=None)
    make(supply, lot_code="G2", expires_on=None)  # more of a lot that is known
    kept = dict(session().execute(select(Lot.code, Lot.expires_on).order_by(Lot.id)).all())
    assert kept == {"G1": in_days(90), "G2": in_days(30), "G3": None}
    with pytest.raises(Invalid) as spoilt:
        make(supply, lot_code="G4", expires_on=None, produced_on=in_days(-91))
    assert spoilt.value.field == "expires_on"


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("quantity", {"quantity": 0}),
        ("quantity", {"quantity": 10**9}),
        ("lot", {"lot_code": ""}),
        ("lot", {"lot_code": "x" * 41}),
        ("produced_on", {"produced_on": clock.today() + timedelta(days=2)}),
        ("expires_on", {"expires_on": clock.today() - timedelta(days=1), "produced_on": None}),
        ("expires_on", {"expires_on": clock.today() - timedelta(days=1)}),
    ],
)
def test_what_cannot_be_made(supply: Supply, field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        make(supply, **more)
    assert refused.value.field == field
    assert session().query(Production).count() == session().query(StockMovement).count() == 0


def test_only_own_goods_in_the_own_store(supply: Supply) -> None:
    with pytest.raises(Invalid) as foreign:
        make(supply, variant=supply.foreign.id)
    assert foreign.value.field == "variant"
    for wrong in ({"point": supply.point.id}, {"producer": supply.other.id, "variant": supply.foreign.id}):
        with pytest.raises(NotFound):
            make(supply, **wrong)
    make(supply)
    with pytest.raises(Invalid):  # the lot is known with another date
        make(supply, expires_on=in_days(31))
    lots.stop_lot(OFFICE, level().lot_id, "kiểm tra", key())
    with pytest.raises(LotStopped):
        make(supply)
    assert broken() == []


def test_the_same_form_four_times_at_once_is_one_batch(app: Any, supply: Supply, together: Any) -> None:
    op, ids = key(), (supply.producer.id, supply.store.id, supply.hen.id)
    session().rollback()
    outcomes = together(app, lambda: own_store.make(MAKER, *ids, 40, lot_code="G1", op_key=op), times=4)
    assert [o.error for o in outcomes] == [None] * 4
    assert level().on_hand == 40
    assert broken() == []


def test_counted_again(supply: Supply) -> None:
    make(supply)
    number, producer = level().id, supply.producer.id
    own_store.count(MAKER, producer, number, 40, seen=40, op_key=key())
    with pytest.raises(Invalid) as silent:
        own_store.count(MAKER, producer, number, 37, seen=40, op_key=key())
    assert silent.value.field == "reason"
    own_store.count(MAKER, producer, number, 37, seen=40, reason="vỡ khi xếp", op_key=key())
    assert level().on_hand == 37
    with pytest.raises(GoodsMoved):
        own_store.count(MAKER, producer, number, 38, seen=40, reason="đếm lại", op_key=key())
    with pytest.raises(Invalid):
        own_store.count(MAKER, producer, number, -1, seen=37, reason="x", op_key=key())
    with transaction():
        stock.take("order:X:1", [Take(number, 30)])
    with pytest.raises(NotEnough):
        own_store.count(MAKER, producer, number, 20, seen=37, reason="mất", op_key=key())
    assert [(c.counted, c.expected) for c in store.counts_of(number)] == [(37, 40), (40, 40)]
    assert broken() == []


def test_two_counts_at_once_book_one_difference(app: Any, supply: Supply, together: Any) -> None:
    make(supply)
    number, producer = level().id, supply.producer.id
    session().rollback()

    def act() -> None:
        own_store.count(MAKER, producer, number, 35, seen=40, reason="mất", op_key=key())

    outcomes = together(app, act, times=3)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["GoodsMoved", "GoodsMoved", "NoneType"]
    assert level().on_hand == 35
    assert broken() == []


def test_written_off_without_anybodys_approval(supply: Supply) -> None:
    make(supply)
    reference = own_store.write_off(
        MAKER, supply.producer.id, level().id, 10, WriteOffReason.DAMAGED, note="chuột cắn", op_key=key()
    )
    assert reference.startswith("H-")
    assert level().on_hand == 30
    with pytest.raises(NotEnough):
        own_store.write_off(MAKER, supply.producer.id, level().id, 31, WriteOffReason.DAMAGED, op_key=key())
    assert broken() == []


def test_what_lies_elsewhere_or_is_others_is_only_looked_at(supply: Supply) -> None:
    away = factories.put_in(supply.hen, supply.point, 5, owner=supply.scope)
    shops = factories.put_in(supply.hen, supply.store, 5)
    for number in (away, shops, 10**9):
        with pytest.raises(NotFound):
            own_store.count(MAKER, supply.producer.id, number, 1, seen=5, reason="xx", op_key=key())
        with pytest.raises(NotFound):
            own_store.write_off(MAKER, supply.producer.id, number, 1, WriteOffReason.DAMAGED, op_key=key())
    assert store.totals(supply.producer.id) == (0, 5)
    assert store.level(supply.producer.id, away).own is False
    assert store.level(supply.producer.id, shops) is None


def test_faults_are_found_by_the_audit(supply: Supply) -> None:
    make(supply)
    own_store.count(MAKER, supply.producer.id, level().id, 41, seen=40, reason="sót", op_key=key())
    with transaction() as s:
        s.query(Production).one().quantity = 39
        s.query(StoreCount).one().counted = 42
        s.query(StockLevel).one().owner = "shop"
    assert {
        "supply.productions-are-their-movements",
        "supply.store-counts-are-their-movements",
        "supply.own-goods-in-the-own-store",
    } <= set(broken())
    with transaction() as s:
        s.query(Production).delete()
        s.query(StoreCount).delete()
    assert {"supply.productions-are-their-movements", "supply.store-counts-are-their-movements"} <= set(broken())
