"""What a producer wants to say of a product, what the office answered, and every difference that came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Product
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer


class Kind(StrEnum):
    """`new`: a product that was never shown; the draft stands in the catalogue itself. `change`: of one that was."""

    NEW = "new"
    CHANGE = "change"


class State(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    RETURNED = "returned"
    APPROVED = "approved"
    DROPPED = "dropped"


STATE_NAMES = {
    State.DRAFT: N_("Bản nháp"),
    State.SENT: N_("Chờ duyệt"),
    State.RETURNED: N_("Trả lại để sửa"),
    State.APPROVED: N_("Đã duyệt"),
    State.DROPPED: N_("Đã bỏ"),
}
KIND_NAMES = {Kind.NEW: N_("Sản phẩm mới"), Kind.CHANGE: N_("Thay đổi")}

# Taking back what is in the queue leads to a draft. A draft of which nothing needs a reviewer is done when it is sent.
ALLOWED: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SENT, State.APPROVED, State.DROPPED}),
    State.SENT: frozenset({State.APPROVED, State.RETURNED, State.DRAFT}),
    State.RETURNED: frozenset({State.SENT, State.APPROVED, State.DROPPED}),
    State.APPROVED: frozenset(),
    State.DROPPED: frozenset(),
}
OPEN = (State.DRAFT, State.SENT, State.RETURNED)
_OPEN = text("state IN ('draft', 'sent', 'returned')")


class Submission(Base):
    """What a producer wants changed of one product; at most one of a product is open. `revision` grows with what it says."""

    __tablename__ = "listing_submissions"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("state", State),
        Index("ix_listing_submissions_open", "product_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_listing_submissions_product", "product_id", "id"),
        Index("ix_listing_submissions_producer", "producer_id", "state"),
        Index("ix_listing_submissions_state", "state", "sent_at"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    state: Mapped[State] = mapped_column(EnumText(State))
    revision: Mapped[int] = mapped_column(default=1)
    # What the producer tells the reviewer, and the reviewer's last answer.
    note: Mapped[LongText | None]
    answer: Mapped[LongText | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]
    sent_by: Mapped[Str40 | None]
    sent_label: Mapped[Str255 | None]
    closed_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Decision(StrEnum):
    APPROVED = "approved"
    RETURNED = "returned"


class Line(Base):
    """One difference that is wanted: `subject` is `product`, `variant:<SKU>` or `photos`.

    `before` is what the catalogue said when the producer wrote, both in JSON. A new pack is one line `new`.
    """

    __tablename__ = "listing_lines"
    __table_args__ = (one_of("decision", Decision), UniqueConstraint("submission_id", "subject", "field"))

    id: Mapped[Id]
    submission_id: Mapped[int] = mapped_column(ForeignKey(Submission.id))
    subject: Mapped[Str80]
    field: Mapped[Str40]
    before: Mapped[Any] = mapped_column(Json)
    after: Mapped[Any] = mapped_column(Json)
    decision: Mapped[Decision | None] = mapped_column(EnumText(Decision))
    reason: Mapped[LongText | None]

    @property
    def key(self) -> str:
        """How forms name it."""
        return f"{self.subject}/{self.field}"


class Step(Base):
    """A submission went from one state to the next (append-only); `state_from` is NULL for the first."""

    __tablename__ = "listing_steps"
    __table_args__ = (
        one_of("state_from", State),
        one_of("state_to", State),
        Index("ix_listing_steps_submission", "submission_id", "id"),
    )

    id: Mapped[Id]
    submission_id: Mapped[int] = mapped_column(ForeignKey(Submission.id))
    state_from: Mapped[State | None] = mapped_column(EnumText(State))
    state_to: Mapped[State] = mapped_column(EnumText(State))
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    note: Mapped[LongText | None]


class Outcome(StrEnum):
    """What became of a difference: `draft`: of goods not yet shown; `shown`: at once; `withdrawn`: its producer took it back
    while it waited; the others by review."""

    DRAFT = "draft"
    SHOWN = "shown"
    QUEUED = "queued"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


OUTCOME_NAMES = {
    Outcome.DRAFT: N_("Ghi vào bản nháp"),
    Outcome.SHOWN: N_("Hiện ngay"),
    Outcome.QUEUED: N_("Gửi duyệt"),
    Outcome.APPROVED: N_("Được duyệt"),
    Outcome.RETURNED: N_("Trả lại"),
    Outcome.WITHDRAWN: N_("Rút khỏi hàng chờ"),
}


class Change(Base):
    """A difference and what became of it (append-only): the history of a listing, never deleted."""

    __tablename__ = "listing_changes"
    __table_args__ = (
        one_of("outcome", Outcome),
        CheckConstraint("subject <> ''", name="subject_given"),
        Index("ix_listing_changes_product", "product_id", "id"),
        Index("ix_listing_changes_subject", "subject", "field", "at"),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    submission_id: Mapped[int | None] = mapped_column(ForeignKey(Submission.id))
    subject: Mapped[Str80]
    field: Mapped[Str40]
    before: Mapped[Any] = mapped_column(Json)
    after: Mapped[Any] = mapped_column(Json)
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome))
    reason: Mapped[LongText | None]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class Picture(Base):
    """A photograph that a producer sent and that may stand in a submission; `files` as in `Photo`."""

    __tablename__ = "listing_pictures"
    __table_args__ = (Index("ix_listing_pictures_product", "product_id"),)

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    width: Mapped[int]
    height: Mapped[int]
    files: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
