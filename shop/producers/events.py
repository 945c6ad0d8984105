"""Facts told by producers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProducerChanged:
    """Name, place, story or state of a producer has changed; its goods may have to be shown anew."""

    producer_id: int
