"""`/san-pham`: the list of products, its search and its filters; `/san-pham/goi-y`: words for the search box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from flask import Response, current_app, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from shop.accounts.guards import public
from shop.catalog import browse, facets, search
from shop.catalog.browse import SORT_NAMES, Sort
from shop.catalog.facets import Band, Counts, Facets, Filters, Option
from shop.catalog.models import ProductKind
from shop.catalog.search import Found
from shop.demand import visits
from shop.demand.models.unmet import Channel, Kind
from shop.demand.services.unmet import Wish
from shop.kernel import drawn, web
from shop.kernel.errors import NotFound
from shop.kernel.money import vnd
from shop.pages import asked as asked_
from shop.pages.asked import Asked
from shop.pages.cards import Card, cards
from shop.pages.storefront import age, bp

_SUGGESTED = 8


@bp.get("/san-pham")
@public
def products() -> Any:
    """The list. For who has said to be of age it is a page of his own, with alcohol; for all others one and the same."""
    if age.confirmed():
        web.mark_private()
        return _list(adult=True)
    return _public_list()


@web.public_page()
def _public_list() -> Any:
    return _list(adult=False)


class Shown(NamedTuple):
    """All that a list page shows, besides its language, its address and the day's token: the page is a function of this."""

    asked: Asked
    adult: bool
    total: int
    more: bool
    products: tuple[Card, ...]
    counts: Counts
    kept_back: int
    spelled: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    near: tuple[str, ...]
    instead: tuple[Card, ...]

    @property
    def beyond(self) -> bool:
        """Whether the list ends before this page."""
        return not self.products and self.asked.page > 1


def _list(*, adult: bool) -> Any:
    asked = asked_.read(request.args, adult=adult)
    known = facets.facets()
    choice = facets.choose(known, asked.filters)
    found = search.ask(asked.q) if asked.q else None
    page = browse.page(known, choice, asked.order, asked.page, found)
    shown = known.shown(adult)
    base = shown if found is None else shown & found.all
    kept_back = 0 if adult else _kept_back(known, choice, found)
    if found is not None and not kept_back:
        _note_unmet(known, asked.q, found, base, page.rows)
    told = Shown(
        asked=asked,
        adult=adult,
        total=page.total,
        more=page.more,
        products=cards(page.rows),
        counts=facets.counts(known, choice, base, key=adult if found is None else None),
        kept_back=kept_back,
        spelled=found.spelled if found else (),
        left_out=found.left_out if found and base else (),
        near=tuple(search.spellings(asked.q, shown)) if found is not None and not base else (),
        instead=_instead(known, asked, page.total, found, adult),
    )
    if adult:  # its header holds its reader
        body: str = render_template("pages/storefront/list.html", **_values(told))
    else:
        body = drawn.page(("list", told), lambda: drawn.draw("pages/storefront/list.html", **_values(told)))
    return (body, 404) if told.beyond else body


def _note_unmet(known: Facets, q: str, found: Found, base: int, rows: Sequence[browse.Row]) -> None:
    """Count a search that found nothing, or only goods that are sold out: then the best of them is what was wanted."""
    if not base or found.left_out:
        wish = Wish(Kind.SEARCH_NOTHING, Channel.WEB, words=q)
    elif not base & known.of("in") and rows and rows[0].kind == ProductKind.GOODS and rows[0].price_amount is not None:
        first = rows[0]
        wish = Wish(Kind.SEARCH_SOLD_OUT, Channel.WEB, product_id=first.product_id, unit_amount=first.price_amount)
    else:
        return
    web.each_view(lambda: visits.note(wish))


def _values(told: Shown) -> dict[str, Any]:
    """What the template draws; its filters, which many pages share, are a piece of their own."""
    asked, counts = told.asked, told.counts
    return {
        **told._asdict(),
        "q": asked.q,
        "heading": _heading(asked, counts),
        "total_text": _total(told.total),
        "page": asked.page,
        "beyond": told.beyond,
        "error_code": NotFound.code if told.beyond else None,
        "previous_url": asked.but(page=asked.page - 1).url() if asked.page > 1 else "",
        "next_url": asked.but(page=asked.page + 1).url() if told.more else "",
        "first_url": asked.but(page=1).url(),
        "canonical_url": _canonical(asked),
        "index": not asked.q and len(asked.but(sort=None).pairs()) <= 1 and asked.sort is None and not told.beyond,
        "filters": _chips(asked, counts),
        "clear_url": Asked(q=asked.q, sort=asked.sort).url(),
        "sorts": _sorts(asked),
        "panel": drawn.piece(("filters", asked.q, asked.sort, asked.filters, counts), lambda: _panel(asked, counts)),
        "age_url": age.ask_url(asked.url()),
        "near": [{"label": words, "url": Asked(q=words).url()} for words in told.near],
        "demo": any(card.is_demo for card in told.products),
    }


def _panel(asked: Asked, counts: Counts) -> str:
    """The filters with their counts."""
    return drawn.draw(
        "pages/storefront/_filters.html",
        asked=asked,
        in_stock=counts.in_stock,
        groups=_options(counts.groups),
        stars=[
            {"value": o.value, "label": _("%(n)s sao", n=o.value), "count": o.size, "chosen": o.chosen}
            for o in counts.stars
        ],
        sets=_options(counts.sets),
        places=_options(counts.places),
        producers=_options(counts.producers),
        bands=_bands(asked, counts.bands),
    )


# --- what stands around the products -----------------------------------------------------------------------------


