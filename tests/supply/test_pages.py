"""The pages of supply as a person without JavaScript uses them, and who may see what."""

from __future__ import annotations

from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.kernel.db import session
from shop.messages.models import Message
from shop.receipts import queries as receipts_read
from shop.receipts import services as receipts
from shop.receipts.models import Delivery, DeliveryDay, Departure, Terms
from shop.receipts.services import Wanted
from shop.stock.models import StockLevel
from shop.supply.models import A, Announcement, Capacity, Harvest, N, Per, Reply, SupplyAsk
from shop.supply.queries import asks as asks_read
from shop.supply.services import announcements, asks, own_store, plans
from shop.supply.services.asks import Answer
from shop.supply.services.plans import Expects, Makes
from tests import factories
from tests.people import sign_in
from tests.statements import statements
from tests.supply.conftest import MAKER, OFFICE, Supply, broken, in_days, key, row


@pytest.fixture
def member(client: Any, supply: Supply) -> Any:
    """A visitor who works for the producer."""
    sign_in(client, (Role.PRODUCER_LISTINGS, supply.scope))
    return client


@pytest.fixture
def office(client: Any, supply: Supply) -> Any:
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


# --- the own store -----------------------------------------------------------------------------------------------


def test_a_batch_goes_into_the_own_store_and_is_counted(member: Any, supply: Supply) -> None:
    form = {"variant": str(supply.hen.id), "quantity": "40", "lot": "G1", "expires_on": in_days(30).isoformat()}
    wrong = member.fill("/producer/stock/new", form="/producer/stock/new", **(form | {"quantity": "1.5"}))
    assert wrong.status_code == 422
    assert 'value="G1"' in text_of(wrong)
    assert "số nguyên" in text_of(wrong)
    assert "whole number" in text_of(
        member.fill("/en/producer/stock/new", form="/en/producer/stock/new", **(form | {"quantity": ""}))
    )
    assert member.fill("/producer/stock/new", form="/producer/stock/new", **form).status_code == 303
    assert "G1" in text_of(member.get("/producer/stock/made"))
    level = session().query(StockLevel).one()
    assert (level.on_hand, level.owner) == (40, supply.scope)
    address = f"/producer/stock/levels/{level.id}"
    assert address in text_of(member.get("/producer/stock"))
    silent = member.fill(address, form=address + "/count", counted="38")
    assert silent.status_code == 422
    assert "lý do chênh lệch" in text_of(silent)
    assert member.fill(address, form=address + "/count", counted="38", reason="vỡ").status_code == 303
    many = member.fill(address, form=address + "/write-off", quantity="39", why="damaged")
    assert many.status_code == 409
    assert member.fill(address, form=address + "/write-off", quantity="3", why="damaged").status_code == 303
    session().expire_all()
    assert session().query(StockLevel).one().on_hand == 35
    assert "Đếm lại" in text_of(member.get(address))
    for name in ("csv", "xlsx"):
        for page in ("/producer/stock", "/producer/stock/made"):
            assert member.get(f"{page}?format={name}").status_code == 200
    assert broken() == []


def test_somebody_counted_while_goods_were_sold(member: Any, supply: Supply) -> None:
    own_store.make(MAKER, supply.producer.id, supply.store.id, supply.hen.id, 9, lot_code="G1", op_key=key())
    level = session().query(StockLevel).one()
    address = f"/producer/stock/levels/{level.id}"
    late = member.fill(address, form=address + "/count", counted="7", seen="8", reason="mất")
    assert late.status_code == 409
    assert "đã đổi thành 9" in text_of(late)


def test_without_a_store_one_asks_for_it(client: Any, supply: Supply) -> None:
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{supply.other.id}"))
    page = text_of(client.get("/producer/stock"))
    assert "Cơ sở chưa có kho" in page
    assert client.get("/producer/stock/new").status_code == 303
    form = "/producer/stock/want-store"
    assert client.fill("/producer/stock", form=form, address="").status_code == 422
    assert client.fill("/producer/stock", form=form, address="Thôn 3, Tiên Yên").status_code == 303
    assert "Thôn 3, Tiên Yên" in session().query(Message).one().body


