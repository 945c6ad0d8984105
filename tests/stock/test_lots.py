"""Stopped lots and lots past their date stay where they are, on every path; the web leaves each point its reserve."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from shop.kernel import clock, invariants, operations
from shop.kernel.actor import SYSTEM
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.events import publish
from shop.points.events import PointChanged
from shop.points.models import Point
from shop.stock import queries
from shop.stock import services as stock
from shop.stock.errors import LotExpired, LotKnown, LotNotRecorded, LotStopped, SoldOut
from shop.stock.models import Lot, StockHold, StockLevel
from shop.stock.services import Take, lots
from tests import factories


def level(level_id: int) -> StockLevel:
    session().expire_all()
    found = session().get(StockLevel, level_id)
    assert found is not None
    return found


def lot_of(level_id: int) -> int:
    return level(level_id).lot_id


def stop(level_id: int, reason: str = "nghi có cát") -> None:
    lots.stop_lot(SYSTEM, lot_of(level_id), reason, operations.new_key())


def broken() -> list[str]:
    return [f"{f.name}: {f.offenders}" for f in invariants.run("stock") if not f.ok]


def offered(variant: Any) -> tuple[int, int]:
    found = queries.availability([variant.id])[variant.id]
    return found.ship, found.pickup


def free(variant: Any, *, web: bool) -> list[tuple[int, int]]:
    return [(x.level_id, x.free) for x in queries.free_levels([variant.id], web=web)]


@pytest.fixture
def shelf(ctx):
    """A pack at one point in two lots: 10 of the lot that ends first, 5 of the other."""
    variant, point = factories.make_variant(), factories.make_point()
    soon = factories.put_in(variant, point, 10, lot_code="L-SOM", expires_on=clock.today() + timedelta(days=20))
    late = factories.put_in(variant, point, 5, lot_code="L-MUON", expires_on=clock.today() + timedelta(days=90))
    return variant, point, soon, late


# --- stopped lots ------------------------------------------------------------------------------------------------


def test_a_stopped_lot_cannot_be_taken_sent_or_received(shelf):
    variant, point, soon, late = shelf
    with transaction():
        stock.take("order:A", [Take(soon, 2)])
    stop(soon)
    assert free(variant, web=True) == free(variant, web=False) == [(late, 5)]
    assert offered(variant) == (5, 5)
    for web in (False, True):
        with pytest.raises(LotStopped) as refused, transaction():
            stock.take("order:B", [Take(soon, 1)], web=web)
        assert refused.value.variant_id == variant.id
        assert isinstance(refused.value, SoldOut)  # whoever looks for other goods after SoldOut does so here too
    with pytest.raises(LotStopped):
        stock.hand_over(SYSTEM, "order:A")
    assert level(soon).on_hand == 10
    with pytest.raises(LotStopped):
        factories.put_in(variant, point, 3, lot_code="L-SOM")
    elsewhere = factories.make_point("Nơi khác")
    with pytest.raises(LotStopped):
        factories.put_in(variant, elsewhere, 3, lot_code="L-SOM")
    assert broken() == []


def test_what_a_stopped_lot_gives_back_is_not_offered(shelf):
    variant, _point, soon, _late = shelf
    with transaction():
        stock.take("order:A", [Take(soon, 4)])
    stop(soon)
    stock.release("order:A")
    assert level(soon).allocated == 0
    assert offered(variant) == (5, 5)
    stock.adjust(SYSTEM, soon, -3, "hủy mẫu", "adjust-stopped-1")
    assert offered(variant) == (5, 5)
    assert broken() == []


def test_stopping_twice_keeps_the_first_stop_and_resuming_offers_again(shelf):
    variant, _point, soon, _late = shelf
    stop(soon)
    first = session().get(Lot, lot_of(soon)).stopped_at
    stop(soon, "lần hai")
    found = session().get(Lot, lot_of(soon))
    assert (found.stopped_at, found.stop_reason) == (first, "nghi có cát")
    lots.resume_lot(SYSTEM, found.id, "xét nghiệm đạt", "resume-lot-key-1")
    lots.resume_lot(SYSTEM, found.id, "xét nghiệm đạt", "resume-lot-key-1")
    assert offered(variant) == (15, 15)
    with transaction():
        stock.take("order:A", [Take(soon, 10)])
    actions = [a for (a,) in session().query(AuditRow.action).filter(AuditRow.action.like("stock.%lot"))]
    assert actions == ["stock.stop_lot", "stock.resume_lot"]
    assert broken() == []


def test_stopping_needs_a_reason_and_a_lot(shelf):
    _variant, _point, soon, _late = shelf
    with pytest.raises(Invalid):
        lots.stop_lot(SYSTEM, lot_of(soon), " ", "stop-lot-key-1")
    with pytest.raises(NotFound):
        lots.stop_lot(SYSTEM, 4711, "nghi hỏng", "stop-lot-key-2")
    loose = factories.put_in(factories.make_variant("Miến dong"), factories.make_point(), 4)
    with pytest.raises(LotNotRecorded):
        stop(loose)
    assert level(loose).is_stopped is False


def test_a_lot_past_its_date_cannot_be_taken_or_handed_over(shelf):
    variant, _point, soon, late = shelf
    with transaction():
        stock.take("order:A", [Take(soon, 2)])
    with transaction() as s:
        s.execute(update(Lot).where(Lot.code == "L-SOM").values(expires_on=clock.today() - timedelta(days=1)))
    stock.refresh_availability()
    with pytest.raises(LotExpired), transaction():
        stock.take("order:B", [Take(soon, 1)])
    with pytest.raises(LotExpired):
        stock.hand_over(SYSTEM, "order:A")
    assert free(variant, web=False) == [(late, 5)]
    stock.release("order:A")
    assert offered(variant) == (5, 5)
    assert broken() == []


def test_claims_of_a_stopped_lot_move_to_another_and_the_rest_stays(shelf):
    variant, _point, soon, late = shelf
    with transaction():
        stock.take("order:A", [Take(soon, 7)])
        stock.take("order:B", [Take(soon, 1)], until=clock.now() + timedelta(minutes=10))
    stop(soon)
    moved, short = lots.swap(SYSTEM, "order:A")
    assert (moved, [(m.variant_id, m.quantity) for m in short]) == (5, [(variant.id, 2)])
    assert (level(soon).allocated, level(late).allocated) == (2, 5)
    assert sum(c.quantity for c in queries.claims_under(["order:A"])) == 7
    assert lots.swap(SYSTEM, "order:B") == (0, [lots.Short("order:B", variant.id, 1)])
    assert level(soon).held == 1
    assert broken() == []
    # Goods of another owner are not his to give.
    factories.put_in(variant, session().get(Point, level(soon).point_id), 9, owner="producer:1", lot_code="L-KY-GUI")
    assert lots.swap(SYSTEM, "order:A")[0] == 0
    assert broken() == []


def test_a_race_between_a_stop_and_many_takers(shelf, app, together):
    """Whoever claims before the stop keeps the claim, nobody claims after it, and nothing is counted wrong."""
    _variant, _point, soon, _late = shelf
    lot_id = lot_of(soon)
    session().rollback()

    def grab(n: int):
        def do() -> str:
            try:
                with transaction():
                    stock.take(f"order:{n}", [Take(soon, 1)], web=n % 2 == 0)
            except SoldOut as refused:
                return refused.code
            return "taken"

        return do

    def halt() -> str:
        lots.stop_lot(SYSTEM, lot_id, "dừng giữa lúc bán", "stop-race-key-1")
        return "stopped"

    outcomes = together(app, [grab(n) for n in range(8)] + [halt])
    assert [o.error for o in outcomes] == [None] * 9
    taken = [o.value for o in outcomes].count("taken")
    assert level(soon).allocated == taken
    assert broken() == []


# --- putting a lot right -----------------------------------------------------------------------------------------


def test_a_lot_is_put_right_with_a_reason(shelf):
    variant, _point, soon, _late = shelf
    lot_id, day = lot_of(soon), clock.today()

    def correct(**changes: Any) -> None:
        values = {"code": "L-SOM", "produced_on": None, "expires_on": day, "reason": "ghi nhầm"} | changes
        lots.correct_lot(SYSTEM, lot_id, op_key=operations.new_key(), **values)

    with pytest.raises(LotKnown):
        correct(code="L-MUON")
    for wrong in (
        {"reason": ""},
        {"code": " "},
        {"code": "X" * 41},
        {"produced_on": day, "expires_on": day - timedelta(days=1)},
        {"produced_on": day + timedelta(days=1), "expires_on": None},
        {"produced_on": date(1, 1, 1), "expires_on": None},
        {"produced_on": date(1999, 12, 31), "expires_on": None},
        {"produced_on": None, "expires_on": date(1, 1, 1)},
        {"produced_on": date(2001, 1, 1), "expires_on": date(2051, 1, 2)},
        {"produced_on": None, "expires_on": date(9999, 12, 31)},
    ):
        with pytest.raises(Invalid):
            correct(**wrong)
    correct(code="L-02", expires_on=day - timedelta(days=1))
    assert (session().get(Lot, lot_id).code, offered(variant)) == ("L-02", (5, 5))
    correct(code="L-02", expires_on=None)
    assert offered(variant) == (15, 15)
    loose = factories.put_in(factories.make_variant("Miến dong"), factories.make_point(), 4)
    with pytest.raises(LotNotRecorded):
        lots.correct_lot(
            SYSTEM, lot_of(loose), code="X", produced_on=None, expires_on=None, reason="thử", op_key="correct-key-9"
        )
    assert broken() == []


# --- the web's reserve -------------------------------------------------------------------------------------------


def set_reserve(point: Point, units: int) -> None:
    with transaction() as s:
        s.get(Point, point.id).web_reserve = units
        publish(PointChanged(point.id))


def test_the_web_leaves_the_reserve_and_the_counter_may_use_it(shelf):
    variant, point, soon, late = shelf
    set_reserve(point, 4)
    assert offered(variant) == (11, 11)
    assert free(variant, web=True) == [(soon, 10), (late, 1)]  # kept from what ends last
    assert free(variant, web=False) == [(soon, 10), (late, 5)]
    with pytest.raises(SoldOut), transaction():
        stock.take("order:A", [Take(soon, 10), Take(late, 2)], web=True)
    with transaction():
        stock.take("order:A", [Take(soon, 10), Take(late, 1)], web=True)
    assert offered(variant) == (0, 0)
    with pytest.raises(SoldOut), transaction():
        stock.take("order:B", [Take(late, 1)], web=True)
    with transaction():
        stock.take("order:till", [Take(late, 3)])
    assert offered(variant) == (0, 0)
    stock.release("order:A")
    assert offered(variant) == (8, 8)  # 12 free, 4 stay
    set_reserve(point, 0)
    assert offered(variant) == (12, 12)
    assert broken() == []


def test_stopped_goods_do_not_fill_the_reserve(shelf):
    variant, point, soon, late = shelf
    set_reserve(point, 4)
    stop(soon)
    assert offered(variant) == (1, 1)
    with pytest.raises(SoldOut), transaction():
        stock.take("order:A", [Take(late, 2)], web=True)
    assert broken() == []


def test_two_lots_of_one_reserve_raced_for(shelf, app, together):
    """Web buyers at different lots of one shelf: together they stop at the reserve; the counter goes below it."""
    variant, point, soon, late = shelf
    set_reserve(point, 6)  # 15 on hand: the web may sell 9

    def grab(n: int):
        def do() -> bool:
            try:
                with transaction():
                    stock.take(f"order:{n}", [Take((soon, late)[n % 2], 1)], web=True)
            except SoldOut:
                return False
            return True

        return do

    outcomes = together(app, [grab(n) for n in range(24)])
    assert [o.error for o in outcomes if o.error] == []
    assert level(late).allocated <= 5
    assert sum(o.value for o in outcomes) == 9
    assert offered(variant) == (0, 0)
    assert broken() == []


def test_two_counters_at_two_lots_of_one_reserve(shelf, app, together):
    """Each changes another level; what lists lose is counted once all the same."""
    variant, point, soon, late = shelf
    set_reserve(point, 7)

    def grab(n: int):
        def do() -> None:
            with transaction():
                stock.take(f"order:{n}", [Take((soon, late)[n % 2], 1)])

        return do

    outcomes = together(app, [grab(n) for n in range(10)])
    assert [o.error for o in outcomes if o.error] == []
    assert offered(variant) == (0, 0)  # 5 left, 7 would stay
    assert broken() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["web", "till", "release", "hand", "stop", "resume", "reserve", "in", "out"]),
            st.integers(0, 3),
            st.integers(1, 6),
        ),
        max_size=16,
    )
)
def test_whatever_happens_lists_show_what_the_web_may_sell(shelf, steps):
    variant, point, soon, late = shelf
    for step, who, n in steps:
        at = (soon, late)[who % 2]
        try:
            if step in {"web", "till"}:
                with transaction():
                    before = sum(f for _l, f in free(variant, web=True))
                    stock.take(f"order:{who}", [Take(at, n)], web=step == "web")
                    assert step == "till" or before >= n
            elif step == "release":
                stock.release(f"order:{who}")
            elif step == "hand":
                stock.hand_over(SYSTEM, f"order:{who}")
            elif step == "stop":
                stop(at)
            elif step == "resume":
                lots.resume_lot(SYSTEM, lot_of(at), "thử", operations.new_key())
            elif step == "reserve":
                set_reserve(point, n)
            else:
                stock.adjust(SYSTEM, at, n if step == "in" else -n, "thử", operations.new_key())
        except Exception as refused:
            if not hasattr(refused, "code"):
                raise
        assert offered(variant)[0] == sum(f for _l, f in free(variant, web=True))
    assert broken() == []


# --- what must hold ----------------------------------------------------------------------------------------------


def test_the_invariants_of_lots_fire(shelf):
    _variant, _point, soon, _late = shelf
    with transaction():
        stock.take("order:A", [Take(soon, 1)])
    stock.hand_over(SYSTEM, "order:A")
    with transaction():
        stock.take("order:B", [Take(soon, 1)])
    assert broken() == []
    stop(soon)
    assert broken() == []
    with transaction() as s:
        s.get(Lot, lot_of(soon)).stopped_at = clock.now() - timedelta(hours=1)
    lines = [line for line in broken() if line.startswith("stock.nothing-leaves-a-stopped-lot")]
    assert len(lines) == 1
    assert "movement" in lines[0]
    assert "hold" in lines[0]
    with transaction() as s:
        s.query(StockLevel).filter_by(id=soon).update({"is_stopped": False})
        s.query(StockHold).delete()
    assert any(line.startswith("stock.stopped-lots-are-stopped") for line in broken())


def test_a_date_that_comes_later_goes_with_the_one_that_is_known(shelf):
    variant, point, _soon, _late = shelf
    with pytest.raises(Invalid) as refused:  # L-SOM expires in 20 days
        factories.put_in(variant, point, 1, lot_code="L-SOM", produced_on=clock.today() - timedelta(days=51 * 366))
    assert refused.value.field in {"produced_on", "expires_on"}
    factories.put_in(variant, point, 1, lot_code="L-SOM", produced_on=clock.today())
