"""The one way in which entries come to be: once for each cause, into a locked account that has a statement open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, insert_missing, session
from shop.settlement import books
from shop.settlement.arithmetic import Parts, Terms, period_of
from shop.settlement.models import (
    Account,
    Entry,
    EntryKind,
    PeriodKind,
    Statement,
    StatementState,
)
from shop.settlement.queries.agreements import Book
from shop.settlement.services import steps

OWNER = "producer:"


def owner_id(owner: str) -> int | None:
    """The producer whose goods a level's are; None: the shop's own."""
    return int(owner.removeprefix(OWNER)) if owner.startswith(OWNER) else None


def post(actor: Actor, rows: Sequence[dict[str, Any]]) -> None:
    """Write entries whose causes are not known yet, and see that their producers have an open statement. Call inside a
    transaction; the rows' producers are locked, lowest id first."""
    if not rows:
        return
    now = clock.now()
    first: dict[int, date] = {}
    for row in rows:
        on = clock.business_day(row["happened_at"])
        # Some clocks of counters go before the shop's: nothing is posted before it happened.
        row |= {"happened_on": on, "posted_at": max(now, row["happened_at"]), "actor_label": actor.label}
        first[row["producer_id"]] = min(on, first.get(row["producer_id"], on))
    for producer_id in sorted(first):
        account(producer_id)
        _open_statement(actor, producer_id, first[producer_id], demo=all(bool(row.get("is_demo")) for row in rows))
    names = sorted({name for row in rows for name in row})
    for batch in in_batches(rows, 500):
        session().execute(
            insert(Entry), [{name: row.get(name, _DEFAULTS.get(name)) for name in names} for row in batch]
        )
    books.posted(actor, [row["cause"] for row in rows])


_DEFAULTS = {"quantity": 0, "discount_amount": 0, "is_demo": False}


def account(producer_id: int) -> Account:
    """The producer's account, locked; made where there is none."""
    found = session().get(Account, producer_id, with_for_update=True, populate_existing=True)
    if found is None:
        insert_missing(Account, [{"producer_id": producer_id, "opened_at": clock.now()}], ["producer_id"])
        found = session().get(Account, producer_id, with_for_update=True, populate_existing=True)
    assert found is not None  # noqa: S101 - just inserted
    return found


def _open_statement(actor: Actor, producer_id: int, on: date, *, demo: bool) -> None:
    """See that the locked account has an open statement; the first one begins with the period of its first entry."""
    s = session()
    known = s.execute(
        select(Statement.id).where(Statement.producer_id == producer_id, Statement.state == StatementState.OPEN)
    ).first()
    if known is None:
        agreed = Book([producer_id]).on(producer_id, on)
        open_period(actor, producer_id, period_of(on, agreed.period if agreed else PeriodKind.MONTH), 0, demo=demo)


def open_period(actor: Actor, producer_id: int, span: tuple[date, date], opening: int, *, demo: bool) -> Statement:
    """Begin a statement. Call with the account locked."""
    made = Statement(
        reference=f"D-{text.reference()}",
        producer_id=producer_id,
        from_on=span[0],
        to_on=span[1],
        state=StatementState.OPEN,
        opening_amount=opening,
        entries_amount=0,
        closing_amount=opening,
        lines=0,
        opened_at=clock.now(),
        is_demo=demo,
    )
    session().add(made)
    session().flush()
    steps.begin(actor, made)
    return made


def children(
    row: Any, agreement_id: int | None, terms: Terms, parts: Parts, cause: str, at: datetime
) -> list[dict[str, Any]]:
    """The lines that hang on a sale, a return or a loss. A commission line is always written, even of nothing: it tells
    that the agreement was applied."""
    like = {
        "producer_id": row.producer_id,
        "channel": row.channel,
        "point_id": row.point_id,
        "line_id": row.line_id,
        "variant_id": row.variant_id,
        "agreement_id": agreement_id,
        "parent_id": row.id,
        "label": row.label,
        "happened_at": at,
    }
    rows = [
        like | {"cause": f"commission/{cause}", "kind": EntryKind.COMMISSION, "amount": -parts.commission,
                "base_amount": parts.base, "rate_bp": terms.commission_bp}
    ]  # fmt: skip
    if terms.voucher_amount:
        rows.append(like | {"cause": f"voucher/{cause}", "kind": EntryKind.VOUCHER, "amount": -parts.voucher})
    for kind, amount, rate in (
        (EntryKind.VAT, parts.vat, terms.vat_bp),
        (EntryKind.INCOME, parts.income, terms.income_bp),
    ):
        if rate:
            rows.append(
                like
                | {"cause": f"{kind.value}/{cause}", "kind": kind, "amount": -amount, "base_amount": parts.base,
                   "rate_bp": rate}
            )  # fmt: skip
    return rows
