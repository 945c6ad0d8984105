"""Producers, what is known of them (what the sources leave blank stays NULL), how they join, their papers and members."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.accounts.models import User
from shop.accounts.permissions import Role
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, SortKey, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_


class LegalForm(StrEnum):
    """Who may apply (Decision 26/2026/QĐ-TTg, art. 2.3), and the forms the registers of 2014–2025 name."""

    COOPERATIVE = "htx"
    COOPERATIVE_GROUP = "tht"
    COMPANY = "company"
    HOUSEHOLD = "household"
    FARM = "farm"
    PUBLIC_UNIT = "public_unit"
    ASSOCIATION = "association"


LEGAL_FORM_NAMES = {
    LegalForm.COOPERATIVE: N_("Hợp tác xã"),
    LegalForm.COOPERATIVE_GROUP: N_("Tổ hợp tác"),
    LegalForm.COMPANY: N_("Công ty"),
    LegalForm.HOUSEHOLD: N_("Hộ kinh doanh"),
    LegalForm.FARM: N_("Trang trại"),
    LegalForm.PUBLIC_UNIT: N_("Đơn vị công lập"),
    LegalForm.ASSOCIATION: N_("Hiệp hội"),
}


class ProducerState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Producer(Base):
    """A maker of goods. `locality_text` is the place as the source names it (often an old district).

    What a sale must know of its papers stands on the row, kept by the commands on papers: `identity_due` says that it joined
    by an application and nobody has checked yet who its representative is; `food_until` and `alcohol_until` are the last days
    on which the recorded papers hold (`FOREVER`: they do not end; NULL: none was ever accepted).
    """

    __tablename__ = "producers"
    __table_args__ = (
        one_of("legal_form", LegalForm),
        one_of("state", ProducerState),
        Index("ix_producers_sort", "sort_name", "id"),
    )

    id: Mapped[Id]
    slug: Mapped[Str80] = mapped_column(unique=True)
    name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    legal_form: Mapped[LegalForm | None] = mapped_column(EnumText(LegalForm))
    tax_code: Mapped[Str20 | None]
    representative: Mapped[Str255 | None]
    province_code: Mapped[Str20 | None]
    commune_code: Mapped[Str20 | None] = mapped_column(index=True)
    locality_text: Mapped[Str255 | None]
    street: Mapped[Str255 | None]
    phone: Mapped[Str80 | None]
    email: Mapped[Str255 | None]
    website: Mapped[Str255 | None]
    story: Mapped[LongText | None]
    story_en: Mapped[LongText | None]
    source_url: Mapped[LongText | None]
    state: Mapped[ProducerState] = mapped_column(EnumText(ProducerState), default=ProducerState.ACTIVE)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    identity_due: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # both databases read it
    food_until: Mapped[date | None] = mapped_column(Date)
    alcohol_until: Mapped[date | None] = mapped_column(Date)


FOREVER = date(9999, 12, 31)


class BankAccount(Base):
    """Where a producer is paid, from `valid_from` until before `valid_to`: one at a time, former ones are kept.

    `bank_bin` is the bank's six digits (NAPAS), `holder` the name as the bank knows it.
    """

    __tablename__ = "producer_bank_accounts"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="span"),
        Index("ix_producer_bank_accounts_producer", "producer_id", "valid_from", unique=True),
    )

    id: Mapped[Id]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    bank_bin: Mapped[Str20]
    account_number: Mapped[Str40]
    holder: Mapped[Str255]
    valid_from: Mapped[Instant]
    valid_to: Mapped[Instant | None]
    set_by: Mapped[Str40]
    set_label: Mapped[Str255]


# --- joining -----------------------------------------------------------------------------------------------------


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"


APPLICATION_STATE_NAMES = {
    ApplicationState.DRAFT: N_("Đang soạn"),
    ApplicationState.SUBMITTED: N_("Chờ cửa hàng xem"),
    ApplicationState.RETURNED: N_("Cần bổ sung"),
    ApplicationState.APPROVED: N_("Đã chấp thuận"),
    ApplicationState.REFUSED: N_("Không chấp thuận"),
}
APPLICATION_ALLOWED: dict[ApplicationState | None, frozenset[ApplicationState]] = {
    None: frozenset({ApplicationState.DRAFT}),
    ApplicationState.DRAFT: frozenset({ApplicationState.SUBMITTED}),
    ApplicationState.SUBMITTED: frozenset(
        {ApplicationState.RETURNED, ApplicationState.APPROVED, ApplicationState.REFUSED}
    ),
    ApplicationState.RETURNED: frozenset({ApplicationState.SUBMITTED}),
    ApplicationState.APPROVED: frozenset(),
    ApplicationState.REFUSED: frozenset(),
}
# States in which the applicant writes, and those in which there is something to be done at all.
WRITABLE = (ApplicationState.DRAFT, ApplicationState.RETURNED)
UNDECIDED = (*WRITABLE, ApplicationState.SUBMITTED)
_UNDECIDED_SQL = text("state IN ('draft', 'submitted', 'returned')")


class Application(Base):
    """What somebody who wants to sell says of his establishment. `claimed_id` is a producer of the registry that he says is
    his; `producer_id` the producer that the approval made or gave him."""

    __tablename__ = "producer_applications"
    __table_args__ = (
        one_of("state", ApplicationState),
        one_of("legal_form", LegalForm),
        CheckConstraint("(state = 'approved') = (producer_id IS NOT NULL)", name="approved_has_producer"),
        Index("ix_producer_applications_state", "state", "id"),
        Index(
            "uq_producer_applications_undecided",
            "user_id",
            unique=True,
            sqlite_where=_UNDECIDED_SQL,
            postgresql_where=_UNDECIDED_SQL,
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    state: Mapped[ApplicationState] = mapped_column(EnumText(ApplicationState))
    claimed_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    name: Mapped[Str255 | None]
    legal_form: Mapped[LegalForm | None] = mapped_column(EnumText(LegalForm))
    tax_code: Mapped[Str20 | None] = mapped_column(index=True)
    representative: Mapped[Str255 | None]
    province_code: Mapped[Str20 | None]
    commune_code: Mapped[Str20 | None]
    street: Mapped[Str255 | None]
    phone: Mapped[Str80 | None]
    email: Mapped[Str255 | None]
    website: Mapped[Str255 | None]
    story: Mapped[LongText | None]
    makes_food: Mapped[bool] = mapped_column(default=False)
    makes_alcohol: Mapped[bool] = mapped_column(default=False)
    bank_bin: Mapped[Str20 | None]
    account_number: Mapped[Str40 | None]
    holder: Mapped[Str255 | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    submitted_at: Mapped[Instant | None]
    decided_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class IdentityDocument(StrEnum):
    """By what the office made sure who the representative is. Of the document only the last four characters are kept."""

    CITIZEN_CARD = "citizen_card"
    ELECTRONIC = "electronic"
    PASSPORT = "passport"


IDENTITY_DOCUMENT_NAMES = {
    IdentityDocument.CITIZEN_CARD: N_("Căn cước, xem bản gốc"),
    IdentityDocument.ELECTRONIC: N_("Định danh điện tử VNeID"),
    IdentityDocument.PASSPORT: N_("Hộ chiếu, xem bản gốc"),
}


class IdentityCheck(Base):
    """That somebody of the office has seen who the representative is; never changed, never an image."""

    __tablename__ = "producer_identity_checks"
    __table_args__ = (
        one_of("document", IdentityDocument),
        CheckConstraint("length(ends) = 4", name="only_the_end"),
        Index("ix_producer_identity_checks_application", "application_id"),
    )

    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id))
    document: Mapped[IdentityDocument] = mapped_column(EnumText(IdentityDocument))
    ends: Mapped[Str20]
    checked_at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class PaperKind(StrEnum):
    REGISTRATION = "registration"
    FOOD_SAFETY = "food_safety"
    DECLARATION = "declaration"
    ALCOHOL_MAKING = "alcohol_making"
    ALCOHOL_SELLING = "alcohol_selling"
    TRADEMARK = "trademark"
    OTHER = "other"


PAPER_KIND_NAMES = {
    PaperKind.REGISTRATION: N_("Đăng ký kinh doanh"),
    PaperKind.FOOD_SAFETY: N_("Giấy chứng nhận an toàn thực phẩm"),
    PaperKind.DECLARATION: N_("Bản tự công bố sản phẩm"),
    PaperKind.ALCOHOL_MAKING: N_("Giấy phép sản xuất rượu"),
    PaperKind.ALCOHOL_SELLING: N_("Giấy phép bán rượu"),
    PaperKind.TRADEMARK: N_("Nhãn hiệu"),
    PaperKind.OTHER: N_("Giấy tờ khác"),
}
# Which papers food and drink, and drink with alcohol, rest on.
FOOD_PAPERS = (PaperKind.FOOD_SAFETY, PaperKind.DECLARATION)
ALCOHOL_PAPERS = (PaperKind.ALCOHOL_MAKING, PaperKind.ALCOHOL_SELLING)


class PaperState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


PAPER_STATE_NAMES = {
    PaperState.WAITING: N_("Chờ xem"),
    PaperState.ACCEPTED: N_("Đã nhận"),
    PaperState.REFUSED: N_("Không nhận"),
    PaperState.REVOKED: N_("Bị thu hồi"),
    PaperState.WITHDRAWN: N_("Đã rút"),
}
PAPER_ALLOWED: dict[PaperState | None, frozenset[PaperState]] = {
    None: frozenset({PaperState.WAITING}),
    PaperState.WAITING: frozenset({PaperState.ACCEPTED, PaperState.REFUSED, PaperState.WITHDRAWN}),
    PaperState.ACCEPTED: frozenset({PaperState.REVOKED}),
    PaperState.REFUSED: frozenset(),
    PaperState.REVOKED: frozenset(),
    PaperState.WITHDRAWN: frozenset(),
}


class Paper(Base):
    """A paper of a producer (or of an application, until it is approved). `expires_on` is its last valid day (none: it does
    not end). A newer one `replaces` an older one; both are kept."""

    __tablename__ = "producer_papers"
    __table_args__ = (
        one_of("kind", PaperKind),
        one_of("state", PaperState),
        CheckConstraint("producer_id IS NOT NULL OR application_id IS NOT NULL", name="belongs_to_somebody"),
        CheckConstraint("expires_on IS NULL OR expires_on >= issued_on", name="span"),
        Index("ix_producer_papers_producer", "producer_id", "kind"),
        Index("ix_producer_papers_application", "application_id"),
        Index("ix_producer_papers_state", "state", "expires_on"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    application_id: Mapped[int | None] = mapped_column(ForeignKey(Application.id))
    kind: Mapped[PaperKind] = mapped_column(EnumText(PaperKind))
    number: Mapped[Str80]
    issuer: Mapped[Str255]
    issued_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    file_key: Mapped[Str255]
    state: Mapped[PaperState] = mapped_column(EnumText(PaperState))
    reason: Mapped[LongText | None]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("producer_papers.id"))
    added_at: Mapped[Instant]
    added_by: Mapped[Str40]
    added_label: Mapped[Str255]
    checked_at: Mapped[Instant | None]
    checked_label: Mapped[Str255 | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class ChangeKind(StrEnum):
    FACTS = "facts"
    BANK = "bank"


class ChangeState(StrEnum):
    ASKED = "asked"
    CHECKED = "checked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


CHANGE_KIND_NAMES = {ChangeKind.FACTS: N_("Thông tin pháp lý"), ChangeKind.BANK: N_("Tài khoản nhận tiền")}
CHANGE_STATE_NAMES = {
    ChangeState.ASKED: N_("Chờ xem"),
    ChangeState.CHECKED: N_("Chờ người thứ hai"),
    ChangeState.APPROVED: N_("Đã chấp thuận"),
    ChangeState.REFUSED: N_("Không chấp thuận"),
    ChangeState.WITHDRAWN: N_("Đã rút"),
}
# A new account is checked by one person of the office and approved by another.
CHANGE_ALLOWED: dict[ChangeKind, dict[ChangeState | None, frozenset[ChangeState]]] = {
    ChangeKind.FACTS: {
        None: frozenset({ChangeState.ASKED}),
        ChangeState.ASKED: frozenset({ChangeState.APPROVED, ChangeState.REFUSED, ChangeState.WITHDRAWN}),
    },
    ChangeKind.BANK: {
        None: frozenset({ChangeState.ASKED}),
        ChangeState.ASKED: frozenset({ChangeState.CHECKED, ChangeState.REFUSED, ChangeState.WITHDRAWN}),
        ChangeState.CHECKED: frozenset({ChangeState.APPROVED, ChangeState.REFUSED, ChangeState.WITHDRAWN}),
    },
}
OPEN_CHANGES = (ChangeState.ASKED, ChangeState.CHECKED)
_OPEN_CHANGES_SQL = text("state IN ('asked', 'checked')")


class Change(Base):
    """What a producer asks to have changed of what the office vouches for; `before` and `after` hold only what differs."""

    __tablename__ = "producer_changes"
    __table_args__ = (
        one_of("kind", ChangeKind),
        one_of("state", ChangeState),
        Index("ix_producer_changes_state", "state", "id"),
        Index(
            "uq_producer_changes_open",
            "producer_id",
            "kind",
            unique=True,
            sqlite_where=_OPEN_CHANGES_SQL,
            postgresql_where=_OPEN_CHANGES_SQL,
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    kind: Mapped[ChangeKind] = mapped_column(EnumText(ChangeKind))
    state: Mapped[ChangeState] = mapped_column(EnumText(ChangeState))
    before: Mapped[dict[str, Any]] = mapped_column(Json)
    after: Mapped[dict[str, Any]] = mapped_column(Json)
    asked_at: Mapped[Instant]
    asked_by: Mapped[Str40]
    asked_label: Mapped[Str255]
    checked_by: Mapped[Str40 | None]
    decided_at: Mapped[Instant | None]
    reason: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Step(Base):
    """One turn in the history of an application, a paper or a change; never changed."""

    __tablename__ = "producer_steps"
    __table_args__ = (
        CheckConstraint(
            "(application_id IS NOT NULL AND paper_id IS NULL AND change_id IS NULL) OR "
            "(application_id IS NULL AND paper_id IS NOT NULL AND change_id IS NULL) OR "
            "(application_id IS NULL AND paper_id IS NULL AND change_id IS NOT NULL)",
            name="of_one_thing",
        ),
        Index("ix_producer_steps_application", "application_id", "id"),
        Index("ix_producer_steps_paper", "paper_id", "id"),
        Index("ix_producer_steps_change", "change_id", "id"),
    )

    id: Mapped[Id]
    application_id: Mapped[int | None] = mapped_column(ForeignKey(Application.id))
    paper_id: Mapped[int | None] = mapped_column(ForeignKey(Paper.id))
    change_id: Mapped[int | None] = mapped_column(ForeignKey(Change.id))
    from_state: Mapped[Str20 | None]
    to_state: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]


class Invitation(Base):
    """That somebody may become a member; its link is signed, works once and until `expires_at`."""

    __tablename__ = "producer_invitations"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name="reachable"),
        Index("ix_producer_invitations_producer", "producer_id", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    email: Mapped[Str255 | None]
    phone: Mapped[Str20 | None]
    invited_at: Mapped[Instant]
    invited_label: Mapped[Str255]
    expires_at: Mapped[Instant]
    accepted_at: Mapped[Instant | None]
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    withdrawn_at: Mapped[Instant | None]