def _kept_back(known: Facets, choice: facets.Choice, found: Found | None) -> int:
    """How many goods for adults the same list would hold besides."""
    base = known.of("adults") if found is None else known.of("adults") & found.all
    return facets.meet(base, choice).bit_count()


def _total(n: int) -> str:
    grouped = f"{n:,}"
    if web.language() == "vi":
        grouped = grouped.replace(",", ".")
    return ngettext("%(count)s sản phẩm", "%(count)s sản phẩm", n, count=grouped)


def _name(option: Option) -> str:
    return option.en if web.language() == "en" and option.en else option.vi


def _options(options: tuple[Option, ...]) -> list[dict[str, Any]]:
    return [{"value": o.value, "label": _name(o), "count": o.size, "chosen": o.chosen} for o in options]


def _heading(asked: Asked, counts: Counts) -> str:
    """What the list is, in a few words: the question, or the one value that is chosen."""
    if asked.q:
        return _("Kết quả cho “%(q)s”", q=asked.q)
    f = asked.filters
    for options, values in ((counts.groups, f.groups), (counts.sets, f.sets), (counts.places, f.places)):
        if len(values) == 1:
            for option in options:
                if option.chosen:
                    return _name(option)
    return _("Sản vật Quảng Ninh")


def _canonical(asked: Asked) -> str:
    """The address under which search engines know the list: without its order."""
    return str(current_app.extensions["shop_config"].base_url) + replace(asked, sort=None).url()


def _sorts(asked: Asked) -> list[tuple[str, str, bool]]:
    offered = [s for s in Sort if s is not Sort.RELEVANCE or asked.q]
    return [(s.value, _(SORT_NAMES[s]), s is asked.order) for s in offered]


def _price_words(low: int | None, high: int | None) -> str:
    if low is None and high is not None:
        return _("Dưới %(high)s", high=vnd(high + 1)) if (high + 1) % 1000 == 0 else _("Đến %(high)s", high=vnd(high))
    if high is None:
        return _("Từ %(low)s", low=vnd(low or 0))
    end = high + 1 if (high + 1) % 1000 == 0 else high
    return f"{vnd(low or 0)} – {vnd(end)}"


def _bands(asked: Asked, bands: tuple[Band, ...]) -> list[dict[str, Any]]:
    f = asked.filters
    return [
        {
            "label": _price_words(b.low, b.high),
            "count": b.size,
            "chosen": b.chosen,
            "url": asked.but(
                filters=replace(f, low=None, high=None) if b.chosen else replace(f, low=b.low, high=b.high)
            ).url(),
        }
        for b in bands
    ]


def _chips(asked: Asked, counts: Counts) -> list[dict[str, str]]:
    """The filters in force, each with the address without it."""
    f = asked.filters
    chips: list[dict[str, str]] = []

    def add(label: str, **fewer: Any) -> None:
        chips.append({"label": label, "url": asked.but(filters=replace(f, **fewer)).url()})

    for field, options in (
        ("groups", counts.groups),
        ("sets", counts.sets),
        ("places", counts.places),
        ("producers", counts.producers),
    ):
        called = {o.value: _name(o) for o in options}
        values = getattr(f, field)
        for value in values:
            add(called.get(str(value), str(value)), **{field: tuple(v for v in values if v != value)})
    for n in f.stars:
        add(_("%(n)s sao", n=n), stars=tuple(v for v in f.stars if v != n))
    if f.low is not None or f.high is not None:
        add(_price_words(f.low, f.high), low=None, high=None)
    if f.in_stock:
        add(_("Còn hàng"), in_stock=False)
    return chips


def _instead(known: Facets, asked: Asked, total: int, found: Found | None, adult: bool) -> tuple[Card, ...]:
    """Something to look at when nothing was found: what fits the question without its filters, else what is in stock."""
    if total or asked.page > 1:
        return ()
    everything = facets.choose(known, Filters(adult=adult))
    if found is not None and asked.filters.any and found.all & known.shown(adult):
        return cards(browse.page(known, everything, Sort.RELEVANCE, 1, found).rows[:8])
    return cards(browse.shelf(Sort.FEATURED, 8))


# --- words for the search box ------------------------------------------------------------------------------------


@bp.get("/san-pham/goi-y")
@public
@web.public_page()
def suggestions() -> Response:
    """Up to eight products, producers and places for what has been typed so far; goods for adults never among them."""
    typed = " ".join(request.args.get("q", "").split())[: search.LONGEST_QUESTION]
    answer: dict[str, list[dict[str, str]]] = {"products": [], "producers": [], "places": []}
    if len(typed) < 2:
        return jsonify(answer)
    known = facets.facets()
    producers, places = facets.named_like(known, typed)
    answer["producers"] = [{"name": n.vi, "url": web.path(f"/nha-san-xuat/{n.value}")} for n in producers[:2]]
    answer["places"] = [{"name": n.vi, "url": Asked(filters=Filters(places=(n.value,))).url()} for n in places[:2]]
    room = _SUGGESTED - len(answer["producers"]) - len(answer["places"])
    found = search.ask(typed, unfinished=True)
    page = browse.page(known, facets.choose(known, Filters()), Sort.RELEVANCE, 1, found)
    for row in page.rows[:room]:
        english = web.language() == "en"
        answer["products"].append(
            {
                "name": (row.name_en if english else None) or row.name,
                "note": row.producer_name or row.place or "",
                "price": vnd(row.price_amount) if row.price_amount is not None else "",
                "url": web.path(f"/san-pham/{row.slug}"),
            }
        )
    return jsonify(answer)
