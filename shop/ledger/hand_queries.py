"""Reads of entries by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shop.kernel import tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.tables import Column, Filter, Table
from shop.ledger.models import HAND_STATE_NAMES, Entry, HandEntry, HandState

_TABLE = Table(
    name="but-toan-tay",
    columns=[
        Column("reference", N_("Mã"), sort=(HandEntry.reference,)),
        Column("day", N_("Ngày"), sort=(HandEntry.day, HandEntry.id)),
        Column("lines", N_("Nợ / Có"), value=lambda r: " / ".join(str(line[0]) for line in r.lines)),
        Column("amount", N_("Số tiền"), "num", sort=(HandEntry.amount,)),
        Column("reason", N_("Lý do")),
        Column("written_label", N_("Người lập"), sort=(HandEntry.written_label,)),
        Column("state", N_("Trạng thái"), sort=(HandEntry.state,)),
    ],
    order="-day",
    tie=HandEntry.id,
    filters=[
        Filter(
            "state",
            N_("Trạng thái"),
            lambda v: HandEntry.state == v,
            [(str(s), name) for s, name in HAND_STATE_NAMES.items()],
        )
    ],
    search=lambda q: HandEntry.reference == q.strip().upper(),
)


def entries(args: Mapping[str, str], here: str) -> tables.View:
    """All entries by hand, newest day first."""
    statement = select(
        HandEntry.id, HandEntry.reference, HandEntry.day, HandEntry.lines, HandEntry.amount, HandEntry.reason,
        HandEntry.written_at, HandEntry.written_label, HandEntry.decided_label, HandEntry.state, HandEntry.is_demo,
    )  # fmt: skip
    return _TABLE.open(args, here, statement)


def channels() -> list[str]:
    """Where something was ever posted."""
    return list(session().scalars(select(Entry.channel).distinct().order_by(Entry.channel)))


@dataclass(frozen=True, slots=True)
class HandFile:
    """One entry; what it undoes, what undoes it, and its entry in the books."""

    row: HandEntry
    undoes: str | None
    undone_by: tuple[str, HandState] | None
    entry_id: int | None


def entry(reference: str) -> HandFile:
    """Everything of one.

    Raises:
        NotFound.
    """
    s = session()
    row = s.scalar(select(HandEntry).where(HandEntry.reference == reference))
    if row is None:
        raise NotFound
    undoes = s.scalar(select(HandEntry.reference).where(HandEntry.id == row.reverses_id))
    back: Any = s.execute(
        select(HandEntry.reference, HandEntry.state)
        .where(HandEntry.reverses_id == row.id, HandEntry.state.in_([HandState.WAITING, HandState.POSTED]))
    ).first()  # fmt: skip
    entry_id = s.scalar(select(Entry.id).where(Entry.key == f"hand:{row.id}"))
    return HandFile(row, undoes, (back[0], back[1]) if back else None, entry_id)


def waiting() -> int:
    """How many wait for a second person."""
    return len(session().scalars(select(HandEntry.id).where(HandEntry.state == HandState.WAITING)).all())
