"""The live board of a fair: what was sold, how fast, what runs out when, who asked in vain, what is coming.

Each reading is of its own moment, in five statements beside the one that finds the fair. Many look at a board at once, and what
a fair has sold by now takes a tenth of a second to add up: those sums are kept with the *state of the books* they were made
from (how many payments, how many goods of each kind of claim, when they last changed), which is read anew each time; as soon
as it differs they are made anew. Only the last hour's sum runs on without that, at most `HOUR_SECONDS`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import BigInteger, String, bindparam, case, cast, func, literal, null, select, union_all

from shop.catalog.models import Product, Variant
from shop.exhibitions import pace, sensors
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.days import Contact, CountedBy, Incident, Visits
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState, Zone
from shop.exhibitions.pace import Days
from shop.exhibitions.queries.days import MoreRow, more_row, natural, replenishments_statement
from shop.kernel import clock
from shop.kernel.db import UtcDateTime, session
from shop.producers.models import Producer
from shop.stock.models import StockLevel
from shop.till.models import Ask, Device, Purpose, TillLine, TillSale, TillSession, TillTender

# A till that has not been heard of for so long stands on the board; off line it may sell on for days all the same.
SILENT = timedelta(minutes=15)
# What is gone within so many open hours is running out.
SOON_HOURS = 4.0
MOST_ROWS = 12
HOUR_SECONDS = 15


@dataclass(slots=True)
class BoothNow:
    """A booth as it stands: turnover in đồng, units that may still be sold, since when it is empty (None: it is not, or it
    never had anything)."""

    code: str
    zone: str
    makers: str
    point_id: int
    today_amount: int = 0
    total_amount: int = 0
    hour_amount: int = 0
    left: int = 0
    had: bool = False
    empty_since: datetime | None = None
    heard_at: datetime | None = None
    devices: int = 0


@dataclass(frozen=True, slots=True)
class PackNow:
    """A pack at a booth: units left, sold an hour, hours until it is gone (None: nothing sells)."""

    booth: str
    product: str
    pack: str
    left: int
    per_hour: float
    hours: float | None
    sold_today: int


@dataclass(frozen=True, slots=True)
class Best:
    """A pack that sells best: units today and in all, at which booths."""

    product: str
    pack: str
    today: int
    total: int
    booths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """What the board shows at the instant `at`; amounts in đồng, hours are open hours."""

    at: datetime
    running: bool
    is_open: bool
    today_amount: int
    total_amount: int
    hour_amount: int
    sales_today: int
    booths: tuple[BoothNow, ...]
    best: tuple[Best, ...]
    running_out: tuple[PackNow, ...]
    empty: tuple[BoothNow, ...]
    # Somebody stands there and no goods have come yet: emptier than any that sold out.
    bare: tuple[BoothNow, ...]
    asked: tuple[tuple[str, str, int], ...]
    asks_today: int
    visitors_today: int
    visitors_total: int
    by_hour: tuple[tuple[int, int], ...]
    more: tuple[MoreRow, ...]
    silent: tuple[tuple[str, str, datetime | None], ...]
    devices: int
    incidents: int
    contacts: int
    agreed_amount: int


def days_of(fair: Exhibition) -> Days:
    """The fair's days and hours; of one without days a day long ago."""
    today = clock.today()
    return Days(fair.from_on or today, fair.to_on or today, fair.day_opens, fair.day_closes)


_POINT = Booth.point_id
_AMOUNT = func.sum(TillTender.amount)


