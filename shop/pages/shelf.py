"""A refusal and the count of the shelf that goes with it, in one step: what is sold out is not offered to the next buyer."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.orders import desk
from shop.orders.models import Fulfilment, OrderLine, RefusalWhy
from shop.supply.services import own_store


def refuse(
    actor: Actor,
    producer_id: int,
    fulfilment_id: int,
    quantities: Mapping[int, int] | None,
    why: RefusalWhy,
    reason: str,
    left: Mapping[int, int],
    op_key: str,
) -> None:
    """As `desk.refuse`; and the books of the producer's own store are brought to what is really `left` for sale, by line.
    Both happen or neither.

    Raises:
        As `desk.refuse` and `own_store.recount`.
    """
    with transaction():
        desk.refuse(actor, fulfilment_id, quantities, why, reason, op_key)
        point_id = session().scalar(select(Fulfilment.point_id).where(Fulfilment.id == fulfilment_id))
        lines = select(OrderLine.id, OrderLine.variant_id).where(
            OrderLine.fulfilment_id == fulfilment_id, OrderLine.id.in_(list(left))
        )
        for line_id, variant_id in sorted(session().execute(lines).all() if left else ()):
            own_store.recount(
                actor, producer_id, int(point_id or 0), variant_id, left[line_id], reason=reason,
                op_key=f"{op_key}.{variant_id}",
            )  # fmt: skip
