"""What the catalogue writes when it hears of changes, its own and those from below: the rows that lists and search read."""

from __future__ import annotations

from shop.catalog import listing
from shop.catalog.events import CertificateChanged, ProductChanged
from shop.kernel import settings
from shop.kernel.events import on, on_later
from shop.kernel.settings import SettingChanged
from shop.producers import rules as papers
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


@on_later(SettingChanged, name="catalog.rule-changed")
def rule_changed(fact: SettingChanged) -> None:
    """What producers' papers stop follows a rule; decisions read it themselves, lists keep it."""
    if fact.key == papers.PAPERS_RULE.key:
        settings.forget()
        listing.refresh_all()
