"""Figures that other parts of the room keep and a report shows: visitors, trade buyers and what they bought, orders that came
by a booth's code, what sources write of earlier fairs. Where a part keeps none yet its figures are absent, not nought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from shop.exhibitions.models.fairs import Exhibition
from shop.kernel import clock
from shop.kernel.db import Base, session
from shop.orders.models import Order, OrderLine, OrderStatus
from shop.producers.models import Producer

AFTER = (30, 90)
# The surer way of counting first.
_SUREST = ("typed", "sensor", "tap")
_GOOD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)


def _table(name: str) -> Any:
    return Base.metadata.tables.get(name)


def visitors(fair: Exhibition) -> dict[date, int] | None:
    """Visitors by day; of each gate and hour the surest way of counting counts. None: nobody counted."""
    visits = _table("exhibition_visits")
    if visits is None:
        return None
    surest: dict[tuple[int, Any], tuple[int, int]] = {}
    for gate, hour, source, n in session().execute(
        select(visits.c.gate_id, visits.c.hour, visits.c.source, visits.c.visitors).where(
            visits.c.exhibition_id == fair.id
        )
    ):
        rank = _SUREST.index(str(source))
        known = surest.get((gate, hour))
        if known is None or rank < known[0]:
            surest[gate, hour] = (rank, n)
    if not surest:
        return None
    found: dict[date, int] = defaultdict(int)
    for (_gate, hour), (_rank, n) in surest.items():
        found[clock.business_day(hour)] += n
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class VisitRow:
    """What one way of counting says of one hour."""

    hour: datetime
    source: str
    visitors: int


def visit_rows(fair: Exhibition) -> list[VisitRow]:
    """Every count of visitors, also those that a surer one stands before."""
    visits = _table("exhibition_visits")
    if visits is None:
        return []
    rows = session().execute(
        select(visits.c.hour, visits.c.source, visits.c.visitors)
        .where(visits.c.exhibition_id == fair.id)
        .order_by(visits.c.hour, visits.c.id)
    )
    return [VisitRow(hour, str(source), n) for hour, source, n in rows]


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


def trade_rows(fair: Exhibition) -> list[TradeRow]:
    """The trade buyers met at a fair."""
    contacts, outcomes = _table("exhibition_contacts"), _table("exhibition_outcomes")
    if contacts is None or outcomes is None:
        return []
    bought = {
        (contact_id, days): amount
        for contact_id, days, amount in session().execute(
            select(outcomes.c.contact_id, outcomes.c.after_days, outcomes.c.amount)
            .join(contacts, contacts.c.id == outcomes.c.contact_id)
            .where(contacts.c.exhibition_id == fair.id)
        )
    }
    rows = session().execute(
        select(
            contacts.c.id, contacts.c.reference, contacts.c.made_at, Producer.name, contacts.c.kind, contacts.c.what,
            contacts.c.value_amount,
        )
        .join(Producer, Producer.id == contacts.c.producer_id)
        .where(contacts.c.exhibition_id == fair.id)
        .order_by(contacts.c.id)
    )  # fmt: skip
    return [
        TradeRow(
            reference, at, name, str(kind) == "agreement", what, value, bought.get((i, 30)), bought.get((i, 90)),
        )
        for i, reference, at, name, kind, what, value in rows
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
    origin = OrderLine.__table__.c.get("origin")
    if origin is None or fair.to_on is None:
        return []
    left = OrderLine.quantity - OrderLine.refused_quantity
    prefix = f"exhibition:{fair.id}:"
    rows = session().execute(
        select(
            Order.placed_at, Order.reference, origin, OrderLine.name, OrderLine.pack, left,
            left * OrderLine.unit_price_amount,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            origin.startswith(prefix),
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
    found: dict[str, int | None] = dict.fromkeys(
        ("contacts", "agreements", "agreed_amount", *(f"bought_{n}" for n in AFTER))
    )
    contacts, outcomes = _table("exhibition_contacts"), _table("exhibition_outcomes")
    if contacts is None or outcomes is None:
        return found
    agreed = contacts.c.kind == "agreement"
    row = session().execute(
        select(
            func.count(contacts.c.id),
            func.count(contacts.c.id).filter(agreed),
            func.sum(contacts.c.value_amount).filter(agreed),
        ).where(contacts.c.exhibition_id == fair.id)
    ).one()  # fmt: skip
    found |= {"contacts": int(row[0]), "agreements": int(row[1]), "agreed_amount": int(row[2] or 0)}
    for days, amount in session().execute(
        select(outcomes.c.after_days, func.sum(outcomes.c.amount))
        .join(contacts, contacts.c.id == outcomes.c.contact_id)
        .where(contacts.c.exhibition_id == fair.id)
        .group_by(outcomes.c.after_days)
    ):
        found[f"bought_{days}"] = int(amount)
    return found


def _orders(fair: Exhibition) -> dict[str, int | None]:
    """Orders of the web that came by a booth's code (`exhibition:<id>:<booth>`), placed within 30 and 90 days after the end."""
    found: dict[str, int | None] = {f"orders_{n}{more}": None for n in AFTER for more in ("", "_amount")}
    origin = OrderLine.__table__.c.get("origin")
    if origin is None or fair.to_on is None:
        return found
    for days in AFTER:
        if clock.today() < fair.to_on:
            continue
        left = OrderLine.quantity - OrderLine.refused_quantity
        n, amount = session().execute(
            select(func.count(OrderLine.order_id.distinct()), func.sum(left * OrderLine.unit_price_amount))
            .join(Order, Order.id == OrderLine.order_id)
            .where(
                origin.startswith(f"exhibition:{fair.id}:"),
                Order.status.in_(_GOOD),
                left > 0,
                Order.placed_at < clock.start_of(fair.to_on + timedelta(days=days)),
            )
        ).one()  # fmt: skip
        found |= {f"orders_{days}": int(n), f"orders_{days}_amount": int(amount or 0)}
    return found


def recorded(exhibition_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What sources write of fairs, by fair and figure; figures that differ stand side by side."""
    figures = _table("exhibition_figures")
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    if figures is None:
        return {}
    for fair_id, what, told in session().execute(
        select(figures.c.exhibition_id, figures.c.what, figures.c.text)
        .where(figures.c.exhibition_id.in_(list(exhibition_ids)), figures.c.label.is_(None))
        .order_by(figures.c.id)
    ):
        if told not in found[fair_id][str(what)]:
            found[fair_id][str(what)].append(told)
    return {fair_id: {what: " / ".join(told) for what, told in of.items()} for fair_id, of in found.items()}
