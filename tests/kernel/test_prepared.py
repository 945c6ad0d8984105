"""Prepared statements give what SQLAlchemy gives, and reading needs no transaction."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from shop.kernel.db import is_sqlite, savepoint, session, streamed, transaction
from shop.kernel.jobs import Job, JobState
from shop.kernel.prepared import Prepared
from shop.kernel.reading import among
from tests.statements import statements

NOON = datetime(2026, 11, 24, 12, 30, 15, 678901, tzinfo=UTC)
PUT = Prepared(insert(Job).returning(Job.name, Job.id))
FIND = Prepared(
    select(Job.id, Job.name, Job.payload, Job.state, Job.run_at, Job.done_at)
    .where(
        among(Job.id, "ids"),
        Job.state.in_([JobState.QUEUED, JobState.FAILED]),
        Job.attempts < 5,
    )
    .order_by(Job.id)
    .limit(3)
)
BY_NAME = Prepared(select(Job.id).where(Job.name == bindparam("name")))
FAIL = Prepared(
    update(Job)
    .where(Job.id == bindparam("job_id"))
    .values(state=JobState.FAILED, run_at=bindparam("at"))
    .returning(Job.state)
)


def row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "payload": {"tên": name, "n": [1, None]}, "state": JobState.QUEUED, "run_at": NOON, "attempts": 0,
        "created_at": NOON, "unique_key": None,
    } | more  # fmt: skip


def put(*names: str) -> list[int]:
    with transaction():
        found = dict(PUT.many([row(name) for name in names]))
    return [found[name] for name in names]


def test_rows_are_those_of_sqlalchemy(ctx: Any) -> None:
    for count in (1, 2, 5, 7):
        ids = put(*(f"job {count}.{n}" for n in range(count)))
        theirs = session().execute(FIND.statement, {"ids": ids}).all()
        assert len(theirs) == min(3, count)
        assert FIND.all({"ids": ids}) == [tuple(r) for r in theirs]
        assert FIND.first({"ids": ids})[2:] == (
            {"tên": f"job {count}.0", "n": [1, None]}, JobState.QUEUED, NOON, None,
        )  # fmt: skip
    assert FIND.first({"ids": [0]}) is None


def test_instants_keep_their_moment_whatever_their_zone(ctx: Any) -> None:
    (job_id,) = put("zone")
    there = NOON.astimezone(timezone(timedelta(hours=7)))
    with transaction():
        assert FAIL.all({"job_id": job_id, "at": there}) == [(JobState.FAILED,)]
        assert FAIL.all({"job_id": -1, "at": NOON}) == []
    assert FIND.first({"ids": [job_id]})[3:5] == (JobState.FAILED, NOON)
    assert session().scalar(select(Job.run_at).where(Job.run_at == there)) == NOON
    with pytest.raises(TypeError), transaction():
        FAIL.all({"job_id": job_id, "at": NOON.replace(tzinfo=None)})


def test_a_column_with_a_default_of_python_must_be_given(ctx: Any) -> None:
    with pytest.raises(TypeError, match="default"), transaction():
        Prepared(insert(Job)).all({"name": "x", "payload": {}, "run_at": NOON, "created_at": NOON})


def test_errors_are_those_of_sqlalchemy_and_counters_see_the_statements(ctx: Any) -> None:
    def refused() -> None:
        with pytest.raises(IntegrityError), transaction():
            PUT.many([row("a", unique_key="once"), row("b", unique_key="once")])
        assert BY_NAME.all({"name": "a"}) == []

    refused()
    with statements() as seen:
        refused()
    assert (len(seen.writes), len(seen.reads)) == (1, 1)


def test_a_savepoint_undoes_what_was_written_in_it(ctx: Any) -> None:
    with transaction():
        PUT.many([row("before")])
        with contextlib.suppress(ZeroDivisionError), savepoint():
            PUT.many([row("inside")])
            raise ZeroDivisionError
        assert BY_NAME.all({"name": "inside"}) == []
        PUT.many([row("after")])
    assert [len(BY_NAME.all({"name": name})) for name in ("before", "inside", "after")] == [1, 0, 1]


def test_what_is_written_outside_a_transaction_is_never_kept(ctx: Any) -> None:
    (job_id,) = put("kept")
    if is_sqlite():
        session().execute(update(Job).values(name="lost"))
    else:
        with pytest.raises(DBAPIError, match="read-only"):
            session().execute(update(Job).values(name="lost"))
    session().rollback()
    assert BY_NAME.all({"name": "kept"}) == [(job_id,)]


def test_reading_leaves_the_server_its_prepared_statements(ctx: Any) -> None:
    if is_sqlite():
        pytest.skip("SQLite keeps statements in the connection")
    for _ in range(8):
        BY_NAME.all({"name": "nobody"})
        session().rollback()
    known = session().execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("jobs.name" in statement for statement in known)
    assert session().execute(text("SELECT now() = statement_timestamp()")).scalar()  # no transaction is open


def test_long_readings_come_in_pieces_in_and_outside_a_transaction(ctx: Any) -> None:
    ids = put(*(f"job {n}" for n in range(25)))
    statement = select(Job.id).order_by(Job.id)
    assert streamed(statement, size=10).scalars().all() == ids
    with transaction():
        more = dict(PUT.many([row("not committed yet")]))
        assert streamed(statement, size=10).scalars().all() == [*ids, *more.values()]
