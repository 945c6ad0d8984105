"""Facts heard upstairs: a lower room publishes what happened, rooms above write their part of it.

`@on(Fact)` handlers run at once, inside the publisher's transaction, and may write rows. `@on_later(Fact)` stores a job in
that same transaction; the worker runs it afterwards, at least once. What leaves the machine is always `@on_later`.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from shop.kernel import db, jobs

F = TypeVar("F")
_now: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
_later: dict[type, list[str]] = defaultdict(list)
# Handlers that hear several facts of one kind at once.
_together: set[Any] = set()


def on(fact: type[F]) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Register a handler that runs inside the publishing transaction."""

    def register(handler: Callable[[F], None]) -> Callable[[F], None]:
        if handler not in _now[fact]:
            _now[fact].append(handler)
        return handler

    return register


def on_all(fact: type[F]) -> Callable[[Callable[[Sequence[F]], None]], Callable[[Sequence[F]], None]]:
    """Register a handler like `on`'s that hears all facts told by one `publish_all` at once, a single one as a list of one:
    for what is done cheaper for many."""

    def register(handler: Callable[[Sequence[F]], None]) -> Callable[[Sequence[F]], None]:
        _together.add(handler)
        if handler not in _now[fact]:
            _now[fact].append(handler)
        return handler

    return register


def on_later(fact: type[F], *, name: str) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Register a handler that the worker runs after the commit; `name` identifies its job for ever (`orders.confirm`)."""

    def register(handler: Callable[[F], None]) -> Callable[[F], None]:
        def run(payload: dict[str, Any]) -> None:
            handler(fact(**payload))

        jobs.register(name, run)
        if name not in _later[fact]:
            _later[fact].append(name)
        return handler

    return register


def in_order(rooms: Sequence[str]) -> None:
    """Let facts be heard in the lowest room first, whatever order the modules were loaded in: a room above may take away what
    one below still reads by (an order's buyer, when he is erased)."""
    floor = {room: n for n, room in enumerate(rooms)}
    for handlers in _now.values():
        # What is no room's (a test's own ear, perhaps a built-in of no module) hears before all rooms.
        handlers.sort(key=lambda handler: floor.get((handler.__module__ or "").partition(".")[2].partition(".")[0], -1))


@contextmanager
def gathered() -> Iterator[None]:
    """Inside a transaction: tell each fact once, at the end of the block, however often it is published within.

    For loaders that run many commands on the same things. If the block fails, nothing is told.
    """
    info = db.session().info
    if "gathered_facts" in info:
        yield
        return
    info["gathered_facts"] = {}
    try:
        yield
        facts = info.pop("gathered_facts")
        for fact in facts:
            publish(fact)
    finally:
        info.pop("gathered_facts", None)


def publish(fact: Any) -> None:
    """Tell `fact`, a frozen dataclass of plain values, to all who listen.

    Raises:
        RuntimeError: no transaction is open, so the fact could be told without having happened.
    """
    publish_all([fact])


def publish_all(facts: Sequence[Any]) -> None:
    """Tell several facts of one kind: each listener hears all of them before the next listener hears any.

    Raises:
        RuntimeError: as `publish`.
    """
    if not facts:
        return
    kind = type(facts[0])
    if not db.in_transaction():
        raise RuntimeError(f"{kind.__name__} published outside a transaction")
    waiting: dict[Any, None] | None = db.session().info.get("gathered_facts")
    if waiting is not None:
        waiting.update(dict.fromkeys(facts))
        return
    for handler in _now.get(kind, ()):
        if handler in _together:
            handler(facts)
        else:
            for fact in facts:
                handler(fact)
    if names := _later.get(kind):
        jobs.enqueue_many([(name, dataclasses.asdict(fact)) for fact in facts for name in names])
