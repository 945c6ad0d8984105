"""What people do with lines: split, short, over, given back, kept, set aside, confirmed; undone while nothing has followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.banking import offers
from shop.banking.errors import CannotUndo, LineChanged, LineSpent, LineTaken, OrderWentOn, UnknownOrder
from shop.banking.models import BankLine, LineState, Queue, Use
from shop.banking.services import handling
from shop.kernel import clock, jobs
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.ledger.models import Posting
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Order, PaymentMethod, PaymentStatus
from shop.payments import services as payments
from shop.payments.errors import NotCaptured, PaymentClosed, ReferenceUsed
from shop.payments.models import Payment, PaymentIssue, PaymentReceipt, PaymentState, Refund, RefundState
from shop.stock.models import StockLevel
from tests import factories
from tests.banking.conftest import (
    CLERK,
    OTHER,
    Placed,
    broken,
    key,
    lines,
    only,
    parts,
    payment_of,
    place,
    send,
    statement,
    told,
)
from tests.remittances.conftest import Shelf


def credit(line: BankLine, *to: tuple[str, int], actor: Any = CLERK) -> None:
    handling.credit(actor, line.reference, to, line.version, op_key=key())


def letters(kind: str) -> list[Letter]:
    jobs.dispatch()
    return list(session().scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)))


def reachable(placed: Placed) -> None:
    with transaction() as s:
        s.execute(update(Order).where(Order.id == placed.order_id).values(email="an@example.vn"))


def open_issues() -> list[str]:
    return list(session().scalars(select(PaymentIssue.kind).where(PaymentIssue.closed_at.is_(None))))


def test_one_line_is_split_over_several_orders(account: str) -> None:
    placed = [place("vietqr", amount) for amount in (100_000, 50_000, 35_000)]
    send(account, statement(told(200_000, "tra ba don")))
    line = only()
    credit(line, *((p.reference.lower(), p.amount) for p in placed))
    line = only()
    assert (line.state, line.queue, line.rest_amount) == (LineState.OPEN, Queue.REST, 15_000)
    assert all(payment_of(p).state is PaymentState.CAPTURED for p in placed)
    handling.keep(CLERK, line.reference, "khách tặng cửa hàng", line.version, op_key=key())
    line = only()
    assert (line.state, sum(p.amount for p in parts(line))) == (LineState.CREDITED, 200_000)
    assert broken() == set()


def test_a_short_payer_is_told_what_is_missing(account: str) -> None:
    placed = place("vietqr")
    reachable(placed)
    send(account, statement(told(100_000, f"{placed.code}")))
    credit(only(), (placed.code or "", 100_000))
    assert payment_of(placed).state is PaymentState.HELD
    (letter,) = letters("bank.short")
    assert "85.000" in letter.body_text
    assert placed.code in letter.body_text
    assert open_issues() == ["wrong_amount"]
    assert only().state is LineState.CREDITED
    assert broken() == set()


def test_an_over_payer_is_told_and_the_order_is_paid(account: str) -> None:
    placed = place("vietqr")
    reachable(placed)
    send(account, statement(told(200_000, f"{placed.code}")))
    credit(only(), (placed.reference, 185_000))
    line = only()
    assert (line.queue, line.rest_amount) == (Queue.REST, 15_000)
    assert payment_of(placed).state is PaymentState.CAPTURED
    (letter,) = letters("bank.over")
    assert "15.000" in letter.body_text
    assert open_issues() == []
    assert broken() == set()


def test_no_letter_about_what_was_undone_meanwhile(account: str) -> None:
    placed = place("vietqr")
    reachable(placed)
    send(account, statement(told(100_000, f"{placed.code}")))
    credit(only(), (placed.reference, 100_000))
    handling.undo(CLERK, only().reference, parts(only())[0].id, only().version, op_key=key())
    assert letters("bank.short") == []


def test_what_is_over_goes_back_and_the_banks_line_confirms_it(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(200_000, f"{placed.code}")))
    credit(only(), (placed.reference, 185_000))
    line = only()
    handling.give_back(CLERK, line.reference, placed.reference, "trả thừa", line.version, op_key=key())
    assert only().state is LineState.CREDITED
    payment = payment_of(placed)
    assert (payment.captured_amount, payment.refunded_amount) == (200_000, 15_000)
    refund = session().scalars(select(Refund)).one()
    assert (refund.state, refund.amount) == (RefundState.PENDING, 15_000)
    assert open_issues() == []
    order = session().get(Order, placed.order_id)
    assert order is not None
    assert order.payment_status is PaymentStatus.PAID
    send(account, statement(told(-15_000, f"Hoan tien don {placed.reference}")))
    out = lines()[-1]
    assert (out.hint or {})["reference"] == str(refund.id)
    handling.confirm(CLERK, out.reference, "refund", str(refund.id), out.version, op_key=key())
    out = lines()[-1]
    assert (out.state, [(p.use, p.amount) for p in parts(out)]) == (LineState.CONFIRMED, [(Use.REFUND, 15_000)])
    session().expire_all()
    assert session().scalars(select(Refund.state)).one() is RefundState.SUCCEEDED
    with pytest.raises(CannotUndo):  # that takes the right of refunds
        handling.undo(CLERK, out.reference, parts(out)[0].id, out.version, op_key=key())
    assert broken() == set()
    assert transit(placed) == 0
    handling.undo(CLERK, out.reference, parts(out)[0].id, out.version, frozenset({Use.REFUND}), op_key=key())
    out = lines()[-1]
    assert (out.state, out.queue, out.rest_amount) == (LineState.OPEN, Queue.OUT, 15_000)
    refund = session().scalars(select(Refund)).one()
    assert (refund.state, refund.done_at, refund.provider_reference) == (RefundState.PENDING, None, None)
    assert transit(placed) == 0  # the refund's transfer is not in the books any more, nor is the line's
    assert broken() == set()
    handling.confirm(CLERK, out.reference, "refund", str(refund.id), out.version, op_key=key())
    assert session().scalars(select(Refund.state)).one() is RefundState.SUCCEEDED
    assert broken() == set()


def transit(placed: Placed) -> int:
    session().rollback()
    wanted = select(func.coalesce(func.sum(Posting.amount), 0)).where(
        Posting.account == "transit", Posting.party == f"order:{placed.reference}"
    )
    return int(session().scalar(wanted) or 0)


def test_a_refund_of_a_whole_cancelled_order_is_undone_and_waits_again(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}")))
    orders.cancel(CLERK, placed.order_id, "khách đổi ý")
    refund = session().scalars(select(Refund)).one()
    send(account, statement(told(-185_000, f"Hoan tien don {placed.reference}")))
    out = lines()[-1]
    handling.confirm(CLERK, out.reference, "refund", str(refund.id), out.version, op_key=key())
    order = session().get_one(Order, placed.order_id)
    session().refresh(order)
    assert order.payment_status is PaymentStatus.REFUNDED
    out = lines()[-1]
    handling.undo(CLERK, out.reference, parts(out)[0].id, out.version, frozenset({Use.REFUND}), op_key=key())
    session().refresh(order)
    assert order.payment_status is PaymentStatus.REFUND_PENDING
    assert broken() == set()
    # Somebody wrote it down by hand meanwhile: the line joins what he wrote.
    payments.settle_refund(OTHER, refund.id, out.bank_reference or "", key())
    line = lines()[-1]
    offer = offers.offers_of([line])[line.id]
    assert (offer.act, dict(offer.fields)) == ("confirm-refund", {"target": str(refund.id)})
    handling.confirm(CLERK, line.reference, "refund", str(refund.id), line.version, op_key=key())
    line = lines()[-1]
    assert (line.state, parts(line)[-1].adopted) == (LineState.CONFIRMED, True)
    assert broken() == set()
    # What is joined only is taken apart without a change of the refund.
    handling.undo(CLERK, line.reference, parts(line)[-1].id, line.version, frozenset({Use.REFUND}), op_key=key())
    session().expire_all()
    assert session().scalars(select(Refund.state)).one() is RefundState.SUCCEEDED
    assert broken() == set()


def test_a_buyer_who_was_told_of_a_refund_is_told_that_it_was_none_and_once_more_when_it_is(account: str) -> None:
    placed = place("vietqr")
    reachable(placed)
    send(account, statement(told(185_000, f"{placed.code}")))
    orders.cancel(CLERK, placed.order_id, "khách đổi ý")
    refund = session().scalars(select(Refund)).one()
    send(account, statement(told(-185_000, f"Hoan tien don {placed.reference}")))

    def confirm() -> None:
        out = lines()[-1]
        handling.confirm(CLERK, out.reference, "refund", str(refund.id), out.version, op_key=key())

    def undo() -> None:
        out = lines()[-1]
        handling.undo(CLERK, out.reference, parts(out)[-1].id, out.version, frozenset({Use.REFUND}), op_key=key())

    confirm()
    assert len(letters("order.refunded")) == 1
    undo()
    (sorry,) = letters("order.not_refunded")
    assert "chưa đến được bạn" in sorry.subject
    assert "185.000 ₫" in sorry.body_text.replace("\xa0", " ")
    assert "gửi lại" in sorry.body_text
    confirm()
    assert len(letters("order.refunded")) == 2
    # Undone before anybody was told: nothing is to be put right.
    undo()
    assert len(letters("order.not_refunded")) == 2
    confirm()
    undo()
    assert (len(letters("order.refunded")), len(letters("order.not_refunded"))) == (2, 2)


def test_four_clerks_undo_one_confirmed_refund(account: str, app: Flask, together: Callable[..., Any]) -> None:
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}")))
    orders.cancel(CLERK, placed.order_id, "khách đổi ý")
    refund = session().scalars(select(Refund)).one()
    send(account, statement(told(-185_000, f"Hoan tien don {placed.reference}")))
    out = lines()[-1]
    handling.confirm(CLERK, out.reference, "refund", str(refund.id), out.version, op_key=key())
    out = lines()[-1]
    part, seen, name = parts(out)[0].id, out.version, out.reference
    one = frozenset({Use.REFUND})
    outcomes = together(app, [lambda: handling.undo(CLERK, name, part, seen, one, op_key=key()) for _n in range(4)])
    assert sorted(type(o.error).__name__ for o in outcomes) == ["LineChanged"] * 3 + ["NoneType"]
    assert lines()[-1].rest_amount == 185_000
    assert broken() == set()


def test_undoing_what_is_over_takes_it_out_of_the_books(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(200_000, f"{placed.code}")))
    credit(only(), (placed.reference, 185_000))
    line = only()
    handling.give_back(CLERK, line.reference, placed.reference, "trả thừa", line.version, op_key=key())
    part = parts(only())[-1]
    handling.undo(CLERK, line.reference, part.id, only().version, op_key=key())
    line = only()
    assert (line.state, line.queue, line.rest_amount) == (LineState.OPEN, Queue.REST, 15_000)
    payment = payment_of(placed)
    assert (payment.state, payment.captured_amount, payment.refunded_amount) == (PaymentState.CAPTURED, 185_000, 0)
    assert open_issues() == []
    assert broken() == set()
    # And once more the other way: the same money can be put somewhere again.
    handling.keep(CLERK, line.reference, "khách cho", line.version, op_key=key())
    assert broken() == set()


def test_a_held_credit_is_undone_and_put_to_another_order(account: str) -> None:
    wrong, right = place("vietqr", 300_000), place("vietqr", 100_000)
    send(account, statement(told(100_000, "chuyen tien", "FT26111111")))
    credit(only(), (wrong.reference, 100_000))
    line = only()
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    payment = payment_of(wrong)
    assert (payment.state, payment.captured_amount) == (PaymentState.PENDING, 0)
    assert open_issues() == []
    assert [r.amount for r in session().scalars(select(PaymentReceipt).order_by(PaymentReceipt.id))] == [
        100_000,
        -100_000,
    ]
    line = only()
    assert (line.state, line.queue) == (LineState.OPEN, Queue.UNMATCHED)
    credit(line, (right.reference, 100_000))
    line = only()
    assert [(p.amount, p.reverses_id is not None) for p in parts(line)] == [
        (100_000, False), (-100_000, True), (100_000, False)
    ]  # fmt: skip
    assert payment_of(right).state is PaymentState.CAPTURED
    assert broken() == set()


def test_money_of_another_is_taken_out_of_a_paid_order_until_somebody_said_it_will_be_sent(account: str) -> None:
    point, good = factories.make_point("Kho Thử"), factories.make_variant(amount=185_000)
    level = factories.put_in(good, point, 5)
    shelf = Shelf(point, good, level)
    until = clock.now() + timedelta(hours=24)
    found = orders.place(
        CLERK,
        orders.Draft(
            op_key=key(), op_digest="x", basket_key=None, user_id=None, locale="vi", payment_method=PaymentMethod.VIETQR,
            delivery=DeliveryKind.SHIP, name="Khách Thử", phone="+84900000003", email="khach@example.vn",
            parcels=(shelf.parcel(),), pay_until=until,
        ),
        key="k",
    )  # fmt: skip
    with transaction():
        opened = payments.open_payment(found.order_id, found.reference, PaymentMethod.VIETQR, 185_000, until)
    send(account, statement(told(185_000, "tien hang")))
    credit(only(), (found.reference, 185_000))
    assert (order_of(found).status, stock(level)) == ("placed", (0, 1))
    line = only()
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    order = order_of(found)
    assert (order.status, order.payment_status, stock(level)) == ("awaiting_payment", "unpaid", (1, 0))
    assert order.pay_until is not None
    assert order.pay_until > clock.now() + timedelta(hours=23)
    assert (payment_of(opened.id).state, only().state) == (PaymentState.PENDING, LineState.OPEN)
    assert broken() == set()
    assert [x.recipient for x in letters("bank.taken-out")] == ["khach@example.vn"]
    credit(only(), (found.reference, 185_000))
    orders.confirm(CLERK, found.order_id)
    line = only()
    with pytest.raises(OrderWentOn):
        handling.undo(CLERK, line.reference, parts(line)[-1].id, line.version, op_key=key())
    assert (payment_of(opened.id).state, stock(level)) == (PaymentState.CAPTURED, (0, 1))
    assert broken() == set()


def order_of(placed: Any) -> Order:
    session().expire_all()
    return session().get_one(Order, placed.order_id)


def stock(level_id: int) -> tuple[int, int]:
    """Held and allocated units."""
    level = session().get_one(StockLevel, level_id, populate_existing=True)
    return level.held, level.allocated


def test_an_undone_credit_of_a_cancelled_order_waits_for_no_money(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(100_000, "x")))
    credit(only(), (placed.reference, 100_000))
    with transaction() as s:
        s.execute(update(Order).where(Order.id == placed.order_id).values(status="cancelled", payment_status="void"))
    line = only()
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    assert payment_of(placed).state is PaymentState.CANCELLED
    assert broken() == set()


def test_kept_and_aside_are_undone(account: str) -> None:
    send(account, statement(told(1_000, "x"), told(-11_000, "phi sms")))
    one, fee = lines()
    handling.keep(CLERK, one.reference, "không rõ của ai", one.version, op_key=key())
    handling.set_aside(CLERK, fee.reference, "fee", "", fee.version, op_key=key())
    one, fee = lines()
    assert (one.state, fee.state) == (LineState.ASIDE, LineState.ASIDE)
    handling.undo(CLERK, one.reference, parts(one)[0].id, one.version, op_key=key())
    handling.undo(CLERK, fee.reference, parts(fee)[0].id, fee.version, op_key=key())
    one, fee = lines()
    assert (one.queue, fee.queue) == (Queue.UNMATCHED, Queue.OUT)
    with pytest.raises(CannotUndo):
        handling.undo(CLERK, one.reference, parts(one)[0].id, one.version, op_key=key())
    assert broken() == set()


def test_what_was_written_by_hand_is_joined(account: str) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(OTHER, placed.payment_id, 185_000, "FT26900010", key())
    send(account, statement(told(185_000, f"{placed.code}", "FT26900001")))
    line = only()
    handling.adopt(CLERK, line.reference, (line.hint or {})["receipt"], line.version, op_key=key())
    assert only().state is LineState.CREDITED
    assert payment_of(placed).captured_amount == 185_000
    send(account, statement(told(185_000, f"{placed.code}", "FT26900002")))
    other = lines()[-1]
    with pytest.raises(PaymentClosed):
        handling.adopt(CLERK, other.reference, parts(line)[0].receipt_id or 0, other.version, op_key=key())
    assert broken() == set()


def test_two_clerks_on_one_line_one_is_told(account: str) -> None:
    one, two = place("vietqr", 100_000), place("vietqr", 100_000)
    send(account, statement(told(500_000, "x")))
    seen = only()
    reference, version = seen.reference, seen.version
    handling.credit(CLERK, reference, [(one.reference, 100_000)], version, op_key=key())
    with pytest.raises(LineChanged):
        handling.credit(OTHER, reference, [(two.reference, 100_000)], version, op_key=key())
    assert payment_of(two).state is PaymentState.PENDING


def test_two_clerks_at_one_moment(account: str, app: Flask, together: Callable[..., Any]) -> None:
    placed = [place("vietqr", 100_000) for _ in range(4)]
    send(account, statement(told(100_000, "x")))
    seen = only()
    reference, version = seen.reference, seen.version

    def act(p: Placed, actor: Any) -> Callable[[], None]:
        return lambda: handling.credit(actor, reference, [(p.reference, 100_000)], version, op_key=key())

    outcomes = together(app, [act(p, CLERK if n % 2 else OTHER) for n, p in enumerate(placed)])
    assert sorted(type(o.error).__name__ for o in outcomes) == ["LineChanged", "LineChanged", "LineChanged", "NoneType"]
    assert broken() == set()
    assert session().scalar(select(func.count()).select_from(PaymentReceipt)) == 1


def test_two_lines_for_one_order_at_one_moment(account: str, app: Flask, together: Callable[..., Any]) -> None:
    placed = place("vietqr", 100_000)
    send(account, statement(told(100_000, "x"), told(100_000, "y")))
    seen = [(x.reference, x.version) for x in lines()]
    outcomes = together(
        app,
        [lambda r=r, v=v: handling.credit(CLERK, r, [(placed.reference, 100_000)], v, op_key=key()) for r, v in seen],
    )
    assert sorted(type(o.error).__name__ for o in outcomes) == ["NoneType", "PaymentClosed"]
    assert payment_of(placed).captured_amount == 100_000
    assert broken() == set()


def test_a_taken_line_is_its_takers(account: str) -> None:
    placed = place("vietqr", 100_000)
    send(account, statement(told(100_000, "x")))
    handling.take(OTHER, only().reference)
    with pytest.raises(LineTaken):
        credit(only(), (placed.reference, 100_000))
    with pytest.raises(LineChanged):
        handling.leave(CLERK, only().reference)
    handling.take(CLERK, only().reference)
    credit(only(), (placed.reference, 100_000))
    line = only()
    assert (line.taken_key, line.state) == (None, LineState.CREDITED)
    with pytest.raises(LineChanged):
        handling.take(CLERK, line.reference)


def test_the_same_form_twice_is_done_once(account: str) -> None:
    placed = place("vietqr", 100_000)
    send(account, statement(told(300_000, "x")))
    line, op_key = only(), key()
    version = line.version
    for _ in range(2):
        handling.credit(CLERK, line.reference, [(placed.reference, 100_000)], version, op_key=op_key)
    assert only().handled_amount == 100_000


@pytest.mark.parametrize("amount", [0, -1, 100_001, 300_000])
def test_no_more_than_an_order_lacks(account: str, amount: int) -> None:
    placed = place("vietqr", 100_000)
    send(account, statement(told(200_000, "x")))
    with pytest.raises((Invalid, LineSpent)):
        credit(only(), (placed.reference, amount))
    assert payment_of(placed).captured_amount == only().handled_amount == 0


def test_wrong_words_are_refused_and_nothing_is_done(account: str) -> None:
    cash, placed = place("cod", 100_000), place("vietqr", 100_000)
    send(account, statement(told(200_000, "x"), told(-5_000, "y")))
    line, out = lines()
    for told_code in (cash.reference, "HX7K-3M2P", "?", f"{placed.code} {place('vietqr').code}"):
        with pytest.raises(UnknownOrder):
            credit(line, (told_code, 100_000))
    with pytest.raises(Invalid):
        credit(line, (placed.reference, 50_000), (placed.code or "", 50_000))
    with pytest.raises(Invalid):
        credit(line)
    with pytest.raises(NotCaptured):
        handling.give_back(CLERK, line.reference, placed.reference, "trả lại", line.version, op_key=key())
    for reason in ("", " ", "x"):
        with pytest.raises(Invalid):
            handling.keep(CLERK, line.reference, reason, line.version, op_key=key())
    for category, reason in (("nothing", "x"), ("other", "")):
        with pytest.raises(Invalid):
            handling.set_aside(CLERK, line.reference, category, reason, line.version, op_key=key())
    with pytest.raises(LineChanged):
        credit(out, (placed.reference, 5_000))
    for kind in ("refund", "payout", "gift"):
        with pytest.raises(NotFound):
            handling.confirm(CLERK, out.reference, kind, "1", out.version, op_key=key())
    with pytest.raises(NotFound):
        handling.take(CLERK, "SK-NONE")
    assert {x.handled_amount for x in lines()} == {0}


def test_a_transfer_for_a_paid_order_goes_back(account: str) -> None:
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}"), told(185_000, f"{placed.code}")))
    again = lines()[-1]
    assert (again.hint or {})["action"] == "return"
    handling.give_back(CLERK, again.reference, placed.code or "", "trả hai lần", again.version, op_key=key())
    payment = payment_of(placed)
    assert (payment.captured_amount, payment.refunded_amount, payment.state) == (
        370_000,
        185_000,
        PaymentState.CAPTURED,
    )
    assert session().scalars(select(Payment.state)).one() is PaymentState.CAPTURED
    assert broken() == set()


def test_a_number_that_stands_for_another_refund_confirms_nothing(account: str) -> None:
    one, two = place("vietqr"), place("vietqr")
    send(account, statement(told(185_000, f"{one.code}"), told(185_000, f"{two.code}")))
    first = payments.request_refund(CLERK, one.payment_id, 10_000, "lỗi", key())
    second = payments.request_refund(CLERK, two.payment_id, 20_000, "lỗi", key())
    payments.settle_refund(CLERK, first.id, "FT26555001", key())
    send(account, statement(told(-20_000, "hoan", "FT26555001")))
    out = lines()[-1]
    with pytest.raises(ReferenceUsed):
        handling.confirm(CLERK, out.reference, "refund", str(second.id), out.version, op_key=key())
    assert lines()[-1].state is LineState.OPEN
