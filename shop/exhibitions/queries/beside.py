"""Figures of a report that are no sales: visitors, trade buyers and what they bought, orders that came by a booth's code, what
sources write of earlier fairs. Where nobody wrote anything down a figure is absent (None), not nought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from shop.exhibitions import sensors
from shop.exhibitions.models.days import OUTCOME_DAYS, Contact, ContactKind, ContactOutcome, CountedBy, Gate, Visits
from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.models.records import Figure
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.models import Order, OrderLine, OrderStatus
from shop.producers.models import Producer

_GOOD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class VisitRow:
    """What one way of counting says of one gate and hour; `visitors` is nought where a surer way (`instead`) counts."""

    hour: datetime
    gate: str
    source: CountedBy
    written: int
    visitors: int
    instead: CountedBy | None


def visit_rows(fair: Exhibition, on: date | None = None) -> list[VisitRow]:
    """Every count of visitors (of one day), also those that a surer one stands before, which count nothing."""
    rows = session().execute(
        select(Visits.gate_id, Gate.name, Visits.hour, Visits.source, Visits.visitors)
        .join(Gate, Gate.id == Visits.gate_id)
        .where(Visits.exhibition_id == fair.id)
        .order_by(Visits.hour, Visits.gate_id, Visits.id)
    )
    found = [row for row in rows.all() if on is None or clock.business_day(row.hour) == on]
    surest: dict[tuple[int, datetime], CountedBy] = {}
    for row in sorted(found, key=lambda r: sensors.SUREST.index(r.source)):
        surest.setdefault((row.gate_id, row.hour), row.source)
    made = []
    for row in found:
        best = surest[row.gate_id, row.hour]
        counts = best is row.source
        made.append(
            VisitRow(
                row.hour, row.name, row.source, row.visitors, row.visitors if counts else 0, None if counts else best
            )
        )
    return made


def visitors(fair: Exhibition) -> dict[date, int] | None:
    """Visitors by day; of each gate and hour the surest way of counting counts. None: nobody counted."""
    rows = visit_rows(fair)
    found: dict[date, int] = defaultdict(int)
    for row in rows:
        found[clock.business_day(row.hour)] += row.visitors
    return dict(sorted(found.items())) if rows else None


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A trade buyer met, without his name: what it was about, what was agreed, what he had bought after 30 and 90 days
    (đồng)."""

    reference: str
    at: datetime
    producer: str
    agreed: bool
    what: str
    value: int | None
    after_30: int | None
    after_90: int | None


def trade_rows(fair: Exhibition, *, agreed: bool = False) -> list[TradeRow]:
    """The trade buyers met at a fair; with `agreed` those who agreed on something there."""
    bought = {
        (contact_id, days): amount
        for contact_id, days, amount in session().execute(
            select(ContactOutcome.contact_id, ContactOutcome.after_days, ContactOutcome.amount)
            .join(Contact, Contact.id == ContactOutcome.contact_id)
            .where(Contact.exhibition_id == fair.id)
        )
    }
    rows = session().execute(
        select(Contact, Producer.name)
        .join(Producer, Producer.id == Contact.producer_id)
        .where(Contact.exhibition_id == fair.id)
        .order_by(Contact.id)
    )
    return [
        TradeRow(
            c.reference, c.made_at, name, c.kind is ContactKind.AGREEMENT, c.what, c.value_amount,
            bought.get((c.id, 30)), bought.get((c.id, 90)),
        )
        for c, name in rows
        if c.kind is ContactKind.AGREEMENT or not agreed
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LaterRow:
    """A line of an order that came by a booth's code (sale units, đồng)."""

    at: datetime
    reference: str
    booth: str
    goods: str
    units: int
    amount: int


def later_rows(fair: Exhibition, days: int) -> list[LaterRow]:
    """Lines of orders that came by booths' codes, placed within so many days after the fair's end."""
    if fair.to_on is None:
        return []
    left = OrderLine.quantity - OrderLine.refused_quantity
    prefix = f"exhibition:{fair.id}:"
    rows = session().execute(
        select(
            Order.placed_at, Order.reference, OrderLine.origin, OrderLine.name, OrderLine.pack, left,
            left * OrderLine.unit_price_amount,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            OrderLine.origin.startswith(prefix, autoescape=True),
            Order.status.in_(_GOOD),
            left > 0,
            Order.placed_at < clock.start_of(fair.to_on + timedelta(days=days)),
        )
        .order_by(Order.placed_at, OrderLine.id)
    )  # fmt: skip
    return [
        LaterRow(at, reference, str(came).removeprefix(prefix), f"{name}, {pack}", n, amount)
        for at, reference, came, name, pack, n, amount in rows
    ]


def trade(fair: Exhibition) -> dict[str, int | None]:
    """Trade buyers met, what was agreed, what had been bought after 30 and 90 days (None: not yet, or nobody wrote it down)."""
    return _contacts(fair) | _orders(fair)


def _contacts(fair: Exhibition) -> dict[str, int | None]:
    agreed = Contact.kind == ContactKind.AGREEMENT
    row = session().execute(
        select(
            func.count(Contact.id),
            func.count(Contact.id).filter(agreed),
            func.sum(Contact.value_amount).filter(agreed),
        ).where(Contact.exhibition_id == fair.id)
    ).one()  # fmt: skip
    found: dict[str, int | None] = {f"bought_{n}": None for n in OUTCOME_DAYS}
    found |= {"contacts": int(row[0]), "agreements": int(row[1]), "agreed_amount": int(row[2] or 0)}
    for days, amount in session().execute(
        select(ContactOutcome.after_days, func.sum(ContactOutcome.amount))
        .join(Contact, Contact.id == ContactOutcome.contact_id)
        .where(Contact.exhibition_id == fair.id)
        .group_by(ContactOutcome.after_days)
    ):
        found[f"bought_{days}"] = int(amount)
    return found


def _orders(fair: Exhibition) -> dict[str, int | None]:
    """Orders of the web that came by a booth's code, placed within 30 and 90 days after the end; before the end None."""
    found: dict[str, int | None] = {}
    for days in OUTCOME_DAYS:
        rows = None if fair.to_on is None or clock.today() < fair.to_on else later_rows(fair, days)
        found[f"orders_{days}"] = None if rows is None else len({row.reference for row in rows})
        found[f"orders_{days}_amount"] = None if rows is None else sum(row.amount for row in rows)
    return found


def recorded(exhibition_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What sources write of fairs, by fair and figure; figures that differ stand side by side, those of a part (some days, some
    goods) with the words of what they are of."""
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows: Any = session().execute(
        select(Figure.exhibition_id, Figure.what, Figure.text, Figure.label)
        .where(Figure.exhibition_id.in_(list(exhibition_ids)))
        .order_by(Figure.id)
    )
    for fair_id, what, written, label in rows:
        told = f"{written} ({label})" if label else written
        if told not in found[fair_id][what.value]:
            found[fair_id][what.value].append(told)
    return {fair_id: {what: " / ".join(told) for what, told in of.items()} for fair_id, of in found.items()}
