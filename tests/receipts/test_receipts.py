"""Deliveries: expected, received in parts and lots, owner kept, booked once, refusals at their place."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image

from shop.accounts.permissions import Role
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.receipts import queries
from shop.receipts import services as receipts
from shop.receipts.errors import MoreThanExpected, NotExpected
from shop.receipts.models import DeliveryDay, DeliveryState, DepartureLine, HandBack, Receipt, ReceiptLine, Terms
from shop.receipts.services import Came, Left, Wanted
from shop.stock.errors import NotEnough
from shop.stock.models import Lot, StockLevel, StockMovement
from tests import factories
from tests.people import sign_in

KEEPER = Actor("user", "Người giữ", 901, "127.0.0.1")


@pytest.fixture
def supply(ctx: Any) -> dict[str, Any]:
    """A point, a producer with two packs, and somebody else's pack."""
    producer = factories.make_producer("HTX Đầm Hà")
    return {
        "point": factories.make_point(),
        "producer": producer,
        "hen": factories.make_variant("Gà Tiên Yên", producer=producer),
        "egg": factories.make_variant("Trứng gà", producer=producer),
        "other": factories.make_variant("Chè", producer=factories.make_producer("HTX khác")),
    }


def _expect(supply: dict[str, Any], terms: Terms = Terms.CONSIGNMENT, **more: Any) -> str:
    wanted = more.pop("wanted", {supply["hen"].id: Wanted(10, 90_000), supply["egg"].id: Wanted(30)})
    values = {"expected_on": clock.today(), "op_key": operations.new_key()} | more
    return receipts.expect(
        KEEPER, supply["producer"].id, supply["point"].id, terms, values.pop("expected_on"), wanted, **values
    )


def _lines(reference: str) -> dict[int, queries.LineView]:
    row, _view = queries.delivery(reference)
    return {line.variant_id: line for line in queries.lines(row.id)}


def _receive(
    supply: dict[str, Any], reference: str, hen: Came | None = None, egg: Came | None = None, **more: Any
) -> int:
    lines = _lines(reference)
    came = {lines[supply[name].id].line_id: one for name, one in (("hen", hen), ("egg", egg)) if one is not None}
    return receipts.receive(KEEPER, reference, came, **({"op_key": operations.new_key()} | more))


def _state(reference: str) -> DeliveryState:
    session().expire_all()
    return queries.delivery(reference)[0].state


def _broken() -> list[str]:
    return [check.name for check in invariants.run() if not check.ok]


def test_in_parts_and_lots_with_the_producer_as_owner(supply: dict[str, Any]) -> None:
    reference = _expect(supply)
    today = clock.today()
    _receive(supply, reference, hen=Came(6, lot_code="G1", produced_on=today, expires_on=today + timedelta(days=3)))
    assert _state(reference) is DeliveryState.PARTLY
    _receive(supply, reference, hen=Came(3, refused=1, reason="dập", lot_code="G2"), egg=Came(30))
    assert _state(reference) is DeliveryState.RECEIVED
    levels = session().query(StockLevel).filter_by(variant_id=supply["hen"].id).order_by(StockLevel.id).all()
    assert [(level.on_hand, level.owner) for level in levels] == [
        (6, f"producer:{supply['producer'].id}"),
        (3, f"producer:{supply['producer'].id}"),
    ]
    assert {session().get(Lot, level.lot_id).code for level in levels} == {"G1", "G2"}
    row, view = queries.delivery(reference)
    assert (view.units, view.came) == (40, 39)
    assert receipts.owed(queries.arrivals(row.id)) == 9 * 90_000
    assert _broken() == []


def test_bought_goods_are_the_shops(supply: dict[str, Any]) -> None:
    reference = _expect(supply, Terms.PURCHASE)
    _receive(supply, reference, egg=Came(10, unit_cost_amount=3_000))
    assert session().query(StockLevel).filter_by(variant_id=supply["egg"].id).one().owner == "shop"
    assert queries.waiting(None) == (1, 0)
    receipts.finish(KEEPER, reference, "hết trứng")
    assert _state(reference) is DeliveryState.RECEIVED
    empty = _expect(supply, Terms.PURCHASE)
    receipts.finish(KEEPER, empty, "xe hỏng")
    assert _state(empty) is DeliveryState.CANCELLED
    with pytest.raises(NotExpected):
        _receive(supply, empty, egg=Came(1))
    with pytest.raises(NotExpected):
        receipts.finish(KEEPER, empty, "lần nữa")
    assert _broken() == []


