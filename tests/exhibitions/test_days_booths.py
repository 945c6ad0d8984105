"""Booths as points: prepared once, in step with the fair, opened on its days, kept by people with a right for them."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from shop.accounts.models import Grant
from shop.exhibitions.errors import BoothNotReady, FairMovedOn, FairNotPrepared, FairNotYet
from shop.exhibitions.models.days import Gate
from shop.exhibitions.models.fairs import Booth, FairState
from shop.exhibitions.queries import days as queries
from shop.exhibitions.services import booths, fairs, steps
from shop.exhibitions.services.booths import Terms
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.points import queries as points
from shop.points.models import Point, PointKind
from shop.till.models import Device
from tests import factories
from tests.exhibitions.days_made import BOSS, add_booth, add_place, end_stand, make_fair, running, somebody

pytestmark = pytest.mark.usefixtures("ctx")


def grants(user_id: int) -> list[str]:
    return list(session().scalars(select(Grant.scope).where(Grant.user_id == user_id)))


def test_each_booth_with_a_stand_gets_one_point_and_a_second_run_doubles_nothing() -> None:
    fair = make_fair(from_on=clock.today() + timedelta(days=10))
    one, two = add_place(fair, "A1"), add_place(fair, "A2")
    shared = add_place(fair, booth=one.booth)  # small makers share a booth: one point, the owner keeps goods apart
    add_booth(fair, "A3")
    assert booths.prepare(BOSS, fair.id, Terms(3, 4)) == booths.Prepared(2, 0, 0)
    assert booths.prepare(BOSS, fair.id, Terms(3, 4)) == booths.Prepared(0, 0, 0)
    point = points.point(one.point_id)
    first, end = fair.row.from_on, fair.row.to_on
    assert first is not None
    assert end is not None
    assert (point.kind, point.opened_on, point.closed_on) == (
        PointKind.FAIR, first - timedelta(days=3), end + timedelta(days=4)
    )  # fmt: skip
    assert (point.begins_on, point.ends_on) == (first, end)
    assert shared.point_id == one.point_id != two.point_id
    assert point.hours is not None
    assert point.hours["mon"] == ["00:00", "24:00"]
    assert (point.pickup, point.is_public) == (False, False)
    assert session().scalar(select(func.count()).where(Point.kind == PointKind.FAIR)) == 2
    assert session().scalars(select(Gate.name)).all() == ["Cổng chính"]


def test_points_follow_when_days_or_hours_of_the_fair_change() -> None:
    fair = make_fair(from_on=clock.today() + timedelta(days=10))
    place = add_place(fair)
    booths.prepare(BOSS, fair.id, Terms(2, 2))
    row = fair.fresh()
    first, end = row.from_on, row.to_on
    assert first is not None
    assert end is not None
    known = {f.name: getattr(row, f.name) for f in fields(fairs.Draft)}
    later = {"from_on": first + timedelta(days=3), "to_on": end + timedelta(days=4), "day_closes": "21:00"}
    done = fairs.update(BOSS, fair.id, fairs.Draft(**known | later), seen=row.updated_at.isoformat())
    assert (done.points, done.other_days) == (1, False)
    assert booths.prepare(BOSS, fair.id, Terms(2, 2)) == booths.Prepared(0, 0, 0)  # nothing is left to press
    point = points.point(place.point_id)
    assert (point.opened_on, point.begins_on) == (first + timedelta(days=1), first + timedelta(days=3))
    assert point.closed_on == end + timedelta(days=6)
    assert point.hours is not None
    assert point.hours["sun"] == ["00:00", "21:00"]


def test_a_booth_given_up_closes_once_it_is_empty_and_opens_when_it_is_given_again() -> None:
    fair = running()
    gone, stays = fair.places
    level = factories.put_in(gone.variant, session().get_one(Point, gone.point_id), 5)
    end_stand(gone)
    assert booths.prepare(BOSS, fair.id, Terms()).closed == 0  # goods lie there still
    from shop.stock import services as stock

    stock.adjust(BOSS, level, -5, reason="chuyển tay", op_key="thu-dieu-chinh-1")
    assert booths.prepare(BOSS, fair.id, Terms()).closed == 1
    assert booths.prepare(BOSS, fair.id, Terms()).closed == 0
    assert not points.point(gone.point_id).is_open_on(clock.today() + timedelta(days=1))
    assert points.point(stays.point_id).is_open_on(clock.today())
    add_place(fair, booth=gone.booth)
    assert booths.prepare(BOSS, fair.id, Terms()).changed == 1
    assert points.point(gone.point_id).is_open_on(clock.today())


def test_a_fair_that_is_not_allotted_is_not_prepared_and_days_have_bounds() -> None:
    fair = make_fair(state=FairState.ANNOUNCED)
    with pytest.raises(FairMovedOn):
        booths.prepare(BOSS, fair.id, Terms())
    with pytest.raises(NotFound):
        booths.prepare(BOSS, 99_999, Terms())
    with pytest.raises(Invalid) as wrong:
        booths.prepare(BOSS, fair.id, Terms(days_before=0))
    assert wrong.value.field == "days_before"


def test_it_opens_on_its_days_only_once_every_booth_has_its_point() -> None:
    later = make_fair(from_on=clock.today() + timedelta(days=3))
    add_place(later)
    booths.prepare(BOSS, later.id, Terms())
    with pytest.raises(FairNotYet):
        booths.open_fair(BOSS, later.id)
    fair = make_fair()
    add_place(fair)
    with pytest.raises(FairNotPrepared):
        booths.open_fair(BOSS, fair.id)
    booths.prepare(BOSS, fair.id, Terms(pickup=True))
    add_place(fair)
    with pytest.raises(FairNotPrepared) as lacking:
        booths.open_fair(BOSS, fair.id)
    assert lacking.value.values == {"n": 1}
    assert booths.open_due() == []
    booths.prepare(BOSS, fair.id, Terms(pickup=True))
    assert booths.open_due() == [fair.id]
    assert fair.fresh().state is FairState.RUNNING
    booths.open_fair(BOSS, fair.id)  # a person clicks a moment later
    assert fair.places[0].point_id in {p.id for p in points.pickup_points()}


def test_nobody_collects_at_a_fair_that_is_over() -> None:
    fair = running(terms=Terms(pickup=True))
    user = somebody()
    booths.add_keeper(BOSS, fair.places[0].booth.id, user.id)
    with transaction():
        steps.fair(BOSS, fair.fresh(), FairState.CLOSED)
    assert fair.places[0].point_id not in {p.id for p in points.pickup_points()}
    assert grants(user.id) == []


def test_keepers_get_the_right_for_the_booths_point_and_lose_it_with_the_booth() -> None:
    fair = make_fair()
    place = add_place(fair)
    user, other = somebody(), somebody("Vũ Có Sẵn")
    with pytest.raises(BoothNotReady):
        booths.add_keeper(BOSS, place.booth.id, user.id)
    booths.prepare(BOSS, fair.id, Terms())
    booths.add_keeper(BOSS, place.booth.id, user.id)
    booths.add_keeper(BOSS, place.booth.id, user.id)
    assert grants(user.id) == [f"point:{place.point_id}"]
    assert [k for row in queries.booths(fair.id) for k in row.keepers] == [(user.id, user.name)]
    from shop.accounts.permissions import Role
    from shop.accounts.services import rights

    rights.grant(BOSS, other.id, Role.POINT_KEEPER, f"point:{place.point_id}")
    booths.add_keeper(BOSS, place.booth.id, other.id)
    end_stand(place)
    booths.prepare(BOSS, fair.id, Terms())
    assert grants(user.id) == []
    assert grants(other.id) == [f"point:{place.point_id}"]  # he had it before
    with pytest.raises(NotFound):
        booths.end_keeper(BOSS, place.booth.id, user.id)


def test_machines_are_made_once_for_each_booth_and_their_codes_are_told_once() -> None:
    fair = running(3)
    ids = [p.booth.id for p in fair.places]
    assert booths.add_machines(BOSS, fair.id, ids[:2], "Q") == 2
    assert booths.add_machines(BOSS, fair.id, ids, "Q") == 1
    assert session().scalars(select(Device.code).order_by(Device.id)).all() == ["Q1", "Q2", "Q3"]
    told = booths.enrol_codes(BOSS, fair.id, ids)
    assert [(e.booth, e.device) for e in told] == [("A1", "Q1"), ("A2", "Q2"), ("A3", "Q3")]
    assert len({e.code.code for e in told}) == 3
    other = running(1)
    with pytest.raises(NotFound):
        booths.add_machines(BOSS, other.id, ids, "Z")
    assert booths.enrol_codes(BOSS, other.id, ids) == []
    with pytest.raises(Invalid):
        booths.add_machines(BOSS, fair.id, ids, "AB")
    fresh = make_fair()
    place = add_place(fresh)
    with pytest.raises(BoothNotReady):
        booths.add_machines(BOSS, fresh.id, [place.booth.id], "Q")


def test_the_halls_screen_gets_a_new_secret() -> None:
    fair = running()
    before = queries.setup(fair.id)
    assert before is not None
    token = before.screen_token
    made = booths.new_screen(BOSS, fair.id)
    assert made != token
    assert queries.fair_of_screen(token) is None
    assert queries.fair_of_screen(made) is not None
    assert session().get_one(Booth, fair.places[0].booth.id).point_id
