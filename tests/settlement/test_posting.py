"""Entries are exactly what was sold for a producer, delivered and paid; what comes back undoes them to the đồng."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog.models import Product
from shop.counts import services as counts
from shop.counts.models import WriteOffReason
from shop.kernel import clock, jobs
from shop.kernel.db import session, transaction
from shop.orders import services as orders
from shop.orders.models import Order
from shop.orders.services import returns
from shop.points.models import Point, PointKind
from shop.receipts import queries as receipts_read
from shop.receipts import services as receipts
from shop.receipts.models import Terms
from shop.receipts.services import Came, Wanted
from shop.settlement.models import EntryKind, Loss, Party
from shop.settlement.services import booths, losses, posting
from shop.settlement.services.agreements import Rates
from shop.stock import services as stock
from shop.stock.models import MovementKind, StockMovement
from tests import factories
from tests.settlement.conftest import BOSS, DESK, Trade, broken, entries, key, settle, sums


def test_a_web_sale_is_earned_when_delivered_and_paid(trade: Trade) -> None:
    trade.agree()
    order = trade.order((trade.fish, 3, trade.levels["fish"]), fee=30_000)
    assert settle() == 0
    trade.arrive(order, paid=False)
    assert settle() == 0, "delivered, not paid"
    trade.pay(order)
    assert settle() == 2
    assert sums() == {"sale": 360_000, "commission": -36_000}
    assert settle() == 0
    assert posting.of_order(order) == 0
    (sale,) = entries(EntryKind.SALE)
    assert (sale.quantity, sale.unit_amount, sale.channel, sale.point_id) == (3, 120_000, "web", trade.point.id)
    assert broken() == []


def test_facts_post_by_the_worker(trade: Trade) -> None:
    trade.agree()
    trade.arrive(trade.order((trade.fish, 1, trade.levels["fish"])))
    jobs.dispatch()
    assert sums() == {"sale": 120_000, "commission": -12_000}
    trade.counter((trade.tea, 1))
    jobs.dispatch()
    assert sums(trade.other) == {"sale": 33_333}, "sold before anything was agreed: on record, commission open"
    trade.agree(trade.other)
    settle()
    assert sums(trade.other) == {"sale": 33_333, "commission": -5_000}
    assert broken() == []


def test_one_line_with_three_owners_owes_each_his_units(trade: Trade) -> None:
    trade.agree()
    trade.agree(trade.other, rates=Rates(0, 0, 0))
    own, theirs, shops = (trade.levels[n] for n in ("fish", "fish of the other", "fish of the shop"))
    trade.arrive(trade.order((trade.fish, 2, own), (trade.fish, 1, theirs), (trade.fish, 4, shops), discount=70_000))
    settle()
    assert sums(trade.producer) == {"sale": 240_000, "commission": -24_000}
    assert sums(trade.other) == {"sale": 120_000, "commission": 0}
    assert [e.discount_amount for e in entries(EntryKind.SALE)] == [20_000, 10_000]
    assert broken() == []


def test_who_bears_the_discount_and_earns_the_freight(trade: Trade) -> None:
    trade.agree(voucher_bearer=Party.PRODUCER, freight_earner=Party.PRODUCER)
    own, shops = trade.levels["fish"], trade.levels["fish of the shop"]
    trade.arrive(trade.order((trade.fish, 2, own), (trade.fish, 2, shops), fee=30_001, discount=40_000))
    settle()
    # Of the price of 240.000 the producer bears 20.000; commission is reckoned on the rest; the fee is shared by worth.
    assert sums() == {"sale": 240_000, "voucher": -20_000, "commission": -22_000, "freight": 15_001}
    assert broken() == []


def test_channels_and_sets_have_their_rates(trade: Trade) -> None:
    set_id = session().get(Product, trade.fish.product_id).set_id
    trade.agree(sets={set_id: Rates(1, 200, 300)})
    fair = factories.make_point("Hội chợ Thử", kind=PointKind.FAIR)
    factories.put_in(trade.fish, fair, 5, owner=f"producer:{trade.producer.id}")
    trade.counter((trade.fish, 1))
    trade.counter((trade.fish, 1), point=fair)
    trade.arrive(trade.order((trade.fish, 1, trade.levels["fish"])))
    settle()
    assert [(e.channel, e.rate_bp, e.amount) for e in entries(EntryKind.COMMISSION)] == [
        ("point", 200, -2_400), ("fair", 300, -3_600), ("web", 1, -12)
    ]  # fmt: skip
    assert broken() == []


def test_returns_at_a_counter_undo_their_units_to_the_dong(trade: Trade) -> None:
    trade.agree(trade.other, voucher_bearer=Party.PRODUCER, rates=Rates(0, 1234, 0))
    sale = trade.counter((trade.tea, 7), discount=11)
    settle()
    for n in (1, 2, 1):
        trade.back(sale, trade.tea, n)
        assert settle() > 0
        assert broken() == []
    # Three were kept: 99.999 less 4 of the discount, of which 12,34 % half up.
    assert sum(sums().values()) == 99_999 - 4 - (99_995 * 1234 + 5000) // 10_000
    trade.back(sale, trade.tea, 3)
    settle()
    assert set(sums().values()) == {0, sums()["sale"], sums()["return"], sums()["commission"], sums()["voucher"]} | {0}
    assert sum(sums().values()) == 0
    assert (sums()["commission"], sums()["voucher"]) == (0, 0)
    assert broken() == []


def test_a_parcel_that_came_back_and_money_that_went_back(trade: Trade) -> None:
    trade.agree()
    whole = trade.order((trade.fish, 2, trade.levels["fish"]))
    parcel = trade.arrive(whole)
    settle()
    returns.take_back(DESK, parcel, restock=False, reason="Khách không nhận")
    settle()
    kept = sums()
    assert (kept["sale"], kept["return"], kept["commission"]) == (240_000, -240_000, 0)
    assert kept["loss"] == 0, "what cannot be sold again is on record, though nobody pays"
    # All the money of another goes back, the goods stay with the buyer: nothing of it is paid any more.
    other = trade.order((trade.fish, 1, trade.levels["fish"]))
    trade.arrive(other)
    settle()
    orders.refund_done(DESK, other)
    settle()
    assert sums()["refund"] == -120_000
    assert sums()["commission"] == 0
    assert settle() == 0
    assert broken() == []


def test_cancelled_or_undelivered_owes_nothing(trade: Trade) -> None:
    trade.agree()
    orders.cancel(DESK, trade.order((trade.fish, 1, trade.levels["fish"])), "khách đổi ý")
    refused = trade.order((trade.fish, 2, trade.levels["fish"]))
    parcel = trade.arrive(refused, paid=False)
    returns.take_back(DESK, parcel, restock=True, reason="Không liên lạc được")
    assert session().get(Order, refused, populate_existing=True).status == "cancelled"
    trade.counter((trade.fish, 40 + 40))  # first the two consigned levels, by id
    settle()
    assert sums(trade.producer)["sale"] == 40 * 120_000
    assert broken() == []


def test_lost_goods_are_paid_as_agreed(trade: Trade) -> None:
    trade.agree(losses=(Loss.DAMAGED, Loss.COUNT))
    off = lambda why: counts.write_off(  # noqa: E731
        DESK, trade.levels["fish"], 2, why, note="thử", op_key=key()
    )  # fmt: skip
    reference = off(WriteOffReason.DAMAGED)
    if session().query(counts.WriteOff).filter_by(reference=reference).one().state == "asked":
        counts.decide(BOSS, reference, agree=True, note="")
    reference = off(WriteOffReason.EXPIRED)
    if session().query(counts.WriteOff).filter_by(reference=reference).one().state == "asked":
        counts.decide(BOSS, reference, agree=True, note="")
    settle()
    assert [(e.reason, e.quantity, e.amount) for e in entries(EntryKind.LOSS)] == [
        ("damaged", 2, 240_000), ("expired", 2, 0)
    ]  # fmt: skip
    assert sums()["commission"] == -36_000
    # A count finds three missing, the next finds two of them again.
    for n, change in enumerate((-3, 2)):
        stock.adjust(
            DESK,
            trade.levels["fish"],
            change,
            "kiểm kê",
            f"count-test-{n}",
            kind=MovementKind.COUNT,
            reference="count:K-1",
        )
        settle()
    assert [e.amount for e in entries(EntryKind.LOSS)][2:] == [360_000, -240_000]
    assert sums()["commission"] == -36_000 - 54_000 + 36_000
    assert settle() == 0
    assert broken() == []


def test_what_lies_in_the_own_store_is_at_own_risk(trade: Trade) -> None:
    trade.agree(losses=(Loss.DAMAGED, Loss.COUNT))
    store = factories.make_point("Kho nhà Thử", kind=PointKind.PRODUCER_STORE, producer_id=trade.producer.id)
    mine = factories.put_in(trade.fish, store, 20, owner=f"producer:{trade.producer.id}")
    theirs = factories.put_in(trade.tea, store, 20, owner=f"producer:{trade.other.id}")
    trade.agree(trade.other, losses=(Loss.DAMAGED, Loss.COUNT))

    def off(level: int, n: int, name: str) -> int:
        stock.adjust(DESK, level, -n, "dập", name, kind=MovementKind.COUNT, reference="count:K-2")
        return session().scalars(select(StockMovement.id).where(StockMovement.op_key == name)).one()

    first = off(mine, 3, "own-store-test-1")
    assert settle() == 0
    assert losses.of_loss(first) == 0
    assert sums() == {}
    # Goods of another that lie there are consigned as anywhere.
    off(theirs, 1, "own-store-test-2")
    assert settle() == 1
    assert sums(trade.other) == {"loss": 33_333, "commission": -5_000}
    # What was posted wrongly before, some of it found again since, stands against a line in the next sweep, once.
    with transaction() as s:
        s.query(Point).filter_by(id=store.id).update({"producer_id": None})
    settle()
    stock.adjust(DESK, mine, 1, "thấy lại", "own-store-test-3", kind=MovementKind.COUNT, reference="count:K-2")
    settle()
    assert sums(trade.producer) == {"loss": 240_000, "commission": -36_000}
    with transaction() as s:
        s.query(Point).filter_by(id=store.id).update({"producer_id": trade.producer.id})
    assert [line.split(":")[0] for line in broken()] == ["settlement.own-stores-are-at-own-risk"]
    assert settle() == 1
    assert settle() == 0
    assert sums(trade.producer) == {"loss": 0, "commission": 0}
    assert sums(trade.other)["loss"] == 33_333
    assert broken() == []


def test_goods_bought_outright_are_owed_at_their_cost(trade: Trade) -> None:
    reference = receipts.expect(
        DESK, trade.producer.id, trade.point.id, Terms.PURCHASE, clock.today(), {trade.fish.id: Wanted(10, 80_000)},
        op_key=key(),
    )  # fmt: skip
    row, _view = receipts_read.delivery(reference)
    (line,) = receipts_read.lines(row.id)
    receipts.receive(DESK, reference, {line.line_id: Came(7, 1, "dập")}, op_key=key())
    receipts.receive(DESK, reference, {line.line_id: Came(2, unit_cost_amount=70_000)}, op_key=key())
    settle()
    assert [(e.quantity, e.unit_amount, e.amount) for e in entries(EntryKind.PURCHASE)] == [
        (7, 80_000, 560_000), (2, 70_000, 140_000)
    ]  # fmt: skip
    assert settle() == 0
    assert broken() == []


def test_everybody_posting_at_once_posts_once(app: Any, trade: Trade, together: Any) -> None:
    trade.agree()
    sold = [trade.counter((trade.fish, 1)) for _ in range(3)]
    session().rollback()
    outcomes = together(app, lambda: [posting.of_order(i) for i in sold], times=4)
    assert [o.error for o in outcomes] == [None] * 4
    assert sums() == {"sale": 360_000, "commission": -54_000}
    assert broken() == []


@pytest.mark.sqlite_only
def test_what_happened_long_ago_is_found(trade: Trade) -> None:
    trade.counter((trade.fish, 1))
    trade.agree(since=clock.today() + timedelta(days=10))  # the first agreement reaches back to what went before
    settle()
    assert sums() == {"sale": 120_000, "commission": -18_000}


def test_a_booth_is_charged_once_less_what_is_paid_of_it(app: Any, trade: Trade, together: Any) -> None:
    mine = trade.producer.id

    def charge() -> bool:
        return booths.charge(
            DESK, mine, "GIAN-0001", label="Hội chợ Xuân, gian A1", fee_amount=6_000_000,
            subsidy_amount=4_500_000, point_id=None,
        )  # fmt: skip

    done = together(app, charge, times=6)
    assert [o.error for o in done] == [None] * 6
    assert sorted(o.value for o in done) == [False] * 5 + [True]
    assert booths.charge(
        DESK, mine, "GIAN-0002", label="Hội chợ Hè, gian B2", fee_amount=6_000_000, subsidy_amount=6_000_000,
        point_id=None,
    )  # fmt: skip
    found = {e.reference: e for e in entries(EntryKind.BOOTH)}
    assert {r: e.amount for r, e in found.items()} == {"GIAN-0001": -1_500_000, "GIAN-0002": 0}
    assert booths.charged(["GIAN-0001", "GIAN-0002", "GIAN-0003"]) == {"GIAN-0001": 1_500_000, "GIAN-0002": 0}
    with pytest.raises(ValueError, match="nothing at least"):
        booths.charge(
            DESK, mine, "GIAN-0004", label="x", fee_amount=1, subsidy_amount=2, point_id=None
        )  # fmt: skip
    assert broken() == []
