"""What reaches the database: `with statements() as seen: …`, then `assert len(seen) <= 6, seen`.

BEGIN and its like are not counted: SQLite is told them by us, PostgreSQL by its driver, so the numbers are the same on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import event

from shop.kernel.db import db

FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")


@dataclass(frozen=True)
class Statement:
    """One statement; `values` as the driver gets them."""

    text: str
    values: Any


@dataclass
class Transaction:
    """What was asked between two BEGINs; `writes` tells whether it was opened to write."""

    writes: bool
    statements: list[Statement] = field(default_factory=list)


class Statements:
    """The statements of a block in their order, so far; `str` shows each on a line."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []

    def _begin(self, connection: Any) -> None:
        self.transactions.append(Transaction(bool(connection.get_execution_options().get("write"))))

    def _execute(self, connection: Any, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        if not self.transactions:  # the block stands inside one that was begun before
            self._begin(connection)
        if not text.startswith(FRAME):
            self.transactions[-1].statements.append(Statement(text, values))

    def __iter__(self) -> Iterator[Statement]:
        return (one for transaction in self.transactions for one in transaction.statements)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return "\n".join(f"{n:3d} {' '.join(one.text.split())}" for n, one in enumerate(self, 1))

    @property
    def reads(self) -> list[str]:
        """The texts of those that only read."""
        return [one.text for one in self if one.text.startswith(("SELECT", "WITH"))]

    @property
    def writes(self) -> list[str]:
        """The texts of all others."""
        return [one.text for one in self if not one.text.startswith(("SELECT", "WITH"))]


@contextmanager
def statements(app: Flask | None = None) -> Iterator[Statements]:
    """Note what the block sends to the database of `app` (default: of the present context)."""
    with app.app_context() if app is not None else nullcontext():
        engine = db.engine
    seen = Statements()
    event.listen(engine, "begin", seen._begin)
    event.listen(engine, "before_cursor_execute", seen._execute)
    try:
        yield seen
    finally:
        event.remove(engine, "begin", seen._begin)
        event.remove(engine, "before_cursor_execute", seen._execute)


def count(do: Callable[[], Any], app: Flask | None = None) -> int:
    """How many statements `do` takes when it was done just before, so that what is read once in some seconds is fresh."""
    do()
    with statements(app) as seen:
        do()
    return len(seen)
