"""A product's page as it would be with what its producer wants: the catalogue's facts, those of the open submission instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.catalog import queries as catalog
from shop.catalog import rules as catalog_rules
from shop.catalog.models import Product, ProductSet, VariantState
from shop.catalog.queries import Pack, PhotoView, ProductPage
from shop.catalog.queries.page import Maker, ProductFacts
from shop.catalog.services.products import FIELDS as OF_PRODUCTS
from shop.catalog.services.variants import FIELDS as OF_VARIANTS
from shop.kernel import clock
from shop.kernel.db import session
from shop.listings import queries, rules
from shop.listings.facts import PHOTOS, PRODUCT, sku_of, subject_of
from shop.producers.models import Producer

_OF_PACK = ("pack", "pack_en", "gtin", "net_content", "net_unit", "weight_g", "order_limit")


def page_of(product: Product, wanted: Mapping[str, Any], photos: list[dict[str, Any]] | None = None) -> ProductPage:
    """The page with the facts of `wanted` (by line key); `photos` instead of the producer's own arrangement, if given."""
    now = queries.today(product)
    said = {name: getattr(product, name) for name in ProductFacts._fields}
    for name in rules.PRODUCT_FIELDS:
        if f"{PRODUCT}/{name}" in wanted:
            said[name] = OF_PRODUCTS[name](wanted[f"{PRODUCT}/{name}"], name)
    said["allergens"] = tuple(said["allergens"] or ())
    facts = ProductFacts(**said)
    of_set = session().get(ProductSet, facts.set_id)
    assert of_set is not None  # noqa: S101 - a foreign key
    facts = facts._replace(is_alcohol=facts.is_alcohol or of_set.is_alcohol)
    maker = session().get(Producer, product.producer_id) if product.producer_id is not None else None
    packs = [_pack(v.variant.id, sku, now.packs[sku], wanted) for sku, v in now.packs.items()]
    packs += [_new_pack(key, value) for key, value in wanted.items() if _is_new(key, now.packs)]
    return ProductPage(
        product=facts,
        set_number=of_set.number,
        set_name=of_set.name,
        set_name_en=of_set.name_en,
        group_slug=of_set.group.slug,
        group_name=of_set.group.name,
        group_name_en=of_set.group.name_en,
        producer=Maker(*(getattr(maker, name) for name in Maker._fields)) if maker is not None else None,
        certificate=catalog.current_certificate(product.id, clock.today()),
        certificate_required=catalog_rules.needs_certificate(
            catalog_rules.CERTIFICATE_RULE.get(), product.needs_certificate
        ),
        packs=tuple(p for p in packs if p is not None),
        photos=tuple(_photos(product, photos if photos is not None else queries.arranged(product))),
    )


def _is_new(key: str, packs: Mapping[str, Any]) -> bool:
    subject, _sep, field = key.rpartition("/")
    return field == "new" and subject not in (PRODUCT, PHOTOS) and sku_of(subject) not in packs


def _pack(variant_id: int, sku: str, pack: Any, wanted: Mapping[str, Any]) -> Pack | None:
    subject = subject_of(sku)
    said = {name: getattr(pack.variant, name) for name in _OF_PACK}
    for name in _OF_PACK:
        if f"{subject}/{name}" in wanted:
            said[name] = OF_VARIANTS[name](wanted[f"{subject}/{name}"], name)
    if wanted.get(f"{subject}/state", pack.variant.state) != VariantState.SHOWN:
        return None
    price = wanted.get(f"{subject}/price", pack.price)
    return _made(variant_id, sku, said, price, is_demo=pack.variant.is_demo)


def _new_pack(key: str, value: Mapping[str, Any]) -> Pack:
    said = {name: OF_VARIANTS[name](value[name], name) if value.get(name) is not None else None for name in _OF_PACK}
    return _made(0, sku_of(key.rpartition("/")[0]), said, value.get("price"), is_demo=False)


def _made(variant_id: int, sku: str, said: Mapping[str, Any], price: int | None, *, is_demo: bool) -> Pack:
    return Pack(
        variant_id=variant_id, sku=sku, gtin=said["gtin"], name=said["pack"], name_en=said["pack_en"],
        net_content=said["net_content"], net_unit=said["net_unit"], weight_g=said["weight_g"],
        order_limit=said["order_limit"], price_amount=price, old_amount=None, valid_to=None, is_demo=is_demo,
    )  # fmt: skip


def _photos(product: Product, arranged: list[dict[str, Any]]) -> list[PhotoView]:
    present = {f"c{p.photo_id}": p for p in queries.photos_of(product.id)}
    sent = queries.pictures(product.id, [one["key"] for one in arranged])
    found = []
    for one in arranged:
        row = present.get(one["key"]) or sent.get(one["key"])
        if row is not None:
            found.append(PhotoView(0, row.files, one["alt"], one.get("alt_en"), row.width, row.height))
    return found