# --- capacity ----------------------------------------------------------------------------------------------------


def slug(supply: Supply) -> str:
    return str(supply.hen.product_id and session().get_one(type(supply.hen), supply.hen.id).product.slug)


def test_capacity_season_and_harvest_from_a_phone(member: Any, supply: Supply) -> None:
    address = f"/producer/capacity/{slug(supply)}"
    assert "Chưa khai" in text_of(member.get(address))
    words = {"units": "1.200", "per": "month", "lead_days": "3", "note": "chuồng mới"}
    for field, typed in (
        ("units", "10000000"),
        ("units", ""),
        ("to_on", in_days(-3).isoformat()),
        ("from_on", "hôm nay"),
    ):
        wrong = member.fill(address + "/state", **(words | {field: typed}))
        assert wrong.status_code == 422
        assert f'id="f-{field}-error"' in text_of(wrong)
        assert "chuồng mới" in text_of(wrong)
    last = in_days(29).isoformat()
    assert member.fill(address + "/state", **(words | {"to_on": last})).status_code == 303
    said = session().query(Capacity).one()
    assert (said.units, said.per, said.to_on) == (1200, Per.MONTH, in_days(30))
    assert member.fill(address + "/season", m3="3", m8="0").status_code == 303
    page = text_of(member.get(address))
    assert "season-3" in page
    assert "Những tuần tới" in page
    wrong = member.fill(address + "/harvest", low="9", high="5", from_on=in_days(0).isoformat())
    assert wrong.status_code == 422
    assert 'value="9"' in text_of(wrong)
    over = member.fill(address + "/harvest", low="5", high="9", from_on="2020-03-01", last_on="2020-03-05")
    assert over.status_code == 422
    assert "không thể đã xong trước hôm nay" in over.get_data(as_text=True)
    assert "2020-03-05" in over.get_data(as_text=True)
    assert member.fill(address + "/harvest", low="5", high="9", from_on=in_days(0).isoformat()).status_code == 303
    found = f"/producer/harvests/{session().query(Harvest).one().reference}"
    assert member.fill(found, form=0, came="7").status_code == 303
    assert member.fill(found, form=0, came="x").status_code == 422
    assert session().query(Harvest).one().came == 7
    end = f"{address}/statements/{said.id}/end"
    assert member.fill(address, form=end).status_code == 303
    session().expire_all()
    assert session().query(Capacity).filter(Capacity.withdrawn_at.is_(None)).count() == 0
    assert "1.200" not in text_of(member.get("/producer/capacity"))
    assert member.get("/producer/capacity?format=csv").status_code == 200
    assert broken() == []


# --- asks --------------------------------------------------------------------------------------------------------


