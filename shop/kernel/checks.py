"""What must always be true of the machinery itself (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import (
    CompoundSelect,
    String,
    UniqueConstraint,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from shop.kernel import clock
from shop.kernel.db import Base, session
from shop.kernel.invariants import invariant
from shop.kernel.jobs import Job, JobState
from shop.kernel.mail import Letter
from shop.kernel.operations import Operation


@invariant("kernel.jobs-are-done-at-least-once")
def jobs_done() -> Iterator[str]:
    """No job lies under a lease that ended over an hour ago, and none is called done without having been tried."""
    late = clock.now() - timedelta(hours=1)
    rows = session().execute(
        select(Job.id, Job.name)
        .where(
            or_(
                and_(Job.state == JobState.QUEUED, Job.leased_until < late),
                and_(Job.state == JobState.DONE, or_(Job.attempts < 1, Job.done_at.is_(None))),
            )
        )
        .order_by(Job.id)
    )
    yield from (f"job {i} ({name})" for i, name in rows)


@invariant("kernel.operations-are-whole")
def operations_whole() -> Iterator[str]:
    """A used operation key has its result: both are written by one transaction."""
    yield from session().scalars(select(Operation.key).where(Operation.result.is_(None)).order_by(Operation.key))


@invariant("kernel.letters-go-out")
def letters_go_out() -> Iterator[str]:
    """A letter that was not sent has the job that will send it, or one that was given up and waits for staff."""
    waiting = (
        select(Job.id)
        .where(Job.unique_key == "mail.send:" + cast(Letter.id, String), Job.state != JobState.DONE)
        .exists()
    )
    late = clock.now() - timedelta(minutes=5)
    rows = session().scalars(
        select(Letter.id).where(Letter.sent_at.is_(None), Letter.created_at < late, ~waiting).order_by(Letter.id)
    )
    yield from (f"letter {i}" for i in rows)


@invariant("kernel.what-is-unique-is-there-once")
def unique() -> Iterator[str]:
    """References, operation keys, SKUs, providers' and banks' numbers, memo codes: whatever a table calls unique."""
    s = session()
    dialect = s.get_bind().dialect.name
    there = filled()
    for table in Base.metadata.sorted_tables:
        if table.name not in there:
            continue
        alike = [list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)]
        whole = [list(i.columns) for i in table.indexes if i.unique and i.dialect_options[dialect].get("where") is None]
        for columns in sorted([*alike, *whole], key=lambda found: [c.name for c in found]):
            rows = s.execute(
                select(*columns)
                .where(*(column.is_not(None) for column in columns))
                .group_by(*columns)
                .having(func.count() > 1)
                .limit(20)
            )
            names = ", ".join(column.name for column in columns)
            yield from (f"{table.name} ({names}): {', '.join(map(str, row))}" for row in rows)


def filled() -> set[str]:
    """The names of the tables that hold rows, by one question."""
    return set(session().scalars(_filled(len(Base.metadata.tables))))


@lru_cache(maxsize=1)
def _filled(_count: int) -> CompoundSelect[str]:
    tables = Base.metadata.sorted_tables
    return union_all(*(select(literal(t.name)).where(exists(select(1).select_from(t))) for t in tables))
