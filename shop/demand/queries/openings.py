"""Room in the market for a producer: what others of his product set could not supply, told without anybody's own figures.

A number is shown only if it is made of at least `LEAST_ASKS` people or `LEAST_PRODUCERS` producers beside the reader; otherwise
it could be somebody's secret. Nearby means the same commune; where too little is known there, all of the province is taken.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, or_, select

from shop.catalog.models import Product, ProductSet, ProductState
from shop.demand.models.unmet import Kind, UnmetDay
from shop.kernel import clock
from shop.kernel.db import session
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers.models import Producer
from shop.supply.models import Capacity, Per
from shop.supply.queries.plans import in_force

WEEKS = 13
LEAST_ASKS = 3
LEAST_PRODUCERS = 2


@dataclass(frozen=True, slots=True)
class Opening:
    """What people wanted of a product set and others had not, lately: `asks` people, `units` that lacked, `weekly` units a
    week that would have been bought. `commune`: where ('' means anywhere); `slug`: a product of the reader in the set; `made`,
    `per`: what he says he makes of it already (0: he has not said)."""

    set_id: int
    set_name: str
    commune: str
    asks: int
    units: int
    weekly: float
    slug: str
    product: str
    made: int = 0
    per: Per = Per.WEEK


@dataclass(slots=True)
class _Sum:
    asks: int = 0
    units: int = 0
    lost: int = 0
    producers: set[int] = field(default_factory=set)

    @property
    def tells_nobody(self) -> bool:
        """Whether the sum may be shown."""
        return self.asks >= LEAST_ASKS or (self.asks > 0 and len(self.producers) >= LEAST_PRODUCERS)


def read(producer_id: int, today: date | None = None) -> list[Opening]:
    """The openings for a producer, the most units first."""
    today = today or clock.today()
    s = session()
    mine: dict[int, tuple[str, str, int]] = {}
    own_commune: str | None = None
    for set_id, slug, name, product_id, code in s.execute(
        select(Product.set_id, Product.slug, Product.name, Product.id, Producer.commune_code)
        .join(Producer, Producer.id == Product.producer_id)
        .where(Product.producer_id == producer_id, Product.state == ProductState.SHOWN)
        .order_by(Product.id.desc())
    ):
        mine[set_id], own_commune = (slug, name, product_id), code
    if not mine:
        return []
    commune = func.coalesce(Product.commune_code, Producer.commune_code, "")
    rows = s.execute(
        select(
            Product.set_id,
            ProductSet.name,
            commune,
            Product.producer_id,
            func.sum(UnmetDay.asks).filter(UnmetDay.kind != Kind.BOOTH_EMPTY),
            func.sum(UnmetDay.units).filter(UnmetDay.kind != Kind.BOOTH_EMPTY),
            func.sum(UnmetDay.lost_units),
        )
        .select_from(UnmetDay)
        .join(Product, Product.id == UnmetDay.product_id)
        .join(ProductSet, ProductSet.id == Product.set_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(
            UnmetDay.day >= today - timedelta(weeks=WEEKS),
            Product.set_id.in_(mine),
            or_(Product.producer_id.is_(None), Product.producer_id != producer_id),
        )
        .group_by(Product.set_id, ProductSet.name, commune, Product.producer_id)
    )
    near: dict[int, _Sum] = defaultdict(_Sum)
    anywhere: dict[int, _Sum] = defaultdict(_Sum)
    names: dict[int, str] = {}
    for set_id, name, code, maker, asks, units, lost in rows:
        names[set_id] = name
        for total in [anywhere[set_id], *([near[set_id]] if code and code == own_commune else [])]:
            total.asks += int(asks or 0)
            total.units += int(units or 0)
            total.lost += int(lost or 0)
            if maker is not None:
                total.producers.add(maker)
    here = next((n for code, n in places.commune_choices(HOME_PROVINCE) if code == own_commune), "")
    made = {
        product_id: (units, per)
        for product_id, units, per in s.execute(
            select(Capacity.product_id, Capacity.units, Capacity.per)
            .where(
                Capacity.product_id.in_([product_id for _slug, _name, product_id in mine.values()]),
                Capacity.variant_id.is_(None),
                in_force(today),
            )
            .order_by(Capacity.id)
        )
    }
    found = []
    for set_id, every in anywhere.items():
        at_home = near[set_id].tells_nobody and bool(here)
        total = near[set_id] if at_home else every
        if not total.tells_nobody:
            continue
        slug, product, product_id = mine[set_id]
        found.append(
            Opening(
                set_id, names[set_id], here if at_home else "", total.asks, total.units, total.lost / 1000 / WEEKS, slug,
                product, *made.get(product_id, (0, Per.WEEK)),
            )
        )  # fmt: skip
    return sorted(found, key=lambda o: (-o.units, o.set_name))
