"""Facts told by the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProductChanged:
    """Something that lists or pages show of a product has changed: text, pack, price, photograph, state."""

    product_id: int


@dataclass(frozen=True, slots=True)
class CertificateChanged:
    """A certificate was issued or revoked, began or lapsed, so the product's star may be another."""

    certificate_id: int
    product_id: int


@dataclass(frozen=True, slots=True)
class ListingsRebuilt:
    """The rows of the lists of these products were made anew; who knows their stock and sales says them again."""

    product_ids: tuple[int, ...]
