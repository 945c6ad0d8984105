"""Sharing plans: worked out by a job; what the web leaves follows their transfers; what nobody wanted goes after a term."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.demand.services import sharing
from shop.kernel import clock, jobs
from shop.kernel.actor import SYSTEM
from shop.kernel.events import on
from shop.transfers.events import TransferStepped

KEPT_DAYS = 400


@jobs.job(sharing.SOLVE)
def solve(payload: dict[str, Any]) -> None:
    """Work one plan out."""
    sharing.solve(int(payload["plan_id"]))


@on(TransferStepped)
def transfer_stepped(fact: TransferStepped) -> None:
    """What has been packed is claimed, so the web need not leave it any more."""
    sharing.transfer_stepped(SYSTEM, fact.transfer_id)


@jobs.every(timedelta(days=1), name="demand.sharing-forget", group="retention")
def forget() -> None:
    """Remove plans that came to nothing, a year and a month later."""
    sharing.drop_old(clock.today() - timedelta(days=KEPT_DAYS))
