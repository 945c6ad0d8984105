"""What people of the demonstration want: queues for what is gone, harvests that are ordered before they come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from shop.demand.models.unmet import Kind, UnmetDay
from shop.demand.models.waiting import WaitEntry, WaitState
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.jobs import Job
from shop.preorders.models import HarvestWindow, Preorder, PreorderState, WindowState
from shop.preorders.services import running
from shop.stock import queries as stock


def test_people_wait_only_for_what_is_gone(shop: Any) -> None:
    waiting = session().scalars(select(WaitEntry).where(WaitEntry.state == WaitState.WAITING)).all()
    assert len(waiting) >= 8
    left = stock.availability(sorted({entry.variant_id for entry in waiting}))
    assert all(left.get(entry.variant_id, stock.NONE_LEFT).total == 0 for entry in waiting)
    assert session().scalar(select(func.count()).select_from(WaitEntry).where(WaitEntry.user_id.is_not(None)))
    told = select(func.sum(UnmetDay.units)).where(UnmetDay.kind == Kind.WAIT_LIST)
    assert session().scalar(told) == sum(entry.quantity for entry in waiting)


def test_a_harvest_is_short_and_waits_to_be_shared(shop: Any) -> None:
    windows = {w.state: w for w in session().scalars(select(HarvestWindow).where(HarvestWindow.is_demo))}
    assert set(windows) == {WindowState.OPEN, WindowState.HARVESTED}
    short = windows[WindowState.HARVESTED]
    assert short.taken > (short.harvested or 0) > 0
    mine = session().scalars(select(Preorder).where(Preorder.window_id == short.id)).all()
    assert {p.state for p in mine} == {PreorderState.CONFIRMED}
    assert sum(p.quantity for p in mine) == short.taken
    # It was harvested in the past days: goods made since then and received now may be shared.
    today = clock.today()
    assert today - timedelta(days=4) <= short.harvest_from < short.harvest_to < today
    assert clock.business_day(short.closes_at) <= short.harvest_from < short.delivery_from
    assert running.preview(short.reference).needs


def test_no_letter_is_waiting_for_a_reader_who_does_not_exist(shop: Any) -> None:
    names = set(session().scalars(select(Job.name).where(Job.done_at.is_(None))))
    assert not {name for name in names if name.startswith(("waiting.letter", "preorders.letter"))}
