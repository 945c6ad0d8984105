"""The catalogue. A certificate belongs to one product; what the sources leave blank stays NULL."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.kernel.db import (
    Amount,
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    SortKey,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_
from shop.kernel.text import words
from shop.producers.models import Producer


class ProductGroup(Base):
    """A group of a national or provincial list, valid for its years (`scheme` 2014, 2019 or 2026)."""

    __tablename__ = "product_groups"
    __table_args__ = (UniqueConstraint("scheme", "slug"),)

    id: Mapped[Id]
    scheme: Mapped[Str20]
    slug: Mapped[Str80]
    number: Mapped[Str20]
    name: Mapped[Str255]
    name_en: Mapped[Str255]
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[LongText | None]


class ProductSet(Base):
    """A product set ("bộ sản phẩm") of a scheme, with the ministry that manages it."""

    __tablename__ = "product_sets"
    __table_args__ = (UniqueConstraint("scheme", "number"),)

    id: Mapped[Id]
    scheme: Mapped[Str20]
    number: Mapped[int]
    slug: Mapped[Str80]
    name: Mapped[Str255]
    name_en: Mapped[Str255]
    subgroup: Mapped[Str255 | None]
    group_id: Mapped[int] = mapped_column(ForeignKey("product_groups.id"), index=True)
    # Goods of the set are alcohol (shown and sold to adults only) or services (shown, not sold by the basket).
    is_alcohol: Mapped[bool] = mapped_column(default=False)
    is_service: Mapped[bool] = mapped_column(default=False)
    managing_ministry: Mapped[Str255 | None]
    sample_required: Mapped[bool | None]
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[LongText | None]

    group: Mapped[ProductGroup] = relationship()


class ProductState(StrEnum):
    DRAFT = "draft"
    SHOWN = "shown"
    HIDDEN = "hidden"


class ProductKind(StrEnum):
    GOODS = "goods"
    SERVICE = "service"  # tourism services: shown, not sold by the basket


class Cold(StrEnum):
    NONE = "none"
    CHILLED = "chilled"
    FROZEN = "frozen"


COLD_NAMES = {
    Cold.NONE: N_("Nhiệt độ thường"),
    Cold.CHILLED: N_("Giữ mát 0–4 °C"),
    Cold.FROZEN: N_("Giữ đông ≤ −18 °C"),
}


# What labels must name; the list follows the allergens of Codex CXS 1-1985 (general standard for labelling).
ALLERGEN_NAMES = {
    "gluten": N_("Ngũ cốc có gluten"),
    "crustaceans": N_("Giáp xác (tôm, cua, bề bề)"),
    "molluscs": N_("Nhuyễn thể (mực, hàu, ngao, sá sùng)"),
    "fish": N_("Cá"),
    "eggs": N_("Trứng"),
    "milk": N_("Sữa"),
    "peanuts": N_("Lạc (đậu phộng)"),
    "soy": N_("Đậu nành"),
    "nuts": N_("Các loại hạt cây"),
    "sesame": N_("Vừng (mè)"),
    "sulphites": N_("Sulfit"),
}


class Product(Base):
    """One product of one producer (unknown for some goods of the registers)."""

    __tablename__ = "products"
    __table_args__ = (
        one_of("state", ProductState),
        one_of("kind", ProductKind),
        one_of("cold", Cold),
        CheckConstraint("season_months BETWEEN 0 AND 4095", name="season_months_known"),
        CheckConstraint(
            "alcohol_percent IS NULL OR (alcohol_percent >= 0 AND alcohol_percent <= 100)", name="alcohol_range"
        ),
        # Lists of goods at many points are read in this order and stop at the end of their page.
        Index("ix_products_sort_name", "sort_name"),
    )

    id: Mapped[Id]
    slug: Mapped[Str80] = mapped_column(unique=True)
    name: Mapped[Str255]
    name_en: Mapped[Str255 | None]
    sort_name: Mapped[SortKey]
    kind: Mapped[ProductKind] = mapped_column(EnumText(ProductKind), default=ProductKind.GOODS)
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("producers.id"), index=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("product_sets.id"), index=True)
    summary: Mapped[LongText | None]
    story: Mapped[LongText | None]
    story_en: Mapped[LongText | None]
    ingredients: Mapped[LongText | None]
    storage_note: Mapped[LongText | None]
    shelf_life_days: Mapped[int | None]
    allergens: Mapped[list[str]] = mapped_column(Json, default=list)
    is_alcohol: Mapped[bool] = mapped_column(default=False)
    alcohol_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    cold: Mapped[Cold] = mapped_column(EnumText(Cold), default=Cold.NONE)
    # Bit 0 is January; 0 means all year.
    season_months: Mapped[int] = mapped_column(default=0)
    # Whether the goods may be sold only with a certificate in force (the setting `catalog.certificate_rule` can widen it).
    needs_certificate: Mapped[bool] = mapped_column(default=False)
    province_code: Mapped[Str20 | None]
    commune_code: Mapped[Str20 | None] = mapped_column(index=True)
    locality_text: Mapped[Str255 | None]
    state: Mapped[ProductState] = mapped_column(EnumText(ProductState), default=ProductState.DRAFT)
    evidence: Mapped[Str80 | None]
    group_basis: Mapped[Str80 | None]
    source_url: Mapped[LongText | None]
    # What the source says of star and year where no certificate number or date is known.
    stated_stars: Mapped[int | None]
    stated_year: Mapped[int | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]

    producer: Mapped[Producer | None] = relationship()
    product_set: Mapped[ProductSet] = relationship()
    variants: Mapped[list[Variant]] = relationship(back_populates="product", order_by="Variant.position, Variant.id")
    photos: Mapped[list[Photo]] = relationship(back_populates="product", order_by="Photo.position, Photo.id")


class VariantState(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"


class Variant(Base):
    """A pack that is sold: it has the SKU. Sizes are of the packed unit, for freight."""

    __tablename__ = "variants"
    __table_args__ = (
        one_of("state", VariantState),
        CheckConstraint("net_content IS NULL OR net_content > 0", name="net_content_positive"),
        CheckConstraint("weight_g IS NULL OR weight_g > 0", name="weight_positive"),
        Index("ix_variants_product", "product_id", "position"),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    sku: Mapped[Str40] = mapped_column(unique=True)
    gtin: Mapped[Str20 | None] = mapped_column(unique=True)
    pack: Mapped[Str255]
    pack_en: Mapped[Str255 | None]
    net_content: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    # UN/ECE Recommendation 20: GRM, KGM, MLT, LTR, H87 (piece).
    net_unit: Mapped[Str20 | None]
    weight_g: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    order_limit: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)
    state: Mapped[VariantState] = mapped_column(EnumText(VariantState), default=VariantState.SHOWN)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]

    product: Mapped[Product] = relationship(back_populates="variants")


class Price(Base):
    """What one sale unit costs (đồng, VAT included) from `valid_from` until before `valid_to`; spans do not overlap."""

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="span"),
        Index("ix_prices_variant_from", "variant_id", "valid_from", unique=True),
    )

    id: Mapped[Id]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    amount: Mapped[Amount]
    # A former or recommended price shown struck through; NULL where there is none.
    compare_amount: Mapped[Amount | None]
    valid_from: Mapped[Instant]
    valid_to: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    source: Mapped[LongText | None]
    created_by: Mapped[Str40]


class Photo(Base):
    """A photograph of a product: `files` maps format and width to storage keys (`{"avif": {"480": key}, …}`)."""

    __tablename__ = "photos"
    __table_args__ = (Index("ix_photos_product", "product_id", "position"),)

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    position: Mapped[int] = mapped_column(default=0)
    alt: Mapped[Str255]
    alt_en: Mapped[Str255 | None]
    width: Mapped[int]
    height: Mapped[int]
    files: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[Instant]

    product: Mapped[Product] = relationship(back_populates="photos")


class CertificateLevel(StrEnum):
    """Who certified. District-level certificates ended with the districts on 1 July 2025 but run to their own end."""

    DISTRICT = "district"
    PROVINCE = "province"
    MINISTRY = "ministry"


CERTIFICATE_LEVEL_NAMES = {
    CertificateLevel.DISTRICT: N_("cấp huyện"),
    CertificateLevel.PROVINCE: N_("cấp tỉnh"),
    CertificateLevel.MINISTRY: N_("cấp bộ (quốc gia)"),
}


def certificate_key(number: str) -> str:
    """How a certificate number is looked up: its folded words, whatever stands between them."""
    return "-".join(words(number))[:80]


def _number_key(context: Any) -> str:
    return certificate_key(context.get_current_parameters()["number"])


class Certificate(Base):
    """An OCOP certificate of one product, in force from `issued_on` through `expires_on` (both days included).

    36 months from the decision (26/2026/QĐ-TTg art. 4.3). Revoked certificates end on `revoked_on` (not included), and so do
    those in whose place a later decision put another one (`replaced_by_id`). `term_ends_on` is the last day by the decision
    where the law lets a certificate hold longer, because its renewal was filed and is not decided yet (art. 12.3); `expires_on`
    then is the last day so allowed.
    `number_key` is what people may type (no marks, any separators); `told_in_force` is what the rooms above were told last.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        one_of("level", CertificateLevel),
        CheckConstraint("stars BETWEEN 3 AND 5", name="stars_known"),
        CheckConstraint("expires_on > issued_on", name="span"),
        CheckConstraint("term_ends_on IS NULL OR term_ends_on <= expires_on", name="term_within"),
        CheckConstraint("replaced_by_id IS NULL OR revoked_on IS NOT NULL", name="replaced_ends"),
        Index("ix_certificates_product", "product_id", "expires_on"),
        Index("ix_certificates_expires", "expires_on"),
    )

    id: Mapped[Id]
    number: Mapped[Str80] = mapped_column(unique=True)
    number_key: Mapped[Str80] = mapped_column(default=_number_key, unique=True)
    told_in_force: Mapped[bool] = mapped_column(default=False)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    level: Mapped[CertificateLevel] = mapped_column(EnumText(CertificateLevel))
    decision_number: Mapped[Str80 | None]
    decided_on: Mapped[date | None] = mapped_column(Date)
    score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    stars: Mapped[int]
    issued_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date] = mapped_column(Date)
    revoked_on: Mapped[date | None] = mapped_column(Date)
    revoked_reason: Mapped[LongText | None]
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id"), index=True)
    term_ends_on: Mapped[date | None] = mapped_column(Date)
    file_key: Mapped[Str255 | None]
    source_url: Mapped[LongText | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]

    product: Mapped[Product] = relationship()


