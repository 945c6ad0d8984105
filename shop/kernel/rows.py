"""Office lists whose rows are worked out in Python, not by the database: the same page, addresses and files as `tables`.

A `Table` of such a list has functions of a row where others have SQL: `Column.sort` holds keys to sort by (None stands last),
`Filter.where(value)` and `search(q)` give a test of a row, `tie` is the last key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from shop.kernel.tables import EXPORT_ROWS, Table, View


@dataclass(frozen=True, slots=True)
class Made:
    """Rows with what narrows and orders them, waiting to be opened; stands where others have a SELECT."""

    rows: Sequence[Any]
    tests: tuple[Callable[[Any], bool], ...] = ()
    order: tuple[Any, ...] = ()

    def where(self, *tests: Callable[[Any], bool]) -> Made:
        """Keep the rows that pass all of `tests`."""
        return Made(self.rows, (*self.tests, *tests), self.order)

    def order_by(self, *order: Any) -> Made:
        """Sort by these keys."""
        return Made(self.rows, self.tests, order)

    def all(self) -> list[Any]:
        """The rows that pass, in their order."""
        found = [row for row in self.rows if all(test(row) for test in self.tests)]
        # By the last key first: each further sorting keeps the order of what it finds equal. None stands last, however sorted.
        for key, down in reversed(self.order):
            known = [row for row in found if key(row) is not None]
            unknown = [row for row in found if key(row) is None]
            found = sorted(known, key=key, reverse=down) + unknown
        return found


@dataclass(frozen=True, slots=True)
class Key:
    """A sort key that `Table` can turn round."""

    of: Callable[[Any], Any]

    def asc(self) -> _Ordered:
        """Smallest first."""
        return _Ordered((self.of, False))

    def desc(self) -> _Ordered:
        """Greatest first."""
        return _Ordered((self.of, True))


class _Ordered(tuple[Any, bool]):
    __slots__ = ()

    def nulls_last(self) -> _Ordered:
        """They always are."""
        return self


@dataclass
class RowsView(View):
    """One opening of such a list; `found` are all rows that pass, `rows` those of the page."""

    found: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found = self.statement.all()
        size = self.table.rows
        at = (self.page - 1) * size
        self.rows = [] if self.export else [self.make(row) for row in self.found[at : at + size]]
        self.more = len(self.found) > at + size

    def _lines(self, columns: Sequence[Any]) -> Iterator[list[Any]]:
        for row in self.found[:EXPORT_ROWS]:
            made = self.make(row)
            yield [c.of(made) for c in columns]


def open_rows(
    table: Table, args: Mapping[str, str], here: str, rows: Sequence[Any], keep: Sequence[str] = ()
) -> RowsView:
    """The page of `rows` that `args` ask for, or the file to take away (`view.download()`)."""
    return cast(RowsView, table.open(args, here, Made(rows), keep=keep, view=RowsView))
