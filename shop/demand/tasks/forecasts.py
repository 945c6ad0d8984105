"""The nightly forecast: weeks counted anew, everything forecast."""

from __future__ import annotations

from datetime import timedelta

from shop.demand.services import forecasts
from shop.kernel import clock, jobs
from shop.kernel.actor import SYSTEM

# Hours of the day in Vietnam in which the forecast is made; the first one of a shop does not wait for the night.
NIGHT = range(1, 6)


@jobs.every(timedelta(hours=1), name="demand.forecast", group="report")
def nightly() -> None:
    """Make the forecast once a night, at the latest when there is none for this week."""
    if forecasts.due() and (clock.now().astimezone(clock.VIETNAM).hour in NIGHT or forecasts.behind()):
        forecasts.nightly(SYSTEM)
