"""Posting: the one way in which money enters the books. It joins the transaction of the command that moves the money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import execute, in_batches, insert_missing, is_sqlite, session
from shop.kernel.operations import KeyUsedOtherwise
from shop.ledger.chart import ACCOUNTS
from shop.ledger.models import Channel, Closing, Entry, Posting


class Unbalanced(ValueError):
    """An entry that does not add up to nothing, or names what the chart does not know: a fault of the program."""


@dataclass(frozen=True, slots=True)
class Line:
    """`amount` đồng on an account: debit above zero, credit below. `party` is `<kind>:<name>`."""

    account: str
    amount: int
    party: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry about to be posted. `key` names what it is of (`receipt:17`), so that it is there once.

    `at` is when it happened, `note` what a person said of it.
    """

    kind: str
    cause: str
    channel: str
    key: str
    at: datetime
    lines: Sequence[Line]
    note: str | None = None
    reverses_id: int | None = None


def post(
    actor: Actor,
    kind: str,
    cause: str,
    lines: Sequence[Line],
    *,
    key: str,
    channel: str,
    at: datetime | None = None,
    note: str | None = None,
) -> None:
    """Post one entry inside the caller's transaction; the same key twice is one entry. Lines of 0 đồng are left out.

    Raises:
        Unbalanced: the lines do not add up to 0, or an account or a party is not in the chart.
        KeyUsedOtherwise: the key stands for other lines.
    """
    post_all(actor, [Draft(kind, cause, channel, key, at or clock.now(), lines, note)])


def post_all(actor: Actor, drafts: Iterable[Draft]) -> int:
    """Post many entries inside the caller's transaction, five hundred at a time; return how many are new.

    Raises:
        Unbalanced, KeyUsedOtherwise: as `post`.
    """
    by_key: dict[str, Draft] = {}
    for draft in drafts:
        lines = [Line(account, amount, party) for (account, party), amount in sums(draft).items()]
        if lines:
            by_key[draft.key] = replace(draft, lines=lines)
    # In one order, so that two who post the same do not wait for each other.
    return sum(_write(actor, {key: by_key[key] for key in some}) for some in in_batches(sorted(by_key), 500))


def bring(actor: Actor, drafts: Iterable[Draft]) -> int:
    """See that what is posted under the cause of each draft comes to its lines: the difference is posted, inside the caller's
    transaction, which has locked what the causes are of. Return how many entries are new.

    For what may change afterwards (a refund that comes back, a sale that is returned); a draft without lines undoes all. Here
    the key of a draft is that of its first entry, later ones count on.
    """
    made = 0
    for some in in_batches(sorted(drafts, key=lambda draft: draft.cause), 500):
        posted = posted_of([draft.cause for draft in some])
        fresh = []
        for draft in some:
            there = posted.get(draft.cause) or Posted()
            more = [*draft.lines, *(Line(a, -amount, p) for (a, p), amount in there.lines.items())]
            key = draft.key if not there.entries else f"{draft.key}/{there.entries + 1}"
            fresh.append(replace(draft, key=key, lines=more))
        made += post_all(actor, fresh)
    return made


@dataclass(slots=True)
class Posted:
    """What all entries of one cause come to, by account and party, and how many they are."""

    entries: int = 0
    lines: dict[tuple[str, str | None], int] = field(default_factory=dict)


def posted_of(causes: Sequence[str]) -> dict[str, Posted]:
    """What is posted under each of `causes` (at most some hundred); those without entries are left out."""
    found: dict[str, Posted] = defaultdict(Posted)
    rows = session().execute(
        select(Entry.cause, Posting.account, Posting.party, func.sum(Posting.amount))
        .join(Posting, Posting.entry_id == Entry.id)
        .where(Entry.cause.in_(causes))
        .group_by(Entry.cause, Posting.account, Posting.party)
    )
    for cause, account, party, amount in rows:
        lines = found[cause].lines
        if amount:
            lines[account, party] = int(amount)
    counted = select(Entry.cause, func.count()).where(Entry.cause.in_(causes)).group_by(Entry.cause)
    for cause, n in session().execute(counted):
        found[cause].entries = n
    return dict(found)


def reverse(actor: Actor, key: str, *, cause: str, new_key: str, note: str | None = None) -> None:
    """Undo the entry called `key` by one with the opposite lines, inside the caller's transaction; once, whoever asks again.

    Raises:
        LookupError: there is no such entry: a fault of the program.
    """
    s = session()
    entry = s.scalar(select(Entry).where(Entry.key == key))
    if entry is None:
        raise LookupError(key)
    rows = s.scalars(select(Posting).where(Posting.entry_id == entry.id).order_by(Posting.id))
    lines = [Line(row.account, -row.amount, row.party) for row in rows]
    post_all(actor, [Draft(entry.kind, cause, entry.channel, new_key, clock.now(), lines, note, entry.id)])


