"""Disputes and the provider's own lines: any order, once, asked for when nobody told us, answered with papers."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from shop.accounts.permissions import Role
from shop.kernel import jobs
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.payments import letters, outgoing
from shop.payments import services as payments
from shop.payments.errors import (
    CannotReopen,
    DisputeClosed,
    DisputeSending,
    MoneyDisputed,
    NoEvidence,
    NotWaiting,
    RefundTooLarge,
    SecondPerson,
)
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import Dispute, DisputeMove, DisputeState, GatewayLine, PaymentIssue, Refund, RefundState
from tests.payments.conftest import CLERK, Placed, begin, payment_of, place
from tests.payments.test_invariants import broken, paid
from tests.people import make_user, sign_in

OTHER = Actor("user", "Phạm Thị Hoa", 8)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def by_card(stripe: FakeStripe, amount: int = 185_000) -> tuple[Placed, str]:
    """A paid card payment; its PaymentIntent."""
    placed = place("card", amount)
    reference = begin(placed)
    stripe.pay(reference)
    stripe.settle()
    paid(placed.order_id)
    session().rollback()
    return placed, stripe.sessions[reference]["payment_intent"]


def dispute() -> Dispute:
    s = session()
    s.rollback()
    s.expire_all()
    return s.scalars(select(Dispute)).one()


@given(st.integers(0, 10**6), st.sampled_from(["won", "lost", ""]))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_of_a_dispute_in_any_order_have_each_effect_once(
    ctx: Flask, stripe: FakeStripe, seed: int, end: str
) -> None:
    stripe.hold = False
    placed, intent = by_card(stripe)
    stripe.hold = True
    made = stripe.dispute(intent)
    if end:
        stripe.rule(made["id"], end)
    stripe.release(shuffle=random.Random(seed), times=3)
    stripe.hold = False
    row = session().scalars(select(Dispute).where(Dispute.payment_id == placed.payment_id)).one()
    session().refresh(row)
    held = 0 if end == "won" else 185_000
    assert (row.state, row.withdrawn_amount) == (end or "open", held)
    assert payment_of(placed).disputed_amount == held
    assert row.fee_amount == (0 if end == "won" else 150_000)
    assert len(row.moves) == (2 if end == "won" else 1)
    assert broken() == set()


def test_a_dispute_whose_notice_was_lost_is_asked_for(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = by_card(stripe)
    stripe.drop = True
    made = stripe.dispute(intent)
    assert jobs.run_periodic(group="reconcile", force=True) == []
    assert (dispute().state, payment_of(placed).disputed_amount) == (DisputeState.OPEN, 185_000)
    stripe.rule(made["id"], "won")
    payments.ask_disputes()
    assert (dispute().state, payment_of(placed).disputed_amount) == (DisputeState.WON, 0)
    assert session().scalar(select(func.count()).select_from(DisputeMove)) == 2


def test_an_inquiry_takes_no_money_and_may_become_a_dispute(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = by_card(stripe)
    made = stripe.dispute(intent, inquiry=True)
    stripe.settle()
    assert (dispute().is_inquiry, payment_of(placed).disputed_amount) == (True, 0)
    made["status"] = "needs_response"
    stripe._moved(made, -185_000, 150_000)
    stripe.tell("charge.dispute.updated", made)
    stripe.settle()
    assert (dispute().is_inquiry, dispute().state, payment_of(placed).disputed_amount) == (False, "open", 185_000)


def test_money_that_is_disputed_is_not_sent_back_as_well(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = by_card(stripe)
    stripe.dispute(intent, 100_000)
    stripe.settle()
    session().rollback()
    with pytest.raises(MoneyDisputed):
        payments.request_refund(CLERK, placed.payment_id, 100_000, "x", new_key())
    payments.request_refund(CLERK, placed.payment_id, 85_000, "x", new_key())
    assert payment_of(placed).refunded_amount == 85_000


def test_papers_and_words_are_sent_once_even_if_the_answer_is_lost(ctx: Flask, stripe: FakeStripe) -> None:
    _placed, intent = by_card(stripe)
    made = stripe.dispute(intent)
    stripe.settle()
    row = dispute().id
    with pytest.raises(NoEvidence):
        payments.send(CLERK, row, new_key())
    payments.add_paper(CLERK, row, "shipping_documentation", PDF)
    payments.write(CLERK, row, {"shipping_tracking_number": "VN123", "uncategorized_text": "Đã giao cho khách."})
    key = new_key()
    payments.send(CLERK, row, key)
    payments.send(CLERK, row, key)
    with pytest.raises(DisputeSending):
        payments.write(CLERK, row, {})
    stripe.lose_reply = 2  # the paper is taken, its answer lost
    for _ in range(3):
        with transaction() as s:
            s.execute(text("UPDATE jobs SET run_at = created_at WHERE state = 'queued'"))
        jobs.dispatch()
    stripe.settle()
    told = stripe.disputes[made["id"]]
    assert told["evidence"]["shipping_tracking_number"] == "VN123"
    assert stripe.files[told["evidence"]["shipping_documentation"]] == PDF
    assert len(stripe.files) == 1
    assert told["evidence_details"]["submission_count"] == 1
    assert (dispute().state, dispute().sent_by) == (DisputeState.REVIEW, CLERK.label)
    with pytest.raises(DisputeClosed):
        payments.send(CLERK, row, new_key())


def test_each_line_of_the_balance_matches_or_is_a_case(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = by_card(stripe, 1_000_000)
    payments.request_refund(CLERK, placed.payment_id, 35_000, "x", new_key())
    jobs.dispatch()
    stripe.dispute(intent, 50_000)
    stripe.settle()
    stripe.line("stripe_fee", -7_000, None)
    payout = stripe.pay_out()
    strange = stripe.line("charge", 99_000, {"id": "ch_other", "object": "charge", "payment_intent": "pi_other"})
    assert payments.compare() == 1
    assert payments.compare() == 1
    lines = session().scalars(select(GatewayLine)).all()
    assert len(lines) == 6
    open_ones = {line.reference for line in lines if line.matched_at is None}
    assert open_ones == {strange["id"]}
    assert payout["id"] not in open_ones
    cases = {i.kind for i in session().scalars(select(PaymentIssue).where(PaymentIssue.closed_at.is_(None)))}
    assert cases == {"gateway_line"}
    case = session().scalars(select(PaymentIssue).where(PaymentIssue.kind == "gateway_line")).one().id
    payments.settle_issue(CLERK, case, "close", "Thấy trên sao kê", new_key())
    assert payments.compare() == 0
    payments.reopen(CLERK, case, new_key())
    assert payments.compare() == 1
    assert broken() == set()


def test_what_never_arrived_is_found_by_the_balance(ctx: Flask, stripe: FakeStripe) -> None:
    """A refund made in the provider's own pages, all of whose notices were lost."""
    placed, intent = by_card(stripe)
    stripe.drop = True
    stripe._make_refund({"payment_intent": intent, "amount": "20000"})
    assert payments.compare() == 0
    refund = session().scalars(select(Refund)).one()
    assert (refund.amount, refund.state, payment_of(placed).refunded_amount) == (20_000, RefundState.SUCCEEDED, 20_000)


