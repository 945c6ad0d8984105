"""Goods that will not be sold before their last day where they lie, and what could be done with them, with figures.

A proposal is made only where the books carry it: another place has more demand than goods, a price that was changed before has
taught how buyers answer, buyers have bought two things together, a fair to come is known and its booth is forecast.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from shop.catalog import rules as catalog
from shop.catalog.models import Price, Product, Variant
from shop.catalog.queries.office import covered
from shop.demand import picture
from shop.demand.models.forecasts import WEB, DemandWeek, ForecastLine, ForecastRun
from shop.demand.queries import forecasts
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.orders.models import Order, OrderLine, OrderStatus
from shop.points import queries as points
from shop.points.models import PointKind
from shop.points.queries import PointView
from shop.producers.models import Producer
from shop.stock.models import Lot, Passage, StockLevel

AHEAD = 13
# Lots that end later than that are nobody's worry yet.
WITHIN = timedelta(weeks=26)
# Goods need so many days to another point, and should still be good for some there.
ROAD_DAYS = 3
MOST_MOVES = 3
# Bought together by so many orders of half a year: more than chance.
LEAST_TOGETHER = 3
TOGETHER = timedelta(weeks=26)
PACE_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that could be done: `kind` is `move`, `fair`, `price` or `set`; `units` of what is left that it would help.

    `point`: where to (id, name, day it opens); `wanted`, `there`: units wanted there until the last day, units that lie
    there; `percent`, `amount`: how much cheaper and the price then (đồng); `other`: (product, its slug, orders with both).
    """

    kind: str
    units: int
    point_id: int = 0
    point: str = ""
    opens_on: date | None = None
    wanted: int = 0
    there: int = 0
    percent: int = 0
    amount: int = 0
    elasticity: float = 0.0
    other: str = ""
    orders: int = 0


@dataclass(slots=True)
class Unsold:
    """Units of a pack at a point that nobody will have bought there on the last day of their lots.

    `free`: units there that are nobody's yet and have a last day; `left` of them remain; `last_on`: the first last day of what
    remains; `value_amount`: what is left at the price in force (đồng); `closed`: the point is shut, so nothing sells there.
    """

    variant_id: int
    product: str
    pack: str
    sku: str
    slug: str
    set_id: int
    point_id: int
    point: str
    free: int
    left: int
    last_on: date
    weekly: float
    by_forecast: bool
    closed: bool
    price: int | None
    expected: float
    lots: list[str]
    proposals: list[Proposal] = field(default_factory=list)

    @property
    def value_amount(self) -> int:
        """What is left, at the price in force."""
        return self.left * (self.price or 0)


def read(
    scopes: Collection[str] = ("*",), producer_id: int | None = None, most: int = 30, *, propose: bool = True
) -> list[Unsold]:
    """What will be left over, the most đồng first, with proposals unless nobody wants them."""
    today = clock.today()
    rows = _levels(scopes, producer_id, today)
    if not rows:
        return []
    run = forecasts.newest()
    known = {p.id: p for p in points.all_points()}
    ids = sorted({r.variant_id for r in rows})
    ahead = _ahead(run, ids, today)
    # Parcels are sent from any point that ships: what the web wants is shared among them as their goods are.
    shipping = {p.id for p in points.shipping_points(today)}
    by_point: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for r in rows:
        by_point[r.variant_id, r.point_id].append(r)
    stock = _stock(ids, today)
    found = []
    for (variant_id, point_id), here in by_point.items():
        p = known.get(point_id)
        if p is None:
            continue
        wanted = _wanted_at(ahead, variant_id, p, stock, shipping, today)
        dated = [(int(r.lot_id), int(r.n), r.expires_on) for r in here]
        left = picture.leftover(dated, wanted, today)
        if not left:
            continue
        lots = {x.lot: x for x in left}
        last = min(r.expires_on for r in here if r.lot_id in lots)
        r = here[0]
        found.append(
            Unsold(
                variant_id, r.name, r.pack, r.sku, r.slug, r.set_id, point_id, p.name,
                free=sum(n for _lot, n, _day in dated),
                left=sum(x.left for x in left),
                last_on=last,
                weekly=sum(wanted[1:5]) / 4,
                by_forecast=run is not None,
                closed=not p.is_open_on(today),
                price=None,
                expected=picture.wanted_until(wanted, today, last),
                lots=[x.code for x in here if x.lot_id in lots and x.code],
            )
        )  # fmt: skip
    prices = _prices([u.variant_id for u in found])
    for u in found:
        u.price = prices.get(u.variant_id)
    found.sort(key=lambda u: (-u.value_amount, u.last_on, u.product, u.point_id))
    found = found[:most]
    if propose:
        _propose(found, ahead, stock, run, shipping, today)
    return found