def sums(draft: Draft) -> dict[tuple[str, str | None], int]:
    """What a draft comes to by account and party, without what comes to nothing.

    Raises:
        Unbalanced: it does not add up to 0, or an account or a party is not in the chart.
    """
    found: dict[tuple[str, str | None], int] = defaultdict(int)
    for line in draft.lines:
        account = ACCOUNTS.get(line.account)
        kind = line.party.partition(":")[0] if line.party else None
        if account is None or (kind not in account.parties if account.parties else kind is not None):
            raise Unbalanced(f"{draft.key}: no account {line.account} of {line.party}")
        found[line.account, line.party] += line.amount
    if sum(found.values()):
        raise Unbalanced(f"{draft.key}: {draft.lines}")
    return {of: amount for of, amount in found.items() if amount}


def lock(channel: str) -> None:
    """Lock a channel against posting to days that are over; made where it is not there."""
    insert_missing(Channel, [{"code": channel}], ["code"])
    session().execute(select(Channel.code).where(Channel.code == channel).with_for_update())


def _days(drafts: dict[str, Draft], today: date) -> dict[str, date]:
    """The day that each draft counts for: the one on which it happened, or the first after the last that is closed, for what is
    posted before a closed day would change what that began with.

    Today is never closed, so that nothing is asked for what happens now. A counter's clock may go before the shop's: nothing is
    posted for a day that has not begun.
    """
    found = {key: min(clock.business_day(d.at), today) for key, d in drafts.items()}
    channels = sorted({d.channel for key, d in drafts.items() if found[key] < today})
    if not channels:
        return found
    s = session()
    insert_missing(Channel, [{"code": code} for code in channels], ["code"])
    s.execute(select(Channel.code).where(Channel.code.in_(channels)).order_by(Channel.code).with_for_update(read=True))
    live = select(Closing.channel, func.max(Closing.day)).where(
        Closing.channel.in_(channels), Closing.reopened_at.is_(None)
    )
    first = {channel: day + timedelta(days=1) for channel, day in s.execute(live.group_by(Closing.channel))}
    return {key: max(day, first.get(drafts[key].channel, day)) for key, day in found.items()}


_INSERT_POSTINGS = insert(Posting)


def _insert_entries() -> Any:
    if is_sqlite():
        from sqlalchemy.dialects.sqlite import insert as dialect_insert
    else:
        from sqlalchemy.dialects.postgresql import insert as dialect_insert  # type: ignore[assignment]
    return dialect_insert(Entry).on_conflict_do_nothing(index_elements=["key"]).returning(Entry.key, Entry.id)


def _write(actor: Actor, drafts: dict[str, Draft]) -> int:
    now = clock.now()
    days = _days(drafts, clock.business_day(now))
    rows = [
        {
            "day": days[d.key],
            "at": d.at,
            "posted_at": now,
            "channel": d.channel,
            "kind": d.kind,
            "cause": d.cause,
            "key": d.key,
            "actor_key": actor.key,
            "actor_label": actor.label,
            "reverses_id": d.reverses_id,
            "note": d.note,
        }
        for d in drafts.values()
    ]
    made: dict[str, int] = dict(execute(_insert_entries(), rows).all())
    values = [
        {"entry_id": made[key], "account": line.account, "party": line.party, "amount": line.amount}
        for key, draft in drafts.items()
        if key in made
        for line in draft.lines
    ]
    if values:
        execute(_INSERT_POSTINGS, values)
    _same(drafts, [key for key in drafts if key not in made])
    return len(made)


def _same(drafts: dict[str, Draft], known: Sequence[str]) -> None:
    """See that what was posted before under these keys is what would be posted now."""
    if not known:
        return
    found: dict[str, set[tuple[str, str | None, int]]] = defaultdict(set)
    rows = session().execute(
        select(Entry.key, Posting.account, Posting.party, Posting.amount)
        .join(Posting, Posting.entry_id == Entry.id)
        .where(Entry.key.in_(known))
    )
    for key, account, party, amount in rows:
        found[key].add((account, party, amount))
    for key in known:
        if found[key] != {(line.account, line.party, line.amount) for line in drafts[key].lines}:
            raise KeyUsedOtherwise
