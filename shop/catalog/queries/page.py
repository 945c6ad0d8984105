"""What the public page of one product says, and how many goods each producer shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, select

from shop.catalog import rules
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
from shop.catalog.queries.certificates import CertificateInForce, best_certificate
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.reading import Reading
from shop.producers import rules as papers
from shop.producers.models import LegalForm, Producer, ProducerState


class Pack(NamedTuple):
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


class ProductFacts(NamedTuple):
    """What the registry says of a product, as its page shows it (columns of `Product`)."""

    id: int
    slug: str
    name: str
    name_en: str | None
    kind: ProductKind
    producer_id: int | None
    set_id: int
    summary: str | None
    story: str | None
    story_en: str | None
    ingredients: str | None
    storage_note: str | None
    shelf_life_days: int | None
    allergens: tuple[str, ...]
    is_alcohol: bool
    alcohol_percent: Decimal | None
    cold: Cold
    season_months: int
    needs_certificate: bool
    commune_code: str | None
    locality_text: str | None
    source_url: str | None
    stated_stars: int | None
    stated_year: int | None
    is_demo: bool


class Maker(NamedTuple):
    """What a product's page says of its producer (columns of `Producer`)."""

    slug: str
    name: str
    legal_form: LegalForm | None
    commune_code: str | None
    locality_text: str | None
    story: str | None
    story_en: str | None
    state: ProducerState
    identity_due: bool
    food_until: date | None
    alcohol_until: date | None


class ProductPage(NamedTuple):
    """All that the page of a shown product says, at one instant."""

    product: ProductFacts
    set_number: int
    set_name: str
    set_name_en: str
    group_slug: str
    group_name: str
    group_name_en: str
    producer: Maker | None
    certificate: CertificateInForce | None
    certificate_required: bool
    packs: tuple[Pack, ...]
    photos: tuple[PhotoView, ...]
    # Why the producer's papers do not let it be sold, in Vietnamese; empty if they do.
    stopped: str = ""

    @property
    def is_demo(self) -> bool:
        """Whether something on the page was made up for a demonstration."""
        certified = self.certificate is not None and self.certificate.is_demo
        return self.product.is_demo or certified or any(p.is_demo for p in self.packs)


_OF_PRODUCT = Product.__table__.c[ProductFacts._fields]
_OF_SET = (
    ProductSet.number, ProductSet.name, ProductSet.name_en, ProductGroup.slug, ProductGroup.name, ProductGroup.name_en,
)  # fmt: skip
_OF_MAKER = Producer.__table__.c[Maker._fields]
_c = Certificate
_OF_CERTIFICATE = (
    _c.id, _c.product_id, _c.number, _c.level, _c.decision_number, _c.stars, _c.issued_on, _c.expires_on, _c.is_demo,
    _c.term_ends_on,
)  # fmt: skip
_PRODUCT = Reading(
    select(*_OF_PRODUCT, *_OF_SET, *_OF_MAKER, *_OF_CERTIFICATE, exists().where(Photo.product_id == Product.id))
    .join(ProductSet, ProductSet.id == Product.set_id)
    .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
    .outerjoin(Producer, Producer.id == Product.producer_id)
    .outerjoin(Certificate, Certificate.id == best_certificate(bindparam("day")))
    .where(Product.slug == bindparam("slug"), Product.state == ProductState.SHOWN)
)
# Where in a row of `_PRODUCT` the columns of the set, the maker and the certificate begin.
_WHERE = tuple(accumulate(len(part) for part in (_OF_PRODUCT, _OF_SET, _OF_MAKER)))
_v = Variant
_PACKS = Reading(
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
    """The shown product of this address as it stands at the instant `at`; None if there is none.

    Two statements, three with photographs.
    """
    rows = _PRODUCT.rows(day=clock.business_day(at), slug=slug)
    if not rows:
        return None
    row = rows[0]
    first, second, third = _WHERE
    p = ProductFacts._make(row[:first])
    maker = Maker._make(row[second:third]) if p.producer_id is not None else None
    if maker is not None and maker.state is ProducerState.SUSPENDED:
        return None
    number, name, name_en, group_slug, group_name, group_name_en = row[first:second]
    return ProductPage(
        product=p._replace(allergens=tuple(p.allergens or ())),
        set_number=number,
        set_name=name,
        set_name_en=name_en,
        group_slug=group_slug,
        group_name=group_name,
        group_name_en=group_name_en,
        producer=maker,
        certificate=CertificateInForce(*row[third:-1]) if row[third] is not None else None,
        certificate_required=rules.needs_certificate(rules.CERTIFICATE_RULE.get(), p.needs_certificate),
        packs=tuple(_pack(row) for row in _PACKS.rows(at=at, product_id=p.id)),
        photos=tuple(photos_of(p.id)) if row[-1] else (),
        stopped=_stopped(maker, group_slug, p, clock.business_day(at)),
    )


def _stopped(maker: Maker | None, group_slug: str, p: ProductFacts, day: date) -> str:
    if maker is None or p.kind is not ProductKind.GOODS:
        return ""
    found = papers.refusal(
        maker.identity_due, maker.food_until, maker.alcohol_until, food=group_slug in rules.FOOD_GROUPS,
        alcohol=p.is_alcohol, day=day, rule=papers.PAPERS_RULE.get(),
    )  # fmt: skip
    return found.title if found else ""


_PHOTOS = Reading(
    select(Photo.id, Photo.files, Photo.alt, Photo.alt_en, Photo.width, Photo.height)
    .where(Photo.product_id == bindparam("product_id"))
    .order_by(Photo.position, Photo.id)
)


def photos_of(product_id: int) -> list[PhotoView]:
    """The photographs of a product in their order."""
    return [PhotoView(*row) for row in _PHOTOS.rows(product_id=product_id)]


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
