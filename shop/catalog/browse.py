"""Read a page of the list: which products, in which order, with what beside it. At most two statements for the rows.

Two ways lead to a page, and the sets of `facets` tell which is shorter: walking an index in the order asked for until the
page is full, or fetching the few rows that the filters leave and sorting those. So neither a rare choice nor a deep page
costs a walk through the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select

from shop.catalog import bits
from shop.catalog import facets as facets_
from shop.catalog.facets import Choice, Facets
from shop.catalog.models import Listing, Shelf
from shop.catalog.search import Found
from shop.kernel.db import execute, is_sqlite, streamed
from shop.kernel.errors import N_
from shop.kernel.reading import Reading, among

PAGE_SIZE = 24


class Sort(StrEnum):
    """Orders of the list, as they stand in the address."""

    RELEVANCE = "phu-hop"
    FEATURED = "noi-bat"
    NEWEST = "moi"
    CHEAPEST = "gia-tang"
    DEAREST = "gia-giam"
    STARS = "sao"
    BEST_SELLING = "ban-chay"
    NAME = "ten"


SORT_NAMES = {
    Sort.RELEVANCE: N_("Khớp nhất"),
    Sort.FEATURED: N_("Nổi bật"),
    Sort.NEWEST: N_("Mới nhất"),
    Sort.CHEAPEST: N_("Giá thấp đến cao"),
    Sort.DEAREST: N_("Giá cao đến thấp"),
    Sort.STARS: N_("Nhiều sao nhất"),
    Sort.BEST_SELLING: N_("Bán chạy"),
    Sort.NAME: N_("Tên A–Z"),
}

_ORDERS: dict[Sort, tuple[Any, bool]] = {
    Sort.FEATURED: (Listing.rank, True),
    Sort.NEWEST: (Listing.published_at, True),
    Sort.CHEAPEST: (Listing.price_amount, False),
    Sort.DEAREST: (Listing.price_amount, True),
    Sort.STARS: (Listing.star_order, True),
    Sort.BEST_SELLING: (Listing.sold, True),
    Sort.NAME: (Listing.sort_name, False),
}
_PRICE_SORTS = (Sort.CHEAPEST, Sort.DEAREST)
# Up to so many rows are always fetched and sorted; up to so many if the walk would be longer.
_FEW, _MANY = 200, 4000


class Row(NamedTuple):
    """A product as lists show it. `stars` are those of a certificate in force on the day of `stars_until` or before."""

    product_id: int
    slug: str
    name: str
    name_en: str | None
    kind: str
    is_alcohol: bool
    set_no: int
    producer_name: str | None
    producer_slug: str | None
    place: str | None
    commune_code: str | None
    variant_ids: list[int]
    sku: str | None
    pack: str | None
    pack_en: str | None
    choices: int
    price_amount: int | None
    old_amount: int | None
    unit_amount: int | None
    unit: str | None
    stars: int
    stars_until: date | None
    stars_level: str | None
    certificate_number: str | None
    needs_certificate: bool
    picture: dict[str, Any] | None
    cold: str
    season_months: int
    is_demo: bool
    published_at: datetime
    in_stock: bool


_t = Listing.__table__.c
_SHOWN_COLUMNS = (
    _t.product_id, _t.slug, _t.name, _t.name_en, _t.kind, (_t.shelf == Shelf.ADULTS).label("is_alcohol"), _t.set_no,
    _t.producer_name, _t.producer_slug, _t.place, _t.commune_code, _t.variant_ids, _t.sku, _t.pack, _t.pack_en, _t.choices,
    _t.price_amount, _t.old_amount, _t.unit_amount, _t.unit, _t.stars, _t.stars_until, _t.stars_level,
    _t.certificate_number, _t.needs_certificate, _t.picture, _t.cold, _t.season_months, _t.is_demo, _t.published_at,
    _t.in_stock,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, whether another follows, and how many products the whole list has."""

    rows: list[Row]
    more: bool
    total: int


@lru_cache
def _rows_by_id(adult: bool) -> Reading:
    return Reading(select(*_SHOWN_COLUMNS).where(among(Listing.product_id, "ids"), _on_shelf(adult)))


def rows_of(product_ids: Sequence[int], *, adult: bool = False) -> list[Row]:
    """The products with these ids, in this order; those that lists do not show (to a visitor not of age) are left out."""
    if not product_ids:
        return []
    found = {row[0]: Row._make(row) for row in _rows_by_id(adult).rows(ids=product_ids)}
    return [found[i] for i in product_ids if i in found]


