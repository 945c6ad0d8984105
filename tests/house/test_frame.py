"""The tests' own ground: databases are put back, contexts are apart, the network is cut."""

import socket

import pytest
from sqlalchemy import func, select

from shop.kernel import clock
from shop.kernel.db import db, transaction
from shop.kernel.jobs import Job, JobState
from tests.house import source


def add_job():
    with transaction() as s:
        s.add(Job(name="x", payload={}, state=JobState.QUEUED, run_at=clock.now(), created_at=clock.now()))


@pytest.mark.parametrize("again", [1, 2])
def test_every_test_starts_with_an_empty_database_and_fresh_keys(ctx, again):
    assert db.session.scalar(select(func.count()).select_from(Job)) == 0
    add_job()
    assert db.session.scalar(select(Job.id)) == 1


def test_threads_commit_for_real(app, together):
    outcomes = together(app, add_job, times=8)
    assert [o.error for o in outcomes] == [None] * 8
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Job)) == 8


def test_another_machine_cannot_be_reached():
    with pytest.raises(PermissionError):
        socket.create_connection(("198.51.100.7", 80), timeout=1)
    with pytest.raises(PermissionError):
        socket.getaddrinfo("example.org", 80)


def test_a_check_of_each_file_tells_all_that_are_wrong():
    @source.each("number", [1, 2, 3], ids=lambda n: f"number {n}")
    def check(number, even):
        assert number == even

    with pytest.raises(AssertionError, match=r"^number 1: (.|\n)*\nnumber 3: ") as wrong:
        check(even=2)
    assert "number 2" not in str(wrong.value)
