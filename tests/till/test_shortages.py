"""Sold beyond what the books had: booked all the same, nothing negative, shown until a person settles it."""

from __future__ import annotations

import pytest

from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.stock import services as stock
from shop.stock.models import Lot, StockHold, StockLevel, StockMovement
from shop.stock.services import Take
from shop.till.errors import ShortageSettled
from shop.till.models import Notice, Shortage
from shop.till.services import shortages
from tests import factories
from tests.till.conftest import BOSS, DAY, Counter, audit_clean
from tests.till.test_sync import codes, on_hand


def sell(counter: Counter, quantity: int, **line: object) -> list[dict[str, object]]:
    d = counter.device
    return d.send(d.open(), d.sale(d.line(counter.goods, quantity, **line)))


def claim(counter: Counter, quantity: int, reference: str = "order:HX7K-3M2P:1") -> None:
    level = session().query(StockLevel).filter_by(variant_id=counter.goods.id).one()
    with transaction():
        stock.take(reference, [Take(level.id, quantity)])


def test_more_than_there_is(counter: Counter) -> None:
    results = sell(counter, 23)
    assert codes(results) == ["done", "done"]
    assert results[1]["shortage"] == [{"variant_id": counter.goods.id, "quantity": 3}]
    assert on_hand(counter) == 0
    row = session().query(Shortage).one()
    assert (row.reference, row.quantity, row.claimed, row.state) == ("A1-000001-1", 3, 0, "open")
    booked = session().query(StockMovement).filter_by(reference="shortage:A1-000001-1").one()
    assert (booked.kind, booked.quantity) == ("adjustment", 3)
    audit_clean()
    shortages.settle(BOSS, row.reference, "found", "nhập 3 gói chưa ghi sổ")
    session().refresh(row)
    assert (row.state, row.decided_by) == ("found", BOSS.label)
    assert on_hand(counter) == 0
    with pytest.raises(ShortageSettled):
        shortages.settle(BOSS, row.reference, "short", "đổi ý")
    audit_clean()


def test_goods_never_stocked_here(counter: Counter) -> None:
    d = counter.device
    new = factories.make_variant("Ruốc hàu", amount=70_000)
    opened = d.open()
    assert codes(d.send(opened, d.sale(d.line(new, 2), d.line(new, 1, lot_code="L9")))) == ["done", "done"]
    assert session().query(Shortage).one().quantity == 3
    assert [n.kind for n in session().query(Notice)] == ["lot-unknown"]
    audit_clean()


def test_goods_claimed_by_web_orders_leave_and_the_claim_stays(counter: Counter) -> None:
    claim(counter, 19)
    assert codes(sell(counter, 3)) == ["done", "done"]
    session().rollback()
    level = session().query(StockLevel).one()
    assert (level.on_hand, level.allocated) == (19, 19)
    row = session().query(Shortage).one()
    assert (row.quantity, row.claimed) == (2, 19)
    audit_clean()
    # Really short: nothing can go off while the claims stand.
    shortages.settle(BOSS, row.reference, "short", "đã bán hàng của đơn web")
    session().refresh(row)
    assert (row.state, row.settled) == ("owed", 0)
    audit_clean()
    factories.put_in(counter.goods, counter.point, 1)
    assert shortages.work_off() == 1
    audit_clean()
    stock.release("order:HX7K-3M2P:1")
    assert shortages.work_off() == 1
    assert shortages.work_off() == 0
    session().refresh(row)
    assert (row.state, row.settled) == ("short", 2)
    assert on_hand(counter) == 18
    assert session().query(StockHold).filter_by(outcome=None).count() == 0
    audit_clean()


def test_a_decision_needs_a_reason_and_is_one_of_two(counter: Counter) -> None:
    sell(counter, 21)
    for decision, reason in (("found", " "), ("short", "x"), ("lost", "vì sao")):
        with pytest.raises(Invalid):
            shortages.settle(BOSS, "A1-000001-1", decision, reason)
    assert session().query(Shortage).one().state == "open"


def test_stopped_and_expired_lots_are_not_chosen(counter: Counter) -> None:
    d, goods, point = counter.device, counter.goods, counter.point
    for code, expires in (("OLD", clock.today() + DAY), ("STOP", None), ("SOON", clock.today() + 3 * DAY)):
        factories.put_in(goods, point, 2, lot_code=code, expires_on=expires)
    with transaction() as s:
        s.query(Lot).filter_by(code="OLD").update({"expires_on": clock.today() - DAY})
        s.query(Lot).filter_by(code="STOP").update({"stopped_at": clock.now(), "stop_reason": "thử"})
        lots = {lot.code: lot.id for lot in s.query(Lot)}
        s.query(StockLevel).filter_by(lot_id=lots["STOP"]).update({"is_stopped": True})
    stock.refresh_availability()
    opened = d.open()
    d.send(opened, d.sale(d.line(goods, 3)))
    session().rollback()
    left = {x.lot_id: x.on_hand for x in session().query(StockLevel)}
    assert (left[lots["SOON"]], left[lots["OLD"]], left[lots["STOP"]], left[lots[""]]) == (0, 2, 2, 19)
    # Named by hand they leave, because they have left; a person is told.
    d.send(d.sale(d.line(goods, 1, lot_code="STOP"), d.line(goods, 1, lot_code="OLD")))
    assert sorted(n.kind for n in session().query(Notice)) == ["lot-expired", "lot-stopped"]
    assert session().query(Shortage).count() == 0
    session().rollback()
    left = {x.lot_id: x.on_hand for x in session().query(StockLevel)}
    assert (left[lots["OLD"]], left[lots["STOP"]]) == (1, 1)
    audit_clean()


def test_consigned_goods_keep_their_owner(counter: Counter) -> None:
    d = counter.device
    producer = factories.make_producer()
    theirs = factories.make_variant("Trà hoa vàng", amount=300_000, producer=producer)
    factories.put_in(theirs, counter.point, 1, owner=f"producer:{producer.id}")
    opened = d.open()
    d.send(opened, d.sale(d.line(theirs, 2)))
    assert {x.owner for x in session().query(StockLevel).filter_by(variant_id=theirs.id)} == {f"producer:{producer.id}"}
    back = {"variant_id": theirs.id, "quantity": 1, "restock": True}
    assert codes(d.send(d.back("A1-000001", back, amount=300_000))) == ["done"]
    assert session().query(StockLevel).filter_by(variant_id=theirs.id).one().on_hand == 1
    audit_clean()
