"""Commands on points: what they write, what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from shop.kernel import audit, clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import Conflict, Invalid, NotFound
from shop.kernel.operations import KeyUsedOtherwise
from shop.points import queries
from shop.points import services as points
from shop.points.errors import PointClosed
from shop.points.models import Point, PointKind
from tests.factories import make_producer

STAFF = Actor("user", "Bình", 7)


def draft(**changes):
    return points.Draft(**({"name": "Cửa hàng Bến Đoan", "kind": PointKind.SHOP} | changes))


def actions():
    return [row.action for row in session().query(audit.AuditRow).order_by(audit.AuditRow.id)]


def test_a_point_opens_once_per_key(ctx):
    first = points.create(STAFF, draft(), "key-000001")
    assert points.create(STAFF, draft(), "key-000001") == first
    with pytest.raises(KeyUsedOtherwise):
        points.create(STAFF, draft(name="Khác"), "key-000001")
    view = queries.point(first)
    assert (view.slug, view.name, view.pickup) == ("cua-hang-ben-doan", "Cửa hàng Bến Đoan", False)
    assert actions() == ["points.create"]


def test_equal_names_get_addresses_of_their_own(ctx):
    a, b = points.create(STAFF, draft(), "key-000001"), points.create(STAFF, draft(), "key-000002")
    assert {queries.point(a).slug, queries.point(b).slug} == {"cua-hang-ben-doan", "cua-hang-ben-doan-2"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"latitude": Decimal("20.9")}, "latitude"),
        ({"latitude": Decimal("48"), "longitude": Decimal("107")}, "latitude"),
        ({"latitude": Decimal("21"), "longitude": Decimal("2")}, "longitude"),
        ({"floor_area_m2": 0}, "floor_area_m2"),
        ({"services": ("helipad",)}, "services"),
        ({"kind": PointKind.WAREHOUSE, "pickup": True, "is_public": False}, "pickup"),
        ({"kind": PointKind.SHOP, "producer_id": 1}, "kind"),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused_at_its_field(ctx, changes, field):
    with pytest.raises(Invalid) as refused:
        points.create(STAFF, draft(**changes), "key-000001")
    assert refused.value.field == field
    assert session().query(Point).count() == 0


def test_a_change_is_written_with_before_and_after(ctx):
    point_id = points.create(STAFF, draft(), "key-000001")
    seen = queries.point(point_id).updated_at.isoformat()
    points.update(STAFF, point_id, draft(pickup=True, services=("gift", "card")), seen=seen)
    view = queries.point(point_id)
    assert view.pickup
    assert view.services == ("card", "gift")
    row = session().query(audit.AuditRow).order_by(audit.AuditRow.id.desc()).first()
    assert row.detail["changes"]["pickup"] == [False, True]
    with pytest.raises(Conflict):
        points.update(STAFF, point_id, draft(), seen=seen)
    assert queries.point(point_id).pickup
    with pytest.raises(NotFound):
        points.update(STAFF, 999, draft())


def test_a_store_stays_its_producers(ctx):
    """His goods lie there, and who may count and send them follows from it."""
    mine, other = make_producer("HTX Bến Giang"), make_producer("HTX Khe")
    store = draft(kind=PointKind.PRODUCER_STORE, producer_id=mine.id)
    point_id = points.create(STAFF, store, "key-000001")
    assert queries.point(point_id).producer_id == mine.id
    for changed in (replace(store, producer_id=other.id), draft()):
        with pytest.raises(Invalid) as refused:
            points.update(STAFF, point_id, changed)
        assert refused.value.field == "producer"
    points.update(STAFF, point_id, replace(store, ships=True))
    view = queries.point(point_id)
    assert (view.producer_id, view.ships) == (mine.id, True)


def test_the_same_again_writes_nothing(ctx):
    point_id = points.create(STAFF, draft(), "key-000001")
    points.update(STAFF, point_id, draft())
    assert actions() == ["points.create"]


def test_a_point_closes_and_opens_again(ctx):
    today = clock.today()
    point_id = points.create(STAFF, draft(pickup=True, ships=True, opened_on=today - timedelta(9)), "key-000001")
    with pytest.raises(Invalid):
        points.close(STAFF, point_id, today - timedelta(9), "hết hạn thuê")
    with pytest.raises(Invalid):
        points.close(STAFF, point_id, today, "")
    points.close(STAFF, point_id, today + timedelta(1), "hết hạn thuê")
    assert [p.id for p in queries.pickup_points()] == [point_id]
    assert not queries.pickup_points(today + timedelta(1))
    assert not queries.shipping_points(today + timedelta(1))
    with pytest.raises(PointClosed):
        points.close(STAFF, point_id, today, "lần nữa")
    with pytest.raises(Invalid):
        points.update(STAFF, point_id, draft(opened_on=today + timedelta(5)))
    with pytest.raises(Invalid):
        points.reopen(STAFF, point_id, "")
    points.reopen(STAFF, point_id, "thuê tiếp")
    points.reopen(STAFF, point_id, "thuê tiếp")
    assert queries.pickup_points(today + timedelta(1))
    assert actions() == ["points.create", "points.close", "points.reopen"]
    assert not audit.broken_links()


def test_the_registry_loads_once_and_keeps_blanks(ctx):
    assert points.load_registry() == 6
    assert points.load_registry() == 0
    gate = queries.by_slug("quang-ninh-gate")
    assert gate is not None
    assert (gate.address, gate.hours, gate.services, gate.locality_text) == (None, None, (), None)
    assert not queries.pickup_points()
    opened = queries.by_slug("binh-ngoc-mong-cai")
    assert opened is not None
    assert opened.opened_on == date(2024, 4, 20)
    assert not opened.is_open_on(date(2024, 4, 19))
    assert all(p.source_url for p in queries.all_points())


def test_the_demonstration_is_marked(ctx):
    points.load_registry()
    assert points.load_demo() == 6
    assert points.load_demo() == 0
    assert all(p.is_demo for p in queries.pickup_points())
    assert all(p.is_demo for p in queries.shipping_points())
    assert not any(p.is_demo for p in queries.all_points() if p.kind is PointKind.FAIR)
    assert points.DEMO_WAREHOUSE not in {p.slug for p in queries.public_points()}


# --- days on which a booth sells ---------------------------------------------------------------------------------


def test_a_booth_lives_longer_than_it_sells(ctx):
    first = clock.today() + timedelta(days=5)
    span = {"sells_from_on": first, "sells_to_on": first + timedelta(days=3)}
    made = points.create(STAFF, draft(kind=PointKind.FAIR, opened_on=first - timedelta(days=2), **span), "key-000001")
    view = queries.point(made)
    assert (view.begins_on, view.ends_on) == (first, first + timedelta(days=3))
    assert view.is_open_on(first - timedelta(days=1))
    assert [view.sells_on(first + timedelta(days=n)) for n in (-1, 0, 2, 3)] == [False, True, True, False]
    points.close(STAFF, made, first + timedelta(days=1), "dừng sớm")
    assert queries.point(made).ends_on == first + timedelta(days=1)
    plain = queries.point(points.create(STAFF, draft(opened_on=first), "key-000002"))
    assert (plain.begins_on, plain.ends_on, plain.sells_on(first)) == (first, None, True)


@pytest.mark.parametrize("days", [(0, None), (None, 3), (3, 3), (4, 3)])
def test_days_of_selling_are_both_given_and_in_order(ctx, days):
    first, end = (None if n is None else clock.today() + timedelta(days=n) for n in days)
    with pytest.raises(Invalid) as refusal:
        points.create(STAFF, draft(sells_from_on=first, sells_to_on=end), "key-000001")
    assert refusal.value.field in {"sells_from_on", "sells_to_on"}


def test_nobody_collects_where_nobody_sells_yet(ctx):
    first = clock.today() + timedelta(days=1)
    span = {"sells_from_on": first, "sells_to_on": first + timedelta(days=3)}
    made = points.create(STAFF, draft(pickup=True, opened_on=clock.today(), **span), "key-000001")
    assert made not in {p.id for p in queries.pickup_points()}
    assert made in {p.id for p in queries.pickup_points(first)}
