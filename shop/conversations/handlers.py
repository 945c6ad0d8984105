"""What conversations do when a person leaves, and what a person may take along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_, select

from shop.accounts import personal
from shop.accounts.events import UserErased
from shop.conversations import services
from shop.conversations.models import Conversation, ConversationMessage, Side
from shop.kernel import events
from shop.kernel.db import session
from shop.orders.models import Fulfilment, Order


def _of(user_id: int) -> Any:
    """SQL: written by a buyer who was signed in as the user, or about an order of his."""
    his = (
        select(Conversation.id)
        .join(Fulfilment, Fulfilment.id == Conversation.fulfilment_id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Order.user_id == user_id)
    )
    m = ConversationMessage
    return and_(m.side == Side.BUYER, or_(m.actor_key == f"user:{user_id}", m.conversation_id.in_(his)))


@events.on(UserErased)
def forget_the_buyer(fact: UserErased) -> None:
    """Blank what an erased user wrote about his orders."""
    services.blank(_of(fact.user_id))


@personal.part("conversations")
def of_user(user_id: int) -> list[dict[str, Any]]:
    """What a user wrote about his parcels."""
    rows = session().execute(
        select(Order.reference, Fulfilment.number, ConversationMessage.at, ConversationMessage.body)
        .join(Conversation, Conversation.id == ConversationMessage.conversation_id)
        .join(Fulfilment, Fulfilment.id == Conversation.fulfilment_id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(_of(user_id))
        .order_by(ConversationMessage.id)
    )
    return [{"parcel": f"{r}/{n}", "written_at": at.isoformat(), "text": body} for r, n, at, body in rows]
