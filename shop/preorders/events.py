"""Facts told by pre-orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preordered:
    """Somebody asks for units; he still has to pay his deposit, or to confirm."""

    preorder_id: int


@dataclass(frozen=True, slots=True)
class PreorderConfirmed:
    """His places are his: the deposit was paid or the letter's link used. `carried`: they come from an earlier window."""

    preorder_id: int
    carried: bool = False


@dataclass(frozen=True, slots=True)
class PreorderEnded:
    """It ended without being shared: lapsed, left or called off."""

    preorder_id: int


@dataclass(frozen=True, slots=True)
class WindowMoved:
    """The days of a window were moved; `step_id` has the reason and the days before."""

    window_id: int
    step_id: int


@dataclass(frozen=True, slots=True)
class WindowShared:
    """Everybody's units are decided."""

    window_id: int
