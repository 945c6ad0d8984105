"""What everybody may see of the booths of a fair: who stands there, what is sold, what is left now, what can be ordered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from shop.catalog import queries as catalog
from shop.catalog.models import Product, Variant
from shop.catalog.queries import Sellable
from shop.exhibitions.models.calls import ApplicationGoods, PapersState, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState, Zone
from shop.exhibitions.queries.days import counts_until, natural
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.points import queries as points
from shop.points.queries import PointView
from shop.producers.models import Producer
from shop.stock import queries as stock
from shop.stock.models import StockLevel

# The booths are published from here on.
SHOWN = (FairState.ALLOTTED, FairState.RUNNING, FairState.CLOSED, FairState.REPORTED)


@dataclass(frozen=True, slots=True)
class MakerHere:
    """Who stands in a booth."""

    id: int
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class GoodsHere:
    """A pack at a booth: units at the booth now (None: the fair is not on), units that the web can send."""

    goods: Sellable
    here: int | None
    web: int


@dataclass(frozen=True, slots=True)
class BoothPage:
    """A booth as everybody sees it. `orders`: its page still takes orders that count for the fair."""

    code: str
    zone: str
    makers: tuple[MakerHere, ...]
    goods: tuple[GoodsHere, ...]
    point: PointView | None
    orders: bool


def open_for_orders(fair: Exhibition) -> bool:
    """Whether orders from the pages of its booths count for the fair: from the publishing of booths to the term after it."""
    end = counts_until(fair)
    return fair.state in SHOWN and end is not None and clock.today() < end


def booth_page(fair: Exhibition, code: str) -> BoothPage:
    """The page of a booth; a fixed number of statements.

    Raises:
        NotFound: no such booth, nobody stands there, or the booths are not published.
    """
    if fair.state not in SHOWN:
        raise NotFound
    found = session().execute(
        select(Booth, Zone.name)
        .outerjoin(Zone, Zone.id == Booth.zone_id)
        .where(Booth.exhibition_id == fair.id, Booth.code == code)
    )
    row = found.first()
    if row is None:
        raise NotFound
    booth, zone = row
    makers = session().execute(
        select(Producer.id, Producer.name, Producer.slug)
        .join(Stand, Stand.producer_id == Producer.id)
        .where(Stand.booth_id == booth.id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    )
    here = tuple(MakerHere(*maker) for maker in makers)
    if not here:
        raise NotFound
    papers = (
        session()
        .execute(
            select(ApplicationGoods.variant_id, ApplicationGoods.papers)
            .join(Stand, Stand.application_id == ApplicationGoods.application_id)
            .where(Stand.booth_id == booth.id, Stand.ended_at.is_(None))
            .order_by(ApplicationGoods.id)
        )
        .all()
    )
    refused = {v for v, state in papers if state is PapersState.REFUSED}
    # What else came to its counter is sold there too: the shop's own goods, what somebody brought beside his application.
    brought = select(StockLevel.variant_id).where(StockLevel.point_id == booth.point_id).order_by(StockLevel.id)
    ids = [v for v in dict.fromkeys([*(v for v, _state in papers), *session().scalars(brought)]) if v not in refused]
    sellable = catalog.sellable(ids, clock.now())
    web = stock.availability(ids)
    left: dict[int, int] | None = None
    if fair.state is FairState.RUNNING and booth.point_id is not None:
        left = defaultdict(int)
        for level in stock.free_levels(ids, point_id=booth.point_id):
            left[level.variant_id] += level.free
    goods = tuple(
        GoodsHere(
            sellable[v], None if left is None else left.get(v, 0), max(web.get(v, stock.NONE_LEFT).ship, 0)
        )
        for v in ids
        if v in sellable and sellable[v].shown
    )  # fmt: skip
    point = points.by_ids([booth.point_id]).get(booth.point_id) if booth.point_id is not None else None
    return BoothPage(booth.code, zone or "", here, goods, point, open_for_orders(fair))


@dataclass(frozen=True, slots=True)
class Sold:
    """A product that is sold at a booth."""

    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class BoothLine:
    """A booth in the list of all: who, what."""

    code: str
    zone: str
    makers: tuple[str, ...]
    products: tuple[Sold, ...]


def booth_list(fair: Exhibition) -> list[BoothLine]:
    """What is sold where, by booth: what those who stand there applied with, and what else came to its counter. Three
    statements.

    Raises:
        NotFound: the booths are not published.
    """
    if fair.state not in SHOWN:
        raise NotFound
    makers: dict[str, list[str]] = defaultdict(list)
    zones: dict[str, str] = {}
    for code, zone, name in session().execute(
        select(Booth.code, Zone.name, Producer.name)
        .join(Stand, Stand.booth_id == Booth.id)
        .join(Producer, Producer.id == Stand.producer_id)
        .outerjoin(Zone, Zone.id == Booth.zone_id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    ):
        makers[code].append(name)
        zones[code] = zone or ""
    products: dict[str, dict[str, tuple[str, Sold]]] = defaultdict(dict)
    refused: set[tuple[str, int]] = set()
    for code, variant_id, papers, name, slug, sort_name, state in session().execute(
        select(
            Booth.code, Variant.id, ApplicationGoods.papers, Product.name, Product.slug, Product.sort_name, Product.state
        )
        .join(Stand, Stand.booth_id == Booth.id)
        .join(ApplicationGoods, ApplicationGoods.application_id == Stand.application_id)
        .join(Variant, Variant.id == ApplicationGoods.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
    ):  # fmt: skip
        if papers is PapersState.REFUSED:
            refused.add((code, variant_id))
        elif state == "shown":
            products[code][slug] = (sort_name, Sold(name, slug))
    for code, variant_id, name, slug, sort_name in session().execute(
        select(Booth.code, Variant.id, Product.name, Product.slug, Product.sort_name)
        .join(StockLevel, StockLevel.point_id == Booth.point_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Booth.exhibition_id == fair.id, Product.state == "shown")
        .distinct()
    ):
        if (code, variant_id) not in refused:
            products[code][slug] = (sort_name, Sold(name, slug))
    return [
        BoothLine(
            code,
            zones[code],
            tuple(makers[code]),
            tuple(sold for _key, sold in sorted(products[code].values(), key=lambda one: one[0])),
        )
        for code in sorted(makers, key=natural)
    ]