def test_the_same_key_books_once(app: Any, supply: dict[str, Any], together: Any) -> None:
    reference, key = _expect(supply), operations.new_key()
    lines = _lines(reference)
    came = {lines[supply["egg"].id].line_id: Came(30)}
    session().rollback()
    outcomes = together(app, lambda: receipts.receive(KEEPER, reference, came, op_key=key), times=4)
    assert [o.error for o in outcomes] == [None] * 4
    assert len({o.value for o in outcomes}) == 1
    assert session().query(StockLevel).filter_by(variant_id=supply["egg"].id).one().on_hand == 30
    assert _broken() == []


def test_more_than_expected_must_be_said(supply: dict[str, Any]) -> None:
    reference = _expect(supply)
    with pytest.raises(MoreThanExpected) as refused:
        _receive(supply, reference, hen=Came(11))
    assert refused.value.field == f"quantity-{_lines(reference)[supply['hen'].id].line_id}"
    assert session().query(Receipt).count() == 0
    _receive(supply, reference, hen=Came(11), more_is_right=True)
    assert _broken() == []


@pytest.mark.parametrize(
    ("field", "came"),
    [
        ("lines", Came(0)),
        ("quantity", Came(-1)),
        ("quantity", Came(1_000_000)),
        ("reason", Came(1, refused=1)),
        ("cost", Came(1, unit_cost_amount=-1)),
        ("expires_on", Came(1, lot_code="A", produced_on=clock.today(), expires_on=clock.today() - timedelta(days=1))),
        ("produced_on", Came(1, lot_code="A", produced_on=clock.today() + timedelta(days=1))),
        ("produced_on", Came(1, lot_code="A", produced_on=date(1, 1, 1))),
        ("expires_on", Came(1, lot_code="A", expires_on=clock.today() + timedelta(days=51 * 366))),
        ("lot", Came(1, expires_on=clock.today() + timedelta(days=9))),
        ("lot", Came(1, lot_code="x" * 41)),
    ],
)
def test_what_cannot_be(supply: dict[str, Any], field: str, came: Came) -> None:
    reference = _expect(supply)
    with pytest.raises(Invalid) as refused:
        _receive(supply, reference, hen=came)
    line = _lines(reference)[supply["hen"].id].line_id
    assert refused.value.field in (field, f"{field}-{line}")
    assert session().query(Receipt).count() == 0
    assert _broken() == []


def test_what_cannot_be_expected(supply: dict[str, Any]) -> None:
    for wanted in (
        {},
        {supply["hen"].id: Wanted(0)},
        {supply["hen"].id: Wanted(1, -5)},
        {supply["other"].id: Wanted(1)},
    ):
        with pytest.raises(Invalid):
            _expect(supply, wanted=wanted)
    with pytest.raises(NotFound):
        receipts.receive(KEEPER, "N-XXXX-XXXX", {1: Came(1)}, op_key=operations.new_key())
    reference = _expect(supply)
    with pytest.raises(NotFound):
        receipts.receive(KEEPER, reference, {10**9: Came(1)}, op_key=operations.new_key())
    with pytest.raises(Invalid):
        receipts.finish(KEEPER, reference, "")


def test_faults_are_found_by_the_audit(supply: dict[str, Any]) -> None:
    reference = _expect(supply)
    _receive(supply, reference, hen=Came(6, lot_code="G1"))
    with transaction() as s:
        line = s.query(ReceiptLine).one()
        line.quantity = 5
        s.get(StockLevel, line.level_id).owner = "shop"
        s.query(Receipt).one().paper_key = "receipts/00/none.pdf"
    assert {
        "receipts.books-are-what-came",
        "receipts.goods-keep-their-owner",
        "receipts.papers-have-their-bytes",
    } <= set(_broken())


