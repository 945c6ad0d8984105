"""Entries by hand: one person writes what no command posts, with a reason and a paper; another one posts it, or refuses.

Nothing is posted to a day that is closed: it is opened again first, or the entry is written for a day that is open. What was
wrong is undone by an entry with the opposite lines, which two people make like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT
from shop.ledger import names, queries, services, sources
from shop.ledger.chart import BY_HAND, HAND
from shop.ledger.errors import DayClosed, HandDecided, HandSamePerson
from shop.ledger.models import Closing, Entry, HandEntry, HandState
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line, posting


def _drafts(ids: Sequence[int]) -> list[Draft]:
    rows = session().scalars(select(HandEntry).where(HandEntry.id.in_(ids), HandEntry.state == HandState.POSTED)).all()
    undone = {row.reverses_id: row.id for row in rows if row.reverses_id is not None}
    keys = {SOURCE.cause(i): undone[i] for i in undone}
    found: dict[int, int] = {}
    if keys:
        for key, entry_id in session().execute(select(Entry.key, Entry.id).where(Entry.key.in_(keys))):
            found[keys[key]] = entry_id
    return [
        Draft(
            SOURCE.kind, SOURCE.cause(row.id), row.channel, SOURCE.cause(row.id), clock.start_of(row.day),
            [Line(account, amount, party) for account, party, amount in row.lines], row.reason, found.get(row.id),
        )
        for row in rows
    ]  # fmt: skip


SOURCE = sources.register(
    sources.Source(HAND, lambda: select(HandEntry.id).where(HandEntry.state == HandState.POSTED), _drafts)
)


def _named(told: Collection[str]) -> dict[str, Named]:
    """By its id as a cause, by its reference as a party."""
    rows = session().execute(
        select(HandEntry.id, HandEntry.reference).where(
            HandEntry.id.in_(names.numbers(told)) | HandEntry.reference.in_(told)
        )
    )
    found: dict[str, Named] = {}
    for i, reference in rows:
        found[str(i)] = found[reference] = Named(reference, f"/office/ledger/hand/{reference}")
    return found


names.register(HAND, _named)


def _open_day(channel: str, day: date) -> None:
    """Lock the channel and see that nothing closed covers the day.

    Raises:
        DayClosed.
    """
    posting.lock(channel)
    last = session().scalar(
        select(func.max(Closing.day)).where(Closing.channel == channel, Closing.reopened_at.is_(None))
    )
    if last is not None and day <= last:
        raise DayClosed


def _said(told: str, field: str, least: int, words: str) -> str:
    kept = text.clean(told).replace("\n", " ")[:500]
    if len(kept) < least:
        raise Invalid(words, field=field)
    return kept


def write(
    actor: Actor,
    *,
    day: date,
    channel: str,
    debit: str,
    credit: str,
    amount: int,
    reason: str,
    paper_name: str,
    paper_key: str | None = None,
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Write an entry of `amount` đồng that waits for another person; return its reference. `paper_name` says which paper it
    rests on, `paper_key` is that paper in storage.

    Raises:
        Invalid: an account that is not for hands, twice the same, no amount, a day to come, no channel, no reason, no paper.
        DayClosed.
    """
    for field, code in (("debit", debit), ("credit", credit)):
        if code not in BY_HAND:
            raise Invalid(N_("Hãy chọn tài khoản."), field=field)
    if debit == credit:
        raise Invalid(N_("Hai tài khoản phải khác nhau."), field="credit")
    if not 0 < amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền phải lớn hơn 0."), field="amount")
    return _write(
        actor,
        day,
        channel,
        [[debit, None, amount], [credit, None, -amount]],
        reason,
        paper_name,
        paper_key,
        None,
        op_key,
        is_demo=is_demo,
    )


