"""What recurs: lapsed claims go back, availability follows opened and closed points."""

from __future__ import annotations

from datetime import timedelta

from shop.kernel import jobs
from shop.stock import services as stock


@jobs.every(timedelta(seconds=30), name="stock.lapse", group="sweep")
def lapse() -> None:
    """Give back all held goods whose term is over."""
    while stock.lapse_due() == 500:
        pass


@jobs.every(timedelta(minutes=10), name="stock.availability", group="sweep")
def availability() -> None:
    """Follow points that opened, closed or changed, and lots past their date."""
    stock.refresh_availability()
