"""Plans of sharing: worked out, changed, approved into transfers and reserves; refused where the world has moved on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.demand import errors
from shop.demand.models.sharing import PlanState, SharingLine, SharingPlan
from shop.demand.needs import WEB
from shop.demand.queries import sharing as queries
from shop.demand.services import sharing
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, ShopError
from shop.kernel.facts import Refused
from shop.points import queries as points
from shop.points.models import Point
from shop.stock import queries as stock_queries
from shop.stock import services as stock
from shop.stock.errors import SoldOut
from shop.stock.models import WebReserve
from shop.stock.services import Take
from shop.transfers import services as transfers
from shop.transfers.models import Target, Transfer
from tests import factories
from tests.demand.shares import STAFF, Market, broken, fresh, key, make_market


@pytest.fixture
def scarce(ctx) -> Market:
    return make_market()


def lines(reference: str) -> dict[tuple[int, int | None], SharingLine]:
    plan = fresh().query(SharingPlan).filter_by(reference=reference).one()
    return {(x.variant_id, x.point_id): x for x in session().query(SharingLine).filter_by(plan_id=plan.id)}


def plan_of(reference: str) -> SharingPlan:
    return fresh().query(SharingPlan).filter_by(reference=reference).one()


def approve(reference: str, **values) -> list[str]:
    seen = values.pop("seen", plan_of(reference).edits)
    return sharing.approve(
        STAFF, reference, seen, values.pop("op_key", key()), may_approve_transfers=values.pop("yes", True)
    )


def offered(variant) -> int:
    fresh()
    return stock_queries.availability([variant.id])[variant.id].ship


def test_a_plan_shares_what_there_is(scarce: Market):
    reference = scarce.plan()
    plan, found = plan_of(reference), lines(reference)
    assert plan.state is PlanState.DRAFT and plan.method == "proven"
    north, south = found[scarce.squid.id, scarce.north.id], found[scarce.squid.id, scarce.south.id]
    assert north.units + south.units == 30
    assert north.units > south.units > 0  # twice the need, never all of it
    assert north.why["source"] == "target"
    assert plan.compared["ours"]["served"] >= plan.compared["pro_rata"]["served"] - 0.05
    assert plan.compared["ours"]["worst"] >= plan.compared["first"]["worst"]
    assert broken() == []


def test_approving_makes_transfers_and_keeps_their_goods_from_the_web(scarce: Market):
    reference = scarce.plan()
    before = lines(reference)
    made = approve(reference)
    assert len(made) == 2
    rows = {t.to_point_id: t for t in fresh().query(Transfer)}
    for point in (scarce.north, scarce.south):
        transfer = rows[point.id]
        assert transfer.status == "approved" and reference in transfer.note
        assert [(x.variant_id, x.approved) for x in transfer.lines] == [
            (scarce.squid.id, before[scarce.squid.id, point.id].units)
        ]
    assert offered(scarce.squid) == 0
    with pytest.raises(SoldOut), transaction():
        stock.take("order:A", [Take(scarce.level, 1)], web=True)
    assert broken() == []
    # Packed goods are claimed: the web need leave only the rest.
    first = rows[scarce.north.id]
    n = first.lines[0].approved
    transfers.pack(STAFF, first.reference, {scarce.level: n}, key())
    reserve = fresh().query(WebReserve).filter_by(at_point_id=scarce.warehouse.id).one()
    assert reserve.units == 30 - n
    assert offered(scarce.squid) == 0
    transfers.unpack(STAFF, first.reference, "thùng ướt", key())
    assert fresh().query(WebReserve).filter_by(at_point_id=scarce.warehouse.id).one().units == 30
    for transfer in rows.values():
        transfers.cancel(STAFF, transfer.reference, "không đi nữa", key())
    assert fresh().query(WebReserve).filter_by(at_point_id=scarce.warehouse.id).count() == 0
    assert offered(scarce.squid) == 30
    assert broken() == []


def test_a_place_that_sends_parcels_keeps_its_share_for_its_counter(scarce: Market):
    reference = scarce.plan()
    approve(reference)
    n = lines(reference)[scarce.squid.id, scarce.south.id].units
    row = fresh().query(WebReserve).filter_by(at_point_id=scarce.south.id).one()
    assert (row.units, row.until_on) == (n, clock.today() + timedelta(days=27))
    assert (
        session().query(WebReserve).filter_by(at_point_id=scarce.north.id).count() == 0
    )  # no parcels leave from there
    level = factories.put_in(scarce.squid, scarce.south, n + 2)
    with pytest.raises(SoldOut), transaction():
        stock.take("order:A", [Take(level, 3)], web=True)
    with transaction():
        stock.take("order:A", [Take(level, 2)], web=True)
        stock.take("order:till", [Take(level, n)])
    sharing.withdraw(STAFF, reference, key())
    assert fresh().query(WebReserve).filter_by(at_point_id=scarce.south.id).count() == 0
    assert broken() == []


def test_a_programme_officer_leaves_the_transfers_to_be_decided(scarce: Market):
    reference = scarce.plan()
    approve(reference, yes=False)
    assert {t.status for t in fresh().query(Transfer)} == {"asked"}
    assert offered(scarce.squid) == 0
    assert broken() == []


def test_approved_once_whoever_presses_twice(scarce: Market, app, together):
    reference = scarce.plan()
    again = key()
    approve(reference, op_key=again)
    assert approve(reference, op_key=again, seen=0) == [
        t.reference for t in fresh().query(Transfer).order_by(Transfer.id)
    ]
    with pytest.raises(errors.SharingMovedOn):
        approve(reference)
    other = scarce.plan(cartons={scarce.tea.id: 1})
    outcomes = together(app, [lambda: approve(other, seen=0) for _ in range(4)])
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, ShopError) for o in outcomes if o.error)
    assert fresh().query(Transfer).count() == 3
    assert broken() == []


def test_goods_that_went_meanwhile_stop_the_approval(scarce: Market):
    reference = scarce.plan()
    with transaction():
        stock.take("order:A", [Take(scarce.level, 6)], web=True)
    with pytest.raises(errors.SharingStale) as refused:
        approve(reference)
    assert refused.value.values["left"] == 24 and refused.value.values["n"] == 30
    assert fresh().query(Transfer).count() == 0 and plan_of(reference).state is PlanState.DRAFT
    assert fresh().query(WebReserve).count() == 0
    pressed = key()
    second = sharing.again(STAFF, reference, pressed)
    assert sharing.again(STAFF, reference, pressed) == second  # a double click is one re-run
    assert fresh().query(SharingPlan).count() == 2
    assert plan_of(reference).state is PlanState.SUPERSEDED
    from shop.kernel import jobs

    jobs.dispatch()
    found = queries.changes(plan_of(second), queries.by_reference(reference))
    assert found and sum(c.before - c.now for c in found) == 6
    assert all(("stock", 30, 24) in c.inputs for c in found)
    approve(second)
    assert plan_of(second).number == 2
    assert broken() == []


def test_a_re_run_of_an_approved_plan_takes_its_place(scarce: Market):
    from shop.kernel import jobs

    reference = scarce.plan()
    approve(reference)
    factories.put_in(scarce.squid, scarce.warehouse, 20, lot_code="L2")
    second, third = sharing.again(STAFF, reference, key()), sharing.again(STAFF, reference, key())
    jobs.dispatch()
    assert plan_of(second).state is PlanState.SUPERSEDED  # never worked out: another came
    assert sum(x.units for x in lines(third).values()) <= 20  # what is on its way is spoken for
    assert plan_of(reference).state is PlanState.APPROVED
    approve(third)
    assert plan_of(reference).state is PlanState.SUPERSEDED
    with pytest.raises(errors.SharingMovedOn):
        sharing.again(STAFF, reference, key())
    assert broken() == []


def test_what_was_sent_by_the_plan_before_is_no_change(scarce: Market):
    """All squid is on its way, so nothing is left to share of it; nobody's need has gone because of that."""
    from shop.kernel import jobs

    reference = scarce.plan(cartons={scarce.squid.id: 1, scarce.tea.id: 1})
    approve(reference)
    second = sharing.again(STAFF, reference, key())
    jobs.dispatch()
    assert queries.changes(plan_of(second), queries.by_reference(reference)) == []
    # One transfer is packed, the other called off: that is a change, and its own reason.
    rows = {t.to_point_id: t for t in fresh().query(Transfer)}
    lot = {x.variant_id: x.approved for x in rows[scarce.south.id].lines}[scarce.squid.id]
    transfers.pack(STAFF, rows[scarce.south.id].reference, {scarce.level: lot}, key())
    transfers.cancel(STAFF, rows[scarce.north.id].reference, "xe hỏng", key())
    was = lines(reference)
    with transaction() as s:  # what the shelf there should have has risen meanwhile
        s.query(Target).filter_by(point_id=scarce.north.id, variant_id=scarce.tea.id).one().target = 12
    third = sharing.again(STAFF, reference, key())
    jobs.dispatch()
    sent = queries.given_on(plan_of(reference).id)
    assert sent[scarce.squid.id, scarce.south.id] == lot and sent[scarce.squid.id, scarce.north.id] == 0
    found = {c.variant_id: c for c in queries.changes(plan_of(third), queries.by_reference(reference))}
    assert {c.point_id for c in found.values()} == {scarce.north.id}
    tea = found[scarce.tea.id]
    before = was[scarce.tea.id, scarce.north.id].units
    assert (tea.before, tea.given) == (before, 0) and tea.now > before
    assert tea.inputs == (("sent", before, 0), ("middle", 10, 12))
    assert broken() == []


