"""Any sequence of paying, refunding, disputing, losing, repeating, shuffling: the books add up, the ledger agrees."""

from __future__ import annotations

import random
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shop.checkout import disputed
from shop.kernel import jobs
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import ShopError
from shop.kernel.operations import new_key
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe, Refused
from shop.payments.models import PaymentState, RefundState
from shop.payments.services import provider
from tests.payments.conftest import CLERK, begin, payment_of, place
from tests.payments.test_invariants import broken, paid

SECOND = Actor("user", "Phạm Thị Hoa", 8)
AMOUNT = 6_000_000
STEP = st.one_of(
    st.tuples(st.just("pay"), st.just(0)),
    st.tuples(st.just("refund"), st.integers(1, AMOUNT)),
    st.tuples(st.just("there"), st.integers(1, AMOUNT)),
    st.tuples(st.just("dispute"), st.integers(1, AMOUNT)),
    st.tuples(st.sampled_from(["agree", "drop", "win", "lose", "release", "work", "fail"]), st.integers(0, 10**6)),
    st.tuples(st.sampled_from(["lose-words", "keep-words"]), st.just(0)),
)


def work() -> None:
    with transaction() as s:
        s.execute(text("UPDATE jobs SET run_at = created_at WHERE state = 'queued'"))
    jobs.dispatch()
    session().rollback()


def step(stripe: FakeStripe, placed: Any, reference: str, what: str, n: int) -> None:
    """One thing that may happen; what cannot be done is refused and changes nothing."""
    live = [r for r in payments_refunds(placed) if r.state in (RefundState.WAITING, RefundState.PENDING)]
    intent = stripe.sessions[reference]["payment_intent"]
    if what == "pay":
        stripe.pay(reference)
    elif what == "refund":
        payments.request_refund(CLERK, placed.payment_id, n, "x", new_key())
    elif what == "agree" and live:
        payments.agree(SECOND, live[0].id, new_key())
    elif what == "drop" and live:
        payments.give_up_refund(CLERK, live[0].id, "x", new_key())
    elif what == "there" and intent:
        stripe._make_refund({"payment_intent": intent, "amount": str(n)})
    elif what == "dispute" and intent and not stripe.disputes:
        stripe.dispute(intent, min(n, AMOUNT - sum(r["amount"] for r in stripe.refunds.values())) or 1)
    elif what in ("win", "lose") and stripe.disputes:
        made = next(iter(stripe.disputes.values()))
        if made["status"] == "needs_response":
            stripe.rule(made["id"], "won" if what == "win" else "lost")
    elif what == "fail":
        stripe.fail = 2
        work()
        stripe.fail = 0
    elif what == "release":
        stripe.release(shuffle=random.Random(n), times=2)
    elif what == "work":
        work()
    elif what == "lose-words":
        stripe.waiting = []


def payments_refunds(placed: Any) -> list[Any]:
    from sqlalchemy import select

    from shop.payments.models import Refund

    session().rollback()
    return list(session().scalars(select(Refund).where(Refund.payment_id == placed.payment_id).order_by(Refund.id)))


@given(st.lists(STEP, min_size=4, max_size=14))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_happens_the_books_add_up(ctx: Flask, stripe: FakeStripe, steps: list[tuple[str, int]]) -> None:
    for memory in (stripe.disputes, stripe.refunds, stripe.sessions, stripe.intents):
        memory.clear()
    stripe.balance.clear()
    stripe.waiting, stripe.hold = [], True
    placed = place("card", AMOUNT)
    reference = begin(placed)
    for what, n in steps:
        try:
            step(stripe, placed, reference, what, n)
        except (ShopError, Refused):
            session().rollback()
        row = payment_of(placed)
        assert 0 <= row.refunded_amount <= row.captured_amount <= AMOUNT
    # In the end everything is asked for that was lost, and both sides say the same.
    stripe.release(times=1)
    work()
    provider.look(placed.payment_id)
    payments.ask_disputes()
    work()
    provider.catch_up()
    row = payment_of(placed)
    if stripe.intents:
        assert row.state is PaymentState.CAPTURED
        paid(placed.order_id)
        disputed.follow_all()
    there = sum(r["amount"] for r in stripe.refunds.values() if r["status"] != "failed")
    ours = sum(r.amount for r in payments_refunds(placed) if r.state is RefundState.SUCCEEDED)
    assert ours <= there <= AMOUNT
    assert broken() - {"captured-has-its-order", "paid-means-captured"} == set()
