"""The address of the product list: read into filters, written back for every link of the page.

Whatever stands in an address is answered: what cannot be understood is left out, and a price is told to the reader.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from shop.catalog.browse import Sort
from shop.catalog.facets import Filters
from shop.catalog.search import LONGEST_QUESTION
from shop.kernel import money
from shop.kernel.errors import Invalid
from shop.kernel.text import clean
from shop.kernel.web import path

ADDRESS = "/san-pham"
_MOST_VALUES = 30
_LARGEST_PAGE = 100_000
_EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `sort` is None where none is named; `not_understood` are fields that were left out."""

    q: str = ""
    filters: Filters = _EVERYTHING
    sort: Sort | None = None
    page: int = 1
    not_understood: tuple[str, ...] = ()

    @property
    def order(self) -> Sort:
        """The order in force: by fit for a question, else the featured first."""
        if self.sort is None or (self.sort is Sort.RELEVANCE and not self.q):
            return Sort.RELEVANCE if self.q else Sort.FEATURED
        return self.sort

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the address in their fixed order."""
        f = self.filters
        found: list[tuple[str, str]] = [("q", self.q)] if self.q else []
        found += [("nhom", v) for v in f.groups]
        found += [("bo", str(v)) for v in f.sets]
        found += [("sao", str(v)) for v in f.stars]
        found += [("xa", v) for v in f.places]
        found += [("nha-san-xuat", v) for v in f.producers]
        if f.low is not None:
            found.append(("gia_tu", str(f.low)))
        if f.high is not None:
            found.append(("gia_den", str(f.high)))
        if f.in_stock:
            found.append(("con_hang", "1"))
        if self.sort is not None:
            found.append(("sap_xep", self.sort.value))
        if self.page > 1:
            found.append(("trang", str(self.page)))
        return found

    def url(self) -> str:
        """The address, in the language of the present request."""
        query = urlencode(self.pairs())
        return path(ADDRESS) + (f"?{query}" if query else "")

    def but(self, *, filters: Filters | None = None, **changes: object) -> Asked:
        """The same with changes; another choice begins at its first page."""
        page = changes.pop("page", 1)
        return replace(self, filters=filters or self.filters, page=page, **changes)  # type: ignore[arg-type]


def _words(values: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(clean(v)[:80] for v in values)
    return tuple(sorted(v for v in found if v))[:_MOST_VALUES]


def _numbers(values: Iterable[str], low: int, high: int) -> tuple[int, ...]:
    found = {int(v) for v in values if v.isascii() and v.isdigit() and len(v) <= 6}
    return tuple(sorted((n for n in found if low <= n <= high), reverse=True))[:_MOST_VALUES]


def read(args: MultiDict[str, str], *, adult: bool) -> Asked:
    """Understand the address."""
    lost = []
    prices: dict[str, int | None] = {}
    for name in ("gia_tu", "gia_den"):
        raw = clean(args.get(name, ""))
        prices[name] = None
        if raw:
            try:
                prices[name] = money.parse_vnd(raw)
            except Invalid:
                lost.append(name)
    low, high = prices["gia_tu"], prices["gia_den"]
    if low is not None and high is not None and low > high:
        low, high = high, low
    number = args.get("trang", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) <= 6 else 1
    try:
        sort = Sort(args["sap_xep"]) if args.get("sap_xep") else None
    except ValueError:
        sort = None
    return Asked(
        q=" ".join(clean(args.get("q", "")).split())[:LONGEST_QUESTION],
        filters=Filters(
            groups=_words(args.getlist("nhom")),
            sets=_numbers(args.getlist("bo"), 1, 999),
            stars=_numbers(args.getlist("sao"), 3, 5),
            places=_words(args.getlist("xa")),
            producers=_words(args.getlist("nha-san-xuat")),
            low=low or None,
            high=high,
            in_stock=args.get("con_hang", "") in {"1", "on", "true", "co"},
            adult=adult,
        ),
        sort=sort,
        page=max(1, min(page, _LARGEST_PAGE)),
        not_understood=tuple(lost),
    )
