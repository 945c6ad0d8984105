"""The made-up past by the rooms' own commands: what is done under `Past.at` is dated then; its references are the seed's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from shop.kernel import clock, text


class Past:
    """One made-up past: `rng` gives the references, so that the same seed makes the same."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def _reference(self, groups: int = 2, size: int = 4) -> str:
        symbols = ("".join(self._rng.choices(text.REFERENCE_ALPHABET, k=size)) for _ in range(groups))
        return "-".join(symbols)

    @contextmanager
    def at(self, when: datetime) -> Iterator[None]:
        """Let what the block does have happened at `when`. Only while a database is filled, by a process of its own: the
        clock and the chance of all threads are changed meanwhile."""
        at = when.astimezone(UTC)
        changed: list[tuple[Any, str, Any]] = [
            (clock, "now", lambda: at),
            (text, "reference", self._reference),
        ]
        real = [(place, name, getattr(place, name)) for place, name, _then in changed]
        for place, name, then in changed:
            setattr(place, name, then)
        try:
            yield
        finally:
            for place, name, before in real:
                setattr(place, name, before)
