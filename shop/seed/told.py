"""What `flask seed --json` prints, gathered from the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select

from shop.catalog.models import Product, ProductKind, Variant, VariantState
from shop.kernel.db import session
from shop.points.models import Point
from shop.producers.models import Producer
from shop.seed.logins import Login
from shop.stock.models import Availability


def products(slugs: Sequence[str], scarce: Collection[str]) -> list[dict[str, Any]]:
    """The first pack of each product: address, SKU, units that can be had, and what a buyer must know beforehand."""
    first = (
        select(
            Variant.product_id,
            Variant.id,
            func.row_number().over(partition_by=Variant.product_id, order_by=(Variant.position, Variant.id)).label("n"),
        )
        .where(Variant.state == VariantState.SHOWN)
        .subquery()
    )
    rows = session().execute(
        select(Product.slug, Variant.sku, Availability.ship, Availability.pickup, Product.is_alcohol, Producer.slug)
        .join(first, (first.c.product_id == Product.id) & (first.c.n == 1))
        .join(Variant, Variant.id == first.c.id)
        .outerjoin(Availability, Availability.variant_id == Variant.id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(Product.slug.in_(slugs), Product.kind == ProductKind.GOODS)
    )
    found = {
        slug: {
            "slug": slug,
            "sku": sku,
            "available": max(ship or 0, pickup or 0),
            "scarce": slug in scarce,
            "alcohol": alcohol,
            "producer": producer,
        }
        for slug, sku, ship, pickup, alcohol, producer in rows
    }
    return [found[slug] for slug in slugs if slug in found]


def named(table: type[Producer] | type[Point], slugs: Sequence[str]) -> list[dict[str, str]]:
    """Address and name of producers or points, in the order of `slugs`."""
    rows = session().execute(select(table.slug, table.name).where(table.slug.in_(slugs)))
    names = {row[0]: row[1] for row in rows}
    return [{"slug": slug, "name": names[slug]} for slug in slugs if slug in names]


def everything(
    product_slugs: Sequence[str],
    scarce: Collection[str],
    producer_slugs: Sequence[str],
    point_slugs: Sequence[str],
    fair_slugs: Sequence[str],
    logins: Sequence[Login],
) -> dict[str, Any]:
    """The whole object."""
    return {
        "products": products(product_slugs, scarce),
        "producers": named(Producer, producer_slugs),
        "points": named(Point, point_slugs),
        "exhibitions": [{"slug": slug} for slug in fair_slugs],
        "users": [login.told() for login in logins],
    }