def page(facets: Facets, choice: Choice, sort: Sort, number: int, found: Found | None = None) -> Page:
    """Page `number` (from 1) of the products that `choice` lets through and, if given, a search has found."""
    adult = choice.filters.adult
    start = (number - 1) * PAGE_SIZE
    shown = facets.shown(adult)
    if sort in _PRICE_SORTS:
        shown &= facets.of("priced")  # what has no price has no place in an order of prices
    inside = facets_.meet(shown, choice)
    if found is not None:
        inside &= found.all
    total = inside.bit_count()
    if total == 0 or (start >= total and (found is not None or choice.filters.any)):
        return Page([], False, total)
    if sort is Sort.RELEVANCE and found is not None:
        ids = _best(facets, inside, found, start, PAGE_SIZE + 1)
        return Page(rows_of(ids[:PAGE_SIZE], adult=adult), len(ids) > PAGE_SIZE, total)
    rows = _sorted(facets, choice, Sort.FEATURED if sort is Sort.RELEVANCE else sort, start, inside, total, found)
    return Page(rows[:PAGE_SIZE], len(rows) > PAGE_SIZE, total)


def _best(facets: Facets, inside: int, found: Found, skip: int, count: int) -> list[int]:
    """Ids by tier, then in stock, then stars, then newest; after the first `skip`."""
    in_stock = facets.of("in")
    stars = [facets.of(f"stars:{n}") for n in (5, 4, 3)]
    ids: list[int] = []
    for tier in found.tiers:
        tier &= inside
        for half in (tier & in_stock, tier & ~in_stock):
            if _skipped(half, skip):
                skip -= half.bit_count()
                continue
            for with_stars in (*stars, -1):
                part = half & with_stars
                if _skipped(part, skip):
                    skip -= part.bit_count()
                    half &= ~part
                    continue
                half &= ~part
                ids += bits.newest(part, skip, count - len(ids))
                skip = 0
                if len(ids) >= count:
                    return ids
    return ids


def _skipped(part: int, skip: int) -> bool:
    """Whether nothing of `part` is left after its first `skip`. Most pages skip nothing: nothing need be counted."""
    return not part or (skip > 0 and part.bit_count() <= skip)


def _on_shelf(adult: bool) -> ColumnElement[bool]:
    return Listing.shelf > Shelf.HIDDEN if adult else Listing.shelf == Shelf.EVERYBODY


def _loose(column: Any) -> Any:
    """`column` in a form that SQLite's planner does not take an index for: the walk is along the order's own index."""
    return column.op("||")("") if isinstance(column.type.python_type(), str) else column + 0


class _Shape(NamedTuple):
    """A list as its statement sees it: which filters are in use, not with which values. There is one statement for each.

    `one` are filters with one value, `more` those with several; `lead` is the one whose index holds the fewest rows. `walk`:
    the order's own index is walked; else the ids are given. `loosen`: SQLite's planner is kept from other indexes.
    """

    sort: Sort
    adult: bool
    walk: bool
    loosen: bool
    lead: str | None
    one: frozenset[str]
    more: frozenset[str]


_FILTER_COLUMNS = {
    "groups": Listing.group_id, "sets": Listing.set_id, "stars": Listing.stars, "places": Listing.place_key,
    "producers": Listing.producer_id,
}  # fmt: skip


def _shape(facets: Facets, choice: Choice, sort: Sort, *, walk: bool) -> tuple[_Shape, dict[str, Any], int]:
    """How the list is asked for, with which values, and how many rows the index that would be walked holds."""
    filters = choice.filters
    values: dict[str, Any] = {}
    one: set[str] = set()
    more: set[str] = set()
    chosen: dict[str, Sequence[Any]] = {
        "groups": choice.group_ids if filters.groups else (), "sets": choice.set_ids if filters.sets else (),
        "stars": filters.stars, "places": filters.places, "producers": choice.producer_ids,
    }  # fmt: skip
    for part in choice.parts:
        if part in chosen:
            single = len(chosen[part]) == 1 and part != "producers"
            (one if single else more).add(part)
            values[part] = chosen[part][0] if single else chosen[part]
    for bound, amount in (("low", filters.low), ("high", filters.high)):
        if amount is not None:
            one.add(bound)
            values[bound] = amount
    if filters.in_stock:
        one.add("in_stock")
    lead = min((p for p in one if p in _FILTER_COLUMNS), key=lambda p: choice.parts[p].bit_count(), default=None)
    length = choice.parts[lead].bit_count() if lead else facets.of("all").bit_count()
    shape = _Shape(sort, filters.adult, walk, is_sqlite(), lead if walk else None, frozenset(one), frozenset(more))
    return shape, values, length


def _conditions(shape: _Shape) -> list[ColumnElement[bool]]:
    """The filters of `shape` as SQL, their values as parameters."""
    conditions = [_on_shelf(shape.adult)]
    for part, column in _FILTER_COLUMNS.items():
        left: Any = _loose(column) if shape.loosen and part != shape.lead else column
        if part in shape.one:
            conditions.append(left == bindparam(part))
        elif part in shape.more:
            conditions.append(among(left, part))
    price: Any = Listing.price_amount
    if shape.sort in _PRICE_SORTS:
        conditions.append(price.is_not(None))
    if shape.loosen and not (shape.walk and shape.sort in _PRICE_SORTS):
        price = _loose(price)
    if "low" in shape.one:
        conditions.append(price >= bindparam("low"))
    if "high" in shape.one:
        conditions.append(price <= bindparam("high"))
    if "in_stock" in shape.one:
        conditions.append(Listing.in_stock == 1)
    if not shape.walk:
        conditions.append(among(Listing.product_id, "ids"))
    return conditions


