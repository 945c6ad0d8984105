"""Goods travel with their lot and owner, each step once and in order; nothing is lost or doubled on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound, ShopError
from shop.kernel.facts import Refused
from shop.kernel.operations import KeyUsedOtherwise
from shop.points.models import Point
from shop.stock import queries as stock_queries
from shop.stock import services as stock
from shop.stock.errors import MoreThanSent
from shop.stock.models import Lot, MovementKind, Passage, StockHold, StockMovement
from shop.stock.services import Take
from shop.transfers import services as transfers
from shop.transfers.errors import GoodsGone, LotBarred, ReceivedMeanwhile, TransferMovedOn
from shop.transfers.models import S, Transfer, TransferArrivalLine, TransferStep
from shop.transfers.services import Count
from tests.transfers.conftest import at_point, broken, key, level, road, stop, total, transfer

KEEPER = Actor("user", "Trần Giữ Kho", 77)


def test_from_asking_to_the_shelf(shelves):
    before = total()
    reference = transfers.ask(
        KEEPER, shelves.here.id, shelves.there.id, {shelves.squid.id: 9, shelves.tea.id: 3}, key(), note="Sắp hội chợ"
    )
    assert reference.startswith("C-") and len(reference) == 11
    lines = {line.variant_id: line.id for line in transfer(reference).lines}
    transfers.approve(SYSTEM, reference, {lines[shelves.squid.id]: 8}, key(), reason="Giữ lại một ít")
    transfers.pack(KEEPER, reference, {shelves.early: 6, shelves.late: 2, shelves.consigned: 3}, key())
    assert level(shelves.early).allocated == 6
    assert stock_queries.availability([shelves.squid.id])[shelves.squid.id].ship == 8
    transfers.dispatch(KEEPER, reference, key())
    assert (level(shelves.early).on_hand, level(shelves.early).allocated) == (0, 0)
    assert total() == before
    assert sum(p.on_road for p in road(reference).values()) == 11
    assert set(at_point(shelves.there).values()) == {0}  # who waits there sees what is coming
    passages = road(reference)
    left = transfers.receive(KEEPER, reference, [Count(passages[shelves.early].id, 4)], 0, key())
    assert left == 7 and transfer(reference).status is S.RECEIVED
    rest = [
        Count(passages[shelves.early].id, 1, damaged=1, reason="Rách bao"),
        Count(passages[shelves.late].id, 1, missing=1, reason="Thiếu trong thùng"),
        Count(passages[shelves.consigned].id, 3),
    ]
    assert transfers.receive(KEEPER, reference, rest, 1, key()) == 0
    assert transfer(reference).status is S.CLOSED
    assert at_point(shelves.there) == {
        (shelves.squid.id, "SỚM", "shop"): 5,
        (shelves.squid.id, "MUỘN", "shop"): 1,
        (shelves.tea.id, "T1", shelves.owner): 3,
    }
    assert total() == before - 2
    assert [(s.from_status, s.to_status) for s in transfer(reference).steps] == [
        ("", "asked"), ("asked", "approved"), ("approved", "packed"), ("packed", "on_the_road"),
        ("on_the_road", "received"), ("received", "received"), ("received", "closed"),
    ]  # fmt: skip
    assert transfer(reference).steps[1].reason == "Giữ lại một ít"
    lost = session().execute(
        select(StockMovement.quantity, StockMovement.reason).where(StockMovement.kind == MovementKind.WRITE_OFF)
    )
    assert sorted(tuple(row) for row in lost) == [(-1, "Rách bao"), (-1, "Thiếu trong thùng")]
    assert stock_queries.availability([shelves.squid.id])[shelves.squid.id].ship == 14
    assert broken() == []


def test_asking_is_refused_at_its_place(shelves):
    with transaction() as s:
        closed = s.get(Point, shelves.there.id)
        closed.closed_on = clock.today()

    def refused(from_point: int, to_point: int, lines: dict[int, int]) -> dict[str | None, str]:
        with pytest.raises(Invalid) as found:
            transfers.ask(SYSTEM, from_point, to_point, lines, key())
        return {e.field: e.title for e in getattr(found.value, "all", [found.value])}

    good = {shelves.squid.id: 1}
    assert set(refused(shelves.here.id, shelves.here.id, good)) == {"to"}
    assert set(refused(shelves.here.id, shelves.there.id, good)) == {"to"}
    assert set(refused(0, shelves.there.id, {})) == {"from", "to", "q"}
    for n in (0, -5, 100_001):
        assert set(refused(shelves.there.id, shelves.here.id, {shelves.squid.id: n})) == {f"n-{shelves.squid.id}"}
    assert set(refused(shelves.there.id, shelves.here.id, {999_999: 1})) == {"n-999999"}
    assert set(refused(shelves.there.id, shelves.here.id, dict.fromkeys(range(10_000, 10_301), 1))) >= {"q"}
    # what lies at a point that has closed can still be fetched from there
    assert transfers.ask(SYSTEM, shelves.there.id, shelves.here.id, good, key())


def test_the_same_form_asks_once(shelves):
    once = key()
    first = transfers.ask(SYSTEM, shelves.here.id, shelves.there.id, {shelves.squid.id: 1}, once)
    assert transfers.ask(SYSTEM, shelves.here.id, shelves.there.id, {shelves.squid.id: 1}, once) == first
    with pytest.raises(KeyUsedOtherwise):
        transfers.ask(SYSTEM, shelves.here.id, shelves.there.id, {shelves.squid.id: 2}, once)
    assert session().scalar(select(func.count()).select_from(Transfer)) == 1


def test_approving_lowers_and_never_raises(shelves):
    reference = shelves.asked()
    lines = transfer(reference).lines
    for wrong in (9, -1):
        with pytest.raises(Invalid) as refused:
            transfers.approve(SYSTEM, reference, {lines[0].id: wrong}, key())
        assert refused.value.field == f"line-{lines[0].id}"
    with pytest.raises(Invalid) as refused:
        transfers.approve(SYSTEM, reference, {line.id: 0 for line in lines}, key())
    assert refused.value.field == "approve"
    assert all(line.approved is None for line in transfer(reference).lines)
    transfers.approve(SYSTEM, reference, {lines[0].id: 0}, key())
    assert sorted(line.approved or 0 for line in transfer(reference).lines) == [0, 3]
    with pytest.raises(TransferMovedOn):
        transfers.refuse(SYSTEM, reference, "Muộn rồi", key())


def test_no_step_out_of_its_turn(shelves):
    """From each status every command that does not follow is refused and changes nothing."""
    for make, allowed in (
        (shelves.asked, {"approve", "refuse", "cancel"}),
        (shelves.approved, {"pack", "cancel"}),
        (shelves.packed, {"unpack", "dispatch", "cancel"}),
        (shelves.sent, {"receive", "close"}),
    ):
        reference = make()
        commands = {
            "approve": lambda r=reference: transfers.approve(SYSTEM, r, {}, key()),
            "refuse": lambda r=reference: transfers.refuse(SYSTEM, r, "Không cần", key()),
            "cancel": lambda r=reference: transfers.cancel(SYSTEM, r, "Thôi", key()),
            "pack": lambda r=reference: transfers.pack(SYSTEM, r, {shelves.late: 1}, key(), reason="Ít thôi"),
            "unpack": lambda r=reference: transfers.unpack(SYSTEM, r, "Đóng lại", key()),
            "dispatch": lambda r=reference: transfers.dispatch(SYSTEM, r, key()),
            "receive": lambda r=reference: transfers.receive(SYSTEM, r, [Count(1, 1)], 0, key()),
            "close": lambda r=reference: transfers.close(SYSTEM, r, "Mất", 0, key()),
        }
        status, before = transfer(reference).status, total()
        for name in set(commands) - allowed:
            with pytest.raises(TransferMovedOn):
                commands[name]()
            assert transfer(reference).status is status, name
        assert total() == before
        assert broken() == []
        if status in (S.ASKED, S.APPROVED, S.PACKED):
            transfers.cancel(SYSTEM, reference, "Thôi", key())
            assert session().scalar(select(func.count()).select_from(StockHold).where(StockHold.outcome.is_(None))) == 0
    with pytest.raises(NotFound):
        transfers.cancel(SYSTEM, "C-AAAA-AAAA", "Thôi", key())


@pytest.mark.parametrize("step", ["refuse", "cancel", "unpack", "close"])
def test_steps_that_need_a_reason(shelves, step):
    reference = shelves.asked()
    with pytest.raises(Invalid) as refused:
        args = (0,) if step == "close" else ()
        getattr(transfers, step)(SYSTEM, reference, " ", *args, key())
    assert refused.value.field == "reason"


def test_packing_is_refused_at_its_place(shelves):
    reference = shelves.approved()
    elsewhere = stock.receive(SYSTEM, shelves.squid.id, shelves.there.id, 5, reason="khác", op_key=key())

    def refused(picks: dict[int, int], kind: type[ShopError] = Invalid, **more: Any) -> Any:
        with pytest.raises(kind) as found:
            transfers.pack(SYSTEM, reference, picks, key(), **more)
        assert transfer(reference).status is S.APPROVED
        assert broken() == []
        return {e.field for e in getattr(found.value, "all", [found.value])}

    assert refused({}) == refused({shelves.early: 0}) == {"pack"}
    assert refused({elsewhere: 1}) == {"pack"}
    assert refused({shelves.early: -1}) == {f"pick-{shelves.early}"}
    assert refused({shelves.early: 6, shelves.late: 3}) == {f"pick-{shelves.late}"}  # nine of eight
    assert refused({shelves.early: 6}) == {"reason"}
    with transaction() as s:  # meanwhile the web sells
        stock.take("order:AAAA-BBBB:1", [Take(shelves.early, 2), Take(shelves.consigned, 3)])
    picks = {shelves.early: 6, shelves.late: 2, shelves.consigned: 3}
    with pytest.raises(Refused) as found:
        transfers.pack(SYSTEM, reference, picks, key())
    told = {e.field: e.values for e in found.value.all}
    assert set(told) == {f"pick-{shelves.early}", f"pick-{shelves.consigned}"}
    assert told[f"pick-{shelves.early}"]["n"] == 4
    assert "SỚM" in str(told[f"pick-{shelves.early}"]["name"])
    assert refused({shelves.early: 5, shelves.late: 3, shelves.consigned: 2}, GoodsGone, reason="Bớt") == {
        f"pick-{shelves.early}"
    }
    with transaction():
        stock.take("order:AAAA-CCCC:1", [Take(shelves.late, 9)])
    # The lot that is there is not blamed for the one that is not.
    assert refused({shelves.early: 4, shelves.late: 2}, GoodsGone, reason="Bớt") == {f"pick-{shelves.late}"}
    stock.release("order:AAAA-CCCC:1")
    stop("MUỘN")
    assert refused({shelves.late: 8}, LotBarred, reason="Bớt") == {f"pick-{shelves.late}"}
    stop("MUỘN", stopped=False)
    with transaction() as s:
        s.execute(update(Lot).where(Lot.code == "SỚM").values(expires_on=clock.today() - timedelta(days=1)))
    stock.refresh_availability()
    assert refused({shelves.early: 4}, LotBarred, reason="Bớt") == {f"pick-{shelves.early}"}
    transfers.pack(SYSTEM, reference, {shelves.late: 8}, key(), reason="Trà đã bán hết")
    assert transfer(reference).steps[-1].reason == "Trà đã bán hết"


def test_a_destination_that_closes_receives_no_more(shelves):
    reference, other = shelves.packed(), shelves.asked({shelves.squid.id: 1})
    with transaction() as s:
        s.get(Point, shelves.there.id).closed_on = clock.today()
    stock.refresh_availability()
    for refused in (
        lambda: transfers.dispatch(SYSTEM, reference, key()),
        lambda: transfers.approve(SYSTEM, other, {}, key()),
    ):
        with pytest.raises(Invalid) as found:
            refused()
        assert found.value.field == "to"
    assert broken() == []


def test_what_was_packed_can_be_packed_otherwise(shelves):
    reference = shelves.packed()
    transfers.unpack(SYSTEM, reference, "Thùng vỡ", key())
    assert level(shelves.early).allocated == 0
    transfers.pack(SYSTEM, reference, {shelves.late: 8, shelves.consigned: 3}, key())
    assert level(shelves.late).allocated == 8
    assert broken() == []


def test_more_than_was_sent_is_never_received(shelves):
    reference = shelves.sent()
    passages = road(reference)
    early = passages[shelves.early]
    for count in (
        Count(early.id, 7),
        Count(early.id, 5, damaged=1, missing=1, reason="Vỡ"),
        Count(early.id, 100_000),
    ):
        with pytest.raises(MoreThanSent) as refused:
            transfers.receive(SYSTEM, reference, [Count(passages[shelves.late].id, 1), count], 0, key())
        assert refused.value.field == f"good-{early.id}"
    for count, field in (
        (Count(early.id, -1), f"good-{early.id}"),
        (Count(early.id, 1, damaged=-1), f"damaged-{early.id}"),
        (Count(early.id, 1, damaged=1), f"why-{early.id}"),
        (Count(early.id, 1, missing=1, reason=" "), f"why-{early.id}"),
        (Count(999_999, 1), "receive"),
        (Count(early.id, 0), "receive"),
    ):
        with pytest.raises(Invalid) as wrong:
            transfers.receive(SYSTEM, reference, [count], 0, key())
        assert field in {e.field for e in getattr(wrong.value, "all", [wrong.value])}
    assert set(at_point(shelves.there).values()) == {0}
    assert broken() == []


def test_goods_of_another_transfer_are_not_received_here(shelves):
    first = shelves.sent()
    second = shelves.approved({shelves.squid.id: 2})
    transfers.pack(SYSTEM, second, {shelves.late: 2}, key())
    transfers.dispatch(SYSTEM, second, key())
    foreign = road(first)[shelves.late].id
    with pytest.raises(Invalid):
        transfers.receive(SYSTEM, second, [Count(foreign, 1)], 0, key())


def test_received_once_from_a_double_click_and_from_two_tabs(shelves):
    reference = shelves.sent()
    part, once = [Count(road(reference)[shelves.early].id, 2)], key()
    assert transfers.receive(SYSTEM, reference, part, 0, once) == 9
    assert transfers.receive(SYSTEM, reference, part, 0, once) == 9
    with pytest.raises(ReceivedMeanwhile):
        transfers.receive(SYSTEM, reference, part, 0, key())
    with pytest.raises(ReceivedMeanwhile):
        transfers.close(SYSTEM, reference, "Mất", 0, key())
    assert sum(at_point(shelves.there).values()) == 2
    transfers.receive(SYSTEM, reference, shelves.counts(reference), 1, key())
    with pytest.raises(TransferMovedOn):
        transfers.receive(SYSTEM, reference, part, 2, key())
    assert sum(at_point(shelves.there).values()) == 11
    assert broken() == []


def test_what_never_comes_is_written_off_when_it_is_closed(shelves):
    reference, before = shelves.sent(), total()
    transfers.receive(SYSTEM, reference, [Count(road(reference)[shelves.early].id, 6)], 0, key())
    assert transfers.close(SYSTEM, reference, "Xe tải cháy", 1, key()) == 5
    assert transfer(reference).status is S.CLOSED
    assert total() == before - 5
    assert {p.lost for p in road(reference).values()} == {0, 2, 3}
    assert broken() == []


def test_a_lot_stopped_after_packing_does_not_leave(shelves):
    reference = shelves.packed()
    stop("SỚM")
    with pytest.raises(LotBarred) as refused:
        transfers.dispatch(SYSTEM, reference, key())
    assert refused.value.values == {"name": "Chả mực Hạ Long, Gói 500 g", "lot": "SỚM"}
    assert transfer(reference).status is S.PACKED
    transfers.unpack(SYSTEM, reference, "Lô bị thu hồi", key())
    transfers.pack(SYSTEM, reference, {shelves.late: 8, shelves.consigned: 3}, key())
    transfers.dispatch(SYSTEM, reference, key())
    assert broken() == []


def test_a_lot_stopped_on_the_road_arrives_and_stays_stopped(shelves):
    reference = shelves.sent()
    stop("SỚM")
    transfers.receive(SYSTEM, reference, shelves.counts(reference), 0, key())
    assert at_point(shelves.there)[shelves.squid.id, "SỚM", "shop"] == 6
    assert session().scalar(select(Lot.stopped_at).where(Lot.code == "SỚM")) is not None
    back = transfers.ask(SYSTEM, shelves.there.id, shelves.here.id, {shelves.squid.id: 1}, key())
    transfers.approve(SYSTEM, back, {}, key())
    stopped = road(reference)[shelves.early].to_level_id
    with pytest.raises(LotBarred):
        transfers.pack(SYSTEM, back, {stopped: 1}, key())


# --- every fault that the audit looks for ------------------------------------------------------------------------


def _owner_changed(shelves, reference):
    other = stock.receive(SYSTEM, shelves.tea.id, shelves.there.id, 1, reason="khác", op_key=key())
    with transaction() as s:
        s.execute(update(Passage).where(Passage.level_id == shelves.consigned).values(to_level_id=other))


PLANTED = {
    "a unit too many on the road": lambda s, r: s.execute(update(Passage).where(Passage.on_road == 6).values(on_road=5)),
    "a loss nobody booked": lambda s, r: s.execute(update(Passage).where(Passage.on_road == 6).values(on_road=5, lost=1)),
    "more sent than left": lambda s, r: s.execute(update(Passage).where(Passage.quantity == 6).values(quantity=7)),
    "a passage that is gone": lambda s, r: s.execute(delete(Passage).where(Passage.quantity == 6)),
    "closed with goods on the road": lambda s, r: s.execute(update(Transfer).values(status=S.CLOSED)),
    "back to before it left": lambda s, r: s.execute(update(Transfer).values(status=S.APPROVED)),
    "arrivals that no part tells of": lambda s, r: s.execute(delete(TransferArrivalLine)),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_the_audit_sees_goods_that_do_not_add_up(shelves, fault):
    reference = shelves.sent()
    transfers.receive(SYSTEM, reference, [Count(road(reference)[shelves.late].id, 1)], 0, key())
    assert broken() == []
    with transaction() as s:
        PLANTED[fault](s, reference)
    assert any(line.startswith("transfers.conserve") and reference in line for line in broken())


def test_the_audit_sees_an_owner_that_changed_on_the_way(shelves):
    reference = shelves.sent()
    _owner_changed(shelves, reference)
    assert any(line.startswith("transfers.conserve") and reference in line for line in broken())


def test_the_audit_sees_a_claim_that_stayed(shelves):
    shelves.packed()
    with transaction() as s:
        s.execute(update(Transfer).values(status=S.APPROVED))
    assert any(line.startswith("transfers.conserve") for line in broken())


@pytest.mark.parametrize("fault", ["status", "gap", "step", "none"])
def test_the_audit_sees_a_broken_history(shelves, fault):
    reference = shelves.packed()
    assert broken() == []
    with transaction() as s:
        if fault == "status":
            s.execute(update(Transfer).values(status=S.REFUSED))
        elif fault == "gap":
            s.execute(delete(TransferStep).where(TransferStep.to_status == "approved"))
        elif fault == "step":
            s.execute(update(TransferStep).where(TransferStep.to_status == "packed").values(to_status="closed"))
            s.execute(update(Transfer).values(status=S.CLOSED))
        else:
            s.execute(delete(TransferStep))
    assert any(line.startswith("transfers.history") and reference in line for line in broken())
