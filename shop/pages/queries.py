"""Reads for pages that show several rooms at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, exists, false, func, literal, select

from shop.accounts.models import User
from shop.catalog import queries as catalog
from shop.catalog import rules
from shop.catalog.models import Price, Product, ProductGroup, ProductSet, ProductState, Variant, VariantState
from shop.catalog.queries import Sellable
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.settings import SettingRow
from shop.producers import rules as papers
from shop.producers.models import LegalForm, Producer, ProducerState
from shop.stock.models import Availability, StockLevel


@dataclass(frozen=True, slots=True)
class GoodsAt:
    """One pack as it stands on the shelf of one point; `available` counts sale units nobody has claimed."""

    slug: str
    name: str
    name_en: str | None
    pack: str
    pack_en: str | None
    set_no: int
    price_amount: int
    available: int
    producer: str | None


def goods_at(point_id: int, *, page: int, size: int = 30) -> tuple[list[GoodsAt], bool]:
    """One page of what is for sale at a point now, by name, and whether more follow; goods for adults are left out."""
    free = func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated)
    at_point = (
        select(StockLevel.variant_id, free.label("free"))
        .where(StockLevel.point_id == point_id)
        .group_by(StockLevel.variant_id)
        .having(free > 0)
        .subquery()
    )
    rows = (
        session()
        .execute(
            select(
                Product.slug,
                Product.name,
                Product.name_en,
                Variant.pack,
                Variant.pack_en,
                ProductSet.number,
                Price.amount,
                at_point.c.free,
                Producer.name,
            )
            .join(Variant, Variant.id == at_point.c.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .join(ProductSet, ProductSet.id == Product.set_id)
            .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
            .join(Price, (Price.variant_id == Variant.id) & rules.price_in_force(clock.now()))
            .outerjoin(Producer, Producer.id == Product.producer_id)
            .where(
                Product.state == ProductState.SHOWN,
                Variant.state == VariantState.SHOWN,
                Product.is_alcohol.is_(False),
                (Producer.id.is_(None))
                | (
                    (Producer.state == ProducerState.ACTIVE)
                    & papers.ready(clock.today(), food=ProductGroup.slug.in_(rules.FOOD_GROUPS), alcohol=false())
                ),
            )
            .order_by(Product.sort_name, Variant.position, Variant.id)
            .offset((page - 1) * size)
            .limit(size + 1)
        )
        .all()
    )
    found: list[Any] = [tuple(row) for row in rows[:size]]
    return [GoodsAt(*[*row[:7], int(row[7]), row[8]]) for row in found], len(rows) > size


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """A page that search engines may know, and when it changed."""

    slug: str
    changed_at: datetime


def last_product_id() -> int:
    """The highest product id; 0 without products."""
    return session().scalar(select(func.max(Product.id))) or 0


def product_addresses(after: int, until: int) -> list[PublicAddress]:
    """The shown products with `after` < id ≤ `until`; goods for adults are left out, search engines ask no age."""
    rows = session().execute(
        select(Product.slug, Product.updated_at)
        .where(
            Product.id > after,
            Product.id <= until,
            Product.state == ProductState.SHOWN,
            Product.is_alcohol.is_(False),
        )
        .order_by(Product.id)
    )
    return [PublicAddress(*row) for row in rows]


def producer_addresses() -> list[PublicAddress]:
    """The producers that are active."""
    rows = session().execute(
        select(Producer.slug, Producer.updated_at).where(Producer.state == ProducerState.ACTIVE).order_by(Producer.id)
    )
    return [PublicAddress(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Offer:
    """One pack as price comparison reads it; `available` are the sale units that one way of delivery can give."""

    goods: Sellable
    gtin: str | None
    summary: str | None
    set_name: str
    set_name_en: str
    available: int


def offers(size: int = 500) -> Iterator[list[Offer]]:
    """All packs that may be sold now, in batches; goods for adults are left out. Three statements per batch."""
    last = 0
    while True:
        rows = (
            session()
            .execute(
                select(
                    Variant.id, Variant.gtin, Product.summary, ProductSet.name, ProductSet.name_en,
                    func.coalesce(
                        case((Availability.ship > Availability.pickup, Availability.ship), else_=Availability.pickup), 0
                    ),
                )
                .join(Product, Product.id == Variant.product_id)
                .join(ProductSet, ProductSet.id == Product.set_id)
                .outerjoin(Availability, Availability.variant_id == Variant.id)
                .where(
                    Variant.id > last,
                    Variant.state == VariantState.SHOWN,
                    Product.state == ProductState.SHOWN,
                    Product.is_alcohol.is_(False),
                )
                .order_by(Variant.id)
                .limit(size)
            )
            .all()
        )  # fmt: skip
        if not rows:
            return
        last = rows[-1][0]
        sellable = catalog.sellable([row[0] for row in rows], clock.now())
        yield [
            Offer(sellable[row[0]], *row[1:]) for row in rows if row[0] in sellable and sellable[row[0]].refusal is None
        ]


@dataclass(frozen=True, slots=True)
class ProducerOfNote:
    """A producer as the first page introduces it."""

    slug: str
    name: str
    legal_form: LegalForm | None
    locality_text: str | None
    commune_code: str | None
    goods: int


def producers_of_note(count: int, on: date) -> list[ProducerOfNote]:
    """Producers with goods on the shelf, other ones each week of the year, so that nobody always stands in front."""
    week = on.isocalendar().week * 7919
    start = literal(week) % (select(func.max(Producer.id) + 1).scalar_subquery())
    shown = (Product.producer_id == Producer.id) & (Product.state == ProductState.SHOWN)
    chosen = (
        select(Producer.id, case((Producer.id >= start, 0), else_=1).label("turn"))
        .where(Producer.state == ProducerState.ACTIVE, exists().where(shown))
        .order_by("turn", Producer.id)
        .limit(count)
        .subquery()
    )
    goods = select(func.count()).select_from(Product).where(shown).correlate(Producer).scalar_subquery()
    rows = session().execute(
        select(
            Producer.slug, Producer.name, Producer.legal_form, Producer.locality_text, Producer.commune_code, goods
        )
        .join(chosen, chosen.c.id == Producer.id)
        .order_by(chosen.c.turn, Producer.id)
    )  # fmt: skip
    return [ProducerOfNote(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A value that staff have set, when, and who by name."""

    value: Any
    updated_at: datetime
    name: str


