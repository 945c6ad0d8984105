"""The rows behind each number of a fair's report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import select

from shop.demand.models.unmet import Kind
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.fairs import Booth, BudgetLine, BudgetSide, Exhibition
from shop.exhibitions.queries import lacking, takings
from shop.exhibitions.queries.lacking import Missed
from shop.exhibitions.queries.report_ground import (
    KEYS,
    UNKNOWN,
    Ground,
    ground,
    localities,
    place_name,
    points,
    producer_key,
)
from shop.exhibitions.queries.takings import Taking
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.producers.models import Producer


@dataclass(frozen=True, slots=True)
class SaleRow:
    """One pack on one receipt, as the page behind a number shows it."""

    at: datetime
    reference: str
    booth: str
    goods: str
    producer: str
    locality: str
    owner: str
    ways: str
    units: int
    amount: int


def sale_rows(fair: Exhibition, by: str, key: str, as_of: datetime | None) -> list[SaleRow]:
    """The sales and returns that a number counts: all, those of one row of a table, or `own` ones.

    Raises:
        NotFound: there is no such table.
    """
    if by and by != "own" and by not in (*KEYS, "tender"):
        raise NotFound
    found = takings.of_points(points(fair.id), as_of)
    g = ground(fair, found)
    words: dict[tuple[int, int, str], tuple[str, str, str, str, str]] = {}
    ways: dict[tuple[str, ...], str] = {}
    rows = []
    for one in found:
        amount = one.amount
        if by == "own" and not g.is_own(one):
            continue
        if by == "tender" and key:
            amount = dict(one.tenders).get(key, 0)
            if not amount:
                continue
        elif by in KEYS and key and KEYS[by](g, one)[0] != key:
            continue
        alike = (one.point_id, one.variant_id, one.owner)
        if alike not in words:
            words[alike] = _words(g, one)
        paid = tuple(way for way, _n in one.tenders)
        if paid not in ways:
            ways[paid] = ", ".join(str(gettext(takings.WAYS[way])) for way in paid)
        rows.append(SaleRow(one.at, one.reference, *words[alike], ways[paid], one.units, amount))
    return rows


def _words(g: Ground, one: Taking) -> tuple[str, str, str, str, str]:
    """Booth, goods, producer, locality and owner of a sale."""
    ware, producer = g.wares[one.variant_id], producer_key(g, one)[1]
    maker = "–" if producer == UNKNOWN else producer
    place = place_name(g.place_of(one))
    return g.booths[one.point_id], f"{ware.name}, {ware.pack}", maker, place, one.owner


def shortage_rows(fair: Exhibition, key: str, *, asked: bool = False) -> list[Missed]:
    """What was asked for and not had, or ran empty: all of it, or of one row of the table; `asked`: what people asked for."""
    return [
        row
        for row in lacking.missed(fair, points(fair.id))
        if (not key or row.key == key) and not (asked and row.kind is Kind.BOOTH_EMPTY)
    ]


@dataclass(frozen=True, slots=True)
class HoursRow:
    """Open hours (tenths) in which a booth had run out of a pack, or of everything (`goods` says so)."""

    day: date
    booth: str
    goods: str
    from_at: datetime
    to_at: datetime
    hours: int


def empty_rows(fair: Exhibition, by: str, key: str, as_of: datetime | None) -> list[HoursRow]:
    """The open hours without goods of a booth (`empty_booth`, its code) or a pack (`empty_goods`, its id); all without a
    key."""
    as_of = as_of or clock.now()
    ids = points(fair.id)
    found = takings.of_points(ids, as_of)
    wares = ground(fair, found).wares

    def called(variant_id: int | None) -> str:
        if variant_id is None:
            return str(gettext("Cả gian"))
        return f"{wares[variant_id].name}, {wares[variant_id].pack}"

    return [
        HoursRow(row.day, row.booth, called(row.variant_id), row.from_at, row.to_at, row.hours)
        for row in lacking.empty_rows(fair, found, ids, as_of)
        if (row.variant_id is None) == (by == "empty_booth")
        and key in ("", row.booth if row.variant_id is None else str(row.variant_id))
    ]


@dataclass(frozen=True, slots=True)
class StandRow:
    """Who stood where (fee and subsidy in đồng)."""

    booth: str
    producer: str
    locality: str
    own: bool
    fee: int
    subsidy: int


def stand_rows(fair: Exhibition, *, own: bool = False) -> list[StandRow]:
    """The stands of a fair, by booth; with `own` those of the booths in which somebody of the province stands."""
    applied = localities(fair.id)
    rows = session().execute(
        select(Booth.code, Producer, Stand.fee_amount, Stand.subsidy_amount)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Booth.code, Stand.id)
    )
    found = []
    for code, producer, fee, subsidy in rows:
        at_home = producer.province_code == fair.province_code
        place = (applied.get(producer.id) or producer.commune_code) if at_home else producer.province_code
        found.append(StandRow(code, producer.name, place_name(place or UNKNOWN), at_home, fee, subsidy))
    homes = {row.booth for row in found if row.own}
    return [row for row in found if not own or row.booth in homes]


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A line of the budget (đồng); `counted` is what the report takes: the actual sum, else the planned one."""

    side: BudgetSide
    name: str
    funder: str
    planned: int
    actual: int | None
    counted: int


def budget_rows(fair: Exhibition, side: BudgetSide | None = None) -> list[BudgetRow]:
    """The lines of the fair's budget, of one side or both."""
    rows = session().scalars(select(BudgetLine).where(BudgetLine.exhibition_id == fair.id).order_by(BudgetLine.id))
    return [
        BudgetRow(
            line.side, line.name, line.funder or "", line.planned_amount, line.actual_amount,
            line.planned_amount if line.actual_amount is None else line.actual_amount,
        )
        for line in rows
        if side is None or line.side is side
    ]  # fmt: skip
