"""Where entries come from: each room registers what rows of its own mean in the books.

One description serves three times: the command posts by it, what was before the ledger is brought in by it, and the audit holds
what is posted against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, cast, func, literal, select

from shop.kernel.actor import SYSTEM
from shop.kernel.db import in_batches, session, transaction
from shop.ledger import services
from shop.ledger.models import Entry
from shop.ledger.services import Draft


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind. `ids` are those that must have an entry; `drafts` says what they come to, under the causes
    `<kind>:<id>`; a row without a draft comes to nothing."""

    kind: str
    ids: Callable[[], Select[Any]]
    drafts: Callable[[Sequence[int]], list[Draft]]

    def cause(self, row_id: int) -> str:
        """The name of a row in the books."""
        return f"{self.kind}:{row_id}"


_sources: dict[str, Source] = {}


def register(source: Source) -> Source:
    """Let the rows of a room be brought in and compared; the same kind twice is the later one."""
    _sources[source.kind] = source
    return source


def bring_in() -> int:
    """Post what has no entry yet, of every room: what was before the ledger, or came past it. Return how many are new."""
    made = 0
    for source in _sources.values():
        wanted = source.ids().subquery()
        known = select(Entry.id).where(Entry.cause == literal(f"{source.kind}:") + cast(wanted.c[0], String)).exists()
        missing = session().scalars(select(wanted.c[0]).where(~known)).all()
        for some in in_batches(sorted(missing), 500):
            with transaction():
                made += services.bring(SYSTEM, source.drafts(some))
    return made


def compare(*kinds: str) -> Iterator[str]:
    """What rows of these kinds come to and the ledger does not say, and what it says that no row does."""
    s = session()
    for kind in kinds:
        source = _sources[kind]
        ids = sorted(s.scalars(source.ids()))
        for some in in_batches(ids, 500):
            wanted = {draft.cause: services.sums(draft) for draft in source.drafts(some)}
            posted = services.posted_of([source.cause(i) for i in some])
            for row_id in some:
                cause = source.cause(row_id)
                right, there = wanted.get(cause, {}), posted[cause].lines if cause in posted else {}
                if right != there:
                    yield f"{cause}: {_told(there)} instead of {_told(right)}"
        known = {source.cause(i) for i in ids}
        more = s.scalars(
            select(Entry.cause).where(Entry.kind == kind).group_by(Entry.cause).order_by(func.min(Entry.id))
        )
        for some in in_batches([cause for cause in more if cause not in known], 500):
            yield from (
                f"{cause}: {_told(p.lines)} of nothing" for cause, p in services.posted_of(some).items() if p.lines
            )


def _told(lines: dict[tuple[str, str | None], int]) -> str:
    return (
        " ".join(f"{account} {party or ''} {amount}" for (account, party), amount in sorted(lines.items(), key=str))
        or "0"
    )
