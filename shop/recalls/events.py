"""Facts told by recalls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecallStarted:
    recall_id: int


@dataclass(frozen=True, slots=True)
class BuyersFound:
    """Further buyers of a recalled lot came to light (a till that had been without a network)."""

    recall_id: int


@dataclass(frozen=True, slots=True)
class RecallClosed:
    recall_id: int
