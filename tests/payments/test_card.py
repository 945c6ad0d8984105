"""Cards through Stripe: the real client against the imitation, webhooks in any order, lost replies, money that is late."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from shop.kernel import clock, events, jobs
from shop.kernel.db import TransactionOpen, session, transaction
from shop.payments import services as payments
from shop.payments.errors import PaymentClosed, ProviderBusy, ProviderRefused
from shop.payments.events import PaymentCaptured, PaymentFailed
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import Payment, PaymentIssue, PaymentReceipt, PaymentState, ProviderEvent, RefundState
from shop.payments.services import provider
from tests.payments.conftest import CLERK, begin, event, payment_of, place


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What upstairs hears."""
    facts: list[Any] = []
    for fact in (PaymentCaptured, PaymentFailed):
        monkeypatch.setitem(events._now, fact, [*events._now.get(fact, []), facts.append])
    return facts


def age(placed: Any, **ago: float) -> None:
    """Let time pass for a payment."""
    with transaction() as s:
        payment = s.get(Payment, placed.payment_id)
        past = timedelta(**ago)
        payment.created_at -= past
        if payment.expires_at:
            payment.expires_at -= past
        if payment.looked_at:
            payment.looked_at -= past


def test_a_paid_session_is_captured_by_its_webhooks(ctx: Flask, stripe: FakeStripe, heard: list[Any]) -> None:
    placed = place("card")
    url = payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back").url
    assert "185.000" in requests.get(url, timeout=5).text
    answer = requests.post(url, data={"do": "pay"}, allow_redirects=False, timeout=5)
    assert answer.headers["Location"] == "http://localhost/ok"
    stripe.settle()
    paid = payment_of(placed)
    assert paid.state is PaymentState.CAPTURED
    assert (paid.captured_amount, paid.provider) == (185_000, "stripe_test")
    assert paid.evidence.startswith("event:evt_")
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]
    made = next(iter(stripe.sessions.values()))
    assert (made["currency"], made["amount_total"], made["client_reference_id"]) == ("vnd", 185_000, placed.reference)


def test_events_in_any_order_ten_times_each_count_once(ctx: Flask, stripe: FakeStripe, heard: list[Any]) -> None:
    placed = place("card")
    reference = begin(placed)
    stripe.hold = True
    stripe.pay(reference)
    payments_intent = stripe.sessions[reference]["payment_intent"]
    stripe._make_refund({"payment_intent": payments_intent, "amount": "35000"})
    stripe.release(shuffle=random.Random(7), times=10)
    provider.catch_up()  # a word of the refund may have come before the word of the payment
    paid = payment_of(placed)
    assert (paid.state, paid.captured_amount, paid.refunded_amount) == (PaymentState.CAPTURED, 185_000, 35_000)
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]
    assert session().scalar(select(func.count()).select_from(PaymentReceipt)) == 1
    kept = session().scalars(select(ProviderEvent)).all()
    assert len(kept) == 4
    assert all(e.applied_at for e in kept)


@pytest.mark.race
def test_one_event_in_twenty_threads_counts_once(
    ctx: Flask, app: Flask, stripe: FakeStripe, together: Callable[..., Any], heard: list[Any]
) -> None:
    placed = place("card")
    reference = begin(placed)
    stripe.hold = True
    stripe.pay(reference)
    tasks = [lambda e=e: stripe.post(e) for e in stripe.waiting for _ in range(10)]
    outcomes = together(None, tasks)
    assert [o.error for o in outcomes] == [None] * 20
    assert {o.value for o in outcomes} == {200}
    assert payment_of(placed).captured_amount == 185_000
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]


@pytest.mark.race
def test_webhook_return_page_and_recurring_work_at_once(
    ctx: Flask, app: Flask, stripe: FakeStripe, together: Callable[..., Any], heard: list[Any]
) -> None:
    placed = place("card")
    reference = begin(placed)
    stripe.hold = True
    stripe.pay(reference)
    tasks = [lambda e=e: stripe.post(e) for e in stripe.waiting for _ in range(3)]
    tasks += [lambda: payments.reconcile(placed.payment_id)] * 3

    def inside(task: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with app.app_context():
                return task()

        return run

    outcomes = together(None, [inside(t) for t in tasks])
    assert [o.error for o in outcomes] == [None] * len(tasks)
    assert payment_of(placed).captured_amount == 185_000
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]


