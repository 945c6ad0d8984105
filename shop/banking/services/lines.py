"""Each line once: what a file or a notice says is compared with what is there, under the account's lock.

A line is known by the bank's own reference and its amount. Where one of the two has no reference it is known by day, amount and
memo, and the n-th of equal ones in a file is the n-th of those there: two honest equal transfers both stand.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from shop.banking import postings
from shop.banking.models import BankLine, LineState, LineStep, Queue, RowOutcome, ShopAccount
from shop.banking.reading import Read
from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_, NotFound

Group = tuple[date, int, str]
OTHER_AMOUNT = N_("Mã giao dịch %(reference)s đã có với số tiền khác.")
TWICE_HERE = N_("Mã giao dịch %(reference)s có hai lần trong tệp.")


@dataclass(slots=True)
class Verdict:
    """What a row came to: a new line with its `ordinal`, or one that is there (`line_id`), or neither with `why`."""

    outcome: RowOutcome
    why: list[Any] | None = None
    line_id: int | None = None
    ordinal: int = 0
    # The line that is there had no reference of the bank and now has one.
    adopts: bool = False


@dataclass(slots=True)
class _There:
    line_id: int | None
    reference: str | None
    ordinal: int
    free: bool
    used: bool = False


def lock(account_id: int) -> ShopAccount:
    """Lock an account; whoever writes lines of it does so first.

    Raises:
        NotFound.
    """
    found = session().scalars(
        select(ShopAccount).where(ShopAccount.id == account_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    account = found.one_or_none()
    if account is None:
        raise NotFound
    return account


def memo_key(memo: str) -> str:
    """What two tellings of one memo have in common: letters and digits without marks and case, as SHA-1."""
    return hashlib.sha1(re.sub(r"[^a-z0-9]", "", text.fold(memo)).encode(), usedforsecurity=False).hexdigest()


def compare(account_id: int, rows: Sequence[Read], *, notice: bool = False) -> list[Verdict]:
    """What each row comes to, in their order. `notice`: every one is an arrival of its own, so that without a reference only a
    line that no notice has told of is taken for it.
    """
    by_reference, groups = _there(account_id, rows, notice=notice)
    found: dict[int, Verdict] = {}
    seen: set[tuple[str, int]] = set()
    readable = [(n, row) for n, row in enumerate(rows) if row.is_line and row.why is None]
    for n, row in readable:  # references first, so that a row without one takes none of their lines
        reference, amount = row.bank_reference, int(row.amount or 0)
        if reference is None:
            continue
        amounts = by_reference.get(reference, {})
        if (reference, amount) in seen:
            found[n] = Verdict(RowOutcome.KNOWN, [TWICE_HERE, {"reference": reference}], amounts.get(amount))
            continue
        if amount in amounts:
            seen.add((reference, amount))
            found[n] = Verdict(RowOutcome.KNOWN, None, amounts[amount])
            for there in groups[_group(row)]:
                there.used = there.used or there.reference == reference
        elif amount > 0 and any(other > 0 for other in amounts):
            found[n] = Verdict(RowOutcome.REFUSED, [OTHER_AMOUNT, {"reference": reference}])
        else:
            seen.add((reference, amount))
            by_reference.setdefault(reference, {})[amount] = None
    for n, row in readable:
        if n not in found:
            found[n] = _by_day(row, groups[_group(row)])
    return [
        found.get(n) or Verdict(RowOutcome.REFUSED if row.is_line else RowOutcome.IGNORED, row.why)
        for n, row in enumerate(rows)
    ]


def _group(row: Read) -> Group:
    assert row.booked_on is not None  # noqa: S101 - only readable rows come here
    return row.booked_on, int(row.amount or 0), memo_key(row.memo)


def _by_day(row: Read, group: list[_There]) -> Verdict:
    """The first of the equal lines that no other row stands for."""
    for there in group:
        if there.used or not there.free:
            continue
        if row.bank_reference is None or there.reference is None:
            there.used = True
            adopts = row.bank_reference is not None
            if adopts:
                there.reference = row.bank_reference
            return Verdict(RowOutcome.KNOWN, None, there.line_id, adopts=adopts and there.line_id is not None)
    ordinal = max((there.ordinal for there in group), default=0) + 1
    group.append(_There(None, row.bank_reference, ordinal, free=True, used=True))
    return Verdict(RowOutcome.NEW, ordinal=ordinal)


def _there(
    account_id: int, rows: Sequence[Read], *, notice: bool
) -> tuple[dict[str, dict[int, int | None]], dict[Group, list[_There]]]:
    s = session()
    references = sorted({r.bank_reference for r in rows if r.bank_reference is not None})
    by_reference: dict[str, dict[int, int | None]] = {}
    for batch in in_batches(references):
        wanted = (BankLine.account_id == account_id, BankLine.bank_reference.in_(batch))
        for reference, amount, line_id in s.execute(
            select(BankLine.bank_reference, BankLine.amount, BankLine.id).where(*wanted)
        ):
            by_reference.setdefault(str(reference), {})[amount] = line_id
    groups: dict[Group, list[_There]] = defaultdict(list)
    days = sorted({r.booked_on for r in rows if r.booked_on is not None})
    for some in in_batches(days, 200):
        lines = s.execute(
            select(
                BankLine.id, BankLine.booked_on, BankLine.amount, BankLine.memo_key, BankLine.ordinal,
                BankLine.bank_reference, BankLine.notice_id,
            )
            .where(BankLine.account_id == account_id, BankLine.booked_on.in_(some))
            .order_by(BankLine.ordinal)
        )  # fmt: skip
        for line_id, day, amount, key, ordinal, reference, notice_id in lines:
            free = not notice or notice_id is None
            groups[day, amount, key].append(_There(line_id, reference, ordinal, free))
    return by_reference, groups


def write(
    actor: Actor,
    account: ShopAccount,
    rows: Sequence[Read],
    verdicts: Sequence[Verdict],
    *,
    source: str,
    file_id: int | None = None,
    notice_id: int | None = None,
) -> list[int]:
    """Write the new lines of `rows` (compared under the account's lock), each with its first step; return their ids in order.
    Lines that are there learn the bank's reference and that a notice told of them."""
    s, now = session(), clock.now()
    new = [(row, verdict) for row, verdict in zip(rows, verdicts, strict=True) if verdict.outcome is RowOutcome.NEW]
    ids: list[int] = []
    for batch in in_batches(new, 1000):
        values = [
            {
                "reference": f"SK-{text.reference()}",
                "account_id": account.id,
                "bank_reference": row.bank_reference,
                "booked_on": row.booked_on,
                "amount": row.amount,
                "memo": row.memo,
                "memo_key": memo_key(row.memo),
                "ordinal": verdict.ordinal,
                "payer_name": row.payer_name,
                "payer_account": row.payer_account,
                "state": LineState.OPEN,
                "queue": Queue.NEW,
                "handled_amount": 0,
                "version": 0,
                "file_id": file_id,
                "notice_id": notice_id,
                "seen_at": now,
                "is_demo": account.is_demo,
            }
            for row, verdict in batch
        ]
        made = s.scalars(insert(BankLine).returning(BankLine.id, sort_by_parameter_order=True), values).all()
        for (_row, verdict), line_id in zip(batch, made, strict=True):
            verdict.line_id = line_id
        ids += made
        postings.came(made, actor)
        s.execute(insert(LineStep), [step_of(actor, i, "seen", {"source": source}) for i in made])
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.outcome is RowOutcome.KNOWN and verdict.line_id is not None:
            learnt: dict[str, Any] = {"bank_reference": row.bank_reference} if verdict.adopts else {}
            if notice_id is not None:
                learnt["notice_id"] = notice_id
            if learnt:
                s.execute(
                    update(BankLine)
                    .where(BankLine.id == verdict.line_id)
                    .values(**learnt)
                    .execution_options(synchronize_session=False)
                )
                s.execute(insert(LineStep), [step_of(actor, verdict.line_id, "seen-again", {"source": source})])
    return ids


def step_of(actor: Actor, line_id: int, what: str, detail: dict[str, Any]) -> dict[str, Any]:
    """A row of a line's history."""
    return {
        "line_id": line_id,
        "what": what,
        "detail": detail,
        "actor_key": actor.key,
        "actor_label": actor.label,
        "at": clock.now(),
    }
