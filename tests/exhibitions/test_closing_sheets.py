"""A booth is closed: its figures are the books', goods go home, both sides sign, and what was frozen stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shop.catalog.models import Price
from shop.counts import services as counts
from shop.counts.models import WriteOffReason
from shop.exhibitions import ledger
from shop.exhibitions.errors import (
    BoothNotClosing,
    FairMovedOn,
    GoodsClaimed,
    GoodsStillThere,
    PutRightFirst,
    SheetChanged,
    SheetNotReady,
)
from shop.exhibitions.models.closing import SheetState, Side
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.queries import closings, sheets, takings
from shop.exhibitions.services import closing, many, signing
from shop.exhibitions.services.closing import Going, Way
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, PaymentMethod
from shop.settlement.models import Entry, EntryKind, Loss
from shop.settlement.services import finding
from shop.stock.models import MovementKind, StockLevel
from shop.stock.services import Take
from shop.till.models import Shortage, ShortageState, TillTender
from shop.transfers import services as transfers
from shop.transfers.models import S, Transfer
from tests import factories
from tests.exhibitions.closing_made import MAKER, PEN, STAFF, Made, fairs_broken, key, make_fair


@pytest.fixture
def fair(make_app: Callable[..., Flask]) -> Iterator[Made]:
    app = make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")
    with app.app_context():
        yield make_fair(app)


# --- the sums, pure ----------------------------------------------------------------------------------------------

MOVES = st.lists(
    st.tuples(
        st.sampled_from(list(MovementKind)),
        st.sampled_from(["", ledger.HOME, ledger.GIVEN, ledger.GIFT, ledger.SHORTAGE]),
        st.integers(1, 50),
        st.booleans(),
    ),
    max_size=30,
)
UP = {MovementKind.RECEIPT, MovementKind.TRANSFER_IN, MovementKind.RETURN}
DOWN = {MovementKind.SALE, MovementKind.TRANSFER_OUT, MovementKind.WRITE_OFF}


@given(MOVES)
def test_every_unit_is_accounted_for(moves):
    signed = []
    for kind, why, n, up in moves:
        if kind in UP:
            signed.append((kind, "", n))
        elif kind in DOWN:
            signed.append(
                (kind, why if kind is MovementKind.WRITE_OFF and why in (ledger.GIVEN, ledger.GIFT) else "", -n)
            )
        elif why == ledger.HOME:
            signed.append((MovementKind.ADJUSTMENT, why, -n))
        else:
            signed.append((kind, why if why == ledger.SHORTAGE else "", n if up else -n))
    pack = ledger.pack_of(signed)
    assert pack.adds_up
    assert pack.left == sum(n for _k, _w, n in signed)
    assert min(pack.came, pack.found, pack.sold, pack.returned, pack.given, pack.gift, pack.lost, pack.back) >= 0


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_ways_of_paying_and_lines_make_the_same_sum(amounts, rng):
    total = sum(amounts)
    cut = sorted(rng.randint(0, total) for _ in range(2))
    tenders = [("cash", cut[0]), ("vietqr", cut[1] - cut[0]), ("terminal", total - cut[1])]
    found = ledger.by_tender(amounts, tenders)
    assert [sum(one.values()) for one in found] == amounts
    for name, n in tenders:
        assert sum(one.get(name, 0) for one in found) == n


@given(st.integers(0, 10**9), st.dictionaries(st.text(max_size=3), st.integers(1, 100), min_size=1, max_size=6))
def test_owners_share_what_was_paid_to_the_last_dong(amount, units):
    assert sum(ledger.by_owner(amount, units).values()) == amount


# --- one booth from beginning to end -----------------------------------------------------------------------------


def test_a_booth_from_beginning_to_end(fair):
    fair.booth("A1", "Mực")
    fair.agree("Mực")
    level = fair.bring("A1", "Mực", 20)
    till = fair.till("A1")
    till.send(till.open())
    till.send(till.sale(till.line(fair.goods["Mực"], 5)))
    sold = till.sale(till.line(fair.goods["Mực"], 2), tenders=[{"kind": "vietqr", "amount": 240_000, "given": None}])
    till.send(sold)
    till.send(
        till.back(
            sold["body"]["number"],
            {"variant_id": fair.goods["Mực"].id, "quantity": 1, "restock": True, "lot_code": None},
            amount=120_000,
        )
    )
    counts.write_off(STAFF, level, 2, WriteOffReason.TASTING, may_approve=True, op_key=key())
    counts.write_off(STAFF, level, 1, WriteOffReason.DAMAGED, may_approve=True, op_key=key())
    counts.write_off(STAFF, level, 1, WriteOffReason.GIFT, may_approve=True, op_key=key())

    with pytest.raises(BoothNotClosing):
        fair.home_with("A1")
    fair.begin("A1")
    assert fair.sheet("A1", "Mực").step == "count"
    with pytest.raises(SheetNotReady):
        fair.sign("A1", "Mực")
    fair.count("A1", {level: 9})
    assert fair.sheet("A1", "Mực").step == "home"
    gone = fair.home_with("A1")
    assert (len(gone.transfers), gone.hand_backs) == (1, ())

    found = fair.sheet("A1", "Mực")
    assert found.step == "sign"
    totals = found.figures["totals"]
    assert {c: totals[c] for c in ledger.COLUMNS} == {
        "came": 20, "found": 0, "sold": 7, "returned": 1, "given": 2, "gift": 1, "lost": 2, "back": 9, "left": 0,
    }  # fmt: skip
    assert totals["amount"] == 6 * 120_000
    assert found.figures["tenders"] == {"cash": 480_000, "vietqr": 240_000}
    signing.post_sales(STAFF, found.sheet.reference)
    found = fair.sheet("A1", "Mực")
    assert found.figures["commission"] == 144_000
    assert found.figures["owed"] == 720_000 - 144_000 - 500_000

    assert signing.sign(
        STAFF, found.sheet.reference, Side.PRODUCER, name="Bà Thu", strokes=PEN, digest=found.digest
    ) is None  # fmt: skip
    assert fair.sheet("A1", "Mực").missing == (Side.STAFF,)
    number = signing.sign(STAFF, found.sheet.reference, Side.STAFF, name="Đỗ Xuân", ticked=True, digest=found.digest)
    assert number == 1
    # The button pressed twice.
    again = signing.sign(STAFF, found.sheet.reference, Side.STAFF, name="Đỗ Xuân", ticked=True, digest=found.digest)
    assert again == 1
    after = fair.sheet("A1", "Mực")
    assert after.step == "frozen"
    assert after.last.seal == signing.seal_of_version(after.sheet, after.last, [x.seal for x in after.signatures])
    assert fairs_broken() == []


def test_a_shared_booth_has_a_sheet_for_each_owner(fair):
    fair.booth("B1", "Mực", "Trà")
    for name in ("Mực", "Trà"):
        fair.bring("B1", name, 10)
    fair.bring("B1", "Trà", 4, owner="shop")
    till = fair.till("B1")
    till.send(till.open())
    lines = [till.line(fair.goods["Mực"], 3), till.line(fair.goods["Trà"], 12)]
    total = 15 * 120_000 - 7
    till.send(
        till.sale(
            *lines, discount=7, reason="bớt lẻ",
            tenders=[
                {"kind": "cash", "amount": 1_000_001, "given": 1_100_000},
                {"kind": "terminal", "amount": total - 1_000_001, "given": None},
            ],
        )
    )  # fmt: skip
    fair.begin("B1")
    found = {s.sheet.owner: s for s in closings.booth(fair.slug, "B1").sheets}
    assert len(found) == 3
    assert sum(s.figures["totals"]["amount"] for s in found.values()) == total
    ways = [s.figures["tenders"] for s in found.values()]
    assert sum(w.get("cash", 0) for w in ways) == 1_000_001
    assert sum(w.get("terminal", 0) for w in ways) == total - 1_000_001
    paid = session().scalars(select(TillTender.amount)).all()
    assert sum(sum(w.values()) for w in ways) == sum(paid)
    mine = found[f"producer:{fair.producers['Mực'].id}"]
    assert mine.figures["totals"]["sold"] == 3
    assert mine.sheet.fee_amount == 2_000_000
    assert found["shop"].sides == (Side.STAFF,)


def test_goods_go_back_to_their_owner(fair):
    fair.booth("A1", "Mực")
    fair.bring("A1", "Mực", 6, lot_code="L1", expires_on=clock.today())
    level = fair.bring("A1", "Mực", 4, lot_code="L2", expires_on=clock.today() + timedelta(days=30))
    fair.begin("A1")
    fair.count("A1")
    owner = f"producer:{fair.producers['Mực'].id}"
    for quantity, found, field in ((5, "", f"back-{level}"), (-1, "", f"back-{level}")):
        with pytest.raises(Invalid) as refused:
            closing.send_home(
                STAFF, fair.slug, "A1", {level: Going(quantity, found)}, {owner: Way("owner", "Ông Ba")}, key()
            )
        assert refused.value.field == field
    with pytest.raises(Invalid) as refused:
        closing.send_home(STAFF, fair.slug, "A1", {level: Going(4)}, {owner: Way("owner", "")}, key())
    assert refused.value.field == f"taken_by-{owner}"
    ways = {owner: Way("owner", "Ông Ba")}
    gone = closing.send_home(STAFF, fair.slug, "A1", {level: Going(5, "sót dưới gầm bàn")}, ways, "back-key-1")
    again = closing.send_home(STAFF, fair.slug, "A1", {level: Going(5, "sót dưới gầm bàn")}, ways, "back-key-1")
    assert gone == again
    assert len(gone.hand_backs) == 1
    totals = fair.sheet("A1", "Mực").figures["totals"]
    assert (totals["came"], totals["found"], totals["back"], totals["left"]) == (10, 1, 5, 6)
    fair.home_with("A1", to_owner=("Mực",))
    found = fair.sheet("A1", "Mực")
    assert found.figures["totals"]["left"] == 0
    assert [r[3] for r in found.figures["reasons"]] == ["sót dưới gầm bàn"]
    assert fairs_broken() == []


def test_lots_that_may_not_travel_are_told_apart(fair):
    fair.booth("A1", "Mực")
    level = fair.bring("A1", "Mực", 6, lot_code="L1", expires_on=clock.today())
    fair.begin("A1")
    fair.count("A1")
    with transaction() as s:
        from shop.stock.models import Lot

        s.scalars(select(Lot).where(Lot.code == "L1")).one().expires_on = clock.today() - timedelta(days=1)
    with pytest.raises(Invalid) as refused:
        closing.send_home(STAFF, fair.slug, "A1", {level: Going(6)}, {}, key())
    assert refused.value.field == f"back-{level}"
    fair.home_with("A1", to_owner=("Mực",))
    assert fair.sheet("A1", "Mực").left == 0


def test_nothing_there_is_seen_by_somebody(fair):
    fair.booth("A1", "Mực")
    fair.bring("A1", "Mực", 1)
    fair.begin("A1")
    with pytest.raises(GoodsStillThere):
        closing.nothing_there(STAFF, fair.slug, "A1")
    fair.booth("A2", "Trà")
    fair.begin("A2")
    closing.nothing_there(STAFF, fair.slug, "A2")
    assert fair.sheet("A2", "Trà").step == "sign"
    assert fair.sign("A2", "Trà").step == "frozen"


def test_signing_what_has_changed_is_refused(fair):
    fair.booth("A1", "Mực")
    fair.bring("A1", "Mực", 3)
    till = fair.till("A1")
    till.send(till.open())
    fair.begin("A1")
    fair.count("A1")
    fair.home_with("A1")
    seen = fair.sheet("A1", "Mực")
    signing.sign(STAFF, seen.sheet.reference, Side.PRODUCER, name="Bà Thu", strokes=PEN, digest=seen.digest)
    till.send(till.sale(till.line(fair.goods["Mực"], 1)))
    with pytest.raises(SheetChanged):
        signing.sign(STAFF, seen.sheet.reference, Side.STAFF, name="Đỗ Xuân", ticked=True, digest=seen.digest)
    now = fair.sheet("A1", "Mực")
    assert now.missing == (Side.PRODUCER, Side.STAFF)
    # What the till sold beyond the books has to be explained.
    with pytest.raises(Invalid) as refused:
        signing.sign(STAFF, seen.sheet.reference, Side.STAFF, name="Đỗ Xuân", ticked=True, digest=now.digest)
    assert refused.value.field == "explanation"
    signing.explain(STAFF, seen.sheet.reference, "máy bán sau khi đếm")
    assert fair.sign("A1", "Mực").step == "frozen"


@pytest.mark.parametrize(
    ("strokes", "ticked", "name", "field"),
    [
        ([], False, "Bà Thu", "ticked-producer"),
        (PEN, False, "x", "name-producer"),
        ([["a"]], False, "Bà Thu", "strokes"),
        ([[]], False, "Bà Thu", "strokes"),
        ([[[1, 2]]] * 201, False, "Bà Thu", "strokes"),
        ([[[1, True]]], False, "Bà Thu", "strokes"),
    ],
)
def test_what_is_no_signature(fair, strokes, ticked, name, field):
    fair.booth("A1", "Mực")
    fair.begin("A1")
    closing.nothing_there(STAFF, fair.slug, "A1")
    found = fair.sheet("A1", "Mực")
    with pytest.raises(Invalid) as refused:
        signing.sign(
            MAKER, found.sheet.reference, Side.PRODUCER, name=name, strokes=strokes, ticked=ticked, digest=found.digest
        )
    assert refused.value.field == field
    assert fair.sheet("A1", "Mực").signatures == ()


def test_without_a_signature_it_is_frozen_with_a_reason(fair):
    fair.booth("A1", "Mực")
    fair.begin("A1")
    closing.nothing_there(STAFF, fair.slug, "A1")
    found = fair.sheet("A1", "Mực")
    with pytest.raises(Invalid):
        signing.freeze_unsigned(STAFF, found.sheet.reference, "", found.digest)
    assert signing.freeze_unsigned(STAFF, found.sheet.reference, "Cơ sở về trước, không gọi được", found.digest) == 1
    after = fair.sheet("A1", "Mực")
    assert after.step == "unsigned"
    with pytest.raises(SheetNotReady):
        signing.freeze_unsigned(STAFF, found.sheet.reference, "Cơ sở về trước", after.digest)
    assert fairs_broken() == []


def test_only_booths_of_a_fair_that_runs_are_closed(fair):
    fair.booth("A1", "Mực")
    with transaction():
        fair.fair.state = FairState.ALLOTTED
    with pytest.raises(FairMovedOn):
        fair.begin("A1")


# --- a till that comes back on line after the close --------------------------------------------------------------


def test_a_sale_sent_after_the_close_is_booked_and_signed_anew(fair):
    fair.booth("A1", "Mực")
    fair.agree("Mực", losses=(Loss.COUNT,))
    level = fair.bring("A1", "Mực", 10)
    till = fair.till("A1")
    till.send(till.open())
    held_back = till.sale(till.line(fair.goods["Mực"], 3), at=clock.now())
    fair.begin("A1")
    fair.count("A1", {level: 7}, "thiếu 3, chưa rõ vì sao")
    fair.home_with("A1")
    first = fair.sign("A1", "Mực")
    finding.sweep()
    assert first.figures["totals"]["lost"] == 3
    frozen = dict(first.last.figures)

    till.send(held_back)
    late = fair.sheet("A1", "Mực")
    assert late.step == "late"
    assert late.sheet.state is SheetState.FROZEN
    assert late.shown == frozen
    assert late.figures["totals"]["sold"] == 3
    signing.explain(STAFF, late.sheet.reference, "máy gửi muộn")
    with pytest.raises(PutRightFirst):
        fair.sign("A1", "Mực")
    assert signing.put_right(STAFF, late.sheet.reference) == 3
    assert session().scalars(select(Shortage.state)).all() == [ShortageState.SHORT]
    again = fair.sign("A1", "Mực")
    assert [v.number for v in again.versions] == [1, 2]
    assert again.versions[0].figures == frozen
    assert again.step == "frozen"
    totals = again.last.figures["totals"]
    assert (totals["sold"], totals["lost"], totals["found"], totals["back"]) == (3, 0, 0, 7)
    changed = {(column, a, b) for _name, column, a, b in sheets.changes(frozen, again.last.figures)}
    assert ("sold", 0, 3) in changed
    assert ("lost", 3, 0) in changed
    # What was paid for as lost is given back: the producer is owed the sale alone.
    finding.sweep()
    owed = session().scalars(select(Entry.amount).where(Entry.kind.in_([EntryKind.SALE, EntryKind.LOSS]))).all()
    assert sum(owed) == 3 * 120_000
    assert fairs_broken() == []


# --- goods on the road, many booths ------------------------------------------------------------------------------


def test_what_had_not_left_is_called_off_and_what_is_on_the_road_waited_for(fair):
    fair.booth("A1", "Mực")
    source = factories.put_in(fair.goods["Mực"], fair.home, 20, owner=f"producer:{fair.producers['Mực'].id}")
    sent, packed = (
        transfers.ask(STAFF, fair.home.id, fair.points["A1"].id, {fair.goods["Mực"].id: 4}, key()) for _ in range(2)
    )
    for reference in (sent, packed):
        transfers.approve(STAFF, reference, {}, key())
        transfers.pack(STAFF, reference, {source: 4}, key())
    transfers.dispatch(STAFF, sent, key())
    fair.begin("A1")
    states = dict(session().execute(select(Transfer.reference, Transfer.status)).all())
    assert states == {sent: S.ON_THE_ROAD, packed: S.CANCELLED}
    results = many.step(STAFF, fair.slug, ["A1", "A9"], "empty", op_key=key())
    assert [r.error.code if r.error else "" for r in results] == ["goods-on-road", "not-found"]
    transfers.close(STAFF, sent, "xe hỏng, hàng mất", 0, key())
    results = many.step(STAFF, fair.slug, ["A1"], "empty", op_key=key())
    assert results[0].error is None
    totals = fair.sheet("A1", "Mực").figures["totals"]
    assert (totals["came"], totals["lost"]) == (4, 4)


def test_many_booths_at_once(fair):
    for code, name in (("A1", "Mực"), ("A2", "Trà"), ("A3", "Miến")):
        fair.booth(code, name)
    fair.bring("A1", "Mực", 5)
    codes = ["A1", "A2", "A3"]
    assert all(r.error is None for r in many.step(STAFF, fair.slug, codes, "begin", op_key=key()))
    done = many.step(STAFF, fair.slug, codes, "empty", op_key=key())
    assert [r.error.code if r.error else "" for r in done] == ["goods-still-there", "", ""]
    fair.count("A1")
    assert many.step(STAFF, fair.slug, ["A1"], "home", op_key=key())[0].error is None
    done = many.step(STAFF, fair.slug, codes, "freeze", reason="Bế mạc muộn, ký sau", op_key=key())
    assert all(r.error is None for r in done)
    assert {row.step for row in closings.booths(fair.fair.id)} == {"unsigned"}
    with pytest.raises(Invalid):
        many.step(STAFF, fair.slug, [], "begin", op_key=key())
    with pytest.raises(Invalid):
        many.step(STAFF, fair.slug, codes, "burn", op_key=key())


def test_takings_are_what_tills_took(fair):
    fair.booth("A1", "Mực")
    fair.booth("A2", "Trà")
    fair.bring("A1", "Mực", 9)
    for code, name in (("A1", "Mực"), ("A2", "Trà")):
        till = fair.till(code)
        till.send(till.open())
        till.send(till.sale(till.line(fair.goods[name], 2), discount=1, reason="bớt lẻ"))
    found = takings.of_points([p.id for p in fair.points.values()])
    assert sum(t.amount for t in found) == sum(session().scalars(select(TillTender.amount)).all())
    assert sum(n for t in found for _way, n in t.tenders) == sum(t.amount for t in found)
    # The second booth had nothing in the books: what it sold is found, and the shop's.
    fair.begin("A2")
    totals = fair.sheet("A2").figures["totals"]
    assert (totals["came"], totals["found"], totals["sold"]) == (0, 2, 2)
    assert session().scalars(select(StockLevel.on_hand).where(StockLevel.point_id == fair.points["A2"].id)).all() == [0]


def test_what_was_ordered_on_the_web_and_collected_at_the_booth(fair):
    fair.booth("A1", "Mực")
    level = fair.bring("A1", "Mực", 9)
    goods = fair.goods["Mực"]
    price = session().scalars(select(Price).where(Price.variant_id == goods.id)).one()
    line = orders.DraftLine(
        goods.id, fair.producers["Mực"].id, goods.sku, "Chả mực", goods.pack, 3, price.amount, price.id, False, None, False,
        "none", 550,
    )  # fmt: skip
    parcel = orders.DraftParcel(fair.points["A1"].id, DeliveryKind.PICKUP, (line,), (Take(level, 3),), 0, 1_600)
    draft = orders.Draft(
        op_key=key(), op_digest="x", basket_key=None, user_id=None, locale="vi", payment_method=PaymentMethod.COD,
        delivery=DeliveryKind.PICKUP, name="Khách hẹn", phone="+84912345678", email=None, parcels=(parcel,), pay_until=None,
        discount_amount=10_000, pickup_point_id=fair.points["A1"].id,
    )  # fmt: skip
    order = orders.place(SYSTEM, draft, key="k").order_id
    fair.begin("A1")
    fair.count("A1")
    # What is kept for the order cannot go home.
    with pytest.raises(GoodsClaimed) as refused:
        fair.home_with("A1")
    assert refused.value.field == f"back-{level}"
    closing.all_home(STAFF, fair.slug, "A1", key())
    assert fair.sheet("A1", "Mực").left == 3
    parcel_id = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order)).one()
    orders.confirm(STAFF, order)
    orders.pack(STAFF, parcel_id)
    orders.hand_over(STAFF, parcel_id)
    found = fair.sheet("A1", "Mực")
    assert found.figures["tenders"] == {"web": 350_000}
    assert (found.figures["totals"]["sold"], found.figures["totals"]["back"], found.left) == (3, 6, 0)
    assert found.step == "sign"
