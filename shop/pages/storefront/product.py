"""`/san-pham/<slug>`: one product, its packs, what is left of them, its certificate and its maker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import current_app, redirect, render_template, request

from shop.accounts.guards import public
from shop.catalog import browse, queries
from shop.catalog.errors import NoSuchProduct
from shop.catalog.models import ALLERGEN_NAMES, CERTIFICATE_LEVEL_NAMES, COLD_NAMES, Cold, ProductKind
from shop.catalog.queries import Pack, PhotoView, ProductPage
from shop.catalog.words import season_text
from shop.checkout.rules import LINE_LIMIT
from shop.demand import visits
from shop.demand.models.unmet import Channel, Kind
from shop.demand.queries import waiting
from shop.demand.services.unmet import Wish
from shop.kernel import clock, drawn, text, web
from shop.kernel.wording import gettext as _
from shop.pages.cards import Picture, media_url, picture_of
from shop.pages.storefront import age, bp
from shop.preorders import queries as preorders
from shop.producers import queries as producers
from shop.promotions import queries as promotions
from shop.promotions.reckon import LiveOffer, units_at
from shop.stock import queries as stock

MOST_AT_ONCE = 99
_MIME = (("avif", "image/avif"), ("webp", "image/webp"), ("jpeg", "image/jpeg"))


@bp.get("/san-pham/<slug>")
@public
@web.public_page()
def product(slug: str) -> Any:
    """The page. Goods for adults are shown after the age is said, on a page that no cache keeps."""
    now = clock.now()
    found = queries.product_page(slug, now)
    if found is None:
        raise NoSuchProduct
    if found.product.is_alcohol:
        web.mark_private()
        if not age.confirmed():
            return redirect(age.ask_url(web.path(f"/san-pham/{slug}")))
    return _page(found)


class PackView(NamedTuple):
    """A pack as the page offers it; `available` in sale units (None: not sold now), `MOST_AT_ONCE` for any more: the page does
    not say how many there are of plenty, so it need not be drawn again after each sale."""

    pack: Pack
    name: str
    url: str
    available: int | None
    most: int
    # A timed sale of it that is on; the pack then has its price.
    sale: LiveOffer | None = None


class Photograph(NamedTuple):
    """A photograph with its encodings, best first."""

    sources: tuple[tuple[str, str], ...]
    src: str
    thumb: str
    alt: str
    width: int
    height: int


class Near(NamedTuple):
    """Another product below the page."""

    url: str
    name: str
    origin: str | None
    price_amount: int | None
    pack: str | None
    set_no: int
    picture: Picture | None
    same_maker: bool


class Queue(NamedTuple):
    """The wait list of sold-out goods: how many stand in it, and when goods may come."""

    length: int
    expected: waiting.Expected | None


class Shown(NamedTuple):
    """All that the page shows, besides its language, its address and the day's token: the page is a function of this."""

    page: ProductPage
    place: str
    packs: tuple[PackView, ...]
    chosen: PackView | None
    photos: tuple[Photograph, ...]
    near: tuple[Near, ...]
    # Where the chosen pack is sold out.
    queue: Queue | None = None
    # The harvest that may be ordered now: reference, pack, when it closes.
    window: tuple[str, str, datetime] | None = None


def _page(found: ProductPage) -> str:
    p, english = found.product, web.language() == "en"
    name = (p.name_en if english else None) or p.name
    packs = _packs(found, english=english)
    asked = request.args.get("loai", "")
    chosen = next((v for v in packs if v.pack.sku == asked), None) or _first(packs)
    told = Shown(
        page=found._replace(photos=()),
        place=producers.place_of(p) or (producers.place_of(found.producer) if found.producer else ""),
        packs=packs,
        chosen=chosen,
        photos=tuple(_photograph(photo, name, english=english) for photo in found.photos),
        near=_near(found, adult=p.is_alcohol),
        queue=_queue(p.id, chosen) if chosen is not None and chosen.available == 0 else None,
        window=preorders.open_for(p.id),
    )
    _note_unmet(told)
    if p.is_alcohol:  # a page of its reader, whose header it holds
        return render_template("pages/storefront/product.html", **_values(told))
    return drawn.page(("product", told), lambda: drawn.draw("pages/storefront/product.html", **_values(told)))


def _for_sale(told: Shown) -> bool:
    """Whether the pack that is shown would be sold if there were any."""
    found, chosen = told.page, told.chosen
    return (
        found.product.kind is ProductKind.GOODS
        and chosen is not None
        and chosen.available is not None
        and (found.certificate is not None or not found.certificate_required)
        and not found.stopped
    )


def _note_unmet(told: Shown) -> None:
    """Count a look at a pack that is sold out."""
    chosen = told.chosen
    if chosen is None or chosen.available or not _for_sale(told):
        return
    wish = Wish(
        Kind.PAGE_SOLD_OUT,
        Channel.WEB,
        product_id=told.page.product.id,
        variant_id=chosen.pack.variant_id,
        unit_amount=chosen.pack.price_amount,
    )
    web.each_view(lambda: visits.note(wish))


