"""A signature drawn again from the strokes that were kept: a path for pages, a picture for papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 1000, 340


def path(strokes: Sequence[Sequence[Sequence[Any]]]) -> str:
    """The `d` of an SVG path through the strokes (x, y in the field of `WIDTH` × `HEIGHT`); a touch is a dot."""
    parts = []
    for stroke in strokes:
        points = [f"{int(x)} {int(y)}" for x, y in stroke]
        parts.append(f"M{points[0]}L{'L'.join(points[1:] or points)}")
    return "".join(parts)


def picture(strokes: Sequence[Sequence[Sequence[Any]]]) -> str:
    """The signature as an SVG file for a paper, '' without strokes."""
    if not strokes:
        return ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><path d="{path(strokes)}" fill="none" '
        'stroke="#17292c" stroke-width="7" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
