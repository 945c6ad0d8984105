"""Facts told by stock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StockCrossed:
    """These variants became sold out, or can be sold again."""

    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StockGrew:
    """More of these variants can be sold than before; told inside the transaction that brings the goods, before anybody else
    can see them."""

    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LotStopped:
    """Nothing of the lot may be sold, sent or received any more."""

    lot_id: int


@dataclass(frozen=True, slots=True)
class LotResumed:
    """The lot may be sold again."""

    lot_id: int


@dataclass(frozen=True, slots=True)
class LotCorrected:
    """The lot's code or dates were put right."""

    lot_id: int
