"""What the wait list does when goods come, are stopped, are ordered, and when a person leaves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.accounts import personal
from shop.accounts.events import UserErased
from shop.catalog.models import Product
from shop.checkout.events import ClaimUsed
from shop.demand.models.waiting import WaitEntry
from shop.demand.services import offers, waiting
from shop.kernel.db import session
from shop.kernel.events import on, on_later
from shop.stock.events import LotStopped, StockGrew


@on(StockGrew)
def goods_came(fact: StockGrew) -> None:
    """Goods are offered to those who wait in the transaction that brings them: nobody else sees them before."""
    offers.goods_came(fact.variant_ids)


@on(ClaimUsed)
def ordered(fact: ClaimUsed) -> None:
    """What was kept for somebody is part of an order now."""
    offers.bought(fact.reference, fact.order_id, fact.quantity)


@on_later(LotStopped, name="waiting.lot-stopped")
def lot_stopped(fact: LotStopped) -> None:
    """Nobody is left with goods kept for him that he may not have. Later: whoever stops a lot has its levels, and does not wait
    for a queue; until then no order can take the goods anyway."""
    offers.lot_stopped(fact.lot_id)


@on(UserErased)
def forget_who_waited(fact: UserErased) -> None:
    """An erased user leaves all queues, and his contact goes."""
    waiting.forget_person(fact.user_id)


@personal.part("waiting")
def of_user(user_id: int) -> list[dict[str, Any]]:
    """What a user waits or waited for."""
    rows = session().execute(
        select(WaitEntry, Product.name)
        .join(Product, Product.id == WaitEntry.product_id)
        .where(WaitEntry.user_id == user_id)
        .order_by(WaitEntry.id)
    )
    return [
        {
            "reference": entry.reference,
            "product": name,
            "quantity": entry.quantity,
            "email": entry.email,
            "phone": entry.phone,
            "state": entry.state.value,
            "joined_at": entry.joined_at.isoformat(),
            "bought": entry.bought,
        }
        for entry, name in rows
    ]