def test_a_keeper_receives_on_his_page_and_sees_no_prices(client: Any, supply: dict[str, Any]) -> None:
    sign_in(client, (Role.POINT_KEEPER, f"point:{supply['point'].id}"))
    reference = _expect(supply)
    address = f"/office/receipts/{reference}"
    page = client.get(address).get_data(as_text=True)
    assert "Gà Tiên Yên" in page
    assert "90.000" not in page
    hen = _lines(reference)[supply["hen"].id].line_id
    wrong = client.fill(address, form=address + "/receive", **{f"quantity-{hen}": "11", f"lot-{hen}": "G1"})
    assert wrong.status_code == 409
    assert "Nhận cả phần thừa" in wrong.get_data(as_text=True)
    assert 'value="G1"' in wrong.get_data(as_text=True)
    today = clock.today()
    dates = {f"produced_on-{hen}": today.isoformat(), f"expires_on-{hen}": (today - timedelta(days=9)).isoformat()}
    for typed, said, english in (
        (
            {f"quantity-{hen}": "5", f"lot-{hen}": "G1"} | dates,
            "Hạn dùng không thể trước ngày sản xuất",
            "before the production date",
        ),
        ({f"quantity-{hen}": "-5"}, "Số lượng phải là số nguyên, từ 0", "whole number"),
        ({f"quantity-{hen}": "99999999"}, "Số lượng phải là số nguyên, từ 0", "whole number"),
        ({f"quantity-{hen}": "5", f"expires_on-{hen}": "31/12"}, "Ngày chưa đúng", "date"),
    ):
        refused = client.fill(address, form=address + "/receive", **typed)
        assert refused.status_code == 422
        assert said in refused.get_data(as_text=True)
        assert 'data-testid="error"' in refused.get_data(as_text=True)
        assert english in client.fill("/en" + address, form=f"/en{address}/receive", **typed).get_data(as_text=True)
    out = io.BytesIO()
    Image.new("RGB", (400, 300), (20, 90, 90)).save(out, "JPEG")
    data = {
        "csrf_token": client.token(address), "op_key": operations.new_key(), f"quantity-{hen}": "6", f"lot-{hen}": "G1",
        f"cost-{hen}": "1", "paper_number": "PX-12", "paper": (io.BytesIO(out.getvalue()), "phieu.jpg"),
    }  # fmt: skip
    assert client.post(address + "/receive", data=data, content_type="multipart/form-data").status_code == 303
    [came] = queries.arrivals(queries.delivery(reference)[0].id)
    assert (came.quantity, came.paper_number, came.unit_cost_amount) == (6, "PX-12", 90_000)
    assert client.get(f"{address}/paper/{came.receipt_id}").mimetype == "image/jpeg"
    assert client.get(f"/media/{came.paper_key}").status_code == 404


def test_a_foreign_keeper_sees_nothing(client: Any, supply: dict[str, Any]) -> None:
    reference = _expect(supply)
    other = factories.make_point("Điểm khác")
    sign_in(client, (Role.POINT_KEEPER, f"point:{other.id}"))
    assert client.get(f"/office/receipts/{reference}").status_code == 404
    assert reference not in client.get("/office/receipts").get_data(as_text=True)
    data = {"csrf_token": client.token("/tai-khoan"), "note": "xong"}
    assert client.post(f"/office/receipts/{reference}/finish", data=data).status_code == 404


def test_staff_expect_a_delivery_without_javascript(client: Any, supply: dict[str, Any]) -> None:
    sign_in(client, Role.PROMOTION_STAFF)
    address = f"/office/receipts/new?producer={supply['producer'].slug}"
    fields = {f"quantity-{supply['hen'].id}": "12", f"cost-{supply['hen'].id}": "85.000", "point": supply["point"].slug}
    wrong = client.fill(address, form="/office/receipts/new", **fields)
    assert wrong.status_code == 422
    assert "mua đứt hay ký gửi" in wrong.get_data(as_text=True)
    assert 'value="85.000"' in wrong.get_data(as_text=True)
    done = client.fill(address, form="/office/receipts/new", terms="purchase", **fields)
    assert done.status_code == 303
    [line] = _lines(done.location.rpartition("/")[2]).values()
    assert (line.quantity, line.unit_cost_amount) == (12, 85_000)


