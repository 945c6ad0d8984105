"""One conversation for each parcel; its messages are append-only but for their text, which is blanked after a term."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str40, Str255, one_of
from shop.kernel.errors import N_
from shop.orders.models import Fulfilment
from shop.producers.models import Producer


class Side(StrEnum):
    """Who writes: the buyer, the producer who sends the parcel, the shop's office."""

    BUYER = "buyer"
    MAKER = "maker"
    OFFICE = "office"


SIDE_NAMES = {Side.BUYER: N_("Người mua"), Side.MAKER: N_("Cơ sở sản xuất"), Side.OFFICE: N_("Cửa hàng")}


class Conversation(Base):
    """About one parcel. `producer_id` is whose store it leaves; without one the office is the other side."""

    __tablename__ = "conversations"
    __table_args__ = (
        one_of("last_side", Side),
        CheckConstraint("buyer_unread >= 0 AND maker_unread >= 0 AND office_unread >= 0", name="unread_whole"),
        Index("ix_conversations_producer", "producer_id", "last_at"),
        Index("ix_conversations_last", "last_at"),
    )

    id: Mapped[Id]
    fulfilment_id: Mapped[int] = mapped_column(ForeignKey(Fulfilment.id), unique=True)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    opened_at: Mapped[Instant]
    last_at: Mapped[Instant]
    last_side: Mapped[Side] = mapped_column(EnumText(Side))
    # Messages of others that this side has not opened yet. The office counts those of which nobody else is told.
    buyer_unread: Mapped[int] = mapped_column(default=0, server_default="0")
    maker_unread: Mapped[int] = mapped_column(default=0, server_default="0")
    office_unread: Mapped[int] = mapped_column(default=0, server_default="0")

    messages: Mapped[list[ConversationMessage]] = relationship(
        back_populates="conversation", order_by="ConversationMessage.id"
    )


class ConversationMessage(Base):
    """What one side wrote. `masked`: a telephone number, an address of e-mail or a link was taken out of it."""

    __tablename__ = "conversation_messages"
    __table_args__ = (
        one_of("side", Side),
        CheckConstraint("(body IS NULL) = (blanked_at IS NOT NULL)", name="blank_says_when"),
        Index("ix_conversation_messages_conversation", "conversation_id", "id"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey(Conversation.id))
    side: Mapped[Side] = mapped_column(EnumText(Side))
    body: Mapped[LongText | None]
    masked: Mapped[bool]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    blanked_at: Mapped[Instant | None]

    conversation: Mapped[Conversation] = relationship(back_populates="messages")
