"""Prices: at any instant at most one; a planned one takes over by itself; the past is never rewritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shop.catalog import queries
from shop.catalog import services as catalog
from shop.catalog.errors import InThePast, SpanTaken
from shop.catalog.invariants import price_spans_do_not_overlap
from shop.catalog.models import Listing, Price
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound, ShopError
from tests.factories import make_variant

DAY = timedelta(days=1)


def amount_at(variant_id: int, at: datetime) -> int | None:
    return queries.sellable([variant_id], at)[variant_id].unit_price_amount


def spans(variant_id: int) -> list[tuple[int, datetime, datetime | None]]:
    rows = select(Price.amount, Price.valid_from, Price.valid_to).where(Price.variant_id == variant_id)
    return [tuple(row) for row in session().execute(rows.order_by(Price.valid_from))]


def test_now(ctx: Any) -> None:
    v = make_variant(amount=100_000).id
    before = clock.now()
    catalog.set_price(SYSTEM, v, 90_000, compare_amount=100_000)
    assert amount_at(v, before) == 100_000
    assert amount_at(v, clock.now()) == 90_000
    assert len(spans(v)) == 2


def test_planned_and_limited(ctx: Any) -> None:
    v, now = make_variant(amount=100_000).id, clock.now()
    catalog.set_price(SYSTEM, v, 80_000, now + 2 * DAY, valid_to=now + 4 * DAY)
    assert [amount_at(v, now + n * DAY) for n in (1, 2, 3, 4, 9)] == [100_000, 80_000, 80_000, 100_000, 100_000]
    # A price from tomorrow lasts until the planned one; that one stays.
    catalog.set_price(SYSTEM, v, 110_000, now + DAY)
    assert [amount_at(v, now + n * DAY) for n in (0, 1, 2, 4)] == [100_000, 110_000, 80_000, 100_000]
    # The same instant again replaces what was planned.
    catalog.set_price(SYSTEM, v, 115_000, now + DAY)
    assert amount_at(v, now + DAY) == 115_000
    assert not list(price_spans_do_not_overlap())


def test_the_same_price_again_changes_nothing(ctx: Any) -> None:
    v = make_variant(amount=100_000).id
    first = spans(v)
    assert catalog.set_price(SYSTEM, v, 100_000) == catalog.set_price(SYSTEM, v, 100_000)
    assert spans(v) == first


def test_refusals(ctx: Any) -> None:
    v, now = make_variant(amount=100_000).id, clock.now()
    with pytest.raises(InThePast):
        catalog.set_price(SYSTEM, v, 90_000, now - DAY)
    for amount in (0, -1, 10**13):
        with pytest.raises(Invalid):
            catalog.set_price(SYSTEM, v, amount)
    with pytest.raises(Invalid):
        catalog.set_price(SYSTEM, v, 90_000, compare_amount=90_000)
    with pytest.raises(Invalid):
        catalog.set_price(SYSTEM, v, 90_000, now + DAY, valid_to=now + DAY)
    catalog.set_price(SYSTEM, v, 80_000, now + 3 * DAY)
    with pytest.raises(SpanTaken):
        catalog.set_price(SYSTEM, v, 70_000, now + DAY, valid_to=now + 5 * DAY)
    assert len(spans(v)) == 2


def test_end_and_cancel(ctx: Any) -> None:
    v, now = make_variant(amount=100_000).id, clock.now()
    planned = catalog.set_price(SYSTEM, v, 80_000, now + 2 * DAY, valid_to=now + 4 * DAY)
    catalog.cancel_price(SYSTEM, planned)
    assert amount_at(v, now + 3 * DAY) == 100_000
    assert amount_at(v, now + 9 * DAY) == 100_000
    with pytest.raises(NotFound):
        catalog.cancel_price(SYSTEM, planned)
    began = session().scalars(select(Price.id).where(Price.variant_id == v).order_by(Price.valid_from)).first()
    with pytest.raises(InThePast):
        catalog.cancel_price(SYSTEM, began)
    catalog.set_price(SYSTEM, v, 90_000, now + 9 * DAY)
    with pytest.raises(InThePast):
        catalog.end_price(SYSTEM, v, now - DAY)
    assert catalog.end_price(SYSTEM, v)
    assert not catalog.end_price(SYSTEM, v)
    assert amount_at(v, clock.now()) is None
    assert amount_at(v, now + 20 * DAY) is None


def test_lists_follow_a_planned_price(ctx: Any) -> None:
    v, turn = make_variant(amount=100_000), clock.now() + DAY
    catalog.set_price(SYSTEM, v.id, 80_000, turn)
    assert session().scalar(select(Listing.next_change_at).where(Listing.product_id == v.product_id)) == turn


HOURS = st.integers(min_value=1, max_value=12)
STEP = st.one_of(
    st.tuples(st.just("set"), HOURS, st.none() | HOURS, st.integers(1, 5)),
    st.tuples(st.just("end"), HOURS, st.none(), st.just(0)),
    st.tuples(st.just("cancel"), st.integers(0, 5), st.none(), st.just(0)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=7))
def test_spans_never_overlap_whatever_is_planned(ctx: Any, steps: list[tuple[str, int, int | None, int]]) -> None:
    v, now = make_variant(amount=100_000).id, clock.now()
    for kind, hour, length, amount in steps:
        start = now + timedelta(hours=hour)
        try:
            if kind == "set":
                end = start + timedelta(hours=length) if length else None
                catalog.set_price(SYSTEM, v, amount * 1000, start, valid_to=end)
                assert amount_at(v, start) == amount * 1000
            elif kind == "end":
                catalog.end_price(SYSTEM, v, start)
                assert amount_at(v, start + timedelta(days=9)) is None
            else:
                ids = session().scalars(select(Price.id).where(Price.variant_id == v).order_by(Price.valid_from)).all()
                catalog.cancel_price(SYSTEM, ids[hour % len(ids)])
        except ShopError:
            pass
        assert amount_at(v, now) == 100_000
        found = spans(v)
        for (_a, _from, to), (_b, begins, _c) in pairwise(found):
            assert to is not None
            assert to <= begins


def test_many_at_once_leave_one_price(ctx: Any, together: Callable[..., Any]) -> None:
    v = make_variant(amount=100_000).id
    turn = clock.now() + DAY
    session().rollback()

    def setter(n: int) -> Callable[[], int]:
        start = turn + timedelta(hours=n % 3)
        return lambda: catalog.set_price(SYSTEM, v, 50_000 + n, start, valid_to=turn + timedelta(hours=5))

    outcomes = together(ctx, [setter(n) for n in range(8)])
    assert all(o.error is None or isinstance(o.error, ShopError) for o in outcomes)
    assert any(o.error is None for o in outcomes)
    assert not list(price_spans_do_not_overlap())


def test_an_overlap_is_found(ctx: Any) -> None:
    v, now = make_variant(amount=100_000), clock.now()
    assert not list(price_spans_do_not_overlap())
    with transaction() as s:
        s.add(Price(variant_id=v.id, amount=1, valid_from=now, created_by="fault"))
    assert len(list(price_spans_do_not_overlap())) == 1
