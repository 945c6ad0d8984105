"""Work of this room that waits or recurs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.kernel import jobs
from shop.remittances.services import batches, parcels, rows


@jobs.job("remittances.credit")
def _credit(payload: dict[str, Any]) -> None:
    rows.credit_new()


@jobs.every(timedelta(minutes=5), name="remittances.sweep", group="reconcile")
def _sweep() -> None:
    """Rows whose crediting was cut short; parcels that left before this room was there."""
    rows.credit_new()
    while parcels.fill() == 500:
        pass


@jobs.every(timedelta(days=1), name="remittances.forget-files", group="retention")
def _forget() -> None:
    """Carriers' files whose term is over: their rows stay, what was sent goes."""
    batches.forget()
