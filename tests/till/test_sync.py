"""What devices send: sales become orders of their kind, each event once, whatever the network does."""

from __future__ import annotations

from shop.kernel.db import session
from shop.orders.models import Order
from shop.till.models import TillClosing
from tests.till.conftest import Counter, audit_clean


def test_a_day_at_the_counter(counter: Counter) -> None:
    d, goods = counter.device, counter.goods
    sale = d.sale if (opened := d.open()) else None
    assert sale is not None
    sold = sale(d.line(goods, 2))
    results = d.send(opened, sold, d.close(740_000))
    assert [r["status"] for r in results] == ["done", "done", "done"]
    assert results[1]["reference"] == "A1-000001"
    assert results[2] | {"uuid": ""} == {"uuid": "", "status": "done", "expected": 740_000, "variance": 0}
    order = session().query(Order).filter_by(reference="A1-000001").one()
    assert (order.channel, order.status, order.payment_status, order.payment_method) == (
        "till",
        "completed",
        "paid",
        "cash",
    )
    assert order.total_amount == 240_000
    assert session().query(TillClosing).count() == 1
    assert [r["status"] for r in d.send(opened, sold)] == ["again", "again"]
    assert session().query(Order).count() == 1
    audit_clean()


def test_what_a_device_holds(counter: Counter) -> None:
    told = counter.device.get("/till/api/catalogue")
    assert told.status_code == 200
    found = told.get_json()
    (variant,) = found["variants"]
    assert (variant["stock"], variant["price"]["amount"], variant["fold"]) == (20, 120_000, "cha muc quay goi 500 g")
    assert found["keepers"][0]["name"] == "Lê Thị Quầy"
    assert found["keepers"][0]["pin"]["rounds"] > 0
    assert counter.device.get(f"/till/api/catalogue?since={found['version']}").status_code == 304
    state = counter.device.get("/till/api/state").get_json()
    assert (state["session"], state["last_number"], state["last_seq"]) == (None, 0, 0)
