"""What rooms above add to an order's page: they register when the shop starts, and the page asks them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shop.orders.queries import Bought


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the order: what it is, its number, its day, its amount in đồng (below zero: takes back), where it opens."""

    title: str
    name: str
    day: str
    amount: int
    path: str


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents of an order; `path` is their page and `label` the way to it, empty if nothing can be done there."""

    papers: Sequence[Paper]
    path: str
    label: str


Source = Callable[[Bought], Papers | None]
_sources: dict[str, Source] = {}


def register(kind: str, source: Source) -> None:
    """Let `source` be asked for each order's page; the same kind twice is the later one."""
    _sources[kind] = source


def papers_of(order: Bought) -> list[Papers]:
    """What all of them say of an order."""
    found = (source(order) for _kind, source in sorted(_sources.items()))
    return [told for told in found if told is not None]