def test_a_re_run_is_compared_with_what_was_typed(scarce: Market):
    from shop.kernel import jobs

    reference = scarce.plan()
    found = lines(reference)
    north, south = found[scarce.squid.id, scarce.north.id], found[scarce.squid.id, scarce.south.id]
    was, ids = north.proposed, (north.id, south.id)
    sharing.edit(STAFF, reference, {ids[0]: 4, ids[1]: 6}, 0, key())
    approve(reference)
    second = sharing.again(STAFF, reference, key())
    jobs.dispatch()
    told = {c.point_id: c for c in queries.changes(plan_of(second), queries.by_reference(reference))}
    north_now = told[scarce.north.id]
    assert (north_now.before, north_now.given) == (4, 4) and north_now.now > 0
    assert north_now.inputs == (("edited-before", was, 4),)
    # What the transfer was cut to is told as well.
    transfer = fresh().query(Transfer).filter_by(to_point_id=scarce.south.id).one()
    transfers.cancel(STAFF, transfer.reference, "không đi nữa", key())
    third = sharing.again(STAFF, reference, key())
    jobs.dispatch()
    told = {c.point_id: c for c in queries.changes(plan_of(third), queries.by_reference(reference))}
    assert told[scarce.south.id].given == 0
    assert [name for name, _a, _b in told[scarce.south.id].inputs] == ["edited-before", "sent"]
    assert broken() == []


