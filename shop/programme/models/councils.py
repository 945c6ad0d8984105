"""Councils of a round, their sessions, what each member scores alone, and what came of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.accounts.models import User
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.programme.models.dossiers import Dossier, Round
from shop.programme.models.scoring import ScoringSheet


class Council(Base):
    """A council that the province set up for a round by a decision."""

    __tablename__ = "councils"
    __table_args__ = (Index("ix_councils_round", "round_id"),)

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(ForeignKey(Round.id))
    name: Mapped[Str255]
    decision_number: Mapped[Str80]
    decided_on: Mapped[date] = mapped_column(Date)
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    is_demo: Mapped[bool] = mapped_column(default=False)

    @property
    def scope(self) -> str:
        """The scope of its members' grants."""
        return f"council:{self.id}"


class Seat(StrEnum):
    CHAIR = "chair"
    MEMBER = "member"
    SECRETARY = "secretary"


SEAT_NAMES = {Seat.CHAIR: N_("Chủ tịch"), Seat.MEMBER: N_("Ủy viên"), Seat.SECRETARY: N_("Thư ký")}
# The secretary keeps the minutes and does not score.
SCORING_SEATS = (Seat.CHAIR, Seat.MEMBER)


class CouncilMember(Base):
    """A seat in a council; `office_held` is what he is outside it. Who left stays, with `left_at`."""

    __tablename__ = "council_members"
    __table_args__ = (
        one_of("seat", Seat),
        UniqueConstraint("council_id", "user_id"),
        Index("ix_council_members_user", "user_id"),
    )

    id: Mapped[Id]
    council_id: Mapped[int] = mapped_column(ForeignKey(Council.id))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    name: Mapped[Str255]
    office_held: Mapped[Str255]
    seat: Mapped[Seat] = mapped_column(EnumText(Seat))
    joined_at: Mapped[Instant]
    left_at: Mapped[Instant | None]