def read(fair: Exhibition, now: datetime | None = None) -> Board:
    """The board of a fair as it is now; five statements, whatever its size."""
    at = now or clock.now()
    days = days_of(fair)
    today = clock.start_of(clock.business_day(at))
    booths = _booths(fair.id)
    small = _small(fair.id, booths, today)
    money, goods = _sums(fair.id, today, at, small.books)
    sales_today = _money(booths, money)
    best, running_out = _goods(fair, booths, days, goods, at)
    more = tuple(more_row(row) for row in session().execute(replenishments_statement(fair.id).limit(60)))
    known = sorted(booths.values(), key=lambda b: natural(b.code))
    visits = sensors.counted(small.visits)
    per_day = sensors.by_day(visits)
    per_hour: dict[int, int] = defaultdict(int)
    business_day = clock.business_day(at)
    for (_gate, hour), n in visits.items():
        if clock.business_day(hour) == business_day:
            per_hour[hour.astimezone(clock.VIETNAM).hour] += n
    running = fair.state is FairState.RUNNING
    empty = [b for b in known if b.empty_since and running]
    silent = [
        (code, b.code, heard)
        for b in known
        for code, heard in small.devices.get(b.point_id, [])
        if heard is None or heard < at - SILENT
    ]
    return Board(
        at=at,
        running=running,
        is_open=days.is_open(at),
        today_amount=sum(b.today_amount for b in known),
        total_amount=sum(b.total_amount for b in known),
        hour_amount=sum(b.hour_amount for b in known),
        sales_today=sales_today,
        booths=tuple(known),
        best=best,
        # What is gone from a fair that is over was carried home, most of it.
        running_out=running_out if running else (),
        empty=tuple(sorted(empty, key=lambda b: (b.empty_since or at, natural(b.code)))),
        bare=tuple(b for b in known if b.makers and not b.had) if running else (),
        asked=small.asked,
        asks_today=small.asks_today,
        visitors_today=per_day.get(business_day, 0),
        visitors_total=sum(per_day.values()),
        by_hour=tuple(sorted(per_hour.items())),
        more=tuple(row for row in more if row.open)[:MOST_ROWS],
        silent=tuple(silent),
        devices=sum(len(found) for found in small.devices.values()),
        incidents=small.incidents,
        contacts=small.contacts,
        agreed_amount=small.agreed,
    )


_BOOTHS = (
    select(Booth.code, Zone.code, Booth.point_id, Producer.name)
    .outerjoin(Zone, Zone.id == Booth.zone_id)
    .outerjoin(Stand, (Stand.booth_id == Booth.id) & Stand.ended_at.is_(None))
    .outerjoin(Producer, Producer.id == Stand.producer_id)
    .where(Booth.exhibition_id == bindparam("fair"), Booth.point_id.is_not(None))
    .order_by(Booth.id, Stand.id)
)


def _booths(exhibition_id: int) -> dict[int, BoothNow]:
    found: dict[int, BoothNow] = {}
    rows: Iterable[Any] = session().execute(_BOOTHS, {"fair": exhibition_id})
    for code, zone, point_id, maker in rows:
        known = found.get(point_id)
        if known is None:
            found[point_id] = BoothNow(code, zone or "", maker or "", point_id)
        elif maker:
            known.makers = f"{known.makers}, {maker}"
    return found


_TODAY = bindparam("today", type_=UtcDateTime)
_HOUR = bindparam("hour", type_=UtcDateTime)
_MONEY = (
    select(
        _POINT,
        _AMOUNT,
        func.sum(case((TillTender.at >= _TODAY, TillTender.amount), else_=0)),
        func.sum(case((TillTender.at >= _HOUR, TillTender.amount), else_=0)),
        func.count(case((TillTender.at >= _TODAY, TillTender.sale_id)).distinct()),
    )
    .select_from(Booth)
    .join(TillSession, TillSession.point_id == Booth.point_id)
    .join(TillTender, TillTender.session_id == TillSession.id)
    .where(Booth.exhibition_id == bindparam("fair"), TillTender.purpose != Purpose.DRAWER)
    .group_by(_POINT)
)


