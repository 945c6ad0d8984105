"""What checkout does when it hears of money, of cancelled orders and of log-ins."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import func, select

from shop.accounts.events import UserErased, UserSignedIn
from shop.catalog import listing
from shop.catalog.models import Variant
from shop.checkout import paying, services
from shop.checkout.events import LateMoneyUnserved
from shop.checkout.models import Basket
from shop.checkout.sourcing import source
from shop.kernel import operations, web
from shop.kernel.actor import SYSTEM
from shop.kernel.db import after_commit, savepoint, session
from shop.kernel.errors import N_
from shop.kernel.events import on, on_later, publish
from shop.orders import queries as orders_read
from shop.orders import services as orders
from shop.orders.events import LinesRefused, OrderCancelled, OrderPlaced
from shop.orders.models import DEPOSIT, PREORDER, DeliveryKind, Order, OrderLine, OrderStatus, PaymentStatus
from shop.payments import services as payments
from shop.payments.events import PaymentCaptured, RefundFailed, RefundRequested, RefundSucceeded
from shop.promotions.errors import OfferGone
from shop.stock import queries as stock
from shop.stock.errors import NoClaim, SoldOut
from shop.stock.events import StockCrossed
from shop.stock.services import Take


@on(PaymentCaptured)
def money_came(fact: PaymentCaptured) -> None:
    """The order is paid: its goods are committed. Late money takes them again if there are any, else goes back once. What a
    deposit is paid for is known upstairs (`preorders`)."""
    order = session().get(Order, fact.order_id, with_for_update=True, populate_existing=True)
    if order is None or order.channel == DEPOSIT:
        return
    if order.payment_status in {PaymentStatus.PAID, PaymentStatus.REFUND_PENDING, PaymentStatus.REFUNDED}:
        send_back(order.id, N_("Đơn hàng đã được thanh toán trước đó"), only=fact.payment_id)
        return
    if order.status == OrderStatus.CANCELLED:
        _late(order)
        return
    try:
        with savepoint():
            orders.mark_paid(SYSTEM, order.id)
    except NoClaim:
        # The sweep gave the goods back a moment ago and the order is about to be cancelled.
        orders.cancel(SYSTEM, order.id, N_("Hết hạn thanh toán"))
        _late(order)


def _late(order: Order) -> None:
    """Money for a cancelled order. A pre-order that ended has its deposit back, so that what was agreed does not hold any more:
    its late money goes back too."""
    if order.channel == PREORDER:
        orders.paid_too_late(SYSTEM, order.id)
        send_back(order.id, N_("Tiền đến sau khi đơn đã hủy và hàng không còn"))
        return
    parcels, missing = _sources_again(order)
    if parcels:
        try:
            with savepoint():
                orders.revive(SYSTEM, order.id, parcels)
            return
        except SoldOut:
            # Somebody was faster just now. What is free after him tells what lacks; if nothing does, it is the whole order.
            missing = _sources_again(order)[1] or _units_of(order.id)
        except OfferGone:
            # The goods are there, what was taken off their price is not: at another price it is another order.
            orders.paid_too_late(SYSTEM, order.id)
            send_back(order.id, N_("Tiền đến sau khi đơn đã hủy và ưu đãi của đơn đã hết"))
            return
    publish(LateMoneyUnserved(order.id, tuple(sorted(missing)), tuple(missing[v] for v in sorted(missing))))
    orders.paid_too_late(SYSTEM, order.id)
    send_back(order.id, N_("Tiền đến sau khi đơn đã hủy và hàng không còn"))


def send_back(order_id: int, reason: str, *, only: int | None = None) -> None:
    """Ask for the refund of what is still here of an order's money, once for each payment."""
    for payment_id, amount in paying.captured(order_id):
        if only is None or payment_id == only:
            payments.request_refund(SYSTEM, payment_id, amount, reason, f"give-back:{payment_id}:{amount}")


def _units_of(order_id: int) -> dict[int, int]:
    """The units of each variant that an order has."""
    rows = session().execute(
        select(OrderLine.variant_id, func.sum(OrderLine.quantity))
        .where(OrderLine.order_id == order_id)
        .group_by(OrderLine.variant_id)
    )
    return {variant_id: int(n) for variant_id, n in rows}


def _sources_again(order: Order) -> tuple[list[tuple[int, list[Take]]], dict[int, int]]:
    """Where each parcel's goods can be taken again at its own point, and what is missing per variant; no parcel if anything
    is, or if one would need two."""
    found = []
    missing: dict[int, int] = defaultdict(int)
    whole = True
    for fulfilment in orders_read.parcels_of(order.id):
        needs: dict[int, int] = defaultdict(int)
        for variant_id, quantity in session().execute(
            select(OrderLine.variant_id, OrderLine.quantity).where(OrderLine.fulfilment_id == fulfilment.id)
        ):
            needs[variant_id] += quantity
        levels = stock.free_levels(list(needs), point_id=fulfilment.point_id, web=True)
        flag = "pickup" if fulfilment.kind == DeliveryKind.PICKUP else "ships"
        sourced = source(needs, [level for level in levels if getattr(level, flag)])
        for variant_id, n in sourced.missing.items():
            missing[variant_id] += n
        if sourced.missing or len(sourced.parcels) != 1:
            whole = False
            continue
        found.append((fulfilment.number, list(sourced.parcels[0].takes)))
    return (found if whole else []), dict(missing)


@on(OrderCancelled)
def order_cancelled(fact: OrderCancelled) -> None:
    """What was not paid need not be paid any more; what was paid goes back."""
    payments.close_for_order(fact.order_id)
    send_back(fact.order_id, fact.reason or N_("Đơn hàng đã hủy"))


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
