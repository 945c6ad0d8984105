"""Work for later: rows in `jobs`, written in the transaction that causes them, run by `flask jobs work`.

A job runs at least once: a worker leases it, runs it outside any transaction of its own and marks it done. A worker that
dies leaves a lease that ends, and another takes the job again. Handlers therefore make their effect once by their own keys.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Index, delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel import audit, clock
from shop.kernel.actor import Actor
from shop.kernel.db import (
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    Str80,
    Str255,
    changed,
    is_sqlite,
    leave_database,
    one_of,
    session,
    transaction,
)
from shop.kernel.errors import NotFound
from shop.kernel.prepared import Prepared

log = structlog.get_logger("jobs")
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=2)

Handler = Callable[[dict[str, Any]], None]
_handlers: dict[str, Handler] = {}
_periodic: dict[str, Periodic] = {}


class JobState(StrEnum):
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """One piece of work. `unique_key` keeps a second job of the same meaning out while the first is remembered."""

    __tablename__ = "jobs"
    __table_args__ = (one_of("state", JobState), Index("ix_jobs_due", "state", "run_at", "id"))

    id: Mapped[Id]
    name: Mapped[Str80]
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[JobState] = mapped_column(EnumText(JobState), default=JobState.QUEUED)
    run_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[Instant | None]
    leased_by: Mapped[Str80 | None]
    last_error: Mapped[LongText | None]
    unique_key: Mapped[Str255 | None] = mapped_column(unique=True)
    created_at: Mapped[Instant]
    done_at: Mapped[Instant | None]


class Schedule(Base):
    """When a periodic piece of work ran last and runs next."""

    __tablename__ = "job_schedules"

    name: Mapped[Str80] = mapped_column(primary_key=True)
    next_run_at: Mapped[Instant]
    last_run_at: Mapped[Instant | None]
    last_error: Mapped[LongText | None]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A recurring piece of work: `group` is the name that `flask jobs once NAME` takes (sweep, reconcile, …)."""

    name: str
    group: str
    every: timedelta
    run: Callable[[], None]


def register(name: str, handler: Handler) -> None:
    """Say who runs the jobs called `name`."""
    _handlers[name] = handler


def job(name: str) -> Callable[[Handler], Handler]:
    """Decorate the handler of the jobs called `name`."""

    def decorate(handler: Handler) -> Handler:
        register(name, handler)
        return handler

    return decorate