def test_an_ask_from_the_office_to_the_delivery(client: Any, supply: Supply) -> None:
    sign_in(client, Role.PROMOTION_STAFF)
    start = f"/office/asks/new?producer={supply.producer.slug}&quantity-{supply.hen.id}=12&point={supply.point.slug}"
    wrong = client.fill(start, form="/office/asks/new", reason="Hội chợ", wanted_on=in_days(6).isoformat())
    assert wrong.status_code == 422
    assert "mua đứt hay ký gửi" in text_of(wrong)
    assert 'value="12"' in text_of(wrong)
    cost = {f"cost-{supply.hen.id}": "90.000"}
    done = client.fill(
        start, form="/office/asks/new", reason="Hội chợ", wanted_on=in_days(6).isoformat(), terms="purchase", **cost
    )
    assert done.status_code == 303
    reference = done.location.rpartition("/")[2]
    assert "chưa khai năng lực" in text_of(client.get(f"/office/asks/{reference}"))
    line = asks_read.lines(row(reference).id)[0].line_id
    sign_in(client, (Role.PRODUCER_PACKING, supply.scope))
    address = f"/producer/asks/{reference}"
    assert reference in text_of(client.get("/producer/asks"))
    assert "Đề nghị chờ trả lời" in text_of(client.get("/producer"))
    silent = client.fill(address, form=address)
    assert silent.status_code == 422
    assert "Hãy trả lời từng dòng" in text_of(silent)
    fewer = {f"reply-{line}": "changed", f"quantity-{line}": "8", f"refusal-{line}": "chỉ còn tám"}
    assert client.fill(address, form=address, note="xin lỗi", **fewer).status_code == 303
    sign_in(client, Role.PROMOTION_STAFF)
    assert client.fill(f"/office/asks/{reference}", form=f"/office/asks/{reference}/agree").status_code == 303
    found = row(reference)
    assert found.status is A.ACCEPTED
    [goods] = receipts_read.lines(found.delivery_id or 0)
    assert (goods.quantity, goods.unit_cost_amount) == (8, 90_000)
    for name in ("csv", "xlsx"):
        assert client.get(f"/office/asks?format={name}").status_code == 200
    assert broken() == []


def test_an_ask_answered_in_another_window(member: Any, supply: Supply) -> None:
    reference = supply.ask()
    address = f"/producer/asks/{reference}"
    lines = [line.line_id for line in asks_read.lines(row(reference).id)]
    token = member.token(address)
    asks.withdraw(OFFICE, reference, "thôi", key())
    data = {"csrf_token": token, "op_key": key()} | {f"reply-{line}": "accepted" for line in lines}
    late = member.post(address, data=data)
    assert late.status_code == 409
    assert "ask-moved-on" in text_of(late)
    assert session().query(Delivery).count() == 0


def test_withdrawing_needs_a_reason(office: Any, supply: Supply) -> None:
    reference = supply.ask()
    address = f"/office/asks/{reference}"
    assert office.fill(address, form=address + "/withdraw").status_code == 422
    assert office.fill(address, form=address + "/withdraw", reason="đủ hàng rồi").status_code == 303
    assert row(reference).status is A.WITHDRAWN


def test_who_only_reads_cannot_ask(client: Any, supply: Supply) -> None:
    reference = supply.ask()
    sign_in(client, Role.ORDER_DESK)
    assert client.get("/office/asks").status_code == 403
    assert client.get("/office/capacity").status_code == 403
    sign_in(client, (Role.PROMOTION_STAFF, f"point:{supply.store.id}"))
    assert client.get(f"/office/asks/{reference}").status_code == 404
    assert reference not in text_of(client.get("/office/asks"))


# --- deliveries --------------------------------------------------------------------------------------------------


