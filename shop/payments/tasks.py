"""Work of this room that waits or recurs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import jobs
from shop.payments import letters
from shop.payments.services import balance, disputes, provider, refunds


@jobs.job("payments.refund")
def _refund(payload: dict[str, Any]) -> None:
    refunds.send(payload["refund_id"])


@jobs.job("payments.look")
def _look(payload: dict[str, Any]) -> None:
    provider.look(payload["payment_id"])


@jobs.job("payments.close")
def _close(payload: dict[str, Any]) -> None:
    provider.look(payload["payment_id"], close=True)


@jobs.job("payments.defend")
def _defend(payload: dict[str, Any]) -> None:
    disputes.give_papers(payload["dispute_id"])


@jobs.job("payments.concede")
def _concede(payload: dict[str, Any]) -> None:
    disputes.give_up(payload["dispute_id"])


@jobs.every(timedelta(minutes=10), name="payments.disputes", group="reconcile")
def _disputes() -> None:
    """Disputes that nobody told us about."""
    balance.ask_disputes()


@jobs.every(timedelta(hours=1), name="payments.compare", group="reconcile")
def _compare() -> None:
    """The provider's own lines against our books."""
    balance.compare()


@jobs.every(timedelta(hours=1), name="payments.remind", group="dispatch")
def _remind() -> None:
    """Answers to disputes that are nearly due."""
    letters.remind()


@jobs.every(timedelta(minutes=2), name="payments.reconcile", group="reconcile")
def _reconcile() -> None:
    """Words kept but not taken in, payments that nobody told us about, terms that are over."""
    provider.catch_up()
    provider.close_abandoned()
    provider.ask_all()
