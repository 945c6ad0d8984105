"""Facts told by this room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecisionSigned:
    """A decision took effect: its certificates are issued or revoked."""

    decision_id: int


@dataclass(frozen=True, slots=True)
class RenewalClosed:
    """A renewal that was filed has its outcome."""

    renewal_id: int


@dataclass(frozen=True, slots=True)
class FindingsTold:
    """A check found something; its deadlines run."""

    check_id: int
