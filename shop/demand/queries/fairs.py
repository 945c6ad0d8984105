"""Fairs that are over, booth by booth: what was brought and sold, when it was empty, what people asked for, what went home."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.catalog.queries.office import covered
from shop.demand.booths import Move, Span, emptiness
from shop.demand.models.unmet import Kind, UnmetDay
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.orders.models import TILL, Order
from shop.points import queries as points
from shop.points.models import PointKind
from shop.points.queries import PointView
from shop.producers.models import Producer
from shop.receipts.services import HANDED_BACK
from shop.stock.models import MovementKind, StockLevel, StockMovement

# Fairs that ended longer ago are history: the lists of unmet demand and the forecast remember them.
LOOK_BACK = timedelta(days=400)
LATEST = 12
USUAL = (8 * 60, 22 * 60)
_CAME = (MovementKind.RECEIPT, MovementKind.TRANSFER_IN)
_SOLD = (MovementKind.SALE, MovementKind.RETURN)


@dataclass(frozen=True, slots=True)
class Booth:
    """A booth at a fair that is over (sale units, đồng). `empty_at`: when the last of its goods was first sold; `empty_hours`:
    open hours without any goods; `first_sold`: units sold on its first day."""

    slug: str
    name: str
    first_on: date
    last_on: date
    brought: int
    sold: int
    first_sold: int
    empty_at: datetime | None
    empty_hours: float
    asks: int
    lacked: int
    lost_amount: int
    taken_home: int
    written_off: int

    @property
    def day_of_emptiness(self) -> int | None:
        """On which day of the fair it was empty first (1: the first)."""
        return None if self.empty_at is None else (clock.business_day(self.empty_at) - self.first_on).days + 1


def past(scopes: Collection[str], today: date | None = None, most: int = LATEST) -> list[Booth]:
    """The booths that closed last, those that ran empty longest first within a fair; only goods that `scopes` cover count."""
    today = today or clock.today()
    over = [
        p for p in points.all_points()
        if p.kind is PointKind.FAIR and p.begins_on is not None and p.ends_on is not None
        and today - LOOK_BACK < p.ends_on <= today
    ]  # fmt: skip
    over = sorted(over, key=lambda p: p.ends_on or today, reverse=True)[:most]
    if not over:
        return []
    ids = [p.id for p in over]
    moves, kinds = _moves(ids, scopes)
    asked = _asked(ids, scopes)
    found = []
    for p in over:
        if p.id not in moves and p.id not in asked:
            continue
        found.append(_booth(p, moves.get(p.id, []), kinds.get(p.id, {}), asked.get(p.id, (0, 0, 0))))
    return sorted(found, key=lambda b: (-b.last_on.toordinal(), -b.empty_hours, b.name))


def _booth(p: PointView, moves: list[Move], kinds: dict[str, int], asked: tuple[int, int, int]) -> Booth:
    first, end = p.begins_on or date.min, p.ends_on or date.max  # `past` takes booths that have both
    spans = [s for n in range((end - first).days) if (s := _span(p, first + timedelta(days=n)))]
    hours = sum((emptiness(moves, spans[:i], span).hours for i, span in enumerate(spans)), 0.0) if moves else 0.0
    balance, empty_at = 0, None
    for m in sorted(moves, key=lambda m: (m.at, m.quantity < 0)):
        balance += m.quantity
        if balance <= 0 and m.sold and m.quantity < 0 and empty_at is None:
            empty_at = m.at
    on_first = sum(-m.quantity for m in moves if m.sold and clock.business_day(m.at) == first)
    return Booth(
        p.slug, p.name, first, end - timedelta(days=1),
        brought=kinds.get("came", 0), sold=kinds.get("sold", 0), first_sold=on_first, empty_at=empty_at, empty_hours=hours,
        asks=asked[0], lacked=asked[1], lost_amount=asked[2], taken_home=kinds.get("home", 0),
        written_off=kinds.get("lost", 0),
    )  # fmt: skip


def _span(p: PointView, day: date) -> Span | None:
    minutes = USUAL if p.week is None else p.week[day.weekday()]
    if minutes is None:
        return None
    start = clock.start_of(day)
    return start + timedelta(minutes=minutes[0]), start + timedelta(minutes=minutes[1])


def _moves(ids: list[int], scopes: Collection[str]) -> tuple[dict[int, list[Move]], dict[int, dict[str, int]]]:
    """What came to these points and left them; a sale of a counter at the moment that the counter says."""
    statement = (
        select(
            StockLevel.point_id, StockMovement.at, StockMovement.quantity, StockMovement.kind, StockMovement.reference
        )
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(StockLevel.point_id.in_(ids))
        .order_by(StockMovement.id)
    )
    if "*" not in scopes:
        statement = (
            statement.join(Variant, Variant.id == StockLevel.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .outerjoin(Producer, Producer.id == Product.producer_id)
            .where(covered(scopes))
        )
    rows = session().execute(statement).all()
    orders = sorted({r.split(":")[1] for *_x, r in rows if r and r.startswith("order:")})
    said: dict[str, datetime] = {}
    for some in in_batches(orders):
        at_counter = select(Order.reference, Order.placed_at).where(Order.reference.in_(some), Order.channel == TILL)
        said.update({row.reference: row.placed_at for row in session().execute(at_counter)})
    moves: dict[int, list[Move]] = defaultdict(list)
    kinds: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for point_id, at, quantity, kind, reference in rows:
        order = reference.split(":")[1] if reference and reference.startswith("order:") else ""
        when = said.get(order, at) if kind is MovementKind.SALE else at
        moves[point_id].append(Move(when, quantity, kind in _SOLD))
        of = kinds[point_id]
        if kind in _CAME:
            of["came"] += quantity
        elif kind in _SOLD:
            of["sold"] -= quantity
        elif kind is MovementKind.TRANSFER_OUT or (reference or "").startswith(HANDED_BACK):
            of["home"] -= quantity
        else:
            of["lost"] -= min(quantity, 0)
    return moves, kinds


def _asked(ids: list[int], scopes: Collection[str]) -> dict[int, tuple[int, int, int]]:
    """(people, units, đồng lost) of what was asked for at these points and not had, and of the hours without goods."""
    people = func.sum(UnmetDay.asks).filter(UnmetDay.kind != Kind.BOOTH_EMPTY)
    units = func.sum(UnmetDay.units).filter(UnmetDay.kind != Kind.BOOTH_EMPTY)
    statement = (
        select(UnmetDay.point_id, people, units, func.sum(UnmetDay.lost_amount))
        .where(UnmetDay.point_id.in_(ids))
        .group_by(UnmetDay.point_id)
    )
    if "*" not in scopes:
        statement = (
            statement.join(Product, Product.id == UnmetDay.product_id)
            .outerjoin(Producer, Producer.id == Product.producer_id)
            .where(covered(scopes))
        )
    return {int(p): (int(a or 0), int(u or 0), int(n or 0)) for p, a, u, n in session().execute(statement) if p}