# --- what lists and search read ----------------------------------------------------------------------------------


class Shelf(IntEnum):
    """Who meets a product in lists: nobody, everybody, or only visitors who have said that they are of age."""

    HIDDEN = 0
    EVERYBODY = 1
    ADULTS = 2


# PostgreSQL would order names by its locale; the stored sort key wants the order of bytes, as SQLite has it.


class Listing(Base):
    """What a card of a list shows of one product, and what lists are sorted and filtered by: a copy, kept by `listing`.

    There is a row for every product, hidden ones too, so that stock and sales are never lost. Only `in_stock` and `sold` are
    not derived from the catalogue: they are told from the floors above.
    """

    __tablename__ = "product_listings"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, autoincrement=False)
    touched_at: Mapped[Instant] = mapped_column(index=True)
    # When a price or a certificate begins or ends by itself; NULL if nothing is due.
    next_change_at: Mapped[Instant | None] = mapped_column(index=True)
    shelf: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[ProductKind] = mapped_column(EnumText(ProductKind))
    slug: Mapped[Str80]
    name: Mapped[Str255]
    name_en: Mapped[Str255 | None]
    sort_name: Mapped[SortKey]
    group_id: Mapped[int]
    set_id: Mapped[int]
    set_no: Mapped[int]
    producer_id: Mapped[int | None]
    producer_name: Mapped[Str255 | None]
    producer_slug: Mapped[Str80 | None]
    province_code: Mapped[Str20 | None]
    commune_code: Mapped[Str20 | None]
    # The commune's code, else the slug of the place as the source names it, else empty.
    place_key: Mapped[Str80]
    place: Mapped[Str255 | None]
    variant_ids: Mapped[list[int]] = mapped_column(Json)
    sku: Mapped[Str40 | None]
    pack: Mapped[Str255 | None]
    pack_en: Mapped[Str255 | None]
    choices: Mapped[int]
    price_amount: Mapped[Amount | None]
    old_amount: Mapped[Amount | None]
    unit_amount: Mapped[Amount | None]
    unit: Mapped[Str20 | None]
    stars: Mapped[int] = mapped_column(SmallInteger)
    stars_until: Mapped[date | None] = mapped_column(Date)
    stars_level: Mapped[Str20 | None]
    certificate_number: Mapped[Str80 | None]
    needs_certificate: Mapped[bool]
    picture: Mapped[dict[str, Any] | None] = mapped_column(Json)
    cold: Mapped[Cold] = mapped_column(EnumText(Cold))
    season_months: Mapped[int]
    is_demo: Mapped[bool]
    published_at: Mapped[Instant]
    in_stock: Mapped[int] = mapped_column(SmallInteger, default=0)
    sold: Mapped[int] = mapped_column(default=0)
    # Order of "Nổi bật" and of "Nhiều sao nhất" as one number each; `listing.rank_of` says how.
    rank: Mapped[Amount]
    star_order: Mapped[Amount]
    # What search reads besides the names, so that a change knows which words it takes away.
    search_text: Mapped[LongText]


