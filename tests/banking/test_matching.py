"""What matches exactly is credited by the machine; everything else waits for people, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.banking.models import LineState, Queue, Use
from shop.banking.services import matching
from shop.checkout.services import late
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.orders.models import Order, OrderStatus, PaymentStatus
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentIssue, PaymentReceipt, PaymentState
from tests.banking.conftest import CLERK, broken, key, lines, only, parts, payment_of, place, send, statement, told

DOORS = [
    "{c}", "{l}", "{s}", "MBVCB.6543210987.{c}.CT tu 0123456789 NGUYEN VAN A toi 9876543210 CHO BEN",
    "CT DEN:633212345678 {l} chuyen tien", "IBFT {b}", "ocop {s} GD 123456-112826 10:22:33", "{c}-CHUYEN TIEN-OQCH0001",
]  # fmt: skip


def mangled(how: str, code: str) -> str:
    symbols = code[4:]
    return how.format(c=code, l=code.lower(), s=f"{symbols[:4]} {symbols[4:8]} {symbols[8:]}", b=" ".join(code))


@pytest.mark.parametrize("how", DOORS)
def test_the_right_code_and_amount_pay_the_order(account: str, how: str) -> None:
    placed = place("vietqr")
    other = place("vietqr")
    send(account, statement(told(185_000, mangled(how, placed.code or ""))))
    line = only()
    assert (line.state, line.queue, line.rest_amount) == (LineState.CREDITED, None, 0)
    assert payment_of(placed).state is PaymentState.CAPTURED
    assert payment_of(other).state is PaymentState.PENDING
    order = session().get(Order, placed.order_id)
    assert order is not None
    assert (order.status, order.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    receipt = session().scalars(select(PaymentReceipt)).one()
    assert (receipt.amount, receipt.evidence) == (185_000, f"bank:{line.reference}")
    assert broken() == set()


@pytest.mark.parametrize(
    ("amount", "queue"), [(184_999, Queue.SHORT), (185_001, Queue.OVER), (1, Queue.SHORT), (370_000, Queue.OVER)]
)
def test_another_amount_waits_for_a_person(account: str, amount: int, queue: Queue) -> None:
    placed = place("vietqr")
    send(account, statement(told(amount, f"{placed.code}")))
    line = only()
    assert (line.state, line.queue) == (LineState.OPEN, queue)
    assert line.hint is not None
    assert line.hint["parts"] == [[placed.payment_id, min(amount, 185_000)]]
    assert payment_of(placed).state is PaymentState.PENDING
    assert broken() == set()


def test_a_memo_with_two_codes_waits(account: str) -> None:
    one, two = place("vietqr", 100_000), place("vietqr", 85_000)
    send(account, statement(told(185_000, f"{one.code} va {two.code}"), told(100_000, f"{one.code} {two.code}")))
    whole, part = lines()
    assert (whole.queue, part.queue) == (Queue.SEVERAL, Queue.SEVERAL)
    assert whole.hint is not None
    assert sorted(whole.hint["parts"]) == [[one.payment_id, 100_000], [two.payment_id, 85_000]]
    assert payment_of(one).state is payment_of(two).state is PaymentState.PENDING


def test_a_code_of_nobody_and_no_code_wait(account: str) -> None:
    placed = place("vietqr")
    wrong = f"OCOP{placed.code[4:-1]}{'A' if placed.code[-1] != 'A' else 'C'}" if placed.code else ""
    send(account, statement(told(185_000, wrong), told(185_000, "chuyen tien"), told(185_000, "")))
    assert {line.queue for line in lines()} == {Queue.UNMATCHED}
    assert payment_of(placed).state is PaymentState.PENDING


def test_two_honest_equal_transfers_both_stand_and_only_one_pays(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}", ""), told(185_000, f"{placed.code}", "")))
    first, second = lines()
    assert (first.state, second.queue) == (LineState.CREDITED, Queue.AGAIN)
    assert second.hint is not None
    assert second.hint["action"] == "return"
    assert payment_of(placed).captured_amount == 185_000


def test_late_money_keeps_its_rules(account: str) -> None:
    """The order is gone and so are its goods (it has none): the machine credits, checkout sends it back once in the end."""
    placed = place("vietqr")
    with transaction() as s:
        payments.close_for_order(placed.order_id)
        s.execute(
            update(Order)
            .where(Order.id == placed.order_id)
            .values(status=OrderStatus.CANCELLED, payment_status=PaymentStatus.VOID, cancelled_at=clock.now())
        )
    send(account, statement(told(185_000, f"{placed.code}"), told(180_000, f"{placed.code}")))
    exact, wrong = lines()
    assert exact.state is LineState.CREDITED
    assert wrong.queue == Queue.AGAIN
    payment = payment_of(placed)
    assert (payment.state, payment.captured_amount, payment.refunded_amount) == (PaymentState.CAPTURED, 185_000, 0)
    assert late.give_back_overdue() == 0
    with transaction() as s:
        s.execute(update(PaymentIssue).where(PaymentIssue.key == late.key_of(payment.id)).values(due_at=clock.now()))
    assert (late.give_back_overdue(), late.give_back_overdue()) == (1, 0)
    assert payment_of(placed).refunded_amount == 185_000
    assert broken() == set()


def test_a_late_transfer_of_another_amount_has_its_queue(account: str) -> None:
    placed = place("vietqr")
    with transaction():
        payments.close_for_order(placed.order_id)
    send(account, statement(told(100_000, f"{placed.code}")))
    assert only().queue == Queue.LATE


def test_what_a_person_recorded_is_not_credited_again(account: str) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "ft26 900001", key())
    send(account, statement(told(185_000, f"{placed.code}", "FT26900001")))
    line = only()
    assert line.state is LineState.CREDITED
    assert parts(line)[0].adopted
    assert payment_of(placed).captured_amount == 185_000
    assert broken() == set()


def test_what_the_machine_credited_cannot_be_recorded_by_hand(account: str) -> None:
    placed, other = place("vietqr"), place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}", "FT26900001")))
    with pytest.raises(payments_errors()):
        payments.confirm_transfer(CLERK, other.payment_id, 185_000, "FT26900001", key())


def payments_errors() -> Any:
    from shop.payments.errors import ReferenceUsed

    return ReferenceUsed


def test_recorded_by_hand_under_a_mistyped_number_is_suggested(account: str) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26900010", key())
    send(account, statement(told(185_000, f"{placed.code}", "FT26900001")))
    line = only()
    assert line.queue == Queue.AGAIN
    assert line.hint is not None
    assert (line.hint["action"], line.hint["reasons"]) == ("adopt", ["code", "hand"])


def test_the_rest_of_an_order_pays_it_by_itself(account: str) -> None:
    from shop.banking.services import handling

    placed = place("vietqr")
    send(account, statement(told(100_000, f"{placed.code}")))
    line = only()
    handling.credit(CLERK, line.reference, [(placed.reference, 100_000)], line.version, op_key=key())
    assert payment_of(placed).state is PaymentState.HELD
    send(account, statement(told(85_000, f"lan 2 {placed.code}")))
    assert [x.state for x in lines()] == [LineState.CREDITED, LineState.CREDITED]
    assert payment_of(placed).state is PaymentState.CAPTURED
    assert broken() == set()


def test_name_time_and_amount_make_a_suggestion_and_no_match(account: str) -> None:
    placed = place("vietqr", 245_000)
    place("vietqr", 245_000)
    with transaction() as s:
        s.execute(update(Order).where(Order.id == placed.order_id).values(name="Lê Thị Hòa"))
    send(account, statement(told(245_000, "LE THI HOA chuyen tien mua cha muc")))
    line = only()
    assert line.queue == Queue.UNMATCHED
    assert line.hint == {
        "action": "credit", "parts": [[placed.payment_id, 245_000]], "reasons": ["amount", "name", "time"]
    }  # fmt: skip
    assert payment_of(placed).state is PaymentState.PENDING


def test_equal_orders_without_any_clue_make_no_suggestion(account: str) -> None:
    place("vietqr", 245_000)
    place("vietqr", 245_000)
    send(account, statement(told(245_000, "chuyen tien")))
    assert only().hint is None


def test_who_paid_before_is_known_again(account: str) -> None:
    first = place("vietqr")
    send(account, statement(told(185_000, f"{first.code}", account="19001234567")))
    again, _other = place("vietqr", 90_000), place("vietqr", 90_000)
    with transaction() as s:
        s.execute(update(Order).where(Order.id == _other.order_id).values(phone="+84987654321"))
    send(account, statement(told(90_000, "tien hang", account="19001234567")))
    hint = lines()[-1].hint
    assert hint is not None
    assert hint["parts"] == [[again.payment_id, 90_000]]
    assert "earlier" in hint["reasons"]


def test_fees_interest_and_own_money_are_seen_by_their_words(account: str) -> None:
    send(
        account,
        statement(
            told(-11_000, "Thu phi SMS Banking thang 11"), told(1_234, "Tra lai tien gui"),
            told(5_000_000, "chuyen noi bo", account="0123456789"),
        ),
    )  # fmt: skip
    assert [(x.hint or {}).get("category") for x in lines()] == ["fee", "interest", "own"]
    assert [x.queue for x in lines()] == [Queue.OUT, Queue.UNMATCHED, Queue.UNMATCHED]


def test_a_refund_that_was_recorded_is_confirmed_by_its_line(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}")))
    asked = payments.request_refund(CLERK, placed.payment_id, 50_000, "hàng lỗi", key())
    send(account, statement(told(-50_000, f"Hoan tien {placed.reference}")))
    out = lines()[-1]
    assert (out.queue, (out.hint or {}).get("reference")) == (Queue.OUT, str(asked.id))
    payments.settle_refund(CLERK, asked.id, "FT26777001", key())
    send(account, statement(told(-50_000, "tra khach", "FT26777001")))
    out = lines()[-1]
    assert out.state is LineState.CONFIRMED
    assert [(p.use, p.amount) for p in parts(out)] == [(Use.REFUND, 50_000)]
    assert broken() == set()


def test_two_runs_at_once_credit_once(account: str, app: Flask, together: Callable[..., Any]) -> None:
    placed = [place("vietqr") for _ in range(6)]
    from shop.banking.services import files

    reference = files.upload(
        CLERK, account, statement(*(told(185_000, f"{p.code}") for p in placed)), "a.csv", op_key=key()
    )
    files.apply(CLERK, reference)

    outcomes = together(app, matching.run, times=3)
    assert [o.error for o in outcomes] == [None] * 3
    assert {x.state for x in lines()} == {LineState.CREDITED}
    assert all(payment_of(p).captured_amount == 185_000 for p in placed)
    assert broken() == set()


def test_a_line_is_sorted_anew_when_its_payment_was_paid_meanwhile(account: str) -> None:
    placed = place("vietqr")
    reference = send(account, statement(told(185_000, f"{placed.code}")), apply=False).reference
    from shop.banking.services import files

    files.apply(CLERK, reference)
    matching.sort()
    assert only().queue == Queue.EXACT
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26900077", key())
    matching.run()
    assert only().queue == Queue.AGAIN
    assert payment_of(placed).captured_amount == 185_000


def test_nothing_is_left_to_the_machine_for_long(account: str) -> None:
    from shop.banking.models import BankLine
    from shop.banking.services import files

    files.apply(CLERK, send(account, statement(told(1000, "x")), apply=False).reference)
    with transaction() as s:
        s.execute(update(BankLine).values(seen_at=clock.now() - timedelta(hours=1)))
    assert broken() == {"banking.sorted-in-time"}


def test_codes_of_payments_are_of_transfers_alone(account: str) -> None:
    cash = place("cod")
    assert session().scalar(select(Payment.code).where(Payment.id == cash.payment_id)) is None
