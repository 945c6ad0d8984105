"""Parts of a refund do not pass where their sum would need a second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import update

from shop.kernel import clock, settings
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import transaction
from shop.payments import rules
from shop.payments import services as payments
from shop.payments.models import Refund, RefundState
from tests.payments.conftest import CLERK, place
from tests.payments.test_money import refunds

OTHER = Actor("user", "Bùi Đức Long", 12)
ELSEWHERE = payments.Account("970436", "19001234567", "NGUYEN VAN A")


def paid(amount: int) -> int:
    placed = place("vietqr", amount)
    payments.confirm_transfer(
        CLERK, placed.payment_id, amount, f"FT{placed.payment_id:08}", f"key-paid-{placed.payment_id}"
    )
    return placed.payment_id


def ask(payment_id: int, amount: int, n: int, actor: Actor = CLERK, to: payments.Account | None = None) -> bool:
    asked = payments.request_refund(actor, payment_id, amount, "Thiếu hàng", f"key-of-split-{payment_id}-{n}", to=to)
    again = payments.request_refund(actor, payment_id, amount, "Thiếu hàng", f"key-of-split-{payment_id}-{n}", to=to)
    assert again == asked
    return asked.waits


def test_the_sum_of_an_orders_parts_counts(ctx: Flask) -> None:
    limit = rules.REFUND_LIMIT.get()
    payment = paid(3 * limit)
    assert not ask(payment, limit - 100_000, 1)
    assert ask(payment, 100_000, 2)  # together they are the limit
    assert ask(payment, 50_000, 3, actor=OTHER) is False  # what waits for a second person is looked at by him
    assert ask(payment, 50_000, 4)
    assert not ask(paid(limit), limit - 100_000, 5)  # another order's is its own
    assert [r.state for r in refunds()].count(RefundState.WAITING) == 2


def test_what_was_given_up_or_agreed_to_does_not_count(ctx: Flask) -> None:
    limit = rules.REFUND_LIMIT.get()
    payment = paid(3 * limit)
    assert not ask(payment, limit - 1, 1)
    payments.give_up_refund(CLERK, refunds()[0].id, "nhầm", "key-of-split-drop")
    assert not ask(payment, limit - 1, 2)
    assert ask(payment, limit, 3)
    payments.agree(OTHER, refunds()[2].id, "key-of-split-agree")
    payments.give_up_refund(CLERK, refunds()[1].id, "nhầm", "key-of-split-drop-2")
    assert not ask(payment, limit - 1, 4)


def test_parts_to_another_account_have_the_lower_limit_together(ctx: Flask) -> None:
    limit = rules.TRANSFER_LIMIT.get()
    payment = paid(3 * limit)
    assert not ask(payment, limit - 1, 1)  # the way it came
    assert not ask(payment, limit // 2, 2, to=ELSEWHERE)
    assert ask(payment, limit // 2, 3, to=ELSEWHERE)


def test_parts_to_one_account_have_the_lower_limit_across_orders(ctx: Flask) -> None:
    limit = rules.TRANSFER_LIMIT.get()
    assert not ask(paid(limit), limit // 2, 1, to=ELSEWHERE)
    assert not ask(paid(limit), limit // 2, 2, to=payments.Account("970436", "19001234568", "NGUYEN VAN A"))
    assert not ask(paid(limit), limit // 2 - 1, 3, actor=OTHER, to=ELSEWHERE)
    assert ask(paid(limit), 1, 4, to=ELSEWHERE)  # another order, another clerk, the same account
    assert not ask(paid(limit), limit - 1, 5)  # the way it came is no account of anybody's choice
    with transaction() as s:
        s.execute(update(Refund).values(created_at=clock.now() - timedelta(hours=25)))
    assert not ask(paid(limit), limit // 2, 6, to=ELSEWHERE)  # the next day


def test_four_clerks_send_parts_of_four_orders_to_one_account_at_one_moment(
    ctx: Flask, app: Flask, together: Callable[..., Any]
) -> None:
    limit = rules.TRANSFER_LIMIT.get()
    orders = [paid(limit) for _n in range(4)]
    together(
        app,
        [
            lambda n=n: ask(orders[n], limit // 2, n, actor=Actor("user", f"Người {n}", 20 + n), to=ELSEWHERE)
            for n in range(4)
        ],
    )
    assert sum(1 for r in refunds() if not r.needs_second) == 1


def test_rules_need_nobody(ctx: Flask) -> None:
    limit = rules.REFUND_LIMIT.get()
    assert not ask(paid(2 * limit), 2 * limit, 1, actor=SYSTEM)


def test_four_clerks_with_parts_at_one_moment(ctx: Flask, app: Flask, together: Callable[..., Any]) -> None:
    limit = rules.REFUND_LIMIT.get()
    payment = paid(4 * limit)
    together(
        app,
        [lambda n=n: ask(payment, limit - 1, n, actor=Actor("user", f"Người {n}", 20 + n)) for n in range(4)],
    )
    found: list[Refund] = refunds()
    assert sum(1 for r in found if not r.needs_second) == 1
    assert sum(r.amount for r in found if not r.needs_second) < limit


def test_the_setting_is_read(ctx: Flask) -> None:
    settings.change(SYSTEM, rules.REFUND_LIMIT.key, "10000")
    payment = paid(100_000)
    assert not ask(payment, 9_000, 1)
    assert ask(payment, 1_000, 2)
