"""Every queue of money shows how long a thing has waited and who works on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.payments import services as payments
from shop.payments.errors import PaymentClosed
from shop.payments.models import Payment, Refund
from tests.payments.conftest import CLERK, place
from tests.people import sign_in


def aged(table: Any, row_id: int) -> None:
    with transaction() as s:
        s.execute(update(table).where(table.id == row_id).values(created_at=clock.now() - timedelta(days=3, hours=1)))


def test_a_transfer_that_is_awaited(ctx: Flask, client: Any) -> None:
    placed = place("vietqr")
    aged(Payment, placed.payment_id)
    sign_in(client, Role.ORDER_DESK)
    here, mine = "/office/payments/transfers", f"/office/payments/{placed.payment_id}/owner"
    assert "3 ngày" in client.get(here).get_data(as_text=True)
    assert client.fill(here, form=mine).status_code == 303
    assert session().get_one(Payment, placed.payment_id).owner_id is not None
    assert "Trả lại" in client.get(here).get_data(as_text=True)
    client.fill(here, form=mine)
    session().expire_all()
    assert session().get_one(Payment, placed.payment_id).owner_id is None


def test_a_refund_that_waits(ctx: Flask, client: Any) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, placed.amount, "FT26328001", "key-of-test-1")
    asked = payments.request_refund(CLERK, placed.payment_id, 5_000, "Thiếu hàng", "key-of-test-2")
    aged(Refund, asked.id)
    sign_in(client, Role.ORDER_DESK)
    here, mine = "/office/payments/refunds", f"/office/payments/{placed.payment_id}/refunds/{asked.id}/owner"
    assert "3 ngày" in client.get(here).get_data(as_text=True)
    assert client.fill(here, form=mine).status_code == 303
    assert session().get_one(Refund, asked.id).owner_id is not None
    payments.settle_refund(CLERK, asked.id, "FT26328009", "key-of-test-3")
    with pytest.raises(PaymentClosed):
        payments.own_refund(CLERK, asked.id, mine=True)