def every(interval: timedelta, *, name: str, group: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorate work that recurs about every `interval`; `group` is one of sweep, dispatch, reconcile, retention, report."""

    def decorate(run: Callable[[], None]) -> Callable[[], None]:
        _periodic[name] = Periodic(name, group, interval, run)
        return run

    return decorate


def enqueue(name: str, payload: dict[str, Any], *, run_at: datetime | None = None, key: str | None = None) -> None:
    """Store a job in the open transaction; with `key`, nothing happens if such a job is already known."""
    if key is not None and session().scalar(select(Job.id).where(Job.unique_key == key)) is not None:
        return
    now = clock.now()
    session().execute(
        insert(Job).values(
            name=name,
            payload=payload,
            state=JobState.QUEUED,
            run_at=run_at or now,
            attempts=0,
            unique_key=key,
            created_at=now,
        )
    )


_INSERT = Prepared(insert(Job))


def enqueue_many(jobs: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Store several jobs with one statement."""
    now = clock.now()
    _INSERT.many(
        [
            {"name": n, "payload": p, "state": JobState.QUEUED, "run_at": now, "attempts": 0, "created_at": now}
            for n, p in jobs
        ]
    )


def _claim(worker: str) -> Job | None:
    now = clock.now()
    with transaction() as s:
        due = (
            select(Job)
            .where(
                Job.state == JobState.QUEUED, Job.run_at <= now, or_(Job.leased_until.is_(None), Job.leased_until < now)
            )
            .order_by(Job.run_at, Job.id)
            .limit(1)
        )
        if not is_sqlite():
            due = due.with_for_update(skip_locked=True)
        found = s.scalars(due).first()
        if found is None:
            return None
        found.leased_until = now + LEASE
        found.leased_by = worker
        found.attempts += 1
        s.flush()
        s.expunge(found)
        return found


def back_off(attempts: int) -> timedelta:
    """How long to wait before try number `attempts` + 1: 10 s doubling up to two hours, ±20 %."""
    base = min(10 * 2 ** max(0, attempts - 1), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=base * random.uniform(0.8, 1.2))


def _run(found: Job) -> bool:
    handler = _handlers.get(found.name)
    error: str | None = None
    try:
        if handler is None:
            raise LookupError(f"no handler for {found.name}")
        handler(found.payload)
    except Exception:  # noqa: BLE001 - a job may fail in any way; the row tells staff how
        error = traceback.format_exc(limit=8)[-4000:]
    leave_database()
    now = clock.now()
    with transaction() as s:
        values: dict[str, Any] = {"leased_until": None, "last_error": error}
        if error is None:
            values |= {"state": JobState.DONE, "done_at": now}
        elif found.attempts >= MAX_ATTEMPTS:
            values |= {"state": JobState.FAILED}
        else:
            values |= {"run_at": now + back_off(found.attempts)}
        s.execute(update(Job).where(Job.id == found.id, Job.leased_by == found.leased_by).values(**values))
    if error is not None:
        log.error(
            "job failed", job=found.name, id=found.id, attempts=found.attempts, error=error.strip().splitlines()[-1]
        )
    return error is None


def dispatch(limit: int = 1000, *, worker: str | None = None) -> int:
    """Run the jobs that are due, at most `limit`; return how many were tried."""
    worker = worker or worker_name()
    for done in range(limit):
        found = _claim(worker)
        if found is None:
            return done
        _run(found)
    return limit


def run_periodic(*, group: str | None = None, force: bool = False) -> list[str]:
    """Run recurring work that is due (all of `group` with `force`); return the names of what failed."""
    failed = []
    for task in list(_periodic.values()):
        if group is not None and task.group != group:
            continue
        now = clock.now()
        with transaction() as s:
            row = s.get(Schedule, task.name, with_for_update=True)
            if row is None:
                row = Schedule(name=task.name, next_run_at=now)
                s.add(row)
            if row.next_run_at > now and not force:
                continue
            row.next_run_at = now + task.every
        error = None
        try:
            task.run()
        except Exception:  # noqa: BLE001 - the row tells staff
            error = traceback.format_exc(limit=8)[-4000:]
            failed.append(task.name)
            log.error("periodic work failed", name=task.name, error=error.strip().splitlines()[-1])
        leave_database()
        with transaction() as s:
            s.execute(
                update(Schedule).where(Schedule.name == task.name).values(last_run_at=clock.now(), last_error=error)
            )
    return failed


def retry(job_id: int) -> bool:
    """Put a failed job back into the queue; return whether there was one. Call inside a transaction."""
    return bool(
        changed(
            session().execute(
                update(Job)
                .where(Job.id == job_id, Job.state == JobState.FAILED)
                .values(state=JobState.QUEUED, attempts=0, run_at=clock.now(), leased_until=None)
            )
        )
    )


def again(actor: Actor, job_id: int) -> bool:
    """Staff put a failed job back into the queue; return whether it was still failed.

    Raises:
        NotFound: there is no such job.
    """
    with transaction() as s:
        found = retry(job_id)
        if found:
            audit.record(actor, "jobs.retry", f"job:{job_id}")
        elif s.get(Job, job_id) is None:
            raise NotFound
    return found


def periodic() -> list[Periodic]:
    """All recurring work, by name."""
    return sorted(_periodic.values(), key=lambda task: task.name)


def forget_done(older_than: timedelta = timedelta(days=30)) -> int:
    """Delete jobs done longer ago than `older_than`; return how many."""
    with transaction() as s:
        return changed(s.execute(delete(Job).where(Job.state == JobState.DONE, Job.done_at < clock.now() - older_than)))


@every(timedelta(days=1), name="jobs.forget", group="retention")
def _forget() -> None:
    forget_done()


def worker_name() -> str:
    """Who leases: host, process, thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 10000}"[:80]


def work(stop: threading.Event, *, pause: float = 1.0) -> None:
    """Run due jobs and recurring work until `stop` is set; a database that is away is waited for."""
    while not stop.is_set():
        try:
            tried = dispatch(50)
            run_periodic()
        except Exception as error:  # noqa: BLE001 - the worker outlives a database that is away
            log.error("worker waits", error=str(error))
            tried = 0
            time.sleep(min(pause, 1.0))
        if tried == 0:
            stop.wait(pause)