def test_an_amount_off_by_one_is_a_case(ctx: Flask, stripe: FakeStripe) -> None:
    by_card(stripe)
    stripe.balance[0]["amount"] += 1
    stripe.balance[0]["net"] += 1
    assert payments.compare() == 1


def test_a_refund_that_failed_there_is_a_pair_of_lines(ctx: Flask, stripe: FakeStripe) -> None:
    placed, _intent = by_card(stripe)
    stripe.refunds_pending = True
    payments.request_refund(CLERK, placed.payment_id, 35_000, "x", new_key())
    jobs.dispatch()
    stripe.finish_refund(next(iter(stripe.refunds)), "failed")
    stripe.settle()
    assert payments.compare() == 0
    assert payment_of(placed).refunded_amount == 0


@pytest.mark.parametrize(
    ("fault", "fires"),
    [
        (update(Dispute).values(withdrawn_amount=1), {"disputes-add-up"}),
        (update(DisputeMove).values(evidence="user:1"), {"disputes-move-money-once"}),
        (
            update(GatewayLine).values(matched_at=None, seen_at=text("'2020-01-01 00:00:00+00:00'")),
            {"gateway-lines-once"},
        ),
    ],
    ids=["sum", "evidence", "line"],
)
def test_faults_in_the_books_are_seen(ctx: Flask, stripe: FakeStripe, fault: Any, fires: set[str]) -> None:
    _placed, intent = by_card(stripe)
    stripe.dispute(intent)
    stripe.settle()
    payments.compare()
    assert broken() == set()
    with transaction() as s:
        s.execute(fault)
    assert broken() == fires


def test_staff_answer_on_the_page(ctx: Flask, client: Any, stripe: FakeStripe) -> None:
    _placed, intent = by_card(stripe)
    stripe.dispute(intent)
    stripe.settle()
    sign_in(client, Role.ORDER_DESK)
    here = f"/office/payments/disputes/{dispute().id}"
    assert f'href="{here}"' in client.get("/office/payments/disputes").text
    token = client.token(here)

    def send(to: str, **fields: Any) -> int:
        return int(client.post(here + to, data={"csrf_token": token} | fields).status_code)

    assert send("/send", op_key=new_key()) == 422  # nothing to send
    assert send("/papers", kind="receipt", file=(io.BytesIO(b"MZ"), "a.exe")) == 422
    assert send("/papers", kind="receipt", file=(io.BytesIO(PDF), "a.pdf")) == 303
    paper = dispute().papers[0].id
    assert client.get(f"{here}/papers/{paper}").data == PDF
    assert send("/words", uncategorized_text="Khách đã ký nhận.") == 303
    assert send("/owner", mine="1") == 303
    assert send("/send", op_key=new_key()) == 303
    assert dispute().sending_at is not None
    assert dispute().owner_id is not None
    assert send("/concede", op_key=new_key()) == 409
    for path in ("/office/payments/gateway", "/en" + here, "/office/payments/disputes?format=csv"):
        assert client.get(path).status_code == 200


