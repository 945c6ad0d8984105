"""Each promise of the counters is planted broken once and seen to fire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from shop.kernel import invariants
from shop.kernel.db import session
from tests.till.conftest import Counter, audit_clean
from tests.till.test_sync import codes


def broken() -> set[str]:
    session().rollback()
    session().expire_all()
    return {f.name for f in invariants.run() if not f.ok}


PLANTED: list[tuple[str, str]] = [
    ("till.numbers-without-gaps", "UPDATE till_sales SET sequence = 9 WHERE sequence = 2"),
    ("till.numbers-without-gaps", "UPDATE till_devices SET last_number = 40"),
    ("till.numbers-without-gaps", "DELETE FROM till_gaps WHERE kind = 'number'"),
    (
        "till.sessions-balance",
        "UPDATE till_closings SET expected_amount = expected_amount + 1, variance_amount = variance_amount - 1",
    ),
    ("till.sessions-balance", "UPDATE till_tenders SET amount = amount + 1000 WHERE purpose = 'drawer'"),
    ("till.sessions-balance", "UPDATE till_tenders SET late = true"),
    ("till.sessions-balance", "UPDATE till_sessions SET closed_at = NULL"),
    ("till.each-event-once", "UPDATE till_events SET state = 'refused' WHERE kind = 'sale'"),
    ("till.each-event-once", "UPDATE till_events SET state = 'done' WHERE state = 'refused'"),
    ("till.each-event-once", "UPDATE orders SET channel = 'web'"),
    ("till.tenders-make-the-total", "UPDATE till_tenders SET amount = amount - 1 WHERE purpose = 'sale'"),
    ("till.tenders-make-the-total", "UPDATE till_lines SET net_amount = net_amount + 1"),
    ("till.tenders-make-the-total", "UPDATE till_lines SET returned = 0"),
    ("till.tenders-make-the-total", "UPDATE till_returns SET amount = amount + 1"),
    ("till.shortages-are-booked", "UPDATE till_shortages SET quantity = quantity + 1"),
    ("till.shortages-are-booked", "UPDATE till_shortages SET state = 'short'"),
    ("till.shortages-are-booked", "UPDATE till_shortages SET reference = 'A9-000001-1'"),
    ("orders.only-a-counter-begins-at-the-end", "UPDATE orders SET channel = 'web'"),
    ("orders.price-charged-was-in-force", "UPDATE prices SET amount = amount + 1"),
    ("payments.paid-means-captured", "UPDATE payments SET amount = amount - 1"),
]


@pytest.fixture
def whole(counter: Counter) -> Callable[[], None]:
    """Books with everything in them, and no fault."""
    d, goods = counter.device, counter.goods
    results = d.send(
        d.open(),
        d.sale(d.line(goods, 2)),
        d.sale(
            d.line(goods, 25), tenders=[{"kind": "vietqr", "amount": 2_900_000}, {"kind": "cash", "amount": 100_000}]
        ),
        d.sale(d.line(goods, 1), discount=90_000, reason="quá tay"),
        d.cash(-50_000),
        d.back("A1-000001", {"variant_id": goods.id, "quantity": 1, "restock": True}, amount=120_000),
        d.close(660_000),
    )
    assert codes(results) == ["done"] * 3 + ["discount-too-large"] + ["done"] * 3
    return audit_clean


@pytest.mark.parametrize(("name", "fault"), PLANTED, ids=[f"{n}-{i}" for i, (n, _f) in enumerate(PLANTED)])
def test_a_planted_fault_is_seen(whole: Callable[[], None], plain_engine: Any, name: str, fault: str) -> None:
    whole()
    session().rollback()
    with plain_engine.begin() as connection:
        assert connection.execute(text(fault)).rowcount > 0
    assert name in broken()
