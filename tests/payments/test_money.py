"""Money by hand, what differs from what was agreed, and refunds that never exceed what came, whoever asks at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.kernel import audit, events, invariants
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.operations import KeyUsedOtherwise
from shop.orders.models import PaymentMethod
from shop.payments import services as payments
from shop.payments.errors import (
    IssueClosed,
    MethodNotOffered,
    NotCaptured,
    PaymentClosed,
    ReferenceUsed,
    RefundNotByHand,
    RefundTooLarge,
)
from shop.payments.events import PaymentCaptured, PaymentFailed, RefundFailed, RefundRequested, RefundSucceeded
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import PaymentIssue, PaymentReceipt, PaymentState, Refund, RefundState
from tests.payments.conftest import BANK, CLERK, begin, payment_of, place


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    facts: list[Any] = []
    for fact in (PaymentCaptured, PaymentFailed, RefundRequested, RefundSucceeded, RefundFailed):
        monkeypatch.setitem(events._now, fact, [*events._now.get(fact, []), facts.append])
    return facts


def issues() -> list[PaymentIssue]:
    session().rollback()
    session().expire_all()
    return list(session().scalars(select(PaymentIssue).order_by(PaymentIssue.id)))


def refunds() -> list[Refund]:
    session().rollback()
    session().expire_all()
    return list(session().scalars(select(Refund).order_by(Refund.id)))


def money_adds_up() -> bool:
    session().rollback()
    names = {"payments.captured-is-its-receipts", "payments.refunds-within-captured", "payments.references-unique"}
    return all(f.ok for f in invariants.run() if f.name in names)


# --- opening -----------------------------------------------------------------------------------------------------


def test_what_is_offered_follows_the_settings(make_app: Any, stripe: FakeStripe) -> None:
    assert _offered(make_app()) == ["cod"]
    assert _offered(make_app(**BANK)) == ["cod", "vietqr"]
    assert _offered(make_app(stripe_api_key="sk_test_x", stripe_api_base=stripe.address)) == ["cod", "card"]


def _offered(app: Flask) -> list[str]:
    with app.app_context():
        return [str(m) for m in payments.available_methods()]


@pytest.mark.parametrize(
    "settings",
    [
        {"stripe_api_key": "sk_live_x"},
        {"stripe_api_key": "rk_live_x", "mode": "demo"},
        {"stripe_api_key": "sk_live_x", "mode": "production", "stripe_api_base": "http://127.0.0.1:9"},
        {"bank_bin": "970436"},
        {"bank_account": "0123"},
        {"bank_bin": "97043", "bank_account": "0123"},
        {"bank_bin": "970436", "bank_account": "tài khoản"},
    ],
)
def test_settings_that_would_lose_money_stop_the_start(make_app: Any, settings: dict[str, str]) -> None:
    from config import ConfigError

    with pytest.raises(ConfigError):
        make_app(**settings)


def test_live_and_test_payments_do_not_meet(make_app: Any, ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    live = make_app(stripe_api_key="sk_live_x", mode="production", base_url="https://localhost")
    with live.app_context(), pytest.raises(MethodNotOffered):
        payments.begin_card(placed.payment_id, "http://localhost/ok", "http://localhost/back")


@pytest.mark.parametrize("amount", [0, -1, 10**13])
def test_an_amount_out_of_range_is_refused(ctx: Flask, amount: int) -> None:
    with transaction(), pytest.raises(Invalid):
        payments.open_payment(1, "HX7K-3M2P", PaymentMethod.COD, amount, None)


def test_a_method_not_offered_is_refused(make_app: Any) -> None:
    with make_app().app_context(), transaction(), pytest.raises(MethodNotOffered):
        payments.open_payment(1, "HX7K-3M2P", PaymentMethod.CARD, 1, datetime.now(UTC))


# --- by hand -----------------------------------------------------------------------------------------------------


def test_a_transfer_is_confirmed_once(ctx: Flask, heard: list[Any]) -> None:
    placed = place("vietqr")
    first = payments.confirm_transfer(CLERK, placed.payment_id, 185_000, " ft26328 001 ", "key-of-test-1")
    again = payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    assert first == again
    assert first.state is PaymentState.CAPTURED
    paid = payment_of(placed)
    assert (paid.captured_amount, paid.evidence) == (185_000, "user:7")
    receipt = session().scalars(select(PaymentReceipt)).one()
    assert (receipt.reference, receipt.actor_label) == ("FT26328001", "Nguyễn Thị Lan")
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]
    assert session().scalar(select(audit.AuditRow.action)) == "payments.transfer"


def test_a_key_is_for_one_thing(ctx: Flask) -> None:
    one, two = place("vietqr"), place("vietqr")
    payments.confirm_transfer(CLERK, one.payment_id, 185_000, "FT26328001", "key-of-test-1")
    with pytest.raises(KeyUsedOtherwise):
        payments.confirm_transfer(CLERK, two.payment_id, 185_000, "FT26328001", "key-of-test-1")


def test_a_transfer_pays_one_order(ctx: Flask) -> None:
    one, two = place("vietqr"), place("vietqr")
    payments.confirm_transfer(CLERK, one.payment_id, 185_000, "FT26328001", "key-of-test-1")
    with pytest.raises(ReferenceUsed):
        payments.confirm_transfer(CLERK, two.payment_id, 185_000, "ft26328001", "key-of-test-2")
    with pytest.raises(PaymentClosed):
        payments.confirm_transfer(CLERK, one.payment_id, 185_000, "FT26328002", "key-of-test-3")
    assert payment_of(two).captured_amount == 0


@pytest.mark.race
def test_four_clerks_credit_one_transfer_once(
    ctx: Flask, app: Flask, together: Callable[..., Any], heard: list[Any]
) -> None:
    placed, other = place("vietqr"), place("vietqr")
    session().rollback()

    def credit(payment_id: int, n: int) -> Callable[[], Any]:
        return lambda: payments.confirm_transfer(CLERK, payment_id, 185_000, "FT26328001", f"key-of-test-{n}")

    ids = [placed.payment_id, other.payment_id]
    outcomes = together(app, [credit(ids[n % 2], n) for n in range(8)])
    assert sum(o.error is None for o in outcomes) == 1
    assert {type(o.error) for o in outcomes} <= {type(None), ReferenceUsed, PaymentClosed}
    assert session().scalar(select(func.sum(PaymentReceipt.amount))) == 185_000
    assert len(heard) == 1
    assert money_adds_up()


@pytest.mark.parametrize("amount", [184_999, 185_001, 1])
def test_another_amount_is_held(ctx: Flask, heard: list[Any], amount: int) -> None:
    placed = place("vietqr")
    outcome = payments.confirm_transfer(CLERK, placed.payment_id, amount, "FT26328001", "key-of-test-1")
    assert (outcome.state, outcome.received_amount, outcome.due_amount) == (PaymentState.HELD, amount, 185_000)
    assert [(i.kind, i.detail["received"]) for i in issues()] == [("wrong_amount", amount)]
    assert heard == []


def test_a_second_transfer_makes_up_the_sum(ctx: Flask, heard: list[Any]) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 100_000, "FT26328001", "key-of-test-1")
    payments.confirm_transfer(CLERK, placed.payment_id, 85_000, "FT26328002", "key-of-test-2")
    assert payment_of(placed).state is PaymentState.CAPTURED
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]
    assert all(i.closed_at for i in issues())


def test_too_much_may_be_accepted_and_the_rest_goes_back(ctx: Flask, heard: list[Any]) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 200_000, "FT26328001", "key-of-test-1")
    issue = issues()[0].id
    payments.settle_issue(CLERK, issue, "accept", "Khách chuyển thừa", "key-of-test-2")
    paid = payment_of(placed)
    assert (paid.state, paid.captured_amount, paid.refunded_amount) == (PaymentState.CAPTURED, 200_000, 15_000)
    assert heard[0] == PaymentCaptured(placed.payment_id, placed.order_id)
    assert [(r.amount, r.state) for r in refunds()] == [(15_000, RefundState.PENDING)]
    with pytest.raises(IssueClosed):
        payments.settle_issue(CLERK, issue, "accept", "lần nữa", "key-of-test-3")


def test_too_little_cannot_be_accepted_or_forgotten(ctx: Flask) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 100_000, "FT26328001", "key-of-test-1")
    issue = issues()[0].id
    for n, decision in enumerate(("accept", "close", "rubbish")):
        with pytest.raises(Invalid):
            payments.settle_issue(CLERK, issue, decision, "x", f"key-of-test-a{n}")
    with pytest.raises(Invalid):
        payments.settle_issue(CLERK, issue, "return", " ", "key-of-test-b")
    assert issues()[0].closed_at is None


def test_what_is_not_enough_goes_back(ctx: Flask, heard: list[Any]) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 100_000, "FT26328001", "key-of-test-1")
    payments.settle_issue(CLERK, issues()[0].id, "return", "Khách đổi ý", "key-of-test-2")
    payments.settle_refund(CLERK, refunds()[0].id, "FT26328777", "key-of-test-3")
    gone = payment_of(placed)
    assert (gone.state, gone.refunded_amount) == (PaymentState.CANCELLED, 100_000)
    assert [type(f).__name__ for f in heard] == ["RefundRequested", "RefundSucceeded", "PaymentFailed"]
    assert all(f.ok for f in invariants.run("payments"))


def test_cash_is_collected_once(ctx: Flask, heard: list[Any]) -> None:
    placed = place("cod")
    payments.collect_cod(CLERK, placed.payment_id, 185_000, "key-of-test-1")
    payments.collect_cod(CLERK, placed.payment_id, 185_000, "key-of-test-1")
    with pytest.raises(PaymentClosed):
        payments.collect_cod(CLERK, placed.payment_id, 185_000, "key-of-test-2")
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]


def test_cash_of_a_cancelled_order_is_not_taken(ctx: Flask) -> None:
    placed = place("cod")
    with transaction():
        payments.close_for_order(placed.order_id)
    with pytest.raises(PaymentClosed):
        payments.collect_cod(CLERK, placed.payment_id, 185_000, "key-of-test-1")


def test_each_way_has_its_own_hand(ctx: Flask) -> None:
    cod, transfer, card = place("cod"), place("vietqr"), place("card")
    for placed in (cod, card):
        with pytest.raises(NotFound):
            payments.confirm_transfer(
                CLERK, placed.payment_id, 185_000, "FT26328001", f"key-of-test-{placed.payment_id}"
            )
    for placed in (transfer, card):
        with pytest.raises(NotFound):
            payments.collect_cod(CLERK, placed.payment_id, 185_000, f"key-of-cash-{placed.payment_id}")
    with pytest.raises(NotFound):
        payments.confirm_transfer(CLERK, 4711, 185_000, "FT26328001", "key-of-test-x")


@pytest.mark.parametrize("reference", ["", "  ", "ab1", "x" * 81, "ạạạạ"])
def test_a_transfer_needs_the_banks_number(ctx: Flask, reference: str) -> None:
    placed = place("vietqr")
    with pytest.raises(Invalid):
        payments.confirm_transfer(CLERK, placed.payment_id, 185_000, reference, "key-of-test-1")


def test_a_late_transfer_is_told_all_the_same(ctx: Flask, heard: list[Any]) -> None:
    placed = place("vietqr")
    with transaction():
        payments.close_for_order(placed.order_id)
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    assert heard == [PaymentCaptured(placed.payment_id, placed.order_id)]


# --- refunds -----------------------------------------------------------------------------------------------------


def _paid(amount: int = 185_000) -> Any:
    placed = place("vietqr", amount)
    payments.confirm_transfer(
        CLERK, placed.payment_id, amount, f"FT{placed.payment_id:08}", f"key-paid-{placed.payment_id}"
    )
    return placed


def test_a_refund_by_hand(ctx: Flask, heard: list[Any]) -> None:
    placed = _paid()
    asked = payments.request_refund(CLERK, placed.payment_id, 85_000, "Thiếu hàng", "key-of-test-1")
    assert asked.by_hand
    payments.settle_refund(CLERK, asked.id, "FT26328888", "key-of-test-2")
    payments.settle_refund(CLERK, asked.id, "FT26328888", "key-of-test-2")
    with pytest.raises(PaymentClosed):
        payments.settle_refund(CLERK, asked.id, "FT26328889", "key-of-test-3")
    assert refunds()[0].state is RefundState.SUCCEEDED
    assert heard[1:] == [RefundRequested(asked.id, placed.order_id), RefundSucceeded(asked.id, placed.order_id)]


def test_one_transfer_settles_one_refund(ctx: Flask) -> None:
    placed = _paid()
    one = payments.request_refund(CLERK, placed.payment_id, 5_000, "a", "key-of-test-1")
    two = payments.request_refund(CLERK, placed.payment_id, 5_000, "b", "key-of-test-2")
    payments.settle_refund(CLERK, one.id, "FT26328888", "key-of-test-3")
    with pytest.raises(ReferenceUsed):
        payments.settle_refund(CLERK, two.id, "FT26328888", "key-of-test-4")


def test_a_refund_given_up_is_free_again(ctx: Flask, heard: list[Any]) -> None:
    placed = _paid()
    asked = payments.request_refund(CLERK, placed.payment_id, 185_000, "Thiếu hàng", "key-of-test-1")
    with pytest.raises(RefundTooLarge):
        payments.request_refund(CLERK, placed.payment_id, 1, "nữa", "key-of-test-2")
    with pytest.raises(Invalid):
        payments.give_up_refund(CLERK, asked.id, " ", "key-of-test-3")
    payments.give_up_refund(CLERK, asked.id, "Khách nhận lại hàng", "key-of-test-4")
    assert payment_of(placed).refunded_amount == 0
    assert heard[-1] == RefundFailed(asked.id, placed.order_id)


@pytest.mark.parametrize(("amount", "reason"), [(0, "x"), (-5, "x"), (5, ""), (5, "  ")])
def test_a_refund_needs_an_amount_and_a_reason(ctx: Flask, amount: int, reason: str) -> None:
    placed = _paid()
    with pytest.raises(Invalid):
        payments.request_refund(CLERK, placed.payment_id, amount, reason, "key-of-test-1")


def test_nothing_came_nothing_goes(ctx: Flask) -> None:
    placed = place("vietqr")
    with pytest.raises(NotCaptured):
        payments.request_refund(CLERK, placed.payment_id, 1, "x", "key-of-test-1")
    with pytest.raises(NotFound):
        payments.request_refund(CLERK, 4711, 1, "x", "key-of-test-2")


def test_a_card_is_not_refunded_by_hand(ctx: Flask, stripe: FakeStripe) -> None:
    placed = place("card")
    stripe.pay(begin(placed))
    stripe.settle()
    asked = payments.request_refund(CLERK, placed.payment_id, 5_000, "x", "key-of-test-1")
    assert not asked.by_hand
    with pytest.raises(RefundNotByHand):
        payments.settle_refund(CLERK, asked.id, "FT26328888", "key-of-test-2")
    with pytest.raises(RefundNotByHand):
        payments.give_up_refund(CLERK, asked.id, "x", "key-of-test-3")


@pytest.mark.race
def test_forty_refunds_at_once_never_exceed_what_came(ctx: Flask, app: Flask, together: Callable[..., Any]) -> None:
    placed = _paid(100_000)
    session().rollback()

    def ask(n: int) -> Callable[[], Any]:
        return lambda: payments.request_refund(CLERK, placed.payment_id, 7_000, "đua", f"race-key-{n:04}")

    outcomes = together(app, [ask(n) for n in range(40)])
    assert sum(o.error is None for o in outcomes) == 14
    assert {type(o.error) for o in outcomes if o.error} == {RefundTooLarge}
    assert payment_of(placed).refunded_amount == 98_000
    assert len(refunds()) == 14
    assert money_adds_up()


@pytest.mark.race
def test_one_key_from_ten_hands_is_one_refund(ctx: Flask, app: Flask, together: Callable[..., Any]) -> None:
    placed = _paid(100_000)
    session().rollback()
    outcomes = together(
        app, lambda: payments.request_refund(CLERK, placed.payment_id, 60_000, "đua", "race-key-1"), times=10
    )
    assert [o.error for o in outcomes] == [None] * 10
    assert len({o.value for o in outcomes}) == 1
    assert payment_of(placed).refunded_amount == 60_000


@pytest.mark.race
def test_refunds_here_and_at_stripe_at_once(
    ctx: Flask, app: Flask, stripe: FakeStripe, together: Callable[..., Any]
) -> None:
    from shop.kernel import jobs

    placed = place("card", 100_000)
    reference = begin(placed)
    stripe.pay(reference)
    stripe.settle()
    intent = stripe.sessions[reference]["payment_intent"]
    session().rollback()
    here = [
        lambda n=n: payments.request_refund(CLERK, placed.payment_id, 30_000, "đua", f"race-key-{n}") for n in range(4)
    ]
    there = [lambda: stripe.api("POST", "/v1/refunds", {"payment_intent": intent, "amount": "30000"})] * 2
    together(app, here + there)
    stripe.settle()
    jobs.dispatch()
    stripe.settle()
    assert jobs.run_periodic(group="reconcile", force=True) == []
    sent = sum(r["amount"] for r in stripe.refunds.values() if r["status"] == "succeeded")
    assert sent <= 100_000
    assert payment_of(placed).refunded_amount <= 100_000
    done = sum(r.amount for r in refunds() if r.state is RefundState.SUCCEEDED)
    assert done == sent  # what left at Stripe is in our books, once there is room for it
    assert [i for i in issues() if i.kind == "refund_beyond" and not i.closed_at] == []
    assert money_adds_up()
