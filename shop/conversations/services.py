"""Commands on conversations: write, mark as read, blank."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from shop.conversations import rules
from shop.conversations.errors import ConversationOver, TooManyMessages
from shop.conversations.events import MessageWritten
from shop.conversations.masks import mask
from shop.conversations.models import Conversation, ConversationMessage, Side
from shop.kernel import audit, clock, jobs, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.orders import contact
from shop.orders.models import Fulfilment, Order
from shop.orders.queries import was_placed
from shop.points.models import Point

LONGEST = 1000

_UNREAD = {
    Side.BUYER: Conversation.buyer_unread,
    Side.MAKER: Conversation.maker_unread,
    Side.OFFICE: Conversation.office_unread,
}


def _told(side: Side, producer_id: int | None) -> list[Side]:
    """Who has something new to read when `side` writes. The office reads along, and is counted on where no producer is."""
    other = Side.MAKER if producer_id is not None else Side.OFFICE
    return [s for s in (Side.BUYER, other) if s is not side]


def write(actor: Actor, fulfilment_id: int, side: Side, words: str, op_key: str) -> bool:
    """Write `words` about a parcel, in the name of `side`; the others are told by letter if they had read all before. Return
    whether something was masked: ways to reach each other beside the shop are not kept. Once for `op_key`.

    Raises:
        NotFound: there is no such parcel of a placed order.
        Invalid: no words, or too many.
        ConversationOver: the parcel has been over for longer than the term.
        TooManyMessages: this side wrote too much in the last hour.
        KeyUsedOtherwise: the key was used for something else.
    """
    words = text.clean(words)
    if not words:
        raise Invalid(N_("Hãy viết nội dung tin nhắn."), field="words")
    if len(words) > LONGEST:
        raise Invalid(N_("Tin nhắn dài nhất %(n)s ký tự."), field="words", n=LONGEST)

    def command() -> dict[str, Any]:
        s, now = session(), clock.now()
        found = s.execute(
            select(Order.id, Fulfilment.number, Fulfilment.closed_at, Point.producer_id)
            .join(Fulfilment, Fulfilment.order_id == Order.id)
            .join(Point, Point.id == Fulfilment.point_id)
            .where(Fulfilment.id == fulfilment_id, was_placed())
        ).first()
        if found is None:
            raise NotFound
        if contact.is_hidden(found.closed_at):
            raise ConversationOver
        talk = _opened(fulfilment_id, found.producer_id, side)
        lately = select(func.count()).where(
            ConversationMessage.conversation_id == talk.id,
            ConversationMessage.side == side,
            ConversationMessage.at > now - timedelta(hours=1),
        )
        if (s.scalar(lately) or 0) >= rules.HOURLY.get():
            raise TooManyMessages(n=rules.HOURLY.get())
        kept, masked = mask(words)
        message_id: int = s.execute(
            insert(ConversationMessage)
            .values(conversation_id=talk.id, side=side, body=kept, masked=masked, at=now, actor_key=actor.key,
                    actor_label=actor.label)
            .returning(ConversationMessage.id)
        ).scalar_one()  # fmt: skip
        first = {}
        for other in _told(side, talk.producer_id):
            count = f"{other.value}_unread"
            first[other] = getattr(talk, count) == 0
            setattr(talk, count, getattr(talk, count) + 1)
        setattr(talk, f"{side.value}_unread", 0)  # whoever answers has read
        talk.last_at, talk.last_side = now, side
        s.flush()
        if side is not Side.BUYER:
            audit.record(actor, "conversations.write", f"order:{found.id}", parcel=found.number, side=side.value)
        publish(
            MessageWritten(
                talk.id, message_id, side.value, first.get(Side.BUYER, False), first.get(Side.MAKER, False),
                first.get(Side.OFFICE, False),
            )
        )  # fmt: skip
        return {"masked": masked}

    body = [fulfilment_id, side.value, words]
    return bool(operations.once(op_key, "conversations.write", actor.key, body, command)["masked"])


def _opened(fulfilment_id: int, producer_id: int | None, side: Side) -> Conversation:
    """The parcel's conversation, begun if there is none, locked."""
    now = clock.now()
    row = {
        "fulfilment_id": fulfilment_id,
        "producer_id": producer_id,
        "opened_at": now,
        "last_at": now,
        "last_side": side,
    }
    insert_missing(Conversation, [row], ["fulfilment_id"])
    return (
        session()
        .scalars(
            select(Conversation).where(Conversation.fulfilment_id == fulfilment_id).with_for_update(),
            execution_options={"populate_existing": True},
        )
        .one()
    )


def seen(fulfilment_id: int, side: Side, shown: int) -> None:
    """`side` has read the first `shown` messages about a parcel; if more have been written since, it stays unread."""
    column = _UNREAD[side]
    written = (
        select(func.count())
        .where(ConversationMessage.conversation_id == Conversation.id)
        .correlate(Conversation)
        .scalar_subquery()
    )
    with transaction() as s:
        s.execute(
            update(Conversation)
            .where(Conversation.fulfilment_id == fulfilment_id, column > 0, written <= shown)
            .values({column.key: 0})
            .execution_options(synchronize_session=False)
        )


def blank(condition: Any) -> int:
    """Remove the text, and the writer's name, of the messages that meet `condition`, in the open transaction."""
    done: Any = session().execute(
        update(ConversationMessage)
        .where(ConversationMessage.blanked_at.is_(None), condition)
        .values(body=None, actor_label="", blanked_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def over_before() -> Any:
    """Texts about parcels that were over before this instant are blanked."""
    return clock.start_of(clock.add_months(clock.today(), -int(rules.KEEP_MONTHS.get())))


def of_parcels_over_before(instant: Any) -> Any:
    """SQL: a message about a parcel that was over before `instant`."""
    over = (
        select(Conversation.id)
        .join(Fulfilment, Fulfilment.id == Conversation.fulfilment_id)
        .where(Fulfilment.closed_at < instant)
    )
    return ConversationMessage.conversation_id.in_(over)


@jobs.every(timedelta(days=1), name="conversations.forget", group="retention")
def _forget() -> None:
    """Blank what was written about parcels that have been over for longer than the term staff set."""
    with transaction():
        blank(of_parcels_over_before(over_before()))
