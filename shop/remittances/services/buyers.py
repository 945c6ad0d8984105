"""Staff lift what makes a buyer pay ahead."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.orders.models import Order
from shop.remittances.models import CodParcel, Lift
from shop.remittances.services.steps import once, reason


def lift(actor: Actor, order: str, told: str, *, op_key: str) -> None:
    """Let the buyer of a refused order pay at the door again: neither his phone's nor his account's refusals until now count.

    Raises:
        NotFound: there is no such order with a refused parcel. Invalid: no reason.
    """
    found = (
        session()
        .execute(
            select(Order.phone, Order.user_id)
            .join(CodParcel, CodParcel.order_id == Order.id)
            .where(Order.reference == order, CodParcel.refused_at.is_not(None))
            .limit(1)
        )
        .first()
    )
    if found is None:
        raise NotFound
    why = reason(told)

    def command() -> dict[str, Any]:
        s = session()
        s.add(
            Lift(
                phone=found.phone, user_id=found.user_id, reason=why, at=clock.now(), actor_key=actor.key,
                actor_label=actor.label,
            )
        )  # fmt: skip
        s.flush()
        return {"order": order, "reason": why}

    once(actor, op_key, "lift", [order, why], command)
