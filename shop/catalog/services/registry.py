"""The loading of the real registry: groups, sets and 111 products with their sources; safe to repeat."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from shop.catalog import listing
from shop.catalog.models import (
    Cold,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
    VariantState,
)
from shop.kernel import audit, clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.places.models import HOME_PROVINCE
from shop.producers import services as producers

DATA = Path(__file__).parents[1] / "data"
SCHEME = "2026"
# What the units of prices in the sources are as packs: name, English name, content, UN/ECE unit.
PACKS: dict[str, tuple[str, str, Decimal | None, str | None]] = {
    "kg": ("1 kg", "1 kg", Decimal(1), "KGM"),
    "bát": ("1 bát", "1 bowl", None, None),
}
SEEN_AT_FAIR = N_("Có mặt tại gian hàng OCOP Quảng Ninh năm 2019.")


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _day(raw: str) -> date | None:
    return date.fromisoformat(raw) if raw else None


def load_groups() -> None:
    """Load the lists of groups (2014, 2019–2022, 2026) and the 26 sets of 2026; those already there stay."""
    with transaction() as s:
        known = {(g.scheme, g.slug) for g in s.execute(select(ProductGroup.scheme, ProductGroup.slug))}
        groups = [
            {
                "scheme": line["scheme"],
                "slug": line["slug"],
                "number": line["number"],
                "name": line["name"],
                "name_en": line["name_en"],
                "valid_from": _day(line["valid_from"]),
                "valid_to": _day(line["valid_to"]),
                "source": line["source_url"],
            }
            for line in _lines("product_groups.csv")
            if (line["scheme"], line["slug"]) not in known
        ]
        if groups:
            s.execute(insert(ProductGroup), groups)
        ids = {
            (g.scheme, g.slug): g.id for g in s.execute(select(ProductGroup.scheme, ProductGroup.slug, ProductGroup.id))
        }
        have = {(p.scheme, p.number) for p in s.execute(select(ProductSet.scheme, ProductSet.number))}
        sets = [
            {
                "scheme": line["scheme"],
                "number": int(line["number"]),
                "slug": text.slugify(line["name"], limit=70),
                "name": line["name"],
                "name_en": line["name_en"],
                "subgroup": line["subgroup"],
                "group_id": ids[line["scheme"], line["group_slug"]],
                "is_alcohol": line["alcohol"] == "yes",
                "is_service": line["kind"] == "service",
                "managing_ministry": line["managing_ministry"] or None,
                "sample_required": line["sample_required"] == "yes" if line["sample_required"] else None,
                "valid_from": _day(line["valid_from"]),
                "valid_to": _day(line["valid_to"]),
                "source": line["source_url"],
            }
            for line in _lines("product_sets.csv")
            if (line["scheme"], int(line["number"])) not in have
        ]
        if sets:
            s.execute(insert(ProductSet), sets)


def load_registry(actor: Actor = SYSTEM) -> int:
    """Load groups, sets, producers and the 111 products that the sources name; returns how many products are new.

    What is already there stays as it is, so staff's corrections survive. Blanks of the sources stay NULL. A star without a
    certificate number is kept as `stated_stars`, never as a certificate. Prices that a source names become the price of a pack
    of that unit, with the source's own words.
    """
    now = clock.now()
    with transaction() as s:
        load_groups()
        producers.load_registry(actor)
        makers = producers.registry_ids()
        sets = {
            row.number: row
            for row in s.execute(
                select(ProductSet.number, ProductSet.id, ProductSet.is_alcohol, ProductSet.is_service).where(
                    ProductSet.scheme == SCHEME
                )
            )
        }
        known = set(s.scalars(select(Product.slug)))
        products: dict[str, dict[str, Any]] = {}
        packs: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        for line in _lines("products.csv"):
            slug = text.slugify(line["name"], limit=70)
            if slug in known:
                continue
            group = sets[int(line["set_number"])]
            products[slug] = {
                "slug": slug,
                "name": line["name"],
                "name_en": line["name_en"] or None,
                "sort_name": text.sort_key(line["name"]),
                "kind": ProductKind.SERVICE if group.is_service else ProductKind.GOODS,
                "producer_id": makers[line["producer"]] if line["producer"] else None,
                "set_id": group.id,
                "summary": SEEN_AT_FAIR if line["name_in_source"] else None,
                "allergens": [],
                "is_alcohol": group.is_alcohol,
                "cold": Cold.NONE,
                "season_months": 0,
                "needs_certificate": False,
                "province_code": HOME_PROVINCE,
                "commune_code": line["commune_code"] or None,
                "locality_text": producers.place_text(line["commune_old"], line["locality_old_district"]),
                "state": ProductState.SHOWN,
                "evidence": line["evidence"],
                "group_basis": line["set_basis"],
                "source_url": line["source_url"],
                "stated_stars": int(line["stated_stars"]) if line["stated_stars"] else None,
                "stated_year": int(line["stated_year"]) if line["stated_year"] else None,
                "is_demo": False,
                "published_at": now,
                "created_at": now,
                "updated_at": now,
            }
            if line["price_vnd"]:
                pack, pack_en, content, unit = PACKS[line["price_unit"]]
                said = f" ({line['price_in_source']})" if line["price_in_source"] else ""
                packs.append(
                    (
                        slug,
                        {
                            "sku": f"QN{int(line['no']):03d}-1",
                            "pack": pack,
                            "pack_en": pack_en,
                            "net_content": content,
                            "net_unit": unit,
                            "position": 0,
                            "state": VariantState.SHOWN,
                            "is_demo": False,
                            "created_at": now,
                            "updated_at": now,
                        },
                        {
                            "amount": int(line["price_vnd"]),
                            "valid_from": now,
                            "is_demo": False,
                            "source": line["source_url"] + said,
                            "created_by": actor.key,
                        },
                    )
                )
        if products:
            s.execute(insert(Product), list(products.values()))
            ids = {
                row.slug: row.id
                for row in s.execute(select(Product.slug, Product.id).where(Product.slug.in_(products)))
            }
            if packs:
                s.execute(insert(Variant), [{"product_id": ids[slug], **variant} for slug, variant, _price in packs])
                skus = [variant["sku"] for _slug, variant, _price in packs]
                rows = s.execute(select(Variant.sku, Variant.id).where(Variant.sku.in_(skus)))
                found = {row.sku: row.id for row in rows}
                s.execute(insert(Price), [{"variant_id": found[v["sku"]], **price} for _slug, v, price in packs])
            audit.record(actor, "catalog.load-registry", "catalog:registry", new=len(products), source="products.csv")
            listing.refresh(ids.values())  # all at once instead of a fact for each: nobody has heard of them before
        return len(products)


def registry_slugs() -> list[str]:
    """The addresses of the registry's products, in the order of their source."""
    return [text.slugify(line["name"], limit=70) for line in _lines("products.csv")]


def registry_product_ids() -> dict[str, int]:
    """Product ids of the registry by address."""
    rows = session().execute(select(Product.slug, Product.id).where(Product.slug.in_(registry_slugs())))
    return {row.slug: row.id for row in rows}
