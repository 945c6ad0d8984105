"""Statements of every order and basket, compiled once and handed to the driver as text with values.

SQLAlchemy spends 25 to 80 µs around each statement, even out of its cache (finding it there, ordering the values, describing
the columns again, building rows): as long as SQLite takes to do the work, and an order is fifteen statements. Here all of
that happens once for each *shape* of a statement: its text, where each value goes, and how values are changed on their way
in and out by the types of their columns. What is left for each run is a tuple of values and the driver's rows.

A shape is a statement with so many rows (`many`). Lists of values are one value (`reading.among`), so that a statement has one
shape, which is soon a prepared statement of the server. It runs where the session is, in its transaction or without;
`reading.Reading` is for pages that have no session yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Insert
from sqlalchemy.sql.compiler import SQLCompiler

from shop.kernel.db import connection

Values = Mapping[str, Any]
_NAMED = re.compile(r"%\((\w+)\)s")


class _Shape:
    """The text of a statement for one database, where values go and what rows hold."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, sample: Values) -> None:
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"a column has a default made in Python, give its value: {compiled}")
        state = compiled.construct_expanded_state(dict(sample))
        # psycopg's named values become positions, as SQLite has them.
        self.text = state.statement if compiled.positional else _NAMED.sub("%s", state.statement)
        names = state.positiontup or _NAMED.findall(state.statement)
        self.constants = {name: state.parameters[name] for name in names if name not in sample}
        self.pick = _picker(names)
        self.into: list[tuple[int, Any]] = []
        for place, name in enumerate(names):
            kind = compiled.binds.get(name)
            into: Any = (
                state.processors.get(name) if kind is None else kind.type.dialect_impl(dialect).bind_processor(dialect)
            )
            if into is not None:
                self.into.append((place, into))
        # What the compiler itself knows of the columns: of a RETURNING with two sub-selects `exported_columns` knows one.
        self.kinds = [column.type.dialect_impl(dialect) for column in compiled._result_columns]
        self.dialect = dialect
        self.how = {} if dialect.name == "sqlite" else {"prepare": True}
        self.out: list[tuple[int, Any]] | None = None

    def values(self, given: Values) -> tuple[Any, ...]:
        """The values in the order of the text."""
        if self.constants:
            given = {**self.constants, **given}
        picked = self.pick(given)
        if not self.into:
            return picked
        found = list(picked)
        for place, into in self.into:
            found[place] = into(found[place])
        return tuple(found)

    def rows(self, cursor: Any) -> list[Any]:
        """The driver's rows with each value as its column's type has it."""
        if not self.kinds:
            return []
        raw: list[Any] = cursor.fetchall()
        if self.out is None:
            self.out = []
            for place, (kind, told) in enumerate(zip(self.kinds, cursor.description, strict=True)):
                change = kind.result_processor(self.dialect, told[1])
                if change is not None:
                    self.out.append((place, change))
        if not self.out:
            return raw
        found = []
        for row in raw:
            changed = list(row)
            for place, change in self.out:
                changed[place] = change(changed[place])
            found.append(tuple(changed))
        return found


class Prepared:
    """A Core statement whose values are `bindparam`s (for an INSERT: its columns), to be run many times.

    Rows are plain tuples in the order of the statement's columns. Runs on the connection of the present session, in whatever
    transaction is open there; what the session holds back is written first.
    """

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._shapes: dict[Any, _Shape] = {}

    def all(self, values: Values) -> list[Any]:
        """All rows."""
        link = connection()
        key = link.dialect.name
        shape = self._shapes.get(key)
        if shape is None:
            insert = isinstance(self.statement, Insert)
            shape = self._shape(key, self.statement, values, link.dialect, list(values) if insert else None)
        return self._run(link, shape, shape.values(values))

    def first(self, values: Values) -> Any:
        """The first row or None."""
        rows = self.all(values)
        return rows[0] if rows else None

    def many(self, rows: Sequence[Values]) -> list[Any]:
        """Insert `rows`, all with the same keys, with one statement; what it returns comes in no promised order."""
        if len(rows) == 1:
            return self.all(rows[0])
        link = connection()
        values = {f"{name}_m{n}": value for n, row in enumerate(rows) for name, value in row.items()}
        key = (link.dialect.name, len(rows))
        shape = self._shapes.get(key)
        if shape is None:
            statement = self.statement.values([dict.fromkeys(rows[0])] * len(rows))
            shape = self._shape(key, statement, values, link.dialect, None)
        return self._run(link, shape, shape.values(values))

    def _shape(self, key: Any, statement: Any, values: Values, dialect: Dialect, columns: list[str] | None) -> _Shape:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        shape = self._shapes[key] = _Shape(compiled, dialect, values)
        return shape

    def _run(self, link: Any, shape: _Shape, values: tuple[Any, ...]) -> list[Any]:
        # Asked of the engine: a connection's own list of listeners is made at the first question.
        if link.engine.dispatch.before_cursor_execute:  # somebody counts or traces statements: SQLAlchemy tells him
            return shape.rows(link.exec_driver_sql(shape.text, values).cursor)
        plain = link.connection.dbapi_connection
        try:
            return shape.rows(plain.execute(shape.text, values, **shape.how))
        except Exception as error:
            # Raises what SQLAlchemy raises, and lets go of a connection that was cut off.
            link._handle_dbapi_exception(error, shape.text, values, None, None)
            raise


def _picker(names: Sequence[str]) -> Callable[[Values], tuple[Any, ...]]:
    """A function that takes the values of `names` out of a mapping, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda given: tuple(given[name] for name in names)
