"""The geometry of a hall: rectangles on a grid of cells. Pure: knows no database.

A cell is `cell_cm` wide and long; (0, 0) is the upper left one. Booths and all other shapes keep apart; only aisles may lie
over one another. Booths must lie where a visitor can reach them on foot.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# The largest hall known had 460 booths (2018).
MOST_BOOTHS = 500
MOST_FEATURES = 200
# In metres: what a scale bar may show.
_BARS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle; `name` is what people call it. `aisle`: one walks there. `way_in`: visitors come in or go out there."""

    name: str
    x: int
    y: int
    columns: int
    rows: int
    booth: bool = False
    aisle: bool = False
    way_in: bool = False

    @property
    def right(self) -> int:
        return self.x + self.columns

    @property
    def bottom(self) -> int:
        return self.y + self.rows


class Direction(StrEnum):
    """Where a row of booths goes from its first one."""

    RIGHT = "right"
    DOWN = "down"
    LEFT = "left"
    UP = "up"


def overlap(a: Shape, b: Shape) -> bool:
    """Whether the two share a cell and may not: aisles may lie over one another."""
    if a.aisle and b.aisle:
        return False
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def inside(shape: Shape, columns: int, rows: int) -> bool:
    """Whether all of it lies in a hall of that size."""
    return (
        shape.columns > 0
        and shape.rows > 0
        and shape.x >= 0
        and shape.y >= 0
        and shape.right <= columns
        and shape.bottom <= rows
    )


def overlaps(shapes: Sequence[Shape]) -> list[tuple[Shape, Shape]]:
    """Every pair that overlaps, in the order given."""
    order = sorted(range(len(shapes)), key=lambda i: shapes[i].x)
    found = []
    for at, i in enumerate(order):
        for j in order[at + 1 :]:
            if shapes[j].x >= shapes[i].right:
                break
            if overlap(shapes[i], shapes[j]):
                found.append((min(i, j), max(i, j)))
    return [(shapes[i], shapes[j]) for i, j in sorted(found)]


def shut_in(shapes: Sequence[Shape], columns: int, rows: int) -> list[Shape]:
    """The booths that nobody can walk up to.

    One walks over aisles, ways in and cells where nothing stands, beginning at the ways in; without any, at the largest
    stretch of such cells.
    """
    stands = {
        (x, y) for s in shapes if not (s.aisle or s.way_in) for x in range(s.x, s.right) for y in range(s.y, s.bottom)
    }
    doors = [(x, y) for s in shapes if s.way_in for x in range(s.x, s.right) for y in range(s.y, s.bottom)]
    if doors:
        walked = _walk(doors, stands, columns, rows)
    else:
        left = {(x, y) for x in range(columns) for y in range(rows)} - stands
        walked = set[tuple[int, int]]()
        while left:
            part = _walk([next(iter(left))], stands, columns, rows)
            left -= part
            walked = max(walked, part, key=len)
    return [s for s in shapes if s.booth and not any(cell in walked for cell in _beside(s))]


def _walk(
    starts: Sequence[tuple[int, int]], stands: set[tuple[int, int]], columns: int, rows: int
) -> set[tuple[int, int]]:
    seen, todo = set(starts), deque(starts)
    while todo:
        x, y = todo.popleft()
        for cell in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if 0 <= cell[0] < columns and 0 <= cell[1] < rows and cell not in seen and cell not in stands:
                seen.add(cell)
                todo.append(cell)
    return seen


def _beside(s: Shape) -> list[tuple[int, int]]:
    across = [(x, y) for x in range(s.x, s.right) for y in (s.y - 1, s.bottom)]
    return across + [(x, y) for y in range(s.y, s.bottom) for x in (s.x - 1, s.right)]


def codes(first: str, count: int, step: int = 1) -> list[str]:
    """`count` codes from `first` on: `A1` gives A1, A2 …; `A01` keeps its width; `A` begins with A1. `step` 2 numbers one
    side of an aisle."""
    found = re.fullmatch(r"(.*?)(\d{0,6})", first)
    prefix, digits = (found[1], found[2]) if found else (first, "")
    begin = int(digits) if digits else 1
    return [f"{prefix}{begin + step * n:0{len(digits)}d}" for n in range(count)]


def row(
    first: str,
    count: int,
    x: int,
    y: int,
    columns: int,
    rows: int,
    direction: Direction,
    *,
    gap: int = 0,
    step: int = 1,
) -> list[Shape]:
    """A row of `count` booths of one size from (`x`, `y`) on, `gap` free cells between two, numbered from `first` on."""
    across, down = {
        Direction.RIGHT: (columns + gap, 0),
        Direction.LEFT: (-columns - gap, 0),
        Direction.DOWN: (0, rows + gap),
        Direction.UP: (0, -rows - gap),
    }[direction]
    return [
        Shape(code, x + n * across, y + n * down, columns, rows, booth=True)
        for n, code in enumerate(codes(first, count, step))
    ]


def bar(columns: int, cell_cm: int) -> tuple[int, float]:
    """A scale bar that takes at most a quarter of the hall: its metres, and its length in cells."""
    fitting = [m for m in _BARS if m * 100 / cell_cm <= columns / 4] or [_BARS[0]]
    return fitting[-1], fitting[-1] * 100 / cell_cm
