"""Demand and goods of every pack side by side: what was sold and lacked, what there is and comes, when it is not enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, and_, case, cast, func, literal, null, or_, select, union_all

from shop.catalog.models import Product, ProductKind, ProductState, Variant, VariantState
from shop.catalog.queries.office import covered
from shop.demand import history, picture
from shop.demand.models.forecasts import WEB, DemandWeek, ForecastLine, ForecastRun, ForecastTotal, Of
from shop.demand.models.unmet import UnmetDay
from shop.demand.models.waiting import WaitEntry, WaitState
from shop.demand.queries import forecasts, ranges
from shop.kernel import clock
from shop.kernel.db import session
from shop.points import queries as points
from shop.points.models import PointKind
from shop.producers.models import Producer
from shop.receipts import queries as receipts
from shop.receipts.models import Delivery, DeliveryLine, Receipt, ReceiptLine
from shop.stock.models import Lot, Passage, StockLevel
from shop.supply.models import ASK_OPEN, Capacity, Per, SupplyAsk, SupplyAskLine
from shop.supply.queries.plans import in_force

WEEK = timedelta(weeks=1)
AHEAD = 13
# Periods that the list offers, in whole weeks; the chart always shows the last `CHARTED`.
PERIODS = (4, 13, 26, 52)
CHARTED = 13
# The weeks whose mean stands where there is no forecast.
PACE_WEEKS = 8
SOON_WEEKS = 4
# Who asked for goods within so many whole weeks would still like to have them.
LATELY_WEEKS = 4
NAMED = 500
_ROAD, _EXPECTED, _ASKED, _WAITING = "road", "expected", "asked", "waiting"
# A month has so many weeks.
MONTH_WEEKS = 365.25 / 12 / 7


@dataclass(frozen=True, slots=True)
class Ware:
    """A pack with what the picture says of whose it is. `offered`: it can be bought; `commune`: where it is made; `months`: its
    season as the catalogue has it, a bit for each month (0: nobody has said)."""

    variant_id: int
    sku: str
    pack: str
    product_id: int
    slug: str
    product: str
    sort_name: str
    position: int
    producer_id: int | None
    producer: str
    producer_slug: str
    commune: str
    set_id: int
    offered: bool
    months: int = 0

    def in_season(self, day: date) -> bool:
        """Whether there are such goods at that time of the year, as far as the catalogue says."""
        return not self.months or bool(self.months >> (day.month - 1) & 1)


@dataclass(slots=True)
class Line:
    """A pack with its figures (sale units; `lost_amount` in đồng; `unmet` may be a part of a unit).

    `sold`, `unmet`, `asks` and `lost_amount` are those of the whole weeks of the period, `…_now` those of the week that is not
    over. `promised` is held or allocated and part of `on_hand`; `expected` are deliveries of producers that have not come;
    `asked` is asked of the producer and not settled. `weekly` is what the producer says he makes in a week of a normal month,
    `lead_days` what passes before goods (None: he has not said). `wanted` are the weeks ahead, `by_forecast` is false where
    they are only the pace of the last weeks; `forecast` are the weeks of the run as it told them. `waiting` are units of
    confirmed entries of the wait list that nothing is kept for, wanted at once beside the weeks ahead. `bare_on` is today where
    nothing is there while somebody waits or has asked lately.
    """

    ware: Ware
    sold: int = 0
    unmet: float = 0.0
    sold_now: int = 0
    unmet_now: float = 0.0
    lost_now: int = 0
    asks: int = 0
    lost_amount: int = 0
    on_hand: int = 0
    promised: int = 0
    own_store: int = 0
    on_road: int = 0
    expected: int = 0
    asked: int = 0
    waiting: int = 0
    weekly: float | None = None
    lead_days: int | None = None
    smallest_batch: int | None = None
    by_forecast: bool = True
    wanted: list[float] = field(default_factory=list)
    forecast: list[float] = field(default_factory=list)
    coming: list[float] = field(default_factory=list)
    past: dict[date, list[float]] = field(default_factory=dict)
    walk: picture.Walk = field(default_factory=lambda: picture.Walk((), None, None))
    cover: int | None = None
    bare_on: date | None = None

    @property
    def demand(self) -> float:
        """Sold and lacked in the whole weeks of the period."""
        return self.sold + self.unmet

    @property
    def free(self) -> int:
        """On hand and nobody's yet."""
        return self.on_hand - self.promised

    @property
    def need(self) -> list[float]:
        """What the goods have to be enough for, by week: the weeks ahead, and in the first one whoever waits already."""
        return [self.wanted[0] + self.waiting, *self.wanted[1:]]

    @property
    def gap_week(self) -> int | None:
        """Weeks until goods lack (0: this week). Shelves that are bare before people lack goods, whatever comes this week."""
        return 0 if self.bare_on else self.walk.gap_week

    @property
    def gap_on(self) -> date | None:
        """The day on which goods lack."""
        return self.bare_on or self.walk.gap_on

    @property
    def soon(self) -> bool:
        """Whether goods run out within four weeks."""
        return self.gap_week is not None and self.gap_week < SOON_WEEKS

    @property
    def unknown(self) -> bool:
        """Whether nobody can say what is wanted of it: no forecast, nothing sold or asked for in the weeks that are read."""
        return not self.by_forecast and not self.waiting and not any(sum(week) for week in self.past.values())

    def bare(self, today: date) -> bool:
        """Whether nothing is there while people wait or have asked within the last weeks."""
        first = picture.monday(today) - WEEK * LATELY_WEEKS
        lately = self.ware.offered and any(lacked > 0 for week, (_sold, lacked) in self.past.items() if week >= first)
        return self.free <= 0 and (self.waiting > 0 or lately)

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        if self.gap_week is None:
            return ""
        return "late" if self.gap_week == 0 else "soon" if self.soon else ""


