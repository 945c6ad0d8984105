"""Windows and places: what is counted, what is refused, what money does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shop.accounts.events import UserErased
from shop.checkout import services as checkout
from shop.kernel import clock, events
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.kernel.mail import Letter
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Order, OrderStatus, PaymentMethod, PaymentStatus
from shop.payments.models import Payment
from shop.points import queries as points
from shop.points.models import Point
from shop.preorders.errors import (
    AllTaken,
    CannotLeave,
    GoodsMissing,
    GoodsNotForSale,
    HouseholdLimit,
    NoPlaces,
    NotTaking,
    PreorderMovedOn,
    PreviewStale,
    StillPaying,
    WindowMovedOn,
)
from shop.preorders.models import HarvestWindow, OnShort, Preorder, S, W
from shop.preorders.services import aside, carrying, deposits, places, privacy, running, windows
from shop.preorders.sharing import Rule
from shop.stock.models import StockLevel
from tests import factories
from tests.people import make_user
from tests.preorders.conftest import (
    BUYER,
    MAKER,
    OFFICE,
    Orchard,
    broken,
    claim,
    goods_of,
    in_days,
    key,
    later,
    order,
    refunded,
    row,
    work,
)

# --- what a window may say ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("low", {"low": 40}),
        ("low", {"low": 0}),
        ("limit_units", {"limit_units": 31}),
        ("limit_units", {"limit_units": 9}),
        ("household_limit", {"household_limit": 16}),
        ("household_limit", {"household_limit": -1}),
        ("closes_at", {"closes_at": clock.now() - timedelta(days=2)}),
        ("harvest_to", {"harvest_to": in_days(-3), "harvest_from": in_days(-4)}),
        ("harvest_to", {"harvest_to": in_days(5), "harvest_from": in_days(9)}),
        ("delivery_from", {"harvest_from": in_days(23), "delivery_from": in_days(22)}),
        ("delivery_to", {"delivery_to": in_days(3)}),
        ("delivery_to", {"delivery_to": in_days(4000)}),
        ("price_low_amount", {"price_low_amount": 130_000}),
        ("price_low_amount", {"price_low_amount": 0}),
        ("price_high_amount", {"price_high_amount": 10**15}),
        ("deposit_percent", {"deposit_percent": 51}),
        ("deposit_percent", {"deposit_percent": -1}),
        ("pickup", {"ships": False, "pickup_ids": ()}),
        ("pickup", {"pickup_ids": (987_654,)}),
        ("point", {"point_id": 987_654}),
        ("variant", {"variant_id": 987_654}),
        ("localities", {"rule": Rule.LOCALS_FIRST}),
        ("localities", {"rule": Rule.LOCALS_FIRST, "localities": ("99999",)}),
        ("harvest", {"harvest_id": 987_654}),
        ("note", {"note": "x" * 2001}),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(orchard: Orchard, field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        windows.draft(MAKER, orchard.producer.id, orchard.terms(**more), key())
    assert refusal.value.field == field


def test_neither_somebody_elses_goods_nor_wine_may_be_ordered_beforehand(orchard: Orchard) -> None:
    wine = factories.make_variant("Rượu ba kích", producer=orchard.producer, is_alcohol=True)
    foreign = factories.make_variant("Chè", producer=factories.make_producer("HTX khác"))
    for variant in (wine, foreign):
        with pytest.raises(Invalid) as refusal:
            windows.draft(MAKER, orchard.producer.id, orchard.terms(variant_id=variant.id), key())
        assert refusal.value.field == "variant"


def test_a_window_is_drafted_changed_proposed_sent_back_and_opened(orchard: Orchard) -> None:
    op = key()
    reference = windows.draft(MAKER, orchard.producer.id, orchard.terms(), op)
    assert windows.draft(MAKER, orchard.producer.id, same_terms(orchard), op) == reference
    assert session().query(HarvestWindow).count() == 1
    windows.change(MAKER, reference, orchard.terms(low=12, household_limit=3), key())
    assert windows.submit(MAKER, reference, key()) is W.PROPOSED
    with pytest.raises(NotTaking):
        orchard.place(reference)
    windows.send_back(OFFICE, reference, "Ghi rõ ngày giao", key())
    assert row(reference).state is W.DRAFT
    windows.submit(MAKER, reference, key())
    windows.approve(OFFICE, reference, key())
    found = row(reference)
    assert (found.state, found.low, found.household_limit) == (W.OPEN, 12, 3)
    with pytest.raises(WindowMovedOn):
        windows.change(MAKER, reference, orchard.terms(), key())
    with pytest.raises(WindowMovedOn):
        windows.approve(OFFICE, reference, key())
    assert broken() == []


def same_terms(orchard: Orchard) -> Any:
    """The terms that the only window has, for sending its form again."""
    found = session().query(HarvestWindow).one()
    return orchard.terms(opens_at=found.opens_at, closes_at=found.closes_at)


def test_without_approval_a_producers_window_opens_at_once(orchard: Orchard) -> None:
    from shop.kernel import settings

    settings.change(OFFICE, "preorders.approval", "0")
    reference = windows.draft(MAKER, orchard.producer.id, orchard.terms(), key())
    assert windows.submit(MAKER, reference, key()) is W.OPEN


def test_what_may_not_be_sold_may_not_be_ordered_beforehand(orchard: Orchard) -> None:
    uncertified = factories.make_variant("Chả mực", producer=orchard.producer, needs_certificate=True)
    reference = windows.draft(MAKER, orchard.producer.id, orchard.terms(variant_id=uncertified.id), key())
    with pytest.raises(GoodsNotForSale):
        windows.approve(OFFICE, reference, key())


@pytest.mark.parametrize("how", [{"pickup": False}, {"is_public": False, "pickup": False}])
def test_nobody_is_promised_to_collect_where_nobody_can(orchard: Orchard, how: dict[str, Any]) -> None:
    store = factories.make_point("Kho trực tuyến", **how)
    with pytest.raises(Invalid) as refusal:
        windows.draft(MAKER, orchard.producer.id, orchard.terms(pickup_ids=(orchard.point.id, store.id)), key())
    assert refusal.value.field == "pickup"
    # Parcels may leave from there all the same.
    windows.draft(MAKER, orchard.producer.id, orchard.terms(point_id=store.id), key())


def test_a_window_whose_points_have_gone_is_published_only_if_it_ships(orchard: Orchard) -> None:
    collected = windows.draft(MAKER, orchard.producer.id, orchard.terms(ships=False), key())
    sent = windows.draft(MAKER, orchard.producer.id, orchard.terms(), key())
    with transaction() as s:
        s.query(Point).filter_by(id=orchard.point.id).update({"pickup": False})
    points.forget()
    for publish in (windows.submit, windows.approve):
        with pytest.raises(Invalid) as refusal:
            publish(OFFICE, collected, key())
        assert (refusal.value.field, row(collected).state) == ("pickup", W.DRAFT)
    windows.approve(OFFICE, sent, key())
    assert row(sent).state is W.OPEN


# --- places ------------------------------------------------------------------------------------------------------


def test_a_deposit_makes_the_places_his(orchard: Orchard) -> None:
    window = orchard.open()
    placed = orchard.place(window, 3)
    found, asked = claim(placed.reference), order(placed.deposit_reference or "")
    assert (found.state, found.deposit_amount, row(window).taken) == (S.WAITING, 60_000, 3)
    assert (asked.channel, asked.total_amount, asked.lines, asked.fulfilments) == ("deposit", 60_000, [], [])
    assert broken() == []
    orchard.pay(placed)
    assert claim(placed.reference).state is S.CONFIRMED
    assert (order(asked.reference).status, order(asked.reference).payment_status) == (
        OrderStatus.COMPLETED,
        PaymentStatus.PAID,
    )
    work()
    kinds = {letter.kind for letter in session().query(Letter).all()}
    assert kinds == {"preorder.placed", "preorder.confirmed"}  # none that speaks of an order of goods
    assert session().query(StockLevel).count() == 0  # a place is no goods
    assert broken() == []


def test_the_same_form_sent_twice_is_one_pre_order(orchard: Orchard) -> None:
    window, op = orchard.open(), key()
    wish = orchard.wish(2)
    first = orchard.place(window, wish, op_key=op)
    assert orchard.place(window, wish, op_key=op) == first
    assert (session().query(Preorder).count(), row(window).taken) == (1, 2)


def test_without_a_deposit_the_letters_link_confirms(orchard: Orchard) -> None:
    window = orchard.open(deposit_percent=0)
    placed = orchard.place(window, orchard.wish(2, payment=None))
    assert placed.deposit_reference is None
    assert session().query(Order).count() == 0
    places.confirm(BUYER, placed.reference)
    places.confirm(BUYER, placed.reference)
    assert claim(placed.reference).state is S.CONFIRMED
    lost = orchard.place(window, orchard.wish(2, payment=None))
    later(lost.reference, minutes=1)
    with pytest.raises(PreorderMovedOn):
        places.confirm(BUYER, lost.reference)
    assert places.lapse_due() == 1
    assert (claim(lost.reference).state, row(window).taken) == (S.LAPSED, 2)
    assert broken() == []


def test_no_more_than_the_limit_and_no_more_than_a_house_may(orchard: Orchard) -> None:
    window = orchard.open(limit_units=10, household_limit=4)
    mine = orchard.wish(3)
    orchard.place(window, mine)
    for same in ({"phone": mine.phone}, {"email": mine.email.upper()}):
        with pytest.raises(HouseholdLimit):
            orchard.place(window, orchard.wish(2, **same))
    house = orchard.ship(4, street="12 Lê Lợi")
    orchard.place(window, house)
    with pytest.raises(HouseholdLimit):
        orchard.place(window, orchard.ship(1, street="12  lê lợi"))
    with pytest.raises(HouseholdLimit):
        orchard.place(window, 5)
    with pytest.raises(NoPlaces) as refusal:
        orchard.place(window, 4)
    assert refusal.value.values == {"left": 3}
    orchard.place(window, 3)
    with pytest.raises(AllTaken):
        orchard.place(window, 1)
    assert (row(window).taken, broken()) == (10, [])


def test_what_is_wished_must_be_on_offer(orchard: Orchard) -> None:
    window = orchard.open(ships=False)
    closed = factories.make_point("Điểm khác")
    for field, wish in (
        ("delivery", orchard.ship(1)),
        ("point", orchard.wish(1, point_id=closed.id)),
        ("payment", orchard.wish(1, payment=PaymentMethod.COD)),
        ("payment", orchard.wish(1, payment=None)),
        ("rest", orchard.wish(1, rest=PaymentMethod.MIXED)),
        ("quantity", orchard.wish(0)),
        ("quantity", orchard.wish(1, agreed_amount=1)),
    ):
        with pytest.raises(Invalid) as refusal:
            orchard.place(window, wish)
        assert refusal.value.field == field
    assert (row(window).taken, session().query(Order).count()) == (0, 0)


def test_neither_before_it_opens_nor_after_it_closes(orchard: Orchard) -> None:
    early = orchard.open(opens_at=clock.now() + timedelta(hours=1))
    with pytest.raises(NotTaking):
        orchard.place(early)
    window = orchard.open()
    windows.close(OFFICE, window, key())
    with pytest.raises(NotTaking):
        orchard.place(window)


def test_a_window_closes_by_itself_and_whoever_pays_keeps_his_place(orchard: Orchard) -> None:
    window = orchard.open()
    placed = orchard.place(window)
    with transaction() as s:
        found = s.query(HarvestWindow).filter_by(reference=window).one()
        found.opens_at, found.closes_at = clock.now() - timedelta(days=2), clock.now() - timedelta(seconds=1)
    assert windows.close_due() == 1
    assert row(window).state is W.CLOSED
    orchard.pay(placed)
    assert (claim(placed.reference).state, row(window).taken) == (S.CONFIRMED, 2)
    assert broken() == []


def test_a_deposit_that_is_not_paid_in_time_frees_its_places(orchard: Orchard) -> None:
    window = orchard.open()
    placed = orchard.place(window)
    later(placed.reference, minutes=1)
    assert checkout.cancel_overdue() == 1
    assert (claim(placed.reference).state, row(window).taken) == (S.LAPSED, 0)
    assert order(placed.deposit_reference or "").status == OrderStatus.CANCELLED
    assert broken() == []


def test_late_money_takes_the_places_again_or_goes_back(orchard: Orchard) -> None:
    window = orchard.open(limit_units=10, household_limit=10)
    again, gone = orchard.place(window, 4), orchard.place(window, 6)
    for placed in (again, gone):
        later(placed.reference, minutes=1)
    checkout.cancel_overdue()
    orchard.pay(again)
    assert claim(again.reference).state is S.CONFIRMED
    orchard.bought(window, 6)
    orchard.pay(gone)
    assert (claim(gone.reference).state, refunded(gone.reference), row(window).taken) == (S.LAPSED, 120_000, 10)
    work()
    assert broken() == []


def test_a_buyer_leaves_with_his_whole_deposit_while_it_is_open(orchard: Orchard) -> None:
    window = orchard.open()
    (reference,) = orchard.bought(window, 3)
    places.leave(BUYER, reference)
    places.leave(BUYER, reference)
    work()
    assert (claim(reference).state, row(window).taken, refunded(reference)) == (S.LEFT, 0, 60_000)
    unpaid = orchard.place(window)
    places.leave(BUYER, unpaid.reference)
    assert claim(unpaid.reference).state is S.LEFT
    assert order(unpaid.deposit_reference or "").status == OrderStatus.CANCELLED
    assert broken() == []


def test_after_it_closed_one_may_leave_only_if_the_days_moved(orchard: Orchard) -> None:
    window = orchard.open()
    first, second = orchard.bought(window, 2, 2)
    windows.close(OFFICE, window, key())
    with pytest.raises(CannotLeave):
        places.leave(BUYER, first)
    days = (in_days(3), in_days(40)), (in_days(35), in_days(45))
    with pytest.raises(Invalid):
        windows.move_dates(MAKER, window, *days, " ", key())
    with pytest.raises(Invalid):
        windows.move_dates(MAKER, window, (in_days(9), in_days(3)), days[1], "Bão số 3", key())
    windows.move_dates(MAKER, window, *days, "Bão số 3", key())
    work()
    told = session().query(Letter).filter_by(kind="preorder.moved").all()
    assert {letter.recipient for letter in told} == {claim(first).email, claim(second).email}
    assert all("Bão số 3" in letter.body_text for letter in told)
    assert all(told.count("trước là") == 2 for told in (letter.body_text for letter in told))
    places.leave(BUYER, first)
    work()
    assert (claim(first).state, refunded(first), claim(second).state) == (S.LEFT, 40_000, S.CONFIRMED)
    assert broken() == []


def test_a_window_called_off_gives_everybody_his_deposit_back(orchard: Orchard) -> None:
    window = orchard.open()
    (paid,) = orchard.bought(window, 2)
    waits = orchard.place(window, 3)
    windows.cancel(MAKER, window, "Mất mùa", key())
    work()
    assert (row(window).state, row(window).taken) == (W.CANCELLED, 0)
    assert (claim(paid).state, refunded(paid)) == (S.CALLED_OFF, 40_000)
    assert claim(waits.reference).state is S.CALLED_OFF
    assert order(waits.deposit_reference or "").status == OrderStatus.CANCELLED
    assert session().query(Letter).filter_by(kind="preorder.ended").count() == 2
    assert broken() == []


def test_money_that_comes_when_it_was_called_off_goes_back(orchard: Orchard) -> None:
    window = orchard.open()
    waits = orchard.place(window, 3)
    windows.cancel(MAKER, window, "Mất mùa", key())
    orchard.pay(waits)
    work()
    assert (claim(waits.reference).state, refunded(waits.reference)) == (S.CALLED_OFF, 60_000)
    assert broken() == []


# --- the harvest -------------------------------------------------------------------------------------------------


def test_what_came_is_bounded_by_what_was_promised(orchard: Orchard) -> None:
    window = orchard.open()
    with pytest.raises(WindowMovedOn):
        windows.record_harvest(MAKER, window, 5, 110_000, key())
    windows.close(OFFICE, window, key())
    for field, units, price in (
        ("final_price_amount", 5, 120_001), ("final_price_amount", 5, 20_000), ("harvested", -1, 110_000),
        ("harvested", 10**9, 110_000),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            windows.record_harvest(MAKER, window, units, price, key())
        assert refusal.value.field == field
    windows.record_harvest(MAKER, window, 5, 110_000, key())
    windows.record_harvest(MAKER, window, 6, 105_000, key())
    assert (row(window).harvested, row(window).final_price_amount) == (6, 105_000)


def test_a_shortfall_is_shared_once_and_everybody_is_told(orchard: Orchard) -> None:
    window = orchard.open()
    first, second, third = orchard.bought(window, 4, 4, 4)
    orchard.harvest(window, 6)
    preview = running.preview(window)
    assert [g.units for g in preview.got] == [4, 2, 0]
    assert [g.units for g in preview.shares[Rule.PRO_RATA]] == [2, 2, 2]
    assert preview.counts(Rule.FIRST_COME) == (1, 1, 1)
    op = key()
    done = running.run(OFFICE, window, preview.stamp, op)
    assert done == {"orders": 2, "units": 6, "short": 6}
    assert running.run(OFFICE, window, preview.stamp, op) == done
    with pytest.raises(WindowMovedOn):
        running.run(OFFICE, window, preview.stamp, key())
    work()
    whole, part = goods_of(first), goods_of(second)
    assert (whole.channel, whole.goods_amount, whole.discount_amount, whole.total_amount) == (
        "preorder", 440_000, 80_000, 360_000,
    )  # fmt: skip
    assert (part.goods_amount, part.discount_amount, part.payment_status) == (220_000, 40_000, PaymentStatus.DUE)
    assert claim(third).order_id is None
    assert [refunded(r) for r in (first, second, third)] == [0, 40_000, 80_000]
    assert "thứ 2 trong 3" in (claim(second).why or "")
    told = {letter.recipient: letter.body_text for letter in session().query(Letter).filter_by(kind="preorder.shared")}
    assert len(told) == 3
    assert "40.000" in told[claim(second).email or ""]
    level = session().query(StockLevel).one()
    assert (level.on_hand, level.allocated) == (6, 6)
    assert broken() == []


def test_an_order_of_goods_is_sent_paid_and_owed_to_the_producer_in_full(orchard: Orchard) -> None:
    from shop.payments import services as payments
    from shop.settlement.models import Entry, EntryKind

    window = orchard.open()
    (reference,) = orchard.bought(window, orchard.ship(2))
    orchard.harvest(window, 10)
    orchard.run(window)
    found = goods_of(reference)
    assert found.delivery_amount == claim(reference).fee_amount > 0
    orders.confirm(OFFICE, found.id)
    parcel = found.fulfilments[0].id
    orders.pack(OFFICE, parcel)
    orders.hand_over(OFFICE, parcel, carrier="Viettel Post")
    orders.deliver(OFFICE, parcel)
    payment = session().query(Payment).filter_by(order_id=found.id).one()
    payments.collect_cod(OFFICE, payment.id, payment.amount, key())
    work()
    assert order(found.reference).status == OrderStatus.COMPLETED
    sale = session().query(Entry).filter_by(order_id=found.id, kind=EntryKind.SALE).one()
    assert (sale.amount, sale.discount_amount) == (220_000, 0)  # the deposit is no discount
    assert windows.finish_done() == 1
    assert row(window).state is W.DONE
    assert broken() == []


def test_nothing_is_shared_while_somebody_pays_goods_lack_or_things_changed(orchard: Orchard) -> None:
    window = orchard.open()
    orchard.bought(window, 4)
    paying = orchard.place(window, 3)
    orchard.harvest(window, 0)
    windows.record_harvest(MAKER, window, 5, 110_000, key())
    seen = running.preview(window)
    assert (seen.waiting, seen.needs[0].missing) == (1, 4)
    with pytest.raises(StillPaying):
        running.run(OFFICE, window, seen.stamp, key())
    orchard.pay(paying)
    with pytest.raises(PreviewStale):
        running.run(OFFICE, window, seen.stamp, key())
    orchard.arrive(5, produced_on=in_days(-30))  # of an older harvest: not what was ordered
    with pytest.raises(GoodsMissing):
        orchard.run(window)
    assert (row(window).state, session().query(Order).filter_by(channel="preorder").count()) == (W.HARVESTED, 0)
    orchard.arrive(5)
    assert orchard.run(window)["units"] == 5
    assert broken() == []


def test_who_is_served_in_proportion_reads_how_it_is_rounded(orchard: Orchard) -> None:
    window = orchard.open(rule=Rule.PRO_RATA)
    first, second, third = orchard.bought(window, 4, 4, 3)
    english = places.place(BUYER, window, orchard.wish(1), None, op_key=key(), owner="guest", locale="en")
    orchard.pay(english)
    orchard.harvest(window, 7)
    orchard.run(window)
    assert [claim(r).allotted for r in (first, second, third, english.reference)] == [2, 2, 2, 1]
    why = claim(third).why or ""
    assert "phần của bạn là 1,75." in why  # 3 × 7 ÷ 12
    assert "phần lẻ chia cho người đang được ít nhất so với tỷ lệ của mình" in why
    assert "bạn nhận 2 trên 3 phần" in why
    assert "your share is 0.58" in (claim(english.reference).why or "")


def test_a_harvest_that_comes_early_is_shared_from_its_true_day(orchard: Orchard) -> None:
    """What is made before the announced days would not count: the true first day is recorded, and no letter is written."""
    window = orchard.open(harvest_from=in_days(5))
    (reference,) = orchard.bought(window, 4)
    windows.close(OFFICE, window, key())
    work()
    told = session().query(Letter).count()
    windows.record_harvest(MAKER, window, 4, 110_000, key())
    assert (row(window).harvest_from, row(window).delivery_from) == (in_days(0), in_days(22))
    orchard.arrive(3, produced_on=in_days(-1), lot_code="SOM-1")
    orchard.arrive(1, produced_on=in_days(0))
    (need,) = running.preview(window).needs
    assert (need.there, need.missing) == (1, 3)
    assert [(o.code, o.produced_on, o.units) for o in need.older] == [("SOM-1", in_days(-1), 3)]
    with transaction() as s:  # it opened three days ago
        s.query(HarvestWindow).one().opens_at = clock.now() - timedelta(days=3)
    for day in (in_days(1), in_days(-4)):
        with pytest.raises(Invalid) as refusal:
            windows.record_harvest(MAKER, window, 4, 110_000, key(), day)
        assert refusal.value.field == "began_on"
    windows.record_harvest(MAKER, window, 4, 110_000, key(), in_days(-1))
    assert row(window).harvest_from == in_days(-1)
    assert running.preview(window).needs[0].older == ()
    assert orchard.run(window)["units"] == 4
    assert claim(reference).allotted == 4
    assert session().query(Letter).filter_by(kind="preorder.moved").count() == 0
    assert told == session().query(Letter).count()
    assert broken() == []


def test_a_harvest_later_than_its_delivery_moves_the_days_first(orchard: Orchard) -> None:
    window = orchard.open()
    windows.close(OFFICE, window, key())
    with transaction() as s:
        found = s.query(HarvestWindow).one()
        found.harvest_from = found.harvest_to = in_days(-9)
        found.delivery_from = in_days(-8)
    with pytest.raises(Invalid) as refusal:
        windows.record_harvest(MAKER, window, 4, 110_000, key(), in_days(-7))
    assert refusal.value.field == "began_on"
    windows.record_harvest(MAKER, window, 4, 110_000, key(), in_days(-8))
    assert (row(window).harvest_from, row(window).harvest_to) == (in_days(-8), in_days(-8))


def test_goods_that_come_are_kept_for_those_who_ordered_them(orchard: Orchard) -> None:
    from shop.stock import queries as stock_read

    window = orchard.open()
    (reference,) = orchard.bought(window, 4)
    orchard.harvest(window, 6)
    assert aside.sweep() == {window: 4}
    assert aside.sweep() == {window: 0}
    assert sum(level.free for level in stock_read.free_levels([orchard.variant.id], web=True)) == 2
    assert running.preview(window).needs[0].missing == 0
    assert broken() == []
    windows.record_harvest(MAKER, window, 3, 110_000, key())  # counted again: less
    assert session().query(StockLevel).one().allocated == 0
    assert aside.sweep() == {window: 3}
    assert orchard.run(window)["units"] == 3
    assert session().query(StockLevel).one().allocated == 3  # its order's alone
    assert goods_of(reference).lines[0].quantity == 3
    assert broken() == []
    other = orchard.open()
    orchard.bought(other, 2)
    orchard.harvest(other, 5)
    aside.sweep()
    windows.cancel(OFFICE, other, "Hàng hỏng", key())
    assert sum(level.allocated for level in session().query(StockLevel)) == 3
    assert broken() == []


def test_goods_set_aside_of_a_stopped_lot_make_room_for_others(orchard: Orchard) -> None:
    """What nobody may have is not said to be there, does not keep the recall open, and other goods take its place."""
    from shop.stock.services import lots

    window = orchard.open()
    (reference,) = orchard.bought(window, 4)
    orchard.harvest(window, 6)
    assert aside.sweep() == {window: 4}
    bad = session().query(StockLevel).one()
    bad_id, lot_id = bad.id, bad.lot_id
    lots.stop_lot(OFFICE, lot_id, "Nghi nhiễm khuẩn", op_key=key())
    session().expire_all()
    (need,) = running.preview(window).needs
    assert (need.there, need.missing) == (0, 4)
    orchard.arrive(5)
    work()  # the fact is heard
    found = {level.id: level.allocated for level in session().query(StockLevel)}
    assert found.pop(bad_id) == 0 and list(found.values()) == [4]
    assert running.preview(window).needs[0].missing == 0
    assert broken() == []
    assert orchard.run(window)["units"] == 4
    assert goods_of(reference).lines[0].quantity == 4
    assert session().get(StockLevel, bad_id).allocated == 0
    assert broken() == []


def test_goods_set_aside_that_came_past_their_date_are_not_there(orchard: Orchard) -> None:
    from shop.stock.models import Lot

    window = orchard.open()
    orchard.bought(window, 4)
    windows.close(OFFICE, window, key())
    windows.record_harvest(MAKER, window, 6, 110_000, key())
    orchard.arrive(6, expires_on=in_days(3))
    assert aside.sweep() == {window: 4}
    with transaction() as s:
        s.query(Lot).filter(Lot.expires_on.is_not(None)).one().expires_on = in_days(-1)
    assert running.preview(window).needs[0].missing == 4
    aside.sweep()
    assert sum(level.allocated for level in session().query(StockLevel)) == 0


def test_a_failed_harvest_gives_everything_back(orchard: Orchard) -> None:
    window = orchard.open()
    (reference,) = orchard.bought(window, 4)
    orchard.harvest(window, 0)
    assert orchard.run(window) == {"orders": 0, "units": 0, "short": 4}
    work()
    assert (claim(reference).allotted, refunded(reference)) == (0, 80_000)
    assert "không ai nhận được hàng" in (claim(reference).why or "")
    assert windows.finish_done() == 1
    assert broken() == []


def test_what_is_prepaid_and_not_paid_in_time_ends_and_the_deposit_goes_back(orchard: Orchard) -> None:
    window = orchard.open()
    (reference,) = orchard.bought(window, orchard.wish(2, rest=PaymentMethod.VIETQR))
    orchard.harvest(window, 10)
    orchard.run(window)
    found = goods_of(reference)
    assert found.status == OrderStatus.AWAITING_PAYMENT
    with transaction() as s:
        late = s.get(Order, found.id)
        assert late is not None
        late.pay_until = clock.now() - timedelta(minutes=1)
    checkout.cancel_overdue()
    work()
    assert (order(found.reference).status, refunded(reference)) == (OrderStatus.CANCELLED, 40_000)
    assert session().query(StockLevel).one().allocated == 0
    assert broken() == []
    # Money that comes even later goes back: its deposit has gone.
    from shop.payments import services as payments

    payment = session().query(Payment).filter_by(order_id=found.id).one()
    payments.confirm_transfer(OFFICE, payment.id, payment.amount, "FT-LATE-1", key())
    session().expire_all()
    payment = session().query(Payment).filter_by(order_id=found.id).one()
    assert payment.refunded_amount == payment.amount
    work()
    assert broken() == []


def test_of_goods_that_are_refused_later_the_deposits_share_goes_back(orchard: Orchard) -> None:
    from shop.orders.models import RefusalWhy
    from shop.orders.services import parcels

    window = orchard.open()
    (reference,) = orchard.bought(window, 4)
    orchard.harvest(window, 4)
    orchard.run(window)
    found = goods_of(reference)
    line = found.lines[0].id
    parcels.refuse(OFFICE, found.fulfilments[0].id, {line: 1}, RefusalWhy.DAMAGED, "Dập khi vận chuyển")
    work()
    assert (claim(reference).returned_amount, refunded(reference)) == (20_000, 20_000)
    assert order(found.reference).owed_amount == 330_000 - 60_000
    assert broken() == []
    orders.cancel(OFFICE, found.id, "Hết hàng")
    work()
    assert refunded(reference) == 80_000
    assert broken() == []


# --- the next window ---------------------------------------------------------------------------------------------


def test_a_deposit_kept_for_the_next_window_has_its_places_first(orchard: Orchard) -> None:
    window = orchard.open()
    kept, other = orchard.bought(window, 4, 4, on_short=OnShort.CARRY)
    orchard.harvest(window, 0)
    orchard.run(window)
    work()
    assert (claim(kept).credit_amount, claim(kept).credit_units, refunded(kept)) == (80_000, 4, 0)
    carrying.release(BUYER, other)
    work()
    assert (refunded(other), claim(other).credit_amount) == (80_000, 0)
    with pytest.raises(PreorderMovedOn):
        carrying.release(BUYER, other)
    following = orchard.open(limit_units=10, household_limit=3, deposit_percent=10)
    assert row(following).taken == 3
    new = session().query(Preorder).filter_by(carried_from_id=claim(kept).id).one()
    assert (new.state, new.quantity, new.deposit_amount) == (S.CONFIRMED, 3, 30_000)
    work()
    assert (claim(kept).moved_amount, refunded(kept)) == (30_000, 50_000)
    assert session().query(Letter).filter_by(kind="preorder.carried").count() == 1
    assert broken() == []
    windows.close(OFFICE, following, key())
    places.leave(BUYER, new.reference)  # he never chose these days
    work()
    assert refunded(kept) == 80_000
    assert broken() == []


def test_a_deposit_that_waits_goes_into_a_window_that_is_open_already(orchard: Orchard) -> None:
    """Windows overlap where something is gathered every week: whoever kept his deposit does not wait for one more."""
    window, following = orchard.open(), orchard.open(low=1, limit_units=3, household_limit=3)
    kept, second = orchard.bought(window, 2, 2, on_short=OnShort.CARRY)
    orchard.harvest(window, 0)
    orchard.run(window)
    assert row(following).taken == 0
    assert carrying.bring_over_late() == 2
    assert carrying.bring_over_late() == 0
    new = {p.carried_from_id: p for p in session().query(Preorder).filter_by(window_id=row(following).id)}
    assert [new[claim(r).id].quantity for r in (kept, second)] == [2, 1]  # as they ordered; one place was left
    work()
    assert (claim(second).moved_amount, refunded(second), claim(second).credit_amount) == (20_000, 20_000, 0)
    assert session().query(Letter).filter_by(kind="preorder.carried").count() == 2
    assert broken() == []


def test_a_deposit_that_waits_finds_nothing_where_it_cannot_be_served(orchard: Orchard) -> None:
    """Windows that take no orders any more, and one that nobody can collect from."""
    window, shut, sent = orchard.open(), orchard.open(), orchard.open(pickup_ids=())
    (kept,) = orchard.bought(window, 2, on_short=OnShort.CARRY)
    windows.close(OFFICE, shut, key())
    orchard.harvest(window, 0)
    orchard.run(window)
    assert carrying.bring_over_late() == 0
    assert (row(shut).taken, row(sent).taken, claim(kept).credit_amount) == (0, 0, 40_000)
    assert broken() == []


def test_a_deposit_that_finds_no_next_window_goes_back_in_the_end(orchard: Orchard) -> None:
    window = orchard.open()
    (kept,) = orchard.bought(window, 4, on_short=OnShort.CARRY)
    orchard.harvest(window, 0)
    orchard.run(window)
    assert carrying.release_old() == 0
    with transaction() as s:
        s.query(Preorder).one().ended_at = clock.now() - timedelta(days=200)
    assert carrying.release_old() == 1
    work()
    assert refunded(kept) == 80_000
    assert broken() == []


def test_money_goes_back_once_however_often_the_job_runs(orchard: Orchard) -> None:
    window = orchard.open()
    (reference,) = orchard.bought(window, 3)
    places.leave(BUYER, reference)
    found = claim(reference).id
    assert (deposits.give_back(found), deposits.give_back(found), deposits.sweep()) == (60_000, 0, 0)
    assert refunded(reference) == 60_000


# --- people ------------------------------------------------------------------------------------------------------


def test_an_erased_member_leaves_and_names_nobody(orchard: Orchard) -> None:
    user = make_user("Nguyễn Thị Xóa")
    window = orchard.open()
    placed = places.place(BUYER, window, orchard.wish(2), user.id, op_key=key(), owner="guest", locale="vi")
    orchard.pay(placed)
    with transaction():
        events.publish(UserErased(user.id))
    work()
    found = claim(placed.reference)
    assert (found.state, found.name, found.phone, found.email, found.user_id) == (S.LEFT, "", "", None, None)
    assert (row(window).taken, refunded(placed.reference)) == (0, 40_000)
    assert broken() == []


def test_ended_pre_orders_name_nobody_after_a_term(orchard: Orchard) -> None:
    window = orchard.open()
    left, stays = orchard.bought(window, 2, 2)
    places.leave(BUYER, left)
    work()
    assert privacy.forget_ended() == 0
    with transaction() as s:
        s.query(Preorder).filter_by(reference=left).one().ended_at = clock.now() - timedelta(days=91)
    assert privacy.forget_ended() == 1
    assert (claim(left).phone, claim(left).street) == ("", None)
    assert claim(stays).phone


# --- faults are seen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("UPDATE harvest_windows SET taken = taken + 1", "preorders.taken-is-what-lives"),
        ("UPDATE harvest_windows SET seed = 'other'", "preorders.a-draws-seed-was-sealed"),
        ("UPDATE harvest_windows SET state = 'closed'", "preorders.history-is-unbroken"),
        ("UPDATE preorders SET allotted = allotted - 1 WHERE allotted > 1", "preorders.shares-add-up"),
        ("UPDATE preorders SET back_amount = back_amount - 1 WHERE back_amount > sent_amount",
         "preorders.deposits-are-used-or-go-back"),
        ("UPDATE orders SET channel = 'web' WHERE channel = 'deposit'", "orders.have-lines-that-add-up"),
        ("UPDATE preorders SET order_id = NULL", "preorders.an-order-of-goods-is-what-was-allotted"),
        ("UPDATE orders SET status = 'cancelled' WHERE channel = 'preorder'",
         "preorders.an-ended-order-of-goods-keeps-no-deposit"),
        ("UPDATE preorders SET sent_amount = 0, updated_at = '2020-01-01' WHERE back_amount > 0",
         "preorders.what-is-due-is-sent"),
        ("UPDATE orders SET goods_amount = goods_amount + 1, total_amount = total_amount + 1 WHERE channel = 'deposit'",
         "preorders.a-deposit-has-its-pre-order"),
        ("UPDATE preorders SET state = 'waiting', hold_until = '2020-01-01', allotted = NULL",
         "preorders.nobody-waits-past-his-term"),
        ("UPDATE jobs SET state = 'done'; UPDATE preorders SET placed_at = '2020-01-01'", "preorders.everybody-is-told"),
        ("UPDATE stock_holds SET reference = 'harvest:V-0000-0000' WHERE outcome IS NULL",
         "preorders.goods-are-set-aside-only-until-they-are-shared"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_seen(orchard: Orchard, plain_engine: Any, fault: str, name: str) -> None:
    from sqlalchemy import text as sql

    window = orchard.open()
    orchard.bought(window, 3, 3)
    orchard.harvest(window, 4)
    orchard.run(window)
    assert broken() == []
    session().rollback()
    with plain_engine.begin() as connection:
        for step in fault.split(";"):
            connection.execute(sql(step))
    assert name in broken()


def test_a_shipped_place_needs_a_real_address(orchard: Orchard) -> None:
    window = orchard.open()
    with pytest.raises(Invalid) as refusal:
        orchard.place(window, orchard.ship(1, commune="00004"))
    assert refusal.value.field == "commune"
    assert claim_count() == 0


def claim_count() -> int:
    return session().query(Preorder).filter(Preorder.delivery == DeliveryKind.SHIP).count()
