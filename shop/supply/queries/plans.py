"""Lists of what producers say of the future: products with their word, statements, seasons, harvests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from shop.catalog.models import Product, ProductKind, Variant
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import Producer
from shop.supply.models import (
    HARVEST_NAMES,
    PER_NAMES,
    SEASON_NAMES,
    Capacity,
    Harvest,
    HarvestState,
    HarvestWord,
    Per,
    Season,
    SeasonCalendar,
)


def in_force(day: date) -> Any:
    """The condition on statements that speak of a day."""
    return and_(
        Capacity.withdrawn_at.is_(None),
        Capacity.from_on <= day,
        or_(Capacity.to_on.is_(None), Capacity.to_on > day),
    )


def season_words(months: str | None) -> str:
    """A calendar for people: the months of plenty and those without (`rộ 3–5; không có 8–9`)."""
    if not months:
        return ""
    said = []
    for season in (Season.HIGH, Season.LOW, Season.NONE):
        found = _spans([n for n, sign in enumerate(months, 1) if sign == season.value])
        if found:
            said.append(f"{gettext(SEASON_NAMES[season])}: {gettext('tháng %(m)s', m=found)}")
    return "; ".join(said) or gettext("Đều quanh năm")


def _spans(months: Sequence[int]) -> str:
    spans: list[list[int]] = []
    for month in months:
        if spans and spans[-1][-1] == month - 1:
            spans[-1].append(month)
        else:
            spans.append([month])
    return ", ".join(str(s[0]) if len(s) == 1 else f"{s[0]}–{s[-1]}" for s in spans)


def _matching(q: str) -> Any:
    found = [Product.name.icontains(q.strip(), autoescape=True)]
    if words := text.words(q):
        found.append(Product.slug.contains("-".join(words), autoescape=True))
    return or_(*found)


# --- the producer's products -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product with what its producer says of it: the statement about all packs, how many packs have one of their own, its
    calendar, the next harvest and how many are past without an update."""

    slug: str
    name: str
    units: int | None
    per: Per | None
    packs: int
    months: str | None
    next_on: date | None
    overdue: int

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        return "soon" if self.overdue else ""

    @property
    def makes(self) -> str:
        """What can be made, for people."""
        said = []
        if self.units is not None and self.per is not None:
            said.append(f"{self.units:,}".replace(",", ".") + f" {gettext(PER_NAMES[self.per])}")
        if self.packs:
            said.append(gettext("riêng %(n)s quy cách", n=self.packs))
        return ", ".join(said)

    @property
    def season(self) -> str:
        """The calendar, for people."""
        return season_words(self.months)


def _next() -> Any:
    return (
        select(func.min(Harvest.from_on))
        .where(Harvest.product_id == Product.id, Harvest.state == HarvestState.EXPECTED)
        .correlate(Product)
        .scalar_subquery()
    )


def overdue() -> Any:
    """The condition on harvests whose days are over without a word of what came."""
    return and_(Harvest.state == HarvestState.EXPECTED, Harvest.to_on <= clock.today())


def products_table() -> tables.Table:
    """The list of a producer's goods with what he says of them."""
    stated = select(Capacity.product_id).where(in_force(clock.today()))
    return tables.Table(
        name="nang-luc",
        columns=(
            tables.Column("name", N_("Sản phẩm"), sort=(Product.sort_name,)),
            tables.Column("makes", N_("Làm được")),
            tables.Column("season", N_("Mùa vụ")),
            tables.Column("next_on", N_("Vụ, mẻ tới"), sort=(_next(),)),
        ),
        order="name",
        tie=Product.id,
        filters=(
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: (
                    Product.id.not_in(stated)
                    if v == "silent"
                    else Product.id.in_(select(Harvest.product_id).where(overdue()))
                ),
                (("silent", N_("Chưa khai năng lực")), ("overdue", N_("Vụ đã qua, chưa ghi kết quả"))),
            ),
        ),
        search=_matching,
    )


