"""What the points of the demonstration have lived through beside the web's trade; all of it by the rooms' own commands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from shop.counts.models import CountLine, CountState, StockCount, WriteOff, WriteOffState
from shop.inspections.models import Inspection, Result
from shop.kernel import clock
from shop.kernel.audit import AuditRow
from shop.kernel.db import session
from shop.kernel.mail import Letter
from shop.orders.models import Order
from shop.pages import keeper
from shop.points.models import Point, PointKind
from shop.recalls.models import Reach, Recall, RecallBuyer
from shop.receipts.models import Delivery, DeliveryState, ReceiptLine, Terms
from shop.seed import booths, counters, rounds
from shop.seed.then import Past
from shop.stock.models import SHOP, Lot, LotPaper, MovementKind, StockLevel, StockMovement
from shop.till.models import (
    Ask,
    Device,
    KeeperPin,
    Shortage,
    ShortageState,
    TillClosing,
    TillReturn,
    TillSale,
    TillSession,
    TillTender,
)
from shop.till.services.devices import pin_hash
from shop.transfers.models import S, Target, Transfer, TransferArrivalLine
from shop.transfers.queries import replenish


def count(table: Any, *where: Any) -> int:
    return session().scalar(select(func.count()).select_from(table).where(*where)) or 0


def point_id(slug: str) -> int:
    return session().scalars(select(Point.id).where(Point.slug == slug)).one()


def test_producers_bring_goods_bought_and_on_consignment(shop: Any) -> None:
    rows = session().execute(select(Delivery.state, Delivery.terms).distinct())
    assert {state for state, _t in rows} == set(DeliveryState)
    assert count(Delivery, Delivery.is_demo.is_(False)) == 0
    for terms in Terms:
        assert count(Delivery, Delivery.terms == terms, Delivery.state == DeliveryState.RECEIVED) >= 5
    assert count(ReceiptLine, ReceiptLine.unit_cost_amount.is_(None)) == 0
    assert count(ReceiptLine, ReceiptLine.refused > 0) >= 2
    lent = StockLevel.on_hand > 0, StockLevel.owner != SHOP
    at = set(session().scalars(select(StockLevel.point_id).where(*lent)))
    assert len(at) >= 3
    own = set(session().scalars(select(StockLevel.variant_id).where(StockLevel.owner == SHOP, StockLevel.on_hand > 0)))
    assert own & set(session().scalars(select(StockLevel.variant_id).where(*lent))), "side by side with the shop's own"
    assert count(Delivery, Delivery.state == DeliveryState.EXPECTED, Delivery.expected_on < clock.today()) >= 1


def test_lots_have_their_papers(shop: Any) -> None:
    assert count(LotPaper, LotPaper.is_public) >= 10
    assert count(LotPaper, LotPaper.issued_on > clock.today()) == 0
    traced = Lot.id.in_(select(LotPaper.lot_id))
    assert count(Lot, traced, Lot.trace_code.is_(None)) == 0


def test_transfers_stand_at_every_step(shop: Any) -> None:
    assert set(session().scalars(select(Transfer.status).distinct())) == set(S)
    assert count(Transfer, Transfer.is_demo.is_(False)) == 0
    late = Transfer.status == S.ON_THE_ROAD, Transfer.due_on < clock.today()
    assert count(Transfer, *late) >= 1
    lost = select(TransferArrivalLine).where(TransferArrivalLine.damaged + TransferArrivalLine.missing > 0)
    found = session().scalars(lost).all()
    assert {bool(row.damaged) for row in found} == {True, False}
    assert all(row.reason for row in found)


def test_points_run_low_and_transfers_are_suggested(shop: Any) -> None:
    assert count(Target) > 50
    assert 3 <= replenish.below(None) <= 60
    assert replenish.plan()


def test_counts_and_write_offs_wait_and_are_done(shop: Any) -> None:
    assert set(session().scalars(select(StockCount.state))) == {CountState.DONE, CountState.SUBMITTED, CountState.OPEN}
    # A booth of a fair was counted too, when it closed.
    of_shops = select(Point.id).where(Point.kind != PointKind.FAIR)
    done = (
        session()
        .scalars(select(StockCount).where(StockCount.state == CountState.DONE, StockCount.point_id.in_(of_shops)))
        .one()
    )
    assert done.submitted_label != done.closed_label, "beyond the limit a second person agreed"
    booked = select(CountLine.counted, CountLine.expected).where(CountLine.count_id == done.id)
    assert any(counted != expected for counted, expected in session().execute(booked))
    begun = session().scalars(select(StockCount).where(StockCount.state == CountState.OPEN)).one()
    lines = session().scalars(select(CountLine.counted).where(CountLine.count_id == begun.id)).all()
    assert None in lines
    assert any(n is not None for n in lines)
    assert set(session().scalars(select(WriteOff.state))) == set(WriteOffState)
    assert count(WriteOff, WriteOff.is_demo.is_(False)) + count(StockCount, StockCount.is_demo.is_(False)) == 0


def test_a_lot_was_called_back_some_weeks_ago(shop: Any) -> None:
    recall = session().scalars(select(Recall)).one()
    assert timedelta(days=20) < clock.now() - recall.started_at < timedelta(days=30)
    assert recall.closed_at is not None
    assert "Diễn tập" in recall.reason
    assert "minh họa" in recall.reason
    buyers = session().scalars(select(RecallBuyer)).all()
    assert len(buyers) >= 5
    assert {b.reach for b in buyers} >= {Reach.LETTER, Reach.CALL}
    assert all(b.told_at is not None for b in buyers)
    written = {b.order_id for b in buyers if b.reach is Reach.LETTER}
    addresses = set(session().scalars(select(Order.email).where(Order.id.in_(written))))
    assert set(session().scalars(select(Letter.recipient).where(Letter.kind == "recall"))) == addresses
    assert all(
        at < clock.now() - timedelta(days=20)
        for at in session().scalars(select(Letter.created_at).where(Letter.kind == "recall"))
    )
    lot = session().get_one(Lot, recall.lot_id)
    assert lot.stopped_at is not None
    assert lot.trace_code
    off = StockMovement.reference == f"recall:{recall.reference}"
    assert count(StockMovement, off) >= 1


def test_days_at_the_counters(shop: Any) -> None:
    # Five machines of the year, and the counter that sells at timed prices.
    assert count(Device) == 5 + 1
    assert count(Device, Device.revoked_at.is_not(None)) == 3
    assert count(TillSession) == count(TillClosing) >= 8
    off = [n for n in session().scalars(select(TillClosing.variance_amount)) if n]
    assert 1 <= len(off) < count(TillClosing)
    assert all(abs(n) <= 10_000 for n in off)
    sales = count(TillSale)
    assert sales >= 40
    assert count(Order, Order.channel == "till", Order.is_demo) == sales == count(Order, Order.channel == "till")
    kinds = session().execute(select(TillTender.kind).distinct()).all()
    assert len(kinds) == 3
    assert count(TillReturn) == 1
    assert count(Ask) >= 10
    assert set(session().scalars(select(Shortage.state))) == {ShortageState.OPEN, ShortageState.FOUND}
    # At the rest stop there is no network by day: the books hear of it in the evening.
    late = session().execute(select(TillSale.at, TillSale.received_at).where(TillSale.number.like("B1-%"))).all()
    assert max(received - at for at, received in late) > timedelta(hours=3)


def test_one_booth_is_empty_after_a_night_and_another_takes_goods_home(shop: Any) -> None:
    """The fair of January 2017, told again: what was brought is gone before midnight, and people go on asking."""
    fair = {
        p.name.partition(" – ")[0]: p
        for p in session().scalars(select(Point).where(Point.kind == PointKind.FAIR, Point.is_demo))
    }
    hungry, plenty = (fair[f"Gian {code}"] for code in booths.CODES.values())
    assert hungry.sells_to_on == plenty.sells_to_on == clock.today() - timedelta(days=booths.END)
    assert hungry.closed_on == clock.today() - timedelta(days=booths.END)

    def moves(point: Point, *conditions: Any) -> list[StockMovement]:
        of_point = select(StockLevel.id).where(StockLevel.point_id == point.id)
        return list(session().scalars(select(StockMovement).where(StockMovement.level_id.in_(of_point), *conditions)))

    opening = clock.start_of(clock.today() - timedelta(days=booths.FIRST))
    sales = moves(hungry, StockMovement.kind == MovementKind.SALE)
    night = [m for m in sales if m.at < opening + timedelta(days=1)]
    later = {clock.business_day(m.at) for m in sales} - {clock.business_day(opening)}
    assert -sum(m.quantity for m in night) == sum(booths.FEW.values())
    # What came in a hurry, on one day, is all that was sold after the first night.
    assert later == {clock.business_day(opening) + timedelta(days=3)}
    asked = count(Ask, Ask.point_id == hungry.id)
    assert asked >= 40
    home = moves(plenty, StockMovement.kind == MovementKind.TRANSFER_OUT)
    assert -sum(m.quantity for m in home) > 0
    assert count(StockLevel, StockLevel.point_id.in_([hungry.id, plenty.id]), StockLevel.on_hand > 0) == 0


def test_the_pin_of_the_readme_opens_the_counter(shop: Any) -> None:
    for pin in session().scalars(select(KeeperPin)):
        assert pin_hash(counters.PIN, bytes.fromhex(pin.salt), pin.rounds) == pin.hash


def test_points_were_inspected(shop: Any) -> None:
    assert set(session().scalars(select(Inspection.result))) == set(Result)
    assert count(Inspection, Inspection.is_demo.is_(False)) == 0
    assert count(Inspection, Inspection.held_on > clock.today()) == 0


def test_each_rule_of_the_web_is_there(shop: Any) -> None:
    rules = {(p.ships, p.pickup, p.web_reserve > 0) for p in session().scalars(select(Point).where(Point.is_demo))}
    assert {(True, True, False), (True, True, True), (False, True, False), (False, False, False)} <= rules


def test_a_keeper_has_something_to_do(shop: Any) -> None:
    day = keeper.day([point_id(rounds.CENTRE)])
    assert day.deliveries
    assert day.transfers
    assert day.low
    assert day.ending
    assert day.due


def test_nothing_happens_in_the_future_and_the_clock_goes_on(shop: Any) -> None:
    now = clock.now()
    assert count(AuditRow, AuditRow.at > now) + count(StockMovement, StockMovement.at > now) == 0
    assert clock.now() > now


def test_the_past_ends_with_its_block() -> None:
    import random

    from shop.kernel import text

    real, then = clock.now, clock.now() - timedelta(days=3)
    with pytest.raises(ZeroDivisionError), Past(random.Random(1)).at(then):
        first = text.reference()
        assert clock.now() == then
        raise ZeroDivisionError
    assert clock.now is real
    with Past(random.Random(1)).at(then):
        assert text.reference() == first
