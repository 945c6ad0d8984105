"""Ideas for products and what becomes of them; the groups into which products were put by the lists of their years."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Product, ProductGroup
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, SortKey, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer


class IdeaKind(StrEnum):
    """Form no. 1 is of a new product, no. 2 of one that exists."""

    NEW = "new"
    EXISTING = "existing"


IDEA_KIND_NAMES = {IdeaKind.NEW: N_("Sản phẩm mới (mẫu 1)"), IdeaKind.EXISTING: N_("Sản phẩm đã có (mẫu 2)")}


class IdeaState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    PLANNED = "planned"
    PLAN_RETURNED = "plan_returned"
    RUNNING = "running"
    FILED = "filed"
    DROPPED = "dropped"


I = IdeaState
IDEA_NAMES = {
    I.DRAFT: N_("Đang soạn ý tưởng"),
    I.SUBMITTED: N_("Ý tưởng chờ xem"),
    I.RETURNED: N_("Ý tưởng trả lại"),
    I.ACCEPTED: N_("Được chọn, chờ kế hoạch kinh doanh"),
    I.PLANNED: N_("Kế hoạch chờ xem"),
    I.PLAN_RETURNED: N_("Kế hoạch trả lại"),
    I.RUNNING: N_("Đang triển khai"),
    I.FILED: N_("Đã mở hồ sơ"),
    I.DROPPED: N_("Đã dừng"),
}
IDEA_KINDS = {
    I.DRAFT: "", I.SUBMITTED: "warn", I.RETURNED: "warn", I.ACCEPTED: "info", I.PLANNED: "warn", I.PLAN_RETURNED: "warn",
    I.RUNNING: "info", I.FILED: "ok", I.DROPPED: "",
}  # fmt: skip
IDEA_ALLOWED: dict[IdeaState | None, frozenset[IdeaState]] = {
    None: frozenset({I.DRAFT}),
    I.DRAFT: frozenset({I.SUBMITTED, I.DROPPED}),
    I.SUBMITTED: frozenset({I.RETURNED, I.ACCEPTED, I.DROPPED}),
    I.RETURNED: frozenset({I.SUBMITTED, I.DROPPED}),
    I.ACCEPTED: frozenset({I.PLANNED, I.DROPPED}),
    I.PLANNED: frozenset({I.PLAN_RETURNED, I.RUNNING, I.DROPPED}),
    I.PLAN_RETURNED: frozenset({I.PLANNED, I.DROPPED}),
    I.RUNNING: frozenset({I.FILED, I.DROPPED}),
    I.FILED: frozenset(),
    I.DROPPED: frozenset(),
}
# The producer writes the idea, or the plan.
IDEA_OPEN = (I.DRAFT, I.RETURNED)
PLAN_OPEN = (I.ACCEPTED, I.PLAN_RETURNED)
# It passed the screening of ideas.
KEPT = (I.ACCEPTED, I.PLANNED, I.PLAN_RETURNED, I.RUNNING, I.FILED)


class Idea(Base):
    """A producer's idea for a product of a year. `content` is what the form asks; `plan` the business plan. `locality_code` is
    the producer's commune on the day of submitting, copied. `turn` counts the savings."""

    __tablename__ = "cycle_ideas"
    __table_args__ = (
        one_of("kind", IdeaKind),
        one_of("state", IdeaState),
        CheckConstraint(
            "(state IN ('returned', 'plan_returned', 'dropped')) = (reason IS NOT NULL)", name="reason_given"
        ),
        CheckConstraint("(state = 'filed') = (dossier_code IS NOT NULL)", name="filed_with_dossier"),
        CheckConstraint("kind <> 'existing' OR product_id IS NOT NULL", name="existing_named"),
        Index("ix_cycle_ideas_year", "year", "state", "id"),
        Index("ix_cycle_ideas_producer", "producer_id", "id"),
        Index("ix_cycle_ideas_locality", "locality_code", "year"),
        Index("ix_cycle_ideas_product", "product_id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    year: Mapped[int]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    locality_code: Mapped[Str20 | None]
    kind: Mapped[IdeaKind] = mapped_column(EnumText(IdeaKind))
    state: Mapped[IdeaState] = mapped_column(EnumText(IdeaState))
    name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    # Its name without marks, for searching.
    search_text: Mapped[Str255]
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    plan: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[LongText | None]
    dossier_code: Mapped[Str40 | None]
    turn: Mapped[int]
    submitted_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)


class IdeaStep(Base):
    """One step of an idea: from, to, when, who, why; never changed."""

    __tablename__ = "cycle_idea_steps"
    __table_args__ = (Index("ix_cycle_idea_steps_idea", "idea_id", "id"),)

    id: Mapped[Id]
    idea_id: Mapped[int] = mapped_column(ForeignKey(Idea.id))
    from_state: Mapped[Str20 | None]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]


