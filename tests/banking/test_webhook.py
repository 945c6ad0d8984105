"""`/webhooks/bank`: signed over the raw bytes within five minutes, kept once, applied once; forged ones do nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.banking.models import Notice
from shop.kernel import clock, jobs
from shop.kernel.db import session
from shop.payments.fake_stripe import sign
from shop.payments.models import PaymentIssue, PaymentState
from tests.banking.conftest import BANK, SECRET, broken, lines, payment_of, place


def body_of(*transactions: dict[str, Any], event: Any = "evt-1", **more: Any) -> bytes:
    made = [
        {"reference": "FT26000001", "amount": 185_000, "at": clock.now().isoformat(), "memo": "x"} | t
        for t in transactions
    ]
    return json.dumps(
        {"id": event, "bank_bin": BANK["bank_bin"], "account": BANK["bank_account"], "transactions": made} | more
    ).encode()


@pytest.fixture
def post(app: Flask) -> Callable[..., int]:
    """Post a body, signed rightly unless said otherwise; returns the status."""

    def go(body: bytes, *, secret: str = SECRET, at: float | None = None, header: str | None = None) -> int:
        moment = clock.now().timestamp() if at is None else at
        signature = sign(body, secret, moment) if header is None else header
        headers = {"Bank-Signature": signature, "Content-Type": "application/json"}
        return int(app.test_client().post("/webhooks/bank", data=body, headers=headers).status_code)

    return go


def notices() -> int:
    return session().scalar(select(func.count()).select_from(Notice)) or 0


def test_a_notice_pays_its_order_at_once_and_ten_times_changes_nothing(ctx: Flask, post: Callable[..., int]) -> None:
    placed = place("vietqr")
    body = body_of({"memo": f"MBVCB.12345.{placed.code}.CT tu 123"})
    assert [post(body) for _ in range(10)] == [200] * 10
    assert (notices(), len(lines())) == (1, 1)
    payment = payment_of(placed)
    assert (payment.state, payment.captured_amount) == (PaymentState.CAPTURED, 185_000)
    assert broken() == set()


def test_another_notice_of_the_same_transfer_is_kept_and_credits_nothing(ctx: Flask, post: Callable[..., int]) -> None:
    placed = place("vietqr")
    for event in ("evt-1", "evt-2"):
        assert post(body_of({"memo": placed.code}, event=event)) == 200
    assert (notices(), len(lines())) == (2, 1)
    assert payment_of(placed).captured_amount == 185_000


@pytest.mark.parametrize("away", [-301, -86_400, 301, 86_400])
def test_stale_and_dated_ahead_are_refused(ctx: Flask, post: Callable[..., int], away: int) -> None:
    assert post(body_of({}), at=clock.now().timestamp() + away) == 400
    assert notices() == 0


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=x,v1=00", "t=1,t=1,v1=00", "t=99999999999999999999,v1=aa", "é"]
)
def test_forged_ones_do_nothing(ctx: Flask, post: Callable[..., int], header: str) -> None:
    assert post(body_of({}), header=header.encode().decode("latin-1")) == 400
    assert post(body_of({}), secret="another-secret-of-nobody") == 400
    assert (notices(), lines()) == (0, [])


def test_one_byte_more_breaks_the_signature(ctx: Flask, post: Callable[..., int]) -> None:
    body = body_of({})
    assert post(body + b" ", header=sign(body, SECRET, clock.now().timestamp())) == 400


def test_without_a_secret_nothing_is_believed(make_app: Callable[..., Flask], post: Callable[..., int]) -> None:
    shop = make_app(base_url="http://localhost", **BANK)
    body = body_of({})
    for secret in ("", "None"):
        headers = {"Bank-Signature": sign(body, secret, clock.now().timestamp())}
        assert shop.test_client().post("/webhooks/bank", data=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 50_000,
        body_of({}, event=""), body_of({}, event=None), body_of({}, event={"a": 1}), body_of(), body_of({}, account=123.5),
        body_of({"amount": "185000"}), body_of({"amount": 185000.5}), body_of({"amount": 0}), body_of({"amount": True}),
        body_of({"amount": 10**16}), body_of({"at": "yesterday"}), body_of({"at": "2026-11-28T10:00:00"}),
        body_of({"at": None}), body_of({"memo": ["x"]}), body_of({"at": "2099-01-01T00:00:00+07:00"}), body_of(*[{}] * 101),
    ],
    ids=lambda b: repr(b[:20]),
)  # fmt: skip
def test_what_is_no_notice_is_refused(ctx: Flask, post: Callable[..., int], body: bytes) -> None:
    assert post(body) == 400
    assert (notices(), lines()) == (0, [])


def test_what_no_database_keeps_hinders_no_money(ctx: Flask, post: Callable[..., int]) -> None:
    placed = place("vietqr")
    dirty = {"memo": f"MBVCB\0 {placed.code} \ud83d", "payer_name": "NGUYEN\0 VAN A\udc00", "fee": float("nan")}
    assert post(body_of(dirty, more={"a\0": [float("inf"), "\ud800"]})) == 200
    payment = payment_of(placed)
    assert (payment.state, payment.captured_amount) == (PaymentState.CAPTURED, 185_000)
    assert lines()[0].payer_name == "NGUYEN VAN A"
    kept = session().scalars(select(Notice.payload)).one()
    assert (kept["transactions"][0]["fee"], kept["more"]) == (None, {"a": [None, ""]})
    assert broken() == set()


def test_too_large_and_strange_accounts_are_refused(ctx: Flask, post: Callable[..., int]) -> None:
    assert post(body_of({"memo": "x" * 300_000})) == 413
    assert post(body_of({}, account="999888777")) == 422
    assert notices() == 0


def test_another_currency_is_a_case_for_a_person(ctx: Flask, post: Callable[..., int]) -> None:
    placed = place("vietqr")
    assert post(body_of({"memo": placed.code, "currency": "USD"})) == 200
    assert lines() == []
    assert session().scalars(select(PaymentIssue.kind)).all() == ["wrong_currency"]
    assert payment_of(placed).state is PaymentState.PENDING


def test_an_amount_told_otherwise_is_a_case_for_a_person(ctx: Flask, post: Callable[..., int]) -> None:
    placed = place("vietqr")
    post(body_of({"memo": placed.code, "amount": 185_001}))
    post(body_of({"memo": placed.code}, event="evt-2"))
    assert [x.amount for x in lines()] == [185_001]
    assert session().scalars(select(PaymentIssue.kind)).all() == ["bank_differs"]
    assert payment_of(placed).state is PaymentState.PENDING


def test_the_job_matches_what_a_cut_request_left(ctx: Flask, app: Flask) -> None:
    from shop.banking.services import notices as banking

    placed = place("vietqr")
    banking.hear(json.loads(body_of({"memo": placed.code})))
    assert payment_of(placed).state is PaymentState.PENDING
    jobs.dispatch()
    assert payment_of(placed).state is PaymentState.CAPTURED


def test_the_same_notice_at_one_moment_is_kept_once(
    ctx: Flask, app: Flask, post: Callable[..., int], together: Callable[..., Any]
) -> None:
    placed = place("vietqr")
    body = body_of({"memo": placed.code})
    outcomes = together(None, lambda: post(body), times=6)
    assert [o.value for o in outcomes] == [200] * 6
    assert (notices(), len(lines()), payment_of(placed).captured_amount) == (1, 1, 185_000)


def test_the_days_are_those_of_the_country(ctx: Flask, post: Callable[..., int]) -> None:
    at = clock.start_of(clock.today()) + timedelta(minutes=5)  # still the day before in UTC
    post(body_of({"at": at.isoformat()}))
    assert lines()[0].booked_on == clock.today()
