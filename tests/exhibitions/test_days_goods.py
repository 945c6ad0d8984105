"""Goods of a fair: suggestions with their reasons, commitments, the papers they travel by, a cancelled fair's way home."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from shop.exhibitions import quantity
from shop.exhibitions.errors import FairMovedOn, NoHomePoint
from shop.exhibitions.models.calls import ApplicationGoods, PapersState
from shop.exhibitions.models.days import Commitment, PaperFor, PaperKind
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.quantity import Expected, Makes, suggest, within
from shop.exhibitions.queries import goods as queries
from shop.exhibitions.services import booths, goods, homeward, steps
from shop.exhibitions.services.booths import Terms
from shop.exhibitions.services.goods import Sends, Word
from shop.kernel import clock, jobs
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.points.models import Point
from shop.receipts import queries as receipt_queries
from shop.receipts import services as receipts
from shop.receipts.models import Delivery, DeliveryState
from shop.receipts.models import Terms as ReceiptTerms
from shop.receipts.services import Came
from shop.stock.models import StockLevel
from shop.supply.models import Per
from shop.supply.services import plans
from shop.supply.services.plans import Makes as Statement
from shop.transfers import queries as transfer_queries
from shop.transfers import services as transfers
from shop.transfers.models import S, Transfer
from tests import factories
from tests.exhibitions.days_made import BOSS, MAKER, Fair, Place, add_place, key, make_fair, running

BY = clock.today()


# --- how many: pure ----------------------------------------------------------------------------------------------


def expected(middle: float = 40.0) -> Expected:
    return Expected(middle * 0.6, middle, middle * 1.5, "vì", {})


def makes(**values: object) -> Makes:
    return Makes(**({"here": 0, "low": 10, "high": 20, "promised": 0, "stated": True} | values))  # type: ignore[arg-type]


def test_it_is_what_sells_unless_less_can_be_made_in_time() -> None:
    assert suggest(expected(), makes(low=50, high=60), BY).units == 40
    short = suggest(expected(), makes(), BY)
    assert short.units == 20
    assert "Chỉ kịp" in short.why[-1][0]
    assert short.why[-1][1]["high"] == 20


def test_what_nobody_knows_is_said_as_unknown() -> None:
    nothing = suggest(None, makes(stated=False), BY)
    assert nothing.units is None
    assert nothing.why[0][0] == quantity.UNKNOWN
    unsaid = suggest(expected(), makes(stated=False, low=0, high=0), BY)
    assert unsaid.units == 40
    assert "Chưa biết cơ sở" in unsaid.why[-1][0]


def test_out_of_season_only_what_lies_ready_and_small_batches_are_told() -> None:
    assert suggest(expected(), makes(here=7, season=False), BY).units == 7
    told = suggest(expected(12), makes(here=8, low=50, high=60, smallest_batch=30), BY)
    assert (told.units, told.why[-1]) == (12, ("Một mẻ ít nhất %(n)s.", {"n": 30}))


@given(
    st.floats(0.1, 5_000), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 300), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_never_more_than_wanted_nor_than_can_be_had(
    middle: float, here: int, low: int, more: int, promised: int, stated: bool, season: bool
) -> None:
    can = Makes(here, low, low + more, promised, stated, season)
    found = suggest(expected(middle), can, BY)
    assert found.units is not None
    assert 0 <= found.units <= middle + 1
    if stated or not season:
        assert found.units <= max(here + (can.high if season else 0) - promised, 0)
    assert quantity.told(quantity.kept(found.why)) == list(found.why)


@given(st.integers(0, 1_000), st.lists(st.integers(0, 400), max_size=8))
def test_packs_of_one_stuff_stay_within_it_and_lose_in_proportion(pool: int, units: list[int]) -> None:
    found = within(pool, units)
    assert sum(found) == min(pool, sum(units))
    assert all(0 <= n <= m for n, m in zip(found, units, strict=True))
    for a, b in zip(units, found, strict=True):
        if sum(units) > pool:
            assert abs(b - a * pool / sum(units)) < 1


# --- with a fair -------------------------------------------------------------------------------------------------


@pytest.fixture
def fair(ctx: object) -> Fair:
    """A fair in ten days, two booths prepared, its home store."""
    made = make_fair(from_on=clock.today() + timedelta(days=10))
    add_place(made, wanted=30)
    add_place(made)
    booths.prepare(BOSS, made.id, Terms(2, 2))
    return made


def row(fair: Fair, place: Place) -> queries.GoodsRow:
    session().expire_all()
    return next(r for s in queries.stands(fair.fresh()) for r in s.rows if r.goods_id == place.goods.id)


def state(place: Place, units: int, lead: int = 0) -> None:
    """The producer says that he makes so many a week."""
    said = Statement(units, Per.WEEK, clock.today(), lead_days=lead)
    plans.state(MAKER, place.producer.id, place.variant.product_id, None, said, key())


def test_a_pack_that_was_at_former_fairs_is_suggested_by_their_pace_and_capped(fair: Fair) -> None:
    one, two = fair.places
    past(one, units=30, days=3)
    state(one, 7)  # one a day
    assert goods.suggest(BOSS, fair.id) == 1
    found, unknown = row(fair, one), row(fair, two)
    # Ten a day × five days; nine days until the day before, one a day: rates of weeks are spread over days.
    assert found.suggested is not None
    assert 8 <= found.suggested <= 11
    assert any("hội chợ trước" in s for s in found.sentences)
    assert any("Chỉ kịp" in s for s in found.sentences)
    assert found.start_by is not None
    assert unknown.suggested is None
    assert any("Chưa biết" in s for s in unknown.sentences)


def past(place: Place, *, units: int, days: int) -> None:
    """A former fair sold so many of the pack: a booth of the last weeks, an order of its counter."""
    from shop.catalog.models import Price
    from shop.orders.models import (
        DeliveryKind,
        Fulfilment,
        FulfilmentStatus,
        Order,
        OrderLine,
        OrderStatus,
        PaymentMethod,
        PaymentStatus,
    )
    from shop.points.models import PointKind

    first = clock.today() - timedelta(days=100)
    hall = factories.make_point(
        "Hội chợ cũ", kind=PointKind.FAIR, opened_on=first, closed_on=first + timedelta(days=days), ships=False,
    )  # fmt: skip
    at = clock.start_of(first) + timedelta(hours=10)
    price = session().scalars(select(Price).where(Price.variant_id == place.variant.id)).one()
    with transaction() as s:
        order = Order(
            reference=key()[:12].upper(), secret_hash=key(), op_key=key(), op_digest="x", channel="till", locale="vi",
            status=OrderStatus.COMPLETED, payment_status=PaymentStatus.PAID, payment_method=PaymentMethod.CASH,
            delivery=DeliveryKind.PICKUP, name="Khách", search_name="khach", phone="", pickup_point_id=hall.id,
            goods_amount=units * price.amount, delivery_amount=0, discount_amount=0, total_amount=units * price.amount,
            placed_at=at,
        )  # fmt: skip
        s.add(order)
        s.flush()
        parcel = Fulfilment(
            order_id=order.id, number=1, point_id=hall.id, kind=DeliveryKind.PICKUP, status=FulfilmentStatus.DELIVERED,
            fee_amount=0, weight_g=0,
        )  # fmt: skip
        s.add(parcel)
        s.flush()
        s.add(
            OrderLine(
                order_id=order.id, fulfilment_id=parcel.id, variant_id=place.variant.id, sku=place.variant.sku, name="x",
                pack="y", quantity=units, unit_price_amount=price.amount, line_amount=units * price.amount,
                price_id=price.id,
            )
        )  # fmt: skip


def test_suggesting_again_changes_nothing_that_somebody_committed_to(fair: Fair) -> None:
    one = fair.places[0]
    goods.suggest(BOSS, fair.id)
    goods.commit(MAKER, one.application.reference, {one.goods.id: Word(12)}, key())
    goods.suggest(BOSS, fair.id)
    assert row(fair, one).committed == 12
    with transaction():
        steps.fair(BOSS, fair.fresh(), FairState.CANCELLED)
    with pytest.raises(FairMovedOn):
        goods.suggest(BOSS, fair.id)


def test_a_producer_commits_and_says_why_he_brings_less(fair: Fair) -> None:
    one, two = fair.places
    with transaction() as s:
        s.get_one(ApplicationGoods, one.goods.id).suggested = 20
    reference, k = one.application.reference, key()
    with pytest.raises(Invalid) as wrong:
        goods.commit(MAKER, reference, {one.goods.id: Word(5)}, key())
    assert wrong.value.field == f"reason-{one.goods.id}"
    assert goods.commit(MAKER, reference, {one.goods.id: Word(5, "Hết nguyên liệu")}, k) == 1
    assert goods.commit(MAKER, reference, {one.goods.id: Word(5, "Hết nguyên liệu")}, k) == 1  # sent twice
    assert goods.commit(MAKER, reference, {one.goods.id: Word(5, "Hết nguyên liệu")}, key()) == 0
    assert goods.commit(MAKER, reference, {one.goods.id: Word(25)}, key()) == 1
    found = row(fair, one)
    assert (found.committed, found.reason, found.missing) == (25, None, 25)
    assert session().scalar(select(func.count()).select_from(Commitment)) == 2
    with pytest.raises(NotFound):
        goods.commit(MAKER, reference, {two.goods.id: Word(1)}, key())
    with pytest.raises(Invalid):
        goods.commit(MAKER, reference, {one.goods.id: Word(0)}, key())
    with transaction() as s:
        bad = s.get_one(ApplicationGoods, two.goods.id)
        bad.papers, bad.finding = PapersState.REFUSED, "Giấy hết hạn"
    with pytest.raises(Invalid):
        goods.commit(MAKER, two.application.reference, {two.goods.id: Word(3)}, key())


def test_what_is_committed_travels_from_the_store_and_from_the_producer(fair: Fair) -> None:
    one = fair.places[0]
    factories.put_in(one.variant, fair.home, 8)
    goods.commit(MAKER, one.application.reference, {one.goods.id: Word(20)}, key())
    stand = queries.stands(fair.fresh())[0]
    what = goods.proposed(fair.fresh(), stand)
    assert (what.from_home, what.from_maker) == ({one.variant.id: 8}, {one.variant.id: 12})
    k = key()
    sent = goods.send(BOSS, fair.id, stand.stand_id, what, None, k, approve=True)
    assert goods.send(BOSS, fair.id, stand.stand_id, what, None, k, approve=True) == sent
    assert sent.transfer
    assert sent.delivery
    found = row(fair, one)
    assert (found.coming, found.came, found.missing) == (20, 0, 0)
    delivery = session().scalars(select(Delivery)).one()
    assert (delivery.terms, delivery.point_id) == (ReceiptTerms.CONSIGNMENT, one.point_id)
    assert delivery.expected_on == fair.row.from_on - timedelta(days=1)  # type: ignore[operator]
    papers = queries.papers(fair.id)
    assert {(p.kind, p.purpose, p.open) for p in papers} == {
        (PaperKind.TRANSFER, PaperFor.OPENING, True), (PaperKind.DELIVERY, PaperFor.OPENING, True)
    }  # fmt: skip
    # Counted in with the pages that are there already: the store packs, the booth receives.
    travel(sent.transfer)
    line = receipt_queries.lines(delivery.id)[0]
    receipts.receive(BOSS, str(sent.delivery), {line.line_id: Came(12)}, op_key=key())
    found = row(fair, one)
    assert (found.coming, found.came, found.there, found.missing) == (0, 20, 20, 0)
    owners = session().scalars(select(StockLevel.owner).where(StockLevel.point_id == one.point_id)).all()
    assert sorted(owners) == [f"producer:{one.producer.id}", "shop"]
    assert [p.open for p in queries.papers(fair.id)] == [False, False]


def travel(reference: str, *, arrive: bool = True) -> None:
    """Pack, send and count in a transfer."""
    view = transfer_queries.view(reference)
    lots = transfer_queries.packable(view.source.id, {x.variant_id: x.approved or 0 for x in view.lines})
    picks = {lot.level_id: min(lot.free, line.approved or 0) for line in view.lines for lot in lots[line.variant_id]}
    transfers.pack(BOSS, reference, picks, key(), reason="gói")
    transfers.dispatch(BOSS, reference, key())
    if arrive:
        count_in(reference)


def count_in(reference: str) -> None:
    view = transfer_queries.view(reference)
    counts = [transfers.Count(lot.passage_id, lot.on_road) for lot in view.lots if lot.on_road]
    transfers.receive(BOSS, reference, counts, view.arrivals, key())


def test_nothing_is_sent_that_makes_no_sense(fair: Fair) -> None:
    one, two = fair.places
    with pytest.raises(Invalid):
        goods.send(BOSS, fair.id, one.stand.id, Sends({}, {}), None, key())
    with pytest.raises(Invalid):
        goods.send(BOSS, fair.id, one.stand.id, Sends({}, {two.variant.id: 3}), None, key())
    with pytest.raises(NotFound):
        goods.send(BOSS, make_fair().id, one.stand.id, Sends({}, {one.variant.id: 3}), None, key())
    homeless = make_fair(from_on=clock.today() + timedelta(days=4), home=False)
    place = add_place(homeless)
    booths.prepare(BOSS, homeless.id, Terms())
    with pytest.raises(NoHomePoint):
        goods.send(BOSS, homeless.id, place.stand.id, Sends({place.variant.id: 1}, {}), None, key())


def test_a_certificate_that_ends_during_the_fair_is_told_with_its_day(fair: Fair) -> None:
    one = fair.places[0]
    first = fair.row.from_on
    assert first is not None
    from shop.catalog.models import Product

    with transaction() as s:
        s.get_one(Product, one.variant.product_id).needs_certificate = True
    factories.make_certificate(one.variant, expires_on=first + timedelta(days=1))
    found = row(fair, one)
    assert found.ends_on == first + timedelta(days=2)  # the last day on a certificate is a good one
    assert found.ends
    assert row(fair, fair.places[1]).ends_on is None


def test_a_cancelled_fair_turns_its_goods_home_until_nothing_is_left(fair: Fair) -> None:
    one, two = fair.places
    factories.put_in(one.variant, fair.home, 8)
    lies = factories.put_in(two.variant, session().get_one(Point, two.point_id), 6)
    home = {one.variant.id: 5}
    road = goods.send(BOSS, fair.id, one.stand.id, Sends(home, {one.variant.id: 4}), None, key(), approve=True)
    waits = goods.send(BOSS, fair.id, one.stand.id, Sends({one.variant.id: 3}, {}), None, key(), approve=True)
    travel(str(road.transfer), arrive=False)
    with transaction():
        steps.fair(BOSS, fair.fresh(), FairState.CANCELLED)
    jobs.dispatch()

    def status(reference: object) -> object:
        session().expire_all()
        return session().scalars(select(Transfer.status).where(Transfer.reference == str(reference))).one()

    assert status(waits.transfer) is S.CANCELLED
    assert status(road.transfer) is S.ON_THE_ROAD
    assert session().scalars(select(Delivery.state)).one() is DeliveryState.CANCELLED
    left = {x.booth: (x.there, x.coming) for x in queries.leftovers(fair.id)}
    assert left == {"A1": (0, 5), "A2": (6, 0)}
    first_home = session().scalars(select(Transfer.reference).where(Transfer.from_point_id == two.point_id)).one()
    assert homeward.turn_back(fair.id) == 0  # once is enough
    count_in(str(road.transfer))
    assert homeward.homeward() == 1
    second_home = session().scalars(select(Transfer.reference).where(Transfer.from_point_id == one.point_id)).one()
    for reference in (first_home, second_home):
        travel(reference)
    assert queries.leftovers(fair.id) == []
    assert homeward.homeward() == 0
    assert session().get_one(StockLevel, lies, populate_existing=True).on_hand == 0
    there = select(func.sum(StockLevel.on_hand)).where(StockLevel.point_id == fair.home.id)
    assert session().scalar(there) == 8 + 6


def test_a_running_fair_still_takes_goods(ctx: object) -> None:
    made = running(1)
    place = made.places[0]
    sent = goods.send(BOSS, made.id, place.stand.id, Sends({}, {place.variant.id: 2}), None, key())
    assert session().scalars(select(Delivery.expected_on)).one() == clock.today()
    assert sent.transfer is None
