"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MoneyShort:
    """Less came than an order is due; the allocation is the part that was credited."""

    allocation_id: int


@dataclass(frozen=True, slots=True)
class MoneyOver:
    """An order is paid and more came; the allocation is the part that was credited, `rest_amount` đồng are over."""

    allocation_id: int
    rest_amount: int


@dataclass(frozen=True, slots=True)
class MoneyTakenOut:
    """An order was paid by money that was another's: it waits for its own again. The allocation is the part taken back."""

    payment_id: int
    allocation_id: int
