"""Reads of unmet demand: by goods, by words, by place; the single asks of one product; what a producer's goods missed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select, true

from shop.catalog.models import Product, Variant
from shop.catalog.queries.office import covered
from shop.demand.models.unmet import CHANNEL_NAMES, KIND_NAMES, Channel, Kind, UnmetAsk, UnmetDay
from shop.demand.rules import unmet as rules
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.text import may_name_person
from shop.points.models import Point
from shop.producers.models import Producer

D = UnmetDay
# What only one person has asked is not shown to producers: it could tell who it was.
LEAST_ASKED = 2
MOST_WORDS = 20
# What the demonstration made up says so.
DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Total:
    """People, units that lacked, units lost by the rule (thousandths) and đồng lost."""

    asks: int
    units: int
    lost_units: int
    lost_amount: int


def shares() -> list[tuple[str, int]]:
    """The rule in figures: kinds of which only a share counts, with it in per cent."""
    return [(gettext(KIND_NAMES[kind]), rules.share(kind)) for kind in rules.SHARES]


def is_demo() -> bool:
    """Whether some of what is kept singly was made up for the demonstration."""
    return session().scalar(select(UnmetAsk.id).where(UnmetAsk.reference == DEMO).limit(1)) is not None


def kept_days() -> int:
    """How long single asks are kept."""
    return int(rules.ASKS_DAYS.get())


def _sums() -> tuple[Any, ...]:
    return (
        func.sum(D.asks).label("asks"),
        func.sum(D.units).label("units"),
        func.sum(D.lost_units).label("lost_units"),
        func.sum(D.lost_amount).label("lost_amount"),
    )


def _columns() -> list[tables.Column]:
    """The sums of a row, đồng first: on a narrow screen the first ones are seen."""
    asks, units, lost_units, lost_amount = (c.element for c in _sums())
    return [
        tables.Column("lost_amount", N_("Ước tính mất (đồng)"), "num", sort=(lost_amount,)),
        tables.Column(
            "lost_units",
            N_("Ước tính mất (đơn vị)"),
            "num",
            sort=(lost_units,),
            value=lambda r: thousandths(r.lost_units),
        ),
        tables.Column("units", N_("Số lượng thiếu"), "num", sort=(units,)),
        tables.Column("asks", N_("Số người"), "num", sort=(asks,)),
    ]


def thousandths(value: int) -> Decimal:
    """Units of the estimate for a spreadsheet."""
    return Decimal(int(value)) / 1000


def _filters(kinds: Collection[Kind], *, place: bool = True) -> list[tables.Filter]:
    found = [
        tables.Filter("from", N_("Từ ngày"), lambda day: D.day >= day, kind="day"),
        tables.Filter("to", N_("Đến ngày"), lambda day: D.day <= day, kind="day"),
        tables.Filter("kind", N_("Kiểu"), lambda v: D.kind == v, [(k.value, KIND_NAMES[k]) for k in kinds]),
    ]
    channels = [(c.value, CHANNEL_NAMES[c]) for c in Channel]
    return [*found, tables.Filter("channel", N_("Kênh"), lambda v: D.channel == v, channels)] if place else found


def _is_about(q: str) -> Any:
    return or_(
        Product.name.icontains(q, autoescape=True),
        Variant.sku.icontains(q, autoescape=True),
        Producer.name.icontains(q, autoescape=True),
    )


OF_GOODS = [k for k in Kind if k is not Kind.SEARCH_NOTHING]


def _goods_table() -> tables.Table:
    return tables.Table(
        name="nhu-cau-chua-dap-ung",
        columns=[
            tables.Column("name", N_("Sản phẩm"), sort=(Product.sort_name,)),
            tables.Column("pack", N_("Quy cách"), on_page=False),
            tables.Column("sku", "SKU", on_page=False),
            tables.Column("producer", N_("Cơ sở"), on_page=False),
            *_columns(),
        ],
        order="-lost_amount",
        tie=func.min(D.id),
        filters=_filters(OF_GOODS),
        search=_is_about,
    )


def _goods() -> Any:
    return (
        select(
            Product.name,
            Product.slug,
            func.coalesce(Variant.pack, "").label("pack"),
            func.coalesce(Variant.sku, "").label("sku"),
            func.coalesce(Producer.name, "").label("producer"),
            *_sums(),
        )
        .select_from(D)
        .join(Product, Product.id == D.product_id)
        .outerjoin(Variant, Variant.id == D.variant_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .group_by(
            Product.id, Product.name, Product.slug, Product.sort_name, Variant.id, Variant.pack, Variant.sku, Producer.id,
            Producer.name,
        )
    )  # fmt: skip


def by_goods(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """What lacked of each pack; goods whose pack was not said (a search) stand as the product."""
    return _goods_table().open(args, here, _goods().where(covered(scopes)))


def of_producer(args: Mapping[str, str], here: str, producer_id: int) -> tables.View:
    """The same of one producer's own goods."""
    table = _goods_table()
    own = tables.Table(
        table.name,
        [c for c in table.columns if c.key != "producer"],
        table.order,
        table.tie,
        table.filters,
        lambda q: or_(Product.name.icontains(q, autoescape=True), Variant.sku.icontains(q, autoescape=True)),
    )
    return own.open(args, here, _goods().where(Product.producer_id == producer_id))


