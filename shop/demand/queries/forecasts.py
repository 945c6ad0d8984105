"""Reads of the forecast: lists, one product, one series with its past, quality; nothing here needs numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import Select, func, or_, select

from shop.catalog.models import Product, ProductSet, Variant
from shop.demand.models.forecasts import (
    WEB,
    WHOLE,
    DemandHeir,
    DemandWeek,
    ForecastLine,
    ForecastRun,
    ForecastTotal,
    Of,
    Source,
)
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points import queries as points
from shop.producers.models import Producer

WEEK = timedelta(weeks=1)
AHEAD = 13
# The province whose communes make the goods.
# Weeks of the past beside the forecast of a series.
SHOWN = 52


def newest() -> ForecastRun | None:
    """The forecast that is read: the last one that was finished."""
    return session().scalars(
        select(ForecastRun).where(ForecastRun.done_at.is_not(None)).order_by(ForecastRun.id.desc()).limit(1)
    ).first()  # fmt: skip


def place_name(place: int) -> str:
    """Where demand arises, for people."""
    if place == WEB:
        return str(gettext(N_("Trên mạng")))
    found = next((p for p in points.all_points() if p.id == place), None)
    return found.name if found else "–"


@dataclass(frozen=True, slots=True)
class Row:
    """A pack in the list: what is expected of it, everywhere or at the place that was chosen."""

    variant_id: int
    sku: str
    pack: str
    slug: str
    product: str
    producer: str | None
    units_4: float
    units_13: float
    lost_4: float
    low: list[float]
    high: list[float]
    mean: list[float]

    @property
    def next_range(self) -> str:
        """Next week's range."""
        return f"{round(self.low[0])}–{round(self.high[0])}"

    @property
    def week_1(self) -> float:
        """Units of the next week."""
        return self.mean[0]


def _matching(q: str) -> Any:
    raw = q.strip()
    found = [Variant.sku.icontains(raw, autoescape=True), Product.name.icontains(raw, autoescape=True)]
    if words := text.words(raw):
        found.append(Product.slug.contains("-".join(words), autoescape=True))
    return or_(*found)


def _sets() -> list[tuple[str, str]]:
    rows = session().execute(
        select(ProductSet.id, ProductSet.number, ProductSet.name)
        .where(ProductSet.id.in_(select(Product.set_id).distinct()))
        .order_by(ProductSet.number)
    )
    return [(str(i), f"{n}. {name}") for i, n, name in rows]


def _communes() -> list[tuple[str, str]]:
    used = set(session().scalars(select(Product.commune_code).where(Product.commune_code.is_not(None)).distinct()))
    return [(code, name) for code, name in places.commune_choices(HOME_PROVINCE) if code in used]


def places_of(run_id: int) -> list[tuple[int, str]]:
    """(place, name) of all that the run speaks of, the web first."""
    ids = session().scalars(
        select(ForecastTotal.key_id).where(ForecastTotal.run_id == run_id, ForecastTotal.of == Of.PLACE)
    )
    return sorted(((int(p), place_name(int(p))) for p in ids), key=lambda o: (o[0] != WEB, text.sort_key(o[1])))


def _figure(what: str, i: int) -> Callable[[Any], str]:
    return lambda row: str(round(getattr(row, what)[i], 1)).replace(".", ",")


def table(source: Any, *, wide: bool = True) -> tables.Table:
    """The list over `source` (lines of one place or totals of packs); `wide`: with filters of the office."""
    return tables.Table(
        name="forecast",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name, Variant.position)),
            tables.Column("pack", N_("Quy cách"), on_page=False),
            tables.Column("sku", N_("Mã hàng"), on_page=False),
            tables.Column("producer", N_("Cơ sở"), sort=(Producer.sort_name,), on_page=wide),
            tables.Column("week_1", N_("Tuần tới"), "num", value=lambda r: round(r.mean[0], 1)),
            tables.Column("next_range", N_("Khoảng 80 %"), "num"),
            tables.Column("units_4", N_("4 tuần tới"), "num", sort=(source.units_4,), value=lambda r: round(r.units_4)),
            tables.Column("units_13", N_("13 tuần tới"), "num", sort=(source.units_13,), value=lambda r: round(r.units_13)),
            tables.Column("lost_4", N_("Ước lỡ 4 tuần qua"), "num", sort=(source.lost_4,), value=lambda r: round(r.lost_4)),
            *(
                tables.Column(
                    f"{what}_{i + 1}", label, "num", on_page=False,
                    value=_figure(what, i),
                )
                for i in range(AHEAD)
                for what, label in (("low", f"W{i + 1} 10 %"), ("mean", f"W{i + 1}"), ("high", f"W{i + 1} 90 %"))
            ),
        ),
        order="-units_4",
        tie=Variant.id,
        search=_matching,
        filters=(
            (
                tables.Filter("commune", N_("Xã, phường làm ra"), lambda v: Product.commune_code == v, _communes),
                tables.Filter("set", N_("Bộ sản phẩm"), lambda v: Product.set_id == int(v), _sets),
            )
            if wide
            else ()
        ),
    )  # fmt: skip


def statement(run_id: int, place: int | None) -> tuple[Any, Select[Any]]:
    """(source, SELECT of `Row`) of a run: everywhere, or at one place."""
    source: Any = ForecastTotal if place is None else ForecastLine
    key = ForecastTotal.key_id if place is None else ForecastLine.variant_id
    found = (
        select(
            Variant.id, Variant.sku, Variant.pack, Product.slug, Product.name, Producer.name, source.units_4,
            source.units_13, source.lost_4, source.low, source.high, source.mean,
        )
        .select_from(source)
        .join(Variant, Variant.id == key)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(source.run_id == run_id)
    )  # fmt: skip
    return source, found.where(ForecastTotal.of == Of.VARIANT) if place is None else found.where(
        ForecastLine.place == place
    )


