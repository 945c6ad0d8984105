"""What must hold of unmet demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from shop.demand.models.unmet import UnmetAsk, UnmetDay
from shop.demand.rules import unmet as rules
from shop.demand.services.unmet import day_key, people
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("demand.unmet-days-add-up")
def add_up() -> Iterator[str]:
    """While both are kept, the sums of a day are those of its single asks."""
    a = UnmetAsk
    about: tuple[Any, ...] = (a.day, a.kind, a.channel, a.product_id, a.variant_id, a.point_id, a.text)
    sizes: tuple[Any, ...] = (func.count(), func.sum(a.quantity), func.sum(a.lost_units), func.sum(a.lost_amount))
    rows: Any = session().execute(select(*about, *sizes).group_by(*about))
    sums: dict[str, list[int]] = {}
    for row in rows:
        n, units, lost_units, lost_amount = (int(value) for value in tuple(row)[len(about) :])
        sums[day_key(row)] = [n * people(row), units, lost_units, lost_amount]
    t = UnmetDay.__table__.c
    for key, has_asks, *told in session().execute(
        select(t.key, t.has_asks, t.asks, t.units, t.lost_units, t.lost_amount)
    ):
        found = sums.pop(key, [0, 0, 0, 0])
        if has_asks and found != told:
            yield f"{key}: {told} of {found}"
    yield from (f"{key}: no sum" for key in sums)


@invariant("demand.unmet-asks-end")
def end() -> Iterator[str]:
    """No single ask is older than its term, but for the days until the next thinning."""
    until = clock.today() - timedelta(days=int(rules.ASKS_DAYS.get()) + 2)
    rows = session().execute(
        select(UnmetAsk.id, UnmetAsk.day).where(UnmetAsk.day < until).order_by(UnmetAsk.id).limit(100)
    )
    yield from (f"{ask_id} of {day}" for ask_id, day in rows)
