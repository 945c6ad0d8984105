"""Booths are given out, published, changed and passed on: each step, its refusals, and people acting at one moment."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from shop.exhibitions import allot, rules
from shop.exhibitions.allot import EditKind, QuotaKind, Rule
from shop.exhibitions.errors import (
    AllotmentStale,
    BoothFull,
    BoothsInUse,
    BoothUnfit,
    CallStillOpen,
    FairChanged,
    FairMovedOn,
    OfferOver,
    PapersUnchecked,
    SwapOver,
)
from shop.exhibitions.models.allotting import BoothOffer, OfferState, StandSwap, SwapState
from shop.exhibitions.models.calls import Application, ApplicationState, PapersState, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition, ExhibitionStep, FairState
from shop.exhibitions.queries import allotting as rule
from shop.exhibitions.queries import calls
from shop.exhibitions.services import allotting, applications, moving, offers
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict, Invalid
from tests import factories
from tests.exhibitions.call_made import (
    MAKER,
    STAFF,
    Fair,
    apply,
    check,
    in_days,
    key,
    make_fair,
    make_maker,
    row_of,
    state_of,
)

A = ApplicationState
# Neither luck nor former fairs: stars alone, so that tests know who comes first.
STARS = Rule(stars=100, past=0, draw=0)


def by_stars(fair: Fair, *stars: int, **place: Any) -> list[str]:
    """Applications of producers with so many stars."""
    return [apply(fair, make_maker(f"HTX {n} sao", stars=n), **place) for n in stars]


def ruled(rule_: Rule = STARS, **values: Any) -> Fair:
    fair = make_fair(**values)
    allotting.set_rule(STAFF, fair.slug, rule_, 1)
    return fair


def open_offer(reference: str) -> BoothOffer | None:
    session().expire_all()
    return (
        session().query(BoothOffer).filter_by(application_id=row_of(reference).id, state=OfferState.OPEN).one_or_none()
    )


def stand_of(reference: str) -> Stand:
    session().expire_all()
    return session().query(Stand).filter_by(application_id=row_of(reference).id, ended_at=None).one()


# --- the rule and the seed -----------------------------------------------------------------------------------------


def test_the_seed_is_sealed_with_the_call_and_shown_with_the_result(ctx: Any) -> None:
    fair = make_fair(announced=False)
    assert rule.rule_row(fair.row.id) is None
    fair.step(FairState.ANNOUNCED)
    kept = rule.rule_row(fair.row.id)
    assert kept is not None
    assert kept.seed_digest == hashlib.sha256(kept.seed.encode()).hexdigest()
    assert (kept.announced_at is not None, kept.revealed_at) == (True, None)
    seed = kept.seed
    # Back to the drawing board and announced anew: nobody draws again.
    fair.step(FairState.DRAFT)
    fair.step(FairState.ANNOUNCED)
    session().expire_all()
    assert rule.rule_row(fair.row.id).seed == seed  # type: ignore[union-attr]
    fair.booth("A1")
    (reference,) = by_stars(fair, 5)
    fair.publish()
    session().expire_all()
    kept = rule.rule_row(fair.row.id)
    assert kept is not None
    assert kept.revealed_at is not None
    told = session().query(ExhibitionStep).filter_by(exhibition_id=fair.row.id, to_state="allotted").one().told
    assert told["seed"] == seed
    (outcome,) = told["outcomes"]
    assert outcome["draw"] == hashlib.sha256((seed + reference).encode()).hexdigest()


def test_the_published_draw_comes_out_again_from_what_is_public(ctx: Any) -> None:
    fair = ruled(Rule(stars=0, past=0, draw=0))
    for n in range(4):
        fair.booth(f"A{n}")
    for _ in range(9):
        apply(fair)
    fair.publish()
    told = session().query(ExhibitionStep).filter_by(exhibition_id=fair.row.id, to_state="allotted").one().told
    assert hashlib.sha256(told["seed"].encode()).hexdigest() == told["seed_digest"]
    again = sorted(
        (o["reference"] for o in told["outcomes"]),
        key=lambda r: hashlib.sha256((told["seed"] + r).encode()).hexdigest(),
    )
    assert set(again[:4]) == set(fair.at())
    assert again[4:] == fair.waiting()


def test_a_rule_is_checked_kept_and_changed_by_one_at_a_time(ctx: Any) -> None:
    fair = make_fair()
    wanted = Rule(quotas={"06661": 30, "other": 20}, quota_kind=QuotaKind.SHARE, stars=10, past=20, draw=30)
    allotting.set_rule(STAFF, fair.slug, wanted, 1)
    session().expire_all()
    assert rule.rule_of(rule.rule_row(fair.row.id)) == wanted
    with pytest.raises(FairChanged):
        allotting.set_rule(STAFF, fair.slug, Rule(), 1)
    for bad in (
        Rule(stars=101),
        Rule(quotas={"06661": -1}),
        Rule(quotas={"06661": 60, "other": 41}, quota_kind=QuotaKind.SHARE),
    ):
        with pytest.raises(Invalid):
            allotting.set_rule(STAFF, fair.slug, bad, 2)
    fair.publish()
    with pytest.raises(FairMovedOn):
        allotting.set_rule(STAFF, fair.slug, Rule(), 2)


def test_former_fairs_count_and_newcomers_stand_between(ctx: Any) -> None:
    from shop.exhibitions.queries import past
    from shop.points.models import PointKind
    from tests.exhibitions.call_past import sell_at_fair

    fair = ruled(Rule(stars=0, past=100, draw=0))
    good, poor, new = make_maker("Bán chạy"), make_maker("Bán chậm"), make_maker("Mới")
    hours = {day: ["08:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    point = factories.make_point(
        "Gian cũ",
        kind=PointKind.FAIR,
        opened_on=in_days(-12),
        closed_on=in_days(-7),
        ships=False,
        pickup=False,
        hours=hours,
    )
    sell_at_fair(good, point, brought=8, sold=8, hour=13)
    sell_at_fair(poor, point, brought=10, sold=1)
    known = past.of_producers([good.row.id, poor.row.id, new.row.id])
    assert set(known) == {good.row.id, poor.row.id}
    assert known[good.row.id].past.sold_a_day == 8 * 120_000 // 5
    assert known[poor.row.id].past == allot.Past(120_000 // 5, 0)
    # Sold out at one o'clock of the first of five days of ten hours: 45 of 50 hours without goods.
    assert known[good.row.id].past.empty_permille == 900
    bad, fresh, best = (apply(fair, m) for m in (good, new, poor))
    kept = rule.rule_row(fair.row.id)
    found = rule.preview(fair.row, rule.rule_of(kept), kept.seed).result  # type: ignore[union-attr]
    # A share of 75 with a tenth of the hours, the median, a share of 25 with all of them.
    assert {o.reference: o.past_points for o in found.outcomes} == {bad: 7_500, fresh: 16_250, best: 25_000}
    assert [o.reference for o in found.outcomes] == [best, fresh, bad]


# --- publishing ----------------------------------------------------------------------------------------------------


def test_publishing_accepts_lets_wait_and_refuses_with_fee_and_reason(ctx: Any) -> None:
    fair = ruled(Rule(quotas={"06661": 1}, stars=100, past=0, draw=0))
    fair.booth("A1", zone="A")
    fair.booth("A2", zone="B")
    five, four, three = by_stars(fair, 5, 4, 3)
    bare = apply(fair, checked=False)
    check(bare, PapersState.REFUSED, "Nhãn không ghi hạn dùng")
    abroad = apply(fair, make_maker("HTX Hà Nội", province_code="01", commune_code="00004", stars=5))
    assert rule.inputs(fair.row).askers[abroad].locality == rule.OUTSIDE
    counts = fair.publish()
    assert counts == {"accepted": 2, "waiting": 2, "refused": 1}
    at = fair.at()
    assert set(at) == {five, abroad}
    assert set(at.values()) == {"A1", "A2"}
    assert (state_of(five), state_of(four), state_of(bare)) == ("accepted", "waiting", "refused")
    assert fair.waiting() == [four, three]
    assert (stand_of(five).fee_amount, stand_of(five).subsidy_amount) == (6_000_000, 6_000_000)
    assert (stand_of(abroad).fee_amount, stand_of(abroad).subsidy_amount) == (6_000_000, 0)
    assert "5 sao" in stand_of(five).why
    assert "Phường" in stand_of(five).why or "06661" in stand_of(five).why
    assert row_of(bare).steps[-1].reason == allotting.NO_GOODS
    assert session().get_one(Exhibition, fair.row.id).state is FairState.ALLOTTED


def test_what_must_be_so_before_publishing(ctx: Any) -> None:
    fair = ruled()
    fair.booth("A1")
    reference = apply(fair, checked=False)
    seen = fair.digest()
    with pytest.raises(CallStillOpen):
        allotting.publish(STAFF, fair.slug, seen, key())
    with pytest.raises(PapersUnchecked):
        allotting.publish(STAFF, fair.slug, seen, key(), early=True)
    check(reference)
    second = by_stars(fair, 5)[0]
    with pytest.raises(AllotmentStale):
        allotting.publish(STAFF, fair.slug, seen, key(), early=True)
    assert (state_of(reference), fair.at()) == ("submitted", {})
    once = key()
    first = allotting.publish(STAFF, fair.slug, fair.digest(), once, early=True)
    assert first == {"accepted": 1, "waiting": 1, "refused": 0}
    session().expire_all()
    told = session().query(ExhibitionStep).filter_by(exhibition_id=fair.row.id, to_state="allotted").one().told
    assert told["early"] is True
    with pytest.raises(FairMovedOn):
        allotting.publish(STAFF, fair.slug, fair.digest(), key())
    assert fair.at() == {second: "A1"}


def test_changes_by_hand_are_kept_said_and_undone(ctx: Any) -> None:
    fair = ruled()
    fair.booth("A1")
    five, three = by_stars(fair, 5, 3)
    with pytest.raises(Invalid):
        allotting.edit(STAFF, fair.slug, EditKind.SWAP, three, five, " ", key())
    for kind, target in ((EditKind.MOVE, "Z9"), (EditKind.SWAP, three), (EditKind.SWAP, "KHONG-CO")):
        with pytest.raises(Invalid):
            allotting.edit(STAFF, fair.slug, kind, three, target, "thử", key())
    made = allotting.edit(STAFF, fair.slug, EditKind.SWAP, three, five, "Cơ sở mới cần quảng bá", key())
    kept = rule.rule_row(fair.row.id)
    found = rule.preview(fair.row, rule.rule_of(kept), kept.seed)  # type: ignore[union-attr]
    assert [w.kind for w in found.arrangement.warnings] == [allot.Warn.BEFORE_OTHERS]
    allotting.undo(STAFF, fair.slug, made)
    assert rule.edits(fair.row.id) == []
    assert [(who, target) for _e, who, target in rule.told_edits(fair.row.id)] == [("HTX 3 sao", "HTX 5 sao")]
    allotting.edit(STAFF, fair.slug, EditKind.SWAP, three, five, "Cơ sở mới cần quảng bá", key())
    fair.publish()
    assert fair.at() == {three: "A1"}
    assert "Cơ sở mới cần quảng bá" in stand_of(three).why
    with pytest.raises(FairMovedOn):
        allotting.edit(STAFF, fair.slug, EditKind.OUT, three, "", "thử", key())


def test_published_booths_may_be_taken_back_until_goods_are_on_their_way(ctx: Any) -> None:
    fair = ruled()
    booth = fair.booth("A1")
    five, four = by_stars(fair, 5, 4)
    fair.publish()
    point = factories.make_point("Gian A1")
    with transaction() as s:
        s.execute(update(Booth).where(Booth.id == booth).values(point_id=point.id))
    with pytest.raises(BoothsInUse):
        allotting.take_back(STAFF, fair.slug, "Đổi mặt bằng", key())
    with pytest.raises(BoothsInUse):
        applications.withdraw(MAKER, five)
    with transaction() as s:
        s.execute(update(Booth).where(Booth.id == booth).values(point_id=None))
    allotting.take_back(STAFF, fair.slug, "Đổi mặt bằng", key())
    assert (state_of(five), state_of(four), fair.at()) == ("submitted", "submitted", {})
    assert fair.publish() == {"accepted": 1, "waiting": 1, "refused": 0}
    assert session().query(Stand).filter(Stand.ended_at.is_not(None)).one().end_reason == "Đổi mặt bằng"


# --- the waiting list ----------------------------------------------------------------------------------------------


def test_a_withdrawal_is_offered_down_the_list(ctx: Any) -> None:
    fair = ruled()
    fair.booth("A1")
    five, four, three, none = by_stars(fair, 5, 4, 3, 0)
    fair.publish()
    applications.withdraw(MAKER, five, "Mất mùa")
    assert fair.waiting() == [four, three, none]
    offer = open_offer(four)
    assert offer is not None
    assert offer.until - offer.offered_at == timedelta(hours=rules.OFFER_HOURS.get())
    assert open_offer(three) is None
    offers.decline(MAKER, offer.reference)
    # He keeps his place, and is not asked for the same booth again.
    assert (fair.waiting(), open_offer(four)) == ([four, three, none], None)
    second = open_offer(three)
    assert second is not None
    with transaction() as s:
        s.execute(update(BoothOffer).where(BoothOffer.id == second.id).values(until=clock.now() - timedelta(minutes=1)))
    with pytest.raises(OfferOver):
        offers.accept(MAKER, second.reference)
    offers.sweep()
    # Who did not answer goes to the end.
    assert fair.waiting() == [four, none, three]
    last = open_offer(none)
    assert last is not None
    offers.accept(MAKER, last.reference)
    assert (fair.at(), state_of(none), fair.waiting()) == ({none: "A1"}, "accepted", [four, three])
    with pytest.raises(OfferOver):
        offers.accept(MAKER, last.reference)
    assert offers.sweep() == 0


def test_only_whom_the_booth_fits_is_offered_it_and_who_leaves_gives_the_offer_back(ctx: Any) -> None:
    fair = ruled()
    fair.kind("cold", cold=True)
    fair.booth("A1")
    cold, five, three = by_stars(fair, 5, cold=True)[0], *by_stars(fair, 5, 3)
    fair.publish()
    assert set(fair.waiting()) == {cold, three}
    applications.withdraw(MAKER, five)
    assert (open_offer(cold), open_offer(three) is not None) == (None, True)
    applications.withdraw(MAKER, three)
    assert session().query(BoothOffer).filter_by(state=OfferState.OPEN).count() == 0
    late = by_stars_late(fair)
    assert offers.sweep() == 1
    assert open_offer(late) is not None


def by_stars_late(fair: Fair) -> str:
    """Somebody who applies after the booths were given out and waits."""
    fair.move_call(-20, 10)
    reference = by_stars(fair, 0)[0]
    applications.to_waiting(STAFF, reference)
    return reference


def test_nobody_is_offered_a_booth_once_the_fair_begins_or_is_cancelled(ctx: Any) -> None:
    fair = ruled()
    fair.booth("A1")
    five, four = by_stars(fair, 5, 4)
    fair.publish()
    with transaction() as s:
        s.execute(update(Exhibition).where(Exhibition.id == fair.row.id).values(from_on=in_days(0)))
    applications.withdraw(MAKER, five)
    offer = open_offer(four)
    if offer is not None:  # before eight in the morning
        assert offer.until <= clock.start_of(in_days(0)) + timedelta(hours=8)
    with transaction() as s:
        s.execute(update(Exhibition).where(Exhibition.id == fair.row.id).values(from_on=in_days(20)))
    offers.sweep()
    offer = open_offer(four)
    assert offer is not None
    fair.cancel()
    assert open_offer(four) is None
    with pytest.raises(OfferOver):
        offers.accept(MAKER, offer.reference)


# --- booths change hands -------------------------------------------------------------------------------------------


def test_two_producers_agree_to_change(ctx: Any) -> None:
    fair = ruled()
    fair.kind("big", fee_amount=9_000_000, subsidy_percent=50)
    fair.booth("A1")
    fair.booth("B1", kind="big")
    five, four = by_stars(fair, 5, 4)
    fair.publish()
    assert fair.at() == {five: "A1", four: "B1"}
    asked = moving.ask_swap(MAKER, five, stand_of(four).reference, "gần nhà kho", key())
    with pytest.raises(Conflict):
        moving.ask_swap(MAKER, five, stand_of(four).reference, "nữa", key())
    moving.answer_swap(MAKER, asked, yes=False)
    assert fair.at() == {five: "A1", four: "B1"}
    again = moving.ask_swap(MAKER, five, stand_of(four).reference, None, key())
    moving.answer_swap(MAKER, again, yes=True)
    assert fair.at() == {five: "B1", four: "A1"}
    assert (stand_of(five).fee_amount, stand_of(five).subsidy_amount) == (9_000_000, 4_500_000)
    assert session().query(Stand).count() == 4
    with pytest.raises(SwapOver):
        moving.answer_swap(MAKER, again, yes=True)
    # Who leaves takes the wish with him.
    last = moving.ask_swap(MAKER, four, stand_of(five).reference, None, key())
    applications.withdraw(MAKER, five)
    session().expire_all()
    assert session().query(StandSwap).filter_by(reference=last).one().state is SwapState.ENDED


def test_a_wish_may_be_taken_back_and_needs_are_kept(ctx: Any) -> None:
    fair = ruled()
    fair.kind("cold", cold=True)
    fair.booth("A1", kind="cold")
    fair.booth("A2")
    cold, four = by_stars(fair, 5, cold=True)[0], by_stars(fair, 4)[0]
    fair.publish()
    asked = moving.ask_swap(MAKER, four, stand_of(cold).reference, None, key())
    with pytest.raises(BoothUnfit):
        moving.answer_swap(MAKER, asked, yes=True)
    assert fair.at() == {cold: "A1", four: "A2"}
    moving.withdraw_swap(MAKER, asked)
    with pytest.raises(SwapOver):
        moving.withdraw_swap(MAKER, asked)
    with pytest.raises(BoothUnfit):
        moving.swap_by_staff(STAFF, four, cold, "đổi khu", key())


def test_a_wish_to_change_ends_when_the_fair_begins(ctx: Any) -> None:
    fair = ruled()
    fair.booth("A1")
    fair.booth("A2")
    five, four = by_stars(fair, 5, 4)
    fair.publish()
    asked = moving.ask_swap(MAKER, five, stand_of(four).reference, None, key())
    assert calls.waiting_at(row_of(four).producer_id) == 1
    fair.step(FairState.RUNNING)
    assert calls.waiting_at(row_of(four).producer_id) == 0
    with pytest.raises(SwapOver):
        moving.answer_swap(MAKER, asked, yes=True)


def test_staff_put_take_out_and_change_with_a_reason(ctx: Any) -> None:
    fair = ruled()
    fair.booth("A1")
    fair.booth("A2")
    fair.booth("X1", out_of_use=True)
    five, four, three = by_stars(fair, 5, 4, 3)
    fair.publish()
    with pytest.raises(Invalid):
        moving.swap_by_staff(STAFF, five, four, "", key())
    with pytest.raises(Invalid):
        moving.swap_by_staff(STAFF, five, five, "thử", key())
    moving.swap_by_staff(STAFF, five, four, "Gần điện ba pha", key())
    assert fair.at() == {five: "A2", four: "A1"}
    with pytest.raises(BoothFull):
        moving.put(STAFF, three, "A1", "thử", key())
    with pytest.raises(BoothFull):
        moving.put(STAFF, three, "X1", "thử", key())
    with pytest.raises(Invalid):
        moving.put(STAFF, three, "Z9", "thử", key())
    moving.take_out(STAFF, five, A.WAITING, "Chưa đóng phí", key())
    assert (state_of(five), fair.waiting()) == ("waiting", [three, five])
    assert open_offer(three) is not None
    # The booth is kept for the one it is offered.
    with pytest.raises(BoothFull):
        moving.put(STAFF, five, "A2", "thử", key())
    moving.take_out(STAFF, four, A.REFUSED, "Bỏ cuộc", key())
    assert state_of(four) == "refused"
    # Only one offer at a time: the second free booth goes to the next.
    assert open_offer(five) is not None
    assert fair.at() == {}


def test_a_shared_booth_takes_several_and_passes_single_seats_on(ctx: Any) -> None:
    fair = ruled()
    fair.booth("C1", kind="shared")
    makers = by_stars(fair, 5, 5, 4, 3, type_id=fair.types["shared"])
    fair.publish()
    assert Counter(fair.at().values()) == {"C1": 3}
    assert {stand_of(r).fee_amount for r in fair.at()} == {1_000_000}
    applications.withdraw(MAKER, makers[0])
    assert open_offer(makers[3]) is not None


# --- at one moment -------------------------------------------------------------------------------------------------


def test_two_publish_at_one_moment_and_it_is_done_once(ctx: Any, app: Any, together: Callable[..., Any]) -> None:
    fair = ruled()
    fair.booth("A1")
    by_stars(fair, 5, 4)
    fair.close_call()
    seen, slug = fair.digest(), fair.slug
    session().rollback()
    came = together(app, [lambda: allotting.publish(STAFF, slug, seen, key()) for _ in range(4)])
    assert Counter(type(o.error) for o in came) == {type(None): 1, FairMovedOn: 3}
    assert len(fair.at()) == 1
    assert session().query(Stand).count() == 1
    assert len(fair.waiting()) == 1


def test_a_withdrawal_meets_the_publishing(ctx: Any, app: Any, together: Callable[..., Any]) -> None:
    fair = ruled()
    fair.booth("A1")
    five, four = by_stars(fair, 5, 4)
    fair.close_call()
    seen, slug = fair.digest(), fair.slug
    session().rollback()
    came = together(
        app, [lambda: allotting.publish(STAFF, slug, seen, key()), lambda: applications.withdraw(MAKER, five)]
    )
    assert state_of(five) == "withdrawn"
    assert came[1].error is None
    if came[0].error is None:  # published first: the booth is offered on
        assert open_offer(four) is not None
    else:
        assert isinstance(came[0].error, AllotmentStale)
        assert state_of(four) == "submitted"
    assert fair.at() == {}


def test_the_last_seat_is_taken_once(ctx: Any, app: Any, together: Callable[..., Any]) -> None:
    fair = ruled()
    fair.booth("A1")
    five, four, three = by_stars(fair, 5, 4, 3)
    fair.publish()
    applications.withdraw(MAKER, five)
    offer = open_offer(four)
    assert offer is not None
    reference = offer.reference
    session().rollback()
    came = together(
        app,
        [
            lambda: offers.accept(MAKER, reference),
            lambda: offers.accept(MAKER, reference),
            lambda: offers.decline(MAKER, reference),
            lambda: moving.put(STAFF, three, "A1", "gấp", key()),
            offers.sweep,
        ],
    )
    assert all(o.error is None or isinstance(o.error, Conflict) for o in came)
    at = fair.at()
    session().expire_all()
    living = session().query(BoothOffer).filter_by(state=OfferState.OPEN).count()
    assert len(at) + living <= 1
    assert session().query(Application).filter_by(state=A.ACCEPTED).count() == len(at)
    fair.waiting()


def test_two_wishes_to_change_cross(ctx: Any, app: Any, together: Callable[..., Any]) -> None:
    fair = ruled()
    fair.booth("A1")
    fair.booth("A2")
    five, four = by_stars(fair, 5, 4)
    fair.publish()
    one = moving.ask_swap(MAKER, five, stand_of(four).reference, None, key())
    two = moving.ask_swap(MAKER, four, stand_of(five).reference, None, key())
    session().rollback()
    came = together(
        app, [lambda: moving.answer_swap(MAKER, one, yes=True), lambda: moving.answer_swap(MAKER, two, yes=True)]
    )
    assert Counter(type(o.error) for o in came) == {type(None): 1, SwapOver: 1}
    assert fair.at() == {five: "A2", four: "A1"}