@dataclass(frozen=True, slots=True)
class Ahead:
    """Figures of the 13 weeks ahead: lists of equal length."""

    mean: list[float]
    low: list[float]
    middle: list[float]
    high: list[float]
    units_4: float
    units_13: float
    lost_4: float


def total(run_id: int, of: Of, key_id: int = 0) -> Ahead | None:
    """One total of a run."""
    t = session().get(ForecastTotal, (run_id, of, key_id))
    if t is None:
        return None
    return Ahead(t.mean, t.low, t.middle, t.high, t.units_4, t.units_13, t.lost_4)


@dataclass(frozen=True, slots=True)
class Goods:
    """A product and its packs: (id, sku, pack)."""

    id: int
    slug: str
    name: str
    producer_id: int | None
    variants: tuple[tuple[int, str, str], ...]


def goods(slug: str) -> Goods:
    """The product of this address.

    Raises:
        NotFound: there is none.
    """
    s = session()
    row = s.execute(select(Product.id, Product.name, Product.producer_id).where(Product.slug == slug)).first()
    if row is None:
        raise NotFound
    packs = s.execute(
        select(Variant.id, Variant.sku, Variant.pack)
        .where(Variant.product_id == row[0])
        .order_by(Variant.position, Variant.id)
    )
    return Goods(row[0], slug, row[1], row[2], tuple((v, sku, pack) for v, sku, pack in packs))


def producer_of(slug: str) -> int | None:
    """Whose product it is."""
    return session().scalar(select(Product.producer_id).where(Product.slug == slug))


@dataclass(frozen=True, slots=True)
class LineView:
    """One series of a product: a pack at a place."""

    variant_id: int
    place: int
    place_name: str
    sku: str
    pack: str
    line: ForecastLine


def lines_of(run_id: int, of: Goods) -> list[LineView]:
    """All series of a product, those that sell most first."""
    packs = {v: (sku, pack) for v, sku, pack in of.variants}
    rows = session().scalars(
        select(ForecastLine)
        .where(ForecastLine.run_id == run_id, ForecastLine.variant_id.in_(packs))
        .order_by(ForecastLine.units_13.desc(), ForecastLine.variant_id, ForecastLine.place)
    )
    return [LineView(x.variant_id, x.place, place_name(x.place), *packs[x.variant_id], x) for x in rows]


@dataclass(frozen=True, slots=True)
class WeekView:
    """One past week of a series: units, share of the time on offer without goods, what is known of the price."""

    week_on: date
    sold: int
    asked: int
    empty: float
    fair: bool
    price: float
    brought: bool


def past(until: date, variant_id: int, place: int | None, weeks: int = SHOWN) -> list[WeekView]:
    """The last weeks before `until`, without gaps; over all places where none is named."""
    mondays = [until - WEEK * i for i in range(weeks, 0, -1)]
    # The key begins with the week: a look-up for each week reads a few rows, whatever else there is.
    here = [DemandWeek.week_on.in_(mondays), DemandWeek.variant_id == variant_id]
    if place is not None:
        here.append(DemandWeek.place == place)
    rows = session().execute(
        select(
            DemandWeek.week_on,
            func.sum(DemandWeek.sold),
            func.sum(DemandWeek.asked),
            func.sum(DemandWeek.listed),
            func.sum(DemandWeek.exposure),
            func.max(DemandWeek.fair),
            func.min(DemandWeek.price),
            func.max(DemandWeek.source == Source.BROUGHT)
            if session().get_bind().dialect.name == "sqlite"
            else func.bool_or(DemandWeek.source == Source.BROUGHT),
        )
        .where(*here)
        .group_by(DemandWeek.week_on)
    )
    by = {r[0]: r for r in rows}
    found = []
    for week in mondays:
        if week not in by:
            found.append(WeekView(week, 0, 0, 0.0, False, 1.0, False))
            continue
        _w, sold, asked, listed, exposure, fair, price, brought = by[week]
        empty = max(0.0, 1 - exposure / listed) if listed else 0.0
        found.append(WeekView(week, int(sold), int(asked), empty, fair > 0, price / WHOLE, bool(brought)))
    return found


def heirs_of(variant_id: int) -> list[tuple[str, str, int]]:
    """(SKU, name, weight) of the packs whose history counts for this one."""
    rows = session().execute(
        select(Variant.sku, Product.name, DemandHeir.weight)
        .join(Variant, Variant.id == DemandHeir.from_variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(DemandHeir.to_variant_id == variant_id)
        .order_by(Variant.sku)
    )
    return [(sku, name, weight) for sku, name, weight in rows]


def variant_of(sku: str) -> int | None:
    """The pack with this SKU, however its letters are written."""
    return session().scalar(select(Variant.id).where(func.upper(Variant.sku) == sku.strip().upper()))


def runs(most: int = 30) -> list[ForecastRun]:
    """The last runs, the newest first."""
    return list(
        session().scalars(
            select(ForecastRun).where(ForecastRun.done_at.is_not(None)).order_by(ForecastRun.id.desc()).limit(most)
        )
    )


@dataclass(frozen=True, slots=True)
class Brought:
    """What has been brought so far."""

    rows: int
    first_on: date | None
    last_on: date | None


def brought() -> Brought:
    """How many weeks were brought, from when to when."""
    n, first, last = session().execute(
        select(func.count(), func.min(DemandWeek.week_on), func.max(DemandWeek.week_on)).where(
            DemandWeek.source == Source.BROUGHT
        )
    ).one()  # fmt: skip
    return Brought(int(n), first, last)
