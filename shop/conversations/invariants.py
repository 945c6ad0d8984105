"""What must hold of conversations (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import exists, func, or_, select

from shop.conversations import services
from shop.conversations.masks import mask
from shop.conversations.models import Conversation, ConversationMessage, Side
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.orders.models import Fulfilment, Order
from shop.orders.queries import was_placed

GRACE = timedelta(days=2)


@invariant("conversations.begin-with-words-about-a-placed-order")
def beginnings() -> Iterator[str]:
    """A conversation has a message, its last side is that of its last message, and its order was placed."""
    m = ConversationMessage
    last = select(func.max(m.id)).where(m.conversation_id == Conversation.id).correlate(Conversation).scalar_subquery()
    side = select(m.side).where(m.id == last).correlate(Conversation).scalar_subquery()
    yield from session().scalars(
        select(Order.reference)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .join(Conversation, Conversation.fulfilment_id == Fulfilment.id)
        .where(
            or_(~exists().where(m.conversation_id == Conversation.id), side != Conversation.last_side, ~was_placed())
        )
    )


@invariant("conversations.texts-are-blanked-after-their-term")
def blanked() -> Iterator[str]:
    """No text about a parcel that has been over for longer than the term (the sweep runs once a day)."""
    late = services.over_before() - GRACE
    rows = session().scalars(
        select(ConversationMessage.id)
        .where(ConversationMessage.blanked_at.is_(None), services.of_parcels_over_before(late))
        .order_by(ConversationMessage.id)
    )
    yield from (f"message {i}" for i in rows)


@invariant("conversations.keep-no-way-around-the-shop")
def masks() -> Iterator[str]:
    """No kept text holds a telephone number, an address of e-mail or a link."""
    rows = session().execute(
        select(ConversationMessage.id, ConversationMessage.body).where(ConversationMessage.body.is_not(None))
    )
    yield from (f"message {i}" for i, body in rows if mask(body or "")[1])


@invariant("conversations.unread-are-written-by-others")
def unread() -> Iterator[str]:
    """Nobody has more to read than others wrote."""
    m = ConversationMessage
    for side, column in (
        (Side.BUYER, Conversation.buyer_unread),
        (Side.MAKER, Conversation.maker_unread),
        (Side.OFFICE, Conversation.office_unread),
    ):
        others = (
            select(func.count())
            .where(m.conversation_id == Conversation.id, m.side != side)
            .correlate(Conversation)
            .scalar_subquery()
        )
        rows = session().scalars(select(Conversation.id).where(column > others))
        yield from (f"conversation {i}: {side}" for i in rows)
