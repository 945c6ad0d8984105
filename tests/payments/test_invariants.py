"""Each invariant of money is seen to fire on a planted fault, and holds without one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update

from shop.kernel import clock, invariants
from shop.kernel.db import transaction
from shop.orders.models import Order, OrderStatus, PaymentStatus
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import Payment, PaymentIssue, PaymentReceipt, PaymentState, ProviderEvent, Refund
from tests.payments.conftest import CLERK, begin, place

LONG_AGO = timedelta(hours=1)


def broken() -> set[str]:
    """What fires, but for the comparison with the ledger, which sees nearly every fault too (`test_books.py`)."""
    fires = {f.name.removeprefix("payments.") for f in invariants.run("payments") if not f.ok}
    return fires - {"ledger-says-the-same", "buyers-account"}


def paid(order_id: int) -> None:
    """What checkout does when it hears of the money."""
    with transaction() as s:
        s.execute(
            update(Order)
            .where(Order.id == order_id)
            .values(payment_status=PaymentStatus.PAID, status=OrderStatus.PLACED)
        )


@pytest.fixture
def books(ctx: Flask, stripe: FakeStripe) -> dict[str, Any]:
    """One payment of each kind, paid, with a refund; all invariants hold."""
    found = {method: place(method) for method in ("cod", "vietqr", "card")}
    payments.collect_cod(CLERK, found["cod"].payment_id, 185_000, "key-of-cash-1")
    payments.confirm_transfer(CLERK, found["vietqr"].payment_id, 185_000, "FT26328001", "key-of-test-1")
    stripe.pay(begin(found["card"]))
    stripe.settle()
    payments.request_refund(CLERK, found["vietqr"].payment_id, 5_000, "x", "key-of-refund")
    for placed in found.values():
        paid(placed.order_id)
    with transaction() as s:
        s.execute(update(Payment).values(captured_at=clock.now() - LONG_AGO))
    assert broken() == set()
    return found


def plant(statement: Any) -> None:
    with transaction() as s:
        s.execute(statement)


def test_paid_without_money(books: dict[str, Any]) -> None:
    placed = place("vietqr")
    paid(placed.order_id)
    assert broken() == {"paid-means-captured"}


def test_paid_with_another_sum(books: dict[str, Any]) -> None:
    order = Order.id == books["cod"].order_id
    plant(update(Order).where(order).values(total_amount=190_000, goods_amount=190_000))
    assert broken() == {"paid-means-captured"}


def test_completed_without_cash(books: dict[str, Any]) -> None:
    placed = place("cod")
    plant(update(Order).where(Order.id == placed.order_id).values(status=OrderStatus.COMPLETED))
    assert broken() == {"paid-means-captured"}


@pytest.mark.parametrize(
    "fault",
    [
        {"payment_status": PaymentStatus.UNPAID},
        {"payment_status": PaymentStatus.VOID},
        {"status": OrderStatus.CANCELLED},
        {"status": OrderStatus.AWAITING_PAYMENT},
    ],
)
def test_money_without_its_order(books: dict[str, Any], fault: dict[str, Any]) -> None:
    order_id, payment_id = books["card"].order_id, books["card"].payment_id
    plant(update(Order).where(Order.id == order_id).values(**fault))
    assert broken() == {"captured-has-its-order"}
    plant(update(Payment).where(Payment.id == payment_id).values(captured_at=clock.now()))
    assert broken() == set()  # it has 15 minutes


def test_held_money_that_nobody_looks_at(books: dict[str, Any]) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 5, "FT26328002", "key-of-test-2")
    assert broken() == set()
    plant(update(PaymentIssue).values(closed_at=clock.now()))
    assert broken() == {"captured-has-its-order"}


def test_a_receipt_that_was_changed(books: dict[str, Any]) -> None:
    plant(update(PaymentReceipt).where(PaymentReceipt.payment_id == books["cod"].payment_id).values(amount=184_000))
    assert broken() == {"captured-is-its-receipts"}


def test_a_refund_that_was_changed(books: dict[str, Any]) -> None:
    plant(update(Refund).values(amount=6_000))
    assert broken() == {"refunds-within-captured"}


def test_one_name_for_two_payments(books: dict[str, Any]) -> None:
    place("card")
    plant(update(Payment).where(Payment.method == "card").values(provider_payment="pi_same"))
    assert broken() == {"references-unique"}


@pytest.mark.parametrize("fault", [{"applied_at": None, "outcome": "waiting"}, {"event_id": "evt_other"}])
def test_card_money_without_evidence(books: dict[str, Any], fault: dict[str, Any]) -> None:
    kind = ProviderEvent.kind == "payment_intent.succeeded"
    other = ProviderEvent.kind == "checkout.session.completed"
    with transaction() as s:
        s.execute(update(ProviderEvent).where(kind).values(**fault))
        if "event_id" in fault:
            fault = {"event_id": "evt_another"}
        s.execute(update(ProviderEvent).where(other).values(**fault))
    assert broken() == {"card-rests-on-evidence"}


def test_card_money_on_somebodys_word(books: dict[str, Any]) -> None:
    receipt = PaymentReceipt.payment_id == books["card"].payment_id
    plant(update(PaymentReceipt).where(receipt).values(evidence="user:7"))
    assert broken() == {"card-rests-on-evidence"}


def test_captured_with_less(books: dict[str, Any]) -> None:
    payment_id = books["cod"].payment_id
    plant(update(Payment).where(Payment.id == payment_id).values(captured_amount=184_999))
    plant(update(PaymentReceipt).where(PaymentReceipt.payment_id == payment_id).values(amount=184_999))
    assert broken() == {"amounts-in-range", "paid-means-captured"}


def test_waiting_with_money(books: dict[str, Any]) -> None:
    plant(update(Payment).where(Payment.id == books["cod"].payment_id).values(state=PaymentState.PENDING))
    assert "amounts-in-range" in broken()


def test_a_word_that_is_not_taken_in(books: dict[str, Any]) -> None:
    with transaction() as s:
        s.add(
            ProviderEvent(
                provider="stripe_test", event_id="evt_stuck", kind="x", payload={}, received_at=clock.now() - LONG_AGO
            )
        )
    assert broken() == {"words-once"}


def test_the_database_itself_refuses_too(books: dict[str, Any]) -> None:
    from sqlalchemy.exc import IntegrityError

    for wrong in (
        "UPDATE payments SET refunded_amount = captured_amount + 1",
        "UPDATE payments SET amount = 0",
        "UPDATE refunds SET amount = -1",
        "UPDATE provider_events SET event_id = 'same', provider = 'same'",
        "UPDATE payment_receipts SET reference = 'same', provider = 'same'",
        "UPDATE payments SET state = 'rubbish'",
    ):
        with pytest.raises(IntegrityError), transaction() as s:
            s.execute(text(wrong))
