"""Cards of products: a row of the catalogue's lists with what the stock has of it, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from shop.catalog import browse, rules
from shop.catalog.models import ProductKind
from shop.kernel import clock, web
from shop.kernel.wording import gettext
from shop.promotions import queries as promotions
from shop.promotions.reckon import LiveOffer
from shop.stock import queries as stock


class Picture(NamedTuple):
    """A photograph as a card shows it."""

    src: str
    srcset: str
    alt: str
    width: int = 800
    height: int = 800


class Card(NamedTuple):
    """What `_macros/product.html` draws. Amounts in đồng; `available` in sale units, None for what has no stock."""

    slug: str
    name: str
    producer: str
    place: str
    sku: str | None
    pack: str
    choices: int
    price_amount: int | None
    old_amount: int | None
    unit_amount: int | None
    unit: str | None
    available: int | None
    for_sale: bool
    stars: int
    stars_until: date | None
    stars_level: str
    set_no: int
    picture: Picture | None
    season: str
    alcohol: bool
    is_demo: bool
    # Until when the price is that of a timed sale; `old_amount` is then the usual one.
    sale_until: datetime | None = None


def _sale(row: browse.Row, offers: Mapping[int, LiveOffer]) -> tuple[int | None, int | None, datetime | None]:
    """What a card asks for: the price, the one before, and until when that of a sale holds."""
    best = min((offers[v] for v in row.variant_ids if v in offers), key=lambda o: o.price_amount, default=None)
    if best is None or row.price_amount is None or best.price_amount >= row.price_amount:
        return row.price_amount, row.old_amount, None
    return best.price_amount, row.price_amount, best.ends_at


def cards(rows: Sequence[browse.Row]) -> tuple[Card, ...]:
    """The cards of `rows`, in the reader's language. One statement."""
    if not rows:
        return ()
    ids = [v for row in rows for v in row.variant_ids]
    counts, offers = stock.availability(ids), promotions.shown(ids)
    today = clock.today()
    rule = rules.CERTIFICATE_RULE.get()
    english = web.language() == "en"
    in_season = gettext("Đang mùa")
    month = 1 << (today.month - 1)
    made = []
    for row in rows:
        goods = row.kind == ProductKind.GOODS
        # The row says what was in force when it was written; a star ends with its day, not with the next writing.
        stars = row.stars if row.stars and row.stars_until is not None and row.stars_until >= today else 0
        left = sum([counts.get(v, stock.NONE_LEFT).total for v in row.variant_ids]) if goods else None
        price, old, until = _sale(row, offers) if offers else (row.price_amount, row.old_amount, None)
        made.append(
            Card(
                slug=row.slug,
                name=(row.name_en if english else None) or row.name,
                producer=row.producer_name or "",
                place=row.place or "",
                sku=row.sku,
                pack=((row.pack_en if english else None) or row.pack or ""),
                choices=row.choices,
                price_amount=price,
                old_amount=old,
                unit_amount=row.unit_amount if until is None else None,
                unit=row.unit,
                available=left if row.price_amount is not None else None,
                for_sale=goods
                and row.price_amount is not None
                and (stars > 0 or not rules.needs_certificate(rule, row.needs_certificate)),
                stars=stars,
                stars_until=row.stars_until if stars else None,
                stars_level="",
                set_no=row.set_no,
                picture=picture_of(row.picture, row.name, english=english) if row.picture else None,
                season=in_season if 0 < row.season_months < 4095 and row.season_months & month else "",
                alcohol=row.is_alcohol,
                is_demo=row.is_demo,
                sale_until=until,
            )
        )
    return tuple(made)


def picture_of(photo: dict[str, Any] | None, name: str, *, english: bool) -> Picture | None:
    """The photograph of a list row in its sizes; None: the plate of the product set stands for it."""
    files: dict[str, dict[str, str]] = (photo or {}).get("files") or {}
    for kind in ("webp", "jpeg"):
        widths = sorted((int(w), key) for w, key in (files.get(kind) or {}).items())
        if widths:
            alt = str(((photo or {}).get("alt_en") if english else None) or (photo or {}).get("alt") or name)
            small = [(w, key) for w, key in widths if w <= 1000] or widths[:1]
            return Picture(
                src=media_url(small[0][1]),
                srcset=", ".join(f"{media_url(key)} {w}w" for w, key in small),
                alt=alt,
            )
    return None


def media_url(key: str) -> str:
    """The address of a stored picture."""
    return f"/media/{key}"
