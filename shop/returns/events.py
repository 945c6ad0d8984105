"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReturnMade:
    """Money for some units of an order is set aside to go back; it has not gone yet."""

    return_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class GoodsLookedAt:
    """Units that came back were looked at: they lie on the shelf again or are written off."""

    return_id: int
    order_id: int
    line_id: int
