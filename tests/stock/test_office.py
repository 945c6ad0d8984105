"""Goods for staff: lists of one's own points, history, corrections, goods that come in; each refusal."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.accounts.permissions import Role
from shop.kernel import clock, operations
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.stock import services as stock
from shop.stock.models import Lot, MovementKind, StockLevel, StockMovement
from shop.stock.services import Take
from tests.factories import make_point, make_producer, make_variant, put_in
from tests.people import sign_in
from tests.statements import count


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def levels(shown: str) -> set[int]:
    return {int(found) for found in re.findall(r'href="/office/stock/(\d+)"', shown)}


def claim(*args: Any, **values: Any) -> None:
    with transaction():
        stock.take(*args, **values)


def level_of(level_id: int) -> StockLevel:
    session().rollback()
    session().expire_all()
    found = session().get(StockLevel, level_id)
    assert found is not None
    return found


@pytest.fixture
def clerk(ctx: Flask, client: Any) -> Any:
    """A client signed in as the order desk."""
    sign_in(client, Role.ORDER_DESK)
    return client


# --- the list ----------------------------------------------------------------------------------------------------


def test_only_who_may(ctx: Flask, client: Any) -> None:
    level = put_in(make_variant(), make_point(), 5)
    for address in ("/office/stock", f"/office/stock/{level}", "/office/stock/receive"):
        assert client.get(address).status_code == 302
    sign_in(client, Role.LOCALITY_OFFICER)
    for address in ("/office/stock", f"/office/stock/{level}", "/office/stock/receive"):
        page(client, address, 403)
    sign_in(client, Role.PROGRAMME_OFFICER)  # reads, does not adjust
    assert 'data-testid="adjust"' not in page(client, f"/office/stock/{level}")
    page(client, "/office/stock/receive", 403)


def test_levels_are_found_and_narrowed(clerk: Any) -> None:
    here, there, today = make_point("Đây"), make_point("Kia"), clock.today()
    plenty = put_in(make_variant("Chả mực Hạ Long"), here, 50)
    few = put_in(make_variant("Miến dong"), there, 3, lot_code="L-77", expires_on=today + timedelta(days=10))
    gone_variant = make_variant("Ngán")
    gone = put_in(gone_variant, here, 2)
    claim("order:AAAA-BBBB:1", [Take(gone, 2)])
    old = put_in(make_variant("Sá sùng"), here, 9, lot_code="CŨ", expires_on=today + timedelta(days=1))
    with transaction() as s:
        s.execute(update(Lot).where(Lot.code == "CŨ").values(expires_on=today - timedelta(days=1)))
    make_variant("Chưa từng nhập")
    every = {plenty, few, gone, old}

    def found(query: str) -> set[int]:
        return levels(page(clerk, f"/office/stock?{query}"))

    assert found("") == every
    assert found("q=cha muc") == found("q=Chả MỰC hạ") == {plenty}
    assert found("q=l-77") == {few}
    sku = str(gone_variant.sku)
    assert found(f"q={sku.lower()}") == {gone}
    assert found("q=%25") == found("q=khong co gi") == set()
    assert found("state=low") == {few}
    assert found("state=out") == {gone, old}  # what is past its date cannot be sold
    assert found("state=ending") == {few}
    assert found("state=expired") == {old}
    assert found("state=claimed") == {gone}
    assert found(f"point={there.id}") == {few}
    for sort in ("product", "-sku", "point", "lot", "expires_on", "-on_hand", "held", "allocated", "-free"):
        assert found(f"sort={sort}") == every
    for nonsense in ("state=x", "point=x", "page=x", "sort=updated_at;", "format=pdf"):
        assert found(nonsense) == every
    assert "1 quy cách đang bày bán chưa từng được nhập hàng." in page(clerk, "/office/stock?state=out")
    assert "Stock" in page(clerk, "/en/office/stock")


def test_a_keeper_sees_his_own_points_only(ctx: Flask, client: Any) -> None:
    mine, theirs, variant = make_point("Của tôi"), make_point("Của họ"), make_variant()
    own, foreign = put_in(variant, mine, 2), put_in(variant, theirs, 90)
    sign_in(client, (Role.POINT_KEEPER, f"point:{mine.id}"))
    assert levels(page(client, "/office/stock")) == {own}
    assert levels(page(client, f"/office/stock?point={theirs.id}")) == {own}  # no such choice
    assert levels(page(client, "/office/stock?state=low")) == {own}  # few of it at his point
    assert "Của họ" not in page(client, "/office/stock?format=csv")
    page(client, f"/office/stock/{own}")
    page(client, f"/office/stock/{foreign}", 404)
    page(client, "/office/stock/4711", 404)
    token = client.token(f"/office/stock/{own}")
    data = {"csrf_token": token, "direction": "out", "quantity": "1", "reason": "Lạc", "op_key": operations.new_key()}
    assert client.post(f"/office/stock/{foreign}/adjust", data=data).status_code == 404
    assert "Của họ" not in page(client, "/office/stock/receive")
    refused = client.fill("/office/stock/receive", form="/office/stock/receive", sku=variant.sku, point=str(theirs.id),
                          quantity="5", reason="Nhập")  # fmt: skip
    assert refused.status_code == 422
    assert level_of(foreign).on_hand == 90


def test_exports_carry_no_formula(clerk: Any) -> None:
    put_in(make_variant("=1+1"), make_point("+Điểm"), 7, lot_code="@L", expires_on=clock.today() + timedelta(days=90))
    rows = list(csv.DictReader(io.StringIO(page(clerk, "/office/stock?format=csv").lstrip("\ufeff"))))
    assert (rows[0]["Sản phẩm"], rows[0]["Điểm bán"], rows[0]["Lô"]) == ("'=1+1", "'+Điểm", "'@L")
    assert (rows[0]["Có"], rows[0]["Còn bán được"], rows[0]["Hàng của"]) == ("7", "7", "Cửa hàng")
    body = clerk.get("/office/stock?format=xlsx", buffered=True).get_data()
    assert body[:2] == b"PK"


def test_pages_ask_the_database_a_fixed_number_of_times(clerk: Any) -> None:
    point, variant = make_point(), make_variant()
    level = put_in(variant, point, 5)
    for address in ("/office/stock", f"/office/stock/{level}", "/office/stock/receive?q=mon"):
        page(clerk, address)
    few = [count(lambda a=a: page(clerk, a)) for a in ("/office/stock", f"/office/stock/{level}")]
    for n in range(12):
        put_in(make_variant(f"Món {n}", producer=make_producer()), point, 5, owner=f"producer:{n + 1}")
        put_in(variant, point, 1)
        claim(f"order:AAAA-{n:04d}:1", [Take(level, 1)])
    many = [count(lambda a=a: page(clerk, a)) for a in ("/office/stock", f"/office/stock/{level}")]
    assert many == few
    assert max(few) <= 8  # session and grants of the reader among them


# --- one level ---------------------------------------------------------------------------------------------------


def test_the_history_is_read_backwards_page_by_page(clerk: Any) -> None:
    level = put_in(make_variant(), make_point(), 200)
    for n in range(60):
        stock.adjust(SYSTEM, level, -1, f"lần {n:02d}", f"adjust-key-{n:03d}")
    shown = page(clerk, f"/office/stock/{level}")
    assert "lần 59" in shown
    assert "lần 09" not in shown
    older = re.search(r'rel="next" href="([^"]+)"', shown)
    assert older
    second = page(clerk, older[1])
    assert "lần 09" in second
    assert "hàng thử" in second
    assert "lần 10" not in second
    assert 'rel="next"' not in second
    for nonsense in ("x", "-1", "9" * 40, "0"):
        page(clerk, f"/office/stock/{level}?before={nonsense}")


def test_claims_and_causes_lead_to_their_orders(clerk: Any) -> None:
    level = put_in(make_variant(), make_point(), 5, reference="paper:NB 12/24")
    claim("order:HX7K-3M2P:1", [Take(level, 2)], until=clock.now() + timedelta(hours=1))
    shown = page(clerk, f"/office/stock/{level}")
    assert 'href="/office/orders/HX7K-3M2P"' in shown
    assert "Phiếu NB 12/24" in shown


@pytest.mark.parametrize(
    ("direction", "left", "kind"), [("in", 13, "adjustment"), ("out", 7, "adjustment"), ("off", 7, "write_off")]
)
def test_a_level_is_corrected_on_record(clerk: Any, direction: str, left: int, kind: str) -> None:
    level = put_in(make_variant(), make_point(), 10)
    done = clerk.fill(
        f"/office/stock/{level}",
        form=f"/office/stock/{level}/adjust",
        direction=direction,
        quantity="3",
        reason="Đếm lại",
    )
    assert (done.status_code, done.location) == (303, f"/office/stock/{level}")
    assert level_of(level).on_hand == left
    row = session().scalars(select(StockMovement).order_by(StockMovement.id.desc())).first()
    assert row is not None
    assert (row.kind, row.reason, row.balance) == (MovementKind(kind), "Đếm lại", left)
    assert row.actor_key.startswith("user:")


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"direction": ""}, 422, "direction"),
        ({"direction": "sideways"}, 422, "direction"),
        ({"quantity": "0"}, 422, "quantity"),
        ({"quantity": "-3"}, 422, "quantity"),
        ({"quantity": "1,5"}, 422, "quantity"),
        ({"quantity": "٣"}, 422, "quantity"),
        ({"quantity": ""}, 422, "quantity"),
        ({"quantity": "9999999"}, 422, "quantity"),
        ({"quantity": "8"}, 409, "quantity"),  # three of ten are promised
        ({"reason": " "}, 422, "reason"),
        ({"reason": "x" * 501}, 422, "reason"),
        ({"op_key": "x"}, 422, "op_key"),
        ({"op_key": ""}, 422, "op_key"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_and_stays_typed(
    clerk: Any, fields: dict[str, str], status: int, field: str
) -> None:
    level = put_in(make_variant(), make_point(), 10)
    claim("order:HX7K-3M2P:1", [Take(level, 3)])
    values = {"direction": "out", "quantity": "3", "reason": "Đếm <b>lại"} | fields
    refused = clerk.fill(f"/office/stock/{level}", form=f"/office/stock/{level}/adjust", **values)
    shown = refused.get_data(as_text=True)
    assert refused.status_code == status
    assert 'role="alert"' in shown
    if field != "op_key":
        assert f'id="f-{field}-error"' in shown
    if "reason" not in fields:
        assert "Đếm &lt;b&gt;lại" in shown
    assert level_of(level).on_hand == 10


def test_the_same_correction_twice_counts_once_and_another_body_is_refused(clerk: Any) -> None:
    level = put_in(make_variant(), make_point(), 10)
    data = {"csrf_token": clerk.token(f"/office/stock/{level}"), "direction": "out", "quantity": "2", "reason": "Vỡ",
            "op_key": operations.new_key()}  # fmt: skip
    for _n in range(2):
        assert clerk.post(f"/office/stock/{level}/adjust", data=data).status_code == 303
    assert level_of(level).on_hand == 8
    assert clerk.post(f"/office/stock/{level}/adjust", data=data | {"quantity": "5"}).status_code == 409
    assert level_of(level).on_hand == 8


# --- goods that come in ------------------------------------------------------------------------------------------


def receive(client: Any, **fields: Any) -> Any:
    values = {"quantity": "24", "reason": "Nhập đợt đầu"} | fields
    return client.fill("/office/stock/receive", form="/office/stock/receive", **values)


def test_goods_come_in(clerk: Any) -> None:
    variant, point = make_variant(producer=make_producer("HTX Bến Thử")), make_point()
    day = (clock.today() + timedelta(days=200)).isoformat()
    assert variant.sku in page(clerk, "/office/stock/receive?never=1")
    assert variant.sku in page(clerk, "/office/stock/receive?q=cha muc")
    assert "Chả mực thử, Gói 500 g" in page(clerk, f"/office/stock/receive?sku={variant.sku}")
    done = receive(
        clerk, sku=variant.sku.lower(), point=str(point.id), lot="L-0312", expires_on=day, paper="NB 12/24", reason=""
    )
    assert done.status_code == 303
    level = session().scalars(select(StockLevel)).one()
    assert done.location == f"/office/stock/{level.id}"
    assert (level.on_hand, level.owner) == (24, "shop")
    lot = session().scalars(select(Lot)).one()
    assert (lot.code, lot.expires_on.isoformat()) == ("L-0312", day)
    row = session().scalars(select(StockMovement)).one()
    assert (row.kind, row.reference, row.reason) == (MovementKind.RECEIPT, "paper:NB 12/24", None)
    receive(clerk, sku=variant.sku, point=str(point.id), consigned="1")
    owned = session().scalars(select(StockLevel).where(StockLevel.owner != "shop")).one()
    assert (owned.owner, owned.on_hand) == (f"producer:{variant.product.producer_id}", 24)
    assert "HTX Bến Thử" in page(clerk, "/office/stock")


YESTERDAY, TOMORROW, LATER = (timedelta(days=n) for n in (-1, 1, 9))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sku": "KHONG-CO"}, "sku"),
        ({"sku": ""}, "sku"),
        ({"sku": "x" * 90}, "sku"),
        ({"point": ""}, "point"),
        ({"point": "4711"}, "point"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "2000000"}, "quantity"),
        ({"quantity": "hai"}, "quantity"),
        ({"reason": "", "paper": ""}, "paper"),
        ({"expires_on": "31/12/2026", "lot": "L1"}, "expires_on"),
        ({"expires_on": TOMORROW, "lot": ""}, "lot"),
        ({"expires_on": YESTERDAY, "lot": "L1"}, "expires_on"),
        ({"expires_on": TOMORROW, "produced_on": LATER, "lot": "L1"}, "expires_on"),
        ({"expires_on": LATER, "lot": "L-KNOWN"}, "expires_on"),
        ({"lot": "x" * 41}, "lot"),
        ({"consigned": "1"}, "consigned"),
        ({"op_key": "x"}, "op_key"),
    ],
)
def test_goods_that_cannot_be_booked_are_refused_and_stay_typed(clerk: Any, fields: dict[str, Any], field: str) -> None:
    variant, point, today = make_variant(), make_point(), clock.today()
    put_in(variant, point, 1, lot_code="L-KNOWN", expires_on=today + timedelta(days=5))
    values = {"sku": variant.sku, "point": str(point.id), "reason": "Nhập <i>lại"} | fields
    values = {k: (today + v).isoformat() if isinstance(v, timedelta) else v for k, v in values.items()}
    refused = receive(clerk, **values)
    shown = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'role="alert"' in shown
    if field != "op_key":
        assert f'id="f-{field}-error"' in shown
    if "reason" not in fields:
        assert "Nhập &lt;i&gt;lại" in shown
    assert session().scalars(select(StockLevel.on_hand)).all() == [1]


def test_the_same_receipt_twice_books_once(clerk: Any) -> None:
    variant, point = make_variant(), make_point()
    data = {"csrf_token": clerk.token("/office/stock/receive"), "sku": variant.sku, "point": point.id, "quantity": "6",
            "reason": "Nhập", "op_key": operations.new_key()}  # fmt: skip
    for _n in range(2):
        assert clerk.post("/office/stock/receive", data=data).status_code == 303
    assert session().scalars(select(StockLevel.on_hand)).all() == [6]
    refused = clerk.post("/office/stock/receive", data=data | {"quantity": "7"})
    assert refused.status_code == 409
    assert data["op_key"] not in refused.get_data(as_text=True)  # a used key is not offered again


def test_goods_do_not_come_into_a_closed_point(clerk: Any) -> None:
    variant = make_variant()
    point = make_point("Đã đóng", closed_on=clock.today())
    assert receive(clerk, sku=variant.sku, point=str(point.id)).status_code == 422