def by_words(args: Mapping[str, str], here: str) -> tables.View:
    """What was asked for in words, on the web and at counters, and was not there under any name."""
    words = func.min(D.words)
    table = tables.Table(
        name="tu-khoa-chua-dap-ung",
        columns=[tables.Column("words", N_("Tìm gì, hỏi gì"), sort=(D.text,)), *reversed(_columns()[1:])],
        order="-asks",
        tie=func.min(D.id),
        filters=_filters([Kind.SEARCH_NOTHING, Kind.TILL_ASKED]),
        search=lambda q: D.text.contains(text.fold(q), autoescape=True),
    )
    statement = select(words.label("words"), *_sums()).where(D.text.is_not(None)).group_by(D.text)
    return table.open(args, here, statement)


def by_place(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """What lacked at each point, and on the web."""
    table = tables.Table(
        name="noi-thieu-hang",
        columns=[
            tables.Column("place", N_("Nơi"), sort=(Point.sort_name,), value=lambda r: r.place or gettext("Trên mạng")),
            *_columns(),
        ],
        order="-lost_amount",
        tie=func.min(D.id),
        filters=_filters(list(Kind)),
    )
    statement = (
        select(Point.name.label("place"), *_sums())
        .select_from(D)
        .outerjoin(Point, Point.id == D.point_id)
        .where(_places(scopes))
        .group_by(Point.id, Point.name, Point.sort_name)
    )
    return table.open(args, here, statement)


def _places(scopes: Collection[str]) -> Any:
    """The condition that a reader whose grants have these scopes may see what lacked at a point; the web is for those who see
    all."""
    if "*" in scopes:
        return true()
    parts = [scope.partition(":") for scope in scopes]
    ids = [int(value) for kind, _sep, value in parts if kind == "point" and value.isdigit()]
    communes = [value for kind, _sep, value in parts if kind == "locality"]
    return or_(Point.id.in_(ids), Point.commune_code.in_(communes))


def total(scopes: Collection[str], since: date) -> Total:
    """All that lacked of the goods that a reader may see, since a day."""
    seen = select(*_sums()).select_from(D).where(D.day >= since)
    if "*" not in scopes:
        seen = seen.join(Product, Product.id == D.product_id).outerjoin(Producer, Producer.id == Product.producer_id)
        seen = seen.where(covered(scopes))
    row = session().execute(seen).one()
    return Total(*(int(value or 0) for value in row))


def asks_of(args: Mapping[str, str], here: str, product_id: int) -> tables.View:
    """The single asks of one product that are still kept, the last first."""
    a = UnmetAsk
    table = tables.Table(
        name="tung-luot-hoi",
        columns=[
            tables.Column("at", N_("Lúc"), sort=(a.at,)),
            tables.Column("kind", N_("Kiểu"), sort=(a.kind,), value=lambda r: gettext(KIND_NAMES[r.kind])),
            tables.Column("channel", N_("Kênh"), value=lambda r: gettext(CHANNEL_NAMES[r.channel]), on_page=False),
            tables.Column("place", N_("Nơi"), sort=(Point.sort_name,), value=lambda r: r.place or gettext("Trên mạng")),
            tables.Column("pack", N_("Quy cách"), value=lambda r: r.pack or "", on_page=False),
            tables.Column("quantity", N_("Số lượng thiếu"), "num", sort=(a.quantity,)),
            tables.Column("unit_amount", N_("Giá khi đó"), "num"),
            tables.Column("lost_units", N_("Ước tính mất (đơn vị)"), "num", value=lambda r: thousandths(r.lost_units)),
            tables.Column("lost_amount", N_("Ước tính mất (đồng)"), "num", sort=(a.lost_amount,)),
            tables.Column("reference", N_("Từ đâu"), value=lambda r: r.reference or "", on_page=False),
        ],
        order="-at",
        tie=a.id,
        filters=[
            tables.Filter("from", N_("Từ ngày"), lambda day: a.day >= day, kind="day"),
            tables.Filter("to", N_("Đến ngày"), lambda day: a.day <= day, kind="day"),
            tables.Filter("kind", N_("Kiểu"), lambda v: a.kind == v, [(k.value, KIND_NAMES[k]) for k in OF_GOODS]),
        ],
    )
    statement = (
        select(
            a.id, a.at, a.kind, a.channel, Point.name.label("place"), Variant.pack, a.quantity, a.unit_amount, a.lost_units,
            a.lost_amount, a.reference,
        )
        .outerjoin(Point, Point.id == a.point_id)
        .outerjoin(Variant, Variant.id == a.variant_id)
        .where(a.product_id == product_id)
    )  # fmt: skip
    return table.open(args, here, statement)


@dataclass(frozen=True, slots=True)
class Kept:
    """Days of one product: a kind's sums since a day."""

    kind: Kind
    asks: int
    units: int
    lost_units: int
    lost_amount: int


def kinds_of(product_id: int, since: date) -> list[Kept]:
    """What lacked of one product since a day, by kind, the most đồng first."""
    rows = session().execute(
        select(D.kind, *_sums())
        .where(D.product_id == product_id, D.day >= since)
        .group_by(D.kind)
        .order_by(func.sum(D.lost_amount).desc(), D.kind)
    )
    return [Kept(kind, *(int(n) for n in sums)) for kind, *sums in rows]


# --- for producers' reports --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missed:
    """Something wanted and not had: how it showed, what, how many people, how many units."""

    kind: Kind
    what: str
    asks: int
    units: int


def missed_of(producer_id: int, start: date, end: date) -> list[Missed]:
    """What was wanted of a producer's goods and not had in the days from `start` until before `end`, the most units first."""
    rows = session().execute(
        select(D.kind, Product.name, Variant.pack, func.sum(D.asks), func.sum(D.units))
        .select_from(D)
        .join(Product, Product.id == D.product_id)
        .outerjoin(Variant, Variant.id == D.variant_id)
        .where(Product.producer_id == producer_id, D.day >= start, D.day < end)
        .group_by(D.kind, Product.id, Product.name, Variant.id, Variant.pack)
        .order_by(func.sum(D.units).desc(), Product.id, D.kind)
    )
    return [
        Missed(kind, f"{name}, {pack}" if pack else name, int(asks), int(units))
        for kind, name, pack, asks, units in rows
    ]


def missed_words(start: date, end: date) -> list[Missed]:
    """What several people looked for anywhere in the shop and nobody had; the same for all producers."""
    rows = session().execute(
        select(D.kind, func.min(D.words), func.sum(D.asks), func.sum(D.units))
        .where(and_(D.text.is_not(None), D.day >= start, D.day < end))
        .group_by(D.kind, D.text)
        .having(func.sum(D.asks) >= LEAST_ASKED)
        .order_by(func.sum(D.asks).desc(), func.min(D.words))
        .limit(MOST_WORDS * 2)
    )
    told = [Missed(kind, words or "", int(asks), int(units)) for kind, words, asks, units in rows]
    found = [missed for missed in told if not may_name_person(missed.what)]
    return found[:MOST_WORDS]