def settings_changed() -> dict[str, SettingChanged]:
    """What staff have set, by key; read afresh."""
    rows = session().scalars(select(SettingRow)).all()
    ids = {int(row.updated_by[5:]) for row in rows if row.updated_by.startswith("user:")}
    names = dict(session().execute(select(User.id, User.name).where(User.id.in_(ids))).all()) if ids else {}
    return {
        row.key: SettingChanged(
            row.value,
            row.updated_at,
            names.get(int(row.updated_by[5:]), "") if row.updated_by.startswith("user:") else row.updated_by,
        )
        for row in rows
    }


def products_after(slug: str, count: int) -> tuple[list[int], str | None]:
    """Ids of the next shown products in the order of their addresses, goods for adults left out; and where to go on."""
    rows = (
        session()
        .execute(
            select(Product.id, Product.slug)
            .where(Product.slug > slug, Product.state == ProductState.SHOWN, Product.is_alcohol.is_(False))
            .order_by(Product.slug)
            .limit(count + 1)
        )
        .all()
    )
    return [row[0] for row in rows[:count]], rows[count - 1][1] if len(rows) > count else None


def producers_after(slug: str, count: int) -> tuple[list[Producer], str | None]:
    """The next active producers in the order of their addresses; and where to go on."""
    rows = list(
        session().scalars(
            select(Producer)
            .where(Producer.slug > slug, Producer.state == ProducerState.ACTIVE)
            .order_by(Producer.slug)
            .limit(count + 1)
        )
    )
    return rows[:count], rows[count - 1].slug if len(rows) > count else None