def test_staff_are_told_once(ctx: Flask, stripe: FakeStripe) -> None:
    make_user("Lê Văn Bình", Role.ORDER_DESK)
    _placed, intent = by_card(stripe)
    stripe.rule(stripe.dispute(intent)["id"], "lost")
    stripe.settle()
    jobs.dispatch()
    letters.remind()
    letters.remind()
    kinds = list(session().scalars(select(Letter.kind).where(Letter.kind.like("dispute.%")).order_by(Letter.id)))
    assert sorted(kinds) == ["dispute.ended", "dispute.opened"]


def test_a_large_refund_waits_for_another_person(ctx: Flask, stripe: FakeStripe) -> None:
    placed, _intent = by_card(stripe, 6_000_000)
    asked = payments.request_refund(CLERK, placed.payment_id, 6_000_000, "Hàng hỏng", new_key())
    jobs.dispatch()
    assert (asked.waits, stripe.refunds) == (True, {})
    with pytest.raises(RefundTooLarge):  # what waits counts
        payments.request_refund(CLERK, placed.payment_id, 1, "x", new_key())
    with pytest.raises(SecondPerson):
        payments.agree(CLERK, asked.id, new_key())
    payments.agree(OTHER, asked.id, new_key())
    with pytest.raises(NotWaiting):
        payments.agree(Actor("user", "Người thứ ba", 9), asked.id, new_key())
    jobs.dispatch()
    stripe.settle()
    assert [r["amount"] for r in stripe.refunds.values()] == [6_000_000]
    with transaction() as s:
        s.execute(text("UPDATE orders SET payment_status = 'refunded'"))
    assert broken() == set()
    for fault in ({"agreed_by": "system"}, {"agreed_by": "guest"}):
        with transaction() as s:
            s.execute(update(Refund).values(**fault))
        assert broken() == {"large-refunds-have-two-people"}


def test_a_refund_to_an_account_is_made_by_hand_and_by_nobody_else(ctx: Flask, stripe: FakeStripe) -> None:
    placed, _intent = by_card(stripe)
    to = payments.account("970436", "0123 456 789", "Trần Văn An")
    assert (to.number, to.holder) == ("0123456789", "TRAN VAN AN")
    asked = payments.request_refund(CLERK, placed.payment_id, 85_000, "Thẻ đã khóa", new_key(), to=to)
    jobs.dispatch()
    assert (asked.by_hand, asked.waits, stripe.refunds) == (True, False, {})
    waiting = outgoing.sources()["refund"].waiting([85_000])
    assert [(e.holder, e.account) for e in waiting] == [("TRAN VAN AN", "0123456789")]
    payments.settle_refund(CLERK, asked.id, "FT26329999", new_key())
    assert list(outgoing.sources()["refund"].recorded(["FT26329999"])) == ["FT26329999"]
    assert payments.compare() == 0
    assert broken() == set()
    large = payments.request_refund(CLERK, place_paid(1_000_000), 1_000_000, "x", new_key(), to=to)
    assert large.waits
    payments.give_up_refund(CLERK, large.id, "Nhầm", new_key())
    with transaction() as s:
        s.execute(update(Refund).where(Refund.id == asked.id).values(provider_reference="till:1"))
    assert broken() == {"refunds-go-somewhere"}


def place_paid(amount: int) -> int:
    """A payment by transfer whose money has come."""
    placed = place("vietqr", amount)
    payments.confirm_transfer(CLERK, placed.payment_id, amount, f"FT{placed.payment_id:08d}", new_key())
    paid(placed.order_id)
    return placed.payment_id


def test_a_case_has_an_owner_and_can_be_opened_again_until_money_has_left(ctx: Flask) -> None:
    clerk = make_user("Lê Văn Bình", Role.ORDER_DESK)
    actor = Actor("user", clerk.name, clerk.id)
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 85_000, "FT26328001", new_key())
    case = session().scalars(select(PaymentIssue)).one().id
    payments.own(actor, case, mine=True)
    payments.settle_issue(actor, case, "return", "Khách đổi ý", new_key())
    assert payment_of(placed).refunded_amount == 85_000
    payments.reopen(actor, case, new_key())
    assert payment_of(placed).refunded_amount == 0
    payments.settle_issue(actor, case, "return", "Khách đổi ý thật", new_key())
    refund = session().scalars(select(Refund).where(Refund.state == RefundState.PENDING)).one()
    payments.settle_refund(actor, refund.id, "FT26328002", new_key())
    with pytest.raises(CannotReopen):
        payments.reopen(actor, case, new_key())
    session().expire_all()
    assert session().get(PaymentIssue, case).owner_id == clerk.id
