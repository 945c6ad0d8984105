"""Operation keys, the sealed log, settings, and the one commit."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from shop.kernel import audit, db, operations, settings
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.audit import AuditRow
from shop.kernel.db import TransactionOpen, WriteOutsideTransaction, session, transaction
from shop.kernel.errors import Conflict, Invalid, NotFound
from shop.kernel.operations import KeyUsedOtherwise, Operation

CLERK = Actor("user", "Nguyễn Thị Lan", 7, "127.0.0.1")


def test_a_key_leads_to_the_first_result_and_to_nobody_elses(ctx):
    ran = []

    def command():
        ran.append(1)
        return {"n": len(ran)}

    first = operations.once("key-number-1", "test", "user:7", {"a": 1}, command)
    assert operations.once("key-number-1", "test", "user:7", {"a": 1}, command) == first == {"n": 1}
    for kind, owner, body in (
        ("other", "user:7", {"a": 1}),
        ("test", "user:8", {"a": 1}),
        ("test", "user:7", {"a": 2}),
    ):
        with pytest.raises(KeyUsedOtherwise):
            operations.once("key-number-1", kind, owner, body, command)
    assert len(ran) == 1


def test_a_refused_command_leaves_its_key_free(ctx):
    def refuse():
        raise Conflict

    with pytest.raises(Conflict):
        operations.once("key-number-2", "test", "user:7", {}, refuse)
    assert session().get(Operation, "key-number-2") is None
    assert operations.once("key-number-2", "test", "user:7", {}, lambda: {"ok": True}) == {"ok": True}


def test_one_key_sent_many_times_at_once_runs_once(ctx, app, together):
    ran = []

    def command():
        ran.append(1)
        return {}

    outcomes = together(app, lambda: operations.once("key-number-3", "test", "user:7", {}, command), times=8)
    assert all(o.error is None for o in outcomes), [o.error for o in outcomes]
    assert session().query(Operation).count() == 1


@pytest.mark.parametrize("key", ["", None, "short", "x" * 81, "có dấu cách", "a b c d e f g h"])
def test_a_key_of_the_wrong_shape_is_refused(key):
    with pytest.raises(Invalid):
        operations.checked_key(key)


def test_the_log_is_a_chain_that_shows_any_change(ctx):
    for n in range(5):
        with transaction():
            audit.record(CLERK, "test.do", f"thing:{n}", before="á", after=n)
    assert audit.broken_links() == []
    with transaction() as s:
        s.execute(text("UPDATE audit_log SET target = 'thing:9' WHERE target = 'thing:2'"))
    assert len(audit.broken_links()) >= 1


def test_a_row_taken_out_of_the_log_is_missed(ctx):
    for n in range(4):
        with transaction():
            audit.record(CLERK, "test.do", f"thing:{n}")
    with transaction() as s:
        s.execute(text("DELETE FROM audit_log WHERE target = 'thing:1'"))
    assert audit.broken_links()


def test_writers_of_the_log_take_turns(ctx, app, together):
    def write():
        with transaction():
            audit.record(SYSTEM, "test.do", "thing:1")

    assert all(o.error is None for o in together(app, write, times=12))
    assert session().query(AuditRow).count() == 12
    assert audit.broken_links() == []


def test_the_log_is_written_only_inside_its_transaction(ctx):
    with pytest.raises(RuntimeError):
        audit.record(SYSTEM, "test.do", "thing:1")


def test_settings_are_typed_bounded_and_on_record(ctx):
    settings.define("test.units", 5, "Số", low=1, high=10)
    setting = settings.known["test.units"]
    assert setting.get() == 5
    settings.change(CLERK, "test.units", " 7 ")
    assert setting.get() == 7
    for bad in ("0", "11", "abc", ""):
        with pytest.raises(Invalid):
            settings.change(CLERK, "test.units", bad)
    with pytest.raises(NotFound):
        settings.change(CLERK, "test.nothing", "1")
    assert session().query(AuditRow).filter_by(action="settings.change").count() == 1
    del settings.known["test.units"]


def test_a_write_outside_a_transaction_is_a_defect(ctx):
    session().add(Operation(key="planted-key", kind="x", digest="x"))
    with pytest.raises(WriteOutsideTransaction), transaction():
        pass


def test_no_call_to_another_machine_inside_a_transaction(ctx):
    with transaction(), pytest.raises(TransactionOpen):
        db.leave_database()
    db.leave_database()


def test_an_inner_transaction_joins_the_outer_one(ctx):
    with pytest.raises(RuntimeError, match="all of it"), transaction():
        with transaction():
            operations.once("key-number-4", "test", "x", {}, dict)
        raise RuntimeError("all of it")
    assert session().get(Operation, "key-number-4") is None


def test_a_savepoint_undoes_its_block_alone(ctx):
    with transaction() as s:
        operations.once("key-number-5", "test", "x", {}, dict)
        with pytest.raises(Conflict), db.savepoint():
            operations.once("key-number-6", "test", "x", {}, dict)
            raise Conflict
        assert s.get(Operation, "key-number-5") is not None
    assert session().get(Operation, "key-number-6") is None
    assert session().get(Operation, "key-number-5") is not None


def test_what_comes_after_the_commit_is_not_called_when_there_is_none(ctx):
    called = []
    with pytest.raises(Conflict), transaction():
        db.after_commit(lambda: called.append(1))
        raise Conflict
    assert called == []
    with transaction():
        db.after_commit(lambda: called.append(2))
        assert called == []
    assert called == [2]
