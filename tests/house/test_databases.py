"""Between two tests the database is as it was: empty, or with what a fixture keeps; whatever the test did to it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update

from shop.kernel.audit import AuditRow
from shop.kernel.db import db, session, transaction
from shop.places.models import Source, Succession, Unit
from tests.databases import TestDatabase

CHANGES = {
    "nothing": select(1),
    "a row is changed": update(Unit).where(Unit.code == "22", Unit.valid_to.is_(None)).values(short="X"),
    "a row is gone": delete(Succession).where(Succession.id == select(func.max(Succession.id)).scalar_subquery()),
    "a row is new": insert(Source).values(key="new", title="New", url="https://example.vn", note=""),
    "all are gone": delete(AuditRow),
}


def content() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in db.metadata.sorted_tables:
        if rows := session().execute(select(table).order_by(*table.primary_key)).all():
            found[table.name] = rows
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_a_kept_state_comes_back(gazetteer: Flask, database: TestDatabase, change: str) -> None:
    before = content()
    db.session.remove()
    for _ in range(2):
        with transaction() as s:
            s.execute(CHANGES[change])
        db.session.remove()
        db.engine.dispose()
        database.reset("places")
        assert content() == before
        db.session.remove()
    with transaction() as s:  # the next number is free
        s.add(Source(key="next", title="Next", url="https://example.vn", note=""))
    db.session.remove()
    db.engine.dispose()
    database.reset()
    assert content() == {}


def test_only_an_empty_database_is_filled(ctx: Flask, database: TestDatabase) -> None:
    with transaction() as s:
        s.add(Source(key="old", title="Old", url="https://example.vn", note=""))
    with pytest.raises(AssertionError, match="empty"):
        database.fill("places", lambda: None)
