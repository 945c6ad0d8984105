"""What checkout does when it hears of money, of cancelled orders and of log-ins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from shop.accounts.events import UserErased, UserSignedIn
from shop.catalog import listing
from shop.catalog.models import Variant
from shop.checkout import disputed, paying, services
from shop.checkout.models import Basket
from shop.checkout.services import late
from shop.kernel import operations, web
from shop.kernel.actor import SYSTEM
from shop.kernel.db import after_commit, savepoint, session
from shop.kernel.errors import N_
from shop.kernel.events import on, on_all, on_later
from shop.orders import services as orders
from shop.orders.events import LinesRefused, OrderCancelled, OrderPlaced
from shop.orders.models import DEPOSIT, Order, OrderLine, OrderStatus, PaymentStatus
from shop.orders.services.many import mark_many_paid
from shop.payments import services as payments
from shop.payments.events import (
    DisputeEnded,
    DisputeMoneyMoved,
    PaymentCaptured,
    RefundFailed,
    RefundRequested,
    RefundSucceeded,
)
from shop.payments.models import Payment
from shop.stock.errors import NoClaim
from shop.stock.events import StockCrossed


@on_all(PaymentCaptured)
def money_came(facts: Sequence[PaymentCaptured]) -> None:
    """The orders are paid: their goods are committed. Late money takes them again if there are any, else goes back once. What a
    deposit is paid for is known upstairs (`preorders`)."""
    paid = mark_many_paid(SYSTEM, [fact.order_id for fact in facts]) if len(facts) > 1 else frozenset()
    for fact in facts:
        if fact.order_id not in paid:
            _money_came(fact)


def _money_came(fact: PaymentCaptured) -> None:
    order = session().get(Order, fact.order_id, with_for_update=True, populate_existing=True)
    if order is None or order.channel == DEPOSIT:
        return
    if order.payment_status not in {PaymentStatus.UNPAID, PaymentStatus.DUE, PaymentStatus.VOID}:
        late.send_back(order.id, N_("Đơn hàng đã được thanh toán trước đó"), only=fact.payment_id)
        return
    if order.status == OrderStatus.CANCELLED:
        late.came(order, fact.payment_id)
        return
    try:
        with savepoint():
            orders.mark_paid(SYSTEM, order.id)
        if session().scalar(select(Payment.disputed_amount).where(Payment.id == fact.payment_id)):
            disputed.follow(order.id)  # the word of the dispute came before the word of the money
    except NoClaim:
        # The sweep gave the goods back a moment ago and the order is about to be cancelled.
        orders.cancel(SYSTEM, order.id, N_("Hết hạn thanh toán"))
        late.came(order, fact.payment_id)


@on(OrderCancelled)
def order_cancelled(fact: OrderCancelled) -> None:
    """What was not paid need not be paid any more; what was paid goes back."""
    payments.close_for_order(fact.order_id)
    late.send_back(fact.order_id, fact.reason or N_("Đơn hàng đã hủy"))


@on(LinesRefused)
def less_is_owed(fact: LinesRefused) -> None:
    """What was refused is not paid: less is due, or a part goes back. An order that ended by it is cancelled right after."""
    if not fact.ends_order:
        reason = N_("Một phần đơn không gửi được")
        payments.reduce(SYSTEM, fact.order_id, fact.amount, reason, f"refused:{fact.refusal_id}")


@on(RefundRequested)
def money_goes_back(fact: RefundRequested) -> None:
    """Once everything that was paid is asked back, the order says that it is on its way."""
    if not paying.captured(fact.order_id):
        orders.refund_asked(SYSTEM, fact.order_id)


@on(RefundSucceeded)
def money_went_back(fact: RefundSucceeded) -> None:
    """Once everything that was paid has gone back, the order says so."""
    if paying.all_went_back(fact.order_id):
        orders.refund_done(SYSTEM, fact.order_id)


@on(RefundFailed)
def money_stayed(fact: RefundFailed) -> None:
    """The provider refused; a person must look (payments' own queue)."""
    orders.refund_failed(SYSTEM, fact.order_id)
    disputed.follow(fact.order_id)


@on(DisputeMoneyMoved)
def bank_moved_money(fact: DisputeMoneyMoved) -> None:
    """A buyer's bank took an order's money, or brought it back."""
    disputed.follow(fact.order_id)


@on(DisputeEnded)
def dispute_ended(fact: DisputeEnded) -> None:
    """What it holds then is lost; what it gives back is told as it moves."""
    disputed.follow(fact.order_id)


@on_later(OrderPlaced, name="checkout.count-sales")
def count_sales(fact: OrderPlaced) -> None:
    """Best-selling is counted when orders are placed, each once."""

    def command() -> dict[str, Any]:
        rows = session().execute(
            select(Variant.product_id, func.sum(OrderLine.quantity))
            .join(Variant, Variant.id == OrderLine.variant_id)
            .where(OrderLine.order_id == fact.order_id)
            .group_by(Variant.product_id)
        )
        listing.add_sold({product_id: int(n) for product_id, n in rows})
        return {}

    operations.once(f"count-sales:{fact.order_id}", "checkout.count-sales", "system", [fact.order_id], command)


@on(StockCrossed)
def pages_follow(fact: StockCrossed) -> None:
    """Pages kept in memory no longer show what can be had."""
    after_commit(web.forget_pages)


@on(UserSignedIn)
def came_in(fact: UserSignedIn) -> None:
    """The guest's basket becomes the user's."""
    services.merge_at_login(fact.visitor, fact.user_id)


@on(UserErased)
def forget(fact: UserErased) -> None:
    """The erased user's baskets and the ties of his orders go."""
    s = session()
    for basket in s.scalars(select(Basket).where(Basket.user_id == fact.user_id)):
        basket.user_id = None
    orders.forget_person(SYSTEM, fact.user_id)
