"""What the card provider sends to the bank: imported, posted onto its way, matched with the bank's line, missed when late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from shop.accounts.permissions import Role
from shop.banking.models import LineState, Queue
from shop.banking.services import handling
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.ledger.models import Posting
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import GatewayPayout, PaymentIssue
from tests.banking.conftest import BANK, CLERK, SECRET, key, lines, only, parts, send, statement, told
from tests.payments.conftest import begin, place, stripe, stripe_port
from tests.payments.test_invariants import paid
from tests.people import sign_in

__all__ = ["stripe", "stripe_port"]
# 1,000,000 less the imitation's 3 %.
NET = 970_000


@pytest.fixture
def app(make_app: Callable[..., Flask], stripe: FakeStripe) -> Flask:
    """The shop with its bank account and a key of the provider."""
    shop = make_app(
        bank_webhook_secret=SECRET, base_url="http://localhost", stripe_api_key="sk_test_of_the_tests",
        stripe_api_base=stripe.address, stripe_webhook_secret="whsec_of_the_tests", **BANK,
    )  # fmt: skip

    def deliver(body: bytes, signature: str) -> int:
        answer = shop.test_client().post(
            "/webhooks/stripe", data=body, headers={"Stripe-Signature": signature, "Content-Type": "application/json"}
        )
        return int(answer.status_code)

    stripe.deliver = deliver
    return shop


def sent(stripe: FakeStripe) -> dict[str, Any]:
    """A card payment of a million whose money is on its way to the bank."""
    placed = place("card", 1_000_000)
    stripe.pay(begin(placed))
    stripe.settle()
    paid(placed.order_id)
    line = stripe.pay_out()
    payments.compare()
    return stripe.payouts[line["source"]["id"]]


def payout() -> GatewayPayout:
    session().rollback()
    session().expire_all()
    return session().scalars(select(GatewayPayout)).one()


def balance(account: str, party: str | None = None) -> int:
    wanted = select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == account)
    if party is not None:
        wanted = wanted.where(Posting.party == party)
    return int(session().scalar(wanted) or 0)


def cases() -> set[str]:
    session().rollback()
    return set(session().scalars(select(PaymentIssue.kind).where(PaymentIssue.closed_at.is_(None))))


def sound() -> None:
    session().rollback()
    session().expire_all()
    assert {f.name: f.offenders for f in invariants.run("payments", "banking", "ledger") if not f.ok} == {}


def test_it_goes_from_the_gateway_to_the_bank_and_nothing_is_left_on_the_way(account: str, stripe: FakeStripe) -> None:
    made = sent(stripe)
    row = payout()
    assert (row.amount, row.lines_amount, row.lines_count, row.status) == (NET, NET, 1, "in_transit")
    assert (balance("gateway"), balance("gateway-fees"), balance("transit", f"gateway-payout:{made['id']}")) == (
        0,
        30_000,
        NET,
    )
    assert cases() == set()
    send(account, statement(told(NET, "STRIPE CHO BEN PAYOUT", name="STRIPE PAYMENTS")))
    line = only()
    assert (line.queue, line.hint and line.hint["reference"]) == (Queue.REMITTED, made["id"])
    handling.remit(CLERK, line.reference, "gateway-payout", made["id"], line.version, op_key=key())
    assert (only().state, payout().arrived_amount) == (LineState.CREDITED, NET)
    assert balance("transit", f"gateway-payout:{made['id']}") == 0
    assert balance("bank") == NET
    sound()
    line = only()
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    assert (payout().arrived_amount, payout().arrived_at) == (0, None)
    assert balance("transit", f"gateway-payout:{made['id']}") == NET
    sound()


def test_another_amount_is_not_suggested_and_takes_what_it_brings(account: str, stripe: FakeStripe) -> None:
    made = sent(stripe)
    send(account, statement(told(NET - 11_000, "STRIPE CHO BEN")))
    line = only()
    assert line.queue == Queue.UNMATCHED
    with pytest.raises(Invalid) as refused:
        handling.remit(CLERK, line.reference, "gateway-payout", made["id"], line.version, "x", op_key=key())
    assert refused.value.field == "why"
    handling.remit(CLERK, line.reference, "gateway-payout", made["id"], line.version, "cổng trừ phí", op_key=key())
    assert parts(only())[0].note == "cổng trừ phí"
    assert (payout().arrived_amount, payout().arrived_at) == (NET - 11_000, None)
    send(account, statement(told(NET, "STRIPE CHO BEN")))
    late = next(x for x in lines() if x.state is LineState.OPEN)
    with pytest.raises(NotFound):
        handling.remit(CLERK, late.reference, "gateway-payout", "po_nobody", late.version, op_key=key())
    sound()


def test_one_that_never_comes_is_a_case_until_it_does(account: str, stripe: FakeStripe) -> None:
    made = sent(stripe)
    with transaction() as s:
        s.execute(update(GatewayPayout).values(due_on=clock.today() - timedelta(days=4)))
    made["arrival_date"] = int((clock.now() - timedelta(days=4)).timestamp())
    payments.compare()
    payments.compare()
    assert cases() == {"payout_late"}
    send(account, statement(told(NET, "STRIPE CHO BEN")))
    line = only()
    handling.remit(CLERK, line.reference, "gateway-payout", made["id"], line.version, op_key=key())
    assert cases() == set()


def test_one_that_failed_is_at_the_gateway_again(account: str, stripe: FakeStripe) -> None:
    made = sent(stripe)
    stripe.fail_payout(made["id"])
    payments.compare()
    assert (payout().status, cases()) == ("failed", {"payout_failed"})
    assert (balance("gateway"), balance("transit")) == (NET, 0)
    send(account, statement(told(NET, "STRIPE CHO BEN")))
    assert only().queue == Queue.UNMATCHED
    sound()


def test_what_does_not_add_up_is_a_case(account: str, stripe: FakeStripe) -> None:
    placed = place("card", 1_000_000)
    stripe.pay(begin(placed))
    stripe.settle()
    paid(placed.order_id)
    line = stripe.pay_out()
    stripe.payouts[line["source"]["id"]]["amount"] -= 1
    payments.compare()
    assert cases() == {"payout_differs", "gateway_payout"}  # its sum, and its own line of the balance
    sound()


def test_in_another_currency_it_is_no_money_of_ours(account: str, stripe: FakeStripe) -> None:
    placed = place("card", 1_000_000)
    stripe.pay(begin(placed))
    stripe.settle()
    paid(placed.order_id)
    line = stripe.pay_out()
    stripe.payouts[line["source"]["id"]]["currency"] = "usd"
    payments.compare()
    assert session().scalar(select(func.count()).select_from(GatewayPayout)) == 0
    assert "payout_differs" in cases()


def test_two_clerks_put_two_lines_to_one_payout(
    account: str, stripe: FakeStripe, app: Flask, together: Callable[..., Any]
) -> None:
    made = sent(stripe)
    send(account, statement(told(NET, "STRIPE CHO BEN"), told(NET, "STRIPE CHO BEN 2")))
    seen = [(x.reference, x.version) for x in lines()]
    outcomes = together(
        app,
        [lambda r=r, v=v: handling.remit(CLERK, r, "gateway-payout", made["id"], v, op_key=key()) for r, v in seen],
    )
    said = {type(o.error).__name__ for o in outcomes}
    assert said in ({"NoneType", "NotFound"}, {"NoneType", "PayoutMoved"})  # before or behind the other's lock
    assert payout().arrived_amount == NET
    sound()


def test_the_office_sees_it(account: str, stripe: FakeStripe, client: Any) -> None:
    made = sent(stripe)
    sign_in(client, Role.ORDER_DESK)
    page = client.get("/office/payments/payouts").get_data(as_text=True)
    assert made["id"] in page
    assert "970.000" in page
    send(account, statement(told(NET, "STRIPE CHO BEN")))
    page = client.get(f"/office/bank/lines/{only().reference}").get_data(as_text=True)
    assert "Cổng thanh toán chuyển về" in page
    line = only()
    answer = client.fill(
        f"/office/bank/lines/{line.reference}", form=f"/office/bank/lines/{line.reference}/remit", kind="gateway-payout",
        target=made["id"],
    )  # fmt: skip
    assert answer.status_code == 303
    assert payout().arrived_amount == NET


def test_faults_are_seen(account: str, stripe: FakeStripe) -> None:
    sent(stripe)
    with transaction() as s:
        s.execute(update(GatewayPayout).values(arrived_amount=5))
    assert "payments.payouts-are-what-arrived" in {f.name for f in invariants.run("payments") if not f.ok}
    with transaction() as s:
        s.execute(update(GatewayPayout).values(arrived_amount=0))
        s.execute(
            text("UPDATE payment_gateway_lines SET amount = amount-1, net_amount = net_amount-1 WHERE kind = 'payout'")
        )
    assert "payments.ledger-says-the-same" in {f.name for f in invariants.run("payments") if not f.ok}
