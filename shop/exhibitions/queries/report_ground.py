"""What a fair's sales are counted against in its report: booths, stands, producers, places, groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import select

from shop.catalog.models import Product, ProductGroup, ProductSet, Variant
from shop.exhibitions.models.calls import Application, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.exhibitions.queries.takings import Taking
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.places import queries as places
from shop.producers.models import Producer
from shop.stock.models import SHOP

UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Ware:
    """A pack with what reports count it under."""

    name: str
    pack: str
    producer_id: int | None
    group: str


@dataclass(slots=True)
class Ground:
    """What a fair's sales are counted against: its booths, stands, producers and places; read once."""

    fair: Exhibition
    booths: dict[int, str]
    stands: dict[str, list[int]]
    producers: dict[int, Producer]
    localities: dict[int, str | None]
    wares: dict[int, Ware]

    def producer_of(self, one: Taking) -> int | None:
        """Who made the goods; else whose they are."""
        ware = self.wares.get(one.variant_id)
        if ware is not None and ware.producer_id is not None:
            return ware.producer_id
        return None if one.owner == SHOP else int(one.owner.removeprefix("producer:"))

    def locality_of(self, producer_id: int | None) -> str:
        """The code of the place that a producer's sales count for: his commune, or his province if it is another one."""
        producer = self.producers.get(producer_id) if producer_id is not None else None
        if producer is None:
            return UNKNOWN
        if producer.province_code != self.fair.province_code:
            return producer.province_code or UNKNOWN
        return self.localities.get(producer.id) or producer.commune_code or UNKNOWN

    def place_of(self, one: Taking) -> str:
        """The code of the place that a sale counts for: its maker's; of goods whose maker nobody knows that of the booth, if
        all who stand there are of one place. Fairs are told by the places that their booths stand for."""
        producer_id = self.producer_of(one)
        if producer_id is not None:
            return self.locality_of(producer_id)
        there = {self.locality_of(i) for i in self.stands.get(self.booths.get(one.point_id, ""), [])}
        return there.pop() if len(there) == 1 else UNKNOWN

    def is_own(self, one: Taking) -> bool:
        """Whether it was sold by a booth of the province: all who stand there are of it, or the goods' own producer is."""
        home = self.fair.province_code
        there = [self.producers[i].province_code for i in self.stands.get(self.booths.get(one.point_id, ""), [])]
        if there and all(code == home for code in there):
            return True
        maker = self.producers.get(self.producer_of(one) or 0)
        return any(code == home for code in there) and maker is not None and maker.province_code == home


def ground(fair: Exhibition, found: Iterable[Taking]) -> Ground:
    """What these sales are counted against; a fixed number of statements but for batches of packs."""
    s = session()
    booths = codes(fair.id)
    stands: dict[str, list[int]] = defaultdict(list)
    for code, producer_id in s.execute(
        select(Booth.code, Stand.producer_id)
        .join(Stand, Stand.booth_id == Booth.id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    ):
        stands[code].append(producer_id)
    wares: dict[int, Ware] = {}
    for some in in_batches(sorted({one.variant_id for one in found})):
        for i, name, pack, maker_id, group in s.execute(
            select(Variant.id, Product.name, Variant.pack, Product.producer_id, ProductGroup.name)
            .join(Product, Product.id == Variant.product_id)
            .join(ProductSet, ProductSet.id == Product.set_id)
            .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
            .where(Variant.id.in_(some))
        ):
            wares[i] = Ware(name, pack, maker_id, group)
    wanted = {i for ids in stands.values() for i in ids} | {w.producer_id for w in wares.values() if w.producer_id}
    wanted |= {int(one.owner.removeprefix("producer:")) for one in found if one.owner != SHOP}
    producers: dict[int, Producer] = {}
    for some in in_batches(sorted(wanted)):
        producers |= {p.id: p for p in s.scalars(select(Producer).where(Producer.id.in_(some)))}
    return Ground(fair, booths, stands, producers, localities(fair.id), wares)


def codes(exhibition_id: int) -> dict[int, str]:
    """The code of the booth of each point."""
    rows = session().execute(
        select(Booth.code, Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
    )
    return {point_id: code for code, point_id in rows if point_id is not None}


def place_name(code: str) -> str:
    """A place as people call it."""
    if code == UNKNOWN:
        return str(gettext("Chưa rõ địa phương"))
    found = places.unit(code)
    return found.name if found is not None else code


# Of each table the key and the name of the row that a sale counts in; a way of paying takes its part of the amount.
KEYS: dict[str, Callable[[Ground, Taking], tuple[str, str]]] = {
    "day": lambda g, t: (clock.business_day(t.at).isoformat(), clock.business_day(t.at).isoformat()),
    "locality": lambda g, t: (g.place_of(t), g.place_of(t)),
    "producer": lambda g, t: producer_key(g, t),
    "group": lambda g, t: (g.wares[t.variant_id].group, g.wares[t.variant_id].group),
    "booth": lambda g, t: (g.booths[t.point_id], g.booths[t.point_id]),
    "best": lambda g, t: (str(t.variant_id), f"{g.wares[t.variant_id].name}, {g.wares[t.variant_id].pack}"),
}


def producer_key(g: Ground, one: Taking) -> tuple[str, str]:
    """Address and name of who made the goods."""
    producer_id = g.producer_of(one)
    producer = g.producers.get(producer_id) if producer_id is not None else None
    return (producer.slug, producer.name) if producer is not None else (UNKNOWN, UNKNOWN)


def points(exhibition_id: int) -> list[int]:
    """The points of a fair's booths."""
    return [
        i
        for i in session().scalars(
            select(Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
        )
        if i is not None
    ]


def localities(exhibition_id: int) -> dict[int, str | None]:
    """The commune of each producer on the day he applied, by producer."""
    rows = session().execute(
        select(Application.producer_id, Application.locality_code).where(Application.exhibition_id == exhibition_id)
    )
    return dict(rows.all())
