"""What recurs in unmet demand: booths that ran empty, asks past their term."""

from __future__ import annotations

from datetime import timedelta

from shop.demand.services import booths, unmet
from shop.kernel import jobs


@jobs.every(timedelta(days=1), name="demand.booths-empty", group="report")
def booths_empty() -> None:
    """Work out what fairs' booths without goods did not sell."""
    booths.look()


@jobs.every(timedelta(days=1), name="demand.thin-asks", group="retention")
def thin_asks() -> None:
    """Delete single asks past their term; the days' sums stay."""
    unmet.thin()
