"""The rule of the queue, alone: any goods, any people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shop.demand.queue import Share, Wait, able, share
from shop.demand.rules import waiting as rules
from shop.kernel import clock
from shop.stock.queries import FreeLevel

PACKS = (1, 2, 3)


@st.composite
def levels(draw: st.DrawFn) -> list[FreeLevel]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        found.append(
            FreeLevel(
                level_id=number + 1, variant_id=draw(st.sampled_from(PACKS)), point_id=draw(st.integers(1, 3)),
                free=draw(st.integers(1, 9)), expires_on=None, ships=draw(st.booleans()), pickup=draw(st.booleans()),
                province_code="22", commune_code=None,
            )
        )  # fmt: skip
    return found


@st.composite
def waits(draw: st.DrawFn) -> list[Wait]:
    return [
        Wait(
            f"W{number}",
            tuple(draw(st.lists(st.sampled_from(PACKS), min_size=1, max_size=3, unique=True))),
            draw(st.integers(1, 12)),
            draw(st.booleans()),
            draw(st.sampled_from([None, None, 1, 2])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


def _left(there: list[FreeLevel], shares: list[Share]) -> dict[int, int]:
    left = {level.level_id: level.free for level in there}
    for found in shares:
        for take in found.takes:
            left[take.level_id] -= take.quantity
    return left


@given(waits(), levels())
def test_never_more_than_there_is_and_only_what_each_can_use(queue: list[Wait], there: list[FreeLevel]) -> None:
    shares = share(queue, there)
    by_id = {level.level_id: level for level in there}
    assert min(_left(there, shares).values(), default=0) >= 0
    assert len({s.reference for s in shares}) == len(shares)
    for found in shares:
        wait = next(w for w in queue if w.reference == found.reference)
        assert sum(t.quantity for t in found.takes) == found.quantity
        assert 1 <= found.quantity <= wait.quantity
        assert found.quantity == wait.quantity or wait.partial
        assert all(by_id[t.level_id].variant_id == found.variant_id for t in found.takes)
        assert all(able(wait, by_id[t.level_id]) for t in found.takes)


@given(waits(), levels())
def test_nobody_is_passed_over_who_could_be_served(queue: list[Wait], there: list[FreeLevel]) -> None:
    """Whoever is not served, or stands written down as passed over, could not use what those before him left."""
    shares = {s.reference: s for s in share(queue, there)}
    done: list[Share] = []
    for wait in queue:
        left = _left(there, done)
        free = {v: sum(left[x.level_id] for x in there if x.variant_id == v and able(wait, x)) for v in wait.variants}
        mine = shares.get(wait.reference)
        if mine is None:
            assert all(n < wait.quantity for n in free.values())
            assert not wait.partial or all(n == 0 for n in free.values())
        else:
            assert mine.quantity == min(wait.quantity, max(free.values()))
            unserved = [w.reference for w in queue[: queue.index(wait)] if w.reference not in shares]
            assert set(mine.passed_over) <= set(unserved)
            may = {w.reference for w in queue if mine.variant_id in w.variants}
            assert set(mine.passed_over) == set(unserved) & may
            done.append(mine)


@given(waits(), levels(), st.integers(0, 8))
def test_who_stands_behind_changes_nothing_for_who_stands_before(
    queue: list[Wait], there: list[FreeLevel], cut: int
) -> None:
    whole = [s for s in share(queue, there) if s.reference in {w.reference for w in queue[:cut]}]
    assert whole == share(queue[:cut], there)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)), st.integers(1, 100)
)
def test_a_term_ends_in_the_day_and_counts_only_the_day(begin: datetime, hours: int) -> None:
    end = rules.until(begin, hours)
    assert end - begin >= timedelta(hours=hours)
    local = end.astimezone(clock.VIETNAM)
    assert 7 <= local.hour < 22 or (local.hour, local.minute, local.second, local.microsecond) == (22, 0, 0, 0)
    # One hour more is at least one hour more, and a night at most ten.
    assert timedelta(hours=1) <= rules.until(begin, hours + 1) - end <= timedelta(hours=10)


def test_a_term_over_a_night() -> None:
    nine = datetime(2026, 11, 28, 21, tzinfo=clock.VIETNAM)
    assert rules.until(nine, 2) == datetime(2026, 11, 29, 8, tzinfo=clock.VIETNAM)
    assert rules.until(datetime(2026, 11, 28, 3, tzinfo=clock.VIETNAM), 1) == nine.replace(hour=8)
