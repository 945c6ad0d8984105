"""What happens to points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PointChanged:
    """A point was opened, changed, closed or opened again: what may be sold from it may have changed."""

    point_id: int
