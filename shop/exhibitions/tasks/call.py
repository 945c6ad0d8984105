"""What recurs for booths: offers lapse, free booths are offered."""

from __future__ import annotations

from datetime import timedelta

from shop.exhibitions.services import offers
from shop.kernel import jobs


@jobs.every(timedelta(minutes=10), name="exhibitions.offers", group="sweep")
def sweep() -> None:
    """End offers whose term is over and offer booths that are free."""
    offers.sweep()
