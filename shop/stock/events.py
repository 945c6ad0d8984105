"""Facts told by stock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StockCrossed:
    """These variants became sold out, or can be sold again."""

    variant_ids: tuple[int, ...]
