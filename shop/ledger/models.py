"""Entries and their postings. Both are only ever added: what was wrong is undone by an entry that names it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel.db import Amount, Base, Id, Instant, LongText, Str40, Str80, Str255


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