def _write(
    actor: Actor, day: date, channel: str, lines: list[list[Any]], reason: str, paper_name: str, paper_key: str | None,
    reverses_id: int | None, op_key: str, *, is_demo: bool = False,
) -> str:  # fmt: skip
    reason = _said(reason, "reason", 5, N_("Hãy ghi lý do (ít nhất 5 chữ)."))
    paper_name = _said(paper_name, "paper_name", 2, N_("Hãy ghi chứng từ: số, ngày, nơi lập."))[:255]
    if day > clock.today():
        raise Invalid(N_("Ngày ghi sổ không được ở tương lai."), field="day")
    if not queries.has_channel(channel):
        raise Invalid(N_("Hãy chọn kênh."), field="channel")

    def command() -> dict[str, Any]:
        _open_day(channel, day)
        reference = f"BT-{text.reference()}"
        with unique("ledger_hand_entries.reverses_id", "ledger_hand_entries_reversal", otherwise=HandDecided):
            session().add(
                HandEntry(
                    reference=reference, state=HandState.WAITING, day=day, channel=channel,
                    lines=[[account, party or f"{HAND}:{reference}", amount] for account, party, amount in lines],
                    amount=sum(amount for _account, _party, amount in lines if amount > 0), reason=reason,
                    paper_name=paper_name, paper_key=paper_key, reverses_id=reverses_id, written_at=clock.now(),
                    written_by=actor.key, written_label=actor.label, is_demo=is_demo,
                )
            )  # fmt: skip
            session().flush()
        audit.record(actor, "ledger.hand-write", f"hand-entry:{reference}", lines=lines, day=day.isoformat())
        return {"reference": reference}

    body = [day.isoformat(), channel, lines, reason, paper_name, reverses_id]
    return str(operations.once(op_key, "ledger.hand-write", actor.key, body, command)["reference"])


def undo(actor: Actor, reference: str, day: date, reason: str, *, op_key: str) -> str:
    """Write the opposite of a posted entry, which waits for another person as well; return its reference.

    Raises:
        NotFound; HandDecided: it is not posted, or is being undone already. Invalid, DayClosed: as `write`.
    """
    row = session().scalar(select(HandEntry).where(HandEntry.reference == reference))
    if row is None:
        raise NotFound
    if row.state is not HandState.POSTED:
        raise HandDecided
    turned = [[account, party, -amount] for account, party, amount in row.lines]
    return _write(actor, day, row.channel, turned, reason, row.paper_name or "", row.paper_key, row.id, op_key)


def _waiting(reference: str) -> HandEntry:
    row = session().scalar(
        select(HandEntry).where(HandEntry.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if row is None:
        raise NotFound
    if row.state is not HandState.WAITING:
        raise HandDecided
    return row


def _decide(actor: Actor, row: HandEntry, state: HandState, why: str | None) -> None:
    row.state, row.decided_at, row.decided_by, row.decided_label = state, clock.now(), actor.key, actor.label
    row.decision = why
    session().flush()
    audit.record(actor, f"ledger.hand-{state.value}", f"hand-entry:{row.reference}", amount=row.amount)


def approve(actor: Actor, reference: str, *, op_key: str) -> None:
    """Post an entry that another person wrote, to its own day.

    Raises:
        NotFound, HandDecided, HandSamePerson; DayClosed: its day was closed meanwhile.
    """

    def command() -> dict[str, Any]:
        row = _waiting(reference)
        if row.written_by == actor.key:
            raise HandSamePerson
        _open_day(row.channel, row.day)
        _decide(actor, row, HandState.POSTED, None)
        services.post_all(actor, _drafts([row.id]))
        return {}

    operations.once(op_key, "ledger.hand-approve", actor.key, [reference], command)


def refuse(actor: Actor, reference: str, why: str, *, op_key: str) -> None:
    """Refuse another person's entry, for a reason that is kept; its writer takes his own back.

    Raises:
        NotFound, HandDecided; Invalid: no reason.
    """
    why = _said(why, "why", 2, N_("Hãy ghi lý do, ít nhất 2 ký tự."))

    def command() -> dict[str, Any]:
        row = _waiting(reference)
        own = row.written_by == actor.key
        _decide(actor, row, HandState.WITHDRAWN if own else HandState.REFUSED, why)
        return {}

    operations.once(op_key, "ledger.hand-refuse", actor.key, [reference, why], command)
