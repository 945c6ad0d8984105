"""Entries and their postings, only ever added: what was wrong is undone by an entry that names it. Days that were closed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Amount, Base, Id, Instant, Json, LongText, Str40, Str80, Str255


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
