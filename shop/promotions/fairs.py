"""The fairs that codes may be for, and whose booth a point is: told by the room that knows fairs, which stands above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fairs:
    """`choices` gives (id, name) of fairs that are planned or on; `of_point` the fair whose booth the point is, or None."""

    choices: Callable[[], Sequence[tuple[int, str]]]
    of_point: Callable[[int], int | None]
    name: Callable[[int], str]


_known: list[Fairs] = []


def register(found: Fairs) -> None:
    """Tell of fairs; the last one told counts."""
    _known[:] = [found]


def choices() -> Sequence[tuple[int, str]]:
    """(id, name) of fairs; none where nobody knows any."""
    return _known[0].choices() if _known else ()


def of_point(point_id: int) -> int | None:
    """The fair whose booth the point is, or None."""
    return _known[0].of_point(point_id) if _known else None


def name(fair_id: int) -> str:
    """What a fair is called; its number where nobody knows."""
    return _known[0].name(fair_id) if _known else str(fair_id)
