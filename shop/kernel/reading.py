"""Reading for pages: a SELECT that is compiled once and then runs on the driver's own cursor, outside any transaction.

SQLAlchemy's work around a small statement costs several times what the database's own does, and a page asks three to five.
Here its compiler and its types are used once per statement; what is left per call is the driver, the values and the rows.

It runs on a connection of the request in autocommit: on PostgreSQL that saves BEGIN and ROLLBACK and changes nothing (under
READ COMMITTED each statement sees its own moment anyway). The long way, through the session (`prepared`), is taken

- if the session is inside a transaction: the statement then sees what was written there;
- if somebody listens to statements (a tracer, a test that counts), who is to hear all of them;
- if the driver fails, because the rest of the program knows SQLAlchemy's errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, g
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Engine,
    Select,
    String,
    Text,
    bindparam,
    event,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from shop.kernel.db import db, stop_reading
from shop.kernel.prepared import Prepared

Convert = Callable[[Any], Any]


class Reading:
    """A SELECT of columns with `bindparam`s for its values, to be read many times.

    PostgreSQL prepares it at its first use, unless it is one of very many of which few come again (not `often`): a connection
    keeps a hundred.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], *, often: bool = True) -> None:
        self.statement = statement
        self.often = often
        self.prepared = Prepared(statement)
        self.compiled: dict[str, _Compiled] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """The rows for `values`, as the types of the columns give them."""
        engine = db.engine
        if _heard(engine) or _in_transaction():
            return self._the_long_way(values)
        compiled = self.compiled.get(engine.dialect.name)
        if compiled is None:
            compiled = _Compiled(self.statement, engine.dialect, prepare=self.often or None)
            self.compiled[engine.dialect.name] = compiled
        try:
            cursor = _connection(engine).cursor()
            cursor.execute(compiled.text, compiled.parameters(values), **compiled.how)
            found = cursor.fetchall()
            rows = compiled.convert(cursor.description, found) if found else found
            cursor.close()
        except engine.dialect.loaded_dbapi.Error:
            stop_reading(broken=True)
            return self._the_long_way(values)
        return rows

    def _the_long_way(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self.prepared.all(values)


class _Compiled:
    """The text of a statement in one dialect, with what its values and columns go through."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect, *, prepare: bool | None) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.dialect = dialect
        self.how = {} if dialect.name == "sqlite" else {"prepare": prepare}
        self.text: str = compiled.string
        self.given: dict[str, Any] = {}
        self.into: dict[str, Convert] = {}
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self.into[name] = convert
            if not bind.required:
                self.given[name] = bind.value if convert is None else convert(bind.value)
        self.order: Sequence[str] | None = compiled.positiontup
        self.types: list[TypeEngine[Any]] = [column.type for column in statement.selected_columns]
        self.out: list[tuple[int, Convert]] | None = None

    def parameters(self, values: dict[str, Any]) -> Any:
        """`values` as the driver wants them."""
        into = self.into
        told = self.given | {name: into[name](v) if name in into else v for name, v in values.items()}
        return told if self.order is None else [told[name] for name in self.order]

    def convert(self, description: Any, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rows of the driver as the columns' types give them; by column, which is less work than by row."""
        if self.out is None:
            found = (t.dialect_impl(self.dialect).result_processor(self.dialect, d[1])
                     for t, d in zip(self.types, description, strict=True))  # fmt: skip
            self.out = [(i, convert) for i, convert in enumerate(found) if convert is not None]
        if not self.out:
            return rows
        columns: list[Any] = list(zip(*rows, strict=True))
        for i, convert in self.out:
            columns[i] = [convert(v) for v in columns[i]]
        return list(zip(*columns, strict=True))


# --- the connection ----------------------------------------------------------------------------------------------


def _heard(engine: Engine) -> bool:
    return bool(engine.dispatch.before_cursor_execute)


def _in_transaction() -> bool:
    return bool(db.session.registry.has() and db.session().in_transaction())


def _connection(engine: Engine) -> Any:
    """The driver's connection that this context reads from."""
    pooled: Any = g.get("reading")
    if pooled is None:
        pooled = g.reading = engine.raw_connection()
        if engine.dialect.name != "sqlite":  # there, nothing begins by itself
            pooled.driver_connection.autocommit = True
            pooled.info["autocommit"] = True
    return pooled.driver_connection


def install(app: Flask) -> None:
    """Give connections back at the end of each request, as they were."""

    @app.teardown_appcontext
    def _end(_error: BaseException | None) -> None:
        stop_reading()

    with app.app_context():
        pool = db.engine.pool

    @event.listens_for(pool, "checkin")
    def _checkin(connection: Any, record: Any) -> None:
        if record.info.pop("autocommit", None) and connection is not None:
            connection.autocommit = False


# --- lists of values ---------------------------------------------------------------------------------------------


class _Many(TypeDecorator[Any]):
    """A list of values as one parameter: an array, or JSON for SQLite."""

    impl = String
    cache_ok = True

    def __init__(self, of: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.of))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, *_args: Any, **_against: Any) -> Any:
        """Itself: SQLAlchemy would write `(…) = 1` for databases without booleans, and SQLite then reads the whole table."""
        return self


@compiles(_Among, "sqlite")
def _among_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(_Among, "postgresql")
def _among_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    """The inner SELECT hides from the planner how many values there are. Told it, the server finds the plan of just these
    values a little cheaper than the one for any, and so plans a prepared statement anew at each run: most of its work."""
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY (ARRAY(SELECT unnest({values})))"


def among(column: Any, name: str) -> ColumnElement[bool]:
    """Whether `column` is one of the values given under `name`: one text and one plan however many they are."""
    of = Text if column.type.python_type is str else BigInteger
    return _Among(column, bindparam(name, type_=_Many(of)))