class Grouping(Base):
    """Into which group of a list (`scheme` 2014, 2019, 2026) a product was put, and why; never changed: a later word takes its
    place. The six groups of 2014 are not those of 2026: no rule maps one to the other."""

    __tablename__ = "cycle_groupings"
    __table_args__ = (
        Index("ix_cycle_groupings_product", "product_id", "id"),
        Index("ix_cycle_groupings_group", "group_id"),
        Index(
            "uq_cycle_groupings_standing",
            "product_id",
            "scheme",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    scheme: Mapped[Str20]
    group_id: Mapped[int] = mapped_column(ForeignKey(ProductGroup.id))
    why: Mapped[LongText]
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]
    replaced_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class MeetingKind(StrEnum):
    CONFERENCE = "conference"
    TRAINING = "training"
    SURVEY = "survey"


MEETING_NAMES = {
    MeetingKind.CONFERENCE: N_("Hội nghị"),
    MeetingKind.TRAINING: N_("Tập huấn"),
    MeetingKind.SURVEY: N_("Khảo sát"),
}


class Meeting(Base):
    """A conference, a training or a survey: when, where, about what, what came of it. `locality_code` is empty for one of the
    whole province."""

    __tablename__ = "cycle_meetings"
    __table_args__ = (
        one_of("kind", MeetingKind),
        CheckConstraint("last_on >= held_on", name="span"),
        Index("ix_cycle_meetings_held", "held_on", "id"),
        Index("ix_cycle_meetings_locality", "locality_code", "held_on"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    kind: Mapped[MeetingKind] = mapped_column(EnumText(MeetingKind))
    title: Mapped[Str255]
    search_text: Mapped[LongText]
    locality_code: Mapped[Str20]
    held_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    place: Mapped[Str255 | None]
    outcome: Mapped[LongText | None]
    created_at: Mapped[Instant]
    created_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Attendance(Base):
    """Somebody on the list of a meeting: the name and unit as the list has them, the producer where it names one of ours, and
    whether he came. `key` tells one person of a list from another."""

    __tablename__ = "cycle_attendances"
    __table_args__ = (
        Index("uq_cycle_attendances_once", "meeting_id", "key", unique=True),
        Index("ix_cycle_attendances_producer", "producer_id", "meeting_id"),
    )

    id: Mapped[Id]
    meeting_id: Mapped[int] = mapped_column(ForeignKey(Meeting.id))
    key: Mapped[Str255]
    name: Mapped[Str255]
    unit: Mapped[Str255 | None]
    office: Mapped[Str255 | None]
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    came: Mapped[bool]
    added_at: Mapped[Instant]
    added_label: Mapped[Str255]


class DocumentKind(StrEnum):
    POLICY = "policy"
    GUIDANCE = "guidance"
    FORM = "form"


DOCUMENT_NAMES = {
    DocumentKind.POLICY: N_("Văn bản, chính sách"),
    DocumentKind.GUIDANCE: N_("Hướng dẫn"),
    DocumentKind.FORM: N_("Biểu mẫu"),
}


class Document(Base):
    """A document of the library. Its words and files stand in versions; `search_text` holds the folded words of the last."""

    __tablename__ = "cycle_documents"
    __table_args__ = (one_of("kind", DocumentKind), Index("ix_cycle_documents_kind", "kind", "sort_name"))

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    kind: Mapped[DocumentKind] = mapped_column(EnumText(DocumentKind))
    title: Mapped[Str255]
    sort_name: Mapped[SortKey]
    number: Mapped[Str80 | None]
    search_text: Mapped[LongText]
    version: Mapped[int]
    # No longer to be followed, since this day.
    ended_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[Instant]
    is_demo: Mapped[bool] = mapped_column(default=False)


class DocumentVersion(Base):
    """A version of a document: its words, its file if it has one, in force from `from_on`; never changed."""

    __tablename__ = "cycle_document_versions"
    __table_args__ = (
        Index("uq_cycle_document_versions_number", "document_id", "number", unique=True),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("number = 1 OR why IS NOT NULL", name="later_with_reason"),
    )

    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey(Document.id))
    number: Mapped[int]
    summary: Mapped[LongText]
    link: Mapped[LongText | None]
    file_key: Mapped[Str255 | None]
    from_on: Mapped[date] = mapped_column(Date)
    why: Mapped[LongText | None]
    added_at: Mapped[Instant]
    added_label: Mapped[Str255]


class ReadReceipt(Base):
    """That a user says he has read a version of a document."""

    __tablename__ = "cycle_read_receipts"
    __table_args__ = (Index("uq_cycle_read_receipts_once", "version_id", "user_id", unique=True),)

    id: Mapped[Id]
    version_id: Mapped[int] = mapped_column(ForeignKey(DocumentVersion.id))
    user_id: Mapped[int]
    reader: Mapped[Str255]
    locality_code: Mapped[Str80 | None]
    read_at: Mapped[Instant]
