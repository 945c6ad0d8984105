"""Counts beside the filters, for every combination of them, without asking the database for rows.

Each process keeps, for each value of each filter, the set of products that have it (`bits`); what changed since is read by
its instant every few seconds. A count is the size of a meeting of sets. Rows themselves are always read from the database.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import bindparam, func, select

from shop.catalog import bits
from shop.catalog.models import Listing, ProductGroup, ProductSet, Shelf
from shop.kernel import clock
from shop.kernel.db import session, streamed
from shop.kernel.reading import Reading
from shop.kernel.text import words
from shop.producers.models import Producer

# A transaction may commit this long after it wrote its instant; changes are read again over that span.
_OVERLAP = timedelta(seconds=90)
# Sets of the producers with most products are kept (all of a shop of this province; of a very big one as many as can be
# counted in a fraction of a millisecond); those of the others are made when one is chosen.
_PRODUCERS_KEPT, _PRODUCERS_KEPT_AT_LEAST = 400, 60
_COUNTED_BITS = 4_000_000
_NAMES_SECONDS = 60.0
# Questions whose hits were counted lately: the pages and orders of one share the counts.
_HITS_KEPT = 64
# Prices are kept bit by bit: the products whose price has bit k. 2^40 đồng is more than anything costs.
_PRICE_BITS = 40
# Upper ends (đồng, not included) of the price bands offered.
PRICE_BANDS = (50_000, 100_000, 200_000, 500_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor chose. Values of one filter widen it, different filters narrow the list."""

    groups: tuple[str, ...] = ()
    sets: tuple[int, ...] = ()
    stars: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    producers: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    in_stock: bool = False
    adult: bool = False

    @property
    def any(self) -> bool:
        """Whether anything narrows the list."""
        return replace(self, adult=False) != Filters()


@dataclass(frozen=True, slots=True)
class Name:
    """How a value is called: in the address, in Vietnamese and in English."""

    value: str
    vi: str
    en: str


@dataclass(slots=True)
class _Names:
    groups: dict[int, Name] = field(default_factory=dict)
    sets: dict[int, Name] = field(default_factory=dict)
    group_of_set: dict[int, int] = field(default_factory=dict)
    read_at: float = -1e9


@dataclass(frozen=True, slots=True)
class _Directory:
    """Producers and places with the folded words of their names, a blank before each."""

    made_at: float
    producers: list[tuple[str, Name]]
    places: list[tuple[str, Name]]


@dataclass(slots=True)
class Facets:
    """The sets of one process.

    Keys: `all`, `adults`, `in`, `priced`, `group:3`, `set:12`, `stars:4`, `place:06661`, `producer:7`, `price:k` (bit k set).
    """

    sets: dict[str, int] = field(default_factory=dict)
    producers_known: set[int] = field(default_factory=set)
    kept: int = _PRODUCERS_KEPT
    names: _Names = field(default_factory=_Names)
    place_names: dict[str, str] = field(default_factory=dict)
    producer_names: dict[int, Name] = field(default_factory=dict)
    seen: datetime | None = None
    checked_at: float = -1e9
    generation: int = 0
    made: dict[Any, Any] = field(default_factory=dict)
    directory: _Directory | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, key: str) -> int:
        """The set under `key`; empty if there is none."""
        return self.sets.get(key, 0)

    def shown(self, adult: bool) -> int:
        """What a visitor may meet in lists."""
        return self.of("all") if adult else self.of("all") & ~self.of("adults")

    def at_least(self, amount: int) -> int:
        """Products that cost `amount` đồng or more (those without a price never do)."""
        if amount <= 0:
            return self.of("priced")
        if amount >= 1 << _PRICE_BITS:
            return 0
        above, equal = 0, self.of("priced")
        for k in range(_PRICE_BITS - 1, -1, -1):
            column = self.of(f"price:{k}")
            if amount >> k & 1:
                equal &= column
            elif column:
                above |= equal & column
                equal &= ~column
        return above | equal

    def between(self, low: int | None, high: int | None) -> int:
        """Products that cost `low`…`high` đồng, both included."""
        found = self.at_least(low or 0)
        return found if high is None else found & ~self.at_least(high + 1)


_t = Listing.__table__.c
# In the order of the index `ix_listings_facets`, which holds them all.
_COLUMNS = (
    _t.product_id, _t.shelf, _t.group_id, _t.set_id, _t.place_key, _t.producer_id, _t.stars, _t.price_amount, _t.in_stock,
)  # fmt: skip


def facets() -> Facets:
    """The sets of this process, at most a few seconds old."""
    found: Facets = current_app.extensions.setdefault("shop_facets", Facets())
    fresh = current_app.extensions["shop_config"].page_cache_seconds
    if time.monotonic() - found.checked_at >= fresh:
        with found.lock:
            if time.monotonic() - found.checked_at >= fresh:
                _refresh(found)
                found.checked_at = time.monotonic()
    return found


