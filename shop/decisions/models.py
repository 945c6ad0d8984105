"""Decisions with their lines, renewals that were filed, checks after recognition. Certificates are the catalogue's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.catalog.models import Certificate, CertificateLevel, Product
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_


class Kind(StrEnum):
    GRANT = "grant"
    REVOKE = "revoke"


KIND_NAMES = {Kind.GRANT: N_("Công nhận"), Kind.REVOKE: N_("Thu hồi")}


class Source(StrEnum):
    """Where its lines come from: results of councils, or an old decision entered by hand."""

    RESULTS = "results"
    HISTORY = "history"


SOURCE_NAMES = {Source.RESULTS: N_("Từ kết quả hội đồng"), Source.HISTORY: N_("Nhập tay")}


class State(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    DROPPED = "dropped"


STATE_NAMES = {State.DRAFT: N_("Dự thảo"), State.SIGNED: N_("Đã ký"), State.DROPPED: N_("Đã bỏ")}


class Ground(StrEnum):
    """Grounds of revocation, 26/2026/QĐ-TTg art. 8.1."""

    FORGED = "forged"
    CRITERIA = "criteria"
    BREACH = "breach"
    MISUSE = "misuse"
    STOPPED = "stopped"
    OTHER = "other"


GROUND_NAMES = {
    Ground.FORGED: N_("Hồ sơ giả mạo hoặc không trung thực"),
    Ground.CRITERIA: N_("Không còn đáp ứng tiêu chí"),
    Ground.BREACH: N_("Vi phạm pháp luật về chất lượng, an toàn thực phẩm, môi trường, sở hữu trí tuệ, nhãn hàng hóa"),
    Ground.MISUSE: N_("Sử dụng sai biểu trưng OCOP"),
    Ground.STOPPED: N_("Không còn sản xuất sản phẩm"),
    Ground.OTHER: N_("Lý do khác"),
}


class Decision(Base):
    """A decision of an authority. While it is a draft, number, day and paper may be missing; signed, it does not change."""

    __tablename__ = "decisions"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("source", Source),
        one_of("state", State),
        one_of("level", CertificateLevel),
        UniqueConstraint("issuer_key", "number_key"),
        CheckConstraint(
            "state <> 'signed' OR (number IS NOT NULL AND decided_on IS NOT NULL AND signer IS NOT NULL "
            "AND signed_at IS NOT NULL)",
            name="signed_is_whole",
        ),
        CheckConstraint("(state = 'dropped') = (dropped_why IS NOT NULL)", name="dropped_why"),
        Index("ix_decisions_state", "state", "decided_on"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    source: Mapped[Source] = mapped_column(EnumText(Source))
    state: Mapped[State] = mapped_column(EnumText(State))
    level: Mapped[CertificateLevel] = mapped_column(EnumText(CertificateLevel))
    issuer: Mapped[Str255]
    issuer_key: Mapped[Str80]
    number: Mapped[Str80 | None]
    number_key: Mapped[Str80 | None]
    decided_on: Mapped[date | None] = mapped_column(Date)
    # The office that signs ("Phó Chủ tịch"), as the paper has it.
    signer: Mapped[Str255 | None]
    summary: Mapped[LongText | None]
    # What stands on the draft that is laid before the signer (`drafting.PAPER`).
    paper: Mapped[dict[str, Any] | None] = mapped_column(Json)
    file_key: Mapped[Str255 | None]
    version: Mapped[int]
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    created_label: Mapped[Str255]
    signed_at: Mapped[Instant | None]
    signed_by: Mapped[Str40 | None]
    signed_label: Mapped[Str255 | None]
    dropped_why: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    lines: Mapped[list[DecisionLine]] = relationship(
        back_populates="decision", order_by="DecisionLine.position", cascade="all, delete-orphan"
    )


class DecisionLine(Base):
    """A product that is recognised (score, stars, and the certificate once signed), or a certificate that is taken back."""

    __tablename__ = "decision_lines"
    __table_args__ = (
        one_of("ground", Ground),
        UniqueConstraint("decision_id", "product_id"),
        CheckConstraint("stars IS NULL OR stars BETWEEN 3 AND 5", name="stars_known"),
        CheckConstraint("score IS NULL OR score BETWEEN 0 AND 100", name="score_within"),
        CheckConstraint("(stars IS NULL) = (ground IS NOT NULL)", name="grants_or_revokes"),
        CheckConstraint("ground IS NULL OR (certificate_id IS NOT NULL AND reason IS NOT NULL)", name="revokes_one"),
        Index("ix_decision_lines_product", "product_id"),
        Index("ix_decision_lines_certificate", "certificate_id"),
        Index("ix_decision_lines_dossier", "dossier_id"),
    )

    id: Mapped[Id]
    decision_id: Mapped[int] = mapped_column(ForeignKey(Decision.id))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    # The file of the programme that the result comes from, and its code as printed; no key, for a result outlives its file.
    dossier_id: Mapped[int | None]
    dossier_code: Mapped[Str80 | None]
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    stars: Mapped[int | None]
    certificate_number: Mapped[Str80 | None]
    # Of an old decision whose certificates did not run for the time that its law gives.
    expires_on: Mapped[date | None] = mapped_column(Date)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey(Certificate.id))
    ground: Mapped[Ground | None] = mapped_column(EnumText(Ground))
    reason: Mapped[LongText | None]
    check_id: Mapped[int | None] = mapped_column(ForeignKey("post_checks.id"), index=True)

    decision: Mapped[Decision] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()
    certificate: Mapped[Certificate | None] = relationship()


class FiledState(StrEnum):
    FILED = "filed"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


FILED_NAMES = {
    FiledState.FILED: N_("Đã nộp, đang xét"),
    FiledState.GRANTED: N_("Đã công nhận lại"),
    FiledState.REFUSED: N_("Không được công nhận lại"),
    FiledState.WITHDRAWN: N_("Đã rút"),
}


class Renewal(Base):
    """That a renewal was filed for a certificate, when, and what came of it; one at a time for each."""

    __tablename__ = "renewals"
    __table_args__ = (
        one_of("state", FiledState),
        CheckConstraint("(state = 'filed') = (closed_on IS NULL)", name="closed_when"),
        Index(
            "uq_renewals_open",
            "certificate_id",
            unique=True,
            sqlite_where=text("state = 'filed'"),
            postgresql_where=text("state = 'filed'"),
        ),
        Index("ix_renewals_certificate", "certificate_id"),
    )

    id: Mapped[Id]
    certificate_id: Mapped[int] = mapped_column(ForeignKey(Certificate.id))
    state: Mapped[FiledState] = mapped_column(EnumText(FiledState))
    filed_on: Mapped[date] = mapped_column(Date)
    dossier_code: Mapped[Str80 | None]
    # It was filed after the time for it was over, but before the certificate's end.
    is_late: Mapped[bool]
    closed_on: Mapped[date | None] = mapped_column(Date)
    note: Mapped[LongText | None]
    decision_id: Mapped[int | None] = mapped_column(ForeignKey(Decision.id), index=True)
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    created_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)

    certificate: Mapped[Certificate] = relationship()


class CheckKind(StrEnum):
    PLANNED = "planned"
    SURPRISE = "surprise"


CHECK_KIND_NAMES = {CheckKind.PLANNED: N_("Theo kế hoạch"), CheckKind.SURPRISE: N_("Đột xuất")}


class CheckState(StrEnum):
    """`following`: something was found and is to be mended."""

    PLANNED = "planned"
    FOLLOWING = "following"
    CLOSED = "closed"
    CANCELLED = "cancelled"


CHECK_STATE_NAMES = {
    CheckState.PLANNED: N_("Sắp kiểm tra"),
    CheckState.FOLLOWING: N_("Đang khắc phục"),
    CheckState.CLOSED: N_("Đã xong"),
    CheckState.CANCELLED: N_("Đã hủy"),
}


class PostCheck(Base):
    """A check of a recognised product after its recognition (26/2026/QĐ-TTg art. 9), planned or by surprise."""

    __tablename__ = "post_checks"
    __table_args__ = (
        one_of("kind", CheckKind),
        one_of("state", CheckState),
        CheckConstraint("state IN ('planned', 'cancelled') OR checked_on IS NOT NULL", name="checked_when"),
        Index("ix_post_checks_certificate", "certificate_id"),
        Index("ix_post_checks_state", "state", "planned_on"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey(Certificate.id))
    kind: Mapped[CheckKind] = mapped_column(EnumText(CheckKind))
    state: Mapped[CheckState] = mapped_column(EnumText(CheckState))
    planned_on: Mapped[date] = mapped_column(Date)
    checked_on: Mapped[date | None] = mapped_column(Date)
    # Who looks, as offices held.
    inspectors: Mapped[Str255]
    place: Mapped[Str255 | None]
    summary: Mapped[LongText | None]
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    created_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)

    certificate: Mapped[Certificate] = relationship()
    findings: Mapped[list[CheckFinding]] = relationship(order_by="CheckFinding.id")
    files: Mapped[list[CheckFile]] = relationship(order_by="CheckFile.id")


class FindingState(StrEnum):
    """`failed`: not mended in time, or not to be mended: it leads to a revocation."""

    OPEN = "open"
    MENDED = "mended"
    FAILED = "failed"


FINDING_STATE_NAMES = {
    FindingState.OPEN: N_("Chờ khắc phục"),
    FindingState.MENDED: N_("Đã khắc phục"),
    FindingState.FAILED: N_("Không khắc phục"),
}


class CheckFinding(Base):
    """Something that was not as it should be, what is asked and by when, and what was seen afterwards."""

    __tablename__ = "check_findings"
    __table_args__ = (
        one_of("ground", Ground),
        one_of("state", FindingState),
        CheckConstraint("(state = 'open') = (closed_on IS NULL)", name="closed_when"),
        Index("ix_check_findings_check", "check_id"),
        Index("ix_check_findings_due", "state", "due_on"),
    )

    id: Mapped[Id]
    check_id: Mapped[int] = mapped_column(ForeignKey(PostCheck.id))
    ground: Mapped[Ground] = mapped_column(EnumText(Ground))
    found: Mapped[LongText]
    asked: Mapped[LongText]
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[FindingState] = mapped_column(EnumText(FindingState))
    answer: Mapped[LongText | None]
    closed_on: Mapped[date | None] = mapped_column(Date)
    closed_label: Mapped[Str255 | None]


class CheckFile(Base):
    """A photograph or paper of a check; nobody outside the office sees it."""

    __tablename__ = "check_files"
    __table_args__ = (Index("ix_check_files_check", "check_id"),)

    id: Mapped[Id]
    check_id: Mapped[int] = mapped_column(ForeignKey(PostCheck.id))
    name: Mapped[Str255]
    file_key: Mapped[Str255]
    added_at: Mapped[Instant]
    added_label: Mapped[Str255]
