"""Orders, transfers, statements, cash and refunds in any order: the ledger says of every buyer what is kept of his money and is
not yet the worth of his goods, and of the bank what its lines say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from shop.banking.models import Category
from shop.banking.services import handling
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.kernel.errors import ShopError
from shop.kernel.events import publish
from shop.ledger.models import Posting
from shop.orders.events import OrderCompleted
from shop.orders.models import Order, OrderStatus, PaymentStatus
from shop.payments import services as payments
from tests.banking.conftest import CLERK, Placed, key, lines, number, place, send, statement, told

NEAR = ("ledger.", "payments.ledger", "payments.buyers", "payments.captured-is", "payments.refunds", "banking.ledger")
PRICE = 100_000


@dataclass
class Told:
    """What the test itself knows of an order."""

    placed: Placed
    cash: bool
    captured: int = 0
    refunded: int = 0
    done: bool = False

    @property
    def left(self) -> int:
        """What the shop still owes to the buyer."""
        worth = 0
        if self.done:
            worth = PRICE if self.captured < PRICE else min(PRICE, self.captured - self.refunded)
        return self.captured - self.refunded - worth


def machine(account: str) -> type[RuleBasedStateMachine]:
    """The machine on an account of the shop."""

    class Books(RuleBasedStateMachine):
        orders: Any = Bundle("orders")

        def __init__(self) -> None:
            super().__init__()
            self.all: list[Told] = []

        def _came(self, order: Told, amount: int) -> None:
            order.captured += amount

        @rule(target=orders, cash=st.booleans())
        def order(self, cash: bool) -> Told:
            made = Told(place("cod" if cash else "vietqr", PRICE), cash)
            self.all.append(made)
            return made

        @rule(order=orders, amount=st.sampled_from([1, 40_000, 60_000, PRICE, PRICE + 5_000]))
        def money_by_hand(self, order: Told, amount: int) -> None:
            try:
                if order.cash:
                    payments.collect_cod(CLERK, order.placed.payment_id, amount, key())
                else:
                    payments.confirm_transfer(CLERK, order.placed.payment_id, amount, number(), key())
            except ShopError:
                return
            self._came(order, amount)

        @rule(order=orders, amount=st.sampled_from([30_000, PRICE]), credit=st.booleans())
        def a_line_of_the_bank(self, order: Told, amount: int, credit: bool) -> None:
            before = {line.id for line in lines()}
            send(account, statement(told(amount, "chuyen tien")))
            (line,) = [one for one in lines() if one.id not in before]
            try:
                if credit and not order.cash:
                    handling.credit(
                        CLERK, line.reference, [(str(order.placed.code), amount)], line.version, op_key=key()
                    )
                    self._came(order, amount)
                else:
                    handling.set_aside(CLERK, line.reference, Category.OWN, "", line.version, op_key=key())
            except ShopError:
                return

        @rule(order=orders, amount=st.integers(1, PRICE), fails=st.booleans())
        def refund(self, order: Told, amount: int, fails: bool) -> None:
            try:
                asked = payments.request_refund(CLERK, order.placed.payment_id, amount, "lý do", key())
            except ShopError:
                return
            if fails:
                payments.give_up_refund(CLERK, asked.id, "không chuyển được", key())
            else:
                payments.settle_refund(CLERK, asked.id, number(), key())
                order.refunded += amount

        @rule(order=orders)
        def goods_are_his(self, order: Told) -> None:
            if order.done or order.captured < PRICE:
                return
            with transaction() as s:
                s.execute(
                    update(Order)
                    .where(Order.id == order.placed.order_id)
                    .values(status=OrderStatus.COMPLETED, payment_status=PaymentStatus.PAID, completed_at=clock.now())
                )
                publish(OrderCompleted(order.placed.order_id))
            order.done = True

        @invariant()
        def the_ledger_says_so(self) -> None:
            s = session()
            s.rollback()
            for order in self.all:
                party = f"order:{order.placed.reference}"
                owed = select(func.coalesce(-func.sum(Posting.amount), 0))
                assert s.scalar(owed.where(Posting.account == "buyers", Posting.party == party)) == order.left, order
            bank = s.scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == "bank"))
            assert bank == sum(line.amount for line in lines())

        def teardown(self) -> None:
            session().rollback()
            assert [n for n, check in invariants._checks.items() if n.startswith(NEAR) and any(check())] == []

    return Books


def test_whatever_happens_the_ledger_agrees(ctx: Flask, account: str) -> None:
    limits = settings(max_examples=5, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine(account), settings=limits)