@dataclass(frozen=True, slots=True)
class Picture:
    """All lines that a reader may see, and what they rest on."""

    lines: list[Line]
    run: ForecastRun | None
    today: date
    weeks: int
    place: int | None

    @property
    def first_week(self) -> date:
        """The Monday of the first week of the period."""
        return picture.monday(self.today) - WEEK * self.weeks


def read(
    *,
    scopes: Collection[str] = ("*",),
    producer_id: int | None = None,
    set_id: int | None = None,
    place: int | None = None,
    weeks: int = 13,
) -> Picture:
    """The picture of what `scopes` cover (and of one producer or set), everywhere or at one place (`WEB` or a point)."""
    today = clock.today()
    lines = {w.variant_id: Line(w) for w in _wares(scopes, producer_id, set_id)}
    run = forecasts.newest()
    first = picture.monday(today) - WEEK * max(weeks, CHARTED)
    # A few packs are looked up by name; all of them are read at once. SQLite takes no more names than `NAMED`.
    narrow = sorted(lines) if {producer_id, set_id} != {None} and len(lines) <= NAMED else None
    _sold(lines, first, weeks, place, today, narrow)
    _unmet(lines, first, weeks, place, today)
    arrivals = _goods(lines, place, today, narrow)
    _ahead(lines, run, place, today, narrow)
    _capacity(lines, today)
    kept = []
    for line in lines.values():
        line.coming = picture.by_week(arrivals.get(line.ware.variant_id, {}), today, AHEAD)
        line.walk = picture.walk(line.free, line.need, line.coming, today)
        line.cover = picture.cover_days(line.free, line.need, today)
        line.bare_on = today if line.bare(today) else None
        if (
            line.ware.offered
            or line.demand
            or line.sold_now
            or line.unmet_now
            or line.waiting
            or line.on_hand
            or line.on_road
            or line.expected
        ):
            kept.append(line)
    kept.sort(key=lambda x: (x.ware.sort_name, x.ware.position, x.ware.variant_id))
    return Picture(kept, run, today, weeks, place)


def set_of(product_id: int) -> int | None:
    """The product set of a product."""
    return session().scalar(select(Product.set_id).where(Product.id == product_id))


