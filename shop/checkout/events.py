"""Facts told by checkout."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BasketShort:
    """A buyer wanted `asked` units of a variant, within what one order may have, and there were `had`. `point_id`: he wanted
    to collect them there, and only what lay there counted."""

    variant_id: int
    asked: int
    had: int
    point_id: int | None = None


@dataclass(frozen=True, slots=True)
class LateMoneyUnserved:
    """An order's hold lapsed, its money came, and these goods were gone: `variants[i]` lacked `quantities[i]` units."""

    order_id: int
    variants: tuple[int, ...]
    quantities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClaimUsed:
    """Goods that stock kept for a basket under `reference` became part of an order; `quantity` units of the line."""

    reference: str
    order_id: int
    quantity: int
