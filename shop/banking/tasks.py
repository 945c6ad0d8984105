"""Work of this room that waits or recurs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.banking.services import files, matching
from shop.kernel import jobs


@jobs.job("banking.match")
def _match(payload: dict[str, Any]) -> None:
    matching.run()


@jobs.every(timedelta(minutes=5), name="banking.sweep", group="reconcile")
def _sweep() -> None:
    """Lines whose match was cut short."""
    matching.run()


@jobs.every(timedelta(days=1), name="banking.forget-files", group="retention")
def _forget() -> None:
    """Statements whose term is over: their lines stay, what was sent goes."""
    files.forget()
