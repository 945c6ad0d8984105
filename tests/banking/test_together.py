"""Exact lines are credited some dozens at a time, with what each would have had alone; one that fails spoils no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.banking.models import LineState, LineStep, Queue
from shop.banking.services import books, handling, matching
from shop.kernel import clock, invariants, jobs
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.ledger.models import Entry
from shop.orders import services as orders
from shop.orders.errors import StepNotAllowed, TooLateToCancel
from shop.orders.models import DeliveryKind, Order, OrderTransition, PaymentMethod
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentReceipt, PaymentState, Refund
from shop.stock.models import StockHold, StockLevel
from tests import factories
from tests.banking.conftest import CLERK, Placed, key, lines, parts, payment_of, place, send, statement, told
from tests.remittances.conftest import Shelf
from tests.statements import statements

AMOUNT = 185_000


def bought(shelf: Shelf) -> Placed:
    """An order of one pack that waits for its transfer."""
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
        opened = payments.open_payment(found.order_id, found.reference, PaymentMethod.VIETQR, AMOUNT, until)
    return Placed(found.order_id, found.reference, opened.id, opened.code, AMOUNT)


@pytest.fixture
def shelves(ctx: Flask) -> list[Shelf]:
    """Three goods of one price, at one point."""
    point = factories.make_point("Kho Thử")
    goods = [factories.make_variant(f"Chả mực {n}", amount=AMOUNT) for n in range(3)]
    return [Shelf(point, good, factories.put_in(good, point, 60)) for good in goods]


def exact(account: str, *placed: Placed) -> None:
    """A line for each order, written and sorted, not credited yet."""
    send(account, statement(*(told(p.amount, f"{p.code}") for p in placed)), apply=False)
    from shop.banking.models import BankFile
    from shop.banking.services import files

    files.apply(CLERK, session().scalars(select(BankFile.reference).order_by(BankFile.id.desc()).limit(1)).one())
    while matching.sort():
        pass


def count(table: Any) -> int:
    return session().scalar(select(func.count()).select_from(table)) or 0


def sound() -> None:
    session().rollback()
    session().expire_all()
    wrong = {f.name: f.found for f in invariants.run("banking", "payments", "orders", "stock", "ledger") if not f.ok}
    assert wrong == {}


def test_many_are_what_each_would_have_been(account: str, shelves: list[Shelf]) -> None:
    alone = bought(shelves[0])
    exact(account, alone)
    matching.credit_exact()
    many = [bought(shelves[n % 3]) for n in range(60)]
    exact(account, *many)
    assert matching.credit_exact() == 60
    assert {line.state for line in lines()} == {LineState.CREDITED}
    s = session()

    def kept(p: Placed) -> Any:
        """What stands of an order, without its name and moments."""
        order = s.get_one(Order, p.order_id)
        payment = s.get_one(Payment, p.payment_id)
        receipt = s.scalars(select(PaymentReceipt).where(PaymentReceipt.payment_id == p.payment_id)).one()
        history = s.execute(
            select(OrderTransition.subject, OrderTransition.from_status, OrderTransition.to_status,
                   OrderTransition.actor_key)
            .where(OrderTransition.order_id == p.order_id)
            .order_by(OrderTransition.id)
        ).all()  # fmt: skip
        entry = s.scalars(select(Entry).where(Entry.key == f"receipt:{receipt.id}")).one()
        held = s.execute(
            select(StockHold.stage, StockHold.outcome).where(StockHold.reference.like(f"{p.reference}%"))
        ).all()
        line = next(x for x in lines() if f"bank:{x.reference}" == receipt.evidence)
        (part,) = parts(line)
        posted = s.scalar(select(func.count()).where(Entry.key == f"bank-part:{part.id}"))
        written = select(LineStep.what, LineStep.detail, LineStep.actor_key).where(LineStep.line_id == line.id)
        steps = [(w, d if w != "seen" else None, a) for w, d, a in s.execute(written.order_by(LineStep.id))]
        told_of = Counter(
            s.scalars(select(jobs.Job.name).where(jobs.Job.payload["order_id"].as_integer() == p.order_id))
        )
        return (
            order.status, order.payment_status, order.pay_until, payment.state, payment.captured_amount,
            payment.evidence == receipt.evidence, receipt.amount, receipt.actor_key, history, entry.channel, entry.actor_key,
            held, part.use, part.amount, part.receipt_id == receipt.id, posted, line.version, line.hint, line.handled_amount,
            steps, sorted(told_of.items()), receipt.reference == line.bank_reference,
        )  # fmt: skip

    first = kept(alone)
    for p in many:
        assert kept(p) == first
    level = s.get_one(StockLevel, shelves[0].level, populate_existing=True)
    assert (level.held, level.allocated) == (0, 21)
    sound()


def test_a_batch_takes_few_statements(account: str, shelves: list[Shelf], app: Flask) -> None:
    for _ in range(2):
        exact(account, *[bought(shelves[n % 3]) for n in range(matching.TOGETHER)])
        with statements(app) as seen:
            matching.credit_exact()
    assert len(seen) <= 60, repr(seen)  # 31 for each when each went alone


def test_one_of_a_batch_is_undone(account: str, shelves: list[Shelf]) -> None:
    placed = [bought(shelves[0]) for _ in range(3)]
    exact(account, *placed)
    matching.credit_exact()
    line = lines()[1]
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    states = [session().get_one(Order, p.order_id, populate_existing=True).status for p in placed]
    assert states == ["placed", "awaiting_payment", "placed"]
    sound()


def test_what_is_not_plain_goes_its_own_way_and_the_others_go_on(account: str, shelves: list[Shelf]) -> None:
    """One cancelled, one whose goods the sweep took, one paid by hand, one cash, one with two payments, among good ones."""
    placed = [bought(shelves[0]) for _ in range(8)]
    exact(account, *placed)
    orders.cancel(SYSTEM, placed[1].order_id, "Hết hạn thanh toán")
    from shop.stock import services as stock

    stock.release(orders.hold_reference(placed[3].reference, 1))
    payments.confirm_transfer(CLERK, placed[5].payment_id, AMOUNT, "FT999999", key())
    matching.credit_exact()
    queues = [(line.state, line.queue) for line in lines()]
    paid = (LineState.CREDITED, None)
    assert queues == [paid] * 5 + [(LineState.OPEN, Queue.AGAIN)] + [paid] * 2
    # Late money took the goods again; so did that whose hold had lapsed.
    s = session()
    assert {s.get_one(Order, p.order_id, populate_existing=True).status for p in placed} == {"placed"}
    assert {payment_of(p).captured_amount for p in placed} == {AMOUNT}
    sound()


def test_two_payments_of_one_order_are_seen(account: str) -> None:
    one, other = place("vietqr"), place("vietqr")
    with transaction() as s:
        s.execute(update(Payment).where(Payment.id == other.payment_id).values(order_id=one.order_id))
        s.execute(update(Order).where(Order.id == other.order_id).values(status="cancelled", payment_status="void"))
    exact(account, one, other)
    assert matching.credit_exact() == 2
    second = payment_of(other)
    refunds = session().scalars(select(Refund.payment_id)).all()
    assert (second.state, refunds) == (PaymentState.CAPTURED, [other.payment_id])


def test_a_fault_in_the_batch_leaves_each_line_to_its_own(
    account: str, shelves: list[Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = [bought(shelves[n % 3]) for n in range(5)]
    exact(account, *placed)
    real = books.credit_whole

    def breaks(*args: Any) -> Any:
        real(*args)
        raise RuntimeError("after everything was written")

    monkeypatch.setattr(books, "credit_whole", breaks)
    assert matching.credit_exact() == 5
    assert {payment_of(p).captured_amount for p in placed} == {AMOUNT}
    assert count(PaymentReceipt) == 5
    sound()


def test_a_line_that_breaks_is_told_and_the_others_are_credited(
    account: str, shelves: list[Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = [bought(shelves[n % 3]) for n in range(4)]
    exact(account, *placed)
    monkeypatch.setattr(books, "credit_whole", _fails)
    real = books.credit

    def breaks(actor: Any, line: Any, payment_id: int, amount: int) -> Any:
        if payment_id == placed[2].payment_id:
            raise RuntimeError("this one")
        return real(actor, line, payment_id, amount)

    monkeypatch.setattr(books, "credit", breaks)
    with pytest.raises(RuntimeError, match="this one"):
        matching.credit_exact()
    assert [payment_of(p).captured_amount for p in placed] == [AMOUNT, AMOUNT, 0, AMOUNT]
    monkeypatch.undo()
    assert matching.credit_exact() == 1
    sound()


def _fails(*_args: Any) -> Any:
    raise RuntimeError("the batch")


@pytest.mark.race
def test_cancelled_and_credited_at_one_moment(
    account: str, shelves: list[Shelf], app: Flask, together: Callable[..., Any]
) -> None:
    """Buyers cancel, a clerk writes one down and two machines credit, all at once: each order's money is there once, and is
    either an order's that goes on or on its way back."""
    placed = [bought(shelves[n % 3]) for n in range(12)]
    exact(account, *placed)
    tasks: list[Callable[[], Any]] = [matching.credit_exact, matching.credit_exact]
    tasks += [lambda p=p: orders.cancel(CLERK, p.order_id, "Khách đổi ý") for p in placed[::3]]
    tasks += [lambda: payments.confirm_transfer(CLERK, placed[1].payment_id, AMOUNT, "FT888888", key())]
    tasks += [lambda: payments.request_refund(CLERK, placed[4].payment_id, AMOUNT, "Khách đổi ý", key())]
    outcomes = together(app, tasks)
    for outcome in outcomes[:2]:
        assert outcome.error is None
    for outcome in outcomes[2:6]:
        assert outcome.error is None or isinstance(outcome.error, StepNotAllowed | TooLateToCancel)
    matching.run()
    s = session()
    for p in placed:
        payment = payment_of(p)
        order = s.get_one(Order, p.order_id, populate_existing=True)
        back = s.scalar(select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.payment_id == p.payment_id))
        assert payment.captured_amount == AMOUNT
        assert (order.status, back) in {("placed", 0), ("cancelled", AMOUNT), ("placed", AMOUNT)}
        assert (order.payment_status == "paid") == (back == 0)
    sound()