def products(producer_id: int) -> Any:
    """The statement behind it; its rows make `ProductRow`."""
    today = clock.today()
    whole = and_(Capacity.product_id == Product.id, Capacity.variant_id.is_(None), in_force(today))
    own = and_(Capacity.product_id == Product.id, Capacity.variant_id.is_not(None), in_force(today))
    newest = aliased(SeasonCalendar)

    def one(column: Any, condition: Any) -> Any:
        return select(column).where(condition).limit(1).correlate(Product).scalar_subquery()

    return select(
        Product.slug,
        Product.name,
        one(Capacity.units, whole),
        one(Capacity.per, whole),
        select(func.count()).select_from(Capacity).where(own).correlate(Product).scalar_subquery(),
        select(newest.months)
        .where(newest.product_id == Product.id)
        .order_by(newest.id.desc())
        .limit(1)
        .correlate(Product)
        .scalar_subquery(),
        _next(),
        select(func.count())
        .select_from(Harvest)
        .where(Harvest.product_id == Product.id, overdue())
        .correlate(Product)
        .scalar_subquery(),
    ).where(Product.producer_id == producer_id, Product.kind == ProductKind.GOODS)


@dataclass(frozen=True, slots=True)
class OneProduct:
    """A product and its packs: (id, name, SKU)."""

    id: int
    slug: str
    name: str
    producer_id: int | None
    season_months: int
    packs: tuple[tuple[int, str, str], ...]


def product(slug: str) -> OneProduct:
    """The product of that address.

    Raises:
        NotFound.
    """
    row = session().scalar(select(Product).where(Product.slug == slug, Product.kind == ProductKind.GOODS))
    if row is None:
        raise NotFound
    packs = session().execute(
        select(Variant.id, Variant.pack, Variant.sku)
        .where(Variant.product_id == row.id)
        .order_by(Variant.position, Variant.id)
    )
    return OneProduct(
        row.id, row.slug, row.name, row.producer_id, row.season_months, tuple((v, p, s) for v, p, s in packs)
    )


def product_owner(slug: str) -> int | None:
    """The producer of a product."""
    return session().scalar(select(Product.producer_id).where(Product.slug == slug))


def harvest_ends(reference: str) -> tuple[int, str] | None:
    """The producer of a harvest and the address of its product."""
    found = session().execute(
        select(Harvest.producer_id, Product.slug)
        .join(Product, Product.id == Harvest.product_id)
        .where(Harvest.reference == reference)
    )
    row = found.first()
    return (row[0], row[1]) if row else None


def statements(product_id: int) -> list[Capacity]:
    """Everything said of what can be made of a product, what holds first, then the withdrawn, newest first."""
    wanted = select(Capacity).where(Capacity.product_id == product_id)
    order = (
        Capacity.withdrawn_at.is_not(None),
        Capacity.variant_id.is_not(None),
        Capacity.variant_id,
        case((Capacity.withdrawn_at.is_(None), Capacity.from_on)).asc(),
        Capacity.id.desc(),
    )
    return list(session().scalars(wanted.order_by(*order).limit(100)))


def capacity_producer(capacity_id: int) -> int | None:
    """Whose statement it is."""
    return session().scalar(select(Capacity.producer_id).where(Capacity.id == capacity_id))


def calendars(product_id: int, limit: int = 10) -> list[SeasonCalendar]:
    """The calendars of a product, newest first; the first one holds."""
    wanted = select(SeasonCalendar).where(SeasonCalendar.product_id == product_id)
    return list(session().scalars(wanted.order_by(SeasonCalendar.id.desc()).limit(limit)))


def harvests_of(product_id: int) -> list[Harvest]:
    """The harvests of a product: those that are expected, soonest first, then the others, newest first."""
    wanted = select(Harvest).where(Harvest.product_id == product_id)
    expected = Harvest.state == HarvestState.EXPECTED
    order = (case((expected, 0), else_=1), case((expected, Harvest.from_on)).asc(), Harvest.id.desc())
    return list(session().scalars(wanted.order_by(*order).limit(50)))


def words_of(harvest_ids: Sequence[int]) -> dict[int, list[HarvestWord]]:
    """Every word about these harvests, oldest first."""
    found: dict[int, list[HarvestWord]] = {}
    wanted = select(HarvestWord).where(HarvestWord.harvest_id.in_(harvest_ids)).order_by(HarvestWord.id)
    for word in session().scalars(wanted):
        found.setdefault(word.harvest_id, []).append(word)
    return found


def harvests_overdue(producer_id: int | None = None) -> int:
    """How many harvests are past without an update, of one producer or of all."""
    wanted = select(func.count()).select_from(Harvest).where(overdue())
    if producer_id is not None:
        wanted = wanted.where(Harvest.producer_id == producer_id)
    return session().scalar(wanted) or 0


