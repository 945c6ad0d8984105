"""Work of this room that waits or recurs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import jobs
from shop.payments.services import provider, refunds


@jobs.job("payments.refund")
def _refund(payload: dict[str, Any]) -> None:
    refunds.send(payload["refund_id"])


@jobs.job("payments.look")
def _look(payload: dict[str, Any]) -> None:
    provider.look(payload["payment_id"])


@jobs.job("payments.close")
def _close(payload: dict[str, Any]) -> None:
    provider.look(payload["payment_id"], close=True)


@jobs.every(timedelta(minutes=2), name="payments.reconcile", group="reconcile")
def _reconcile() -> None:
    """Words kept but not taken in, payments that nobody told us about, terms that are over."""
    provider.catch_up()
    provider.close_abandoned()
    provider.ask_all()
