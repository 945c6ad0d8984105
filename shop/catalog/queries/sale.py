"""What selling needs to know, in the hot paths of basket and checkout: Core rows, never loaded objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from shop.catalog import rules
from shop.catalog.errors import CertificateLapsed, NotForSale
from shop.catalog.models import (
    Certificate,
    Cold,
    Photo,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
    VariantState,
)
from shop.catalog.queries.certificates import best_certificate
from shop.catalog.queries.page import small_photo
from shop.kernel import clock
from shop.kernel.errors import ShopError
from shop.kernel.reading import Reading, among
from shop.producers import rules as papers
from shop.producers.models import Producer, ProducerState


@dataclass(frozen=True, slots=True)
class Sellable:
    """All that selling one variant needs to know, at one instant. Amounts in đồng, weight in grams, sizes in millimetres.

    `shown` says that product, variant and producer are open to customers; `price_id` is None when no price is in force;
    `certificate_*` and `stars` are those in force on the business day (0 stars: none). `photo` is a storage key.
    `maker_refusal` is why the producer's papers do not let these goods be sold on that day.
    """

    variant_id: int
    product_id: int
    producer_id: int | None
    sku: str
    name: str
    pack: str
    slug: str
    price_id: int | None
    unit_price_amount: int | None
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    is_alcohol: bool
    cold: Cold
    order_limit: int | None
    certificate_required: bool
    certificate_id: int | None
    certificate_number: str | None
    stars: int
    shown: bool
    kind: ProductKind
    set_number: int
    photo: str | None
    name_en: str | None
    pack_en: str | None
    producer_name: str | None
    is_demo: bool
    maker_refusal: ShopError | None = None

    @property
    def refusal(self) -> ShopError | None:
        """Why the variant may not be sold, stock aside; None if it may."""
        if not self.shown or self.kind is not ProductKind.GOODS or self.price_id is None:
            return NotForSale()
        if self.maker_refusal is not None:
            return self.maker_refusal
        if self.certificate_required and self.certificate_id is None:
            return CertificateLapsed()
        return None


def _first_photo() -> Any:
    f = aliased(Photo)
    return (
        select(f.id)
        .where(f.product_id == Product.id)
        .order_by(f.position, f.id)
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )


_SELLABLE = (
    select(
        Variant.id,
        Variant.product_id,
        Product.producer_id,
        Variant.sku,
        Product.name,
        Variant.pack,
        Product.slug,
        Price.id,
        Price.amount,
        Variant.weight_g,
        Variant.length_mm,
        Variant.width_mm,
        Variant.height_mm,
        Product.is_alcohol,
        Product.cold,
        Variant.order_limit,
        Product.needs_certificate,
        Certificate.id,
        Certificate.number,
        Certificate.stars,
        Variant.state,
        Product.state,
        Producer.state,
        Product.kind,
        ProductSet.number,
        Photo.files,
        Product.name_en,
        Variant.pack_en,
        Producer.name,
        Producer.identity_due,
        Producer.food_until,
        Producer.alcohol_until,
        ProductGroup.slug,
        Product.is_demo,
        Variant.is_demo,
        Price.is_demo,
    )
    .join(Product, Product.id == Variant.product_id)
    .join(ProductSet, ProductSet.id == Product.set_id)
    .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
    .outerjoin(Producer, Producer.id == Product.producer_id)
    .outerjoin(Price, (Price.variant_id == Variant.id) & rules.price_in_force(bindparam("at")))
    .outerjoin(Certificate, Certificate.id == best_certificate(bindparam("day")))
    .outerjoin(Photo, Photo.id == _first_photo())
)
_SELLABLE_BY_ID = Reading(_SELLABLE.where(among(Variant.id, "ids")))
_SELLABLE_BY_SKU = Reading(_SELLABLE.where(among(Variant.sku, "skus")))


def _read_sellable(row: Any, rule: str, papers_rule: str, day: date) -> Sellable:
    (
        variant_id, product_id, producer_id, sku, name, pack, slug, price_id, amount, weight_g, length_mm, width_mm,
        height_mm, is_alcohol, cold, order_limit, marked, certificate_id, certificate_number, stars, variant_state,
        product_state, producer_state, kind, set_number, files, name_en, pack_en, producer_name, identity_due, food_until,
        alcohol_until, group, *demo,
    ) = row  # fmt: skip
    return Sellable(
        variant_id=variant_id,
        product_id=product_id,
        producer_id=producer_id,
        sku=sku,
        name=name,
        pack=pack,
        slug=slug,
        price_id=price_id,
        unit_price_amount=amount,
        weight_g=weight_g,
        length_mm=length_mm,
        width_mm=width_mm,
        height_mm=height_mm,
        is_alcohol=is_alcohol,
        cold=cold,
        order_limit=order_limit,
        certificate_required=rules.needs_certificate(rule, marked),
        certificate_id=certificate_id,
        certificate_number=certificate_number,
        stars=stars or 0,
        shown=variant_state is VariantState.SHOWN
        and product_state is ProductState.SHOWN
        and producer_state is not ProducerState.SUSPENDED,
        kind=kind,
        set_number=set_number,
        photo=small_photo(files),
        name_en=name_en,
        pack_en=pack_en,
        producer_name=producer_name,
        is_demo=any(demo),
        maker_refusal=papers.refusal(
            bool(identity_due),
            food_until,
            alcohol_until,
            food=group in rules.FOOD_GROUPS,
            alcohol=is_alcohol,
            day=day,
            rule=papers_rule,
        )
        if producer_id is not None
        else None,
    )


def sellable(variant_ids: Sequence[int], at: datetime) -> dict[int, Sellable]:
    """What selling `variant_ids` at the instant `at` needs to know, by variant id; unknown ids are missing. One statement."""
    if not variant_ids:
        return {}
    rule, papers_rule, day = rules.CERTIFICATE_RULE.get(), papers.PAPERS_RULE.get(), clock.business_day(at)
    rows = _SELLABLE_BY_ID.rows(at=at, day=day, ids=variant_ids)
    return {row[0]: _read_sellable(row, rule, papers_rule, day) for row in rows}


def sellable_by_sku(skus: Sequence[str], at: datetime) -> dict[str, Sellable]:
    """The same by SKU; unknown SKUs are missing. One statement."""
    if not skus:
        return {}
    rule, papers_rule, day = rules.CERTIFICATE_RULE.get(), papers.PAPERS_RULE.get(), clock.business_day(at)
    rows = _SELLABLE_BY_SKU.rows(at=at, day=day, skus=skus)
    return {row[3]: _read_sellable(row, rule, papers_rule, day) for row in rows}