def forget() -> None:
    """Drop what this process knows; the next read asks the database."""
    current_app.extensions.pop("shop_facets", None)


def _ids() -> array[int]:
    return array("q")


def _read(rows: Iterable[Any]) -> tuple[int, dict[str, array[int]], dict[int, array[int]]]:
    """All ids read, ids by key, ids by producer. In portions and plain arrays, so that no big heap stays behind."""
    everything, adults, in_stock = _ids(), _ids(), _ids()
    by_group: dict[int, array[int]] = defaultdict(_ids)
    by_set: dict[int, array[int]] = defaultdict(_ids)
    by_place: dict[str, array[int]] = defaultdict(_ids)
    by_stars: dict[int, array[int]] = defaultdict(_ids)
    by_price: dict[int | None, array[int]] = defaultdict(_ids)
    by_producer: dict[int, array[int]] = defaultdict(_ids)
    hidden = _ids()
    for i, shelf, group, set_, place, producer, stars, price, there in rows:
        if shelf == Shelf.HIDDEN:
            hidden.append(i)
            continue
        everything.append(i)
        by_group[group].append(i)
        by_set[set_].append(i)
        by_place[place].append(i)
        by_stars[stars].append(i)
        by_price[price].append(i)
        if shelf == Shelf.ADULTS:
            adults.append(i)
        if there:
            in_stock.append(i)
        if producer is not None:
            by_producer[producer].append(i)
    by_place.pop("", None)
    by_price.pop(None, None)
    keys = {"all": everything, "adults": adults, "in": in_stock, "priced": _ids()}
    kinds: tuple[tuple[str, dict[Any, array[int]]], ...] = (
        ("group", by_group), ("set", by_set), ("place", by_place), ("stars", by_stars),
    )  # fmt: skip
    keys.update({f"{kind}:{value}": ids for kind, values in kinds for value, ids in values.items()})
    for price, ids in by_price.items():
        keys["priced"].extend(ids)
        left, k = price or 0, 0
        while left:
            if left & 1:
                keys.setdefault(f"price:{k}", _ids()).extend(ids)
            left >>= 1
            k += 1
    return bits.of(everything) | bits.of(hidden), {k: ids for k, ids in keys.items() if ids}, by_producer


_EVERYTHING = select(*_COLUMNS)
_CHANGED = Reading(select(*_COLUMNS).where(_t.touched_at > bindparam("since")))