# --- the office --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """A statement as the office lists it."""

    id: int
    producer: str
    product: str
    product_slug: str
    pack: str | None
    units: int
    per: Per
    from_on: date
    to_on: date | None
    lead_days: int
    smallest_batch: int | None
    note: str | None
    months: str | None
    said_at: datetime
    said_label: str
    withdrawn: bool
    is_demo: bool

    @property
    def last_on(self) -> date | None:
        """The last day it speaks of."""
        return self.to_on - timedelta(days=1) if self.to_on else None

    @property
    def season(self) -> str:
        """The calendar, for people."""
        return season_words(self.months)

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        return "off" if self.withdrawn else ""


def _said(when: str) -> Any:
    today = clock.today()
    if when == "withdrawn":
        return Capacity.withdrawn_at.is_not(None)
    held = Capacity.withdrawn_at.is_(None)
    if when == "coming":
        return and_(held, Capacity.from_on > today)
    if when == "past":
        return and_(held, Capacity.to_on <= today)
    return in_force(today)


def _producers() -> list[tuple[str, str]]:
    spoken = select(Capacity.producer_id).union(select(Harvest.producer_id), select(SeasonCalendar.producer_id))
    rows = session().execute(
        select(Producer.slug, Producer.name).where(Producer.id.in_(spoken)).order_by(Producer.sort_name, Producer.id)
    )
    return [(slug, name) for slug, name in rows]


_BY_PRODUCER = tables.Filter("producer", N_("Cơ sở sản xuất"), lambda v: Producer.slug == v, _producers)

CAPACITIES = tables.Table(
    name="nang-luc",
    columns=(
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("pack", N_("Quy cách"), on_page=False),
        tables.Column("units", N_("Làm được"), "num", sort=(Capacity.units,)),
        tables.Column("per", N_("Trong"), value=lambda c: gettext(PER_NAMES[c.per]), on_page=False),
        tables.Column("from_on", N_("Từ ngày"), sort=(Capacity.from_on,)),
        tables.Column("last_on", N_("Đến hết ngày"), on_page=False),
        tables.Column("lead_days", N_("Cần trước (ngày)"), "num", sort=(Capacity.lead_days,)),
        tables.Column("smallest_batch", N_("Mẻ ít nhất"), "num", sort=(Capacity.smallest_batch,)),
        tables.Column("season", N_("Mùa vụ")),
        tables.Column("said_at", N_("Khai lúc"), sort=(Capacity.said_at,), on_page=False),
        tables.Column("said_label", N_("Ai khai"), on_page=False),
        tables.Column("note", N_("Ghi chú"), on_page=False),
    ),
    order="producer",
    tie=Capacity.id,
    filters=(
        _BY_PRODUCER,
        tables.Filter(
            "when",
            N_("Lời khai"),
            _said,
            (
                ("now", N_("Đang có hiệu lực")),
                ("coming", N_("Sắp có hiệu lực")),
                ("past", N_("Đã hết hạn")),
                ("withdrawn", N_("Đã thay bằng lời khác")),
            ),
        ),
    ),
    search=_matching,
)


def capacities() -> Any:
    """The statement behind the office's list; its rows make `CapacityRow`."""
    newest = aliased(SeasonCalendar)
    months = (
        select(newest.months)
        .where(newest.product_id == Product.id)
        .order_by(newest.id.desc())
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )
    return (
        select(
            Capacity.id,
            Producer.name,
            Product.name,
            Product.slug,
            Variant.pack,
            Capacity.units,
            Capacity.per,
            Capacity.from_on,
            Capacity.to_on,
            Capacity.lead_days,
            Capacity.smallest_batch,
            Capacity.note,
            months,
            Capacity.said_at,
            Capacity.said_label,
            Capacity.withdrawn_at.is_not(None),
            Capacity.is_demo,
        )
        .join(Producer, Producer.id == Capacity.producer_id)
        .join(Product, Product.id == Capacity.product_id)
        .outerjoin(Variant, Variant.id == Capacity.variant_id)
    )