def test_goods_that_come_unannounced_are_found_by_their_name(client: Any, supply: dict[str, Any]) -> None:
    """From a pack to its maker's form; the old way of booking goods in beside the papers is gone."""
    sign_in(client, (Role.POINT_KEEPER, f"point:{supply['point'].id}"))
    shown = client.get("/office/receipts/new?q=ga tien").get_data(as_text=True)
    assert supply["hen"].sku in shown
    assert supply["egg"].sku not in shown
    form = client.get(f"/office/receipts/new?sku={supply['egg'].sku}").get_data(as_text=True)
    assert form.index(f'name="quantity-{supply["egg"].id}"') < form.index(f'name="quantity-{supply["hen"].id}"')
    never = client.get("/office/receipts/new?never=1").get_data(as_text=True)
    assert all(supply[name].sku in never for name in ("hen", "egg", "other"))
    assert "Không tìm thấy quy cách nào" in client.get("/office/receipts/new?q=zzz").get_data(as_text=True)
    for nonsense in ("sku=KHONG-CO", "sku=", "producer=x", "sku=" + "x" * 200, "never=x"):
        assert client.get(f"/office/receipts/new?{nonsense}").status_code == 200


def test_goods_without_a_known_maker_are_bought_not_consigned(client: Any, supply: dict[str, Any]) -> None:
    nameless = factories.make_variant("Rươi")
    sign_in(client, Role.PROMOTION_STAFF)
    page = client.get(f"/office/receipts/new?sku={nameless.sku}").get_data(as_text=True)
    assert "Hãy chọn ai giao hàng" in page
    address = f"/office/receipts/new?sku={nameless.sku}&producer={supply['producer'].slug}"
    fields = {f"quantity-{nameless.id}": "12", "point": supply["point"].slug}
    wrong = client.fill(address, form="/office/receipts/new", terms="consignment", **fields)
    assert wrong.status_code == 422
    assert "không nhận ký gửi được" in wrong.get_data(as_text=True)
    assert f'name="quantity-{nameless.id}" value="12"' in wrong.get_data(as_text=True)
    done = client.fill(address, form="/office/receipts/new", terms="purchase", **fields)
    assert done.status_code == 303
    reference = done.location.rpartition("/")[2]
    [line] = _lines(reference).values()
    receipts.receive(KEEPER, reference, {line.line_id: Came(12)}, op_key=operations.new_key())
    assert session().query(StockLevel).filter_by(variant_id=nameless.id).one().owner == "shop"
    with pytest.raises(Invalid) as refused:
        _expect(supply, Terms.CONSIGNMENT, wanted={nameless.id: Wanted(1)})
    assert refused.value.field == "terms"
    assert _broken() == []


def test_put_off_and_on_its_way(app: Any, supply: dict[str, Any], together: Any) -> None:
    """A day is changed with a reason, what left is written down in lots; nothing is booked by either."""
    reference, today = _expect(supply), clock.today()
    line = _lines(reference)[supply["hen"].id].line_id
    for day, reason in ((today, "mưa"), (today - timedelta(days=1), "mưa"), (today + timedelta(days=1), "")):
        with pytest.raises(Invalid):
            receipts.put_off(KEEPER, reference, day, reason, operations.new_key())
    for days in (2, 5):
        receipts.put_off(KEEPER, reference, today + timedelta(days=days), "mưa", operations.new_key())
    row, _view = queries.delivery(reference)
    assert row.expected_on == today + timedelta(days=5)
    assert [m.to_on - today for m in queries.days_moved(row.id)] == [timedelta(days=5), timedelta(days=2)]
    for left in (
        [],
        [Left(line, -1)],
        [Left(line, 10**6)],
        [Left(line, 1, "", today)],
        [Left(line, 1, "A", today, today - timedelta(days=1))],
        [Left(line, 1, "x" * 41)],
    ):
        with pytest.raises(Invalid):
            receipts.depart(KEEPER, reference, left, op_key=operations.new_key())
    session().rollback()
    outcomes = together(
        app, lambda: receipts.depart(KEEPER, reference, [Left(line, 6, "G1")], op_key=operations.new_key()), times=3
    )
    assert sorted(type(o.error).__name__ for o in outcomes) == ["MoreThanExpected", "MoreThanExpected", "NoneType"]
    with pytest.raises(NotFound):
        receipts.depart(KEEPER, reference, [Left(10**9, 1)], op_key=operations.new_key())
    [gone] = queries.departures(row.id)
    assert (gone.quantity, gone.lot) == (6, "G1")
    assert session().query(StockLevel).count() == 0
    assert _broken() == []
    receipts.finish(KEEPER, reference, "thôi")
    for late in (
        lambda: receipts.put_off(KEEPER, reference, today + timedelta(days=9), "mưa", operations.new_key()),
        lambda: receipts.depart(KEEPER, reference, [Left(line, 1)], op_key=operations.new_key()),
    ):
        with pytest.raises(NotExpected):
            late()
    with transaction() as s:
        s.query(DepartureLine).one().quantity = 11
        s.query(DeliveryDay).order_by(DeliveryDay.id.desc()).first().to_on = today + timedelta(days=6)
    assert {"receipts.what-left-was-promised", "receipts.day-is-its-last-change"} <= set(_broken())


