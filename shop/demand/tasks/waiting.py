"""What recurs in the wait list: terms that end, goods that lie free, contacts no longer needed."""

from __future__ import annotations

from datetime import timedelta

from shop.demand.services import offers, waiting
from shop.kernel import jobs


@jobs.every(timedelta(minutes=1), name="waiting.sweep", group="sweep")
def sweep() -> None:
    """End offers past their term, pass their goods on, and offer what came on any other way."""
    offers.sweep()


@jobs.every(timedelta(hours=6), name="waiting.forget", group="retention")
def forget() -> None:
    """End what nobody confirmed; remove contacts of those who have long stopped waiting."""
    while waiting.forget_unconfirmed() == 500:
        pass
    while waiting.blank_old() == 2000:
        pass