@dataclass(frozen=True, slots=True)
class HarvestRow:
    """A harvest as the office lists it."""

    reference: str
    producer: str
    product: str
    pack: str | None
    state: HarvestState
    low: int
    high: int
    from_on: date
    to_on: date
    came: int | None
    is_demo: bool

    @property
    def last_on(self) -> date:
        """The last day on which it is expected."""
        return self.to_on - timedelta(days=1)

    @property
    def overdue(self) -> bool:
        """Whether its days are over without a word of what came."""
        return self.state is HarvestState.EXPECTED and self.to_on <= clock.today()

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        return "soon" if self.overdue else ("off" if self.state is HarvestState.GIVEN_UP else "")


HARVESTS = tables.Table(
    name="vu-me-toi",
    columns=(
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("pack", N_("Quy cách"), on_page=False),
        tables.Column("from_on", N_("Từ ngày"), sort=(Harvest.from_on,)),
        tables.Column("last_on", N_("Đến hết ngày"), on_page=False),
        tables.Column("low", N_("Ít nhất"), "num", sort=(Harvest.low,)),
        tables.Column("high", N_("Nhiều nhất"), "num", sort=(Harvest.high,)),
        tables.Column("came", N_("Đã thu"), "num", sort=(Harvest.came,)),
        tables.Column("state", N_("Tình trạng"), value=lambda h: gettext(HARVEST_NAMES[h.state])),
    ),
    order="-from_on",
    tie=Harvest.id,
    filters=(
        _BY_PRODUCER,
        tables.Filter(
            "state",
            N_("Tình trạng"),
            lambda v: overdue() if v == "overdue" else Harvest.state == HarvestState(v),
            [
                ("overdue", N_("Vụ đã qua, chưa ghi kết quả")),
                *((s.value, x) for s, x in HARVEST_NAMES.items()),
            ],
        ),
    ),
    search=_matching,
)


def harvests() -> Any:
    """The statement behind it; its rows make `HarvestRow`."""
    return (
        select(
            Harvest.reference,
            Producer.name,
            Product.name,
            Variant.pack,
            Harvest.state,
            Harvest.low,
            Harvest.high,
            Harvest.from_on,
            Harvest.to_on,
            Harvest.came,
            Harvest.is_demo,
        )
        .join(Producer, Producer.id == Harvest.producer_id)
        .join(Product, Product.id == Harvest.product_id)
        .outerjoin(Variant, Variant.id == Harvest.variant_id)
    )


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """The calendar of a product as the office lists it."""

    producer: str
    product: str
    months: str
    note: str | None
    said_at: datetime
    said_label: str
    is_demo: bool

    def month(self, number: int) -> str:
        """What the month (1 to 12) gives, for people."""
        return str(gettext(SEASON_NAMES[Season(self.months[number - 1])]))


def _month(number: int) -> tables.Column:
    return tables.Column(f"m{number}", N_("Tháng"), value=lambda row: row.month(number), on_page=False)


SEASONS = tables.Table(
    name="mua-vu",
    columns=(
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("months", N_("Tháng 1 đến tháng 12"), in_export=False),
        *(_month(number) for number in range(1, 13)),
        tables.Column("note", N_("Ghi chú"), on_page=False),
        tables.Column("said_at", N_("Khai lúc"), sort=(SeasonCalendar.said_at,)),
    ),
    order="producer",
    tie=SeasonCalendar.id,
    filters=(
        _BY_PRODUCER,
        *(
            tables.Filter(
                "high",
                N_("Rộ vào tháng"),
                lambda v: func.substr(SeasonCalendar.months, int(v), 1) == Season.HIGH.value,
                [(str(n), str(n)) for n in range(1, 13)],
            ),
        ),
    ),
    search=_matching,
)


def calendar_rows() -> Any:
    """The statement behind it: the calendar in force of each product; its rows make `SeasonRow`."""
    newest = select(func.max(SeasonCalendar.id)).group_by(SeasonCalendar.product_id)
    return (
        select(
            Producer.name,
            Product.name,
            SeasonCalendar.months,
            SeasonCalendar.note,
            SeasonCalendar.said_at,
            SeasonCalendar.said_label,
            SeasonCalendar.is_demo,
        )
        .join(Producer, Producer.id == SeasonCalendar.producer_id)
        .join(Product, Product.id == SeasonCalendar.product_id)
        .where(SeasonCalendar.id.in_(newest))
    )