class SessionState(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


SESSION_STATE_NAMES = {
    SessionState.PLANNED: N_("Chưa mở"),
    SessionState.OPEN: N_("Đang chấm"),
    SessionState.CLOSED: N_("Đã khép"),
}


class CouncilSession(Base):
    """A meeting of a council. Sheets are filled in while it is open; closing it makes the results."""

    __tablename__ = "council_sessions"
    __table_args__ = (
        one_of("state", SessionState),
        UniqueConstraint("council_id", "number"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at_known"),
    )

    id: Mapped[Id]
    council_id: Mapped[int] = mapped_column(ForeignKey(Council.id))
    number: Mapped[int]
    held_on: Mapped[date] = mapped_column(Date)
    place: Mapped[Str255]
    state: Mapped[SessionState] = mapped_column(EnumText(SessionState), default=SessionState.PLANNED)
    opened_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[Str255 | None]
    remarks: Mapped[LongText | None]
    # The seats as they were when it was closed, for the minutes.
    seats: Mapped[list[Any] | None] = mapped_column(Json)


class Hearing(Base):
    """A dossier before a session, with what came of it: `total` is the mean of the sheets handed in, two decimals, rounded
    down; `outcome` keeps what minimums were missed and what stopped it, as it was told."""

    __tablename__ = "hearings"
    __table_args__ = (
        UniqueConstraint("session_id", "dossier_id"),
        CheckConstraint("(total IS NULL) = (stars IS NULL)", name="result_whole"),
        CheckConstraint("total IS NULL OR (total >= 0 AND total <= 100)", name="total_within"),
        Index("ix_hearings_dossier", "dossier_id", "id"),
        Index("ix_hearings_sheet", "sheet_id"),
    )

    id: Mapped[Id]
    session_id: Mapped[int] = mapped_column(ForeignKey(CouncilSession.id))
    dossier_id: Mapped[int] = mapped_column(ForeignKey(Dossier.id))
    sheet_id: Mapped[int] = mapped_column(ForeignKey(ScoringSheet.id))
    # Why it is heard again; empty the first time.
    again_why: Mapped[LongText | None]
    total: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    stars: Mapped[int | None]
    sheets: Mapped[int | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)


class MemberScore(Base):
    """One member's sheet of one dossier: `answers` by question, `stops` the grounds found, `notes` words by question. A draft
    until `handed_in_at`. `asked_why` is why the chair let him look again."""

    __tablename__ = "member_scores"
    __table_args__ = (
        UniqueConstraint("hearing_id", "member_id"),
        CheckConstraint("total BETWEEN 0 AND 100", name="total_within"),
        CheckConstraint("stars BETWEEN 0 AND 5", name="stars_within"),
        Index("ix_member_scores_member", "member_id"),
    )

    id: Mapped[Id]
    hearing_id: Mapped[int] = mapped_column(ForeignKey(Hearing.id))
    member_id: Mapped[int] = mapped_column(ForeignKey(CouncilMember.id))
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    stops: Mapped[list[str]] = mapped_column(Json)
    notes: Mapped[dict[str, Any]] = mapped_column(Json)
    total: Mapped[int]
    stars: Mapped[int]
    version: Mapped[int]
    saved_at: Mapped[Instant]
    handed_in_at: Mapped[Instant | None]
    asked_why: Mapped[LongText | None]
    asked_questions: Mapped[list[str] | None] = mapped_column(Json)


class ScoreVersion(Base):
    """A sheet as it was handed in before the chair let its member look again; never changed."""

    __tablename__ = "score_versions"
    __table_args__ = (Index("ix_score_versions_score", "score_id", "id"),)

    id: Mapped[Id]
    score_id: Mapped[int] = mapped_column(ForeignKey(MemberScore.id))
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    stops: Mapped[list[str]] = mapped_column(Json)
    notes: Mapped[dict[str, Any]] = mapped_column(Json)
    total: Mapped[int]
    stars: Mapped[int]
    handed_in_at: Mapped[Instant]
    asked_at: Mapped[Instant]
    asked_by: Mapped[Str255]
    asked_why: Mapped[LongText]


class Abstention(Base):
    """A member who said that a dossier touches his own interest, and therefore does not score it."""

    __tablename__ = "council_abstentions"
    __table_args__ = (UniqueConstraint("hearing_id", "member_id"), Index("ix_council_abstentions_member", "member_id"))

    id: Mapped[Id]
    hearing_id: Mapped[int] = mapped_column(ForeignKey(Hearing.id))
    member_id: Mapped[int] = mapped_column(ForeignKey(CouncilMember.id))
    why: Mapped[LongText]
    at: Mapped[Instant]


class ObjectionState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    REFUSED = "refused"


OBJECTION_STATE_NAMES = {
    ObjectionState.OPEN: N_("Chờ trả lời"),
    ObjectionState.UPHELD: N_("Chấp nhận, chấm lại"),
    ObjectionState.REFUSED: N_("Không chấp nhận"),
}


class Objection(Base):
    """What a producer says against a result, one for each hearing, and the answer."""

    __tablename__ = "dossier_objections"
    __table_args__ = (
        one_of("state", ObjectionState),
        UniqueConstraint("hearing_id"),
        CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
        Index("ix_dossier_objections_dossier", "dossier_id", "state"),
    )

    id: Mapped[Id]
    dossier_id: Mapped[int] = mapped_column(ForeignKey(Dossier.id))
    hearing_id: Mapped[int] = mapped_column(ForeignKey(Hearing.id))
    words: Mapped[LongText]
    made_at: Mapped[Instant]
    made_by: Mapped[Str40]
    made_label: Mapped[Str255]
    state: Mapped[ObjectionState] = mapped_column(EnumText(ObjectionState), default=ObjectionState.OPEN)
    answer: Mapped[LongText | None]
    answered_at: Mapped[Instant | None]
    answered_label: Mapped[Str255 | None]