def test_without_any_webhook_the_return_page_captures(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    stripe.drop = True
    stripe.pay(begin(placed))
    assert payments.reconcile(placed.payment_id) is PaymentState.CAPTURED
    assert payment_of(placed).evidence.startswith("api:cs_test_")
    assert payments.reconcile(placed.payment_id) is PaymentState.CAPTURED


def test_without_webhook_and_return_the_recurring_work_captures(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    stripe.drop = True
    stripe.pay(begin(placed))
    age(placed, minutes=2)
    assert jobs.run_periodic(group="reconcile", force=True) == []
    assert payment_of(placed).state is PaymentState.CAPTURED


def test_asking_twice_gives_one_page(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    first = payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")
    second = payments.begin_card(placed.payment_id, "http://localhost/other", "http://localhost/back", "en")
    assert first == second
    assert len(stripe.sessions) == 1


@pytest.mark.race
def test_a_double_click_makes_one_page(
    ctx: Flask, app: Flask, stripe: FakeStripe, together: Callable[..., Any]
) -> None:
    placed = place("card")
    session().rollback()
    stripe.slow = 0.05
    outcomes = together(
        app, lambda: payments.begin_card(placed.payment_id, "http://localhost/ok", "http://x/"), times=4
    )
    assert {getattr(o.value, "url", o.error) for o in outcomes} == {next(iter(stripe.sessions.values()))["url"]}


def test_a_lost_reply_is_asked_again_under_the_same_key(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    stripe.lose_reply = 2  # the client tries twice by itself
    with pytest.raises(ProviderBusy):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")
    assert payment_of(placed).state is PaymentState.PENDING
    payments.begin_card(placed.payment_id, "http://localhost/changed", "http://localhost/back")
    assert len(stripe.sessions) == 1


def test_an_amount_stripe_does_not_take_is_refused(ctx: Flask) -> None:
    placed = place("card", 900)
    with pytest.raises(ProviderRefused):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")


def test_no_call_inside_a_transaction(ctx: Flask) -> None:
    placed = place("card")
    with transaction(), pytest.raises(TransactionOpen):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")


def test_a_slow_stripe_costs_no_more_than_its_limit(
    ctx: Flask, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.payments import gateway

    way = gateway.named("stripe_test")
    tries = 1 + way._client._requestor._options.max_network_retries
    assert tries * sum(way._client._requestor._client._timeout[1:]) <= 9.5  # the pauses between them are half a second
    monkeypatch.setattr(way._client._requestor._client, "_timeout", (0.2, 0.2))
    stripe.slow = 5
    placed = place("card")
    began = time.monotonic()
    with pytest.raises(ProviderBusy):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")
    assert time.monotonic() - began < 4.9  # one full wait would be five


def test_past_its_term_a_page_is_neither_made_nor_left_open(ctx: Flask, stripe: FakeStripe, heard: list[Any]) -> None:
    placed = place("card")
    reference = begin(placed)
    age(placed, minutes=20)
    with pytest.raises(PaymentClosed):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")
    stripe.drop = True
    jobs.run_periodic(group="reconcile", force=True)
    assert stripe.sessions[reference]["status"] == "expired"
    assert payment_of(placed).state is PaymentState.CANCELLED
    assert heard == [PaymentFailed(placed.payment_id, placed.order_id)]


def test_a_page_never_made_is_given_up(ctx: Flask) -> None:
    placed = place("card")
    age(placed, minutes=20)
    jobs.run_periodic(group="reconcile", force=True)
    assert payment_of(placed).state is PaymentState.CANCELLED


def test_a_cancelled_order_closes_its_page(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    reference = begin(placed)
    with transaction():
        assert payments.close_for_order(placed.order_id) == 1
    jobs.dispatch()
    assert stripe.sessions[reference]["status"] == "expired"
    with pytest.raises(PaymentClosed):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")


def test_money_that_comes_after_the_end_is_told_all_the_same(ctx: Flask, stripe: FakeStripe, heard: list[Any]) -> None:
    placed = place("card")
    stripe.drop = True
    stripe.pay(begin(placed))
    with transaction():
        payments.close_for_order(placed.order_id)
    jobs.dispatch()
    assert payment_of(placed).state is PaymentState.CAPTURED
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]


def test_an_order_cancelled_while_its_page_is_made(
    ctx: Flask, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.payments import gateway

    placed = place("card")
    way = gateway.named("stripe_test")
    real = way.begin

    def begin_slowly(ask: Any) -> Any:
        made = real(ask)
        with transaction():
            payments.close_for_order(placed.order_id)
        return made

    monkeypatch.setattr(way, "begin", begin_slowly)
    with pytest.raises(PaymentClosed):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")
    jobs.dispatch()
    assert next(iter(stripe.sessions.values()))["status"] == "expired"


@pytest.mark.parametrize("wrong", [{"amount_total": 184_999}, {"amount_total": 185_001}, {"amount_total": 1}])
def test_another_amount_is_held_never_paid(ctx: Flask, post: Any, heard: list[Any], wrong: dict[str, Any]) -> None:
    placed = place("card")
    reference = begin(placed)
    paid = {
        "id": reference,
        "payment_status": "paid",
        "status": "complete",
        "currency": "vnd",
        "payment_intent": "pi_x",
    }
    assert post(event("checkout.session.completed", paid | wrong)).status_code == 200
    held = payment_of(placed)
    assert (held.state, held.captured_amount) == (PaymentState.HELD, wrong["amount_total"])
    assert heard == []
    issue = session().scalars(select(PaymentIssue)).one()
    assert (issue.kind, issue.payment_id, issue.closed_at) == ("wrong_amount", placed.payment_id, None)


@pytest.mark.parametrize(
    "wrong", [{"currency": "usd"}, {"currency": None}, {"amount_total": "185000"}, {"amount_total": 1.5}]
)
def test_another_currency_is_no_money_of_ours(ctx: Flask, post: Any, heard: list[Any], wrong: dict[str, Any]) -> None:
    placed = place("card")
    paid = {
        "id": begin(placed),
        "payment_status": "paid",
        "status": "complete",
        "currency": "vnd",
        "amount_total": 185_000,
        "payment_intent": "pi_x",
    }
    post(event("checkout.session.completed", paid | wrong))
    assert (payment_of(placed).state, payment_of(placed).captured_amount) == (PaymentState.PENDING, 0)
    assert session().scalars(select(PaymentIssue.kind)).all() == ["wrong_currency"]
    assert heard == []


def test_a_payment_of_ours_that_is_not_known_goes_to_a_person(ctx: Flask, post: Any) -> None:
    marks = {"payment": "4711", "order": "HX7K-3M2P"}
    thing = {"id": "pi_lost", "amount_received": 50_000, "currency": "vnd", "metadata": marks}
    post(event("payment_intent.succeeded", thing))
    post(event("payment_intent.succeeded", {**thing, "id": "pi_foreign", "metadata": {}}, "evt_2"))
    assert session().scalars(select(PaymentIssue.key)).all() == ["unknown:stripe_test:pi_lost"]


def test_a_mark_of_another_order_is_not_believed(ctx: Flask, post: Any) -> None:
    placed, other = place("card"), place("card")
    marks = {"payment": str(placed.payment_id), "order": other.reference}
    thing = {"id": "pi_1", "amount_received": 185_000, "currency": "vnd", "metadata": marks}
    post(event("payment_intent.succeeded", thing))
    assert payment_of(placed).state is PaymentState.PENDING
    assert payment_of(other).state is PaymentState.PENDING


def test_a_live_notice_is_nothing_to_a_test_key(ctx: Flask, post: Any) -> None:
    placed = place("card")
    paid = {
        "id": begin(placed),
        "payment_status": "paid",
        "currency": "vnd",
        "amount_total": 185_000,
        "payment_intent": "pi_x",
    }
    assert post(event("checkout.session.completed", paid, livemode=True)).status_code == 200
    assert payment_of(placed).state is PaymentState.PENDING


def test_a_refused_card_leaves_the_page_open(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    reference = begin(placed)
    stripe.decline(reference)
    stripe.settle()
    assert payment_of(placed).state is PaymentState.PENDING
    stripe.pay(reference)
    stripe.settle()
    assert payment_of(placed).state is PaymentState.CAPTURED


def test_a_slow_bank_that_says_no(ctx: Flask, post: Any, heard: list[Any]) -> None:
    placed = place("card")
    waits = {"id": begin(placed), "payment_status": "unpaid", "status": "complete", "currency": "vnd"}
    post(event("checkout.session.completed", waits))
    assert payment_of(placed).state is PaymentState.PENDING
    post(event("checkout.session.async_payment_failed", waits, "evt_2"))
    assert payment_of(placed).state is PaymentState.FAILED
    assert heard == [PaymentFailed(placed.payment_id, placed.order_id)]


def test_a_listener_that_breaks_loses_no_word(ctx: Flask, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [True]

    def listener(_fact: Any) -> None:
        if broken[0]:
            raise RuntimeError("a defect upstairs")

    monkeypatch.setitem(events._now, PaymentCaptured, [listener])
    placed = place("card")
    stripe.pay(begin(placed))
    stripe.settle()
    assert payment_of(placed).state is PaymentState.PENDING
    assert set(session().scalars(select(ProviderEvent.outcome)).all()) == {"error: RuntimeError"}
    broken[0] = False
    assert provider.catch_up() == 0
    assert payment_of(placed).state is PaymentState.CAPTURED


def test_a_refund_goes_through_stripe(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    stripe.pay(begin(placed))
    stripe.settle()
    asked = payments.request_refund(CLERK, placed.payment_id, 85_000, "Hàng lỗi", "refund-key-1")
    again = payments.request_refund(CLERK, placed.payment_id, 85_000, "Hàng lỗi", "refund-key-1")
    assert asked == again
    stripe.lose_reply = 2
    jobs.dispatch(1)  # the reply is lost …
    with transaction() as s:
        s.execute(jobs.Job.__table__.update().values(run_at=clock.now()))
    jobs.dispatch()  # … and asked for again under the same key
    stripe.settle()
    refund = payment_refunds(placed)[0]
    assert (refund.state, refund.amount) == (RefundState.SUCCEEDED, 85_000)
    assert len(stripe.refunds) == 1
    assert payment_of(placed).refunded_amount == 85_000


def payment_refunds(placed: Any) -> list[Any]:
    from shop.payments.models import Refund

    session().rollback()
    session().expire_all()
    return list(session().scalars(select(Refund).where(Refund.payment_id == placed.payment_id).order_by(Refund.id)))


def test_a_refund_that_fails_is_free_again(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    stripe.pay(begin(placed))
    stripe.settle()
    stripe.refunds_pending = True
    payments.request_refund(CLERK, placed.payment_id, 185_000, "Hàng lỗi", "refund-key-1")
    jobs.dispatch()
    stripe.settle()
    assert payment_refunds(placed)[0].state is RefundState.PENDING
    stripe.finish_refund(next(iter(stripe.refunds)), "failed")
    stripe.settle()
    assert payment_refunds(placed)[0].state is RefundState.FAILED
    assert payment_of(placed).refunded_amount == 0
    assert session().scalars(select(PaymentIssue.kind)).all() == ["refund_failed"]


def test_a_refund_made_at_stripe_enters_our_books_once(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    reference = begin(placed)
    stripe.pay(reference)
    stripe.settle()
    stripe._make_refund({"payment_intent": stripe.sessions[reference]["payment_intent"], "amount": "5000"})
    stripe.settle()
    jobs.dispatch()
    assert [(r.amount, r.state) for r in payment_refunds(placed)] == [(5_000, RefundState.SUCCEEDED)]
    assert payment_of(placed).refunded_amount == 5_000


def test_the_secret_of_the_order_is_forgotten(ctx: Flask) -> None:
    placed = place("card")
    payments.begin_card(placed.payment_id, "http://localhost/ok?k=secret", "http://localhost/back")
    assert payment_of(placed).asked is None


def test_hundreds_of_notices_add_up(ctx: Flask, stripe: FakeStripe) -> None:
    stripe.hold = True
    for _ in range(20):
        stripe.pay(begin(place("card", 20_000)))
    assert {stripe.post(sent) for sent in [*stripe.waiting] * 5} == {200}
    assert session().scalar(select(func.sum(Payment.captured_amount))) == 20 * 20_000
    assert session().scalar(select(func.count()).select_from(PaymentReceipt)) == 20
