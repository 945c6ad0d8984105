"""What was sold of a producer's goods, when, where, to which places; what was missing; what ends. Nothing of buyers.

Sold is what orders hold that are neither unpaid nor cancelled, by the day they were placed, without parcels that came back;
what counters took back is taken off the day it was sold. Amounts are đồng at the price on the order (after the counter's
discount), before any commission. Days out of stock are days on which no point that the web sells from had a single pack, the
whole day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, func, literal, null, or_, select, union_all

from shop.catalog.models import Certificate, Product, ProductKind, ProductState, Variant, VariantState
from shop.demand.models.unmet import KIND_NAMES
from shop.demand.queries import unmet
from shop.kernel import clock
from shop.kernel.db import is_sqlite, session
from shop.kernel.errors import N_
from shop.orders.models import TILL, DeliveryKind, Fulfilment, FulfilmentStatus, Order, OrderLine, OrderStatus
from shop.pages.spans import Span, months
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points.models import Point, PointKind
from shop.producers import queries as producers
from shop.producers.models import PAPER_KIND_NAMES
from shop.stock.models import StockLevel, StockMovement
from shop.till.models import TillLine, TillReturnLine

SOLD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
GONE = (FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED)
WEB, COUNTER, FAIR = "web", "counter", "fair"
CHANNELS = {WEB: N_("Trên mạng"), COUNTER: N_("Điểm bán"), FAIR: N_("Hội chợ")}
# Months of the trend, and one more to compare the first with.
TREND = 12


@dataclass(slots=True)
class Figures:
    """Sale units and đồng of the span, and of the one before."""

    units: int = 0
    amount: int = 0
    units_before: int = 0
    amount_before: int = 0

    def add(self, units: int, amount: int, *, now: bool) -> None:
        """Count what was sold (negative: came back)."""
        if now:
            self.units += units
            self.amount += amount
        else:
            self.units_before += units
            self.amount_before += amount

    @property
    def more_units(self) -> int:
        return self.units - self.units_before

    @property
    def more_amount(self) -> int:
        return self.amount - self.amount_before

    @property
    def percent(self) -> Decimal | None:
        """How much more đồng than before, in percent with one decimal; None: there was nothing before."""
        return percent(self.amount, self.amount_before)


def percent(now: int, before: int) -> Decimal | None:
    """By how many percent `now` is more than `before`, one decimal; None: nothing before."""
    if before <= 0:
        return None
    return (Decimal(now - before) * 100 / before).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack of the producer."""

    id: int
    product: str
    pack: str
    sku: str
    since: date
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month and the one before it."""

    first: date
    figures: Figures
    is_over: bool


@dataclass(slots=True)
class Sales:
    """What was sold in a span, seen from each side."""

    total: Figures = field(default_factory=Figures)
    packs: list[tuple[Pack, Figures]] = field(default_factory=list)
    channels: list[tuple[str, Figures]] = field(default_factory=list)
    places: list[tuple[str, Figures]] = field(default_factory=list)


def packs(producer_id: int) -> dict[int, Pack]:
    """All packs of a producer, hidden ones too, in the order of their names."""
    rows = session().execute(
        select(
            Variant.id, Product.name, Variant.pack, Variant.sku, func.coalesce(Product.published_at, Variant.created_at),
            and_(
                Product.state == ProductState.SHOWN, Variant.state == VariantState.SHOWN, Product.kind == ProductKind.GOODS
            ),
        )
        .join(Product, Product.id == Variant.product_id)
        .where(Product.producer_id == producer_id)
        .order_by(Product.sort_name, Product.id, Variant.position, Variant.id)
    )  # fmt: skip
    return {
        i: Pack(i, name, pack, sku, clock.business_day(since), bool(shown)) for i, name, pack, sku, since, shown in rows
    }


# --- sold --------------------------------------------------------------------------------------------------------


def _lines(producer_id: int, *when: Any) -> Any:
    """What was sold and what came back, a row for each line: variant, channel, place, instant, units, đồng."""
    ship = Order.delivery == DeliveryKind.SHIP
    about = (
        OrderLine.variant_id.label("variant_id"),
        case(
            (Order.channel != TILL, literal(WEB)), (Point.kind == PointKind.FAIR, literal(FAIR)), else_=literal(COUNTER)
        ).label("channel"),
        case((ship, Order.province_code), else_=Point.province_code).label("province"),
        case((ship, Order.commune_code), else_=Point.commune_code).label("commune"),
        Order.placed_at.label("at"),
    )
    kept = (
        OrderLine.producer_id == producer_id,
        Order.status.in_(SOLD),
        Fulfilment.status.not_in(GONE),
        *when,
    )
    sent = OrderLine.quantity - OrderLine.refused_quantity  # what was refused is not sold
    sold = (
        select(
            *about,
            sent.label("units"),
            func.coalesce(TillLine.net_amount, sent * OrderLine.unit_price_amount).label("amount"),
        )
        .select_from(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .join(Point, Point.id == Fulfilment.point_id)
        .outerjoin(TillLine, TillLine.order_line_id == OrderLine.id)
        .where(*kept)
    )
    back = (
        select(*about, -TillReturnLine.quantity, -TillReturnLine.net_amount)
        .select_from(TillReturnLine)
        .join(TillLine, TillLine.id == TillReturnLine.line_id)
        .join(OrderLine, OrderLine.id == TillLine.order_line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .join(Point, Point.id == Fulfilment.point_id)
        .where(*kept)
    )
    return union_all(sold, back)


def _within(span: Span) -> Any:
    return and_(Order.placed_at >= clock.start_of(span.start), Order.placed_at < clock.start_of(span.end))


def sales(producer_id: int, span: Span, known: dict[int, Pack], today: date) -> Sales:
    """What was sold in `span`, beside what was sold in the one before. One statement."""
    lines = _lines(producer_id, or_(_within(span), _within(span.before(today)))).cte("lines")
    now = case((lines.c.at >= clock.start_of(span.start), 1), else_=0)
    # Beyond the home province the province says enough, and a commune could be one household.
    commune = case((lines.c.province == HOME_PROVINCE, lines.c.commune), else_=None)
    # Each side is added up by the database: packs times places would be as many rows as there are lines.
    sides = [
        select(*(value.label(name) for name, value in zip(("side", "variant", "word", "sub", "now"), side, strict=True)),
               func.sum(lines.c.units).label("units"), func.sum(lines.c.amount).label("amount"))
        .group_by(*grouped, now)
        for side, grouped in (
            ((literal("pack"), lines.c.variant_id, null(), null(), now), (lines.c.variant_id,)),
            ((literal("channel"), null(), lines.c.channel, null(), now), (lines.c.channel,)),
            ((literal("place"), null(), lines.c.province, commune, now), (lines.c.province, commune)),
        )
    ]  # fmt: skip
    found = Sales()
    by_pack: dict[int, Figures] = defaultdict(Figures)
    by_channel: dict[str, Figures] = defaultdict(Figures)
    by_place: dict[tuple[str, str], Figures] = defaultdict(Figures)
    for side, variant_id, word, sub, is_now, units, amount in session().execute(union_all(*sides)):
        if side == "pack":
            figures = by_pack[variant_id]
            found.total.add(int(units), int(amount), now=bool(is_now))
        else:
            figures = by_channel[word] if side == "channel" else by_place[word or "", sub or ""]
        figures.add(int(units), int(amount), now=bool(is_now))
    gone = Pack(0, gettext(N_("Hàng không còn trong danh mục")), "", "", today, is_shown=False)
    found.packs = _most_first(
        [(known.get(i, gone), f) for i, f in by_pack.items()], lambda pack: pack.product + pack.sku
    )
    found.channels = [(gettext(CHANNELS[c]), by_channel[c]) for c in CHANNELS if c in by_channel]
    found.places = _most_first([(_place(*place), f) for place, f in by_place.items()], str)
    return found


def _most_first(rows: Iterable[tuple[Any, Figures]], name: Callable[[Any], str]) -> list[tuple[Any, Figures]]:
    return sorted(rows, key=lambda row: (-row[1].amount, -row[1].amount_before, name(row[0])))


def _place(province: str, commune: str) -> str:
    found = places.unit(commune or province)
    return found.name if found else gettext(N_("Không rõ nơi"))


def trend(producer_id: int, until: date, today: date) -> list[Month]:
    """The months up to that of `until`, each with the month before it. One statement."""
    firsts = months(until, TREND + 1)
    starts = [clock.start_of(day) for day in (*firsts, clock.add_months(firsts[-1], 1))]
    lines = _lines(producer_id, Order.placed_at >= starts[0], Order.placed_at < starts[-1]).subquery()
    month = case(*((lines.c.at < end, n) for n, end in enumerate(starts[1:-1])), else_=TREND)
    rows = session().execute(select(month, func.sum(lines.c.units), func.sum(lines.c.amount)).group_by(month))
    sums = {int(n): (int(units), int(amount)) for n, units, amount in rows}
    return [
        Month(
            firsts[n],
            Figures(*sums.get(n, (0, 0)), *sums.get(n - 1, (0, 0))),
            clock.add_months(firsts[n], 1) <= today,
        )
        for n in range(1, TREND + 1)
    ]


# --- missing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missing:
    """Days on which a pack could not be bought on the web, of the days that were counted."""

    pack: Pack
    days: int
    counted: int

    @property
    def percent(self) -> Decimal:
        return (Decimal(self.days) * 100 / self.counted).quantize(Decimal("0.1")) if self.counted else Decimal(0)


def out_of_stock(known: dict[int, Pack], span: Span, today: date) -> list[Missing]:
    """Packs with days out of stock, the most days first; shown packs only, from the day they were shown. Two statements.

    A day counts when nothing was on hand as it began and nothing came in on it, over all points that the web sells from today
    (by parcel or collection).
    """
    shown = [pack for pack in known.values() if pack.is_shown]
    if not shown:
        return []
    pool = select(Point.id).where(
        or_(Point.ships, Point.pickup),
        or_(Point.opened_on.is_(None), Point.opened_on <= today),
        or_(Point.closed_on.is_(None), Point.closed_on > today),
    )
    mine = (StockLevel.variant_id.in_([pack.id for pack in shown]), StockLevel.point_id.in_(pool))
    s = session()
    on_hand = {
        i: int(n)
        for i, n in s.execute(
            select(StockLevel.variant_id, func.sum(StockLevel.on_hand)).where(*mine).group_by(StockLevel.variant_id)
        )
    }
    day = _day(StockMovement.at)
    rows = s.execute(
        select(StockLevel.variant_id, day, func.sum(StockMovement.quantity), func.max(StockMovement.quantity))
        .join(StockMovement, StockMovement.level_id == StockLevel.id)
        .where(*mine, StockMovement.at >= clock.start_of(span.start))
        .group_by(StockLevel.variant_id, day)
    )
    moved: dict[int, dict[date, tuple[int, bool]]] = defaultdict(dict)
    for variant_id, on, change, largest in rows:
        on = date.fromisoformat(on) if isinstance(on, str) else on
        moved[variant_id][on] = int(change), largest > 0
    found = [_missing(pack, span, today, on_hand.get(pack.id, 0), moved[pack.id]) for pack in shown]
    return sorted((m for m in found if m.days), key=lambda m: -m.days)


def _day(at: Any) -> Any:
    """The business day of an instant, in SQL."""
    return func.date(at, "+7 hours") if is_sqlite() else func.date(func.timezone("Asia/Ho_Chi_Minh", at))


def _missing(pack: Pack, span: Span, today: date, on_hand: int, moved: dict[date, tuple[int, bool]]) -> Missing:
    start, end = max(span.start, pack.since), min(span.end, today + timedelta(days=1))
    # From now back to the first day: what lay there as each day began.
    balance = on_hand - sum(change for on, (change, _came) in moved.items() if on >= span.start)
    days, on = 0, span.start
    for day in sorted(day for day in moved if span.start <= day < end):
        if balance <= 0:
            days += _days(max(on, start), day)
            days += day >= start and not moved[day][1]
        balance += moved[day][0]
        on = day + timedelta(days=1)
    if balance <= 0:
        days += _days(max(on, start), end)
    counted = _days(start, end)
    return Missing(pack, days, counted)


def _days(start: date, end: date) -> int:
    return max((end - start).days, 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """Something asked for and not had: how that is known, what, how many people, how many sale units."""

    source: str
    what: str
    times: int
    units: int


def asks(producer_id: int, span: Span) -> list[Asked]:
    """What was asked for of the producer's own goods and not had."""
    found = unmet.missed_of(producer_id, span.start, span.end)
    return [Asked(gettext(KIND_NAMES[m.kind]), m.what, m.asks, m.units) for m in found]