# --- goods that go back to their owner ---------------------------------------------------------------------------


def test_consigned_goods_go_back_to_their_owner_once(supply: dict[str, Any]) -> None:
    owner = f"producer:{supply['producer'].id}"
    level = factories.put_in(supply["hen"], supply["point"], 10, owner=owner, lot_code="L1")
    theirs = factories.put_in(supply["hen"], supply["point"], 5)
    back = {"taken_by": "Ông Ba", "note": "hết hội chợ", "op_key": operations.new_key()}
    point, producer = supply["point"].id, supply["producer"].id
    reference = receipts.hand_back(KEEPER, producer, point, {level: 4}, **back)
    assert receipts.hand_back(KEEPER, producer, point, {level: 4}, **back) == reference
    session().expire_all()
    assert session().get_one(StockLevel, level).on_hand == 6
    row = session().query(HandBack).one()
    assert (row.reference, row.taken_by, row.actor_label) == (reference, "Ông Ba", "Người giữ")
    move = session().query(StockMovement).filter_by(reference=f"hand-back:{reference}").one()
    assert (move.quantity, move.reason) == (-4, "Trả lại cơ sở: Ông Ba")
    for goods, refusal, field in (
        ({level: 7}, NotEnough, f"back-{level}"),
        ({level: 0}, Invalid, f"back-{level}"),
        ({}, Invalid, "goods"),
        ({theirs: 1}, NotFound, None),
    ):
        with pytest.raises(refusal) as refused:
            receipts.hand_back(KEEPER, producer, point, goods, taken_by="Ông Ba", op_key=operations.new_key())
        assert refused.value.field == field
    with pytest.raises(Invalid) as unnamed:
        receipts.hand_back(KEEPER, producer, point, {level: 1}, taken_by=" ", op_key=operations.new_key())
    assert unnamed.value.field == "taken_by"
    assert all(f.ok for f in invariants.run())
    # A lot that may not be sold may go back.
    with transaction() as s:
        s.query(Lot).filter_by(code="L1").one().expires_on = clock.today() - timedelta(days=1)
    receipts.hand_back(KEEPER, producer, point, {level: 6}, taken_by="Ông Ba", op_key=operations.new_key())
    session().expire_all()
    assert session().get_one(StockLevel, level).on_hand == 0


def test_what_was_handed_back_is_the_owners_and_no_more(supply: dict[str, Any]) -> None:
    owner = f"producer:{supply['producer'].id}"
    level = factories.put_in(supply["hen"], supply["point"], 10, owner=owner)
    reference = receipts.hand_back(
        KEEPER, supply["producer"].id, supply["point"].id, {level: 4}, taken_by="Ông Ba", op_key=operations.new_key()
    )
    other = factories.make_producer("HTX nữa").id
    with transaction() as s:
        s.query(HandBack).filter_by(reference=reference).one().producer_id = other
    assert [f.name for f in invariants.run() if not f.ok] == ["receipts.handed-back-is-the-owners"]
