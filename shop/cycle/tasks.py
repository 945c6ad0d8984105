"""What recurs: ideas follow the land when a locality ceases."""

from __future__ import annotations

from datetime import timedelta

from shop.cycle.services import ideas
from shop.kernel import jobs


@jobs.every(timedelta(hours=6), name="cycle.ceased", group="report")
def follow_land() -> None:
    """Give ideas of localities that have ceased to the units that took their place."""
    ideas.follow_land()