def _queue(product_id: int, chosen: PackView) -> Queue:
    return Queue(waiting.length(product_id), waiting.expected([chosen.pack.variant_id]))


def preview(found: ProductPage, url: str, back: str) -> str:
    """The page as customers would see it, for those who are still writing it: any amount in stock, nothing to buy.

    `url` is the preview's own address, `back` where the words are changed.
    """
    p, english = found.product, web.language() == "en"
    name = (p.name_en if english else None) or p.name
    packs = tuple(
        PackView(
            pack=v,
            name=(v.name_en if english else None) or v.name,
            url=url + "?" + urlencode({"loai": v.sku}),
            available=MOST_AT_ONCE if v.price_amount is not None and p.kind is ProductKind.GOODS else None,
            most=0,
        )
        for v in found.packs
    )
    asked = request.args.get("loai", "")
    told = Shown(
        page=found._replace(photos=()),
        place=producers.place_of(p) or (producers.place_of(found.producer) if found.producer else ""),
        packs=packs,
        chosen=next((v for v in packs if v.pack.sku == asked), None) or _first(packs),
        photos=tuple(_photograph(photo, name, english=english) for photo in found.photos),
        near=(),
    )
    values = _values(told) | {"canonical_url": None, "preview": True, "back": back}
    return render_template("pages/storefront/preview.html", **values)


def _values(told: Shown) -> dict[str, Any]:
    """What the template draws."""
    found, chosen, english = told.page, told.chosen, web.language() == "en"
    p, c, maker = found.product, found.certificate, found.producer
    name = (p.name_en if english else None) or p.name
    for_sale = _for_sale(told)
    base = str(current_app.extensions["shop_config"].base_url)
    return {
        **told._asdict(),
        "section": "products",
        "p": p,
        "name": name,
        "group": (found.group_name_en if english else "") or found.group_name,
        "set_name": (found.set_name_en if english else "") or found.set_name,
        "story": (p.story_en if english else None) or p.story,
        "foreign": english and not p.story_en,
        "maker": maker,
        "maker_place": producers.place_of(maker) if maker else "",
        "maker_form": producers.legal_form_name(maker.legal_form) if maker else "",
        "maker_story": ((maker.story_en if english else None) or maker.story) if maker else None,
        "for_sale": for_sale,
        "stopped": _(found.stopped) if found.stopped else "",
        "lapsed": found.certificate_required and c is None and p.kind is ProductKind.GOODS,
        "certificate": _ticket(c),
        "facts": _facts(found, chosen, english=english),
        "canonical_url": f"{base}{web.path('/san-pham/' + p.slug)}",
        "structured": _structured(found, chosen, name, told.photos, base, for_sale=for_sale),
    }


def _packs(found: ProductPage, *, english: bool) -> tuple[PackView, ...]:
    left = stock.availability([v.variant_id for v in found.packs])
    offers = promotions.shown([v.variant_id for v in found.packs])
    made = []
    for v in found.packs:
        sale = offers.get(v.variant_id)
        if sale is None or v.price_amount is None or not units_at(sale, 1, v.price_amount):
            sale = None
        else:
            v = v._replace(price_amount=sale.price_amount, old_amount=v.price_amount, valid_to=sale.ends_at)
        sold = v.price_amount is not None and found.product.kind is ProductKind.GOODS
        available = min(left.get(v.variant_id, stock.NONE_LEFT).total, MOST_AT_ONCE) if sold else None
        made.append(
            PackView(
                pack=v,
                name=(v.name_en if english else None) or v.name,
                url=web.path(f"/san-pham/{found.product.slug}") + "?" + urlencode({"loai": v.sku}),
                available=available,
                # Not what there is: whoever wants more than that is told so by the basket, and counted.
                most=v.order_limit or int(LINE_LIMIT.get()) if available else 0,
                sale=sale,
            )
        )
    return tuple(made)


def _first(packs: Sequence[PackView]) -> PackView | None:
    """The pack shown at first: the first that can be had, else the first with a price, else the first."""
    return next(
        (v for v in packs if v.available),
        next((v for v in packs if v.available is not None), packs[0] if packs else None),
    )


def _photograph(photo: PhotoView, name: str, *, english: bool) -> Photograph:
    sources = []
    for kind, mime in _MIME:
        widths = sorted((int(w), key) for w, key in (photo.files.get(kind) or {}).items())
        if widths:
            sources.append((mime, ", ".join(f"{media_url(key)} {w}w" for w, key in widths)))
    largest = photo.files["jpeg"] if photo.files.get("jpeg") else next(iter(photo.files.values()))
    return Photograph(
        sources=tuple(s for s in sources if s[0] != "image/jpeg"),
        src=media_url(largest[max(largest, key=int)]),
        thumb=media_url(queries.small_photo(photo.files) or ""),
        alt=(photo.alt_en if english else None) or photo.alt or name,
        width=photo.width,
        height=photo.height,
    )


