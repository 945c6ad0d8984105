"""Facts told by promotions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromotionStepped:
    """What became of a promotion: draft, change, ask, open, agree, refuse, adjust, stop."""

    promotion_id: int
    what: str
