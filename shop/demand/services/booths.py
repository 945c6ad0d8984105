"""Booths of fairs that ran empty: what each day without goods lost, worked out again for a week, as late sales come in."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from shop.demand.booths import Move, Span, emptiness
from shop.demand.models.unmet import Channel, Kind, UnmetAsk
from shop.demand.services import unmet
from shop.demand.services.unmet import Wish
from shop.kernel import clock
from shop.kernel.db import in_batches, session, transaction
from shop.orders.models import TILL, Order
from shop.points.hours import Week
from shop.points.models import PointKind
from shop.points.queries import PointView, all_points
from shop.stock.models import MovementKind, StockLevel, StockMovement

# Where nobody wrote down the hours of a booth: fairs in Quảng Ninh are open from morning to night.
USUAL = (8 * 60, 22 * 60)
# A counter at a fair may come back on line days later.
DAYS_AGAIN = 7
_SOLD = (MovementKind.SALE, MovementKind.RETURN)


def look(today: date | None = None) -> int:
    """Work out the last days of all fairs up to yesterday; returns how many goods of a booth and day had run empty."""
    today = today or clock.today()
    found = 0
    for point in all_points():
        if point.kind is not PointKind.FAIR:
            continue
        days = [d for n in range(DAYS_AGAIN, 0, -1) if point.sells_on(d := today - timedelta(days=n))]
        if days and (point.begins_on is None or point.ends_on is None):
            # A hall of fairs without days of its own stands empty most of the year: only days on which it sold are a fair's.
            days = [d for d in days if d in _sold_on(point.id, days[0])]
        if days:
            with transaction():
                found += _look_at(point, days)
    return found


def _look_at(point: PointView, days: list[date]) -> int:
    moves = _moves(point.id)
    found = 0
    for day in days:
        span = _span(point.week, day)
        if span is None:
            continue
        asked = _asked(point.id, day)
        for variant_id, of_variant in sorted(moves.items()):
            first = clock.business_day(of_variant[0].at)
            start = max(first, point.begins_on or first)
            before = [s for n in range((day - start).days) if (s := _span(point.week, start + timedelta(days=n)))]
            lost = emptiness(of_variant, before, span).units - asked.get(variant_id, 0)
            once = f"booth:{point.id}:{variant_id}:{day}"
            thousandths = round(lost * 1000)
            if thousandths < 1:
                unmet.withdraw(once)
                continue
            found += 1
            wish = Wish(
                Kind.BOOTH_EMPTY,
                Channel.FAIR,
                max(round(lost), 1),
                variant_id=variant_id,
                point_id=point.id,
                reference=f"point:{point.slug}"[:80],
                at=span[0],
                lost_units=thousandths,
            )
            unmet.put(wish, once=once)
    return found


def _sold_on(point_id: int, since: date) -> set[date]:
    """The days from `since` on which a counter of the point sold anything."""
    rows = session().scalars(
        select(Order.placed_at).where(
            Order.channel == TILL, Order.pickup_point_id == point_id, Order.placed_at >= clock.start_of(since)
        )
    )
    return {clock.business_day(at) for at in rows}


def _span(week: Week | None, day: date) -> Span | None:
    """The opening of a day as instants; None if it is closed."""
    minutes = USUAL if week is None else week[day.weekday()]
    if minutes is None:
        return None
    start = clock.start_of(day)
    return start + timedelta(minutes=minutes[0]), start + timedelta(minutes=minutes[1])


def _moves(point_id: int) -> dict[int, list[Move]]:
    """What came to a booth and left it, per variant; sales at the moment that the counter says, not when they were booked."""
    rows = (
        session()
        .execute(
            select(
                StockLevel.variant_id, StockMovement.at, StockMovement.quantity, StockMovement.kind, StockMovement.reference
            )
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .where(StockLevel.point_id == point_id)
            .order_by(StockMovement.id)
        )
        .all()
    )  # fmt: skip
    names = {r: parts[1] for *_x, r in rows if r and (parts := r.split(":"))[0] == "order" and len(parts) > 1}
    said: dict[str, datetime] = {}
    for some in in_batches(sorted(set(names.values()))):
        at_counter = select(Order.reference, Order.placed_at).where(Order.reference.in_(some), Order.channel == TILL)
        said.update({row.reference: row.placed_at for row in session().execute(at_counter)})
    found: dict[int, list[Move]] = defaultdict(list)
    for variant_id, at, quantity, kind, reference in rows:
        when = said.get(names.get(reference or "", ""), at) if kind is MovementKind.SALE else at
        found[variant_id].append(Move(when, quantity, kind in _SOLD))
    return {variant_id: sorted(moves, key=lambda m: m.at) for variant_id, moves in found.items()}


def _asked(point_id: int, day: date) -> dict[int, int]:
    """Units that visitors of the booth asked for by name on that day: they are counted as people already."""
    rows = session().execute(
        select(UnmetAsk.variant_id, func.sum(UnmetAsk.quantity))
        .where(
            UnmetAsk.kind == Kind.TILL_ASKED,
            UnmetAsk.point_id == point_id,
            UnmetAsk.day == day,
            UnmetAsk.variant_id.is_not(None),
        )
        .group_by(UnmetAsk.variant_id)
    )
    return {variant_id: int(n) for variant_id, n in rows if variant_id is not None}
