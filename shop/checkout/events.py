"""Facts told by checkout."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClaimUsed:
    """Goods that stock kept for a basket under `reference` became part of an order; `quantity` units of the line."""

    reference: str
    order_id: int
    quantity: int
