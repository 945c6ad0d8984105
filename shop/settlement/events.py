"""Facts told by settlement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgreementProposed:
    agreement_id: int


@dataclass(frozen=True, slots=True)
class StatementClosed:
    statement_id: int


@dataclass(frozen=True, slots=True)
class StatementAnswered:
    """Every remark of the producer has its answer."""

    statement_id: int


@dataclass(frozen=True, slots=True)
class PayoutPaid:
    payout_id: int