def test_a_place_that_closed_is_the_reason_itself(scarce: Market):
    from shop.kernel import jobs

    reference = scarce.plan()
    with transaction() as s:
        s.get(Point, scarce.south.id).closed_on = clock.today()
    points.forget()
    second = sharing.again(STAFF, reference, key())
    jobs.dispatch()
    told = {c.point_id: c for c in queries.changes(plan_of(second), queries.by_reference(reference))}
    assert told[scarce.south.id].inputs == (("no-place", 0, 0),)
    assert told[scarce.north.id].inputs == ()  # only because the others changed


def test_numbers_by_hand(scarce: Market):
    reference = scarce.plan()
    found = lines(reference)
    north, south = found[scarce.squid.id, scarce.north.id], found[scarce.squid.id, scarce.south.id]
    north_id, south_id = north.id, south.id
    assert sharing.edit(STAFF, reference, {north_id: 4, south_id: 26}, 0, key()) == 2
    assert lines(reference)[scarce.squid.id, scarce.south.id].units == 26
    with pytest.raises(errors.SharingMovedOn):
        sharing.edit(STAFF, reference, {north_id: 5}, 0, key())
    with pytest.raises(errors.SharingMovedOn):
        approve(reference, seen=0)
    for wrong in ({north_id: 5}, {north_id: -1}, {north_id: 10**8}):
        with pytest.raises(Invalid) as refused:
            sharing.edit(STAFF, reference, wrong, 1, key())
        assert refused.value.field == f"n-{north_id}"
    with pytest.raises(errors.SharingMovedOn):
        sharing.edit(STAFF, reference, {10**9: 1}, 1, key())
    assert lines(reference)[scarce.squid.id, scarce.north.id].units == 4
    sharing.edit(STAFF, reference, {north_id: 0, south_id: 0}, 1, key())
    with pytest.raises(Invalid):
        approve(reference)
    assert broken() == []


