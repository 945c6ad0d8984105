"""What the public page of one product says, and how many goods each producer shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, select

from shop.catalog import rules
from shop.catalog.models import (
    Certificate,
    Photo,
    Price,
    Product,
    ProductGroup,
    ProductSet,
    ProductState,
    Variant,
    VariantState,
)
from shop.catalog.queries.certificates import CertificateInForce, best_certificate, in_force
from shop.kernel import clock
from shop.kernel.db import execute, session
from shop.producers.models import Producer, ProducerState


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack on a product's page with the price in force (None: not sold now). Amounts in đồng, weight in grams."""

    variant_id: int
    sku: str
    gtin: str | None
    name: str
    name_en: str | None
    net_content: Decimal | None
    net_unit: str | None
    weight_g: int | None
    order_limit: int | None
    price_amount: int | None
    old_amount: int | None
    valid_to: datetime | None
    is_demo: bool

    @property
    def per_unit(self) -> tuple[int, str] | None:
        """Price per kilogram or litre and the unit, where that says more than the price."""
        return None if self.price_amount is None else rules.per_unit(self.price_amount, self.net_content, self.net_unit)


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photograph: `files` maps kind and width to storage keys."""

    photo_id: int
    files: dict[str, dict[str, str]]
    alt: str
    alt_en: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ProductPage:
    """All that the page of a shown product says, at one instant."""

    product: Product
    set_number: int
    set_slug: str
    set_name: str
    set_name_en: str
    group_slug: str
    group_name: str
    group_name_en: str
    producer: Producer | None
    certificate: CertificateInForce | None
    certificate_required: bool
    packs: tuple[Pack, ...]
    photos: tuple[PhotoView, ...]

    @property
    def is_demo(self) -> bool:
        """Whether something on the page was made up for a demonstration."""
        certified = self.certificate is not None and self.certificate.is_demo
        return self.product.is_demo or certified or any(p.is_demo for p in self.packs)


_PRODUCT = (
    select(Product, ProductSet, ProductGroup, Producer, Certificate)
    .join(ProductSet, ProductSet.id == Product.set_id)
    .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
    .outerjoin(Producer, Producer.id == Product.producer_id)
    .outerjoin(Certificate, Certificate.id == best_certificate(bindparam("day")))
    .where(Product.slug == bindparam("slug"), Product.state == ProductState.SHOWN)
)
_v = Variant
_PACKS = (
    select(
        _v.id, _v.sku, _v.gtin, _v.pack, _v.pack_en, _v.net_content, _v.net_unit, _v.weight_g, _v.order_limit,
        Price.amount, Price.compare_amount, Price.valid_to, _v.is_demo, Price.is_demo,
    )
    .outerjoin(Price, (Price.variant_id == _v.id) & rules.price_in_force(bindparam("at")))
    .where(_v.product_id == bindparam("product_id"), _v.state == VariantState.SHOWN)
    .order_by(_v.position, _v.id)
)  # fmt: skip


def _pack(row: Any) -> Pack:
    """A row of `_PACKS`; a former price that is not above the present one is none."""
    values: list[Any] = list(row[:10])
    amount, compare, valid_to, pack_demo, price_demo = row[9:]
    values += [compare if compare and amount and compare > amount else None, valid_to, bool(pack_demo or price_demo)]
    return Pack(*values)


def product_page(slug: str, at: datetime) -> ProductPage | None:
    """The shown product of this address as it stands at the instant `at`; None if there is none. Three statements."""
    day = clock.business_day(at)
    row = session().execute(_PRODUCT, {"day": day, "slug": slug}).one_or_none()
    if row is None:
        return None
    product, group_set, group, producer, c = row
    if producer is not None and producer.state is ProducerState.SUSPENDED:
        return None
    packs: Any = execute(_PACKS, {"at": at, "product_id": product.id})
    return ProductPage(
        product=product,
        set_number=group_set.number,
        set_slug=group_set.slug,
        set_name=group_set.name,
        set_name_en=group_set.name_en,
        group_slug=group.slug,
        group_name=group.name,
        group_name_en=group.name_en,
        producer=producer,
        certificate=in_force(c),
        certificate_required=rules.needs_certificate(rules.CERTIFICATE_RULE.get(), product.needs_certificate),
        packs=tuple(_pack(p) for p in packs),
        photos=tuple(photos_of(product.id)),
    )


_PHOTOS = (
    select(Photo.id, Photo.files, Photo.alt, Photo.alt_en, Photo.width, Photo.height)
    .where(Photo.product_id == bindparam("product_id"))
    .order_by(Photo.position, Photo.id)
)


def photos_of(product_id: int) -> list[PhotoView]:
    """The photographs of a product in their order."""
    rows: Any = execute(_PHOTOS, {"product_id": product_id})
    return [PhotoView(*row) for row in rows]


def small_photo(files: dict[str, Any] | None) -> str | None:
    """The storage key of the smallest WebP (else JPEG) of a photograph's `files`; None without a photograph."""
    for kind in ("webp", "jpeg"):
        widths = (files or {}).get(kind)
        if widths:
            return str(widths[min(widths, key=int)])
    return None


def shown_counts(producer_id: int | None = None, *, alcohol: bool | None = None) -> dict[int, int]:
    """How many shown products each producer has (one producer only, alcohol only or none of it, if asked)."""
    statement = select(Product.producer_id, func.count()).where(
        Product.state == ProductState.SHOWN, Product.producer_id.is_not(None)
    )
    if producer_id is not None:
        statement = statement.where(Product.producer_id == producer_id)
    if alcohol is not None:
        statement = statement.where(Product.is_alcohol.is_(alcohol))
    rows = session().execute(statement.group_by(Product.producer_id))
    return {row[0]: row[1] for row in rows if row[0] is not None}
