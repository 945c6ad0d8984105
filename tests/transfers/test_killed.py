"""Stopped at any moment and tried again, or fought over: the sum of goods is kept and each step has one effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, func, select

from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.kernel.errors import Busy, Conflict, ShopError
from shop.stock import services as stock
from shop.stock.errors import SoldOut
from shop.stock.models import MovementKind, Passage, StockMovement
from shop.stock.services import Take
from shop.transfers import services as transfers
from shop.transfers.models import S, TransferStep
from shop.transfers.services import Count
from tests.transfers.conftest import Shelves, at_point, broken, fresh, key, level, road, total, transfer


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(n: int, moment: str) -> Iterator[None]:
    """Raise at the n-th statement, `before` or `after` the database has run it, or at the `commit`."""
    seen = [0]

    def strike(*_args: Any) -> None:
        seen[0] += 1
        if seen[0] == n:
            raise Killed

    name = {"before": "before_cursor_execute", "after": "after_cursor_execute", "commit": "commit"}[moment]
    event.listen(db.engine, name, strike)
    try:
        yield
    finally:
        event.remove(db.engine, name, strike)


def lost() -> int:
    """Units written off so far."""
    booked = select(func.coalesce(func.sum(StockMovement.quantity), 0)).where(
        StockMovement.kind == MovementKind.WRITE_OFF
    )
    return -int(fresh().scalar(booked))


def sent_passages(reference: str) -> dict[int, int]:
    """The passages of a transfer by the level they left."""
    return {level_id: p.id for level_id, p in road(reference).items()}


def whole(passage_id: int) -> int:
    """All that was sent of a passage."""
    return int(session().scalar(select(Passage.quantity).where(Passage.id == passage_id)) or 0)


STEPS: dict[str, tuple[Callable[[Shelves], str], Callable[[Shelves, str, str], Any], S]] = {
    "pack": (
        lambda s: s.approved(),
        lambda s, r, k: transfers.pack(SYSTEM, r, {s.early: 6, s.late: 2, s.consigned: 3}, k),
        S.PACKED,
    ),
    "unpack": (lambda s: s.packed(), lambda s, r, k: transfers.unpack(SYSTEM, r, "Đóng lại", k), S.APPROVED),
    "cancel": (lambda s: s.packed(), lambda s, r, k: transfers.cancel(SYSTEM, r, "Thôi", k), S.CANCELLED),
    "dispatch": (lambda s: s.packed(), lambda s, r, k: transfers.dispatch(SYSTEM, r, k), S.ON_THE_ROAD),
    "receive a part": (
        lambda s: s.sent(),
        lambda s, r, k: transfers.receive(
            SYSTEM, r, [Count(sent_passages(r)[s.early], 3, damaged=1, missing=1, reason="Rơi")], 0, k
        ),
        S.RECEIVED,
    ),
    "receive all": (
        lambda s: s.sent(),
        lambda s, r, k: transfers.receive(SYSTEM, r, [Count(i, whole(i)) for i in sent_passages(r).values()], 0, k),
        S.CLOSED,
    ),
    "close": (lambda s: s.sent(), lambda s, r, k: transfers.close(SYSTEM, r, "Mất xe", 0, k), S.CLOSED),
}


@pytest.mark.parametrize("moment", ["before", "after", "commit"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_killed_at_any_call_keeps_the_sum(shelves, step, moment):
    prepare, command, end = STEPS[step]
    reference = prepare(shelves)
    started, before, once, struck = transfer(reference).status, total() + lost(), key(), 0
    for n in range(1, 200):
        with killed_at(n, moment):
            try:
                command(shelves, reference, once)
                break
            except Killed:
                struck += 1
        assert total() + lost() == before, f"killed {moment} call {n}"
        assert transfer(reference).status is started
        assert broken() == []
    assert struck == n - 1 >= (1 if moment == "commit" else 8)
    # What was done once is done; sending the same again (the answer had been lost) changes nothing.
    after, steps = (total(), lost(), at_point(shelves.there)), len(transfer(reference).steps)
    command(shelves, reference, once)
    assert (total(), lost(), at_point(shelves.there)) == after
    assert len(transfer(reference).steps) == steps
    assert transfer(reference).status is end
    assert after[0] + after[1] == before
    assert broken() == []


# --- fought over -------------------------------------------------------------------------------------------------


@pytest.mark.race
def test_two_receivers_at_once_count_it_once(shelves, app, together):
    for _round in range(3):
        reference = shelves.approved({shelves.squid.id: 4})
        transfers.pack(SYSTEM, reference, {shelves.late: 3}, key(), reason="Bớt")
        transfers.dispatch(SYSTEM, reference, key())
        count = shelves.counts(reference)
        before, had = total(), sum(at_point(shelves.there).values())
        session().rollback()

        def receive(count: Any = count, reference: str = reference) -> int:
            return transfers.receive(SYSTEM, reference, count, 0, key())

        outcomes = together(app, receive, times=6)
        assert [o.value for o in outcomes if o.error is None] == [0]
        assert all(isinstance(o.error, Conflict | Busy) for o in outcomes if o.error)
        assert sum(at_point(shelves.there).values()) == had + 3
        assert total() == before
        assert broken() == []


@pytest.mark.race
def test_one_dispatch_of_many(shelves, app, together):
    reference = shelves.packed()
    session().rollback()
    outcomes = together(app, lambda: transfers.dispatch(SYSTEM, reference, key()), times=6)
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, Conflict | Busy) for o in outcomes if o.error)
    assert sum(p.on_road for p in road(reference).values()) == 11
    steps = session().scalar(
        select(func.count()).select_from(TransferStep).where(TransferStep.to_status == "on_the_road")
    )
    assert steps == 1
    assert broken() == []


@pytest.mark.race
def test_packing_against_orders_for_the_last_units(shelves, app, together):
    """Six units: a transfer wants five, orders one each; never more than six go, and what is packed leaves."""
    before = total()
    reference = shelves.approved({shelves.squid.id: 5})
    session().rollback()

    def order(n: int) -> Callable[[], str]:
        def buy() -> str:
            with transaction():
                stock.take(f"order:WEB{n}", [Take(shelves.early, 1)], web=True)
            return "order"

        return buy

    def pack_and_go() -> str:
        transfers.pack(SYSTEM, reference, {shelves.early: 5}, key())
        transfers.dispatch(SYSTEM, reference, key())
        return "transfer"

    outcomes = together(app, [*(order(n) for n in range(5)), pack_and_go, *(order(n) for n in range(5, 10))])
    won = [o.value for o in outcomes if o.error is None]
    assert all(isinstance(o.error, SoldOut | ShopError) for o in outcomes if o.error)
    if "transfer" in won:
        assert won.count("order") <= 1
        assert sum(p.on_road for p in road(reference).values()) == 5
        assert level(shelves.early).on_hand == 1
    else:
        assert won.count("order") == 6
        assert transfer(reference).status is S.APPROVED
    assert level(shelves.early).allocated == won.count("order")
    assert total() == before
    assert broken() == []


@pytest.mark.race
def test_cancelling_against_dispatching(shelves, app, together):
    reference, before = shelves.packed(), total()
    session().rollback()
    outcomes = together(
        app,
        [
            lambda: transfers.dispatch(SYSTEM, reference, key()),
            lambda: transfers.cancel(SYSTEM, reference, "Thôi", key()),
            lambda: transfers.unpack(SYSTEM, reference, "Đóng lại", key()),
        ],
    )
    assert any(o.error is None for o in outcomes)
    assert all(isinstance(o.error, Conflict | Busy) for o in outcomes if o.error)
    assert transfer(reference).status in (S.ON_THE_ROAD, S.CANCELLED, S.APPROVED)
    assert total() == before
    assert broken() == []


@pytest.mark.race
def test_two_points_send_to_each_other_at_once(shelves, app, together):
    """Transfers that cross each other lock the same levels from both ends: nobody waits for ever."""
    there_early = road(_arrived(shelves))[shelves.early].to_level_id
    back = []
    for _n in range(3):
        one = transfers.ask(SYSTEM, shelves.there.id, shelves.here.id, {shelves.squid.id: 1}, key())
        transfers.approve(SYSTEM, one, {}, key())
        transfers.pack(SYSTEM, one, {there_early: 1}, key())
        back.append(one)
    forth = []
    for _n in range(3):
        two = shelves.approved({shelves.squid.id: 1})
        transfers.pack(SYSTEM, two, {shelves.late: 1}, key())
        forth.append(two)
    before = total()
    session().rollback()

    def go(reference: str) -> Callable[[], None]:
        def run() -> None:
            transfers.dispatch(SYSTEM, reference, key())
            transfers.receive(SYSTEM, reference, shelves.counts(reference), 0, key())

        return run

    outcomes = together(app, [go(r) for pair in zip(back, forth, strict=True) for r in pair])
    assert [o.error for o in outcomes if o.error] == []
    assert total() == before
    assert broken() == []


def _arrived(shelves: Shelves) -> str:
    reference = shelves.sent()
    transfers.receive(SYSTEM, reference, shelves.counts(reference), 0, key())
    return reference
