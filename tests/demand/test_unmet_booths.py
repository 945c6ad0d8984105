"""Booths that ran empty: hours empty during opening times the pace before; only what sold out counts."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from shop.demand.booths import HOUR, LEAST_HOURS, Move, emptiness
from shop.demand.models.unmet import Channel, Kind, UnmetDay
from shop.demand.queries import fairs
from shop.demand.services import booths, unmet
from shop.demand.services.unmet import Wish
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.points.models import PointKind
from shop.points.queries import forget as forget_points
from shop.receipts import services as receipts
from shop.stock.models import MovementKind, StockLevel, StockMovement
from tests.demand.test_unmet import rows, whole
from tests.factories import make_point, make_producer, make_variant, put_in

FIRST = clock.start_of(date(2026, 9, 1)) + timedelta(hours=8)
DAY_1, DAY_2 = ((FIRST + timedelta(days=n), FIRST + timedelta(days=n, hours=10)) for n in range(2))
_numbers = itertools.count(1)


def at(hours: float, quantity: int, *, sold: bool = True) -> Move:
    return Move(FIRST + timedelta(hours=hours), quantity, sold)


def test_the_hours_after_the_last_pack_times_the_pace_before() -> None:
    moves = [at(-2, 40, sold=False), at(1, -20), at(4, -20)]
    found = emptiness(moves, [], DAY_1)
    assert (found.hours, found.pace, found.units) == (6, 10, 60)  # forty in the four hours since opening
    # The day after it is still empty, all of it.
    later = emptiness(moves, [DAY_1], DAY_2)
    assert (later.hours, later.pace) == (10, 10)
    # Goods came in the evening: only the hours before count on that day.
    again = emptiness([*moves, at(24 + 6, 5, sold=False)], [DAY_1], DAY_2)
    assert (again.hours, again.pace) == (6, 40 / 8)


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [at(0, 10, sold=False), at(2, -4)],
        [at(0, 10, sold=False), at(2, -4), at(3, -6, sold=False)],  # carried away
        [at(0, 10, sold=False), at(11, -10)],  # after closing
    ],
)
def test_what_did_not_sell_out_is_not_empty(moves: list[Move]) -> None:
    assert emptiness(moves, [], DAY_1).units == 0


def test_a_first_rush_is_no_pace_for_hours() -> None:
    found = emptiness([at(0, 10, sold=False), at(0.1, -10)], [], DAY_1)
    assert found.pace == 10 / LEAST_HOURS


@given(st.lists(st.tuples(st.integers(-600, 2000), st.integers(-9, 9).filter(bool), st.booleans()), max_size=12))
def test_it_is_never_negative_nor_longer_than_the_day(raw: list[tuple[int, int, bool]]) -> None:
    moves = [Move(FIRST + timedelta(minutes=m), n, sold) for m, n, sold in raw]
    found = emptiness(moves, [DAY_1], DAY_2)
    assert 0 <= found.hours <= (DAY_2[1] - DAY_2[0]) / HOUR
    assert found.pace >= 0
    assert found.units <= found.hours * sum(abs(n) for _m, n, _s in raw) / LEAST_HOURS


@given(st.integers(1, 50), st.floats(1, 9))
def test_a_steady_booth_loses_what_it_would_have_sold(sold: int, hours: float) -> None:
    found = emptiness([at(-1, sold, sold=False), at(hours, -sold)], [], DAY_1)
    assert found.units == pytest.approx(sold / hours * (10 - hours), rel=1e-6)


# --- with a database ---------------------------------------------------------------------------------------------


def move(level_id: int, when: datetime, quantity: int, balance: int, kind: MovementKind = MovementKind.SALE) -> None:
    with transaction() as s:
        s.add(
            StockMovement(
                level_id=level_id, kind=kind, quantity=quantity, balance=balance, reason=None, reference=None,
                actor_key="system", actor_label="x", op_key=f"booth-{next(_numbers)}", at=when,
            )
        )  # fmt: skip
        s.get(StockLevel, level_id).on_hand = balance


@pytest.fixture
def fair(ctx: Flask) -> dict[str, Any]:
    """A booth open 08:00–18:00 for three days up to yesterday: forty packs, gone by noon of the first day."""
    today = clock.today()
    hours = {day: ["08:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    point = make_point(
        "Gian hàng hội chợ", kind=PointKind.FAIR, opened_on=today - timedelta(days=3), closed_on=today, hours=hours
    )
    forget_points()
    variant = make_variant("Chả mực hội chợ", amount=100_000)
    level = put_in(variant, point, 40)
    start = clock.start_of(today - timedelta(days=3)) + timedelta(hours=8)
    with transaction() as s:
        s.query(StockMovement).filter_by(level_id=level).update({"at": start - timedelta(hours=1)})
    move(level, start + timedelta(hours=2), -20, 20)
    move(level, start + timedelta(hours=4), -20, 0)
    return {"point": point, "variant": variant, "level": level, "start": start}


def test_a_booth_that_is_empty_loses_each_day_once(fair: Any) -> None:
    assert booths.look() == 3
    assert booths.look() == 3  # again: the same rows
    found = rows()
    assert [(r.quantity, r.lost_units, r.lost_amount) for r in found] == [
        (60, 60_000, 6_000_000), (100, 100_000, 10_000_000), (100, 100_000, 10_000_000),
    ]  # fmt: skip
    assert {(r.kind, r.channel, r.point_id, r.variant_id) for r in found} == {
        (Kind.BOOTH_EMPTY, Channel.FAIR, fair["point"].id, fair["variant"].id)
    }
    assert [r.day for r in found] == [clock.today() - timedelta(days=n) for n in (3, 2, 1)]
    assert {day.asks for day in session().query(UnmetDay)} == {0}  # nobody was counted
    whole()


def test_who_asked_by_name_is_not_counted_twice(fair: Any) -> None:
    asked = Wish(
        Kind.TILL_ASKED, Channel.FAIR, 7, variant_id=fair["variant"].id, point_id=fair["point"].id,
        at=fair["start"] + timedelta(hours=6),
    )  # fmt: skip
    unmet.record(asked, once="till:1")
    booths.look()
    first = next(r for r in rows() if r.kind is Kind.BOOTH_EMPTY)
    assert first.lost_units == 53_000
    whole()


def test_goods_that_come_to_light_later_put_the_estimate_right(fair: Any) -> None:
    booths.look()
    # A delivery of the first evening was booked late: the booth was not empty on the days after.
    move(fair["level"], fair["start"] + timedelta(hours=10), 50, 50, MovementKind.RECEIPT)
    assert booths.look() == 1
    (left,) = rows()
    assert left.day == clock.today() - timedelta(days=3)
    whole()


def test_shops_are_no_booths(fair: Any) -> None:
    with transaction() as s:
        s.get(type(fair["point"]), fair["point"].id).kind = PointKind.SHOP
    forget_points()
    assert booths.look() == 0
    assert rows() == []


def test_a_hall_without_days_of_its_own_is_no_fair_while_it_sells_nothing(fair: Any) -> None:
    with transaction() as s:
        s.get(type(fair["point"]), fair["point"].id).closed_on = None
    forget_points()
    assert booths.look() == 0
    assert rows() == []


def test_what_its_owner_took_home_is_not_written_off(fair: Any) -> None:
    producer = make_producer()
    level = put_in(fair["variant"], fair["point"], 6, owner=f"producer:{producer.id}")
    receipts.hand_back(SYSTEM, producer.id, fair["point"].id, {level: 4}, taken_by="Ông Ba", op_key="hand-back-test-1")
    booth = next(iter(fairs.past({"*"})))
    assert (booth.taken_home, booth.written_off) == (4, 0)
