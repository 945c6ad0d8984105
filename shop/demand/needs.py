"""What each place needs of each pack in the weeks to come: one shape, whatever it was worked out from.

Without a forecast the recent pace stands in: what was sold at the place in the last eight weeks, by the days on which there
were goods (a day with an empty shelf is not a day of no demand). Rooms that know better say so when they are loaded:
`forecast_from` for ranges, `waiting_from` for people who wait, `asks_from` for asks that were not met. `source` always tells
where the range came from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from shop.demand import history
from shop.demand.models.forecasts import WEB
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.orders.models import DeliveryKind, Fulfilment, FulfilmentStatus, Order, OrderLine, OrderStatus
from shop.points import queries as points
from shop.points.models import PointKind
from shop.points.queries import PointView
from shop.stock.models import StockLevel, StockMovement
from shop.transfers.queries import replenish

if TYPE_CHECKING:
    import numpy as np

# Days that the recent pace is taken from, days whose empty ones are told, days that former fairs are looked for in.
PACE_DAYS, TOLD_DAYS, FAIR_DAYS = 56, 14, 400
# How much more a span's sales vary than chance alone (the demand model's usual spread over four weeks).
SPREAD = 0.08


class Source(StrEnum):
    """Where a range came from."""

    FORECAST = "forecast"
    PACE = "pace"
    FAIRS = "fairs"
    TARGET = "target"


SOURCE_NAMES = {
    Source.FORECAST: N_("dự báo"),
    Source.PACE: N_("sức bán gần đây"),
    Source.FAIRS: N_("các hội chợ trước"),
    Source.TARGET: N_("mức tồn kệ"),
}


@dataclass(frozen=True, slots=True)
class PlaceNeed:
    """What is wanted of a pack at a place (a point's id, or `WEB`) in these weeks, in sale units: a range (10/50/90 %),
    `waiting` units that people wait for, what it sells in a week with goods, days without goods among the last fourteen, asks
    not met in them, and `source`."""

    variant_id: int
    place: int
    low: float
    middle: float
    high: float
    waiting: int
    per_week: float
    empty_days: int
    asks: int
    source: Source


Pairs = Mapping[tuple[int, int], int]
Ranges = Mapping[tuple[int, int], tuple[float, float, float]]
# (variants, places) → units by (variant, place).
_waiting: list[Callable[[Sequence[int], Sequence[int]], Pairs]] = []
_asks: list[Callable[[Sequence[int], Sequence[int], date], Pairs]] = []
_forecasts: list[Callable[[int, Sequence[int], Sequence[int]], Ranges]] = []


def waiting_from(
    read: Callable[[Sequence[int], Sequence[int]], Pairs],
) -> Callable[[Sequence[int], Sequence[int]], Pairs]:
    """Add a reader of units that people wait for: `read(variants, places)` gives units by (variant, place); several add up."""
    _waiting.append(read)
    return read


def asks_from(
    read: Callable[[Sequence[int], Sequence[int], date], Pairs],
) -> Callable[[Sequence[int], Sequence[int], date], Pairs]:
    """Add a reader of asks not met: `read(variants, places, since)` gives units by (variant, place); several add up."""
    _asks.append(read)
    return read


def forecast_from(read: Callable[[int, Sequence[int], Sequence[int]], Ranges]) -> Callable[..., Ranges]:
    """Add a forecast: `read(weeks, variants, places)` gives (low, middle, high) of the whole span where it knows one."""
    _forecasts.append(read)
    return read


def _sum(found: Sequence[Pairs]) -> dict[tuple[int, int], int]:
    total: dict[tuple[int, int], int] = defaultdict(int)
    for one in found:
        for key, n in one.items():
            total[key] += n
    return total


def needs(weeks: int, variant_ids: Sequence[int], places: Sequence[int]) -> list[PlaceNeed]:
    """What `places` need of `variant_ids` in the next `weeks` weeks, in the order of variants and places; a pair of which
    nothing is known and for which nobody waits is left out.

    A point that closes within the weeks needs only as much as its days; a fair that opens needs what fairs sold by the day.
    """
    today = clock.today()
    last = today + timedelta(weeks=weeks)
    by_id = points.by_ids(p for p in places if p != WEB)
    sold, days, empty = _pace(variant_ids, today)
    fairs = _fair_pace(variant_ids, today) if any(p.kind is PointKind.FAIR for p in by_id.values()) else {}
    standing = replenish.standings(variant_ids)
    waiting = _sum([read(variant_ids, places) for read in _waiting])
    asks = _sum([read(variant_ids, places, today - timedelta(days=TOLD_DAYS)) for read in _asks])
    known: dict[tuple[int, int], tuple[float, float, float]] = {}
    for read in _forecasts:
        known.update(read(weeks, variant_ids, places))
    keys, means, spreads, sources, paces = [], [], [], [], []
    levels: dict[tuple[int, int], tuple[float, float, float]] = {}
    for variant_id in variant_ids:
        for place in places:
            key = (variant_id, place)
            open_days = _open_days(by_id.get(place), today, last) if place != WEB else 7 * weeks
            n, seen = sold.get(key, 0), days.get(key, 0)
            pace, spread, source = 0.0, SPREAD, Source.PACE
            if n > 0:
                pace, spread = n / max(seen, 1), SPREAD + 1 / (n + 1)
            elif place in by_id and by_id[place].kind is PointKind.FAIR and key[0] in fairs:
                pace, source, spread = fairs[key[0]], Source.FAIRS, 0.5
            target = standing.get((place, variant_id), replenish.Standing())
            mean = pace * open_days
            if mean <= 0 and open_days and target.target:
                # Somebody wants this much to stand there, and nothing has told otherwise yet.
                mean, source = float(target.target), Source.TARGET
                levels[key] = (float(target.minimum), mean, mean)
            if mean <= 0 and key not in known and not waiting.get(key):
                continue
            keys.append(key)
            means.append(mean)
            spreads.append(spread)
            sources.append(source)
            paces.append(pace * 7)
    if not keys:
        return []
    import numpy as np  # only who shares goods pays for it

    from shop.demand import model

    ranges = model.quantiles(np.array(means), np.array(spreads))
    found = []
    for i, key in enumerate(keys):
        low, middle, high = (float(x) if means[i] > 0 else 0.0 for x in ranges[i])
        source = sources[i]
        if key in levels:
            low, middle, high = levels[key]
        if key in known:
            (low, middle, high), source = known[key], Source.FORECAST
        wait = waiting.get(key, 0)
        found.append(
            PlaceNeed(
                *key, round(low, 2), round(max(middle, low), 2), round(max(high, middle, low), 2), wait, round(paces[i], 1),
                empty.get(key, 0), asks.get(key, 0), source,
            )
        )  # fmt: skip
    return found


def is_undated_fair(point: PointView) -> bool:
    """Whether it is a fairground of which nobody has said when the next fair begins: nothing is sold there meanwhile."""
    return point.kind is PointKind.FAIR and point.begins_on is None


def _open_days(point: PointView | None, today: date, last: date) -> int:
    """On how many days from `today` until before `last` the point is open."""
    if point is None or is_undated_fair(point):
        return 0
    start = max(today, point.begins_on or today)
    end = min(last, point.ends_on or last)
    if point.kind is PointKind.FAIR and point.ends_on is None and point.begins_on is not None:
        end = min(end, point.begins_on + timedelta(days=history.FAIR_DAYS))
    return max(0, (end - start).days)


_SOLD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
_GONE = (FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED)


def _sales(variant_ids: Sequence[int], since: date) -> dict[tuple[int, int], int]:
    """Units by (variant, place) of orders and counter sales since `since`; parcels are the web's, wherever they left from."""
    place = case((Fulfilment.kind == DeliveryKind.SHIP, WEB), else_=Fulfilment.point_id)
    total: dict[tuple[int, int], int] = {}
    for batch in in_batches(variant_ids):
        rows = session().execute(
            select(OrderLine.variant_id, place, func.sum(OrderLine.quantity - OrderLine.refused_quantity))
            .join(Order, Order.id == OrderLine.order_id)
            .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
            .where(
                OrderLine.variant_id.in_(batch),
                Order.placed_at >= clock.start_of(since),
                Order.status.in_(_SOLD),
                Fulfilment.status.not_in(_GONE),
            )
            .group_by(OrderLine.variant_id, place)
        )
        total |= {(variant_id, int(at)): int(n) for variant_id, at, n in rows}
    return total


def _pace(variant_ids: Sequence[int], today: date) -> tuple[dict[tuple[int, int], int], ...]:
    """By (variant, place), over the last eight weeks: units sold, days with goods, and days without among the last fourteen.

    A day had goods if it began or ended with some, or some moved; the books of a place run backwards from what is there now.
    Before the first such day the pack was not carried, and its shelf not empty.
    """
    import numpy as np

    first = today - timedelta(days=PACE_DAYS)
    sold = _sales(variant_ids, first)
    now: dict[tuple[int, int], int] = {}
    moved: dict[tuple[int, int], np.ndarray] = {}
    touched: dict[tuple[int, int], np.ndarray] = {}
    for batch in in_batches(variant_ids):
        rows = session().execute(
            select(StockLevel.variant_id, StockLevel.point_id, func.sum(StockLevel.on_hand))
            .where(StockLevel.variant_id.in_(batch))
            .group_by(StockLevel.variant_id, StockLevel.point_id)
        )
        for variant_id, point_id, n in rows:
            now[variant_id, point_id] = int(n)
        changes = session().execute(
            select(StockLevel.variant_id, StockLevel.point_id, StockMovement.at, StockMovement.quantity)
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .where(StockLevel.variant_id.in_(batch), StockMovement.at >= clock.start_of(first))
        )
        for variant_id, point_id, at, n in changes:
            day = (clock.business_day(at) - first).days
            by_day = moved.setdefault((variant_id, point_id), np.zeros(PACE_DAYS + 1, dtype=int))
            at_day = min(max(day, 0), PACE_DAYS)
            by_day[at_day] += n
            touched.setdefault((variant_id, point_id), np.zeros(PACE_DAYS + 1, dtype=bool))[at_day] = True
    ships = {p.id for p in points.all_points() if p.ships}
    had: dict[tuple[int, int], np.ndarray] = {}
    for (variant_id, point_id), n in now.items():
        by_day = moved.get((variant_id, point_id), np.zeros(PACE_DAYS + 1, dtype=int))
        after = np.concatenate([np.cumsum(by_day[::-1])[::-1][1:], [0]])
        ends = n - after  # at the end of each day
        there = (ends > 0) | (ends - by_day > 0)
        if (variant_id, point_id) in touched:  # what came and went within a day was there too
            there |= touched[variant_id, point_id]
        had[variant_id, point_id] = there
        if point_id in ships:
            web = had.get((variant_id, WEB))
            had[variant_id, WEB] = there if web is None else web | there
    days = {key: int(there.sum()) for key, there in had.items()}
    empty = {}
    for key, there in had.items():
        if there.any():
            carried = np.arange(there.size) >= there.argmax()
            empty[key] = int((~there & carried)[-TOLD_DAYS:].sum())
    return sold, days, empty


def _fair_pace(variant_ids: Sequence[int], today: date) -> dict[int, float]:
    """Units of each variant that fairs sold by the day, over the fairs of the last year that sold it."""
    since = today - timedelta(days=FAIR_DAYS)
    held = {p.id: p for p in points.all_points() if p.kind is PointKind.FAIR and p.begins_on and p.begins_on < today}
    units: dict[int, int] = defaultdict(int)
    days: dict[int, int] = defaultdict(int)
    for (variant_id, place), n in _sales(variant_ids, since).items():
        if n > 0 and place in held:
            fair = held[place]
            units[variant_id] += n
            days[variant_id] += max(1, (min(today, fair.ends_on or today) - (fair.begins_on or today)).days)
    return {variant_id: n / days[variant_id] for variant_id, n in units.items()}


@dataclass(frozen=True, slots=True)
class FairPace:
    """What booths of the last year's fairs sold by the day: `per_day` units of each pack that was at one, and `lift`, how many
    times as much as packs sold everywhere else in a day (None: fewer than `LEAST_LIFTED` packs tell)."""

    per_day: Mapping[int, float]
    lift: float | None


# A lift that one or two packs tell is that of those packs.
LEAST_LIFTED = 3


def fair_pace(variant_ids: Sequence[int]) -> FairPace:
    """The pace of `variant_ids` at former fairs, and what they tell of packs that were never there."""
    today = clock.today()
    per_day = _fair_pace(variant_ids, today)
    halls = {p.id for p in points.all_points() if p.kind is PointKind.FAIR}
    usual: dict[int, float] = defaultdict(float)
    for (variant_id, place), n in _sales(list(per_day), today - timedelta(days=PACE_DAYS)).items():
        if place not in halls:
            usual[variant_id] += n / PACE_DAYS
    told = [v for v, n in usual.items() if n > 0]
    lift = sum(per_day[v] for v in told) / sum(usual[v] for v in told) if len(told) >= LEAST_LIFTED else None
    return FairPace(per_day, lift)


def weekly(variant_ids: Sequence[int]) -> dict[int, float]:
    """Units of each variant sold in a week, everywhere, over the last eight weeks: for a first look at what is scarce."""
    total: dict[int, float] = defaultdict(float)
    for (variant_id, _place), n in _sales(variant_ids, clock.today() - timedelta(days=PACE_DAYS)).items():
        total[variant_id] += n * 7 / PACE_DAYS
    return total
