"""What rooms wait for on the shop's account that is no order's payment: each tells its own, so that a line of the bank which
shows money coming can be matched with it. The rooms register themselves; the bank's stands above them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from shop.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Awaited:
    """A transfer that is to come. `reference` is its own room's, `amount` what still lacks in whole đồng, `words` what its memo
    may hold beside the reference."""

    kind: str
    reference: str
    amount: int
    holder: str
    words: tuple[str, ...] = ()


class Source(Protocol):
    """A room that waits for transfers."""

    kind: str

    def waiting(self, amounts: Collection[int] | None = None, references: Collection[str] = ()) -> list[Awaited]:
        """What waits: of these amounts or references; all of it where no amounts are given."""

    def arrived(self, actor: Actor, reference: str, amount: int, line: str) -> int:
        """`amount` đồng of the bank's line are for it, in the open transaction; return the number under which it is kept.
        Raises what the room's own command raises."""

    def take_back(self, actor: Actor, reference: str, number: int) -> None:
        """They were not, in the open transaction. Raises what the room's own command raises."""


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Let the transfers that a room waits for be found; the same kind twice is the later one."""
    _sources[source.kind] = source


def sources() -> dict[str, Source]:
    """All that were registered, by kind."""
    return _sources
