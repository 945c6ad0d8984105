"""Reads of the catalogue: for sale, for the public page, of certificates, for the office."""

from shop.catalog.queries.certificates import (
    CertificateInForce,
    Ending,
    Standing,
    certificate_by_number,
    current_certificate,
    current_certificates,
    ending_counts,
    ending_within,
    standing,
    waits,
)
from shop.catalog.queries.page import Pack, PhotoView, ProductPage, photos_of, product_page, shown_counts, small_photo
from shop.catalog.queries.sale import Sellable, sellable, sellable_by_sku

__all__ = [
    "CertificateInForce",
    "Ending",
    "Pack",
    "PhotoView",
    "ProductPage",
    "Sellable",
    "Standing",
    "certificate_by_number",
    "current_certificate",
    "current_certificates",
    "ending_counts",
    "ending_within",
    "photos_of",
    "product_page",
    "sellable",
    "sellable_by_sku",
    "shown_counts",
    "small_photo",
    "standing",
    "waits",
]
