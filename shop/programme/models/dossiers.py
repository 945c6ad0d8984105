"""Rounds of assessment, the dossiers of products, the papers in them and every step they took."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Product
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer
from shop.programme.models.scoring import ScoringSheet


class RoundLevel(StrEnum):
    PROVINCE = "province"
    MINISTRY = "ministry"


ROUND_LEVEL_NAMES = {RoundLevel.PROVINCE: N_("cấp tỉnh"), RoundLevel.MINISTRY: N_("cấp bộ (trung ương)")}


class Round(Base):
    """A round of assessment (Decision 26/2026/QĐ-TTg, art. 5): takes the dossiers that communes propose up to and with
    `cut_off`, and is to be over on `ends_on`."""

    __tablename__ = "programme_rounds"
    __table_args__ = (
        one_of("level", RoundLevel),
        UniqueConstraint("level", "year", "number"),
        CheckConstraint("ends_on >= cut_off", name="span"),
        Index("ix_programme_rounds_open", "level", "closed_at", "cut_off"),
    )

    id: Mapped[Id]
    code: Mapped[Str20] = mapped_column(unique=True)
    level: Mapped[RoundLevel] = mapped_column(EnumText(RoundLevel))
    year: Mapped[int]
    number: Mapped[int]
    cut_off: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    opened_at: Mapped[Instant]
    opened_by: Mapped[Str40]
    opened_label: Mapped[Str255]
    closed_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class DossierKind(StrEnum):
    FIRST = "first"
    UPGRADE = "upgrade"
    RENEWAL = "renewal"


DOSSIER_KIND_NAMES = {
    DossierKind.FIRST: N_("Công nhận lần đầu"),
    DossierKind.UPGRADE: N_("Nâng hạng"),
    DossierKind.RENEWAL: N_("Công nhận lại"),
}


class DossierState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    COMPLETE = "complete"
    PROPOSED = "proposed"
    COUNCIL = "council"
    SCORED = "scored"
    FORWARDED = "forwarded"
    DECIDED = "decided"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


DOSSIER_STATE_NAMES = {
    DossierState.DRAFT: N_("Đang soạn"),
    DossierState.SUBMITTED: N_("Xã đang kiểm tra"),
    DossierState.RETURNED: N_("Xã trả lại, cần bổ sung"),
    DossierState.COMPLETE: N_("Đủ hồ sơ, chờ xã đề nghị"),
    DossierState.PROPOSED: N_("Xã đã đề nghị, chờ hội đồng"),
    DossierState.COUNCIL: N_("Hội đồng đang chấm"),
    DossierState.SCORED: N_("Đã có kết quả"),
    DossierState.FORWARDED: N_("Đã chuyển lên bộ"),
    DossierState.DECIDED: N_("Đã có quyết định"),
    DossierState.FAILED: N_("Không được xếp hạng"),
    DossierState.WITHDRAWN: N_("Cơ sở đã rút"),
}
DOSSIER_ALLOWED: dict[DossierState, frozenset[DossierState]] = {
    DossierState.DRAFT: frozenset({DossierState.SUBMITTED, DossierState.WITHDRAWN}),
    DossierState.SUBMITTED: frozenset({DossierState.RETURNED, DossierState.COMPLETE, DossierState.WITHDRAWN}),
    DossierState.RETURNED: frozenset({DossierState.SUBMITTED, DossierState.WITHDRAWN}),
    DossierState.COMPLETE: frozenset({DossierState.RETURNED, DossierState.PROPOSED, DossierState.WITHDRAWN}),
    DossierState.PROPOSED: frozenset({DossierState.COUNCIL, DossierState.WITHDRAWN}),
    DossierState.COUNCIL: frozenset({DossierState.SCORED, DossierState.FORWARDED, DossierState.PROPOSED}),
    DossierState.SCORED: frozenset({DossierState.PROPOSED, DossierState.DECIDED, DossierState.FAILED}),
    DossierState.FORWARDED: frozenset({DossierState.SCORED}),
    DossierState.DECIDED: frozenset(),
    DossierState.FAILED: frozenset(),
    DossierState.WITHDRAWN: frozenset(),
}
# The producer writes papers only in these.
OPEN_TO_PRODUCER = frozenset({DossierState.DRAFT, DossierState.RETURNED})
ENDED = frozenset({DossierState.DECIDED, DossierState.FAILED, DossierState.WITHDRAWN})


class DossierSerial(Base):
    """The last serial that a commune gave in a year; part of a dossier's code."""

    __tablename__ = "dossier_serials"

    commune_code: Mapped[Str20] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)


