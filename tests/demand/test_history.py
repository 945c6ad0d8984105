"""From the books to weeks: sold, asked, on the shelf; corrections backwards; history that is brought."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Insert, func, insert, select

from shop.catalog.models import Price
from shop.demand import history
from shop.demand.invariants import forecasts as checks
from shop.demand.models.forecasts import WEB, WHOLE, DemandBuild, DemandWeek, Source
from shop.demand.models.unmet import Channel, Kind
from shop.demand.services import bring, forecasts, unmet
from shop.demand.services.unmet import Wish
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.orders.models import DeliveryKind, FulfilmentStatus, Order, OrderStatus
from shop.points import queries as points
from shop.points.models import Point, PointKind
from shop.stock.models import MovementKind, StockLevel, StockMovement
from tests import factories
from tests.demand.books import at, hold, moves, row, sale, weeks, weeks_ago


@pytest.fixture
def shelf(ctx: Flask) -> tuple:
    """A pack and a counter that sends no parcels."""
    return factories.make_variant(), factories.make_point("Quầy", ships=False, pickup=True)


def test_sold_is_what_was_not_cancelled_refused_or_brought_back(shelf: tuple) -> None:
    variant, counter = shelf
    store = factories.make_point("Kho", kind=PointKind.WAREHOUSE, pickup=False)
    moves(variant, store, [(at(4), 500)])
    moves(variant, counter, [(at(4), 500)])
    sale(variant, store, 5, at(2, 1))
    sale(variant, store, 7, at(2, 2), status=OrderStatus.CANCELLED)
    sale(variant, store, 9, at(2, 3), parcel=FulfilmentStatus.RETURNED)
    sale(variant, store, 4, at(2, 6, 23.9), refused=3)
    sale(variant, counter, 6, at(2), channel="till", kind=DeliveryKind.PICKUP)
    sale(variant, counter, 2, at(1), kind=DeliveryKind.PICKUP)
    forecasts.count_weeks(SYSTEM)
    web, there = row(variant, WEB, 2), row(variant, counter.id, 2)
    assert web and (web.sold, web.asked) == (6, 3), "sent by parcel: the web's, whatever point it left"
    assert there and (there.sold, there.asked) == (6, 0)
    assert row(variant, counter.id, 1).sold == 2
    assert row(variant, store.id, 2) is None, "nobody buys in a warehouse"
    assert list(checks.weeks()) == []


def test_the_audit_sees_a_week_that_is_not_the_orders(shelf: tuple) -> None:
    """`demand.weeks-are-the-orders`."""
    variant, counter = shelf
    moves(variant, counter, [(at(3), 50)])
    placed = sale(variant, counter, 6, at(1), channel="till", kind=DeliveryKind.PICKUP)
    forecasts.count_weeks(SYSTEM)
    with transaction() as s:
        s.get(DemandWeek, (weeks_ago(1), variant.id, counter.id)).sold = 5
    assert any("5 counted, 6 ordered" in line for line in checks.weeks())
    with transaction() as s:  # something has happened to the order since: not the count's fault
        s.get(Order, placed).placed_at = clock.now()
        s.get(DemandWeek, (weeks_ago(1), variant.id, counter.id)).sold = 0
    assert list(checks.weeks()) == []


def test_exposure_is_the_share_of_open_hours_with_goods(shelf: tuple) -> None:
    variant, counter = shelf
    # Goods until Thursday 14:00: three days and half of the fourth (doors 7–21).
    moves(variant, counter, [(at(3), 10), (at(2, 3, 14), -10), (at(1, 1, 21.5), 4)])
    forecasts.count_weeks(SYSTEM)
    assert row(variant, counter.id, 3).exposure == WHOLE
    assert row(variant, counter.id, 2).exposure == round(WHOLE * 3.5 / 7)
    assert row(variant, counter.id, 1).exposure == round(WHOLE * 5 / 7), "came after closing time on Tuesday"
    assert row(variant, counter.id, 2).listed == WHOLE


def test_goods_that_others_hold_are_no_goods(shelf: tuple) -> None:
    variant, counter = shelf
    level = moves(variant, counter, [(at(4), 3)])
    hold(level, 3, at(2), at(1))
    hold(level, 3, at(1, 3, 12), None)
    forecasts.count_weeks(SYSTEM)
    shares = [row(variant, counter.id, n).exposure for n in (3, 2, 1)]
    assert shares == [WHOLE, 0, round(WHOLE * (3 * 14 + 5) / (7 * 14))]


def test_the_web_needs_more_than_the_reserve_at_an_open_point_that_ships(shelf: tuple) -> None:
    variant, _counter = shelf
    a = factories.make_point("A", web_reserve=2)
    b = factories.make_point("B", closed_on=weeks_ago(1))
    moves(variant, a, [(at(4), 5), (at(3), -3)])  # two left: the counter's
    moves(variant, b, [(at(2), 8)])
    forecasts.count_weeks(SYSTEM)
    assert [row(variant, WEB, n).exposure for n in (4, 3, 2, 1)] == [WHOLE, 0, WHOLE, 0]
    assert [row(variant, b.id, n).exposure for n in (2, 1)] == [WHOLE, 0], "closed since last Monday"
    assert row(variant, b.id, 1).listed == 0
    assert row(variant, WEB, 1).listed == WHOLE


def test_lots_past_their_date_or_stopped_are_no_goods(shelf: tuple) -> None:
    variant, counter = shelf
    moves(variant, counter, [(at(4), 5)], expires_on=weeks_ago(2) + timedelta(days=6))
    other = factories.make_variant("Ruốc")
    moves(other, counter, [(at(4), 5)], stopped_at=at(1, 3, 14))
    forecasts.count_weeks(SYSTEM)
    assert [row(variant, counter.id, n).exposure for n in (2, 1)] == [WHOLE, 0]
    assert row(other, counter.id, 1).exposure == round(WHOLE * 3.5 / 7)


def test_corrections_backwards_change_the_weeks_they_speak_of_and_no_frozen_ones(shelf: tuple) -> None:
    variant, counter = shelf
    level = moves(variant, counter, [(at(30), 10)])
    forecasts.count_weeks(SYSTEM)
    assert [row(variant, counter.id, n).exposure for n in (20, 3, 2)] == [WHOLE] * 3
    with transaction() as s:  # it turns out that the goods were gone from three weeks ago, and long before
        s.get(StockLevel, level).on_hand = 0
        for quantity, moment in ((-10, at(20)), (10, at(19)), (-10, at(3))):
            s.execute(correction(level, quantity, moment))
    forecasts.count_weeks(SYSTEM)
    assert [row(variant, counter.id, n).exposure for n in (4, 3, 2, 1)] == [WHOLE, 0, 0, 0]
    assert row(variant, counter.id, 20).exposure == WHOLE, "older weeks stay as they were counted"
    assert session().scalar(select(func.count()).select_from(DemandBuild)) == 2


def correction(level: int, quantity: int, moment: datetime) -> Insert:
    return insert(StockMovement).values(
        level_id=level, kind=MovementKind.ADJUSTMENT, quantity=quantity, balance=0, reason="sửa lùi ngày", actor_key="system",
        actor_label="thử", op_key=f"back-{level}-{moment}-{quantity}", at=moment,
    )  # fmt: skip


def test_counting_twice_changes_nothing_and_a_gap_is_filled(shelf: tuple) -> None:
    variant, counter = shelf
    moves(variant, counter, [(at(40), 10)])
    sale(variant, counter, 3, at(39, 2), channel="till", kind=DeliveryKind.PICKUP)
    first = forecasts.count_weeks(SYSTEM)
    assert first == 40
    assert forecasts.count_weeks(SYSTEM) == 6
    assert forecasts.count_weeks(SYSTEM, everything=True) == 40
    session().rollback()
    assert session().scalar(select(func.count()).select_from(DemandWeek)) == 40
    assert row(variant, counter.id, 39).sold == 3


def test_an_empty_shop_counts_nothing(ctx: Flask) -> None:
    assert forecasts.count_weeks(SYSTEM) == 0
    assert forecasts.make(SYSTEM) is None


def test_fairs_lift_their_province_and_those_called_off_do_not(shelf: tuple) -> None:
    variant, counter = shelf
    held = factories.make_point(
        "Hội chợ A", kind=PointKind.FAIR, opened_on=weeks_ago(3), closed_on=weeks_ago(3) + timedelta(days=3)
    )
    factories.make_point("Hội chợ bị hủy", kind=PointKind.FAIR, opened_on=weeks_ago(2), closed_on=weeks_ago(1))
    factories.make_point("Hội chợ tới", kind=PointKind.FAIR, opened_on=weeks_ago(-4), province_code="22")
    far = factories.make_point("Hà Nội", province_code="01")
    sale(variant, held, 5, at(3, 1), channel="till", kind=DeliveryKind.PICKUP)
    moves(variant, counter, [(at(5), 9)])
    moves(variant, far, [(at(5), 9)])
    forecasts.count_weeks(SYSTEM)
    assert row(variant, counter.id, 3).fair == round(WHOLE * 3 / 7)
    assert row(variant, counter.id, 2).fair == 0, "sold nothing: it was not held"
    assert row(variant, far.id, 3).fair == 0
    assert row(variant, held.id, 3).fair == 0, "the booth itself is no place that a fair comes to"
    ahead = history.fair_shares([weeks_ago(-4)], clock.today())
    assert ahead["22"] == [WHOLE]


def test_prices_are_told_by_the_usual_one(shelf: tuple) -> None:
    variant, counter = shelf
    moves(variant, counter, [(at(20), 9)])
    with transaction() as s:
        s.query(Price).filter_by(variant_id=variant.id).delete()
        for begin, end, amount in ((at(60), at(3), 100_000), (at(3), at(2), 80_000), (at(2), None, 100_000)):
            s.add(Price(variant_id=variant.id, amount=amount, valid_from=begin, valid_to=end, created_by="system"))
    forecasts.count_weeks(SYSTEM)
    assert [row(variant, counter.id, n).price for n in (4, 3, 2)] == [WHOLE, 8000, WHOLE]


def test_asks_that_were_not_met_are_read_as_whole_units(shelf: tuple) -> None:
    """Thousandths become units once the week is added up; what an order or an estimate tells already is not told twice."""
    variant, counter = shelf
    assert history.asked_by_week(weeks_ago(3), weeks_ago(0)) == {}
    when = at(2) + timedelta(days=2)
    for n, (kind, channel, point_id, quantity, named) in enumerate(
        (
            (Kind.TILL_ASKED, Channel.TILL, counter.id, 4, True),
            # Four looks at a tenth each are no unit; sixteen more of the product as a whole make two.
            (Kind.PAGE_SOLD_OUT, Channel.WEB, None, 4, True),
            (Kind.PAGE_SOLD_OUT, Channel.WEB, None, 16, False),
            (Kind.BOOTH_EMPTY, Channel.FAIR, counter.id, 50, True),
            (Kind.REFUSED, Channel.WEB, None, 9, True),
        )
    ):
        wish = Wish(
            kind,
            channel,
            quantity,
            product_id=variant.product_id,
            variant_id=variant.id if named else None,
            point_id=point_id,
            at=when,
        )
        unmet.record(wish, once=f"test:{n}")
    week = history.monday(clock.business_day(when))
    found = history.asked_by_week(week, week + timedelta(weeks=1))
    assert found == {(variant.id, counter.id, week): 4, (variant.id, WEB, week): 2}


@given(
    st.lists(st.tuples(st.integers(0, 21 * 24 - 1), st.integers(-5, 5).filter(bool)), max_size=12),
    st.integers(0, 6),
    st.integers(0, 3),
)
def test_shares_are_those_of_counting_hours(changes: list[tuple[int, int]], start: int, above: int) -> None:
    """Against the plain way: each hour of three weeks looked at by itself."""
    first = weeks_ago(10)
    begin = clock.start_of(first)
    marks = [(begin + timedelta(hours=h), n) for h, n in changes]
    found = history.shares(start, marks, history.mondays(first, first + timedelta(weeks=3)), history.doors_open, above)
    for week in range(3):
        there = sum(
            start + sum(n for h, n in changes if h <= hour) > above
            for hour in range(week * 168, (week + 1) * 168)
            if 7 <= hour % 24 < 21
        )
        assert found[week] == round(WHOLE * there / 98)


# --- brought ------------------------------------------------------------------------------------------------------


def _table(*lines: str, head: str = "sku,place,week,sold,asked,days") -> bytes:
    return "\n".join([head, *lines]).encode()


def test_every_row_that_is_brought_is_taken_or_refused_with_its_reason(shelf: tuple) -> None:
    variant, counter = shelf
    forecasts_weeks = weeks_ago(30).isoformat()
    weeks(variant, counter.id, [3, 4])
    content = _table(
        f"{variant.sku},{counter.slug},{forecasts_weeks},7,2,3.5",
        f"{variant.sku},web,{weeks_ago(30).strftime('%d/%m/%Y')},9,,",
        f"KHONG-CO,web,{forecasts_weeks},9,,",
        f"{variant.sku},o-dau,{forecasts_weeks},9,,",
        f"{variant.sku},web,hôm qua,9,,",
        f"{variant.sku},web,{forecasts_weeks},9,,",
        f"{variant.sku},web,{weeks_ago(29).isoformat()},-4,,",
        f"{variant.sku},web,{weeks_ago(28).isoformat()},4,,9",
        f"{variant.sku},web,{weeks_ago(-2).isoformat()},4,,",
        f"{variant.sku},web,{weeks_ago(400).isoformat()},4,,",
        f"{variant.sku},{counter.slug},{weeks_ago(1).isoformat()},4,,",
    )
    dry = bring.bring(SYSTEM, content, dry=True)
    assert (dry.rows, dry.taken, len(dry.refused)) == (11, 2, 9)
    assert row(variant, WEB, 30) is None
    done = bring.bring(SYSTEM, content)
    assert (done.taken, done.units, done.places) == (2, 16, 2)
    there = row(variant, counter.id, 30)
    assert there and (there.sold, there.asked, there.exposure, there.source) == (7, 2, 5000, Source.BROUGHT)
    assert row(variant, WEB, 30).exposure == WHOLE
    assert row(variant, counter.id, 1).sold == 4, "what the shop counted itself is not touched"
    assert [r.number for r in done.refused] == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    again = bring.bring(SYSTEM, _table(f"{variant.sku},web,{forecasts_weeks},11,,"))
    assert again.taken == 1
    assert row(variant, WEB, 30).sold == 11
    assert bring.take_back(SYSTEM) == 2
    assert row(variant, WEB, 30) is None
    assert row(variant, counter.id, 1) is not None


def test_a_table_without_its_columns_is_refused(shelf: tuple) -> None:
    for content in (_table("a,b", head="sku,place"), b""):
        with pytest.raises(Invalid):
            bring.bring(SYSTEM, content)


def test_what_was_brought_is_not_counted_over(shelf: tuple) -> None:
    variant, counter = shelf
    moves(variant, counter, [(at(3), 5)])
    bring.bring(SYSTEM, _table(f"{variant.sku},{counter.slug},{weeks_ago(3).isoformat()},7,,"))
    forecasts.count_weeks(SYSTEM)
    assert row(variant, counter.id, 3).source == Source.BROUGHT
    assert row(variant, counter.id, 2).source == Source.SHOP
    assert list(checks.weeks()) == []
    points.forget()
    assert session().get(Point, counter.id) is not None
