"""What must hold of the ledger itself (`flask audit`); the rooms that post compare it with their own tables."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.ledger import queries, sources
from shop.ledger.chart import ACCOUNTS
from shop.ledger.models import Closing, Entry, HandEntry, HandState, Posting
from shop.ledger.services import hand


@invariant("ledger.entries-add-up")
def balanced() -> Iterator[str]:
    """The postings of each entry add up to nothing, and there are some."""
    rows = session().execute(
        select(Entry.key, func.sum(Posting.amount))
        .outerjoin(Posting, Posting.entry_id == Entry.id)
        .group_by(Entry.id, Entry.key)
        .having(func.coalesce(func.sum(Posting.amount), 1) != 0)
    )
    yield from (f"entry {key}: {'no postings' if total is None else total}" for key, total in rows)


@invariant("ledger.accounts-known")
def known() -> Iterator[str]:
    """Each posting is on an account of the chart, and names such a party as the account has."""
    rows = session().execute(
        select(Posting.account, Posting.party, func.min(Posting.id)).group_by(Posting.account, Posting.party)
    )
    for code, party, first in rows:
        account = ACCOUNTS.get(code)
        kind = party.partition(":")[0] if party else None
        if account is None or (kind not in account.parties if account.parties else kind is not None):
            yield f"posting {first}: {code} {party}"


@invariant("ledger.reversals-undo")
def reversals() -> Iterator[str]:
    """What undoes an entry has its postings with the other sign, and comes after it."""
    undone, side = aliased(Entry), aliased(Posting)
    sums = (
        select(Posting.entry_id, Posting.account, Posting.party, Posting.amount)
        .join(Entry, Entry.id == Posting.entry_id)
        .where(Entry.reverses_id.is_not(None))
        .subquery()
    )
    rows = session().scalars(
        select(Entry.key)
        .join(undone, undone.id == Entry.reverses_id)
        .join(side, side.entry_id == undone.id)
        .outerjoin(
            sums,
            (sums.c.entry_id == Entry.id)
            & (sums.c.account == side.account)
            & (func.coalesce(sums.c.party, "") == func.coalesce(side.party, ""))
            & (sums.c.amount == -side.amount),
        )
        .where((sums.c.entry_id.is_(None)) | (Entry.id <= undone.id))
        .distinct()
    )
    yield from (f"entry {key}" for key in rows)


@invariant("ledger.closed-days-stand")
def closed() -> Iterator[str]:
    """A closed day says what it said when it was closed: nothing was posted to it, and its figures are as they were sealed."""
    for row in session().scalars(select(Closing).where(Closing.reopened_at.is_(None)).order_by(Closing.id)):
        if queries.digest(row.figures) != row.digest:
            yield f"{row.channel} {row.day}: its figures were changed"
        if queries.figures(row.channel, row.day)["last"] != row.figures["last"]:
            yield f"{row.channel} {row.day}: something was posted to it"
        elif queries.figures(row.channel, row.day) != row.figures:
            yield f"{row.channel} {row.day}: it comes to something else"


@invariant("ledger.hand-entries-have-two-people")
def two_people() -> Iterator[str]:
    """An entry by hand stands in the books as it was written, once another person than its writer has approved it."""
    rows = session().scalars(
        select(HandEntry.reference).where(
            HandEntry.state == HandState.POSTED,
            func.coalesce(HandEntry.decided_by, HandEntry.written_by) == HandEntry.written_by,
        )
    )
    yield from (f"hand entry {r}" for r in rows)
    yield from sources.compare(hand.SOURCE.kind)
