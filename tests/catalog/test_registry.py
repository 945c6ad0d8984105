"""The real registry: all of it, its blanks kept, and a second load changes nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from shop.catalog import queries
from shop.catalog import services as catalog
from shop.catalog.models import (
    Certificate,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
)
from shop.catalog.services.registry import registry_product_ids
from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.producers import services as producers
from shop.producers.models import LegalForm, Producer


def count(model: Any, *where: Any) -> int:
    return session().scalar(select(func.count()).select_from(model).where(*where)) or 0


def product(slug: str) -> Product:
    return session().scalars(select(Product).where(Product.slug == slug)).one()


def test_all_of_it_and_twice(ctx: Any) -> None:
    assert catalog.load_registry() == 111
    assert count(Product) == 111
    assert count(Producer) == 36
    assert count(ProductSet) == 26
    assert [count(ProductGroup, ProductGroup.scheme == s) for s in ("2014", "2019", "2026")] == [6, 6, 6]
    assert len(registry_product_ids()) == 111
    before = session().execute(select(Product.id, Product.updated_at, Product.name).order_by(Product.id)).all()
    assert catalog.load_registry() == 0
    assert session().execute(select(Product.id, Product.updated_at, Product.name).order_by(Product.id)).all() == before
    assert all(f.ok for f in invariants.run("catalog"))


def test_staff_corrections_survive_a_second_load(ctx: Any) -> None:
    catalog.load_registry()
    p = product("cha-muc-ha-long")
    catalog.update_product(SYSTEM, p.id, name="Chả mực giã tay Hạ Long", story="Giã tay.")
    assert catalog.load_registry() == 0
    assert product("cha-muc-ha-long").name == "Chả mực giã tay Hạ Long"


def test_blank_stays_null_and_a_stated_star_is_no_certificate(ctx: Any) -> None:
    catalog.load_registry()
    assert count(Certificate) == 0
    p = product("tra-hoa-vang-ba-che")
    assert (p.stated_stars, p.stated_year, p.is_demo) == (5, 2025, False)
    assert p.producer is not None
    unknown = product("na-dai-dong-trieu")
    assert unknown.producer_id is None
    assert unknown.stated_stars is None
    assert unknown.shelf_life_days is None
    assert unknown.story is None
    assert unknown.commune_code == "07090"
    assert unknown.locality_text == "An Sinh, Đông Triều"
    assert count(Product, Product.is_demo) == 0
    assert count(Product, Product.name_en.is_(None)) == 0
    assert product("thit-ga-tien-yen-dong-ngu").commune_code is None  # the old commune was split


def test_prices_that_a_source_names(ctx: Any) -> None:
    catalog.load_registry()
    assert count(Variant) == count(Price) == 7
    dried = product("muc-kho-co-to").variants[0]
    found = queries.sellable([dried.id], clock.now())[dried.id]
    assert found.unit_price_amount == 1_800_000
    assert found.weight_g is None
    assert found.refusal is None
    source = session().scalar(select(Price.source).where(Price.variant_id == dried.id))
    assert source is not None
    assert source.endswith("(1,8–1,9 triệu)")


def test_alcohol_services_and_sets(ctx: Any) -> None:
    catalog.load_registry()
    assert count(Product, Product.is_alcohol) == 13
    assert count(Product, Product.kind == ProductKind.SERVICE) == 2
    assert count(Product, Product.state == ProductState.SHOWN) == 111
    assert product("nam-dui-ga").product_set.number == 1  # a mushroom, whatever "gà" in its name says
    tourism = session().scalars(select(ProductSet).where(ProductSet.number == 26)).one()
    assert tourism.is_service
    assert tourism.sample_required is False
    assert tourism.group.valid_from == date(2026, 5, 22)
    old = (
        session()
        .scalars(select(ProductGroup).where(ProductGroup.scheme == "2014", ProductGroup.slug == "vai-may-mac"))
        .one()
    )
    assert old.valid_to == date(2019, 8, 21)


def test_producers(ctx: Any) -> None:
    assert producers.load_registry() == 36
    assert producers.load_registry() == 0
    assert count(Producer, Producer.legal_form == LegalForm.ASSOCIATION) == 2
    assert count(Producer, Producer.legal_form.is_(None)) == 1
    assert count(Producer, Producer.tax_code.is_not(None)) == 0
    names = producers.registry_ids()
    assert names["Công ty TNHH MTV Newstar"] == names["Công ty TNHH Newstar (Vanbest)"]