# Each order a list offers is read off an index, alone or within the one group, set, place or star that is chosen: the pages
# of a big catalogue then cost as little as those of a small one. The shelf stands behind so that skipping what a visitor may
# not see needs no row. Other filters meet the bit sets of `facets` first (see `listing.page`).
LISTING_ORDERS = ("rank", "published_at", "price_amount", "star_order", "sold", "sort_name")
for _lead in (None, "group_id", "set_id", "place_key", "stars"):
    for _order in LISTING_ORDERS:
        _columns = [c for c in (_lead, _order, "product_id", "shelf") if c]
        Index(
            f"ix_listings_{_lead + '_' if _lead else ''}{_order}",
            *(getattr(Listing, c) for c in _columns),
        )
Index("ix_listings_producer", Listing.producer_id, Listing.rank)
# What `facets` reads of all products when a process starts: a twentieth of the table.
Index(
    "ix_listings_facets",
    Listing.product_id, Listing.shelf, Listing.group_id, Listing.set_id, Listing.place_key, Listing.producer_id,
    Listing.stars, Listing.price_amount, Listing.in_stock,
)  # fmt: skip


class SearchBits(Base):
    """The products that hold a word, as bits: one row for each 8,192 products in a row of ids that have one.

    `key` is `n:` a folded word of the name, `a:` a folded word of anything searched, `m:` a word of the name with its marks,
    `b:` two neighbouring words of the name.
    """

    __tablename__ = "search_bits"
    __table_args__ = (Index("ix_search_bits_chunk", "chunk"), {"sqlite_with_rowid": False})

    key: Mapped[Str80] = mapped_column(primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bits: Mapped[bytes]


class SearchWord(Base):
    """The words of the shop and how many products hold them: for unfinished and mistyped words."""

    __tablename__ = "search_words"

    word: Mapped[Str40] = mapped_column(primary_key=True)
    hits: Mapped[int]
    touched_at: Mapped[Instant] = mapped_column(index=True)
