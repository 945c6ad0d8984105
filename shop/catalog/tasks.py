"""What recurs in the catalogue."""

from __future__ import annotations

from datetime import timedelta

from shop.catalog import listing, services
from shop.kernel import jobs


@jobs.every(timedelta(minutes=1), name="catalog.listing", group="sweep")
def listing_due() -> None:
    """Follow prices and certificates that began or ended by themselves."""
    while listing.refresh_due() == listing.DUE_AT_ONCE:
        pass


@jobs.every(timedelta(minutes=1), name="catalog.certificates-lapsed", group="sweep")
def certificates_lapsed() -> None:
    """Tell of certificates that began or lapsed by themselves; pages and checkout look at the days."""
    services.tell_certificates()
