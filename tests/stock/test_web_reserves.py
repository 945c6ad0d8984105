"""The web leaves so many units of one pack at one point: its number goes before the point's, inside the taking."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import is_sqlite, session, transaction
from shop.kernel.errors import Busy
from shop.stock import queries
from shop.stock import services as stock
from shop.stock.errors import SoldOut
from shop.stock.services import Take, reserves
from shop.stock.services.reserves import Reserve
from tests import factories


def broken() -> list[str]:
    session().rollback()
    return [f"{f.name}: {f.offenders}" for f in invariants.run("stock") if not f.ok]


def offered(variant) -> tuple[int, int]:
    session().rollback()
    found = queries.availability([variant.id])[variant.id]
    return found.ship, found.pickup


@pytest.fixture
def shelf(ctx):
    variant, other, point = factories.make_variant(), factories.make_variant("Trà hoa vàng"), factories.make_point()
    soon = factories.put_in(variant, point, 10, lot_code="L1", expires_on=clock.today() + timedelta(days=20))
    late = factories.put_in(variant, point, 5, lot_code="L2", expires_on=clock.today() + timedelta(days=90))
    tea = factories.put_in(other, point, 5)
    return variant, other, point, soon, late, tea


def keep(point, variant, units, until=None):
    reserves.put(SYSTEM, [Reserve(point.id, variant.id, units, until)], "sharing:S-1")


def test_one_pack_has_a_reserve_of_its_own(shelf):
    variant, other, point, soon, late, tea = shelf
    keep(point, variant, 12)
    assert offered(variant) == (3, 3) and offered(other) == (5, 5)
    assert [x.free for x in queries.free_levels([variant.id], web=True)] == [3]
    assert sum(x.free for x in queries.free_levels([variant.id])) == 15
    with pytest.raises(SoldOut), transaction():
        stock.take("order:A", [Take(soon, 4)], web=True)
    with transaction():
        stock.take("order:A", [Take(soon, 3), Take(tea, 5)], web=True)
    assert offered(variant) == (0, 0)
    with transaction():
        stock.take("order:till", [Take(late, 5)])
    stock.release("order:A")
    assert offered(variant) == (0, 0)  # 10 are free, 12 should stay
    keep(point, variant, None)
    assert offered(variant) == (10, 10)
    assert broken() == []


def test_its_own_number_goes_before_the_points(shelf):
    from shop.kernel.events import publish
    from shop.points.events import PointChanged
    from shop.points.models import Point

    variant, other, point, soon, *_rest = shelf
    with transaction() as s:
        s.get(Point, point.id).web_reserve = 4
        publish(PointChanged(point.id))
    assert offered(variant) == (11, 11) and offered(other) == (1, 1)
    keep(point, variant, 0)
    assert offered(variant) == (15, 15) and offered(other) == (1, 1)
    with transaction():
        stock.take("order:A", [Take(soon, 10)], web=True)
    assert offered(variant) == (5, 5)
    assert broken() == []


def test_after_its_last_day_the_point_decides_again(shelf):
    variant, _other, point, soon, *_rest = shelf
    keep(point, variant, 15, clock.today())
    assert offered(variant) == (0, 0)
    assert reserves.of_point(point.id) == {variant.id: 15}
    keep(point, variant, 15, clock.today() - timedelta(days=1))
    assert offered(variant) == (15, 15)
    assert reserves.of_point(point.id) == {}
    with transaction():
        stock.take("order:A", [Take(soon, 10)], web=True)
    assert broken() == []


def test_raced_for_by_web_buyers_while_it_is_set(shelf, app, together):
    """Buyers at two lots, the reserve set in their midst: what the web took after it leaves it whole or found it short."""
    variant, _other, point, soon, late, _tea = shelf
    keep(point, variant, 6)

    def grab(n: int):
        def do() -> bool:
            if n == 7:
                keep(point, variant, 9)
                return False
            try:
                with transaction():
                    stock.take(f"order:{n}", [Take((soon, late)[n % 2], 1)], web=True)
            except SoldOut:
                return False
            return True

        return do

    outcomes = together(app, [grab(n) for n in range(24)])
    assert [o.error for o in outcomes if o.error] == []
    taken = sum(o.value for o in outcomes)
    assert 6 <= taken <= 9  # 15 on hand: 9 before the new number, 6 after it
    assert offered(variant) == (0, 0)
    assert broken() == []


def test_the_first_reserve_of_a_shelf_raced_for(shelf, app, together):
    """Nobody locks a shelf that has no reserve; one that comes meanwhile is still kept."""
    variant, _other, point, soon, late, _tea = shelf

    def grab(n: int):
        def do() -> bool:
            if n == 4:
                keep(point, variant, 10)
                return False
            try:
                with transaction():
                    stock.take(f"order:{n}", [Take((soon, late)[n % 2], 1)], web=True)
            except SoldOut:
                return False
            return True

        return do

    outcomes = together(app, [grab(n) for n in range(20)])
    # Two who each hold a level of the shelf may have to give way to each other: told as busy, safe to try again.
    assert [o.error for o in outcomes if o.error and not isinstance(o.error, Busy)] == []
    taken = sum(bool(o.value) for o in outcomes if not o.error)
    free = 15 - taken
    kept = reserves.of_point(point.id) == {variant.id: 10}
    if kept:
        assert offered(variant) == (max(0, free - 10),) * 2
        if free > 10:  # nothing more than the rest goes
            with pytest.raises(SoldOut), transaction():
                stock.take("order:late", [Take(soon, free - 9)], web=True)
    assert broken() == []


def test_the_reserve_is_found_by_its_index(shelf):
    """The taking statement looks one row up; it never walks through reserves."""
    from shop.kernel.db import db
    from shop.stock.services import levels

    sql = str(levels._FOR_WEB.compile(db.engine, compile_kwargs={"literal_binds": False}))
    assert "web_reserves" in sql
    if is_sqlite():
        plan = session().execute(
            text("EXPLAIN QUERY PLAN SELECT units FROM web_reserves WHERE at_point_id = 1 AND of_variant_id = 2")
        )
        assert any("USING INDEX" in row[3] for row in plan)
