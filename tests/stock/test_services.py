"""Goods are taken once, given back whole, and every change leaves its movement."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.kernel.events import publish
from shop.kernel.operations import KeyUsedOtherwise
from shop.points.events import PointChanged
from shop.points.models import Point
from shop.stock import queries
from shop.stock import services as stock
from shop.stock.errors import NoClaim, NotEnough, SoldOut
from shop.stock.models import StockHold, StockLevel, StockMovement
from shop.stock.services import Take
from tests import factories


def level(level_id: int) -> StockLevel:
    session().expire_all()
    found = session().get(StockLevel, level_id)
    assert found is not None
    return found


def broken() -> list[str]:
    return [f"{f.name}: {f.offenders}" for f in invariants.run("stock") if not f.ok]


@pytest.fixture
def shelf(ctx):
    variant, point = factories.make_variant(), factories.make_point()
    return variant, point, factories.put_in(variant, point, 10)


def test_taking_moves_free_goods_to_the_claim(shelf):
    variant, _point, level_id = shelf
    with transaction():
        stock.take("order:A", [Take(level_id, 3), Take(level_id, 1)])
    found = level(level_id)
    assert (found.on_hand, found.held, found.allocated) == (10, 0, 4)
    assert queries.availability([variant.id])[variant.id].ship == 6
    assert broken() == []


def test_the_same_goods_on_two_lines_are_counted_once_together(shelf):
    _variant, _point, level_id = shelf
    with pytest.raises(SoldOut), transaction():
        stock.take("order:A", [Take(level_id, 6), Take(level_id, 6)])
    assert level(level_id).allocated == 0
    assert session().query(StockHold).count() == 0


def test_a_refusal_undoes_the_lines_taken_before_it(shelf):
    _variant, point, first = shelf
    other = factories.put_in(factories.make_variant("Ruốc hàu thử"), point, 1)
    with pytest.raises(SoldOut) as refused, transaction():
        stock.take("order:A", [Take(first, 2), Take(other, 2)])
    assert refused.value.variant_id == level(other).variant_id
    assert level(first).allocated == 0
    assert broken() == []


def test_held_goods_are_committed_handed_over_and_brought_back(shelf):
    variant, _point, level_id = shelf
    with transaction():
        stock.take("order:A", [Take(level_id, 4)], until=clock.now() + timedelta(minutes=15))
    assert level(level_id).held == 4
    stock.commit("order:A")
    assert (level(level_id).held, level(level_id).allocated) == (0, 4)
    with pytest.raises(NoClaim):
        stock.commit("order:A")
    stock.hand_over(SYSTEM, "order:A")
    assert (level(level_id).on_hand, level(level_id).allocated) == (6, 0)
    with pytest.raises(NoClaim):
        stock.hand_over(SYSTEM, "order:A")
    assert stock.take_back(SYSTEM, "order:A", restock=True, reason="khách không nhận") == 4
    assert stock.take_back(SYSTEM, "order:A", restock=True, reason="khách không nhận") == 0
    assert level(level_id).on_hand == 10
    assert queries.availability([variant.id])[variant.id].ship == 10
    assert broken() == []


def test_goods_that_come_back_spoilt_are_written_off(shelf):
    _variant, _point, level_id = shelf
    with transaction():
        stock.take("order:A", [Take(level_id, 4)])
    stock.hand_over(SYSTEM, "order:A")
    stock.take_back(SYSTEM, "order:A", restock=False, reason="hỏng khi vận chuyển")
    assert level(level_id).on_hand == 6
    assert broken() == []


def test_lapsed_holds_give_their_goods_back_once(shelf):
    _variant, _point, level_id = shelf
    with transaction():
        stock.take("order:A", [Take(level_id, 4)], until=clock.now() - timedelta(seconds=1))
    assert stock.lapse_due() == 1
    assert stock.lapse_due() == 0
    assert stock.release("order:A") == 0
    assert (level(level_id).held, level(level_id).on_hand) == (0, 10)
    assert broken() == []


def test_receiving_twice_under_one_key_books_once(shelf):
    variant, point, level_id = shelf
    for _ in range(2):
        stock.receive(SYSTEM, variant.id, point.id, 5, reason="nhập", op_key="receive-key-1")
    assert level(level_id).on_hand == 15
    with pytest.raises(KeyUsedOtherwise):
        stock.receive(SYSTEM, variant.id, point.id, 6, reason="nhập", op_key="receive-key-1")


def test_adjusting_needs_a_reason_and_free_goods(shelf):
    _variant, _point, level_id = shelf
    with transaction():
        stock.take("order:A", [Take(level_id, 8)])
    with pytest.raises(NotEnough):
        stock.adjust(SYSTEM, level_id, -3, "vỡ", "adjust-key-1")
    with pytest.raises(Invalid):
        stock.adjust(SYSTEM, level_id, -1, " ", "adjust-key-2")
    with pytest.raises(Invalid):
        stock.adjust(SYSTEM, level_id, 0, "kiểm lại", "adjust-key-3")
    stock.adjust(SYSTEM, level_id, -2, "vỡ hai gói", "adjust-key-4")
    assert level(level_id).on_hand == 8
    assert broken() == []


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("stock.on-hand-is-its-movements", lambda x: setattr(x, "on_hand", 11)),
        ("stock.availability-in-step", lambda x: setattr(x, "on_hand", 12)),
        ("stock.held-is-live-holds", lambda x: setattr(x, "held", 1)),
        ("stock.allocated-is-committed-claims", lambda x: setattr(x, "allocated", 1)),
    ],
)
def test_each_invariant_of_levels_fires(shelf, name, damage):
    assert broken() == []
    with transaction():
        damage(level(shelf[2]))
    assert any(line.startswith(name) for line in broken())


def test_the_other_invariants_of_stock_fire(shelf):
    _variant, _point, level_id = shelf
    with transaction() as s:
        stock.take("order:A", [Take(level_id, 1)], until=clock.now() - timedelta(minutes=6))
        s.query(StockMovement).update({"balance": 9, "reason": None})
    names = {line.split(":")[0] for line in broken()}
    assert {"stock.no-hold-past-its-term", "stock.running-balance", "stock.movements-have-a-cause"} <= names
    with transaction() as s:
        s.query(StockHold).update({"outcome": "taken"})
    assert any(line.startswith("stock.handed-over-is-sold") for line in broken())


def test_fifty_jars_and_eighty_hands(shelf, app, together):
    """Real threads on real connections: exactly the stock is taken."""
    _variant, _point, level_id = shelf
    stock.adjust(SYSTEM, level_id, 40, "thêm", "adjust-more")

    def hand(n: int):
        def grab() -> bool:
            try:
                with transaction():
                    stock.take(f"order:{n}", [Take(level_id, 1)])
            except SoldOut:
                return False
            return True

        return grab

    outcomes = together(app, [hand(n) for n in range(80)])
    got = sum(o.value for o in outcomes)
    assert got == 50
    assert level(level_id).allocated == 50
    assert broken() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "hold", "commit", "release", "hand", "back"]), st.integers(0, 3), st.integers(1, 4)
        ),
        max_size=20,
    )
)
def test_any_order_of_steps_keeps_the_books(shelf, steps):
    _variant, _point, level_id = shelf
    for step, who, n in steps:
        reference = f"order:h{who}"
        try:
            with transaction():
                if step == "take":
                    stock.take(reference, [Take(level_id, n)])
                elif step == "hold":
                    stock.take(reference, [Take(level_id, n)], until=clock.now() + timedelta(minutes=5))
                elif step == "commit":
                    stock.commit(reference)
                elif step == "release":
                    stock.release(reference)
                elif step == "hand":
                    stock.hand_over(SYSTEM, reference)
                else:
                    stock.take_back(SYSTEM, reference, restock=n % 2 == 0, reason="thử")
        except (SoldOut, NoClaim):
            pass
    assert broken() == []


def test_a_point_that_closes_takes_its_goods_from_the_lists(shelf):
    variant, point, _level_id = shelf
    with transaction() as s:
        s.get(Point, point.id).closed_on = clock.today()
        publish(PointChanged(point.id))
    assert queries.availability([variant.id])[variant.id].total == 0
    assert broken() == []
