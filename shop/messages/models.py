"""Messages of customers with their state; personal parts are blanked when their term is over."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.kernel.db import Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_


class Topic(StrEnum):
    ORDER = "order"
    PRODUCT = "product"
    COMPLAINT = "complaint"
    PRIVACY = "privacy"
    PRODUCER = "producer"
    OTHER = "other"


TOPIC_NAMES = {
    Topic.ORDER: N_("Đơn hàng, giao hàng"),
    Topic.PRODUCT: N_("Sản phẩm, chứng nhận"),
    Topic.COMPLAINT: N_("Khiếu nại"),
    Topic.PRIVACY: N_("Dữ liệu cá nhân"),
    Topic.PRODUCER: N_("Muốn bán hàng ở đây"),
    Topic.OTHER: N_("Việc khác"),
}


class MessageState(StrEnum):
    NEW = "new"
    READ = "read"
    ANSWERED = "answered"
    CLOSED = "closed"


STATE_NAMES = {
    MessageState.NEW: N_("Mới"),
    MessageState.READ: N_("Đang xử lý"),
    MessageState.ANSWERED: N_("Đã trả lời"),
    MessageState.CLOSED: N_("Đã đóng"),
}

# For each state the steps that may follow; an answered message may be answered again.
ALLOWED: dict[MessageState, frozenset[MessageState]] = {
    MessageState.NEW: frozenset({MessageState.READ, MessageState.ANSWERED, MessageState.CLOSED}),
    MessageState.READ: frozenset({MessageState.ANSWERED, MessageState.CLOSED}),
    MessageState.ANSWERED: frozenset({MessageState.ANSWERED, MessageState.CLOSED, MessageState.READ}),
    MessageState.CLOSED: frozenset({MessageState.READ}),
}


class Message(Base):
    """One message. `blanked_at`: the person's part (name, contact, text) has been removed for good."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("topic", Topic),
        one_of("state", MessageState),
        CheckConstraint("email IS NOT NULL OR phone IS NOT NULL OR blanked_at IS NOT NULL", name="reachable"),
        Index("ix_messages_state", "state", "id"),
        Index("ix_messages_user", "user_id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    topic: Mapped[Topic] = mapped_column(EnumText(Topic))
    state: Mapped[MessageState] = mapped_column(EnumText(MessageState), default=MessageState.NEW)
    name: Mapped[Str255]
    email: Mapped[Str255 | None]
    phone: Mapped[Str20 | None]
    # What the writer says his order is called; nobody has checked it.
    order_reference: Mapped[Str20 | None]
    body: Mapped[LongText]
    locale: Mapped[Str20] = mapped_column(default="vi")
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    blanked_at: Mapped[Instant | None]

    steps: Mapped[list[MessageStep]] = relationship(back_populates="message", order_by="MessageStep.id")


class MessageStep(Base):
    """One step of a message: from, to, when, who, and what was answered or noted."""

    __tablename__ = "message_steps"
    __table_args__ = (Index("ix_message_steps_message", "message_id", "id"),)

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey(Message.id))
    from_state: Mapped[Str20]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    note: Mapped[LongText | None]
    # How the answer went: `letter` or `phone`; NULL for steps that answer nothing.
    channel: Mapped[Str20 | None]
    op_key: Mapped[Str80 | None] = mapped_column(unique=True)

    message: Mapped[Message] = relationship(back_populates="steps")
