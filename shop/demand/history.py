"""From the books to weeks: what was sold, asked for and on the shelf, pack by place by week.

**Sold** is counted in the week of the order: not what was cancelled, refused or came back. What the shop refused counts
as **asked**, and so do asks that were not met. **Exposure** is the share of the time in which something could be had: on
hand less what others hold, of lots that may be sold; at a point while its doors are usually open (`DOORS`), on the web day
and night, and there more than the reserve of the counter must lie at a point that ships. The reserve of today is taken for
all weeks, for no book keeps former ones.

Movements are put in the order of their own time, not of their writing: a correction backwards changes the weeks it speaks
of as soon as they are counted again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from shop.catalog.models import Price, Product, ProductState, Variant, VariantState
from shop.demand.models.forecasts import WEB, WHOLE, DemandWeek
from shop.demand.models.unmet import Kind, UnmetDay
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.models import TILL, DeliveryKind, Fulfilment, FulfilmentStatus, Order, OrderLine, OrderStatus
from shop.points import queries as points
from shop.points.models import PointKind
from shop.points.queries import PointView
from shop.stock.models import Lot, StockHold, StockLevel, StockMovement
from shop.till.models import TillLine

WEEK = timedelta(weeks=1)
# Hours of the day between which people buy at a point.
DOORS = (7, 21)
_OPEN = (DOORS[1] - DOORS[0]) * 3600
# A series that was last heard of longer ago is not written on.
FORGOTTEN = timedelta(weeks=26)
# A fair whose end nobody has entered.
FAIR_DAYS = 7
# Not asks of people but estimates, or counted from the orders themselves.
NOT_ASKED = (Kind.BOOTH_EMPTY, Kind.REFUSED)

Key = tuple[int, int]  # (pack, place)
Change = tuple[datetime, int]


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def mondays(first: date, until: date) -> list[date]:
    """The Mondays from `first` until before `until`."""
    return [first + WEEK * i for i in range((until - first).days // 7)]


@dataclass(frozen=True, slots=True)
class Units:
    """Sold and asked for, in sale units."""

    sold: int
    asked: int


# --- sold and asked ----------------------------------------------------------------------------------------------


def sales(first: date, until: date, variants: Iterable[int] | None = None) -> dict[tuple[int, int, date], Units]:
    """Units by (pack, place, Monday) of the orders placed from `first` until before `until`."""
    taken_back = (FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED)
    lives = and_(
        Order.status.notin_([OrderStatus.CANCELLED]),
        Fulfilment.status.notin_(taken_back),
    )
    place = case((or_(Order.channel == TILL, Fulfilment.kind == DeliveryKind.PICKUP), Fulfilment.point_id), else_=WEB)
    statement = (
        select(
            OrderLine.variant_id,
            place,
            Order.placed_at,
            case((lives, OrderLine.quantity - OrderLine.refused_quantity), else_=0),
            OrderLine.refused_quantity,
            func.coalesce(TillLine.returned, 0),
        )
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(TillLine, TillLine.order_line_id == OrderLine.id)
        .where(Order.placed_at >= clock.start_of(first), Order.placed_at < clock.start_of(until))
    )
    if variants is not None:
        statement = statement.where(OrderLine.variant_id.in_(list(variants)))
    found: dict[tuple[int, int, date], list[int]] = defaultdict(lambda: [0, 0])
    for variant_id, at_place, placed_at, left, refused, returned in session().execute(statement):
        have = found[variant_id, int(at_place), monday(clock.business_day(placed_at))]
        have[0] += max(int(left) - int(returned), 0)
        have[1] += int(refused)
    return {key: Units(*have) for key, have in found.items() if any(have)}


def asked_by_week(first: date, until: date) -> dict[tuple[int, int, date], int]:
    """Units lost by asks that were not met (`unmet_days`), whole, by (pack, place, Monday).

    What was asked of a product without naming a pack counts for its first pack on show. Estimates of what nobody asked for
    (`booth_empty`) are left out: the exposure tells of those hours already; refused lines are counted with their orders.
    """
    first_pack = (
        select(func.min(Variant.id))
        .where(Variant.product_id == UnmetDay.product_id, Variant.state == VariantState.SHOWN)
        .scalar_subquery()
    )
    pack = func.coalesce(UnmetDay.variant_id, first_pack)
    rows = session().execute(
        select(UnmetDay.day, pack, UnmetDay.point_id, func.sum(UnmetDay.lost_units))
        .where(
            UnmetDay.day >= first,
            UnmetDay.day < until,
            UnmetDay.product_id.is_not(None),
            UnmetDay.kind.not_in(NOT_ASKED),
        )
        .group_by(UnmetDay.day, pack, UnmetDay.point_id)
    )
    found: dict[tuple[int, int, date], int] = defaultdict(int)
    for day, variant_id, point_id, thousandths in rows:
        if variant_id is not None:
            found[variant_id, point_id or WEB, monday(day)] += int(thousandths)
    return {key: n for key, thousandths in found.items() if (n := round(thousandths / 1000)) > 0}


# --- on the shelf ------------------------------------------------------------------------------------------------


def doors_open(first: datetime, at: datetime) -> int:
    """Seconds from `first` (the beginning of a day) to `at` in which points usually sell."""
    days, rest = divmod(int((at - first).total_seconds()), 86_400)
    return days * _OPEN + min(max(rest - DOORS[0] * 3600, 0), _OPEN)


def always(first: datetime, at: datetime) -> int:
    """Seconds from `first` to `at`: the web never closes."""
    return int((at - first).total_seconds())


def steps(start: int, changes: list[Change], end: datetime | None) -> list[Change]:
    """What a level that begins with `start` can give, as changes of it: never below nothing, nothing at all from `end`.

    The first change stands before all others (`datetime.min` is not comparable with aware ones: it carries the first's time).
    """
    found: list[Change] = []
    value, shown = start, max(start, 0)
    for at, n in sorted(changes):
        if end is not None and at >= end:
            break
        value += n
        now = max(value, 0)
        if now != shown:
            found.append((at, now - shown))
            shown = now
    if end is not None and shown:
        found.append((end, -shown))
    return found


def shares(
    start: int,
    changes: Sequence[Change],
    weeks: Sequence[date],
    clocked: Any,
    above: int = 0,
    span: tuple[datetime | None, datetime | None] = (None, None),
) -> list[int]:
    """The share (of 10 000) of each week in which the sum of `start` and `changes` is more than `above`, within `span`."""
    edges = [clock.start_of(day) for day in [*weeks, weeks[-1] + WEEK]]
    opened, closed = span
    marks = sorted(changes)
    found, value, i = [], start, 0
    for begin, end in pairwise(edges):
        low, high = max(begin, opened or begin), min(end, closed or end)
        total = clocked(begin, end)
        have, at = 0, begin
        while i < len(marks) and marks[i][0] < end:
            moment, n = marks[i]
            moment = max(moment, begin)
            have += _within(at, moment, low, high, begin, clocked) if value > above else 0
            value, at, i = value + n, moment, i + 1
        have += _within(at, end, low, high, begin, clocked) if value > above else 0
        found.append(min(WHOLE, round(WHOLE * have / total)))
    return found


def _within(a: datetime, b: datetime, low: datetime, high: datetime, begin: datetime, clocked: Any) -> int:
    a, b = max(a, low), min(b, high)
    return clocked(begin, b) - clocked(begin, a) if b > a else 0


@dataclass(frozen=True, slots=True)
class _Level:
    variant_id: int
    point_id: int
    start: int
    changes: list[Change]
    end: datetime | None


def _levels(first: datetime, until: datetime) -> Iterator[_Level]:
    """All levels with what they could give at `first` and how that changed until `until`."""
    s = session()
    changes: dict[int, list[Change]] = defaultdict(list)
    later: dict[int, int] = defaultdict(int)  # what came after `first` is not there at `first`
    for level_id, at, n in s.execute(
        select(StockMovement.level_id, StockMovement.at, StockMovement.quantity).where(StockMovement.at >= first)
    ):
        later[level_id] += n
        if at < until:
            changes[level_id].append((at, n))
    claimed: dict[int, int] = defaultdict(int)
    for level_id, n, since, closed in s.execute(
        select(StockHold.level_id, StockHold.quantity, StockHold.created_at, StockHold.closed_at).where(
            or_(StockHold.closed_at.is_(None), StockHold.closed_at >= first), StockHold.created_at < until
        )
    ):
        if since < first:
            claimed[level_id] += n
        else:
            changes[level_id].append((since, -n))
        if closed is not None and closed < until:
            changes[level_id].append((closed, n))
    for level_id, variant_id, point_id, on_hand, expires_on, stopped_at in s.execute(
        select(
            StockLevel.id,
            StockLevel.variant_id,
            StockLevel.point_id,
            StockLevel.on_hand,
            Lot.expires_on,
            Lot.stopped_at,
        ).join(Lot, Lot.id == StockLevel.lot_id)
    ):
        start = on_hand - later.get(level_id, 0) - claimed.get(level_id, 0)
        if start <= 0 and level_id not in changes:
            continue
        ends = [stopped_at] if stopped_at is not None else []
        if expires_on is not None:
            ends.append(clock.start_of(expires_on + timedelta(days=1)))
        yield _Level(variant_id, point_id, start, changes.get(level_id, []), min(ends, default=None))


def exposures(weeks: Sequence[date]) -> dict[Key, list[int]]:
    """Shares of `weeks` with goods, by (pack, place); what had none in all of them is left out."""
    first, until = clock.start_of(weeks[0]), clock.start_of(weeks[-1] + WEEK)
    start: dict[Key, int] = defaultdict(int)
    changes: dict[Key, list[Change]] = defaultdict(list)
    for level in _levels(first, until):
        key = (level.variant_id, level.point_id)
        if level.end is None or level.end > first:
            start[key] += max(level.start, 0)
            changes[key] += steps(level.start, level.changes, level.end if level.end and level.end < until else None)
    by_id = {p.id: p for p in points.all_points()}
    found: dict[Key, list[int]] = {}
    ships: dict[int, list[tuple[int, list[Change], PointView]]] = defaultdict(list)
    for (variant_id, point_id), n in start.items():
        point = by_id[point_id]
        moved = changes[variant_id, point_id]
        if point.kind is not PointKind.WAREHOUSE or point.pickup:
            share = shares(n, moved, weeks, doors_open, 0, span_of(point))
            if any(share):
                found[variant_id, point_id] = share
        if point.ships:
            ships[variant_id].append((n, moved, point))
    for variant_id, there in ships.items():
        begin, marks = 0, []
        for n, moved, point in there:
            opened, closed = span_of(point)
            # 1 while a parcel may be taken from the point, 0 while not.
            reserve, value = point.web_reserve, n
            shown = int(value > reserve and (opened is None or opened <= first) and (closed is None or closed > first))
            begin += shown
            turns = [*moved, *((e, 0) for e in (opened, closed) if e is not None and first < e < until)]
            for at, change in sorted(turns):
                value += change
                now = int(value > reserve and (opened is None or opened <= at) and (closed is None or closed > at))
                if now != shown:
                    marks.append((at, now - shown))
                    shown = now
        share = shares(begin, marks, weeks, always)
        if any(share):
            found[variant_id, WEB] = share
    return found


def span_of(point: PointView) -> tuple[datetime | None, datetime | None]:
    """When a point opens and closes, as far as known."""
    return (
        clock.start_of(point.begins_on) if point.begins_on else None,
        clock.start_of(point.ends_on) if point.ends_on else None,
    )


# --- offers, fairs, prices ---------------------------------------------------------------------------------------


def open_share(point: PointView, week: date) -> int:
    """The share (of 10 000) of a week's days on which a point is open."""
    days = sum(point.sells_on(week + timedelta(days=d)) for d in range(7))
    return round(WHOLE * days / 7)


def held_fairs(today: date) -> list[tuple[PointView, date, date]]:
    """Booths at fairs with their first day and the day after their last.

    One that is over and sold nothing was called off, as far as the books know, and counts for nobody.
    """
    fairs = [(p, p.begins_on) for p in points.all_points() if p.kind is PointKind.FAIR and p.begins_on is not None]
    over = [p.id for p, _begin in fairs if p.ends_on is not None and p.ends_on <= today]
    sold = set(
        session().scalars(
            select(Fulfilment.point_id)
            .where(Fulfilment.point_id.in_(over), Fulfilment.status != FulfilmentStatus.CANCELLED)
            .distinct()
        )
        if over
        else ()
    )
    brought = set(
        session().scalars(select(DemandWeek.place).where(DemandWeek.place.in_(over), DemandWeek.sold > 0).distinct())
        if over
        else ()
    )
    found = []
    for p, begin in fairs:
        end = p.ends_on or begin + timedelta(days=FAIR_DAYS)
        if end > today or p.id in sold or p.id in brought:
            found.append((p, begin, end))
    return found


def fair_shares(weeks: Sequence[date], today: date) -> dict[str, list[int]]:
    """For each province the share (of 10 000) of each week's days with a fair there."""
    days: dict[str, set[date]] = defaultdict(set)
    first, last = weeks[0], weeks[-1] + WEEK
    for point, begin, end in held_fairs(today):
        day = max(begin, first)
        while day < min(end, last):
            days[point.province_code].add(day)
            day += timedelta(days=1)
    return {
        province: [round(WHOLE * sum(w + timedelta(days=d) in there for d in range(7)) / 7) for w in weeks]
        for province, there in days.items()
    }


class Prices:
    """Prices in force by the usual ones: the usual price of a week is the median of the year that ends with it."""

    def __init__(self, until: date) -> None:
        self.spans: dict[int, list[tuple[datetime, datetime | None, int]]] = defaultdict(list)
        rows = session().execute(
            select(Price.variant_id, Price.valid_from, Price.valid_to, Price.amount)
            .where(Price.valid_from < clock.start_of(until))
            .order_by(Price.variant_id, Price.valid_from)
        )
        for variant_id, begin, end, amount in rows:
            self.spans[variant_id].append((begin, end, amount))

    def changed(self, variant_id: int) -> bool:
        """Whether the price of a pack has ever been another."""
        return len(self.spans.get(variant_id, ())) > 1

    def _at(self, spans: list[tuple[datetime, datetime | None, int]], at: datetime) -> int | None:
        return next((a for begin, end, a in reversed(spans) if begin <= at and (end is None or end > at)), None)

    def ratios(self, variant_id: int, weeks: Sequence[date], usual_on: date | None = None) -> list[int]:
        """The price of each week by the usual one, of 10 000; where there is no price it is the usual one.

        `usual_on`: one week whose usual price holds for all (weeks to come have no year of their own).
        """
        spans = self.spans.get(variant_id, [])
        if len(spans) < 2:
            return [WHOLE] * len(weeks)
        found = []
        for week in weeks:
            now = self._at(spans, _middle(week))
            about = usual_on or week
            year = [a for i in range(52) if (a := self._at(spans, _middle(about - WEEK * i))) is not None]
            found.append(
                WHOLE if now is None or not year else min(max(round(WHOLE * now / median(year)), 1), 1_000_000)
            )
        return found


def _middle(week: date) -> datetime:
    return clock.start_of(week + timedelta(days=3)) + timedelta(hours=12)


# --- all of it ---------------------------------------------------------------------------------------------------


def earliest() -> date | None:
    """The first day that any book speaks of; None for an empty shop."""
    s = session()
    found = [s.scalar(select(func.min(StockMovement.at))), s.scalar(select(func.min(Order.placed_at)))]
    days = [clock.business_day(at) for at in found if at is not None]
    return min(days, default=None)


Row = dict[str, Any]


def weeks_of(first: date, until: date, today: date) -> Iterator[tuple[date, list[Row]]]:
    """The rows of `demand_weeks` from Monday `first` until before Monday `until`, as the books stand now, week by week.

    A pack belongs to a place from the week in which it was first there, sold or asked for; weeks before are left out.
    """
    weeks = mondays(first, until)
    if not weeks:
        return
    shown, sold, asked = exposures(weeks), sales(first, until), asked_by_week(first, until)
    begun = _since(first)
    on_offer = _on_offer()
    by_id = {p.id: p for p in points.all_points()}
    keys = sorted(
        key
        for key in set(shown) | {key[:2] for key in sold} | {key[:2] for key in asked} | begun
        if key[0] in on_offer and (key[1] == WEB or key[1] in by_id)
    )
    fair, prices = fair_shares(weeks, today), Prices(until)
    ratios = {v: prices.ratios(v, weeks) for v in {v for v, _p in keys} if prices.changed(v)}
    nobody = Units(0, 0)
    for i, week in enumerate(weeks):
        opened = {p.id: open_share(p, week) for p in by_id.values()}
        fairs = {
            p.id: fair[p.province_code][i]
            for p in by_id.values()
            if p.kind is not PointKind.FAIR and p.province_code in fair
        }
        rows: list[Row] = []
        for key in keys:
            variant_id, place = key
            n = sold.get((variant_id, place, week), nobody)
            wanted = n.asked + asked.get((variant_id, place, week), 0)
            exposure = shown[key][i] if key in shown else 0
            if key not in begun:
                if not (exposure or n.sold or wanted):
                    continue
                begun.add(key)
            listed = 0 if not on_offer[variant_id] else opened.get(place, WHOLE)
            rows.append(
                {
                    "week_on": week, "variant_id": variant_id, "place": place, "sold": n.sold, "asked": wanted,
                    "exposure": exposure, "listed": max(listed, exposure), "fair": fairs.get(place, 0),
                    "price": ratios[variant_id][i] if variant_id in ratios else WHOLE, "source": "shop",
                }
            )  # fmt: skip
        yield week, rows


def _since(first: date) -> set[Key]:
    """Series that were heard of in the half year before `first`, or are brought for weeks before it."""
    rows = session().execute(
        select(DemandWeek.variant_id, DemandWeek.place)
        .where(
            DemandWeek.week_on >= first - FORGOTTEN,
            DemandWeek.week_on < first,
            or_(DemandWeek.exposure > 0, DemandWeek.sold > 0, DemandWeek.asked > 0),
        )
        .distinct()
    )
    return {(v, p) for v, p in rows}


def _on_offer() -> dict[int, bool]:
    """Whether each pack is offered now; of one that is not, only goods on the shelf count."""
    rows = session().execute(
        select(Variant.id, Variant.state, Product.state).join(Product, Product.id == Variant.product_id)
    )
    return {v: state is VariantState.SHOWN and product is ProductState.SHOWN for v, state, product in rows}
