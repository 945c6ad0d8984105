"""Four clerks at one thing in four ways at one moment: one of them is first, the others are told, the books add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from shop.banking.models import LineState, Use
from shop.banking.services import handling, matching
from shop.kernel import invariants
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.payments import services as payments
from shop.payments.models import PaymentIssue, PaymentState, Refund, RefundState
from tests.banking.conftest import CLERK, key, lines, number, parts, payment_of, place, send, statement, told

CLERKS = [Actor("user", f"Người {n}", 20 + n) for n in range(4)]
Act = Callable[[], Any]


def sound() -> None:
    session().rollback()
    session().expire_all()
    assert {f.name: f.offenders for f in invariants.run("banking", "payments", "ledger") if not f.ok} == {}


def won(outcomes: list[Any]) -> int:
    """How many did what they meant to; whoever did not was told in words, none by a fault."""
    assert [o.error for o in outcomes if o.error is not None and not hasattr(o.error, "code")] == []
    return sum(o.error is None for o in outcomes)


def test_one_refund_two_lines_a_hand_and_a_no(account: str, app: Flask, together: Callable[..., Any]) -> None:
    placed = place("vietqr")
    send(account, statement(told(200_000, f"{placed.code}")))
    line = lines()[0]
    handling.credit(CLERK, line.reference, [(placed.reference, 185_000)], line.version, op_key=key())
    line = lines()[0]
    handling.give_back(CLERK, line.reference, placed.reference, "trả thừa", line.version, op_key=key())
    refund = session().scalars(select(Refund)).one()
    send(account, statement(told(-15_000, "hoan 1"), told(-15_000, "hoan 2")))
    one, two = lines()[1:]
    target, first, second = str(refund.id), (one.reference, one.version), (two.reference, two.version)
    acts: list[Act] = [
        lambda: handling.confirm(CLERKS[0], first[0], "refund", target, first[1], op_key=key()),
        lambda: handling.confirm(CLERKS[1], second[0], "refund", target, second[1], op_key=key()),
        lambda: payments.settle_refund(CLERKS[2], int(target), number(), key()),
        lambda: payments.give_up_refund(CLERKS[3], int(target), "khách không lấy", key()),
    ]
    session().rollback()
    assert won(together(app, acts)) == 1
    session().rollback()
    session().expire_all()
    state = session().scalars(select(Refund.state)).one()
    confirmed = [x for x in lines()[1:] if x.state is LineState.CONFIRMED]
    assert len(confirmed) <= 1
    assert state in {RefundState.SUCCEEDED, RefundState.FAILED}
    sound()
    for done in confirmed:
        handling.undo(CLERK, done.reference, parts(done)[-1].id, done.version, frozenset({Use.REFUND}), op_key=key())
        session().expire_all()
        assert session().scalars(select(Refund.state)).one() is RefundState.PENDING
        sound()


def test_a_short_payment_is_agreed_to_sent_back_or_made_up(
    account: str, app: Flask, together: Callable[..., Any]
) -> None:
    placed = place("vietqr")
    send(account, statement(told(184_999, f"{placed.code}")))
    line = lines()[0]
    handling.credit(CLERK, line.reference, [(placed.reference, 184_999)], line.version, op_key=key())
    case = session().scalars(select(PaymentIssue.id)).one()
    send(account, statement(told(1, "mot dong")))
    rest = lines()[-1]
    name, seen = rest.reference, rest.version
    session().rollback()
    acts: list[Act] = [
        lambda: payments.settle_issue(CLERKS[0], case, "waive", "làm tròn", key()),
        lambda: payments.settle_issue(CLERKS[1], case, "return", "trả lại khách", key()),
        lambda: handling.credit(CLERKS[2], name, [(placed.reference, 1)], seen, op_key=key()),
        lambda: payments.settle_issue(CLERKS[3], case, "waive", "làm tròn", key()),
    ]
    won(together(app, acts))
    payment = payment_of(placed)
    back = sum(session().scalars(select(Refund.amount).where(Refund.state != RefundState.FAILED)))
    if payment.state is PaymentState.CAPTURED:
        assert payment.captured_amount + payment.waived_amount == 185_000
    else:
        assert payment.state is PaymentState.HELD
        assert back == 184_999
    assert payment.amount + payment.waived_amount == 185_000
    sound()


def test_undone_credited_waived_and_matched_at_once(account: str, app: Flask, together: Callable[..., Any]) -> None:
    placed = place("vietqr")
    send(account, statement(told(184_500, f"{placed.code}")))
    line = lines()[0]
    handling.credit(CLERK, line.reference, [(placed.reference, 184_500)], line.version, op_key=key())
    case = session().scalars(select(PaymentIssue.id)).one()
    line = lines()[0]
    name, seen, part = line.reference, line.version, parts(line)[0].id
    send(account, statement(told(500, f"{placed.code}")), apply=False)
    session().rollback()
    acts: list[Act] = [
        lambda: handling.undo(CLERKS[0], name, part, seen, op_key=key()),
        lambda: payments.settle_issue(CLERKS[1], case, "waive", "làm tròn", key()),
        lambda: payments.confirm_transfer(CLERKS[2], placed.payment_id, 500, number(), key()),
        matching.run,
    ]
    won(together(app, acts))
    payment = payment_of(placed)
    assert payment.amount + payment.waived_amount == 185_000
    sound()
