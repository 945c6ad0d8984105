"""Facts told by this room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StandardSettled:
    """A paper that a producer entered was confirmed or refused."""

    standard_id: int