def _levels(scopes: Collection[str], producer_id: int | None, today: date) -> Sequence[Any]:
    """Free units of lots with a last day."""
    n = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    statement = (
        select(
            StockLevel.variant_id, StockLevel.point_id, StockLevel.lot_id, func.sum(n).label("n"), Lot.code, Lot.expires_on,
            Product.name, Variant.pack, Variant.sku, Product.slug, Product.set_id,
        )
        .join(Lot, Lot.id == StockLevel.lot_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(
            n > 0, StockLevel.is_stopped.is_(False), Lot.expires_on >= today, Lot.expires_on < today + WITHIN, covered(scopes)
        )
        .group_by(
            StockLevel.variant_id, StockLevel.point_id, StockLevel.lot_id, Lot.code, Lot.expires_on, Product.name,
            Variant.pack, Variant.sku, Product.slug, Product.set_id,
        )
    )  # fmt: skip
    if producer_id is not None:
        statement = statement.where(Product.producer_id == producer_id)
    return session().execute(statement).all()


Ahead = dict[tuple[int, int], list[float]]


def _ahead(run: ForecastRun | None, ids: Sequence[int], today: date) -> Ahead:
    """The weeks ahead by (pack, place); without a forecast the pace of the last weeks."""
    found: Ahead = {}
    for some in in_batches(ids):
        if run is not None:
            rows = session().execute(
                select(ForecastLine.variant_id, ForecastLine.place, ForecastLine.mean).where(
                    ForecastLine.run_id == run.id, ForecastLine.variant_id.in_(some)
                )
            )
            for v, place, mean in rows:
                found[v, place] = picture.ahead(mean, run.first_on, today, AHEAD)
            continue
        first = picture.monday(today) - timedelta(weeks=PACE_WEEKS)
        pace = session().execute(
            select(DemandWeek.variant_id, DemandWeek.place, func.sum(DemandWeek.sold + DemandWeek.asked))
            .where(DemandWeek.week_on >= first, DemandWeek.variant_id.in_(some))
            .group_by(DemandWeek.variant_id, DemandWeek.place)
        )
        for v, place, n in pace:
            found[v, place] = picture.ahead([int(n) / PACE_WEEKS] * AHEAD, picture.monday(today), today, AHEAD)
    return found


def _stock(ids: Sequence[int], today: date) -> dict[tuple[int, int], int]:
    """Free units that may be sold, and what is on the road to there, by (pack, point)."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    for some in in_batches(ids):
        rows = session().execute(
            select(
                StockLevel.variant_id,
                StockLevel.point_id,
                func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated),
            )
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(
                StockLevel.variant_id.in_(some),
                StockLevel.is_stopped.is_(False),
                or_(Lot.expires_on.is_(None), Lot.expires_on >= today),
            )
            .group_by(StockLevel.variant_id, StockLevel.point_id)
        )
        for v, point_id, n in rows:
            found[v, point_id] += int(n)
        road = session().execute(
            select(StockLevel.variant_id, StockLevel.point_id, func.sum(Passage.on_road))
            .join(StockLevel, StockLevel.id == Passage.to_level_id)
            .where(Passage.on_road > 0, StockLevel.variant_id.in_(some))
            .group_by(StockLevel.variant_id, StockLevel.point_id)
        )
        for v, point_id, n in road:
            found[v, point_id] += int(n)
    return found


def _wanted_at(
    ahead: Ahead, variant_id: int, p: PointView, stock: dict[tuple[int, int], int], shipping: set[int], today: date
) -> list[float]:
    """What will be bought of the goods at a point: at its counter, its part of the web's parcels. Nothing once it closes."""
    own = ahead.get((variant_id, p.id), [0.0] * AHEAD)
    web = ahead.get((variant_id, WEB), [0.0] * AHEAD)
    share = 0.0
    if p.id in shipping:
        all_of = sum(max(stock.get((variant_id, other), 0), 0) for other in shipping)
        share = max(stock.get((variant_id, p.id), 0), 0) / all_of if all_of else 0.0
    found = [a + share * b for a, b in zip(own, web, strict=True)]
    for i in range(AHEAD):
        begin = today if i == 0 else picture.monday(today) + timedelta(weeks=i)
        if not p.is_open_on(begin):
            found[i] = 0.0
    return found


def _prices(ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in in_batches(sorted(set(ids))):
        rows = session().execute(
            select(Price.variant_id, Price.amount).where(
                Price.variant_id.in_(some), catalog.price_in_force(clock.now())
            )
        )
        found |= {v: int(n) for v, n in rows}
    return found


# --- what could be done ------------------------------------------------------------------------------------------


def _propose(
    found: Sequence[Unsold], ahead: Ahead, stock: dict[tuple[int, int], int], run: ForecastRun | None, shipping: set[int],
    today: date,
) -> None:  # fmt: skip
    learnt = {int(k): float(v) for k, v in (run.measured.get("price") or {}).items()} if run is not None else {}
    together = _together(sorted({u.variant_id for u in found}), today)
    # What one line was given is not offered to another.
    room: dict[tuple[int, int, date], float] = {}
    taken: dict[tuple[int, int], float] = defaultdict(float)
    for u in found:
        rooms: list[tuple[int, float]] = []
        for p in points.all_points():
            arrives = max(today + timedelta(days=ROAD_DAYS), p.begins_on or today)
            open_then = p.is_open_on(arrives) and arrives < u.last_on
            if p.id == u.point_id or not open_then or p.kind is PointKind.PRODUCER_STORE:
                continue
            wanted = _wanted_at_other(ahead, u, p, stock, shipping, today, arrives)
            key = (u.variant_id, p.id, u.last_on)
            there = max(stock.get((u.variant_id, p.id), 0), 0)
            room[key] = wanted
            free = wanted - there - taken[u.variant_id, p.id]
            if wanted > picture.CRUMB and free >= 1:
                rooms.append((p.id, free))
        known = {p.id: p for p in points.all_points()}
        for point_id, n in picture.share_out(u.left, rooms)[:MOST_MOVES]:
            p = known[point_id]
            taken[u.variant_id, point_id] += n
            fair = p.kind is PointKind.FAIR
            u.proposals.append(
                Proposal(
                    "fair" if fair else "move", n, point_id=p.id, point=p.name,
                    opens_on=p.begins_on if fair and p.begins_on and p.begins_on > today else None,
                    wanted=math.floor(room[u.variant_id, point_id, u.last_on] + picture.CRUMB),
                    there=max(stock.get((u.variant_id, point_id), 0), 0),
                )
            )  # fmt: skip
        elasticity = learnt.get(u.set_id)
        if not u.closed and u.price and (cut := picture.cut(u.expected, u.left, elasticity)):
            amount = max(round(u.price * (100 - cut.percent) / 100 / 1000) * 1000, 1000)
            u.proposals.append(
                Proposal("price", cut.units, percent=cut.percent, amount=amount, elasticity=elasticity or 0.0)
            )
        for other, orders in together.get(u.variant_id, [])[:1]:
            u.proposals.append(Proposal("set", u.left, other=other, orders=orders))


def _wanted_at_other(
    ahead: Ahead, u: Unsold, p: PointView, stock: dict[tuple[int, int], int], shipping: set[int], today: date, arrives: date
) -> float:  # fmt: skip
    """Units wanted at another place from the day on which goods can be there until their last day."""
    mean = ahead.get((u.variant_id, p.id))
    if mean is None:
        return 0.0
    last = u.last_on if p.ends_on is None else min(u.last_on, p.ends_on - timedelta(days=1))
    whole = picture.wanted_until(mean, today, last)
    before = picture.wanted_until(mean, today, arrives - timedelta(days=1))
    # What lies there now is sold in the meantime; only what it cannot serve later is room.
    there = max(stock.get((u.variant_id, p.id), 0), 0)
    return whole - max(before - there, 0.0)


def _together(ids: Sequence[int], today: date) -> dict[int, list[tuple[str, int]]]:
    """What buyers put into one basket with each of these packs: (product, orders), the most orders first."""
    if not ids:
        return {}
    a, b = aliased(OrderLine), aliased(OrderLine)
    n = func.count(func.distinct(a.order_id))
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for some in in_batches(ids):
        mine, others = aliased(Variant), aliased(Variant)
        rows = session().execute(
            select(a.variant_id, Product.name, n)
            .join(b, and_(b.order_id == a.order_id, b.variant_id != a.variant_id))
            .join(Order, Order.id == a.order_id)
            .join(mine, mine.id == a.variant_id)
            .join(others, others.id == b.variant_id)
            .join(Product, Product.id == others.product_id)
            .where(
                a.variant_id.in_(some),
                others.product_id != mine.product_id,
                Order.status != OrderStatus.CANCELLED,
                Order.placed_at >= clock.start_of(today - TOGETHER),
            )
            .group_by(a.variant_id, Product.id, Product.name)
            .having(n >= LEAST_TOGETHER)
            .order_by(n.desc(), Product.id)
        )
        for v, name, orders in rows:
            found[v].append((name, int(orders)))
    return found
