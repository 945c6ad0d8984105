"""One import: a file, what its columns were taken for, and every row of it with what became of it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.catalog.models import Product, Variant
from shop.kernel.db import Base, EnumText, Id, Instant, Json, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer

UNDO_FOR = timedelta(hours=24)


class State(StrEnum):
    """`matching`: a person says what the columns are. `ready`: every row has been tried, nothing is written yet."""

    MATCHING = "matching"
    CHECKING = "checking"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    DROPPED = "dropped"


STATE_NAMES = {
    State.MATCHING: N_("Chờ ghép cột"),
    State.CHECKING: N_("Đang kiểm tra"),
    State.READY: N_("Đã kiểm tra, chưa ghi"),
    State.APPLYING: N_("Đang ghi"),
    State.APPLIED: N_("Đã ghi"),
    State.UNDOING: N_("Đang hoàn tác"),
    State.UNDONE: N_("Đã hoàn tác"),
    State.FAILED: N_("Không đọc được"),
    State.DROPPED: N_("Đã bỏ"),
}
# Applying goes back to `ready` where all was to be written in one go and one row could not be.
ALLOWED: dict[State, frozenset[State]] = {
    State.MATCHING: frozenset({State.CHECKING, State.DROPPED}),
    State.CHECKING: frozenset({State.READY, State.FAILED}),
    State.READY: frozenset({State.CHECKING, State.APPLYING, State.MATCHING, State.DROPPED}),
    State.APPLYING: frozenset({State.APPLIED, State.READY}),
    State.APPLIED: frozenset({State.UNDOING}),
    State.UNDOING: frozenset({State.UNDONE}),
    State.UNDONE: frozenset(),
    State.FAILED: frozenset({State.MATCHING, State.DROPPED}),
    State.DROPPED: frozenset(),
}
WORKING = (State.CHECKING, State.APPLYING, State.UNDOING)


class Mode(StrEnum):
    EACH = "each"
    ALL = "all"


MODE_NAMES = {Mode.EACH: N_("Từng dòng"), Mode.ALL: N_("Tất cả hoặc không dòng nào")}


class Outcome(StrEnum):
    """What a row came to when it was tried. `ignored`: no goods, but a repeated head or a sum."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    IGNORED = "ignored"


OUTCOME_NAMES = {
    Outcome.NEW: N_("Mới"),
    Outcome.CHANGED: N_("Thay đổi"),
    Outcome.UNCHANGED: N_("Không đổi"),
    Outcome.REFUSED: N_("Bị từ chối"),
    Outcome.IGNORED: N_("Bỏ qua khi nhập"),
}


class Result(StrEnum):
    """What came of a row that was to be written: `left`: it could not be any more; `kept`: undone in part."""

    WRITTEN = "written"
    LEFT = "left"
    UNDONE = "undone"
    KEPT = "kept"


RESULT_NAMES = {
    Result.WRITTEN: N_("Đã ghi vào danh mục"),
    Result.LEFT: N_("Không ghi"),
    Result.UNDONE: N_("Đã hoàn tác"),
    Result.KEPT: N_("Hoàn tác một phần"),
}


class Import(Base):
    """A table that a producer sent. `columns` has the key (or null) of each column of `head`, `hints` what the head adds to its
    numbers; `verdicts` how the text of each is written. `work` grows with each round of background work, so that an old worker
    sees that it is no longer wanted. `hidden` are the packs (ids) hidden by the step for absent rows.
    """

    __tablename__ = "imports"
    __table_args__ = (one_of("state", State), one_of("mode", Mode), Index("ix_imports_producer", "producer_id", "id"))

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    state: Mapped[State] = mapped_column(EnumText(State))
    mode: Mapped[Mode | None] = mapped_column(EnumText(Mode))
    file_name: Mapped[Str255]
    file_key: Mapped[Str255]
    sheet: Mapped[Str255]
    sheets: Mapped[list[str]] = mapped_column(Json)
    head_row: Mapped[int]
    head: Mapped[list[str]] = mapped_column(Json)
    samples: Mapped[list[list[str]]] = mapped_column(Json)
    hidden_columns: Mapped[list[int]] = mapped_column(Json)
    columns: Mapped[list[str | None]] = mapped_column(Json)
    hints: Mapped[list[str]] = mapped_column(Json)
    verdicts: Mapped[list[str]] = mapped_column(Json)
    default_set: Mapped[Str20 | None]
    work: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    blank: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    hidden: Mapped[list[int]] = mapped_column(Json, default=list)
    problem: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    created_label: Mapped[Str255]
    updated_at: Mapped[Instant]
    applied_at: Mapped[Instant | None]
    forgotten_at: Mapped[Instant | None]


class ImportRow(Base):
    """A line of the file that is not blank. `cells` are its matched cells as text (as a person corrected them), `changes` the
    differences (fact, before, after) in words, `problems` why it is refused; `before` is what its facts were before,
    `after` what they became, for undoing; `left` says what it touches that waits for a
    reviewer, then why it was not written or what was not undone.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        one_of("outcome", Outcome),
        one_of("result", Result),
        UniqueConstraint("import_id", "position"),
        Index("ix_import_rows_outcome", "import_id", "outcome", "position"),
    )

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(ForeignKey(Import.id))
    position: Mapped[int]
    number: Mapped[int]
    cells: Mapped[dict[str, str]] = mapped_column(Json)
    corrected: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome))
    sku: Mapped[Str40 | None]
    name: Mapped[Str255]
    changes: Mapped[list[list[str]]] = mapped_column(Json)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    result: Mapped[Result | None] = mapped_column(EnumText(Result))
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    left: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)


class ImportStep(Base):
    """An import went from one state to the next (append-only); `state_from` is NULL for the first."""

    __tablename__ = "import_steps"
    __table_args__ = (
        one_of("state_from", State),
        one_of("state_to", State),
        Index("ix_import_steps_import", "import_id", "id"),
    )

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(ForeignKey(Import.id))
    state_from: Mapped[State | None] = mapped_column(EnumText(State))
    state_to: Mapped[State] = mapped_column(EnumText(State))
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    note: Mapped[LongText | None]


class ColumnMemory(Base):
    """What a producer said the columns of a head are, for the next file with that head."""

    __tablename__ = "import_columns"
    __table_args__ = (UniqueConstraint("producer_id", "signature"),)

    id: Mapped[Id]
    producer_id: Mapped[int] = mapped_column(ForeignKey(Producer.id))
    signature: Mapped[Str80]
    columns: Mapped[list[str | None]] = mapped_column(Json)
    default_set: Mapped[Str20 | None]
    used_at: Mapped[Instant]
