"""What must hold of unmet demand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from shop.demand import rules
from shop.demand.models.unmet import UnmetAsk, UnmetDay
from shop.demand.services.unmet import day_key, people
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("demand.unmet-days-add-up")
def add_up() -> Iterator[str]:
    """While both are kept, the sums of a day are those of its single asks."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in session().scalars(select(UnmetAsk).execution_options(yield_per=1000)):
        of_day = sums[day_key(row)]
        for n, value in enumerate((people(row), row.quantity, row.lost_units, row.lost_amount)):
            of_day[n] += value
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
