"""Statements read on the driver's cursor: the same rows as the long way, in and out of a transaction, heard, failing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError

from bench import catalogue
from shop.catalog.models import Listing, Price, Product, Variant
from shop.kernel import clock, reading
from shop.kernel.db import _loads, db, leave_database, session, transaction
from shop.kernel.reading import Reading, among
from tests.factories import make_variant
from tests.statements import statements

ROWS = Reading(select(*Listing.__table__.c).where(among(Listing.product_id, "ids")).order_by(Listing.product_id))
NAMED = Reading(select(Variant.sku, Variant.net_content).where(among(Variant.sku, "skus")).order_by(Variant.sku))
PRICES = Reading(
    select(Price.amount, Price.valid_from).where(Price.valid_from <= bindparam("at"), Price.amount >= 1000)
)
NAME = Reading(select(Product.name).where(Product.id == bindparam("id")))


@pytest.fixture(autouse=True)
def unheard(request: Any, monkeypatch: Any) -> None:
    """Other tests leave listeners at the engine; here the short way is what is tested."""
    if "listens" not in request.node.name:
        monkeypatch.setattr(reading, "_heard", lambda _engine: False)


def test_every_type_comes_as_the_long_way_gives_it(ctx: Flask) -> None:
    catalogue.make(60, seed=3)
    ids = session().scalars(select(Listing.product_id)).all()
    skus = session().scalars(select(Variant.sku).limit(7)).all()
    asked: list[tuple[Reading, dict[str, Any]]] = [
        (ROWS, {"ids": ids}), (ROWS, {"ids": []}), (NAMED, {"skus": skus}), (PRICES, {"at": clock.now()}),
    ]  # fmt: skip
    long = [[tuple(row) for row in session().execute(r.statement, values)] for r, values in asked]
    inside = [r.rows(**values) for r, values in asked]
    session().rollback()
    outside = [r.rows(**values) for r, values in asked]
    assert inside == outside == long
    assert len(long[0]) == len(ids) and not long[1] and len(long[2]) == 7 and long[3]
    assert [[type(v) for v in row] for row in outside[0]] == [[type(v) for v in row] for row in long[0]]


def test_inside_a_transaction_its_own_writing_is_seen_and_outside_nobody_else_s(ctx: Flask) -> None:
    v = make_variant("Chả mực")
    with transaction() as s:
        s.execute(update(Product).where(Product.id == v.product_id).values(name="Ruốc"))
        assert NAME.rows(id=v.product_id) == [("Ruốc",)]
        with ctx.app_context():
            assert NAME.rows(id=v.product_id) == [("Chả mực",)]
    assert NAME.rows(id=v.product_id) == [("Ruốc",)]


def test_nothing_stays_behind(ctx: Flask) -> None:
    """No transaction is open while and after reading; the connection goes back as it was, and before a call elsewhere."""
    pool: Any = db.engine.pool
    session().rollback()
    out = pool.checkedout()
    with ctx.app_context():
        NAME.rows(id=1)
        NAME.rows(id=2)
        assert pool.checkedout() == out + 1
        assert not db.session.registry.has()
        raw = g.reading.driver_connection
        leave_database()
        assert pool.checkedout() == out
        NAME.rows(id=1)
        assert pool.checkedout() == out + 1
    assert pool.checkedout() == out
    assert getattr(raw, "autocommit", False) is False or db.engine.dialect.name == "sqlite"
    with transaction() as s:
        s.execute(select(Listing.name))
        raw = s.connection().connection.driver_connection
        assert (
            raw.in_transaction if db.engine.dialect.name == "sqlite" else raw.info.transaction_status.name == "INTRANS"
        )


def test_who_listens_hears_every_statement(ctx: Flask) -> None:
    with statements() as heard:
        NAME.rows(id=1)
    assert [s.text.split(" \n")[0] for s in heard] == ["SELECT products.name"]


def test_a_connection_that_is_cut_off_spoils_no_page(ctx: Flask) -> None:
    v = make_variant("Chả mực")
    leave_database()
    assert NAME.rows(id=v.product_id) == [("Chả mực",)]
    g.reading.driver_connection.close()
    assert NAME.rows(id=v.product_id) == [("Chả mực",)]
    assert NAME.rows(id=v.product_id) == [("Chả mực",)]


def test_an_error_is_the_one_everybody_knows(ctx: Flask) -> None:
    with pytest.raises(DBAPIError):
        Reading(select(Listing.__table__.c.name).where(Listing.__table__.c.name.op("no such")("x"))).rows()


@pytest.mark.parametrize(
    "text", ["null", "[7]", "[70, 8]", "[]", "[-1]", '["7"]', '"7"', "7", '{"7": 1}', "[1.5]", "true"]
)
def test_short_json_is_what_json_says(text: str) -> None:
    told = json.loads(text)
    for raw in (text, text.encode()):
        assert _loads(raw) == told
        assert type(_loads(raw)) is type(told)


@pytest.mark.sqlite_only
def test_a_list_of_values_is_looked_up_in_the_index(ctx: Flask) -> None:
    """Each of these once read its whole table, because SQLAlchemy had written `(… IN …) = 1`."""
    with db.engine.connect() as connection:
        for column in (Listing.product_id, Variant.sku, Variant.id):
            wanted = select(column).where(among(column, "values"))
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {wanted.compile(connection)}", (json.dumps(["1", "2"]),)
            )
            steps = [row[3] for row in plan]
            assert any(step.startswith("SEARCH") for step in steps), steps
            assert not [step for step in steps if step.startswith(f"SCAN {column.table.name}")], steps
