"""What the figures of a score card are made of: products, order lines, parcels, packs, returns. Buyers stay unnamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.demand.models.forecasts import WHOLE, DemandWeek
from shop.kernel import clock, dates
from shop.kernel.db import in_batches, session
from shop.orders.models import SENT, Fulfilment, Order, OrderLine
from shop.payments.models import Refund
from shop.reports.queries import cards
from shop.reports.queries.cards import FUNNEL, Card
from shop.reports.queries.counting import SOLD
from shop.returns.models import RETURN_WHY_NAMES, Return, ReturnLine

# Figures beside the funnel.
WORD = ("filled", "punctual", "days_bare", "complaints")


@dataclass(frozen=True, slots=True)
class Row:
    """`value` counts into the figure (units, parcels, weeks; products and returns count once), of which `good` were as they
    should be; None where a figure has no such part."""

    name: str
    path: str
    maker: str
    value: float
    good: float | None
    note: str
    # The producer whose own rows lie behind this one.
    key: str = ""
    order: str = ""


def rows(figure: str, found: Mapping[int, Card], first: date, end: date, *, single: bool) -> list[Row]:
    """The rows of a figure (of `FUNNEL` or `WORD`) for these producers. `single`: one producer, whose parcels and order lines
    are told one by one; of several, each is a row."""
    if figure in FUNNEL:
        return _products(figure, found, first, end)
    if figure == "days_bare":
        return _packs(found, first, end)
    if figure == "complaints":
        return _returns(found, first, end)
    if not single:
        return _makers(figure, found, first, end)
    return _lines(found, first, end) if figure == "filled" else _parcels(found, first, end)


def _products(step: str, found: Mapping[int, Card], first: date, end: date) -> list[Row]:
    counted = {i: Card(c.key, c.name) for i, c in found.items()}
    cards.count_funnel(counted, first, end)
    maker = {p: found[i].name for i, card in counted.items() for p in card.funnel[step]}
    made = []
    for batch in in_batches(sorted(maker), 500):
        for i, name, slug in session().execute(
            select(Product.id, Product.name, Product.slug).where(Product.id.in_(batch))
        ):
            made.append(Row(name, f"/office/products/{slug}", maker[i], 1, None, ""))
    return made


def _makers(figure: str, found: Mapping[int, Card], first: date, end: date) -> list[Row]:
    counted = {i: Card(c.key, c.name) for i, c in found.items()}
    cards.count_word(counted, first, end)
    whole, good = ("ordered", "refused") if figure == "filled" else ("parcels", "on_time")
    return [
        Row(
            c.name, found[i].path, c.name, getattr(c, whole),
            c.ordered - c.refused if figure == "filled" else getattr(c, good), "", key=str(i),
        )
        for i, c in counted.items()
        if getattr(c, whole)
    ]  # fmt: skip


def _all(statement: Any) -> Any:
    return session().execute(statement)


def _lines(found: Mapping[int, Card], first: date, end: date) -> list[Row]:
    statement = (
        select(
            OrderLine.producer_id, Order.reference, Order.placed_at, OrderLine.name, OrderLine.quantity,
            OrderLine.refused_quantity,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.channel.in_(SENT), Order.status.in_(SOLD), cards.within(first, end), OrderLine.producer_id.in_(list(found))
        )
        .order_by(Order.placed_at, OrderLine.id)
    )  # fmt: skip
    return [
        Row(name, "", found[i].name, n, n - gone, dates.day(clock.business_day(at)), order=reference)
        for i, reference, at, name, n, gone in _all(statement)
    ]


def _parcels(found: Mapping[int, Card], first: date, end: date) -> list[Row]:
    statement = (
        select(
            OrderLine.producer_id, Order.reference, Fulfilment.number, Fulfilment.delivered_at, Fulfilment.expected_to_on,
            Order.placed_at, Fulfilment.id,
        )
        .join(OrderLine, OrderLine.fulfilment_id == Fulfilment.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(cards.within(first, end), cards.promised(), OrderLine.producer_id.in_(list(found)))
        .distinct()
        .order_by(Fulfilment.id)
    )  # fmt: skip
    made = []
    for i, reference, number, came, promised, at, _id in _all(statement):
        day = clock.business_day(came)
        note = gettext("hẹn %(promised)s, đến %(came)s", promised=dates.day(promised), came=dates.day(day))
        made.append(
            Row(
                gettext("Kiện %(n)s, đặt %(day)s", n=number, day=dates.day(clock.business_day(at))),
                "",
                found[i].name,
                1,
                int(day <= promised),
                note,
                order=reference,
            )
        )
    return made


def _packs(found: Mapping[int, Card], first: date, end: date) -> list[Row]:
    statement = (
        select(
            Product.producer_id, Product.name, Product.slug, Variant.pack, func.count(DemandWeek.week_on),
            func.sum(DemandWeek.listed - DemandWeek.exposure),
        )
        .join(Variant, Variant.id == DemandWeek.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(cards.weeks(first, end), Product.producer_id.in_(list(found)))
        .group_by(Product.producer_id, Product.name, Product.slug, Variant.pack, Variant.id)
        .order_by(Variant.id)
    )  # fmt: skip
    return [
        Row(
            f"{name}, {pack}", f"/office/products/{slug}", found[i].name, round(float(bare or 0) * 7 / WHOLE, 1), None,
            gettext("trong %(n)s tuần bán", n=weeks),
        )
        for i, name, slug, pack, weeks, bare in _all(statement)
    ]  # fmt: skip


def _returns(found: Mapping[int, Card], first: date, end: date) -> list[Row]:
    statement = (
        select(OrderLine.producer_id, Return.reference, Return.why, Return.created_at, Return.id)
        .join(ReturnLine, ReturnLine.line_id == OrderLine.id)
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, Refund.id == Return.refund_id)
        .where(cards.complaints(first, end), OrderLine.producer_id.in_(list(found)))
        .distinct()
        .order_by(Return.id)
    )
    return [
        Row(reference, f"/office/returns/{reference}", found[i].name, 1, None,
            f"{gettext(RETURN_WHY_NAMES[why])}, {dates.day(clock.business_day(at))}")
        for i, reference, why, at, _id in _all(statement)
    ]  # fmt: skip


def whole(figure: str, found: Mapping[int, Card], first: date, end: date) -> Any:
    """The figure itself, as the card shows it, of these producers together."""
    total = Card("", "")
    counted = {i: Card(c.key, c.name) for i, c in found.items()}
    cards.count(counted, first, end)
    for card in counted.values():
        total.add(card)
    return len(total.funnel[figure]) if figure in FUNNEL else getattr(total, figure)
