"""The keeper's day: what waits at his points, nothing of others; a buyer's parcel found by his code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.kernel import clock, operations
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Order, PaymentMethod
from shop.pages import keeper
from shop.receipts import services as receipts
from shop.receipts.models import Terms
from shop.receipts.services import Wanted
from shop.stock import services as stock
from shop.stock.models import StockLevel
from shop.stock.services import Take, lots
from tests import factories
from tests.people import sign_in

KEY = "k" * 40


@pytest.fixture
def two(ctx: Any) -> dict[str, Any]:
    """Two points; goods of one lot that ends soon at each."""
    producer = factories.make_producer()
    variant = factories.make_variant(producer=producer)
    soon = clock.today() + timedelta(days=3)
    points = [factories.make_point(name) for name in ("Cầu cảng", "Chợ Đêm")]
    levels = [factories.put_in(variant, p, 9, lot_code="L1", expires_on=soon) for p in points]
    return {"producer": producer, "variant": variant, "points": points, "levels": levels}


def _order(two: dict[str, Any], at: int, phone: str = "+84912345678") -> Order:
    """A confirmed order that waits at the point number `at`."""
    from shop.catalog.models import Price
    from shop.kernel.db import session

    v = two["variant"]
    price = session().query(Price).filter_by(variant_id=v.id).first()
    line = orders.DraftLine(
        v.id, two["producer"].id, v.sku, "Chả mực", v.pack, 2, price.amount, price.id, False, None, False, "none", 500
    )
    parcel = orders.DraftParcel(
        two["points"][at].id, DeliveryKind.PICKUP, (line,), (Take(two["levels"][at], 2),), 0, 500
    )  # fmt: skip
    draft = orders.Draft(
        operations.new_key(), "d", None, None, "vi", PaymentMethod.COD, DeliveryKind.PICKUP, "Khách Nhận", phone, None,
        (parcel,), None, pickup_point_id=two["points"][at].id,
    )  # fmt: skip
    with transaction():
        placed = orders.place(SYSTEM, draft, key=KEY)
        orders.confirm(SYSTEM, placed.order_id)
    return session().get(Order, placed.order_id)


def test_each_point_has_its_own_day(two: dict[str, Any]) -> None:
    order = _order(two, 0)
    first, second = two["points"]
    receipts.expect(
        SYSTEM, two["producer"].id, first.id, Terms.CONSIGNMENT, clock.today(), {two["variant"].id: Wanted(5)},
        op_key=operations.new_key(),
    )  # fmt: skip
    here, there = keeper.day([first.id]), keeper.day([second.id])
    assert [(p.reference, p.units, p.ready) for p in here.pickups] == [(order.reference, 2, False)]
    assert [d.units for d in here.deliveries] == [5]
    assert [row.lot for row in here.ending] == ["L1"]
    assert here.due == [first.id]
    assert (there.pickups, there.deliveries, len(there.ending)) == ([], [], 1)


def test_a_parcel_is_found_by_code_and_by_phone(two: dict[str, Any]) -> None:
    order = _order(two, 0)
    first, second = ([p.id] for p in two["points"])
    key = f"{order.reference}/1"
    assert keeper.pick_ups_by_code(order.reference.lower().replace("-", " "), first) == [key]
    for said in ("345 678", "0912 345 678", "0912345678", "+84 912 345 678", "84912345678", "912.345.678"):
        assert keeper.pick_ups_by_code(said, first) == [key], said
    assert keeper.pick_ups_by_code(order.reference, second) == []
    for nobody in ("678", "0812 345 678", "+84", "+", "٣٤٥٦٧٨", "%", "____"):  # too few digits tell buyers not apart
        assert keeper.pick_ups_by_code(nobody, first) == [], nobody
    another = _order(two, 0)
    assert len(keeper.pick_ups_by_code("345678", first)) == 2
    assert keeper.pick_ups_by_code(another.reference, first) == [f"{another.reference}/1"]


def test_two_parcels_of_one_phone_need_the_code(client: Any, two: dict[str, Any]) -> None:
    _order(two, 0)
    _order(two, 0)
    sign_in(client, (Role.POINT_KEEPER, f"point:{two['points'][0].id}"))
    answer = client.get("/office/my-points/pick-up?code=0912 345 678")
    assert answer.status_code == 404
    assert "Có nhiều đơn chờ nhận của số này" in answer.get_data(as_text=True)
    assert (
        "several parcels" in client.get("/en/office/my-points/pick-up?code=0912345678").get_data(as_text=True).lower()
    )


def test_a_keeper_sees_and_finds_only_his_own(client: Any, two: dict[str, Any]) -> None:
    mine, other = _order(two, 0), _order(two, 1, "+84987654321")
    sign_in(client, (Role.POINT_KEEPER, f"point:{two['points'][0].id}"))
    page = client.get("/office/my-points").get_data(as_text=True)
    assert mine.reference in page
    assert other.reference not in page
    assert "Chợ Đêm" not in page
    found = client.get(f"/office/my-points/pick-up?code={mine.reference}")
    assert found.status_code == 303
    assert client.get(found.location).status_code == 200
    missed = client.get(f"/office/my-points/pick-up?code={other.reference}")
    assert missed.status_code == 404
    assert other.reference in missed.get_data(as_text=True)  # what was typed is kept
    assert 'data-testid="error"' in missed.get_data(as_text=True)


def test_a_stopped_lot_is_shown_to_those_who_have_it(client: Any, two: dict[str, Any]) -> None:
    sign_in(client, (Role.POINT_KEEPER, f"point:{two['points'][0].id}"))
    assert "cất khỏi kệ" not in client.get("/office/my-points").get_data(as_text=True)
    lot_id = session().get_one(StockLevel, two["levels"][0]).lot_id
    lots.stop_lot(SYSTEM, lot_id, "Nghi nhiễm khuẩn", operations.new_key())
    page = client.get("/office/my-points").get_data(as_text=True)
    assert "Lô bị dừng: cất khỏi kệ, không bán" in page
    assert f'href="/office/stock/lots/{lot_id}"' in page
    assert "× 9" in page
    stock.adjust(SYSTEM, two["levels"][0], -9, "đã hủy", operations.new_key())
    assert "cất khỏi kệ" not in client.get("/office/my-points").get_data(as_text=True)


def test_nobody_without_a_point_has_a_day(client: Any, ctx: Any) -> None:
    sign_in(client, Role.CUSTOMER)
    assert client.get("/office/my-points").status_code == 403