def _refresh(found: Facets) -> None:
    now = clock.now()
    if found.seen is None:
        told, groups, producers = _read(streamed(_EVERYTHING, size=2000))
    else:
        changed = _CHANGED.rows(since=found.seen - _OVERLAP)
        if not changed:
            found.seen = now
            return
        told, groups, producers = _read(changed)
    found.seen = now
    if not told:
        return
    if not found.sets:
        found.producers_known = set(producers)
        found.kept = max(_PRODUCERS_KEPT_AT_LEAST, min(_PRODUCERS_KEPT, _COUNTED_BITS // told.bit_length()))
        kept = sorted(producers, key=lambda p: (-len(producers[p]), p))[: found.kept]
        sets = {key: bits.of(ids) for key, ids in groups.items()}
        sets.update({f"producer:{p}": bits.of(producers[p]) for p in kept})
    else:
        sets = {}
        added = {key: bits.of(ids) for key, ids in groups.items()}
        for p, ids in producers.items():
            if f"producer:{p}" in found.sets or len(found.producers_known) < found.kept:
                added[f"producer:{p}"] = bits.of(ids)
                found.producers_known.add(p)
        for key in found.sets.keys() | added.keys():
            sets[key] = found.sets.get(key, 0) & ~told | added.get(key, 0)
        if sets == found.sets:
            return
    found.sets = sets
    found.generation += 1
    found.made = {}


# --- names of values ---------------------------------------------------------------------------------------------


def names(found: Facets) -> _Names:
    """Groups and sets by id, as people call them."""
    if time.monotonic() - found.names.read_at > _NAMES_SECONDS:
        fresh = _Names(read_at=time.monotonic())
        for g in session().execute(select(ProductGroup.id, ProductGroup.slug, ProductGroup.name, ProductGroup.name_en)):
            fresh.groups[g.id] = Name(g.slug, g.name, g.name_en)
        for p in session().execute(
            select(ProductSet.id, ProductSet.number, ProductSet.name, ProductSet.name_en, ProductSet.group_id)
        ):
            fresh.sets[p.id] = Name(str(p.number), p.name, p.name_en)
            fresh.group_of_set[p.id] = p.group_id
        found.names = fresh
    return found.names


def _name_places(found: Facets, keys: Iterable[str]) -> None:
    unknown = [k for k in keys if k not in found.place_names]
    if not unknown:
        return
    for key, place in session().execute(
        select(Listing.place_key, func.min(Listing.place))
        .where(Listing.place_key.in_(unknown))
        .group_by(Listing.place_key)
    ):
        found.place_names[key] = place or key
    for key in unknown:
        found.place_names.setdefault(key, key)


def _name_producers(found: Facets, ids: Iterable[int]) -> None:
    unknown = [i for i in ids if i not in found.producer_names]
    if not unknown:
        return
    for p in session().execute(select(Producer.id, Producer.slug, Producer.name).where(Producer.id.in_(unknown))):
        found.producer_names[p.id] = Name(p.slug, p.name, p.name)


def _producer_ids(found: Facets, slugs: Sequence[str]) -> list[int]:
    by_slug = {name.value: i for i, name in found.producer_names.items()}
    missing = [s for s in slugs if s not in by_slug]
    if missing:
        for p in session().execute(select(Producer.id, Producer.slug, Producer.name).where(Producer.slug.in_(missing))):
            found.producer_names[p.id] = Name(p.slug, p.name, p.name)
            by_slug[p.slug] = p.id
    return [by_slug[s] for s in slugs if s in by_slug]


def _producer_set(found: Facets, producer_id: int) -> int:
    key = f"producer:{producer_id}"
    if key in found.sets or len(found.producers_known) < found.kept:
        return found.of(key)
    if key not in found.made:
        ids = session().scalars(
            select(Listing.product_id).where(Listing.producer_id == producer_id, Listing.shelf != Shelf.HIDDEN)
        )
        found.made[key] = bits.of(ids.all())
    return int(found.made[key])


# --- choosing and counting ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """Filters as ids and sets: `parts` holds, for each filter in use, the products it lets through."""

    filters: Filters
    parts: dict[str, int]
    group_ids: tuple[int, ...]
    set_ids: tuple[int, ...]
    producer_ids: tuple[int, ...]


def choose(found: Facets, filters: Filters) -> Choice:
    """Understand `filters`; a value nobody has lets nothing through."""
    called = names(found)
    parts: dict[str, int] = {}

    def union(key: str, values: Iterable[object]) -> int:
        joined = 0
        for value in values:
            joined |= found.of(f"{key}:{value}")
        return joined

    # A slug or number may stand in the lists of several years (2014, 2026): meant is the one that has goods.
    group_ids = tuple(i for i, n in called.groups.items() if n.value in filters.groups and found.of(f"group:{i}"))
    set_ids = tuple(i for i, n in called.sets.items() if int(n.value) in filters.sets and found.of(f"set:{i}"))
    producer_ids = tuple(_producer_ids(found, filters.producers)) if filters.producers else ()
    if filters.groups:
        parts["groups"] = union("group", group_ids)
    if filters.sets:
        parts["sets"] = union("set", set_ids)
    if filters.stars:
        parts["stars"] = union("stars", filters.stars)
    if filters.places:
        parts["places"] = union("place", filters.places)
    if filters.producers:
        parts["producers"] = 0
        for i in producer_ids:
            parts["producers"] |= _producer_set(found, i)
    if filters.low is not None or filters.high is not None:
        parts["price"] = found.between(filters.low, filters.high)
    if filters.in_stock:
        parts["in_stock"] = found.of("in")
    return Choice(filters, parts, group_ids, set_ids, producer_ids)


def meet(base: int, choice: Choice, *, without: str = "") -> int:
    """`base` narrowed by every filter but `without`."""
    for part, members in choice.parts.items():
        if part != without:
            base &= members
    return base


class Option(NamedTuple):
    """One value of a filter and how many products it would leave."""

    value: str
    vi: str
    en: str
    size: int
    chosen: bool


class Band(NamedTuple):
    """A price band `low`…`high` (đồng, both included; None: open)."""

    low: int | None
    high: int | None
    size: int
    chosen: bool


class Counts(NamedTuple):
    """Everything beside a list: values with their counts, those without products left out unless chosen."""

    groups: tuple[Option, ...]
    sets: tuple[Option, ...]
    stars: tuple[Option, ...]
    places: tuple[Option, ...]
    producers: tuple[Option, ...]
    bands: tuple[Band, ...]
    in_stock: int


def counts(found: Facets, choice: Choice, base: int, *, key: object = None) -> Counts:
    """Count every value within `base` and the other filters. What was counted is remembered until a product changes: under
    `key` if that names `base`, else (the hits of a search) under `base` itself, for the last few."""
    generation, hits = found.made, found.made.setdefault("hits", OrderedDict())
    remembered = (key if key is not None else base, choice.filters)
    known: Counts | None = (hits if key is None else generation).get(remembered)
    if known is not None:
        return known
    called = names(found)
    filters = choice.filters

    def by_size(options: list[Option]) -> tuple[Option, ...]:
        return tuple(sorted(options, key=lambda o: (-o.size, o.vi)))

    def options(kind: str, part: str, values: dict[int, Name], chosen: Sequence[object]) -> list[Option]:
        inside = meet(base, choice, without=part)
        made = []
        for i, name in values.items():
            n = (inside & found.of(f"{kind}:{i}")).bit_count()
            if n or i in chosen:
                made.append(Option(name.value, name.vi, name.en, n, i in chosen))
        return made

    groups = options("group", "groups", called.groups, choice.group_ids)
    sets = by_size(options("set", "sets", called.sets, choice.set_ids))
    inside = meet(base, choice, without="stars")
    stars = []
    for n in (5, 4, 3):
        count = (inside & found.of(f"stars:{n}")).bit_count()
        if count or n in filters.stars:
            stars.append(Option(str(n), str(n), str(n), count, n in filters.stars))

    inside = meet(base, choice, without="places")
    sizes = {k[6:]: (inside & s).bit_count() for k, s in found.sets.items() if k.startswith("place:")}
    sizes = {k: n for k, n in sizes.items() if n} | {
        k: sizes.get(k, 0) for k in filters.places if k in found.place_names
    }
    _name_places(found, sizes)
    places = by_size(
        [Option(k, found.place_names[k], found.place_names[k], n, k in filters.places) for k, n in sizes.items()]
    )

    inside = meet(base, choice, without="producers")
    by_producer = {int(k[9:]): (inside & s).bit_count() for k, s in found.sets.items() if k.startswith("producer:")} | {
        i: (inside & _producer_set(found, i)).bit_count() for i in choice.producer_ids
    }
    best = sorted((i for i, n in by_producer.items() if n), key=lambda i: (-by_producer[i], i))[:40]
    best += [i for i in choice.producer_ids if i not in best]
    _name_producers(found, best)
    producers = by_size(
        [
            Option(
                found.producer_names[i].value,
                found.producer_names[i].vi,
                found.producer_names[i].en,
                by_producer[i],
                i in choice.producer_ids,
            )
            for i in best
            if i in found.producer_names
        ]
    )

    inside = meet(base, choice, without="price")
    bands = []
    ends: list[int | None] = [None, *PRICE_BANDS, None]
    for low, end in pairwise(ends):
        high = None if end is None else end - 1
        cached = ("band", low, high)
        if cached not in found.made:
            found.made[cached] = found.between(low, high)
        n = (inside & found.made[cached]).bit_count()
        chosen = filters.low == low and filters.high == high and (low is not None or high is not None)
        if n or chosen:
            bands.append(Band(low, high, n, chosen))

    inside = meet(base, choice, without="in_stock")
    made = Counts(
        tuple(groups), sets, tuple(stars), places, producers, tuple(bands), (inside & found.of("in")).bit_count()
    )
    if key is None:
        hits[remembered] = made
        while len(hits) > _HITS_KEPT:
            with suppress(KeyError):  # another thread was faster
                hits.popitem(last=False)
    elif len(generation) < 2000:
        generation[remembered] = made
    return made


def named_like(found: Facets, typed: str) -> tuple[list[Name], list[Name]]:
    """Producers and places with words beginning with those of `typed`; those that have them side by side first."""
    asked = [f" {w}" for w in words(typed)]
    if not asked:
        return [], []

    directory = found.directory
    if directory is None or time.monotonic() - directory.made_at > _NAMES_SECONDS:
        directory = found.directory = _directory(found)
    together = "".join(asked)

    def fitting(entries: list[tuple[str, Name]]) -> list[Name]:
        met = [
            (together not in folded, n, name)
            for n, (folded, name) in enumerate(entries)
            if all(w in folded for w in asked)
        ]
        return [name for _, _, name in sorted(met, key=lambda m: m[:2])]

    return fitting(directory.producers), fitting(directory.places)


def _directory(found: Facets) -> _Directory:
    listed = session().execute(
        select(Producer.slug, Producer.name)
        .where(Producer.id.in_(select(_t.producer_id).where(_t.shelf == Shelf.EVERYBODY)))
        .order_by(Producer.sort_name)
    )
    producers = [(" " + " ".join(words(name)), Name(slug, name, name)) for slug, name in listed]
    sizes = {k[6:]: s.bit_count() for k, s in found.sets.items() if k.startswith("place:") and s}
    _name_places(found, sizes)
    keys = sorted(sizes, key=lambda k: (-sizes[k], k))
    names = [Name(k, found.place_names[k], found.place_names[k]) for k in keys]
    return _Directory(time.monotonic(), producers, [(" " + " ".join(words(n.vi)), n) for n in names])