def test_whole_lots_stay_whole(scarce: Market):
    factories.put_in(scarce.squid, scarce.warehouse, 12, lot_code="L2")
    reference = scarce.plan(whole_lots=True)
    found = lines(reference)
    assert {x.units for x in found.values()} <= {0, 12, 30, 42}
    assert sum(x.units for x in found.values()) == 42
    line = found[scarce.squid.id, scarce.north.id]
    with pytest.raises(Invalid):
        sharing.edit(STAFF, reference, {line.id: line.units - 1}, 0, key())
    assert broken() == []


def test_cartons_are_not_opened(scarce: Market):
    reference = scarce.plan(cartons={scarce.squid.id: 7})
    found = lines(reference)
    assert all(x.units % 7 == 0 for x in found.values())
    assert sum(x.units for x in found.values()) == 28


def test_nonsense_is_told_at_its_place(scarce: Market):
    with pytest.raises(Refused) as refused:
        sharing.make(STAFF, scarce.wanted(weeks=0, floor=200, trip=-1, cartons={}, givers=[], places=[]), key())
    assert {r.field for r in refused.value.all} == {"weeks", "floor", "trip", "goods", "givers", "places"}

    def field_of(**values) -> str | None:
        with pytest.raises(Invalid) as one:
            sharing.make(STAFF, scarce.wanted(**values), key())
        return one.value.field

    assert field_of(cartons={scarce.squid.id: 0}) == f"carton-{scarce.squid.id}"
    assert field_of(cartons={10**9: 1}) == "goods"
    assert field_of(places=[scarce.north.id, scarce.warehouse.id]) == "places"
    assert field_of(givers=[scarce.north.id], places=[WEB]) == "places"
    assert field_of(places=[10**9]) == "places"
    assert field_of(cartons={factories.make_variant("Không có").id: 1}) == "goods"
    assert fresh().query(SharingPlan).count() == 0


def test_a_point_that_closed_and_a_pack_that_is_hidden(scarce: Market):
    reference = scarce.plan(cartons={scarce.squid.id: 1, scarce.tea.id: 1})
    with transaction() as s:
        s.get(Point, scarce.south.id).closed_on = clock.today()
    with pytest.raises(errors.SharingStale) as refused:
        approve(reference)
    assert "Hải Phòng" in str(refused.value)
    points.forget()
    with pytest.raises(Invalid):
        sharing.make(STAFF, scarce.wanted(), key())
    second = sharing.again(STAFF, reference, key())
    from shop.kernel import jobs

    jobs.dispatch()
    assert (scarce.squid.id, scarce.south.id) not in lines(second)
    from shop.catalog.models import Variant, VariantState

    with transaction() as s:
        s.get(Variant, scarce.tea.id).state = VariantState.HIDDEN
    with pytest.raises(errors.SharingStale) as refused:
        approve(second)
    assert "Trà hoa vàng" in str(refused.value)
    assert fresh().query(Transfer).count() == 0