def _ticket(c: queries.CertificateInForce | None) -> dict[str, Any] | None:
    if c is None:
        return None
    return {
        "stars": c.stars,
        "level": _(CERTIFICATE_LEVEL_NAMES[c.level]),
        "number": c.number,
        "decision": c.decision_number,
        "issued_on": c.issued_on,
        "until": c.expires_on,
        "term": c.term_ends_on if queries.waits(c, clock.today()) else None,
        "url": web.path("/chung-nhan/" + c.number),
    }


def _facts(found: ProductPage, chosen: PackView | None, *, english: bool) -> list[tuple[str, str]]:
    """What is known of the product, as pairs for the page; what is not known is not there."""
    p = found.product
    rows: list[tuple[str, str | None]] = [
        (_("Quy cách"), chosen.name if chosen else None),
        (_("Thành phần"), p.ingredients),
        (_("Độ cồn"), _("%(n)s %% thể tích", n=_number(p.alcohol_percent)) if p.alcohol_percent is not None else None),
        (_("Chất gây dị ứng"), ", ".join(_(ALLERGEN_NAMES[a]) for a in p.allergens if a in ALLERGEN_NAMES) or None),
        (
            _("Bảo quản"),
            "; ".join(filter(None, [_(COLD_NAMES[p.cold]) if p.cold is not Cold.NONE else None, p.storage_note]))
            or None,
        ),
        (_("Thời hạn sử dụng"), _shelf_life(p.shelf_life_days)),
        (_("Mùa vụ"), season_text(p.season_months)),
        (_("Khối lượng cả bao bì"), _("%(n)s g", n=chosen.pack.weight_g) if chosen and chosen.pack.weight_g else None),
        (_("Mã hàng"), chosen.pack.sku if chosen else None),
        (_("Mã vạch"), chosen.pack.gtin if chosen else None),
    ]
    if english and p.name_en and p.name_en != p.name:
        rows.insert(0, (_("Tên tiếng Việt"), p.name))
    return [(label, value) for label, value in rows if value]


def _number(value: Any) -> str:
    return text.trimmed(f"{value:f}", "." if web.language() == "en" else ",")


def _shelf_life(days: int | None) -> str | None:
    if days is None:
        return None
    if days % 365 == 0:
        return _("%(n)s tháng", n=days // 365 * 12)
    if days % 30 == 0:
        return _("%(n)s tháng", n=days // 30)
    return _("%(n)s ngày", n=days)


def _near(found: ProductPage, *, adult: bool) -> tuple[Near, ...]:
    """A few other goods: of the same maker, else of the same set. Their stars are their own."""
    p, english = found.product, web.language() == "en"
    rows = browse.of_producer(p.producer_id, adult=adult, but=p.id, count=4) if p.producer_id else []
    same_maker = bool(rows)
    if not rows:
        rows = browse.of_set(p.set_id, adult=adult, but=p.id, count=4)
    return tuple(
        Near(
            url=web.path(f"/san-pham/{row.slug}"),
            name=(row.name_en if english else None) or row.name,
            origin=row.place if same_maker else (row.producer_name or row.place),
            price_amount=row.price_amount,
            pack=(row.pack_en if english else None) or row.pack,
            set_no=row.set_no,
            picture=picture_of(row.picture, row.name, english=english),
            same_maker=same_maker,
        )
        for row in rows
    )


def _structured(
    found: ProductPage, chosen: PackView | None, name: str, photos: Sequence[Photograph], base: str, *, for_sale: bool
) -> dict[str, Any]:
    """The product in schema.org words."""
    p = found.product
    url = f"{base}{web.path('/san-pham/' + p.slug)}"
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product" if p.kind is ProductKind.GOODS else "Service",
        "name": name,
        "url": url,
    }
    if p.summary:
        told["description"] = p.summary
    if photos:
        told["image"] = [f"{base}{photo.src}" for photo in photos]
    if found.producer:
        told["brand"] = {"@type": "Brand", "name": found.producer.name}
    if found.certificate:
        told["award"] = f"OCOP {found.certificate.stars} sao ({found.certificate.number})"
    if chosen:
        told["sku"] = chosen.pack.sku
        if chosen.pack.gtin:
            told["gtin"] = chosen.pack.gtin
    if for_sale and chosen and chosen.pack.price_amount is not None:
        told["offers"] = {
            "@type": "Offer",
            "url": url,
            "price": str(chosen.pack.price_amount),
            "priceCurrency": "VND",
            "itemCondition": "https://schema.org/NewCondition",
            "availability": f"https://schema.org/{'InStock' if chosen.available else 'OutOfStock'}",
        }
        if chosen.sale is not None:
            told["offers"]["priceSpecification"] = {
                "@type": "UnitPriceSpecification",
                "priceType": "https://schema.org/StrikethroughPrice",
                "price": str(chosen.pack.old_amount),
                "priceCurrency": "VND",
            }
        if chosen.pack.valid_to:
            told["offers"]["priceValidUntil"] = clock.business_day(chosen.pack.valid_to).isoformat()
    return told
