"""The report of a producer: what counts as sold, where, beside what came before; days without goods; nothing of buyers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.demand.models.unmet import Channel, Kind
from shop.demand.services import unmet
from shop.demand.services.unmet import Wish
from shop.kernel import clock
from shop.kernel.db import is_sqlite, session, transaction
from shop.orders.models import Fulfilment, FulfilmentStatus, Order, OrderLine, OrderStatus
from shop.pages import sales, spans
from shop.points.models import PointKind
from shop.producers.models import PaperKind
from shop.producers.services import papers
from shop.stock.models import StockMovement
from tests import factories
from tests.people import sign_in
from tests.producers.conftest import hand_in
from tests.rights import House
from tests.statements import count, statements

TODAY = clock.today()
MONTH = spans.Span(TODAY.strftime("%Y-%m"), TODAY.replace(day=1), clock.add_months(TODAY.replace(day=1), 1))


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    with app.app_context():
        factories.make_places()
        yield House(app, "A", "06661")


def placed(house: House, at: datetime | None = None, **changes: Any) -> Order:
    """An order of two packs at 120.000 ₫, placed then."""
    order = house.place()
    values = changes | ({"placed_at": at} if at else {})
    if values:
        with transaction() as s:
            s.execute(update(Order).where(Order.id == order.id).values(**values))
    return order


def read(house: House, span: spans.Span = MONTH) -> sales.Sales:
    session().rollback()
    session().expire_all()
    return sales.sales(house.producer.id, span, sales.packs(house.producer.id), TODAY)


def noon(day: date) -> datetime:
    return clock.start_of(day) + timedelta(hours=12)


def test_what_counts_as_sold(house: House) -> None:
    placed(house)
    placed(house, status=OrderStatus.CANCELLED)
    placed(house, status=OrderStatus.AWAITING_PAYMENT)
    back = placed(house)
    with transaction() as s:
        s.execute(update(Fulfilment).where(Fulfilment.order_id == back.id).values(status=FulfilmentStatus.RETURNED))
    before = spans.Span(spans.OWN, MONTH.before(TODAY).start, MONTH.before(TODAY).end)
    placed(house, noon(before.start))
    placed(house, clock.start_of(MONTH.start) - timedelta(days=400))
    found = read(house)
    assert (found.total.units, found.total.amount) == (2, 240_000)
    assert (found.total.units_before, found.total.amount_before) == (2, 240_000)
    assert found.total.percent == 0
    assert [(pack.sku, f.units) for pack, f in found.packs] == [(house.variant.sku, 2)]
    assert [(name, f.amount) for name, f in found.channels] == [("Trên mạng", 240_000)]
    assert [name for name, _f in found.places] == ["Phường Hạ Long"]


def test_what_was_refused_is_not_sold(house: House) -> None:
    order = placed(house)
    with transaction() as s:
        s.execute(update(OrderLine).where(OrderLine.order_id == order.id).values(refused_quantity=1))
    found = read(house)
    assert (found.total.units, found.total.amount) == (1, 120_000)


def test_the_edges_of_a_month_are_vietnamese_midnights(house: House) -> None:
    start = clock.start_of(MONTH.start)
    placed(house, start)
    placed(house, start - timedelta(seconds=1))
    found = read(house)
    # While the month runs, the one before is read to the same day only.
    assert (found.total.units, found.total.units_before) == (2, 2 if MONTH.before(TODAY).end == MONTH.start else 0)
    whole = sales.sales(
        house.producer.id, spans.Span(spans.OWN, MONTH.start - timedelta(days=1), MONTH.start), {}, TODAY
    )
    assert whole.total.units == 2
    trend = sales.trend(house.producer.id, TODAY, TODAY)
    assert [m.figures.units for m in trend[-2:]] == [2, 2]
    assert trend[-1].figures.units_before == 2
    assert not trend[-1].is_over
    assert len(trend) == sales.TREND


def test_other_provinces_are_named_whole_and_counters_by_their_point(house: House) -> None:
    placed(house, province_code="01", province_name="Hà Nội", commune_code="00004", commune_name="Phường Ba Đình")
    device = house.till  # has sold three packs of its own at the point, a cash sale
    assert device.code
    found = read(house)
    assert {name for name, _f in found.places} == {"Thành phố Hà Nội", "Phường Hạ Long"}
    assert {name: f.units for name, f in found.channels} == {"Trên mạng": 2, "Điểm bán": 3}
    with transaction() as s:
        s.get(type(house.point), house.point.id).kind = PointKind.FAIR
    assert {name for name, _f in read(house).channels} == {"Trên mạng", "Hội chợ"}


def test_what_a_counter_takes_back_is_taken_off(house: House) -> None:
    device = house.till
    few = session().query(OrderLine).filter(OrderLine.quantity == 3).one()
    sold = read(house).total
    device.send(
        device.back(
            f"{device.code}-000001",
            {"line": 1, "variant_id": few.variant_id, "quantity": 1, "restock": True},
            amount=120_000,
        )
    )
    left = read(house).total
    assert (sold.units - left.units, sold.amount - left.amount) == (1, 120_000)


def test_days_out_of_stock_follow_from_the_movements(house: House) -> None:
    """In on day 2 of ten, sold out on day 4: days 1 and 5 to 10 are days without goods; the days of moving are not."""
    span = spans.Span(spans.OWN, TODAY - timedelta(days=9), TODAY + timedelta(days=1))
    level = house.level
    with transaction() as s:
        s.execute(update(Product).values(published_at=noon(span.start - timedelta(days=90))))
        (came,) = s.query(StockMovement).filter_by(level_id=level)
        came.at = noon(span.start + timedelta(days=1))
        gone = StockMovement(
            level_id=level, kind="write_off", quantity=-60, balance=0, reason="thử", actor_key="system", actor_label="x",
            op_key="gone", at=noon(span.start + timedelta(days=3)),
        )  # fmt: skip
        s.add(gone)
        s.execute(update(sales.StockLevel).values(on_hand=0))
    known = sales.packs(house.producer.id)
    (found,) = sales.out_of_stock(known, span, TODAY)
    assert (found.days, found.counted) == (7, 10)
    assert found.percent == 70
    # Only from the day it was shown; not at all where it is not sold on the web.
    with transaction() as s:
        s.execute(update(Product).values(published_at=noon(span.start + timedelta(days=7))))
    (found,) = sales.out_of_stock(sales.packs(house.producer.id), span, TODAY)
    assert (found.days, found.counted) == (3, 3)
    with transaction() as s:
        s.execute(update(Product).values(state="hidden"))
    assert sales.out_of_stock(sales.packs(house.producer.id), span, TODAY) == []


def test_asks_and_certificates(house: House) -> None:
    device = house.till
    device.send(device.event("ask", {"variant_id": house.variant.id, "words": None, "quantity": 4}))
    for words, n in (("cá thu", 7), ("riêng tôi", 1), ("gọi 0912 345 678", 9)):
        for i in range(n):
            unmet.record(Wish(Kind.SEARCH_NOTHING, Channel.WEB, words=words), once=f"{words}:{i}")
    assert [(a.times, a.units) for a in sales.asks(house.producer.id, MONTH)] == [(1, 4)]
    # Not what one person alone asked, and nothing that may name one.
    assert [(a.what, a.times) for a in sales.wishes(MONTH)] == [("cá thu", 7)]
    factories.make_certificate(house.variant, expires_on=TODAY + timedelta(days=100))
    factories.make_certificate(
        house.variant, issued_on=TODAY - timedelta(days=900), expires_on=TODAY - timedelta(days=1)
    )
    (paper,) = sales.papers(house.producer.id, TODAY)
    assert (paper.left, paper.state) == (100, "warn")
    # His own papers too, the newest of each; nothing is said of one without an end.
    whose = papers.Owner(producer_id=house.producer.id)
    old = hand_in(whose, PaperKind.FOOD_SAFETY, ends=20)
    hand_in(whose, PaperKind.FOOD_SAFETY, ends=70, replaces=old, number="02/2026")
    hand_in(whose, PaperKind.REGISTRATION, ends=None)
    hand_in(whose, PaperKind.TRADEMARK, ends=10, accept=False)
    food, certificate = sales.papers(house.producer.id, TODAY)
    assert (food.kind, food.about, food.number, food.left, food.state) == (
        "Giấy chứng nhận an toàn thực phẩm", "", "02/2026", 70, "ok",
    )  # fmt: skip
    assert certificate == paper
    assert sales.papers(house.producer.id + 1, TODAY) == []


def test_the_page_its_files_and_what_they_never_hold(app: Flask, client: Any, house: House) -> None:
    order = placed(house)
    sign_in(client, (Role.PRODUCER_MONEY, f"producer:{house.producer.id}"))
    page = client.get("/producer/reports")
    told = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "240.000\u00a0₫" in told
    assert '<svg class="chart-field"' in told
    for secret in ("Bưởi", "912345678", order.reference, "12 Lê Lợi"):
        assert secret not in told
    assert count(lambda: client.get("/producer/reports"), app) <= 14
    for table in ("packs", "channels", "places", "months", "missing", "asks", "papers"):
        answer = client.get(f"/producer/reports?table={table}&format=csv")
        rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
        assert answer.mimetype == "text/csv"
        assert len({len(row) for row in rows}) == 1
        assert "Bưởi" not in str(rows)
        if table == "packs":
            assert rows[1][2:7] == [house.variant.sku, "2", "0", "2", "240000"]
    assert client.get("/producer/reports?table=packs&format=xlsx").data[:2] == b"PK"
    with statements(app) as seen:
        client.get("/producer/reports?table=papers&format=csv")
    assert len(seen) <= 5, seen  # a file reads only its own table


def test_names_that_begin_a_formula_stay_text(client: Any, house: House) -> None:
    placed(house)
    with transaction() as s:
        s.execute(update(Product).values(name='=HYPERLINK("http://x")'))
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{house.producer.id}"))
    told = client.get("/producer/reports?table=packs&format=csv").get_data(as_text=True)
    assert "\"'=HYPERLINK" in told
    assert "&lt;" not in told


def test_wrong_days_are_told_at_their_field_and_kept(client: Any, house: House) -> None:
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{house.producer.id}"))
    answer = client.get("/producer/reports?period=dates&from=2026-05-02&to=2026-05-01")
    told = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Ngày cuối phải sau ngày đầu." in told
    assert 'value="2026-05-02"' in told
    assert client.get("/producer/reports?period=dates&from=2026-04-02&to=2026-05-01").status_code == 200


def test_a_producer_without_goods_has_a_page_too(client: Any, house: House) -> None:
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{house.producer.id}"))
    told = client.get("/producer/reports").get_data(as_text=True)
    assert "Chưa bán được gì" in told
    assert "Cơ sở chưa có sản phẩm nào." in told


def test_who_reads_it(client: Any, house: House) -> None:
    placed(house)
    office, scope = f"/office/producers/{house.producer.slug}", f"producer:{house.producer.id}"
    for role in (Role.PRODUCER_LISTINGS, Role.PRODUCER_PACKING):
        sign_in(client, (role, scope))
        assert client.get("/producer/reports").status_code == 403
    sign_in(client, (Role.PROMOTION_STAFF, "*"))
    assert f'href="{office}/sales"' in client.get(office).get_data(as_text=True)
    assert "240.000" in client.get(f"{office}/sales").get_data(as_text=True)
    sign_in(client, (Role.ORDER_DESK, f"point:{house.point.id}"))
    assert client.get(f"{office}/sales").status_code == 404
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert f'href="{office}/sales"' not in client.get(office).get_data(as_text=True)
    assert client.get(f"{office}/sales").status_code == 403


def test_only_the_producers_own_lines_are_walked(app: Flask, house: House) -> None:
    known = sales.packs(house.producer.id)
    with statements(app) as seen:
        sales.sales(house.producer.id, MONTH, known, TODAY)
        sales.trend(house.producer.id, TODAY, TODAY)
    assert len(seen) == 2
    connection = session().connection()
    if not is_sqlite():  # so few rows are read whole otherwise
        connection.exec_driver_sql("SET enable_seqscan = off")
    explain = "EXPLAIN QUERY PLAN" if is_sqlite() else "EXPLAIN"
    try:
        for one in seen:
            steps = [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {one.text}", one.values)]
            assert any("ix_order_lines_producer_id" in step for step in steps), steps
            walked = [
                step for step in steps for name in ("order_lines", "orders", "fulfilments") if step == f"SCAN {name}"
            ]
            assert walked == []
    finally:
        if not is_sqlite():
            connection.exec_driver_sql("RESET enable_seqscan")
