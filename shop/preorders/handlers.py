"""What pre-orders do when they hear of money, of cancelled orders, of stopped lots and of erased members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from shop.accounts import personal
from shop.accounts.events import UserErased
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.events import on, on_all, on_later
from shop.orders.events import LinesRefused, OrderCancelled, OrderCompleted
from shop.orders.models import DEPOSIT, PREORDER, Order, OrderRefusal
from shop.payments.events import PaymentCaptured
from shop.preorders import books, queries
from shop.preorders.models import Preorder, S
from shop.preorders.services import aside, deposits, places, privacy, windows
from shop.stock.events import LotStopped


@on_all(PaymentCaptured)
def money_came(facts: Sequence[PaymentCaptured]) -> None:
    """Deposits among them were paid."""
    deposit = select(Order.id).where(Order.id.in_([fact.order_id for fact in facts]), Order.channel == DEPOSIT)
    theirs = set(session().scalars(deposit))
    for fact in facts:
        if fact.order_id in theirs:
            deposits.received(fact.order_id, fact.payment_id)


@on(OrderCancelled)
def order_ended(fact: OrderCancelled) -> None:
    """A deposit that is not paid any more gives its places back; of an order of goods that ended, the deposit goes back."""
    found = session().execute(select(Order.channel).where(Order.id == fact.order_id)).scalar()
    if found == DEPOSIT:
        waiting = session().execute(
            select(Preorder.reference, Preorder.window_id).where(
                Preorder.deposit_order_id == fact.order_id, Preorder.state == S.WAITING
            )
        ).first()  # fmt: skip
        if waiting is not None:
            windows.lock_id(waiting.window_id)
            _window, row = places.lock(waiting.reference)
            if row.state is S.WAITING:
                by_buyer = fact.by != "system"
                why = fact.reason or N_("Khách rút")
                places.end(row, S.LEFT if by_buyer else S.LAPSED, why)
    elif found == PREORDER:
        _return(fact.order_id, None)


@on(LinesRefused)
def goods_refused(fact: LinesRefused) -> None:
    """Of goods that are not sent after all, their share of the deposit goes back; an order that ended by it is heard of
    as such."""
    if not fact.ends_order:
        off = session().scalar(select(OrderRefusal.discount_amount).where(OrderRefusal.id == fact.refusal_id))
        _return(fact.order_id, int(off or 0))


@on_later(LotStopped, name="preorders.lot-stopped")
def lot_stopped(_fact: LotStopped) -> None:
    """What was set aside of a lot that nobody may have is given back, and other goods of the harvest are set aside."""
    aside.sweep()


@on(OrderCompleted)
def goods_are_his(fact: OrderCompleted) -> None:
    """The deposit that went into an order is earned with it."""
    books.used(fact.order_id)


def _return(order_id: int, amount: int | None) -> None:
    """Of the deposit that went into an order, `amount` đồng (None: what is left) goes back."""
    row = session().scalar(
        select(Preorder).where(Preorder.order_id == order_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if row is None:
        return
    left = row.used_amount - row.returned_amount
    back = left if amount is None else min(amount, left)
    if back > 0:
        row.returned_amount += back
        row.back_amount += back
        row.updated_at = clock.now()
        session().flush()
        books.used(order_id)
        deposits.give_back_later(row.id)


@on(UserErased)
def forget(fact: UserErased) -> None:
    """The erased user's pre-orders end, and name nobody."""
    privacy.forget_person(fact.user_id)


@personal.part("preorders")
def preorders_of(user_id: int) -> list[dict[str, Any]]:
    """The user's pre-orders, as plain values."""
    return queries.as_data(user_id)