@lru_cache(512)
def _narrowed(shape: _Shape) -> Reading:
    """The statement of a page of a list that something narrows."""
    column, falling = _ORDERS[shape.sort]
    return Reading(_page_of(column, falling, _conditions(shape), bindparam("start", type_=Integer)), often=False)


@lru_cache
def _whole_list(sort: Sort, adult: bool) -> Reading:
    """The statement of a page of the list that nothing narrows."""
    column, falling = _ORDERS[sort]
    conditions = [_on_shelf(adult)]
    if sort in _PRICE_SORTS:
        conditions.append(Listing.price_amount.is_not(None))
    return Reading(_page_of(column, falling, conditions, bindparam("start", type_=Integer)))


def _sorted(
    facets: Facets, choice: Choice, sort: Sort, start: int, inside: int, total: int, found: Found | None
) -> list[Row]:
    if found is None and not choice.filters.any:
        return [Row._make(row) for row in _whole_list(sort, choice.filters.adult).rows(start=start)]
    shape, values, length = _shape(facets, choice, sort, walk=True)
    walk = (start + PAGE_SIZE + 1) * length // max(1, total)
    if total <= max(_FEW, min(_MANY, walk)):
        shape, values, _ = _shape(facets, choice, sort, walk=False)
        rows = _narrowed(shape).rows(start=start, ids=bits.members(inside), **values)
        return [Row._make(row) for row in rows]
    if found is None:
        return [Row._make(row) for row in _narrowed(shape).rows(start=start, **values)]
    return rows_of(_walk(shape, values, inside, start), adult=choice.filters.adult)


def _ordered(statement: Select[Any], column: Any, product_id: Any, falling: bool) -> Select[Any]:
    if falling:
        return statement.order_by(column.desc(), product_id.desc())
    return statement.order_by(column, product_id)


def _page_of(column: Any, falling: bool, conditions: Sequence[ColumnElement[bool]], start: Any) -> Select[Any]:
    """The statement of a page: first the ids alone, off the index, then the rows of those."""
    ids = _ordered(
        select(Listing.product_id, column.label("place_in_order")).where(*conditions),
        column,
        Listing.product_id,
        falling,
    )
    chosen = ids.limit(PAGE_SIZE + 1).offset(start).subquery("chosen")
    statement = select(*_SHOWN_COLUMNS).join(chosen, chosen.c.product_id == Listing.product_id)
    return _ordered(statement, chosen.c.place_in_order, chosen.c.product_id, falling)


def _walk(shape: _Shape, values: dict[str, Any], inside: int, start: int) -> list[int]:
    """Ids of a page and one more, met on a walk along the order's index through the set `inside`."""
    column, falling = _ORDERS[shape.sort]
    statement = _ordered(select(Listing.product_id).where(*_conditions(shape)), column, Listing.product_id, falling)
    raw = inside.to_bytes((inside.bit_length() + 7) >> 3, "little")
    end = len(raw)
    ids: list[int] = []
    rows = streamed(statement, values, size=1000)
    for (i,) in rows:
        if i >> 3 < end and raw[i >> 3] >> (i & 7) & 1:
            if start:
                start -= 1
                continue
            ids.append(i)
            if len(ids) > PAGE_SIZE:
                break
    rows.close()
    return ids


def shelf(sort: Sort, count: int, *, month: int | None = None, stars: int | None = None) -> list[Row]:
    """The first `count` products in stock in an order, for a page that shows a few: of a month's season, of so many stars."""
    column, falling = _ORDERS[sort]
    conditions = [_on_shelf(False), Listing.in_stock == 1]
    if month is not None:
        conditions.append(Listing.season_months.op("&")(1 << (month - 1)) != 0)
    if stars is not None:
        conditions.append(Listing.stars == stars)
    statement = _ordered(select(*_SHOWN_COLUMNS).where(*conditions), column, Listing.product_id, falling)
    return [Row._make(row) for row in execute(statement.limit(count))]


@lru_cache
def _beside(column: Any, adult: bool) -> Reading:
    """Goods with one value of `column`, best first, without one product."""
    conditions = [_on_shelf(adult), column == bindparam("value"), Listing.product_id != bindparam("but")]
    statement = _ordered(select(*_SHOWN_COLUMNS).where(*conditions), Listing.rank, Listing.product_id, True)
    return Reading(statement.limit(bindparam("count", type_=Integer)))


def of_producer(producer_id: int, *, adult: bool = False, but: int = 0, count: int = 60) -> list[Row]:
    """What lists show of one producer, best first, without the product `but`."""
    rows = _beside(_t.producer_id, adult).rows(value=producer_id, but=but, count=count)
    return [Row._make(row) for row in rows]


def of_set(set_id: int, *, adult: bool = False, but: int = 0, count: int = 4) -> list[Row]:
    """What lists show of one product set, best first, without the product `but`."""
    return [Row._make(row) for row in _beside(_t.set_id, adult).rows(value=set_id, but=but, count=count)]
