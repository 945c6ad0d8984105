"""What recurs: shortages that are owed are worked off as goods become free, codes that no sale used go back."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.till.services import coupons, shortages


@jobs.every(timedelta(minutes=5), name="till.shortages", group="sweep")
def work_off() -> None:
    """Take off what is really short wherever nobody has a claim any more."""
    shortages.work_off()


@jobs.every(timedelta(hours=1), name="till.coupons", group="sweep")
def let_go() -> None:
    """Give back codes whose baskets never became sales."""
    coupons.sweep()