def wishes(span: Span) -> list[Asked]:
    """What was looked for in the whole shop and not found."""
    found = unmet.missed_words(span.start, span.end)
    return [Asked(gettext(KIND_NAMES[m.kind]), m.what, m.asks, m.units) for m in found]


# --- papers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that ends: its kind, what it is for (empty: the producer himself), its number, its last valid day, days left
    (negative: over); from `soon` days on it is time to renew it."""

    kind: str
    about: str
    number: str
    ends_on: date
    left: int
    soon: int = 180

    @property
    def state(self) -> str:
        """How it is drawn: bad when over or nearly, warn within the window to renew."""
        return "bad" if self.left < 30 else "warn" if self.left <= self.soon else "ok"


def _certificates(producer_id: int, today: date) -> list[Paper]:
    """The last certificate of each product that was not revoked."""
    rows = session().execute(
        select(Product.name, Certificate.product_id, Certificate.number, Certificate.stars, Certificate.expires_on)
        .join(Product, Product.id == Certificate.product_id)
        .where(
            Product.producer_id == producer_id,
            or_(Certificate.revoked_on.is_(None), Certificate.revoked_on > today),
        )
        .order_by(Certificate.expires_on)
    )
    last = {
        product_id: Paper(
            gettext(N_("Chứng nhận OCOP %(stars)s sao"), stars=stars), name, number, ends, (ends - today).days
        )
        for name, product_id, number, stars, ends in rows
    }
    return list(last.values())


def _own_papers(producer_id: int, today: date) -> list[Paper]:
    """His food-safety papers, licences and the like; letters announce them from sixty days before."""
    return [
        Paper(gettext(PAPER_KIND_NAMES[p.kind]), "", p.number, p.expires_on, (p.expires_on - today).days, soon=60)
        for p in producers.with_an_end(producer_id)
        if p.expires_on
    ]


def papers(producer_id: int, today: date) -> list[Paper]:
    """The papers of a producer and the certificates of his goods, the soonest to end first."""
    found = [*_certificates(producer_id, today), *_own_papers(producer_id, today)]
    return sorted(found, key=lambda paper: (paper.ends_on, paper.about))
