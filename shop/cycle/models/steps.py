"""The year in six steps: its calendar, how each locality stands in each step, what blocks it, its boards and helper teams."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import Base, EnumText, Id, Instant, LongText, SortKey, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_

STEPS = 6
STEP_NAMES = {
    1: N_("Tuyên truyền, hướng dẫn"),
    2: N_("Nhận ý tưởng sản phẩm"),
    3: N_("Nhận kế hoạch kinh doanh"),
    4: N_("Triển khai kế hoạch kinh doanh"),
    5: N_("Đánh giá, phân hạng sản phẩm"),
    6: N_("Xúc tiến thương mại"),
}


class CycleStep(Base):
    """A step of a year with its days: from `from_on` through `to_on`; `peak` is what the calendar says of its busiest time.
    The six steps of a year are written together when the year is opened."""

    __tablename__ = "cycle_steps"
    __table_args__ = (
        UniqueConstraint("year", "number"),
        CheckConstraint("number BETWEEN 1 AND 6", name="number_within"),
        CheckConstraint("year BETWEEN 2014 AND 2100", name="year_sane"),
        CheckConstraint("to_on >= from_on", name="span"),
    )

    id: Mapped[Id]
    year: Mapped[int]
    number: Mapped[int]
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    peak: Mapped[Str255 | None]
    source_url: Mapped[LongText | None]
    opened_at: Mapped[Instant]
    opened_label: Mapped[Str255]


class StepStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    STUCK = "stuck"
    DONE = "done"
    NOT_HELD = "not_held"


STATUS_NAMES = {
    StepStatus.WAITING: N_("Chưa làm"),
    StepStatus.RUNNING: N_("Đang làm"),
    StepStatus.STUCK: N_("Vướng"),
    StepStatus.DONE: N_("Xong"),
    StepStatus.NOT_HELD: N_("Không làm năm nay"),
}
STATUS_KINDS = {
    StepStatus.WAITING: "",
    StepStatus.RUNNING: "info",
    StepStatus.STUCK: "bad",
    StepStatus.DONE: "ok",
    StepStatus.NOT_HELD: "",
}


class CycleWord(Base):
    """What was said of a locality in a step of a year; never changed: a later word takes its place (`replaced_at`).

    `office` is the office of whoever is responsible (`Phó Chủ tịch UBND phường`), not a name. `figure` counts what the step is
    about (people reached, ideas, plans, products, fairs) in the words of `figure_of`.
    """

    __tablename__ = "cycle_words"
    __table_args__ = (
        one_of("status", StepStatus),
        CheckConstraint("step BETWEEN 1 AND 6", name="step_within"),
        CheckConstraint("finished_on IS NULL OR started_on IS NULL OR finished_on >= started_on", name="span"),
        CheckConstraint("status <> 'done' OR finished_on IS NOT NULL", name="done_when"),
        CheckConstraint("figure IS NULL OR figure >= 0", name="figure_whole"),
        Index("ix_cycle_words_locality", "locality_code", "year", "step", "id"),
        Index(
            "uq_cycle_words_standing",
            "year",
            "locality_code",
            "step",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    year: Mapped[int]
    locality_code: Mapped[Str20]
    step: Mapped[int]
    status: Mapped[StepStatus] = mapped_column(EnumText(StepStatus))
    started_on: Mapped[date | None] = mapped_column(Date)
    finished_on: Mapped[date | None] = mapped_column(Date)
    office: Mapped[Str255 | None]
    figure: Mapped[int | None]
    figure_of: Mapped[Str80 | None]
    note: Mapped[LongText | None]
    # The year from which it was carried over, unfinished.
    carried_from: Mapped[int | None]
    said_at: Mapped[Instant]
    said_by: Mapped[Str40]
    said_label: Mapped[Str255]
    replaced_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class Blocker(Base):
    """What stands in a locality's way in a step, the support it asks for, and what the province decided. It stays until the
    locality says that it is solved."""

    __tablename__ = "cycle_blockers"
    __table_args__ = (
        CheckConstraint("step BETWEEN 1 AND 6", name="step_within"),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered_with_words"),
        CheckConstraint("solved_on IS NULL OR solved_on >= opened_on", name="span"),
        Index("ix_cycle_blockers_locality", "locality_code", "solved_on"),
        Index("ix_cycle_blockers_opened", "opened_on", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    locality_code: Mapped[Str20]
    locality_name: Mapped[Str255]
    sort_name: Mapped[SortKey]
    step: Mapped[int]
    what: Mapped[LongText]
    support: Mapped[LongText | None]
    opened_on: Mapped[date] = mapped_column(Date)
    opened_at: Mapped[Instant]
    opened_by: Mapped[Str40]
    opened_label: Mapped[Str255]
    answer: Mapped[LongText | None]
    answered_at: Mapped[Instant | None]
    answered_label: Mapped[Str255 | None]
    solved_on: Mapped[date | None] = mapped_column(Date)
    solved_how: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)


class BoardKind(StrEnum):
    BOARD = "board"
    HELPERS = "helpers"


BOARD_NAMES = {BoardKind.BOARD: N_("Ban chỉ đạo OCOP"), BoardKind.HELPERS: N_("Tổ giúp việc")}


class Board(Base):
    """A locality's steering board or helper team, set up by a decision, until `ended_on` (not included)."""

    __tablename__ = "cycle_boards"
    __table_args__ = (
        one_of("kind", BoardKind),
        CheckConstraint("ended_on IS NULL OR ended_on >= set_up_on", name="span"),
        Index("ix_cycle_boards_locality", "locality_code", "kind"),
        Index(
            "uq_cycle_boards_living",
            "locality_code",
            "kind",
            unique=True,
            sqlite_where=text("ended_on IS NULL"),
            postgresql_where=text("ended_on IS NULL"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    locality_code: Mapped[Str20]
    kind: Mapped[BoardKind] = mapped_column(EnumText(BoardKind))
    set_up_on: Mapped[date] = mapped_column(Date)
    decision_number: Mapped[Str80]
    ended_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[Instant]
    created_label: Mapped[Str255]
    is_demo: Mapped[bool] = mapped_column(default=False)

    members: Mapped[list[BoardMember]] = relationship(order_by="BoardMember.id")


class BoardMember(Base):
    """A seat of a board: the office that holds it, its part in the board, and who sat there from when until when."""

    __tablename__ = "cycle_board_members"
    __table_args__ = (
        CheckConstraint("to_on IS NULL OR to_on >= from_on", name="span"),
        Index("ix_cycle_board_members_board", "board_id", "id"),
    )

    id: Mapped[Id]
    board_id: Mapped[int] = mapped_column(ForeignKey(Board.id))
    office: Mapped[Str255]
    part: Mapped[Str80]
    name: Mapped[Str255 | None]
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)