class Dossier(Base):
    """What a producer hands in for one product. The sheet (`sheet_id`) is fixed when it is handed in; `self_score` is what the
    producer said by it at that moment. `due_on` is the last of the commune's working days. `score`, `stars`, `level`,
    `result_on` are the result that stands; `score` has two decimals, rounded down so that it never shows a band that was not
    reached. One dossier of a product lives at a time (`ended_at`)."""

    __tablename__ = "dossiers"
    __table_args__ = (
        one_of("kind", DossierKind),
        one_of("state", DossierState),
        one_of("level", RoundLevel),
        CheckConstraint("score IS NULL OR (score >= 0 AND score <= 100)", name="score_within"),
        CheckConstraint("stars IS NULL OR (stars >= 0 AND stars <= 5)", name="stars_within"),
        CheckConstraint(
            "(score IS NULL) = (stars IS NULL) AND (score IS NULL) = (level IS NULL) AND (score IS NULL) = (result_on IS NULL)",
            name="result_whole",
        ),
        CheckConstraint("(state = 'decided') = (decision_number IS NOT NULL)", name="decided_has_number"),
        CheckConstraint("(ended_at IS NOT NULL) = (state IN ('decided', 'failed', 'withdrawn'))", name="ended"),
        CheckConstraint("state IN ('draft', 'withdrawn') OR sheet_id IS NOT NULL", name="handed_in_has_sheet"),
        Index(
            "uq_dossiers_living",
            "product_id",
            unique=True,
            sqlite_where=column("ended_at").is_(None),
            postgresql_where=column("ended_at").is_(None),
        ),
        Index("ix_dossiers_producer", "producer_id", "id"),
        Index("ix_dossiers_commune", "commune_code", "state"),
        Index("ix_dossiers_state", "state", "due_on"),
        Index("ix_dossiers_round", "round_id", "state"),
        Index("ix_dossiers_ministry_round", "ministry_round_id"),
        Index("ix_dossiers_sheet", "sheet_id"),
        Index("ix_dossiers_product", "product_id", "id"),
    )

    id: Mapped[Id]
    code: Mapped[Str40] = mapped_column(unique=True)
    kind: Mapped[DossierKind] = mapped_column(EnumText(DossierKind))
    state: Mapped[DossierState] = mapped_column(EnumText(DossierState), default=DossierState.DRAFT)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    commune_code: Mapped[Str20]
    commune_name: Mapped[Str255]
    set_number: Mapped[int]
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey(ScoringSheet.id))
    self_score: Mapped[dict[str, Any] | None] = mapped_column(Json)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    created_label: Mapped[Str255]
    updated_at: Mapped[Instant]
    submitted_at: Mapped[Instant | None]
    due_on: Mapped[date | None] = mapped_column(Date)
    checked_at: Mapped[Instant | None]
    returned_why: Mapped[LongText | None]
    # What the commune found (form 03 of the decision), by criterion, and what it proposes.
    report: Mapped[dict[str, Any] | None] = mapped_column(Json)
    proposal: Mapped[LongText | None]
    proposed_at: Mapped[Instant | None]
    round_id: Mapped[int | None] = mapped_column(ForeignKey(Round.id))
    ministry_round_id: Mapped[int | None] = mapped_column(ForeignKey(Round.id))
    forwarded_at: Mapped[Instant | None]
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    stars: Mapped[int | None]
    level: Mapped[RoundLevel | None] = mapped_column(EnumText(RoundLevel))
    result_on: Mapped[date | None] = mapped_column(Date)
    # The number of the paper by which the ministry told its result.
    ministry_paper: Mapped[Str80 | None]
    objection_until: Mapped[date | None] = mapped_column(Date)
    accepted_at: Mapped[Instant | None]
    decision_number: Mapped[Str80 | None]
    decided_on: Mapped[date | None] = mapped_column(Date)
    ended_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    @property
    def scope(self) -> str:
        """The scope of the commune that checks it."""
        return f"locality:{self.commune_code}"


class DossierPaper(Base):
    """A paper for one line of the checklist. One that was replaced or taken out stays, with `removed_at`."""

    __tablename__ = "dossier_papers"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR issued_on IS NULL OR ends_on >= issued_on", name="span"),
        Index("ix_dossier_papers_dossier", "dossier_id", "id"),
    )

    id: Mapped[Id]
    dossier_id: Mapped[int] = mapped_column(ForeignKey(Dossier.id))
    requirement: Mapped[Str40]
    number: Mapped[Str80 | None]
    issued_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    file_key: Mapped[Str255]
    added_at: Mapped[Instant]
    added_by: Mapped[Str40]
    added_label: Mapped[Str255]
    removed_at: Mapped[Instant | None]


class DossierStep(Base):
    """What happened to a dossier, never changed."""

    __tablename__ = "dossier_steps"
    __table_args__ = (Index("ix_dossier_steps_dossier", "dossier_id", "id"),)

    id: Mapped[Id]
    dossier_id: Mapped[int] = mapped_column(ForeignKey(Dossier.id))
    what: Mapped[Str40]
    state: Mapped[DossierState] = mapped_column(EnumText(DossierState))
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    note: Mapped[LongText | None]
