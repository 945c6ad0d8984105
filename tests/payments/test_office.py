"""The office's pages of money: who may, what they do, what they refuse."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.kernel.db import session
from shop.payments import queries
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import PaymentIssue, PaymentState, Refund, RefundState
from tests.payments.conftest import CLERK, begin, payment_of, place
from tests.people import sign_in

LISTS = ("/office/payments", "/office/payments/transfers", "/office/payments/issues", "/office/payments/refunds")


def post(client: Any, page: str, form: str, **fields: str) -> Any:
    """Send the form of `page` whose action ends with `form`."""
    html = client.get(page).get_data(as_text=True)
    action = re.search(rf'action="([^"]*{re.escape(form)})"', html)
    assert action, f"no form {form} on {page}"
    return client.fill(page, form=action.group(1), **fields)


@pytest.mark.parametrize("path", [*LISTS, "/office/payments/1"])
def test_only_who_may(ctx: Flask, client: Any, path: str) -> None:
    assert client.get(path).status_code == 302
    sign_in(client, Role.POINT_KEEPER)
    assert client.get(path).status_code == 403


def test_the_lists_stand_empty_and_full(ctx: Flask, client: Any, stripe: FakeStripe) -> None:
    sign_in(client, Role.ORDER_DESK)
    for path in LISTS:
        assert client.get(path).status_code == 200
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 200_000, "FT26328001", "key-of-test-1")
    payments.request_refund(CLERK, placed.payment_id, 5_000, "=HYPERLINK(1)", "key-of-test-2")
    place("cod")
    begin(place("card"))
    for path in LISTS:
        for query in (
            "",
            "?sort=amount",
            "?sort=-created_at&state=held",
            "?q=x",
            "?days=7",
            "?format=csv",
            "?format=xlsx",
        ):
            answer = client.get(path + query, buffered=True)
            assert answer.status_code == 200, path + query
        page = client.get("/en" + path)
        assert page.status_code == 200
    assert placed.reference in client.get("/office/payments").get_data(as_text=True)
    assert "\"'=HYPERLINK" in client.get("/office/payments/refunds?format=csv", buffered=True).get_data(as_text=True)
    assert client.get("/office/payments/4711").status_code == 404


def test_a_pasted_memo_finds_its_payment(ctx: Flask, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed, other = place("vietqr"), place("vietqr")
    page = client.get(f"/office/payments/transfers?q=MBVCB.123.{str(placed.code).lower()}.CT tu 0011").get_data(
        as_text=True
    )
    assert str(placed.code) in page
    assert str(other.code) not in page


def test_received_with_one_click(ctx: Flask, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("vietqr")
    done = post(client, "/office/payments/transfers", f"/{placed.payment_id}/received", bank_reference="FT26328001")
    assert (done.status_code, done.headers["Location"]) == (303, "/office/payments/transfers")
    assert payment_of(placed).state is PaymentState.CAPTURED
    assert "Đã ghi nhận đủ 185.000" in client.get("/office/payments/transfers").get_data(as_text=True)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"bank_reference": ""}, 422),
        ({"bank_reference": "a"}, 422),
        ({"bank_reference": "FT26328001", "amount": "185.000,50"}, 422),
        ({"bank_reference": "FT26328001", "amount": ""}, 422),
        ({"bank_reference": "FT26328001", "amount": "0"}, 422),
        ({"bank_reference": "FT26328001", "op_key": "x"}, 422),
    ],
)
def test_what_is_typed_wrongly_is_refused_and_said(
    ctx: Flask, client: Any, fields: dict[str, str], status: int
) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("vietqr")
    refused = post(client, f"/office/payments/{placed.payment_id}", "/received", **fields)
    assert refused.status_code == status
    assert 'role="alert"' in refused.get_data(as_text=True)
    assert payment_of(placed).captured_amount == 0


def test_a_difference_is_told_and_settled(ctx: Flask, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("vietqr")
    page = f"/office/payments/{placed.payment_id}"
    post(client, page, "/received", bank_reference="FT26328001", amount="200.000")
    assert payment_of(placed).state is PaymentState.HELD
    issue = session().scalars(select(PaymentIssue)).one()
    shown = client.get("/office/payments/issues").get_data(as_text=True)
    assert "Số tiền lệch" in shown
    assert "200.000" in shown
    assert 'data-testid="issue-close"' not in shown  # money is there: it is accepted or goes back
    refused = post(client, "/office/payments/issues", f"/issues/{issue.id}", note="")
    assert refused.status_code == 422
    done = post(client, "/office/payments/issues", f"/issues/{issue.id}", note="Khách chuyển thừa")
    assert done.status_code == 303
    assert payment_of(placed).state is PaymentState.CAPTURED
    refund = session().scalars(select(Refund)).one()
    post(client, "/office/payments/refunds", f"/refunds/{refund.id}/done", bank_reference="FT26328999")
    session().expire_all()
    assert session().get(Refund, refund.id).state is RefundState.SUCCEEDED


def test_cash_collected(ctx: Flask, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("cod")
    post(client, f"/office/payments/{placed.payment_id}", "/collected")
    assert payment_of(placed).state is PaymentState.CAPTURED


def test_a_refund_is_asked_given_up_and_refused_beyond(ctx: Flask, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("cod")
    page = f"/office/payments/{placed.payment_id}"
    post(client, page, "/collected")
    refused = post(client, page, "/refund", amount="999.000", reason="Hộp vỡ")
    assert refused.status_code == 422
    kept = refused.get_data(as_text=True)
    assert 'value="999000"' in kept.replace(".", "")
    assert "Hộp vỡ</textarea>" in kept
    assert 'href="#f-refund-amount"' in kept
    # An account without the tick goes nowhere unseen, and stays where it was typed.
    typed = {"to_bank": "970436", "to_account": "19001234567", "to_holder": "Nguyễn Văn A"}
    refused = post(client, page, "/refund", amount="85.000", reason="Lỗi", **typed)
    assert refused.status_code == 422
    kept = refused.get_data(as_text=True)
    assert "Hãy đánh dấu ô này" in kept
    assert 'value="19001234567"' in kept
    assert session().scalars(select(Refund)).all() == []
    post(client, page, "/refund", amount="85.000", reason="Lỗi")
    refund = session().scalars(select(Refund)).one()
    post(client, page, f"/refunds/{refund.id}/drop", reason="Nhầm")
    assert payment_of(placed).refunded_amount == 0


def test_the_provider_is_asked_from_the_page(ctx: Flask, client: Any, stripe: FakeStripe) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("card")
    stripe.drop = True
    stripe.pay(begin(placed))
    post(client, f"/office/payments/{placed.payment_id}", "/ask")
    assert payment_of(placed).state is PaymentState.CAPTURED


def test_only_who_may_send_money_back(ctx: Flask, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from shop.accounts import permissions

    sign_in(client, Role.ORDER_DESK)
    placed = place("vietqr")
    token = client.token(f"/office/payments/{placed.payment_id}")
    reader = frozenset({permissions.Permission.OFFICE_ENTER, permissions.Permission.PAYMENT_READ})
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, Role.ORDER_DESK, reader)
    payments.confirm_transfer(CLERK, placed.payment_id, 200_000, "FT26328001", "key-of-test-1")
    html = client.get(f"/office/payments/{placed.payment_id}").get_data(as_text=True)
    assert "/refund" not in html.replace("/office/payments/refunds", "")
    for path in (f"/{placed.payment_id}/refund", f"/{placed.payment_id}/received", "/issues/1"):
        answer = client.post("/office/payments" + path, data={"csrf_token": token})
        assert answer.status_code == 403


def test_what_waits_is_counted(ctx: Flask) -> None:
    placed = place("vietqr")
    place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 5, "FT26328001", "key-of-test-1")
    assert queries.waiting() == queries.Waiting(transfers=1, issues=1, refunds=0, disputes=0)


def test_an_order_page_is_told_of_its_payments(ctx: Flask) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, 185_000, "FT26328001", "key-of-test-1")
    payments.request_refund(CLERK, placed.payment_id, 5_000, "x", "key-of-test-2")
    shown = queries.payments_of(placed.order_id)[0]
    assert (shown.captured_amount, shown.refunded_amount, shown.refunding_amount) == (185_000, 5_000, 5_000)