class Kept:
    """Sums of boards with the state of the books they were made from, one for each fair."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, datetime, list[Any], list[Any]]] = {}

    def clear(self) -> None:
        """Forget all."""
        self.known.clear()


def _sums(exhibition_id: int, today: datetime, at: datetime, books: Any) -> tuple[list[Any], list[Any]]:
    """Money and goods by booth, as the books stand; `books` is their state, read a moment ago."""
    kept: Kept = current_app.extensions.setdefault("shop_fair_board", Kept())
    known = kept.known.get(exhibition_id)
    state = (today, books)
    if known is not None and known[0] == state and timedelta() <= at - known[1] <= timedelta(seconds=HOUR_SECONDS):
        return known[2], known[3]
    values = {"fair": exhibition_id, "today": today}
    money = list(session().execute(_MONEY, values | {"hour": max(at - pace.HOUR, today)}))
    goods = list(session().execute(_GOODS, values))
    kept.known[exhibition_id] = (state, at, money, goods)
    return money, goods


def _money(booths: dict[int, BoothNow], rows: Iterable[Any]) -> int:
    """What came in at the counters, what was given back taken off; return how many sales there were today."""
    sales = 0
    for point_id, total, of_today, hour, n in rows:
        if point_id not in booths:
            continue
        booth = booths[point_id]
        booth.total_amount, booth.today_amount, booth.hour_amount = int(total), int(of_today), int(hour)
        sales += int(n)
    return sales


# Sold and left in one statement: packs that are gone have a level still, and packs that never sold have one too.
_SOLD = (
    select(
        TillSession.point_id.label("point_id"),
        TillLine.variant_id.label("variant_id"),
        func.sum(TillLine.quantity - TillLine.returned).label("sold"),
        func.sum(case((TillSale.at >= _TODAY, TillLine.quantity - TillLine.returned), else_=0)).label("sold_today"),
    )
    .select_from(Booth)
    .join(TillSession, TillSession.point_id == Booth.point_id)
    .join(TillSale, TillSale.session_id == TillSession.id)
    .join(TillLine, TillLine.sale_id == TillSale.id)
    .where(Booth.exhibition_id == bindparam("fair"))
    .group_by(TillSession.point_id, TillLine.variant_id)
    .subquery()
)
_LEFT = (
    select(
        StockLevel.point_id.label("point_id"),
        StockLevel.variant_id.label("variant_id"),
        func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated).label("left"),
        func.max(StockLevel.updated_at).label("moved_at"),
    )
    .select_from(Booth)
    .join(StockLevel, StockLevel.point_id == Booth.point_id)
    .where(Booth.exhibition_id == bindparam("fair"))
    .group_by(StockLevel.point_id, StockLevel.variant_id)
    .subquery()
)
_GOODS = (
    select(
        _LEFT.c.point_id, _LEFT.c.variant_id, Product.name, Variant.pack, _LEFT.c.left, _LEFT.c.moved_at,
        func.coalesce(_SOLD.c.sold, 0), func.coalesce(_SOLD.c.sold_today, 0),
    )
    .join(Variant, Variant.id == _LEFT.c.variant_id)
    .join(Product, Product.id == Variant.product_id)
    .outerjoin(_SOLD, (_SOLD.c.point_id == _LEFT.c.point_id) & (_SOLD.c.variant_id == _LEFT.c.variant_id))
)  # fmt: skip


def _goods(
    fair: Exhibition, booths: dict[int, BoothNow], days: Days, rows: Iterable[Any], at: datetime
) -> tuple[tuple[Best, ...], tuple[PackNow, ...]]:
    hours_today, hours = days.open_hours(clock.business_day(at), at), days.hours_so_far(at)
    rest = days.hours_left(at)
    packs: list[PackNow] = []
    names: dict[int, tuple[str, str]] = {}
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    where: dict[int, list[str]] = defaultdict(list)
    moved: dict[int, datetime] = {}
    for point_id, variant_id, product, pack, left, moved_at, sold, sold_today in rows:
        booth = booths.get(point_id)
        if booth is None:
            continue
        left, sold, sold_today = int(left), int(sold), int(sold_today)
        booth.left += left
        booth.had = booth.had or left > 0 or sold > 0
        moved[point_id] = max(moved_at, moved.get(point_id, moved_at))
        names[variant_id] = (product, pack)
        sums[variant_id][0] += sold_today
        sums[variant_id][1] += sold
        per_hour = pace.per_hour(sold_today, hours_today, sold, hours)
        if sold > 0:
            where[variant_id].append(booth.code)
            in_hours = pace.hours_until_empty(left, per_hour)
            packs.append(PackNow(booth.code, product, pack, left, per_hour, in_hours, sold_today))
    for point_id, booth in booths.items():
        if booth.had and booth.left <= 0:
            booth.empty_since = moved[point_id]
    best = sorted(
        (
            Best(*names[v], of_today, total, tuple(sorted(where[v], key=natural)))
            for v, (of_today, total) in sums.items()
            if total > 0
        ),
        key=lambda b: (-b.today, -b.total, b.product),
    )
    soon = [p for p in packs if p.hours is not None and p.hours <= max(min(SOON_HOURS, rest or SOON_HOURS), 1.0)]
    soon.sort(key=lambda p: (p.hours if p.hours is not None else 0.0, -p.per_hour, p.booth, p.product))
    return tuple(best[:MOST_ROWS]), tuple(soon[: 2 * MOST_ROWS])


@dataclass(slots=True)
class _Small:
    """Counts that one statement gathers."""

    devices: dict[int, list[tuple[str, datetime | None]]]
    visits: list[tuple[int, datetime, CountedBy, int]]
    asked: tuple[tuple[str, str, int], ...] = ()
    asks_today: int = 0
    incidents: int = 0
    contacts: int = 0
    agreed: int = 0
    # The state of the books: payments at the counters; goods at the booths by claims, and when one last changed.
    books: Any = ()


def _row(kind: str, a: Any, words: Any, at: Any, n: Any) -> Any:
    return select(
        literal(kind, String).label("kind"),
        cast(a, BigInteger).label("a"),
        cast(words, String).label("words"),
        at.label("at") if hasattr(at, "label") else cast(at, UtcDateTime).label("at"),
        cast(n, BigInteger).label("n"),
    )


_NO_TIME = cast(null(), UtcDateTime)
_OF_FAIR: Any = bindparam("fair")
_COUNTS = union_all(
    _row("till", Device.point_id, Device.code, Device.last_seen_at, 0)
    .select_from(Booth)
    .join(Device, Device.point_id == Booth.point_id)
    .where(Booth.exhibition_id == _OF_FAIR, Device.token_hash.is_not(None)),
    _row("visit", Visits.gate_id, Visits.source, Visits.hour, Visits.visitors).where(Visits.exhibition_id == _OF_FAIR),
    _row("ask", func.count(), func.coalesce(Product.name, Ask.words), _NO_TIME, func.sum(Ask.quantity))
    .select_from(Booth)
    .join(Ask, Ask.point_id == Booth.point_id)
    .outerjoin(Variant, Variant.id == Ask.variant_id)
    .outerjoin(Product, Product.id == Variant.product_id)
    .where(Booth.exhibition_id == _OF_FAIR, Ask.at >= _TODAY)
    .group_by(func.coalesce(Product.name, Ask.words)),
    _row("incident", func.count(), "", _NO_TIME, 0)
    .select_from(Incident)
    .where(Incident.exhibition_id == _OF_FAIR, Incident.resolved_at.is_(None)),
    _row("contact", func.count(), "", _NO_TIME, func.coalesce(func.sum(Contact.value_amount), 0))
    .select_from(Contact)
    .where(Contact.exhibition_id == _OF_FAIR),
    _row("paid", func.count(), "", _NO_TIME, 0)
    .select_from(Booth)
    .join(TillSession, TillSession.point_id == Booth.point_id)
    .join(TillTender, TillTender.session_id == TillSession.id)
    .where(Booth.exhibition_id == _OF_FAIR),
    _row(
        "levels", func.coalesce(func.sum(StockLevel.on_hand), 0), "", func.max(StockLevel.updated_at),
        func.coalesce(func.sum(StockLevel.held + 1_000_000 * StockLevel.allocated), 0) + func.count(),
    )
    .select_from(Booth)
    .join(StockLevel, StockLevel.point_id == Booth.point_id)
    .where(Booth.exhibition_id == _OF_FAIR),
)  # fmt: skip


def _small(exhibition_id: int, booths: dict[int, BoothNow], today: datetime) -> _Small:
    found = _Small(defaultdict(list), [])
    asked: list[tuple[str, str, int]] = []
    rows: Iterable[Any] = session().execute(_COUNTS, {"fair": exhibition_id, "today": today})
    for kind, a, words, at, n in rows:
        if kind == "till":
            found.devices[a].append((words, at))
            booth = booths.get(a)
            if booth is not None:
                booth.devices += 1
                booth.heard_at = max(filter(None, (booth.heard_at, at)), default=None)
        elif kind == "visit":
            found.visits.append((a, at, CountedBy(words), n))
        elif kind == "ask":
            asked.append((words, "", int(n)))
            found.asks_today += int(a)
        elif kind == "incident":
            found.incidents = int(a)
        elif kind == "contact":
            found.contacts, found.agreed = int(a), int(n)
        else:
            found.books = (*found.books, (kind, a, at, n))
    found.asked = tuple(sorted(asked, key=lambda x: (-x[2], x[0]))[:MOST_ROWS])
    return found


def visitor_days(fair: Exhibition) -> dict[date, int]:
    """Visitors of a fair by day, as they count; one statement."""
    rows = session().execute(
        select(Visits.gate_id, Visits.hour, Visits.source, Visits.visitors).where(Visits.exhibition_id == fair.id)
    )
    return sensors.by_day(sensors.counted((g, at, s, n) for g, at, s, n in rows))
