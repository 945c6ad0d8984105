"""How producers did at former fairs: what they sold a day, and how long their booths stood without goods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.demand.booths import Move, Span, emptiness
from shop.exhibitions.allot import Past
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.orders.models import TILL, Fulfilment, Order, OrderLine
from shop.points import queries as points
from shop.points.models import PointKind
from shop.points.queries import PointView
from shop.stock.models import MovementKind, StockLevel, StockMovement

# Fairs that ended longer ago say little of how somebody does today.
LOOK_BACK = timedelta(days=3 * 366)
_USUAL = (8 * 60, 22 * 60)
_SOLD = (MovementKind.SALE, MovementKind.RETURN)


@dataclass(frozen=True, slots=True)
class Record:
    """All former fairs of one producer: their days, đồng sold, open hours and those without goods."""

    days: int
    sold_amount: int
    open_hours: float
    empty_hours: float

    @property
    def past(self) -> Past:
        """What the rule asks of it."""
        share = self.empty_hours / self.open_hours if self.open_hours else 0.0
        return Past(self.sold_amount // max(self.days, 1), min(1000, round(1000 * share)))


def of_producers(producer_ids: Collection[int], today: date | None = None) -> dict[int, Record]:
    """By producer; newcomers are missing. A fixed number of statements for five hundred producers."""
    today = today or clock.today()
    fairs = {
        p.id: p for p in points.all_points()
        if p.kind is PointKind.FAIR and p.opened_on and p.closed_on and today - LOOK_BACK < p.closed_on <= today
    }  # fmt: skip
    if not fairs or not producer_ids:
        return {}
    moves = _moves(sorted(fairs), sorted(producer_ids))
    sold = _sold(sorted(fairs), sorted(producer_ids))
    stood: dict[int, list[int]] = defaultdict(list)
    for producer_id, point_id in sorted(set(moves) | set(sold)):
        stood[producer_id].append(point_id)
    return {p: _record(p, [fairs[i] for i in ids], moves, sold) for p, ids in stood.items()}


def _record(
    producer_id: int,
    at: Sequence[PointView],
    moves: dict[tuple[int, int], list[Move]],
    sold: dict[tuple[int, int], int],
) -> Record:
    # Two booths at one fair are two booths of the same days.
    fairs = {(p.opened_on, p.closed_on) for p in at}
    days = sum((end - first).days for first, end in fairs if first and end)
    open_hours = empty = 0.0
    for p in at:
        if p.opened_on is None or p.closed_on is None:
            continue
        spans = [s for n in range((p.closed_on - p.opened_on).days) if (s := _span(p, p.opened_on + timedelta(days=n)))]
        mine = moves.get((producer_id, p.id), [])
        for i, span in enumerate(spans):
            open_hours += (span[1] - span[0]) / timedelta(hours=1)
            empty += emptiness(mine, spans[:i], span).hours if mine else 0.0
    return Record(days, sum(sold.get((producer_id, p.id), 0) for p in at), open_hours, empty)


def _span(p: PointView, day: date) -> Span | None:
    minutes = _USUAL if p.week is None else p.week[day.weekday()]
    if minutes is None:
        return None
    start = clock.start_of(day)
    return start + timedelta(minutes=minutes[0]), start + timedelta(minutes=minutes[1])


def _sold(point_ids: list[int], producer_ids: list[int]) -> dict[tuple[int, int], int]:
    """Đồng sold at counters, by (producer, point)."""
    found: dict[tuple[int, int], int] = {}
    amount = func.sum(OrderLine.unit_price_amount * (OrderLine.quantity - OrderLine.refused_quantity))
    for batch in in_batches(producer_ids):
        rows = session().execute(
            select(OrderLine.producer_id, Fulfilment.point_id, amount)
            .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.channel == TILL, Fulfilment.point_id.in_(point_ids), OrderLine.producer_id.in_(batch))
            .group_by(OrderLine.producer_id, Fulfilment.point_id)
        )
        found.update({(producer, point): int(total or 0) for producer, point, total in rows if producer})
    return found


def _moves(point_ids: list[int], producer_ids: list[int]) -> dict[tuple[int, int], list[Move]]:
    """What of each producer's goods came to these points and left them; a sale when the counter says it was."""
    found: dict[tuple[int, int], list[Move]] = defaultdict(list)
    for batch in in_batches(producer_ids):
        rows = session().execute(
            select(
                Product.producer_id, StockLevel.point_id, StockMovement.at, StockMovement.quantity, StockMovement.kind,
                StockMovement.reference,
            )
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .join(Variant, Variant.id == StockLevel.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .where(StockLevel.point_id.in_(point_ids), Product.producer_id.in_(batch))
            .order_by(StockMovement.id)
        ).all()  # fmt: skip
        said = _said({r.split(":")[1] for *_x, r in rows if r and r.startswith("order:")})
        for producer_id, point_id, at, quantity, kind, reference in rows:
            order = reference.split(":")[1] if reference and reference.startswith("order:") else ""
            when = said.get(order, at) if kind is MovementKind.SALE else at
            if producer_id is not None:
                found[producer_id, point_id].append(Move(when, quantity, kind in _SOLD))
    return found


def _said(references: set[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for some in in_batches(sorted(references)):
        rows = select(Order.reference, Order.placed_at).where(Order.reference.in_(some), Order.channel == TILL)
        found.update({row.reference: row.placed_at for row in session().execute(rows)})
    return found
