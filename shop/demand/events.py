"""Facts told by demand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaitJoined:
    """Somebody, now confirmed, waits for `quantity` sale units; `variant_id` is the pack he looked at (None: any)."""

    entry_id: int
    product_id: int
    variant_id: int | None
    quantity: int


@dataclass(frozen=True, slots=True)
class WaitAsked:
    """An address was given that must say first that it wants to wait; `day` keeps it to one letter a day."""

    entry_id: int
    day: str


@dataclass(frozen=True, slots=True)
class OfferMade:
    """Goods are kept for somebody who waited."""

    offer_id: int


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """Goods are no longer kept: the term is over, or the shop had to take them back."""

    offer_id: int