def test_a_fair_that_was_called_off_after_the_plan_was_made_gets_nothing(scarce: Market):
    from shop.points.models import PointKind
    from shop.transfers.services import targets

    today = clock.today()
    fair = factories.make_point(
        "Hội chợ thu",
        kind=PointKind.FAIR,
        ships=False,
        opened_on=today + timedelta(days=5),
        closed_on=today + timedelta(days=9),
    )
    targets.set_targets(STAFF, fair.id, {scarce.squid.id: (10, 20)}, key())
    reference = scarce.plan(places=[fair.id, scarce.north.id])
    assert lines(reference)[scarce.squid.id, fair.id].units > 0
    with transaction() as s:
        found = s.get(Point, fair.id)
        found.opened_on = found.closed_on = None
    points.forget()
    with pytest.raises(errors.SharingStale) as refused:
        approve(reference)
    assert "Hội chợ thu" in str(refused.value)
    assert fresh().query(Transfer).count() == 0
    from shop.kernel import jobs

    second = sharing.again(STAFF, reference, key())
    jobs.dispatch()
    told = {c.point_id: c for c in queries.changes(plan_of(second), queries.by_reference(reference))}
    assert told[fair.id].inputs == (("no-place", 0, 0),)
    approve(second)
    assert broken() == []


def test_no_time_for_the_solver_is_said(scarce: Market):
    from shop.kernel import jobs

    reference = sharing.make(STAFF, scarce.wanted(), key())
    plan = plan_of(reference)
    assert sharing.solve(plan.id, seconds=0.0)
    assert not sharing.solve(plan.id)
    jobs.dispatch()
    assert plan_of(reference).method == "greedy"
    assert sum(x.units for x in lines(reference).values()) == 30
    assert broken() == []


def test_web_buyers_race_for_what_is_set_aside(scarce: Market, app, together):
    """Thirty units; the plan sends some away, a person leaves ten to the web: exactly ten are sold."""
    reference = scarce.plan()
    found = lines(reference)
    wanted = {found[scarce.squid.id, scarce.north.id].id: 12, found[scarce.squid.id, scarce.south.id].id: 8}
    sharing.edit(STAFF, reference, wanted, 0, key())
    approve(reference)
    assert offered(scarce.squid) == 10

    def grab(n: int):
        def do() -> bool:
            try:
                with transaction():
                    stock.take(f"order:{n}", [Take(scarce.level, 1)], web=True)
            except SoldOut:
                return False
            return True

        return do

    outcomes = together(app, [grab(n) for n in range(16)])
    assert [o.error for o in outcomes if o.error] == []
    assert sum(o.value for o in outcomes) == 10
    for transfer in fresh().query(Transfer).order_by(Transfer.id).all():
        transfers.pack(STAFF, transfer.reference, {scarce.level: transfer.lines[0].approved}, key())
    assert broken() == []


def test_each_invariant_fires(scarce: Market):
    from sqlalchemy import text

    approve(scarce.plan())
    assert broken() == []
    faults = {
        "demand.sharing-gives-what-there-was": "UPDATE sharing_lines SET units = units + 1",
        "demand.sharing-reserves-in-step": "DELETE FROM web_reserves",
    }
    from shop.kernel import invariants

    for name, sql in faults.items():
        try:
            with transaction() as s:
                s.execute(text(sql))
                assert any(f.name == name and not f.ok for f in invariants.run()), name
                raise RuntimeError
        except RuntimeError:
            pass
    assert broken() == []


def test_plans_that_came_to_nothing_go_after_a_term(scarce: Market):
    first, second = scarce.plan(), scarce.plan()
    sharing.withdraw(STAFF, first, key())
    approve(second)
    sharing.withdraw(STAFF, second, key())
    assert sharing.drop_old(clock.today() + timedelta(days=1)) == 1
    assert [p.reference for p in fresh().query(SharingPlan)] == [second]
