"""A database that is held by others, or cut off: a refusal that is safe to try again, and work goes on by itself."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from shop.kernel import db
from shop.kernel.db import session, transaction
from shop.kernel.errors import Busy


@pytest.mark.sqlite_only
def test_while_another_program_holds_the_file_writers_are_refused_soon(make_app, plain_engine, monkeypatch):
    monkeypatch.setattr(db, "BUSY_SECONDS", 2)
    monkeypatch.setattr(db, "STUCK_SECONDS", 0.1)
    app = make_app()
    outsider = plain_engine.connect().connection
    outsider.isolation_level = None
    took = []
    outsider.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        began = time.monotonic()
        with app.app_context(), pytest.raises(Busy), transaction():
            pass
        took.append(time.monotonic() - began)
    outsider.execute("ROLLBACK")
    assert took[0] >= 1.9  # an ordinary queue is waited for
    assert max(took[1:]) < 1.9  # threads that wait for nothing would be missing for pages
    with app.app_context(), transaction() as s:
        s.execute(text("CREATE TABLE written (n INTEGER)"))
        assert s.scalar(text("PRAGMA busy_timeout")) == 2000


@pytest.fixture
def cut(plain_engine):
    """A function that cuts the connection of the present session."""

    def cut() -> None:
        pid = session().scalar(text("SELECT pg_backend_pid()"))
        with plain_engine.connect() as other:
            assert other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    return cut


@pytest.mark.postgresql_only
def test_a_connection_cut_after_the_last_question_spoils_nothing(app, cut):
    with app.app_context():
        cut()
    with app.app_context():
        cut()
        with transaction() as s:  # what follows gets a connection that lives
            assert s.scalar(text("SELECT 1")) == 1
    with app.app_context():
        cut()
        db.leave_database()
        assert session().scalar(text("SELECT 1")) == 1


@pytest.mark.postgresql_only
def test_a_connection_cut_inside_a_transaction_is_a_refusal(app, cut):
    with app.app_context():
        with pytest.raises(Busy), transaction() as s:
            cut()
            s.execute(text("SELECT 1"))
        with transaction() as s:
            assert s.scalar(text("SELECT 1")) == 1