def test_an_offer_is_accepted_by_the_point_and_leaves(client: Any, supply: Supply) -> None:
    sign_in(client, (Role.PRODUCER_MEMBER, supply.scope))
    form = {
        "point": supply.point.slug, "terms": "consignment", "brings_on": in_days(3).isoformat(),
        f"quantity-{supply.hen.id}": "40",
    }  # fmt: skip
    address = "/producer/deliveries/new"
    wrong = client.fill(address, form=address, **(form | {"brings_on": in_days(-1).isoformat()}))
    assert wrong.status_code == 422
    assert 'value="40"' in text_of(wrong)
    assert supply.store.slug not in text_of(client.get(address)), "not to oneself"
    done = client.fill(address, form=address, **form)
    assert done.status_code == 303
    reference = done.location.rpartition("/")[2]
    keeper = (Role.POINT_KEEPER, f"point:{supply.point.id}")
    sign_in(client, keeper)
    assert "Cơ sở báo giao, chờ nhận lời" in text_of(client.get("/office"))
    offer = f"/office/announcements/{reference}"
    assert client.fill(offer, form=offer + "/refuse").status_code == 422
    accepted = client.fill(offer, form=offer + "/accept")
    assert accepted.status_code == 303
    delivery = accepted.location.rpartition("/")[2]
    sign_in(client, (Role.PRODUCER_MEMBER, supply.scope))
    mine = f"/producer/deliveries/{delivery}"
    line = receipts_read.lines(session().query(Delivery).one().id)[0].line_id
    over = client.fill(mine, form=mine + "/left", **{f"quantity-{line}": "41", f"lot-{line}": "G7"})
    assert over.status_code == 409
    assert 'value="G7"' in text_of(over)
    left = {f"quantity-{line}": "40", f"lot-{line}": "G7", f"expires_on-{line}": in_days(20).isoformat()}
    assert client.fill(mine, form=mine + "/left", note="xe 14C", **left).status_code == 303
    assert session().query(Departure).count() == 1
    assert client.fill(mine, form=mine + "/day", expected_on=in_days(3).isoformat(), reason="mưa").status_code == 422
    assert client.fill(mine, form=mine + "/day", expected_on=in_days(4).isoformat(), reason="mưa").status_code == 303
    assert session().query(DeliveryDay).one().to_on == in_days(4)
    sign_in(client, keeper)
    page = text_of(client.get(f"/office/receipts/{delivery}"))
    assert 'value="G7"' in page, "the keeper finds the lot filled in"
    assert "xe 14C" in page
    got = client.fill(
        f"/office/receipts/{delivery}", form=f"/office/receipts/{delivery}/receive",
        **{f"quantity-{line}": "38", f"refused-{line}": "2", f"reason-{line}": "dập"},
    )  # fmt: skip
    assert got.status_code == 303
    sign_in(client, (Role.PRODUCER_MEMBER, supply.scope))
    assert "dập" in text_of(client.get(mine))
    assert session().query(StockLevel).one().owner == supply.scope
    assert broken() == []


def test_an_offer_taken_back_and_one_at_both_ends_at_once(app: Any, member: Any, supply: Supply, together: Any) -> None:
    def offer() -> str:
        return announcements.announce(
            MAKER, supply.producer.id, supply.point.id, Terms.PURCHASE, in_days(2), {supply.hen.id: 3}, op_key=key()
        )

    reference = offer()
    address = f"/producer/deliveries/announced/{reference}"
    assert member.fill(address, form=address + "/withdraw", reason="hết gà").status_code == 303
    assert session().query(Announcement).one().status is N.WITHDRAWN
    second = offer()
    session().rollback()
    acts = [
        lambda: announcements.accept(OFFICE, second, key()),
        lambda: announcements.withdraw(MAKER, second, "thôi", key()),
        lambda: announcements.accept(OFFICE, second, key()),
    ]
    errors = sorted(type(o.error).__name__ for o in together(app, acts))
    assert errors == ["AnnouncementMovedOn", "AnnouncementMovedOn", "NoneType"]
    assert session().query(Delivery).count() in (0, 1)
    assert broken() == []


# --- who may see what --------------------------------------------------------------------------------------------


