"""The pages of sharing as staff use them without JavaScript, and what a keeper sees."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.demand import needs, wording
from shop.demand.models.sharing import PlanState, SharingLine, SharingPlan
from shop.demand.needs import WEB, Source
from shop.demand.queries import sharing
from shop.kernel import clock, jobs
from shop.kernel.db import session, transaction
from shop.orders.models import PaymentMethod
from shop.orders.services import DraftLine, counter
from shop.points.models import PointKind
from shop.stock.services import counter as goods
from shop.transfers.models import Transfer
from tests import factories
from tests.demand.shares import STAFF, Market, broken, fresh, key, make_market
from tests.people import sign_in

HERE = "/office/sharing"


@pytest.fixture
def scarce(ctx) -> Market:
    return make_market()


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


@pytest.fixture
def office(client: Any, scarce: Market) -> Any:
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def sold(variant: Any, point: Any, units: int, days_ago: int = 0) -> None:
    """A sale at a counter, so many days ago by its clock, the goods with it."""
    from shop.catalog.models import Price

    price = session().query(Price).filter_by(variant_id=variant.id).first()
    number = f"A9-{key()[-6:]}"
    at = clock.now() - timedelta(days=days_ago)
    line = DraftLine(
        variant_id=variant.id, producer_id=None, sku=variant.sku, name="Chả mực", pack=variant.pack, quantity=units,
        unit_price_amount=price.amount, price_id=price.id, certificate_required=False, certificate_id=None, is_alcohol=False,
        cold="none", weight_g=variant.weight_g,
    )  # fmt: skip
    with transaction():
        counter.record(
            STAFF, counter.CounterSale(number, "x", key(), "x", point.id, [line], 0, PaymentMethod.CASH, False, at, at)
        )
        goods.sell(
            STAFF,
            point.id,
            [goods.Want(variant.id, units)],
            reference=f"order:{number}:1",
            shortage=number,
            op_key=key(),
        )


# --- needs -------------------------------------------------------------------------------------------------------


def test_the_pace_counts_days_with_goods_alone(scarce: Market):
    """Ten came and went ten days ago: ten in a day with goods, and a shelf that has been empty since."""
    from shop.stock.models import StockLevel, StockMovement

    factories.put_in(scarce.squid, scarce.north, 10)
    sold(scarce.squid, scarce.north, 10, days_ago=10)
    with transaction() as s:
        levels = s.query(StockLevel.id).filter_by(point_id=scarce.north.id)
        s.query(StockMovement).filter(StockMovement.level_id.in_(levels)).update(
            {"at": clock.now() - timedelta(days=10)}, synchronize_session=False
        )
    found = {n.place: n for n in needs.needs(2, [scarce.squid.id], [scarce.north.id, scarce.south.id])}
    here = found[scarce.north.id]
    assert (here.source, here.per_week, here.empty_days) == (Source.PACE, 70.0, 10)
    assert here.low < here.middle < here.high and here.middle == pytest.approx(140, rel=0.2)
    assert found[scarce.south.id].source is Source.TARGET and found[scarce.south.id].middle == 20
    assert found[scarce.south.id].empty_days == 0  # never carried is not empty


def test_a_point_that_closes_needs_its_days_alone_and_a_fair_what_fairs_sold(scarce: Market):
    today = clock.today()
    before = factories.make_point("Hội chợ cũ", kind=PointKind.FAIR, opened_on=today - timedelta(days=40),
                                  closed_on=today - timedelta(days=35))  # fmt: skip
    coming = factories.make_point("Hội chợ OCOP", kind=PointKind.FAIR, opened_on=today + timedelta(days=3),
                                  closed_on=today + timedelta(days=8))  # fmt: skip
    closing = factories.make_point("Sắp đóng", closed_on=today + timedelta(days=7))
    for point in (before, closing):
        factories.put_in(scarce.squid, point, 20)
    sold(scarce.squid, before, 20, days_ago=38)
    sold(scarce.squid, closing, 6)
    found = {n.place: n for n in needs.needs(4, [scarce.squid.id], [coming.id, closing.id, before.id])}
    assert found[coming.id].source is Source.FAIRS
    assert found[coming.id].per_week == 28.0  # 20 in five days
    assert found[coming.id].middle == pytest.approx(20, rel=0.3)
    assert found[closing.id].middle == pytest.approx(42, rel=0.3)  # a week of it, not four
    assert before.id not in found


def test_a_fairground_without_days_needs_nothing_and_is_not_offered(scarce: Market) -> None:
    """Nobody sells there until the next fair has a date; one that is open and has no end yet lasts a week."""
    ground = factories.make_point("Cung hội chợ", kind=PointKind.FAIR)
    today = clock.today()
    before = factories.make_point("Hội chợ cũ", kind=PointKind.FAIR, opened_on=today - timedelta(days=40),
                                  closed_on=today - timedelta(days=35))  # fmt: skip
    running = factories.make_point("Hội chợ này", kind=PointKind.FAIR, opened_on=today - timedelta(days=2))
    sold(scarce.squid, before, 20, days_ago=38)
    found = {n.place: n for n in needs.needs(4, [scarce.squid.id], [ground.id, running.id])}
    assert ground.id not in found
    assert found[running.id].middle == pytest.approx(20, rel=0.35)  # five more days
    offered = {p.id for p in sharing.usual_places(4)}
    assert ground.id not in offered
    assert running.id in offered


def test_whoever_knows_better_says_so(scarce: Market, monkeypatch: pytest.MonkeyPatch):
    for name in ("_waiting", "_asks", "_forecasts"):
        monkeypatch.setattr(needs, name, [])
    needs.waiting_from(lambda variants, places: {(scarce.squid.id, WEB): 9})
    needs.asks_from(lambda variants, places, since: {(scarce.squid.id, scarce.north.id): 4})
    needs.forecast_from(lambda weeks, variants, places: {(scarce.squid.id, scarce.north.id): (10.0, 22.0, 40.0)})
    found = {n.place: n for n in needs.needs(4, [scarce.squid.id], [scarce.north.id, scarce.south.id, WEB])}
    assert (found[WEB].waiting, found[WEB].middle) == (9, 0.0)
    north = found[scarce.north.id]
    assert (north.source, north.low, north.middle, north.high, north.asks) == (Source.FORECAST, 10, 22, 40, 4)
    reference = scarce.plan()
    line = fresh().query(SharingLine).filter_by(point_id=None).one()
    assert line.units >= 9  # people who wait come first
    assert reference in {p.reference for p in session().query(SharingPlan)}


def test_the_reason_in_words(app: Any):
    why = {
        "source": "pace", "per_week": 22.0, "empty_days": 3, "waiting": 9, "asks": 0, "there": [0, 0], "low": 10, "middle": 22,
        "high": 30, "floor": 45.0,
    }  # fmt: skip
    with app.test_request_context("/"):
        told = wording.explain("Móng Cái", 40, why)
        assert told == "Móng Cái nhận 40: bán 22 mỗi tuần, hết hàng 3 trong 14 ngày, 9 đơn vị có người chờ"
        assert wording.short(why, 40) == "dưới sàn công bằng 5 đơn vị"
        assert wording.short(why, 45) == ""
    from flask_babel import force_locale

    with app.test_request_context("/"), force_locale("en"):
        assert (
            wording.explain("Móng Cái", 40, why) == "Móng Cái gets 40: sells 22 a week, empty 3 days of 14, waiting 9"
        )


# --- pages -------------------------------------------------------------------------------------------------------


def test_from_scarce_goods_to_approved_transfers(office: Any, scarce: Market):
    factories.put_in(scarce.squid, scarce.north, 30)
    sold(scarce.squid, scarce.north, 30)
    fresh()
    page = text_of(office.get(f"{HERE}/new"))
    assert "Chả mực Hạ Long" not in page  # 30 in eight weeks: the 30 of the warehouse are enough
    for _ in range(5):
        factories.put_in(scarce.squid, scarce.north, 30)
        sold(scarce.squid, scarce.north, 30)
    page = text_of(office.get(f"{HERE}/new?weeks=4"))
    assert "Chả mực Hạ Long" in page and "Trà hoa vàng" not in page
    made = office.fill(f"{HERE}/new", form=HERE)
    assert made.status_code == 303
    address = made.headers["Location"]
    waiting = text_of(office.get(address))
    assert "Đang tính" in waiting
    assert office.get(f"{address}/progress").json == {"done": 0, "total": None, "working": True}
    jobs.dispatch()
    page = text_of(office.get(address))
    assert "Móng Cái nhận" in page and "mỗi tuần" in page
    assert "Chia đều theo tỷ lệ" in page and "chart-rank" in page
    english = text_of(office.get(f"/en{address}"))
    assert "Móng Cái gets" in english and "In proportion to need" in english
    line = fresh().query(SharingLine).filter_by(point_id=scarce.north.id).one()
    field, had = f"n-{line.id}", line.units
    wrong = office.fill(address, form=f"{address}/lines", **{field: "31"})
    assert wrong.status_code == 422
    assert 'value="31"' in text_of(wrong) and "chỉ có 30" in text_of(wrong)
    assert office.fill(address, form=f"{address}/lines", **{field: "nhiều"}).status_code == 422
    assert office.fill(address, form=f"{address}/lines", **{field: str(had - 2)}).status_code == 303
    page = text_of(office.get(address))
    assert f"máy tính: {had}" in page
    assert "Sau khi sửa tay" in page and "Máy tính đề nghị" in page and "Cách chia này</th>" not in page
    assert office.fill(address, form=f"{address}/approve").status_code == 303
    page = text_of(office.get(address))
    assert "Đã duyệt" in page and 'data-testid="approve"' not in page
    for transfer in fresh().query(Transfer):
        assert transfer.reference in page
    assert "Chừa khỏi bán trên mạng" in page and "đến khi đóng gói" in page
    for kind in ("csv", "xlsx"):
        assert office.get(f"{address}?format={kind}").status_code == 200
    assert "Móng Cái nhận" in office.get(f"{address}?format=csv").get_data().decode("utf-8")
    assert "Chia hàng" in text_of(office.get(HERE)) and address.rsplit("/", 1)[1] in text_of(office.get(HERE))
    assert broken() == []


def test_a_stale_plan_offers_to_work_it_out_again(office: Any, scarce: Market):
    from shop.stock import services as stock
    from shop.stock.services import Take

    address = f"{HERE}/{scarce.plan()}"
    with transaction():
        stock.take("order:A", [Take(scarce.level, 9)])
    refused = office.fill(address, form=f"{address}/approve")
    assert refused.status_code == 409
    assert "Tính lại" in text_of(refused) and "chỉ còn 21" in text_of(refused)
    again = office.fill(address, form=f"{address}/again")
    assert again.status_code == 303
    jobs.dispatch()
    page = text_of(office.get(again.headers["Location"]))
    assert "hàng chia được 30 → 21" in page
    assert "Đã có bản mới" in text_of(office.get(address))


def test_nonsense_keeps_what_was_typed(office: Any, scarce: Market):
    form = {
        "weeks": "0", "floor": "200", "trip": "x", "skus": f"{scarce.squid.sku} KHONG-CO", "goods": str(scarce.squid.id),
        f"carton-{scarce.squid.id}": "0",
    }  # fmt: skip
    answer = office.fill(f"{HERE}/new", form=HERE, **form)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "KHONG-CO" in page and 'value="x"' in page and "số nguyên" in page
    answer = office.fill(f"{HERE}/new", form=HERE, **(form | {"trip": "1", "skus": scarce.squid.sku}))
    page = text_of(answer)
    assert answer.status_code == 422
    assert 'value="200"' in page and "từ 1 đến 8" in page and "từ 0 đến 100" in page and "từ 1 đến 1000" in page
    english = text_of(office.fill(f"/en{HERE}/new", form=f"/en{HERE}", **(form | {"trip": "1", "skus": ""})))
    assert "between 1 and 8" in english
    nothing = office.fill(f"{HERE}/new", form=HERE, goods=None, skus="")
    assert nothing.status_code == 422 and "ít nhất một mặt hàng" in text_of(nothing)
    assert fresh().query(SharingPlan).count() == 0
    assert office.get(f"{HERE}/S-KHONG-CO").status_code == 404
    assert office.post(f"{HERE}/S-KHONG-CO/again").status_code in (400, 403, 404)


def test_goods_by_sku_and_nothing_scarce(office: Any, scarce: Market):
    page = text_of(office.get(f"{HERE}/new"))
    assert "Không có mặt hàng nào thiếu" in page
    made = office.fill(f"{HERE}/new", form=HERE, skus=f"{scarce.tea.sku.lower()}\n{scarce.squid.sku}")
    assert made.status_code == 303
    plan = fresh().query(SharingPlan).one()
    assert {v for v, _n in plan.inputs["wanted"]["cartons"]} == {scarce.squid.id, scarce.tea.id}
    assert plan.inputs["wanted"]["places"][0] == WEB


def test_a_keeper_reads_his_own_lines_of_approved_plans(client: Any, scarce: Market):
    from shop.demand.services import sharing

    sign_in(client, (Role.POINT_KEEPER, f"point:{scarce.north.id}"))
    reference = scarce.plan()
    assert client.get(f"{HERE}/{reference}").status_code == 404
    assert reference not in text_of(client.get(HERE))
    sharing.approve(STAFF, reference, 0, key(), may_approve_transfers=True)
    page = text_of(client.get(f"{HERE}/{reference}"))
    assert "Móng Cái nhận" in page and "Hải Phòng nhận" not in page
    assert 'name="n-' not in page and 'data-testid="approve"' not in page and "Chia đều" not in page.split("<main")[0]
    assert "Hải Phòng nhận" not in client.get(f"{HERE}/{reference}?format=csv").get_data().decode("utf-8")
    assert reference in text_of(client.get(HERE))
    assert client.get(f"{HERE}/new").status_code == 404 or client.get(f"{HERE}/new").status_code == 403
    sign_in(client, (Role.POINT_KEEPER, f"point:{scarce.warehouse.id}"))
    assert client.get(f"{HERE}/{reference}").status_code == 404


def test_a_plan_is_given_up(office: Any, scarce: Market):
    reference = scarce.plan()
    address = f"{HERE}/{reference}"
    assert office.fill(address, form=f"{address}/withdraw").status_code == 303
    assert fresh().query(SharingPlan).one().state is PlanState.WITHDRAWN
    page = text_of(office.get(address))
    assert not re.search(r'data-testid="(again|approve|withdraw)"', page)