def _wares(scopes: Collection[str], producer_id: int | None, set_id: int | None) -> Iterable[Ware]:
    statement = (
        select(
            Variant.id, Variant.sku, Variant.pack, Product.id, Product.slug, Product.name, Product.sort_name, Variant.position,
            Product.producer_id, func.coalesce(Producer.name, ""), func.coalesce(Producer.slug, ""),
            func.coalesce(Product.commune_code, Producer.commune_code, ""), Product.set_id,
            and_(Product.state == ProductState.SHOWN, Variant.state == VariantState.SHOWN), Product.season_months,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(Product.kind == ProductKind.GOODS, covered(scopes))
    )  # fmt: skip
    if producer_id is not None:
        statement = statement.where(Product.producer_id == producer_id)
    if set_id is not None:
        statement = statement.where(Product.set_id == set_id)
    rows: Any = session().execute(statement)
    for row in rows:
        yield Ware(*tuple(row))


def _sold(
    lines: dict[int, Line], first: date, weeks: int, place: int | None, today: date, narrow: list[int] | None
) -> None:
    """Units sold: whole weeks as they were counted, the days since then from the books themselves."""
    running = picture.monday(today)
    start = running - WEEK * weeks
    here = [DemandWeek.week_on >= first]
    if place is not None:
        here.append(DemandWeek.place == place)
    if narrow is not None:
        here.append(DemandWeek.variant_id.in_(narrow))
    counted = (
        select(DemandWeek.variant_id, DemandWeek.week_on, func.sum(DemandWeek.sold))
        .where(*here, DemandWeek.sold > 0)
        .group_by(DemandWeek.variant_id, DemandWeek.week_on)
    )
    last = session().scalar(select(func.max(DemandWeek.week_on)))
    since = max(last + WEEK, first) if last is not None else first
    rows: list[tuple[int, date, int]] = [(v, week, int(n)) for v, week, n in session().execute(counted)]
    if since <= today:
        for (v, at, week), units in history.sales(since, today + timedelta(days=1), narrow).items():
            if place is None or at == place:
                rows.append((v, week, units.sold))
    for variant_id, week, n in rows:
        line = lines.get(variant_id)
        if line is not None and n:
            line.past.setdefault(week, [0.0, 0.0])[0] += n
            if week >= running:
                line.sold_now += n
            elif week >= start:
                line.sold += n


def _unmet(lines: dict[int, Line], first: date, weeks: int, place: int | None, today: date) -> None:
    """What lacked. Asks that named no pack (a search) count for the first pack of the product that is offered."""
    running = picture.monday(today)
    start = running - WEEK * weeks
    head: dict[int, Line] = {}
    for line in sorted(lines.values(), key=lambda x: (not x.ware.offered, x.ware.position, x.ware.variant_id)):
        head.setdefault(line.ware.product_id, line)
    statement = (
        select(
            UnmetDay.product_id, UnmetDay.variant_id, UnmetDay.day, func.sum(UnmetDay.asks), func.sum(UnmetDay.lost_units),
            func.sum(UnmetDay.lost_amount),
        )
        .where(UnmetDay.day >= first, UnmetDay.product_id.is_not(None))
        .group_by(UnmetDay.product_id, UnmetDay.variant_id, UnmetDay.day)
    )  # fmt: skip
    if place is not None:
        statement = statement.where(UnmetDay.point_id.is_(None) if place == WEB else UnmetDay.point_id == place)
    for product_id, variant_id, day, asks, units, amount in session().execute(statement):
        one = lines.get(variant_id) if variant_id is not None else head.get(product_id or 0)
        if one is None:
            continue
        line = one
        line.past.setdefault(picture.monday(day), [0.0, 0.0])[1] += int(units) / 1000
        if day >= running:
            line.unmet_now += int(units) / 1000
            line.lost_now += int(amount)
        elif day >= start:
            line.unmet += int(units) / 1000
            line.asks += int(asks)
            line.lost_amount += int(amount)


def _waiting(place: int | None) -> Any:
    """Units that people wait for who have confirmed it; what is kept for them already is no longer waited for."""
    found = (
        select(
            literal(_WAITING),
            WaitEntry.variant_id,
            WaitEntry.point_id,
            cast(null(), Date),
            func.sum(WaitEntry.quantity),
        )
        .where(WaitEntry.state == WaitState.WAITING)
        .group_by(WaitEntry.variant_id, WaitEntry.point_id)
    )
    if place is None:
        return found
    return found.where(WaitEntry.point_id.is_(None) if place == WEB else WaitEntry.point_id == place)


def places_with_goods(place: int | None, today: date) -> set[int]:
    """The points whose goods serve a place: itself; for the web all that send parcels; for everywhere all not closed."""
    known = points.all_points()
    if place == WEB:
        return {p.id for p in known if p.ships and p.is_open_on(today)}
    return {p.id for p in known if (p.closed_on is None or p.closed_on > today) and place in (None, p.id)}


def _goods(
    lines: dict[int, Line], place: int | None, today: date, narrow: list[int] | None
) -> dict[int, dict[date, int]]:
    """Fill in what there is and who waits; return what is to come, by pack and day."""
    s, here = session(), places_with_goods(place, today)
    stores = {p.id for p in points.all_points() if p.kind is PointKind.PRODUCER_STORE}
    sellable = and_(StockLevel.is_stopped.is_(False), or_(Lot.expires_on.is_(None), Lot.expires_on >= today))
    levels = (
        select(StockLevel.variant_id, StockLevel.point_id, func.sum(StockLevel.on_hand),
               func.sum(StockLevel.held + StockLevel.allocated))
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.on_hand > 0, sellable)
        .group_by(StockLevel.variant_id, StockLevel.point_id)
    )  # fmt: skip
    road = (
        select(
            literal(_ROAD), StockLevel.variant_id, StockLevel.point_id, cast(null(), Date), func.sum(Passage.on_road)
        )
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(Passage.on_road > 0)
        .group_by(StockLevel.variant_id, StockLevel.point_id)
    )
    came = (
        select(ReceiptLine.line_id, func.sum(ReceiptLine.quantity + ReceiptLine.refused).label("n"))
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .group_by(ReceiptLine.line_id)
        .subquery()
    )
    left = DeliveryLine.quantity - func.coalesce(came.c.n, 0)
    expected = (
        select(
            literal(_EXPECTED),
            DeliveryLine.variant_id,
            Delivery.point_id,
            Delivery.expected_on,
            func.sum(case((left > 0, left), else_=0)),
        )
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .outerjoin(came, came.c.line_id == DeliveryLine.id)
        .where(Delivery.state.in_(receipts.OPEN))
        .group_by(DeliveryLine.variant_id, Delivery.point_id, Delivery.expected_on)
    )
    asked = (
        select(
            literal(_ASKED),
            SupplyAskLine.variant_id,
            SupplyAsk.point_id,
            cast(null(), Date),
            func.sum(func.coalesce(SupplyAskLine.offered, SupplyAskLine.asked)),
        )
        .join(SupplyAsk, SupplyAsk.id == SupplyAskLine.ask_id)
        .where(SupplyAsk.status.in_(ASK_OPEN))
        .group_by(SupplyAskLine.variant_id, SupplyAsk.point_id)
    )
    waiting = _waiting(place)
    if narrow is not None:
        levels = levels.where(StockLevel.variant_id.in_(narrow))
        road = road.where(StockLevel.variant_id.in_(narrow))
        expected = expected.where(DeliveryLine.variant_id.in_(narrow))
        asked = asked.where(SupplyAskLine.variant_id.in_(narrow))
        waiting = waiting.where(WaitEntry.variant_id.in_(narrow))
    for v, point_id, on_hand, promised in s.execute(levels):
        if (line := lines.get(v)) is not None and point_id in here:
            line.on_hand += int(on_hand)
            line.promised += int(promised)
            if point_id in stores:
                line.own_store += int(on_hand) - int(promised)
    found: dict[int, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    later: dict[int, list[tuple[date, int]]] = defaultdict(list)
    # What is on its way in any manner, and who waits for it, in one statement.
    ways: Any = union_all(road, expected, asked, waiting)
    for way, v, point_id, day, n in s.execute(ways):
        line = lines.get(v)
        if line is not None and way == _WAITING:
            line.waiting += int(n)
            continue
        if line is None or point_id not in here or not n:
            continue
        if way == _ROAD:
            line.on_road += int(n)
            found[v][today] += int(n)
        elif way == _EXPECTED:
            line.expected += int(n)
            later[v].append((day, int(n)))
        else:
            line.asked += int(n)
    for v, arrivals in later.items():
        # What lies in the producer's own store is counted already: he brings that first.
        rest = lines[v].own_store if place is None else 0
        for day, n in sorted(arrivals):
            from_store = min(max(rest, 0), n)
            rest -= from_store
            if n > from_store:
                found[v][day] += n - from_store
    return found


def _ahead(
    lines: dict[int, Line], run: ForecastRun | None, place: int | None, today: date, narrow: list[int] | None
) -> None:
    """The weeks ahead: of the newest forecast, else the mean of the last weeks."""
    told: dict[int, list[float]] = {}
    if run is not None:
        source: Any = ForecastTotal if place is None else ForecastLine
        key = ForecastTotal.key_id if place is None else ForecastLine.variant_id
        statement = select(key, source.mean).where(source.run_id == run.id)
        if place is None:
            statement = statement.where(ForecastTotal.of == Of.VARIANT)
        else:
            statement = statement.where(ForecastLine.place == place)
        if narrow is not None:
            statement = statement.where(key.in_(narrow))
        told = {int(v): mean for v, mean in session().execute(statement)}
    recent = [picture.monday(today) - WEEK * n for n in range(1, PACE_WEEKS + 1)]
    for variant_id, line in lines.items():
        if run is not None and variant_id in told:
            line.forecast = told[variant_id]
            line.wanted = picture.ahead(line.forecast, run.first_on, today, AHEAD)
            continue
        line.by_forecast = False
        pace = sum(sum(line.past.get(week, ())) for week in recent) / PACE_WEEKS if line.ware.offered else 0.0
        line.wanted = picture.ahead([pace] * AHEAD, picture.monday(today), today, AHEAD)


def _capacity(lines: dict[int, Line], today: date) -> None:
    """What producers say they make in a week of a normal month, and how long before."""
    whole: dict[int, Capacity] = {}
    own: dict[int, Capacity] = {}
    products = {line.ware.product_id for line in lines.values()}
    statement = select(Capacity).where(in_force(today)).order_by(Capacity.id)
    if len(products) == 1:
        statement = statement.where(Capacity.product_id.in_(products))
    for said in session().scalars(statement):
        if said.variant_id is None:
            whole[said.product_id] = said
        else:
            own[said.variant_id] = said
    for variant_id, line in lines.items():
        heads = [c for c in (own.get(variant_id), whole.get(line.ware.product_id)) if c is not None]
        if heads:
            line.weekly = min(_weekly(c) for c in heads)
            line.lead_days = max(c.lead_days for c in heads)
            line.smallest_batch = heads[0].smallest_batch


def _weekly(said: Capacity) -> float:
    return said.units if said.per is Per.WEEK else said.units / MONTH_WEEKS


def sums(found: Sequence[Line]) -> dict[str, Any]:
    """The figures above the picture: sold, wanted and not had, đồng lost (of the whole weeks; `…_now` of the one that is not
    over), goods that run out within four weeks."""
    return {
        "sold": sum(x.sold for x in found),
        "unmet": sum(x.unmet for x in found),
        "sold_now": sum(x.sold_now for x in found),
        "unmet_now": sum(x.unmet_now for x in found),
        "lost_now": sum(x.lost_now for x in found),
        "lost_amount": sum(x.lost_amount for x in found),
        "soon": sum(x.soon for x in found),
    }


def weeks_of(found: Sequence[Line], today: date) -> list[tuple[date, float, float]]:
    """(Monday, sold, lacked) of the last whole weeks of all these lines together, and of the week that is not over."""
    mondays = [picture.monday(today) - WEEK * n for n in range(CHARTED, -1, -1)]
    told = {week: [0.0, 0.0] for week in mondays}
    for line in found:
        for week, (sold, unmet) in line.past.items():
            if week in told:
                told[week][0] += sold
                told[week][1] += unmet
    return [(week, told[week][0], told[week][1]) for week in mondays]


def weeks_ahead(found: Sequence[Line], of: Picture) -> list[tuple[date, float, float, float]]:
    """(Monday, mean, low, high) of the weeks ahead of all these lines together.

    The present week is told whole, though `wanted` has only what is left of it. The range is that of the forecast
    (`ranges.told`); what has only a pace moves it, but nobody knows how sure that is.
    """
    told = ranges.told(of.run, found, of.place) if of.run else [(0.0, 0.0)] * AHEAD
    first_on = of.run.first_on if of.run else picture.monday(of.today)
    low, high = (picture.ahead(part, first_on, of.today, AHEAD) for part in zip(*told, strict=True))
    result = []
    for i in range(AHEAD):
        mean = sum(x.wanted[i] for x in found)
        pace = sum(x.wanted[i] for x in found if not x.by_forecast)
        whole = 7 / (7 - of.today.weekday()) if i == 0 else 1.0
        monday = picture.monday(of.today) + WEEK * i
        result.append((monday, whole * mean, whole * (pace + low[i]), whole * (pace + high[i])))
    return result
