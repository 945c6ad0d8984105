"""Facts told by the till."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskedAtCounter:
    """A visitor asked a counter for what it had not: the row of `till_asks`."""

    ask_id: int
