"""Work for later: at least once, after the commit, with leases, back-off and an end."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from shop.kernel import clock, jobs
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job, JobState, Schedule


@pytest.fixture
def done(ctx, monkeypatch):
    """A handler that remembers what it was given."""
    seen: list[dict] = []
    monkeypatch.setitem(jobs._handlers, "test.work", seen.append)
    return seen


def only() -> Job:
    session().expire_all()
    return session().query(Job).one()


def test_a_job_is_kept_with_its_cause_or_not_at_all(done):
    with pytest.raises(RuntimeError, match="undone"), transaction():
        jobs.enqueue("test.work", {"n": 1})
        raise RuntimeError("undone")
    assert jobs.dispatch() == 0
    with transaction():
        jobs.enqueue("test.work", {"n": 2})
    assert jobs.dispatch() == 1
    assert done == [{"n": 2}]
    assert only().state is JobState.DONE
    assert jobs.dispatch() == 0


def test_a_key_keeps_a_second_job_out(done):
    for _ in range(2):
        with transaction():
            jobs.enqueue("test.work", {}, key="once")
    jobs.dispatch()
    assert len(done) == 1


def test_a_failing_job_waits_longer_each_time_and_ends_with_its_error(ctx, monkeypatch):
    def fail(_payload):
        raise ValueError("máy chủ từ chối")

    monkeypatch.setitem(jobs._handlers, "test.fail", fail)
    with transaction():
        jobs.enqueue("test.fail", {})
    waits = []
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        assert jobs.dispatch() == 1
        found = only()
        assert found.attempts == attempt
        waits.append(found.run_at)
        with transaction():
            only().run_at = clock.now()
    found = only()
    assert found.state is JobState.FAILED
    assert "máy chủ từ chối" in (found.last_error or "")
    assert jobs.dispatch() == 0
    with transaction():
        assert jobs.retry(found.id)
    monkeypatch.setitem(jobs._handlers, "test.fail", lambda _p: None)
    assert jobs.dispatch() == 1
    assert only().state is JobState.DONE


def test_back_off_doubles_up_to_two_hours():
    assert jobs.back_off(1) < timedelta(seconds=13)
    assert timedelta(seconds=60) < jobs.back_off(4) < timedelta(seconds=100)
    assert jobs.back_off(30) <= jobs.LONGEST_WAIT * 1.2


def test_a_dead_workers_job_is_taken_again_when_its_lease_ends(done):
    with transaction():
        jobs.enqueue("test.work", {"n": 3})
    assert jobs._claim("worker that dies") is not None
    assert jobs.dispatch() == 0
    with transaction():
        only().leased_until = clock.now() - timedelta(seconds=1)
    assert jobs.dispatch() == 1
    assert done == [{"n": 3}]


def test_many_workers_run_each_job_once(done, app, together):
    with transaction():
        for n in range(40):
            jobs.enqueue("test.work", {"n": n})
    outcomes = together(app, [lambda i=i: jobs.dispatch(worker=f"w{i}") for i in range(4)])
    assert all(o.error is None for o in outcomes)
    assert sorted(d["n"] for d in done) == list(range(40))


def test_an_unknown_job_is_an_error_staff_can_see(ctx):
    with transaction():
        jobs.enqueue("test.nobody", {})
    jobs.dispatch()
    assert "no handler" in (only().last_error or "")


def test_recurring_work_runs_when_it_is_due_and_tells_its_failure(ctx, monkeypatch):
    ran = []

    def run():
        ran.append(1)
        if len(ran) == 2:
            raise ValueError("hỏng")

    monkeypatch.setattr(jobs, "_periodic", {"test.tick": jobs.Periodic("test.tick", "sweep", timedelta(hours=1), run)})
    assert jobs.run_periodic() == []
    assert jobs.run_periodic() == []
    assert len(ran) == 1
    assert jobs.run_periodic(group="sweep", force=True) == ["test.tick"]
    session().expire_all()
    assert "hỏng" in (session().get(Schedule, "test.tick").last_error or "")


def test_the_worker_stops_when_it_is_told(app, done):
    with transaction():
        jobs.enqueue("test.work", {"n": 9})
    stop = threading.Event()

    def work():
        with app.app_context():
            jobs.work(stop, pause=0.05)

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(200):
        if done:
            break
        stop.wait(0.05)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert done == [{"n": 9}]
