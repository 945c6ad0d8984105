"""Everybody wants the last units at one moment: the web never sells what is not there, a counter books what it sold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from shop.kernel.actor import GUEST
from shop.kernel.db import session, transaction
from shop.orders.models import DeliveryKind, Order, PaymentMethod
from shop.orders.services import Draft, DraftLine, DraftParcel, place
from shop.stock import services as stock
from shop.stock.errors import NotEnough, SoldOut
from shop.stock.models import StockHold, StockLevel
from shop.stock.services import Take
from shop.till.models import Shortage, TillSale
from tests.till.conftest import BOSS, Counter, audit_clean

JARS = 20


def web_order(counter: Counter, n: int, level_id: int, draft: DraftLine) -> Callable[[], Any]:
    """One buyer of the web: the order takes its goods or is refused."""
    parcel = DraftParcel(counter.point.id, DeliveryKind.SHIP, (draft,), (Take(level_id, 1),), 0, 550)
    made = Draft(
        op_key=f"web-{n:06d}", op_digest="x", basket_key=None, user_id=None, locale="vi", payment_method=PaymentMethod.COD,
        delivery=DeliveryKind.SHIP, name="Trần Văn An", phone="+84912345678", email=None, parcels=(parcel,), pay_until=None,
    )  # fmt: skip
    return lambda: place(GUEST, made, key="test")


def test_web_two_tills_and_a_stock_take_want_the_last_units(
    counter: Counter, together: Callable[..., list[Any]]
) -> None:
    app, goods = counter.app, counter.goods
    level_id = session().query(StockLevel).filter_by(variant_id=goods.id).one().id
    one, two = counter.device, counter.make_device("B2")
    line = one.line(goods)
    draft = DraftLine(
        goods.id, None, goods.sku, "Chả mực quầy", goods.pack, 1, line["unit_price_amount"], line["price_id"], False, None,
        False, "none", 550,
    )  # fmt: skip
    for device in (one, two):
        device.send(device.open())
    batches = [(d, [d.sale(d.line(goods, 2)) for _ in range(3)]) for d in (one, two) for _ in range(3)]
    work: list[Callable[[], Any]] = [web_order(counter, n, level_id, draft) for n in range(16)]
    work += [lambda d=d, batch=batch: d.send(*batch) for d, batch in batches]
    # A batch that is sent a second time while the first is still on its way.
    work += [lambda d=d, batch=batch: d.send(*batch) for d, batch in batches[::2]]

    def count(n: int) -> Callable[[], None]:
        return lambda: stock.adjust(BOSS, level_id, -1, "đếm thiếu", f"race-count-{n}")

    work += [count(n) for n in range(3)]
    session().rollback()
    outcomes = together(app, work)
    failed = [o.error for o in outcomes if o.error is not None]
    assert all(isinstance(e, SoldOut | NotEnough) for e in failed), failed
    for outcome in outcomes[16:25]:
        assert {r["status"] for r in outcome.value} <= {"done", "again"}
    session().rollback()
    session().expire_all()
    web = session().query(Order).filter_by(channel="web").count()
    counted = sum(1 for o in outcomes[25:] if o.error is None)
    assert session().query(TillSale).count() == 18
    claimed = sum(h.quantity for h in session().query(StockHold).filter_by(outcome=None))
    assert claimed == web <= JARS
    lacked = sum(s.quantity for s in session().query(Shortage))
    found = session().get(StockLevel, level_id)
    assert found is not None
    # 36 units left over the counter; what was not there is shown, to the last unit.
    assert found.on_hand == JARS - counted + lacked - 36
    assert found.on_hand - found.allocated >= 0
    assert lacked >= 36 + web + counted - JARS
    audit_clean()


def test_two_requests_with_the_same_batch(counter: Counter, together: Callable[..., list[Any]]) -> None:
    d = counter.device
    opened = d.open()
    batch = [opened, *(d.sale(d.line(counter.goods)) for _ in range(5)), d.close(1_100_000)]
    outcomes = together(counter.app, lambda: d.send(*batch), times=4)
    assert not [o.error for o in outcomes if o.error]
    for results in zip(*(o.value for o in outcomes), strict=True):
        assert sorted(r["status"] for r in results) == ["again", "again", "again", "done"]
    audit_clean()


def test_two_counters_take_the_same_goods_back(counter: Counter, together: Callable[..., list[Any]]) -> None:
    d, goods = counter.device, counter.goods
    other = counter.make_device("B2")
    opened = d.open()
    d.send(opened, d.sale(d.line(goods, 1)))
    other.send(other.open())
    back = {"variant_id": goods.id, "quantity": 1, "restock": True}
    events = [(x, x.back("A1-000001", back, amount=120_000)) for x in (d, other, d, other)]
    session().rollback()
    outcomes = together(counter.app, [lambda x=x, e=e: x.send(e) for x, e in events])
    statuses = sorted(o.value[0].get("code") or o.value[0]["status"] for o in outcomes)
    assert statuses == ["done", "return-too-much", "return-too-much", "return-too-much"]
    audit_clean()


def test_revoked_in_the_middle_of_a_batch(counter: Counter, together: Callable[..., list[Any]]) -> None:
    from shop.till.services import devices

    d = counter.device
    d.send(d.open())
    batches = [[d.sale(d.line(counter.goods)) for _ in range(3)] for _ in range(4)]
    session().rollback()
    work: list[Callable[[], Any]] = [lambda b=b: d.post(b).status_code for b in batches]
    outcomes = together(counter.app, [*work, lambda: devices.revoke(BOSS, d.id, "mất máy")])
    assert {o.value for o in outcomes[:-1]} <= {200, 401}
    before = session().query(TillSale).count()
    assert d.post(batches[0]).status_code == 401
    session().rollback()
    assert session().query(TillSale).count() == before
    audit_clean()


def test_revoked_between_two_events(counter: Counter) -> None:
    from shop.till.errors import DeviceRevoked
    from shop.till.services import devices, sync

    d = counter.device
    known = devices.by_token(d.token)
    events = [d.open(), d.sale(d.line(counter.goods))]
    assert [r.status for r in sync.take_in(known, events[:1])] == ["done"]
    devices.revoke(BOSS, d.id, "mất máy")
    with pytest.raises(DeviceRevoked):
        sync.take_in(known, events[1:])
    assert session().query(TillSale).count() == 0


def test_nobody_takes_goods_between_the_look_and_the_sale(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web wants everything at the very moment at which the counter has counted what is free."""
    from shop.stock.services import counter as goods

    level_id = session().query(StockLevel).filter_by(variant_id=counter.goods.id).one().id
    session().rollback()
    read, took = goods._read, []

    def web() -> None:
        with counter.app.app_context():
            try:
                with transaction():
                    stock.take("order:HX7K-3M2P:1", [Take(level_id, JARS)])
                took.append(JARS)
            except SoldOut:
                took.append(0)

    other = threading.Thread(target=web)

    def look(point_id: int, variant_ids: Sequence[int]) -> Any:
        found = read(point_id, variant_ids)
        other.start()
        other.join(0.7)
        return found

    monkeypatch.setattr(goods, "_read", look)
    d = counter.device
    opened = d.open()
    results = d.send(opened, d.sale(d.line(counter.goods)))
    other.join()
    assert [r["status"] for r in results] == ["done", "done"]
    assert took == [0]
    assert session().query(Shortage).count() == 0
    audit_clean()
