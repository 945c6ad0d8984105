"""The public register: every certificate that the shop knows, found without marks, narrowed, counted by locality.

Each process keeps what is searched of all certificates, a few hundred bytes for each, and reads it again when the lists of the
catalogue or the certificates changed. The rows of a page are read from the database, so a certificate that was taken back a
moment ago is shown so.
"""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from flask_babel import gettext
from sqlalchemy import func, select

from shop.catalog.models import (
    CERTIFICATE_LEVEL_NAMES,
    Certificate,
    CertificateLevel,
    Listing,
    Product,
    ProductSet,
    ProductState,
    certificate_key,
)
from shop.catalog.queries import Standing, standing, waits
from shop.catalog.queries.office import STANDING_NAMES
from shop.kernel import clock, text
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.places.queries.old import localities_of_2014
from shop.points import locator

ROWS = 30
LAST_PAGE = 2000
# A register of this size is read again at every change; a bigger one at most each so many seconds.
_SMALL, _PAUSE, _AT_LEAST = 3_000, 10.0, 60.0
LONGEST_QUESTION = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """What is narrowed of a certificate. `area` is the local unit of 2014 (`""`: outside the province or unknown)."""

    id: int
    stars: int
    level: str
    set_no: int
    place_key: str
    area: str
    issued_on: date
    expires_on: date
    revoked_on: date | None
    replaced_by_id: int | None

    def stands(self, day: date) -> Standing:
        """What it is on `day`."""
        return standing(self, day)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Row:
    """A certificate as a page or a file shows it."""

    number: str
    stars: int
    level: CertificateLevel
    decision_number: str | None
    decided_on: date | None
    score: Decimal | None
    issued_on: date
    expires_on: date
    revoked_on: date | None
    replaced_by_id: int | None
    term_ends_on: date | None
    is_demo: bool
    slug: str
    name: str
    name_en: str | None
    shown: bool
    producer: str | None
    place: str | None
    set_number: int
    set_name: str
    set_name_en: str
    stands: Standing

    @property
    def waits(self) -> bool:
        """Whether it is used beyond its term today, because its renewal is not decided."""
        return self.stands is Standing.VALID and waits(self, clock.today())


@dataclass(frozen=True, slots=True)
class Choice:
    """What a visitor asked for; empty values narrow nothing."""

    q: str = ""
    stars: int | None = None
    level: str = ""
    set_no: int | None = None
    place: str = ""
    area: str = ""
    state: str = ""

    @property
    def any(self) -> bool:
        """Whether anything narrows."""
        return self != Choice()

    def query(self, **more: object) -> str:
        """The address's question for it, with a page or other words."""
        values = {
            "q": self.q, "sao": self.stars or "", "cap": self.level, "bo": self.set_no or "", "xa": self.place,
            "vung": self.area, "tinh-trang": self.state,
        } | more  # fmt: skip
        found = urlencode({k: v for k, v in values.items() if v})
        return f"?{found}" if found else ""


STATES = {s.value: STANDING_NAMES[s] for s in (Standing.VALID, Standing.LAPSED, Standing.REVOKED, Standing.REPLACED)}


def choice(args: Mapping[str, str]) -> Choice:
    """The choice that an address says; what makes no sense is ignored."""

    def number(name: str, low: int, high: int) -> int | None:
        raw = args.get(name, "")
        found = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 4 else 0
        return found if low <= found <= high else None

    level, state = args.get("cap", ""), args.get("tinh-trang", "")
    area = text.slugify(args.get("vung", "")[:80])
    return Choice(
        text.clean(args.get("q", "")).replace("\n", " ")[:LONGEST_QUESTION],
        number("sao", 3, 5),
        level if level in set(CertificateLevel) else "",
        number("bo", 1, 999),
        text.clean(args.get("xa", ""))[:80],
        area if area in areas() else "",
        state if state in STATES else "",
    )


def areas() -> dict[str, str]:
    """Local units of 2014: how an address names them → their names."""
    return {text.slugify(place.name): place.name for place in locator.localities().values()}


