"""Entries and their postings, only ever added: what was wrong is undone by an entry that names it. Days that were closed."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import (
    Amount,
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_


class Entry(Base):
    """One thing that happened to money. `cause` names what caused it (`receipt:17`), opaque here; `key` makes it once.

    `day` is the business day it counts for, `at` the instant it happened, `posted_at` the one in which it was written.
    `channel` names where it happened (`point:3`, `gateway:stripe`), as days are closed there.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        Index("ix_ledger_entries_day", "day", "channel"),
        Index("ix_ledger_entries_cause", "cause"),
    )

    id: Mapped[Id]
    day: Mapped[date] = mapped_column(Date)
    at: Mapped[Instant]
    posted_at: Mapped[Instant]
    channel: Mapped[Str40]
    kind: Mapped[Str40]
    cause: Mapped[Str80]
    key: Mapped[Str80] = mapped_column(unique=True)
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"), unique=True)
    note: Mapped[LongText | None]


class Posting(Base):
    """One side of an entry: `amount` đồng, debit above zero, credit below. `party` says whose (`order:HX7K-3M2P`)."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_moves"),
        Index("ix_ledger_postings_entry", "entry_id"),
        Index("ix_ledger_postings_account", "account", "party", "entry_id"),
    )

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id))
    account: Mapped[Str40]
    party: Mapped[Str80 | None]
    amount: Mapped[Amount]


class Channel(Base):
    """A place whose days are closed; its row is what closing locks, and posting for a day that is over."""

    __tablename__ = "ledger_channels"

    code: Mapped[Str40] = mapped_column(primary_key=True)


class Closing(Base):
    """A day of a channel that a person has looked at and closed: its figures never change, and nothing is posted to it or
    to a day before it.

    Opened again it keeps its row, with who and why; closed anew it gets another.
    """

    __tablename__ = "ledger_closings"
    __table_args__ = (
        CheckConstraint(
            "(reopened_at IS NULL) = (reopened_label IS NULL) AND (reopened_at IS NULL) = (reopen_reason IS NULL)",
            name="reopened_by_somebody",
        ),
        Index(
            "uq_ledger_closings_live",
            "channel",
            "day",
            unique=True,
            sqlite_where=text("reopened_at IS NULL"),
            postgresql_where=text("reopened_at IS NULL"),
        ),
        Index("ix_ledger_closings_day", "day", "channel"),
    )

    id: Mapped[Id]
    channel: Mapped[str] = mapped_column(ForeignKey(Channel.code))
    day: Mapped[date] = mapped_column(Date)
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[Str80]
    note: Mapped[LongText | None]
    closed_at: Mapped[Instant]
    closed_by: Mapped[Str40]
    closed_label: Mapped[Str255]
    reopened_at: Mapped[Instant | None]
    reopened_label: Mapped[Str255 | None]
    reopen_reason: Mapped[LongText | None]


class HandState(StrEnum):
    """An entry by hand counts once another person than its writer has approved it."""

    WAITING = "waiting"
    POSTED = "posted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


HAND_STATE_NAMES = {
    HandState.WAITING: N_("Chờ người thứ hai duyệt"),
    HandState.POSTED: N_("Đã ghi sổ"),
    HandState.REFUSED: N_("Bị từ chối"),
    HandState.WITHDRAWN: N_("Người lập đã rút"),
}


class HandEntry(Base):
    """What a person wants in the books that no command posts, with its reason and its paper. `lines` are lists of account,
    party (or null) and đồng, debit above zero. One that `reverses_id` another has its lines with the opposite sign.

    `day` is the day it counts for, in the books of `channel`; it is never posted to a day that is closed.
    """

    __tablename__ = "ledger_hand_entries"
    __table_args__ = (
        one_of("state", HandState),
        CheckConstraint("(state = 'waiting') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("state NOT IN ('posted', 'refused') OR decided_by <> written_by", name="two_people"),
        Index(
            "uq_ledger_hand_entries_reversal",
            "reverses_id",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'posted')"),
            postgresql_where=text("state IN ('waiting', 'posted')"),
        ),
        Index("ix_ledger_hand_entries_state", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    state: Mapped[HandState] = mapped_column(EnumText(HandState))
    day: Mapped[date] = mapped_column(Date)
    channel: Mapped[Str40]
    lines: Mapped[list[Any]] = mapped_column(Json)
    amount: Mapped[Amount]
    reason: Mapped[LongText]
    paper_key: Mapped[Str255 | None]
    paper_name: Mapped[Str255 | None]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_hand_entries.id"))
    written_at: Mapped[Instant]
    written_by: Mapped[Str40]
    written_label: Mapped[Str255]
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[Str40 | None]
    decided_label: Mapped[Str255 | None]
    decision: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
