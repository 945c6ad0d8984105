"""A đồng too little or too much: agreed to within a limit with a reason, in an account of its own, undone; or asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.accounts.permissions import Role
from shop.kernel import invariants, jobs
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.kernel.mail import Letter
from shop.ledger.models import Posting
from shop.orders import services as orders
from shop.orders.models import Order, OrderStatus, PaymentStatus
from shop.payments import rules
from shop.payments import services as payments
from shop.payments.errors import CannotReopen, IssueClosed, NoAddress, NothingLacks
from shop.payments.models import PaymentState, Refund
from tests.payments.conftest import CLERK, Placed, payment_of, place
from tests.payments.test_money import issues
from tests.people import sign_in


def came(amount: int) -> tuple[Placed, int]:
    """An order of 185.000 for which `amount` đồng came, and its case."""
    placed = place("vietqr")
    payments.confirm_transfer(
        CLERK, placed.payment_id, amount, f"FT{placed.payment_id:08}", f"key-of-money-{placed.payment_id}"
    )
    return placed, issues()[-1].id


def order_of(placed: Placed) -> Order:
    session().rollback()
    session().expire_all()
    return session().get_one(Order, placed.order_id)


def balance(account: str, placed: Placed) -> int:
    session().rollback()
    wanted = select(func.coalesce(func.sum(Posting.amount), 0)).where(
        Posting.account == account, Posting.party == f"order:{placed.reference}"
    )
    return int(session().scalar(wanted) or 0)


def sound() -> bool:
    session().rollback()
    session().expire_all()
    found = {f.name: f.offenders for f in invariants.run("payments", "ledger") if not f.ok}
    assert found == {}
    return True


@pytest.mark.parametrize(("amount", "differs"), [(184_999, 1), (184_000, 1_000), (185_001, -1), (186_000, -1_000)])
def test_a_small_difference_is_agreed_to_and_undone(ctx: Flask, amount: int, differs: int) -> None:
    placed, case = came(amount)
    payments.settle_issue(CLERK, case, "waive", "khách làm tròn", "key-of-waive-1")
    payment = payment_of(placed)
    assert (payment.state, payment.amount, payment.waived_amount) == (PaymentState.CAPTURED, amount, differs)
    assert order_of(placed).payment_status is PaymentStatus.PAID
    assert (balance("payment-differences", placed), balance("buyers", placed)) == (differs, -185_000)
    assert session().scalar(select(func.count()).select_from(Refund)) == 0
    assert sound()
    with pytest.raises(IssueClosed):
        payments.settle_issue(CLERK, case, "waive", "khách làm tròn", "key-of-waive-2")
    payments.reopen(CLERK, case, "key-of-reopen-1")
    payment = payment_of(placed)
    assert (payment.state, payment.amount, payment.waived_amount) == (PaymentState.HELD, 185_000, 0)
    assert order_of(placed).status is OrderStatus.AWAITING_PAYMENT
    assert (balance("payment-differences", placed), balance("buyers", placed)) == (0, -amount)
    assert issues()[-1].closed_at is None
    assert sound()
    payments.settle_issue(CLERK, case, "waive", "nghĩ lại", "key-of-waive-3")
    assert balance("payment-differences", placed) == differs
    assert sound()


@pytest.mark.parametrize("amount", [183_999, 186_001, 1])
def test_a_larger_one_is_not(ctx: Flask, amount: int) -> None:
    placed, case = came(amount)
    assert rules.SMALL_DIFFERENCE.get() == 1_000
    with pytest.raises(Invalid) as refused:
        payments.settle_issue(CLERK, case, "waive", "thôi", "key-of-waive-1")
    assert "1.000" in str(refused.value.values["limit"])
    assert payment_of(placed).state is PaymentState.HELD


@pytest.mark.parametrize("amount", [184_999, 185_001])
def test_a_cancelled_order_gives_back_what_came_and_owes_nothing(ctx: Flask, amount: int) -> None:
    placed, case = came(amount)
    payments.settle_issue(CLERK, case, "waive", "khách làm tròn", "key-of-waive-1")
    orders.cancel(CLERK, placed.order_id, "khách đổi ý")
    refund = session().scalars(select(Refund)).one()
    assert refund.amount == amount
    payments.settle_refund(CLERK, refund.id, "FT26990001", "key-of-refund-1")
    assert order_of(placed).payment_status is PaymentStatus.REFUNDED
    assert [balance(a, placed) for a in ("payment-differences", "buyers", "transit")] == [0, 0, 0]
    assert sound()
    with pytest.raises(CannotReopen):
        payments.reopen(CLERK, case, "key-of-reopen-1")


def test_once_the_order_went_on_it_is_not_undone(ctx: Flask) -> None:
    placed, case = came(184_999)
    payments.settle_issue(CLERK, case, "waive", "khách làm tròn", "key-of-waive-1")
    orders.confirm(CLERK, placed.order_id)
    with pytest.raises(CannotReopen):
        payments.reopen(CLERK, case, "key-of-reopen-1")
    assert payment_of(placed).waived_amount == 1
    assert sound()


def test_four_clerks_agree_to_one_difference(ctx: Flask, app: Flask, together: Callable[..., Any]) -> None:
    placed, case = came(184_999)
    outcomes = together(
        app,
        [lambda n=n: payments.settle_issue(CLERK, case, "waive", "làm tròn", f"key-of-waive-{n}") for n in range(4)],
    )
    assert sorted(type(o.error).__name__ for o in outcomes) == ["IssueClosed"] * 3 + ["NoneType"]
    assert payment_of(placed).waived_amount == 1
    assert sound()


def test_the_buyer_is_asked_for_the_rest(ctx: Flask) -> None:
    placed, case = came(100_000)
    with pytest.raises(NoAddress):
        payments.ask_for_rest(CLERK, case, "key-of-ask-1")
    with transaction() as s:
        s.execute(update(Order).values(email="an@example.vn"))
    payments.ask_for_rest(CLERK, case, "key-of-ask-2")
    payments.ask_for_rest(CLERK, case, "key-of-ask-2")
    jobs.dispatch()
    letter = session().scalars(select(Letter).where(Letter.kind == "payments.rest-asked")).one()
    assert "85.000" in letter.body_text
    assert placed.code is not None
    assert placed.code in letter.body_text
    assert issues()[-1].detail["asked_times"] == 1
    payments.confirm_transfer(CLERK, placed.payment_id, 85_000, "FT26990002", "key-of-rest-1")
    with pytest.raises(IssueClosed):
        payments.ask_for_rest(CLERK, case, "key-of-ask-3")


def test_who_paid_too_much_is_asked_for_nothing(ctx: Flask) -> None:
    _placed, case = came(200_000)
    with pytest.raises(NothingLacks):
        payments.ask_for_rest(CLERK, case, "key-of-ask-1")


def test_on_the_page(ctx: Flask, client: Any) -> None:
    placed, case = came(184_999)
    sign_in(client, Role.ORDER_DESK)
    page = client.get("/office/payments/issues").get_data(as_text=True)
    assert "Chấp nhận thiếu" in page
    assert "Xin chuyển thêm" in page
    answer = client.open(
        f"/office/payments/issues/{case}",
        method="POST",
        data={
            "csrf_token": client.token("/office/payments/issues"),
            "op_key": "key-of-the-page-1",
            "decision": "waive",
            "note": "làm tròn",
        },
    )
    assert answer.status_code == 303
    page = client.get(f"/office/payments/{placed.payment_id}").get_data(as_text=True)
    assert "Chênh lệch đã chấp nhận" in page
    assert "Chấp nhận phần chênh: làm tròn" in page
    assert f"/office/payments/issues/{case}/reopen" in page
    other, _case = came(100_000)
    page = client.get(f"/office/payments/{other.payment_id}").get_data(as_text=True)
    assert "Chấp nhận thiếu" not in page
