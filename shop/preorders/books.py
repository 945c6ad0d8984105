"""What pre-orders mean in the books (`ledger`): a deposit is its buyer's until the goods that it was put to are his."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import Order, OrderStatus
from shop.preorders.models import Preorder


def _used(ids: Sequence[int]) -> list[Draft]:
    goods, deposit = aliased(Order), aliased(Order)
    rows = session().execute(
        select(Preorder.id, Preorder.used_amount - Preorder.returned_amount, goods.status, goods.completed_at,
               goods.placed_at, goods.reference, deposit.reference)
        .join(goods, goods.id == Preorder.order_id)
        .join(deposit, deposit.id == Preorder.deposit_order_id)
        .where(Preorder.id.in_(ids))
    )  # fmt: skip
    drafts = []
    for i, amount, status, completed_at, placed_at, order, paid in rows:
        lines = [Line("buyers", amount, f"order:{paid}"), Line("sales", -amount, f"order:{order}")]
        done = lines if status is OrderStatus.COMPLETED else []
        drafts.append(Draft(USED.kind, USED.cause(i), "web", USED.cause(i), completed_at or placed_at, done))
    return drafts


def _ids() -> Select[Any]:
    rows = select(Preorder.id).join(Order, Order.id == Preorder.order_id)
    return rows.where(
        Order.status == OrderStatus.COMPLETED, Preorder.deposit_order_id.is_not(None),
        Preorder.used_amount > Preorder.returned_amount,
    )  # fmt: skip


USED = sources.register(sources.Source("deposit-used", _ids, _used))


def _named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(select(Preorder.id, Preorder.reference).where(Preorder.id.in_(names.numbers(ids))))
    return {str(i): Named(reference) for i, reference in rows}


names.register("deposit-used", _named)


def used(order_id: int) -> None:
    """Bring the deposit of an order of goods in step with it, in the open transaction."""
    session().flush()
    ids = session().scalars(select(Preorder.id).where(Preorder.order_id == order_id)).all()
    ledger.bring(SYSTEM, _used(ids))
