"""What promotions mean in the books (`ledger`): what the shop, or a fair's budget, bears of what was sold.

Goods stand in `sales` at what was paid for them; their producer is owed what they cost before a discount that he does not bear.
The difference is an expense of its own, by promotion, so that the books tell what promotions cost. What a producer bears is
owed to him less, and stands in settlement. Posted when the buyer has his goods, and followed when some of them come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, select

from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.money import share
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import TILL, Order, OrderLine, OrderLineDiscount, OrderStatus
from shop.promotions import fairs
from shop.promotions.models import Payer, Promotion


def _borne(ids: Sequence[int]) -> list[Draft]:
    """Completed orders at what others than producers bear of the units that are kept."""
    d = OrderLineDiscount
    rows = session().execute(
        select(d.order_id, d.amount, d.gone_quantity, d.payer, OrderLine.quantity, Promotion.reference, Promotion.fair_id)
        .join(Promotion, Promotion.id == d.promotion_id)
        .outerjoin(OrderLine, OrderLine.id == d.line_id)
        .where(d.order_id.in_(ids), d.payer != Payer.PRODUCER)
    )  # fmt: skip
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for order_id, amount, gone, payer, quantity, reference, fair_id in rows:
        units = quantity or 1
        party = f"exhibition:{fair_id}" if payer is Payer.FAIR else f"promotion:{reference}"
        sums[order_id][party] += share(amount, units, 0, units - gone)
    orders = session().execute(
        select(Order.id, Order.reference, Order.status, Order.channel, Order.pickup_point_id, Order.completed_at,
               Order.placed_at)
        .where(Order.id.in_(ids))
    )  # fmt: skip
    drafts = []
    for i, reference, status, channel, point_id, completed_at, placed_at in orders:
        lines = [Line("promotions", amount, party) for party, amount in sorted(sums[i].items())]
        lines.append(Line("sales", -sum(sums[i].values()), f"order:{reference}"))
        where = f"point:{point_id}" if channel == TILL else "web"
        done = lines if status is OrderStatus.COMPLETED else []
        drafts.append(Draft(BORNE.kind, BORNE.cause(i), where, BORNE.cause(i), completed_at or placed_at, done))
    return drafts


def _ids() -> Select[Any]:
    d = OrderLineDiscount
    return (
        select(Order.id)
        .join(d, d.order_id == Order.id)
        .where(Order.status == OrderStatus.COMPLETED, d.payer != Payer.PRODUCER)
        .distinct()
    )


BORNE = sources.register(sources.Source("promotion-borne", _ids, _borne))


def borne(order_id: int) -> None:
    """Bring what promotions took off an order in step with what is kept of it; in the open transaction, which has locked it."""
    session().flush()
    wanted = select(OrderLineDiscount.id).where(
        OrderLineDiscount.order_id == order_id, OrderLineDiscount.payer != Payer.PRODUCER
    )
    if session().execute(wanted.limit(1)).first() is not None:
        ledger.bring(SYSTEM, _borne([order_id]))


# --- what they are called ----------------------------------------------------------------------------------------


def _orders(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(select(Order.id, Order.reference).where(Order.id.in_(names.numbers(ids))))
    return {str(i): Named(r, f"/office/orders/{r}") for i, r in rows}


def _promotions(references: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(Promotion.reference, Promotion.name).where(Promotion.reference.in_(sorted(references)))
    )
    return {r: Named(f"{r}, {name}", f"/office/promotions/{r}") for r, name in rows}


def _fairs(ids: Collection[str]) -> dict[str, Named]:
    return {str(i): Named(fairs.name(i)) for i in names.numbers(ids)}


names.register("promotion-borne", _orders)
names.register("promotion", _promotions)
names.register("exhibition", _fairs)
