"""What payments leave in the ledger: whose the money is at every moment, what was there before it, and faults that are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.kernel.events import publish
from shop.ledger import sources
from shop.ledger.models import Entry, Posting
from shop.orders.events import OrderCompleted
from shop.orders.models import Order, OrderStatus, PaymentStatus
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import PaymentReceipt, Refund
from tests.payments.conftest import CLERK, Placed, begin, place

NEAR = ("payments.ledger", "payments.buyers", "ledger.")


def balances(placed: Placed | None = None) -> dict[str, int]:
    """What each account comes to, of one order or of all, without those that are even."""
    wanted = select(Posting.account, func.sum(Posting.amount)).group_by(Posting.account)
    if placed is not None:
        wanted = wanted.where(Posting.party == f"order:{placed.reference}")
    session().rollback()
    return {account: int(n) for account, n in session().execute(wanted.having(func.sum(Posting.amount) != 0))}


def broken() -> set[str]:
    """The checks of these rooms that find something."""
    session().rollback()
    return {name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())}


def complete(placed: Placed) -> None:
    """The buyer has the goods, as the room of orders says it."""
    with transaction() as s:
        values = {"status": OrderStatus.COMPLETED, "payment_status": PaymentStatus.PAID, "completed_at": clock.now()}
        s.execute(update(Order).where(Order.id == placed.order_id).values(**values))
        publish(OrderCompleted(placed.order_id))


def refund(placed: Placed, amount: int, key: str) -> int:
    asked = payments.request_refund(CLERK, placed.payment_id, amount, "hàng móp", key)
    payments.settle_refund(CLERK, asked.id, f"FT{key[-8:]}", f"{key}-done")
    return asked.id


def test_money_is_the_buyers_until_the_goods_are_his(ctx: Flask, stripe: FakeStripe) -> None:
    card, moved, cash = place("card"), place("vietqr"), place("cod")
    stripe.pay(begin(card))
    stripe.settle()
    payments.confirm_transfer(CLERK, moved.payment_id, 185_000, "FT26328001", "key-of-test-1")
    payments.collect_cod(CLERK, cash.payment_id, 185_000, "key-of-cash-1")
    every = {"transit": 185_000, "cod-in-transit": 185_000, "buyers": -555_000, "gateway": 185_000}
    assert balances() == every
    for placed in (card, moved, cash):
        complete(placed)
    assert balances() == {k: v for k, v in every.items() if k != "buyers"} | {"sales": -555_000}
    assert broken() == set()


def test_held_money_is_the_buyers_and_what_is_taken_back_is_not(ctx: Flask) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 100_000, "FT26328001", "key-of-test-1")
    assert balances(placed) == {"transit": 100_000, "buyers": -100_000}
    with transaction() as s:
        payments.take_back(CLERK, s.scalars(select(PaymentReceipt.id)).one())
    assert balances(placed) == {}
    assert broken() == set()


def test_what_goes_back_after_the_goods_were_his_is_less_of_their_value(ctx: Flask) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    refund(placed, 5_000, "key-of-refund-before")
    complete(placed)
    assert balances(placed) == {"transit": 180_000, "sales": -180_000}
    refund(placed, 60_000, "key-of-refund-later")
    assert balances(placed) == {"transit": 120_000, "sales": -120_000}
    assert broken() == set()


def test_a_surplus_that_goes_back_is_no_less_value(ctx: Flask) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    complete(placed)
    with transaction():
        _receipt, refund_id = payments.return_surplus(
            CLERK, placed.payment_id, 15_000, "FT26328002", "bank:x", "chuyển thừa", "key-of-surplus"
        )
    assert balances(placed) == {"transit": 200_000, "buyers": -15_000, "sales": -185_000}
    payments.settle_refund(CLERK, refund_id, "FT26328003", "key-of-surplus-done")
    assert balances(placed) == {"transit": 185_000, "sales": -185_000}
    assert broken() == set()


def test_a_card_refund_that_comes_back_is_the_buyers_again(ctx: Flask, stripe: FakeStripe) -> None:
    from shop.payments.services import refunds

    placed = place("card")
    stripe.pay(begin(placed))
    stripe.settle()
    complete(placed)
    asked = payments.request_refund(CLERK, placed.payment_id, 60_000, "hàng móp", "key-of-refund-1")
    for state in ("_succeeded", "_failed", "_succeeded"):
        with transaction():
            row = refunds._locked(asked.id)
            if state == "_failed":
                assert balances_here(placed) == {"sales": -125_000}
                refunds._failed(row, "thẻ đã đóng")
                assert balances_here(placed) == {"sales": -185_000}
            else:
                if row.last_error:
                    refunds._reserve_again(row.payment, row.amount)
                refunds._succeeded(row)
    assert balances() == {"gateway": 125_000, "sales": -125_000}
    assert broken() == set()


def balances_here(placed: Placed) -> dict[str, int]:
    """As `balances`, inside the open transaction."""
    wanted = select(Posting.account, func.sum(Posting.amount)).where(Posting.party == f"order:{placed.reference}")
    found = session().execute(wanted.group_by(Posting.account).having(func.sum(Posting.amount) != 0))
    return {account: int(n) for account, n in found}


def test_what_was_before_is_brought_in_once(ctx: Flask) -> None:
    placed, waits = place("vietqr"), place("cod")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    complete(placed)
    refund(placed, 60_000, "key-of-refund-later")
    payments.collect_cod(CLERK, waits.payment_id, 85_000, "key-of-cash-1")
    right = balances()
    with transaction() as s:
        s.execute(delete(Posting))
        s.execute(delete(Entry))
    assert broken() == {"payments.ledger-says-the-same", "payments.buyers-account"}
    assert sources.bring_in() == 4
    assert balances() == right
    assert broken() == set()
    assert sources.bring_in() == 0


FAULTS: list[tuple[Callable[[], Any], set[str]]] = [
    (lambda: update(PaymentReceipt).values(amount=PaymentReceipt.amount - 1), {"payments.ledger-says-the-same"}),
    (lambda: update(Refund).values(amount=Refund.amount - 1), {"payments.ledger-says-the-same", "payments.buyers-account"}),
    (lambda: update(Order).values(reference="AAAA-AAAA"), {"payments.ledger-says-the-same", "payments.buyers-account"}),
    (lambda: update(Posting).where(Posting.account == "buyers").values(account="sales"),
     {"payments.ledger-says-the-same", "payments.buyers-account"}),
    (lambda: update(Order).values(status=OrderStatus.CANCELLED), {"payments.ledger-says-the-same"}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "fires"), FAULTS)
def test_a_planted_fault_is_seen(ctx: Flask, fault: Callable[[], Any], fires: set[str]) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    complete(placed)
    refund(placed, 60_000, "key-of-refund-later")
    assert broken() == set()
    with transaction() as s:
        s.execute(fault())
    assert fires <= broken()
