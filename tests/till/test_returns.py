"""Goods that come back against a receipt: never more than were sold, never more money than they cost."""

from __future__ import annotations

from typing import Any

from shop.kernel.db import session
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.points.models import Point
from shop.stock.models import StockLevel, StockMovement
from shop.till.models import TillLine, TillTender
from tests import factories
from tests.till.conftest import Counter, Device, audit_clean
from tests.till.test_sync import codes, on_hand


def piece(counter: Counter, quantity: int = 1, *, restock: bool = True, **more: Any) -> dict[str, Any]:
    return {"variant_id": counter.goods.id, "quantity": quantity, "restock": restock, **more}


def sell(counter: Counter, quantity: int, **sale: Any) -> Device:
    d = counter.device
    opened = d.open()
    assert codes(d.send(opened, d.sale(d.line(counter.goods, quantity), **sale))) == ["done", "done"]
    return d


def test_part_by_part_until_nothing_is_left(counter: Counter) -> None:
    d = sell(counter, 3)
    assert codes(d.send(d.back("A1-000001", piece(counter, 2), amount=240_000))) == ["done"]
    assert on_hand(counter) == 19
    told = d.get("/till/api/sale?number=A1-000001").get_json()
    assert (told["lines"][0]["returned"], told["lines"][0]["left"], told["refundable_amount"]) == (2, 1, 120_000)
    assert codes(d.send(d.back("A1-000001", piece(counter, 2), amount=1))) == ["return-too-much"]
    assert codes(d.send(d.back("A1-000001", piece(counter, 1), amount=120_001))) == ["refund-too-large"]
    assert codes(d.send(d.back("A1-000001", piece(counter, restock=False), amount=120_000))) == ["done"]
    assert on_hand(counter) == 19  # the last one was spoilt and written off
    assert codes(d.send(d.back("A1-000001", piece(counter), amount=0))) == ["return-too-much"]
    order = session().query(Order).one()
    session().refresh(order)
    assert order.payment_status == "refunded"
    assert sum(t.amount for t in session().query(TillTender)) == 0
    audit_clean()


def test_a_discount_is_shared_to_the_last_dong(counter: Counter) -> None:
    d = sell(counter, 3, discount=10_000, reason="hộp móp")
    net = session().query(TillLine).one().net_amount
    assert net == 350_000
    for amount in (116_666, 116_667, 116_667):
        assert codes(d.send(d.back("A1-000001", piece(counter), amount=amount + 1))) == ["refund-too-large"]
        assert codes(d.send(d.back("A1-000001", piece(counter), amount=amount))) == ["done"]
    payment = session().query(Payment).one()
    assert payment.refunded_amount == payment.captured_amount == 350_000
    audit_clean()


def test_money_goes_back_over_several_payments_and_never_beyond(counter: Counter) -> None:
    tenders = [{"kind": "vietqr", "amount": 100_000}, {"kind": "cash", "amount": 140_000}]
    d = sell(counter, 2, tenders=tenders)
    assert codes(d.send(d.back("A1-000001", piece(counter), amount=120_000, kind="transfer"))) == ["done"]
    assert [p.refunded_amount for p in session().query(Payment).order_by(Payment.id)] == [100_000, 20_000]
    assert session().query(Refund).filter_by(state="succeeded").count() == 2
    # The office has meanwhile sent back what is left: the counter cannot give it a second time.
    from shop.payments import services as payments
    from tests.till.conftest import BOSS

    cash = session().query(Payment).filter_by(method="cash").one()
    payments.request_refund(BOSS, cash.id, 120_000, "khiếu nại", "test-refund-key")
    assert codes(d.send(d.back("A1-000001", piece(counter), amount=120_000))) == ["refund-too-large"]
    assert codes(d.send(d.back("A1-000001", piece(counter), amount=0))) == ["done"]  # the goods alone


def test_the_lot_that_was_named_comes_back(counter: Counter) -> None:
    d, goods = counter.device, counter.goods
    factories.put_in(goods, counter.point, 5, lot_code="L1")
    opened = d.open()
    sale = d.sale(d.line(goods, 1, lot_code="L1"), d.line(goods, 2))
    assert codes(d.send(opened, sale)) == ["done", "done"]
    assert codes(d.send(d.back("A1-000001", piece(counter, lot_code="L1"), amount=120_000))) == ["done"]
    session().rollback()
    levels = {x.lot_id: x.on_hand for x in session().query(StockLevel).order_by(StockLevel.id)}
    assert list(levels.values()) == [18, 5]
    audit_clean()


def test_returned_at_another_point(counter: Counter) -> None:
    d = sell(counter, 2)
    other: Point = factories.make_point("Sân bay Thử")
    far = counter.make_device("B2", other)
    opened = far.open()
    assert codes(far.send(opened, far.back("A1-000001", piece(counter), amount=120_000))) == ["done", "done"]
    session().rollback()
    assert session().query(StockLevel).filter_by(point_id=other.id).one().on_hand == 1
    assert codes(d.send(d.back("A1-000001", piece(counter, 2), amount=1))) == ["return-too-much"]
    audit_clean()


def test_the_office_cannot_take_a_counters_parcel_back_as_a_whole(counter: Counter) -> None:
    import pytest

    from shop.orders.errors import StepNotAllowed
    from shop.orders.models import Fulfilment
    from shop.orders.services import returns
    from tests.till.conftest import BOSS

    sell(counter, 1)
    with pytest.raises(StepNotAllowed):
        returns.take_back(BOSS, session().query(Fulfilment).one().id, restock=True, reason="trả lại")
    assert session().query(StockMovement).filter_by(kind="return").count() == 0
