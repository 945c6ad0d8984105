"""What messages do when a person leaves, and what a person may take along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.accounts import personal
from shop.accounts.events import UserErased
from shop.kernel import events
from shop.kernel.db import session
from shop.messages import services
from shop.messages.models import Message


@events.on(UserErased)
def forget_the_writer(fact: UserErased) -> None:
    """Blank the messages that an erased user wrote while signed in."""
    services.blank(list(session().scalars(select(Message).where(Message.user_id == fact.user_id))))


@personal.part("messages")
def of_user(user_id: int) -> list[dict[str, Any]]:
    """The messages a user wrote while signed in."""
    rows = session().scalars(select(Message).where(Message.user_id == user_id).order_by(Message.id))
    return [
        {
            "reference": row.reference,
            "topic": row.topic.value,
            "name": row.name,
            "email": row.email,
            "phone": row.phone,
            "order": row.order_reference,
            "text": row.body,
            "written_at": row.created_at.isoformat(),
            "answers": [step.note for step in row.steps if step.channel and step.note],
        }
        for row in rows
    ]
