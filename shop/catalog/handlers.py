"""What the catalogue writes when it hears of changes, its own and those from below: the rows that lists and search read."""

from __future__ import annotations

from shop.catalog import listing
from shop.catalog.events import CertificateChanged, ProductChanged
from shop.kernel.events import on
from shop.producers.events import ProducerChanged


@on(ProductChanged)
def product_changed(fact: ProductChanged) -> None:
    listing.refresh([fact.product_id])


@on(CertificateChanged)
def certificate_changed(fact: CertificateChanged) -> None:
    listing.refresh([fact.product_id])


@on(ProducerChanged)
def producer_changed(fact: ProducerChanged) -> None:
    """A producer's name, place and state are shown with each of its goods."""
    listing.refresh_producer(fact.producer_id)
