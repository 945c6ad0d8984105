"""`flask audit` between tests: a check that can find nothing because its tables are empty is not asked again.

An audit asks some five hundred questions, most of them of tables in which the test has written nothing, and most tests end
with an audit. What a check finds follows from the rows that its statements return. So every check is asked once of the empty
database (`learn`), where no statement returns a row and nothing is found. It need not be asked again while each of those
statements still reads a table without rows: none can return a row, so the check takes the same way to the same end.

`reads` knows which tables a statement cannot do without: those of its FROM that are joined inwards. Whatever it does not
understand (text, a sum that always gives a row, a full join) is asked every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import CompoundSelect, Select, Table, event
from sqlalchemy.engine import Engine
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import AliasedReturnsRows, Join

from shop.kernel import checks, invariants
from shop.kernel.db import session

# Functions of one row: with any other and no GROUP BY, a statement may give a row of nothing.
OF_ONE_ROW = {
    "coalesce",
    "lower",
    "upper",
    "length",
    "char_length",
    "abs",
    "replace",
    "substr",
    "concat",
    "date",
    "cast",
}
Needs = list[frozenset[str]]


def reads(statement: Any) -> Needs:
    """For each part of a statement (one, or several in a UNION) the tables of which an empty one leaves no row.

    An empty set stands for a part that may return rows whatever is empty.
    """
    if isinstance(statement, CompoundSelect):
        return [needs for part in statement.selects for needs in reads(part)]
    if not isinstance(statement, Select):
        return [frozenset()]
    sums = any(
        isinstance(part, FunctionElement) and part.name.lower() not in OF_ONE_ROW
        for column in statement._raw_columns
        for part in visitors.iterate(column)
    )
    if not statement._group_by_clauses and (sums or statement._having_criteria):
        return [frozenset()]
    return [frozenset().union(*(_needed(source) for source in statement.get_final_froms()))]


def _needed(source: Any) -> frozenset[str]:
    """The tables without which this part of a FROM has no row."""
    if isinstance(source, Table):
        return frozenset({source.name})
    if isinstance(source, Join):
        if source.full:
            return frozenset()
        return _needed(source.left) | (frozenset() if source.isouter else _needed(source.right))
    if isinstance(source, AliasedReturnsRows):
        inner = source.element
        if isinstance(inner, Table | Join):
            return _needed(inner)
        parts = reads(getattr(inner, "element", inner))
        return parts[0] if len(parts) == 1 else frozenset()
    return frozenset()


class Audits:
    """Stands in for `invariants.run`; `asked` and `left_out` count checks."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Needs] = {}
        self.asked = self.left_out = 0
        self._heard: Needs = []

    def _hear(self, _connection: Any, statement: Any, *_: Any) -> None:
        """A statement is about to be asked."""
        self._heard += reads(statement)

    def learn(self) -> None:
        """Ask every check of the present, empty database, and note what its statements cannot do without."""
        kind = session().get_bind().dialect.name
        session().close()
        event.listen(Engine, "before_execute", self._hear)
        try:
            for name in invariants.names():
                self._heard = []
                if invariants.look(name).ok and self._heard and all(self._heard):
                    self.known[kind, name] = list(set(self._heard))
        finally:
            event.remove(Engine, "before_execute", self._hear)
            session().close()

    @contextmanager
    def installed(self) -> Iterator[Audits]:
        """Be what tests call when they call `invariants.run()`."""
        real = invariants.run
        invariants.run = self.run
        yield self
        invariants.run = real

    def run(self, *rooms: str) -> list[invariants.Finding]:
        """What the checks find, those of these rooms or all."""
        kind = session().get_bind().dialect.name
        filled = checks.filled()
        return [self._look(kind, name, filled) for name in invariants.names(*rooms)]

    def _look(self, kind: str, name: str, filled: set[str]) -> invariants.Finding:
        known = self.known.get((kind, name))
        if known is not None and _nothing_there(known, filled):
            self.left_out += 1
            return invariants.Finding(name, True, [])
        self.asked += 1
        return invariants.look(name)


def _nothing_there(needs: Iterable[frozenset[str]], filled: set[str]) -> bool:
    """Whether each of the statements lacks the rows of a table."""
    return all(tables - filled for tables in needs)