def test_other_producers_find_nothing(client: Any, supply: Supply) -> None:
    own_store.make(MAKER, supply.producer.id, supply.store.id, supply.hen.id, 9, lot_code="G1", op_key=key())
    level = session().query(StockLevel).one().id
    reference = supply.ask()
    offer = announcements.announce(
        MAKER, supply.producer.id, supply.point.id, Terms.PURCHASE, in_days(2), {supply.hen.id: 3}, op_key=key()
    )
    delivery = receipts.expect(
        OFFICE,
        supply.producer.id,
        supply.point.id,
        Terms.PURCHASE,
        in_days(1),
        {supply.hen.id: Wanted(5)},
        op_key=key(),
    )
    harvest = plans.expect(
        MAKER, supply.producer.id, supply.hen.product_id, None, Expects(1, 2, in_days(1), in_days(1)), key()
    )
    plans.state(MAKER, supply.producer.id, supply.hen.product_id, None, Makes(5, Per.WEEK, in_days(0)), key())
    product = slug(supply)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{supply.other.id}"))
    for page in (
        f"/producer/stock/levels/{level}", f"/producer/asks/{reference}", f"/producer/deliveries/{delivery}",
        f"/producer/deliveries/announced/{offer}", f"/producer/harvests/{harvest}", f"/producer/capacity/{product}",
        f"/producer/capacity/{product}/state", f"/producer/capacity/{product}/season",
        f"/producer/capacity/{product}/harvest",
    ):  # fmt: skip
        assert client.get(page).status_code == 404, page
    data = {"csrf_token": client.token("/producer/stock"), "op_key": key(), "reason": "xx", "counted": "1", "seen": "9"}
    statement = session().query(Capacity).one().id
    for page in (
        f"/producer/stock/levels/{level}/count", f"/producer/stock/levels/{level}/write-off",
        f"/producer/asks/{reference}", f"/producer/deliveries/{delivery}/day", f"/producer/deliveries/{delivery}/left",
        f"/producer/deliveries/announced/{offer}/withdraw", f"/producer/harvests/{harvest}",
        f"/producer/capacity/{product}/state", f"/producer/capacity/{product}/season",
        f"/producer/capacity/{product}/harvest", f"/producer/capacity/{product}/statements/{statement}/end",
    ):  # fmt: skip
        assert client.post(page, data=data).status_code == 404, page
    for page in ("/producer/stock/new", "/producer/deliveries/new", "/producer/stock/want-store"):
        assert client.post(page, data=data | {"producer": supply.producer.slug}).status_code == 404, page
    for page in ("stock", "stock/made", "asks", "deliveries", "deliveries/announced", "capacity", "deliveries/new"):
        shown = text_of(client.get(f"/producer/{page}"))
        assert not [w for w in (reference, offer, delivery, "Gà Tiên Yên", "G1") if w in shown], page
    sign_in(client, (Role.PRODUCER_MONEY, supply.scope))
    for page in ("stock", "asks", "deliveries", "capacity"):
        assert client.get(f"/producer/{page}").status_code == 403


def test_goods_of_others_have_no_page_here(member: Any, supply: Supply) -> None:
    shops = factories.put_in(supply.hen, supply.store, 5)
    away = factories.put_in(supply.hen, supply.point, 5, owner=supply.scope)
    assert member.get(f"/producer/stock/levels/{shops}").status_code == 404
    page = text_of(member.get(f"/producer/stock/levels/{away}"))
    assert "/count" not in page
    assert "điểm bán đếm" in page


def test_pages_take_few_queries(client: Any, supply: Supply) -> None:
    for n in range(8):
        more = factories.make_variant(f"Gà {n}", producer=supply.producer)
        own_store.make(MAKER, supply.producer.id, supply.store.id, more.id, 9, lot_code="G1", op_key=key())
        plans.state(MAKER, supply.producer.id, more.product_id, None, Makes(5, Per.WEEK, in_days(0)), key())
        reference = supply.ask({more.id: 2})
        asks.answer(
            MAKER, reference, {asks_read.lines(row(reference).id)[0].line_id: Answer(Reply.ACCEPTED)}, op_key=key()
        )
    assert session().query(SupplyAsk).count() == 8
    session().rollback()
    sign_in(client, (Role.PRODUCER_OWNER, supply.scope))
    for page in ("stock", "stock/made", "capacity", "asks", "deliveries"):
        with statements() as seen:
            assert client.get(f"/producer/{page}").status_code == 200
        assert len(seen) <= 8, (page, str(seen))
    sign_in(client, Role.PROMOTION_STAFF)
    for page in ("asks", "asks/low", "announcements", "capacity", "capacity/harvests", "capacity/seasons"):
        with statements() as seen:
            assert client.get(f"/office/{page}").status_code == 200
        assert len(seen) <= 8, (page, str(seen))
        if page != "asks/low":
            assert client.get(f"/office/{page}?format=csv").status_code == 200