class _Index:
    """What a process keeps of all certificates at one moment; never changed, a new one takes its place."""

    def __init__(self) -> None:
        c, n = Certificate, Listing
        rows = session().execute(
            select(
                c.id, c.number_key, c.stars, c.level, c.issued_on, c.expires_on, c.revoked_on, c.replaced_by_id, n.name,
                n.name_en, n.producer_name, n.place, n.place_key, n.commune_code, n.set_no,
            )
            .join(n, n.product_id == c.product_id)
            .order_by(n.sort_name, n.product_id, c.issued_on.desc(), c.id.desc())
        )  # fmt: skip
        by_code, known = localities_of_2014(), locator.localities()
        places: dict[str, str] = {}
        # Which entries hold each folded word.
        self.holders: dict[str, array[int]] = {}
        self.entries: list[Entry] = []
        for row in rows:
            said = " ".join(w for w in (row.name, row.name_en, row.producer_name, row.place) if w)
            area = by_code.get(row.commune_code or "", "")
            if not area and (found := known.get(text.fold(row.place or ""))):
                area = found.name
            for word in {*text.words(said), *row.number_key.split("-")}:
                if (holders := self.holders.get(word)) is None:
                    holders = self.holders[word] = array("I")
                holders.append(len(self.entries))
            self.entries.append(
                Entry(
                    row.id, row.stars, str(row.level), row.set_no, row.place_key, text.slugify(area), row.issued_on,
                    row.expires_on, row.revoked_on, row.replaced_by_id,
                )
            )  # fmt: skip
            if row.place_key and row.place:
                places[row.place_key] = row.place
        self.vocabulary = sorted(self.holders)
        self.sets = {e.set_no for e in self.entries}
        self.places = sorted(places.items(), key=lambda pair: text.sort_key(pair[1]))
        self._valid: tuple[date, list[str | None]] | None = None
        self._asked: tuple[frozenset[str], Sequence[int]] = (frozenset(), ())

    def holding(self, words: Sequence[str]) -> Sequence[int]:
        """The places, in order, of the entries that hold a word beginning with each of `words`."""
        if not words:
            return range(len(self.entries))
        asked = frozenset(words)
        kept = self._asked  # a page and its map ask for the same
        if kept[0] == asked:
            return kept[1]
        found: set[int] | None = None
        for word in sorted(asked, key=len, reverse=True):
            first, last = bisect_left(self.vocabulary, word), bisect_left(self.vocabulary, word + "{")
            some: set[int] = set().union(*(self.holders[w] for w in self.vocabulary[first:last]))
            found = some if found is None else found & some
            if not found:
                break
        places = sorted(found or ())
        self._asked = (asked, places)
        return places

    def valid(self, day: date) -> list[str | None]:
        """For each entry its area, None where it does not hold on `day`."""
        kept = self._valid
        if kept is None or kept[0] != day:
            kept = self._valid = (day, [e.area if e.stands(day) is Standing.VALID else None for e in self.entries])
        return kept[1]


class _Kept:
    """The index of an app's process, and what the database said when it was read."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stamp: tuple[int, datetime | None] | None = None
        self.read_at = 0.0
        self.index: _Index | None = None

    def now(self) -> _Index:
        """As the database is; a big register may be some seconds behind, its rows never are."""
        age = time.monotonic() - self.read_at
        index = self.index
        if index is not None and len(index.entries) > _SMALL and age < _PAUSE:
            return index
        s = session()
        stamp = (s.scalar(select(func.max(Certificate.id))) or 0, s.scalar(select(func.max(Listing.touched_at))))
        if index is None or stamp != self.stamp or age > _AT_LEAST:
            with self.lock:
                index = self.index = _Index()
                self.stamp, self.read_at = stamp, time.monotonic()
        return index


def _kept() -> _Index:
    kept: _Kept = current_app.extensions.setdefault("shop_register", _Kept())
    return kept.now()


def _chosen(kept: _Index, wanted: Choice, day: date) -> Sequence[int]:
    """The places of the entries that were asked for."""
    words = text.words(wanted.q)
    if wanted.q and not words:
        return ()
    found = kept.holding(words)
    if wanted == Choice(wanted.q):
        return found
    entries = kept.entries
    return [
        i
        for i in found
        if (e := entries[i])
        and (wanted.stars is None or e.stars == wanted.stars)
        and (not wanted.level or e.level == wanted.level)
        and (wanted.set_no is None or e.set_no == wanted.set_no)
        and (not wanted.place or e.place_key == wanted.place)
        and (not wanted.area or e.area == wanted.area)
        and (not wanted.state or e.stands(day).value == wanted.state)
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the register."""

    rows: list[Row]
    total: int
    number: int
    more: bool


