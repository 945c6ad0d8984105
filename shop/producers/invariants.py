"""What must hold of applications, papers, members and accounts (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import exists, func, select

from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.producers.models import (
    ALCOHOL_PAPERS,
    APPLICATION_ALLOWED,
    CHANGE_ALLOWED,
    FOOD_PAPERS,
    PAPER_ALLOWED,
    Application,
    ApplicationState,
    BankAccount,
    Change,
    IdentityCheck,
    Paper,
    Producer,
    Step,
)
from shop.producers.services.papers import last_day


@invariant("producers.approved-applications-have-their-producer")
def approved() -> Iterator[str]:
    """An approved application has a producer, whose papers are that producer's too; one not checked may not sell."""
    checked = exists().where(IdentityCheck.application_id == Application.id)
    rows = session().execute(
        select(Application.reference, Application.producer_id, Producer.identity_due, checked)
        .outerjoin(Producer, Producer.id == Application.producer_id)
        .where(Application.state == ApplicationState.APPROVED)
    )
    for reference, producer_id, due, is_checked in rows:
        if producer_id is None:
            yield f"{reference}: no producer"
        elif not is_checked and not due:
            yield f"{reference}: may sell without a check of identity"
    strayed = (
        select(Paper.reference)
        .join(Application, Application.id == Paper.application_id)
        .where(
            Application.state == ApplicationState.APPROVED,
            func.coalesce(Paper.producer_id, 0) != Application.producer_id,
        )
    )
    yield from (f"paper {r}" for r in session().scalars(strayed))


@invariant("producers.one-account-at-a-time")
def accounts() -> Iterator[str]:
    """A producer is paid into one account, from one instant to the next without overlap."""
    rows = session().execute(
        select(BankAccount.producer_id, BankAccount.valid_from, BankAccount.valid_to).order_by(
            BankAccount.producer_id, BankAccount.valid_from
        )
    )
    for producer_id, spans in groupby(rows, key=lambda row: row[0]):
        listed = list(spans)
        for before, after in pairwise(listed):
            if before[2] is None or before[2] > after[1]:
                yield f"producer {producer_id}"


@invariant("producers.papers-have-their-bytes")
def files() -> Iterator[str]:
    """Every paper's file is in storage."""
    kept = storage()
    rows = session().execute(select(Paper.reference, Paper.file_key).order_by(Paper.id))
    yield from (reference for reference, key in rows if not kept.exists(key))


@invariant("producers.rows-say-what-papers-say")
def reckoned() -> Iterator[str]:
    """Until when a producer's papers hold, as its row says it, is what its papers say."""
    s = session()
    papers: dict[int | None, list[Paper]] = {}
    for paper in s.scalars(select(Paper).where(Paper.producer_id.is_not(None))):
        papers.setdefault(paper.producer_id, []).append(paper)
    rows = s.execute(select(Producer.id, Producer.slug, Producer.food_until, Producer.alcohol_until))
    for producer_id, slug, food, alcohol in rows:
        mine = papers.get(producer_id, [])
        if (last_day(mine, FOOD_PAPERS), last_day(mine, ALCOHOL_PAPERS)) != (food, alcohol):
            yield slug


@invariant("producers.histories-are-unbroken")
def histories() -> Iterator[str]:
    """The history of each application, paper and change is a chain of allowed turns that ends in its state."""
    s = session()
    kinds: tuple[tuple[Any, Any], ...] = (
        (Application, Step.application_id), (Paper, Step.paper_id), (Change, Step.change_id),
    )  # fmt: skip
    for kind, column in kinds:
        steps: dict[int | None, list[Step]] = {}
        for step in s.scalars(select(Step).where(column.is_not(None)).order_by(Step.id)):
            steps.setdefault(getattr(step, column.key), []).append(step)
        for row in s.scalars(select(kind)):
            table = (
                CHANGE_ALLOWED[row.kind]
                if isinstance(row, Change)
                else PAPER_ALLOWED
                if isinstance(row, Paper)
                else APPLICATION_ALLOWED
            )
            plain = {
                (before.value if before is not None else None, after.value)
                for before, afters in table.items()
                for after in afters
            }
            at: str | None = None
            for step in steps.get(row.id, []):
                if step.from_state != at or (at, step.to_state) not in plain:
                    yield f"{kind.__tablename__} {row.reference}"
                    break
                at = step.to_state
            else:
                if at != row.state.value:
                    yield f"{kind.__tablename__} {row.reference}"


@invariant("producers.members-have-an-owner")
def owners() -> Iterator[str]:
    """A producer that joined by an application has an owner, unless the owner was erased."""
    owned = exists().where(
        Grant.role == Role.PRODUCER_OWNER, Grant.scope == "producer:" + Producer.id.cast(Grant.scope.type)
    )
    member = exists().where(
        Grant.role.in_((Role.PRODUCER_MEMBER, Role.PRODUCER_LISTINGS, Role.PRODUCER_PACKING, Role.PRODUCER_MONEY)),
        Grant.scope == "producer:" + Producer.id.cast(Grant.scope.type),
    )
    joined = exists().where(Application.producer_id == Producer.id)
    yield from session().scalars(select(Producer.slug).where(joined, member, ~owned))