def page(wanted: Choice, number: int) -> Page:
    """Page `number` (from 1) of what was asked for, by name, a product's latest certificate first."""
    kept = _kept()
    found = _chosen(kept, wanted, clock.today())
    start = (number - 1) * ROWS
    return Page(
        _rows([kept.entries[i].id for i in found[start : start + ROWS]]), len(found), number, len(found) > start + ROWS
    )


def everything(wanted: Choice) -> Iterator[Row]:
    """All that was asked for, for a file."""
    kept = _kept()
    ids = [kept.entries[i].id for i in _chosen(kept, wanted, clock.today())]
    for batch in in_batches(ids, 500):
        yield from _rows(batch)


def _rows(ids: Sequence[int]) -> list[Row]:
    if not ids:
        return []
    c, n, today = Certificate, Listing, clock.today()
    rows = session().execute(
        select(
            c.id, c.number, c.stars, c.level, c.decision_number, c.decided_on, c.score, c.issued_on, c.expires_on,
            c.revoked_on, c.replaced_by_id, c.term_ends_on, c.is_demo, Product.slug, n.name, n.name_en, Product.state,
            n.producer_name, n.place, ProductSet.number, ProductSet.name, ProductSet.name_en,
        )
        .join(n, n.product_id == c.product_id)
        .join(Product, Product.id == c.product_id)
        .join(ProductSet, ProductSet.id == n.set_id)
        .where(c.id.in_(ids))
    )  # fmt: skip
    by_id = {
        row[0]: Row(*row[1:16], row[16] is ProductState.SHOWN, *row[17:], standing(row, today))  # type: ignore[call-arg,arg-type]
        for row in rows
    }
    return [by_id[i] for i in ids if i in by_id]


@dataclass(frozen=True, slots=True)
class Options:
    """What the register may be narrowed to: (value, label) pairs."""

    stars: list[tuple[str, str]]
    levels: list[tuple[str, str]]
    sets: list[tuple[str, str]]
    places: list[tuple[str, str]]
    states: list[tuple[str, str]]


def options(english: bool) -> Options:
    """Only what some certificate has."""
    kept = _kept()
    sets = session().execute(
        select(ProductSet.number, ProductSet.name, ProductSet.name_en)
        .where(ProductSet.number.in_(kept.sets), ProductSet.valid_to.is_(None))
        .order_by(ProductSet.number)
    )
    return Options(
        [(str(n), gettext("%(n)s sao", n=n)) for n in (5, 4, 3)],
        [(level.value, gettext(name)) for level, name in CERTIFICATE_LEVEL_NAMES.items()],
        [(str(n), f"{n}. {en if english and en else name}") for n, name, en in sets],
        kept.places,
        [(value, gettext(name)) for value, name in STATES.items()],
    )


def by_area(wanted: Choice) -> locator.CountMap:
    """Certificates in force that were asked for, counted by local unit; the chosen unit does not narrow its own map."""
    kept, day = _kept(), clock.today()
    valid = kept.valid(day)
    found = _chosen(kept, Choice(wanted.q, wanted.stars, wanted.level, wanted.set_no), day)
    told = Counter(map(valid.__getitem__, found))
    return locator.count_map({area: n for area, n in told.items() if area is not None})


COLUMNS = (
    N_("Số chứng nhận"), N_("Sản phẩm"), N_("Nhà sản xuất"), N_("Địa phương"), N_("Bộ sản phẩm"), N_("Sao"), N_("Cấp"),
    N_("Điểm"), N_("Quyết định"), N_("Ngày cấp"), N_("Hết thời hạn"), N_("Hiệu lực đến hết"), N_("Tình trạng"), N_("Minh họa"),
)  # fmt: skip


def line(row: Row) -> list[Any]:
    """A row of the file, in the order of `COLUMNS`."""
    return [
        row.number, row.name, row.producer, row.place, f"{row.set_number}. {row.set_name}", row.stars,
        gettext(CERTIFICATE_LEVEL_NAMES[row.level]), row.score, row.decision_number, row.issued_on,
        row.term_ends_on or row.expires_on, row.expires_on, gettext(STANDING_NAMES[row.stands]), row.is_demo,
    ]  # fmt: skip


def exact(wanted: Choice) -> str | None:
    """The certificate whose number was typed, if one is."""
    key = certificate_key(wanted.q)
    return session().scalar(select(Certificate.number).where(Certificate.number_key == key)) if key else None
