"""What machines read: signs of life, maps for search engines, goods for price comparison, the app's manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

import structlog
from flask import Response, current_app, jsonify, redirect, stream_with_context
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError

from shop.accounts.guards import public
from shop.exhibitions.queries import public as fairs
from shop.kernel import clock, db, migrations, static, web
from shop.kernel import text as texts
from shop.kernel.errors import Busy, NotFound
from shop.pages import cards, queries
from shop.pages.storefront import bp
from shop.pages.storefront.help import PAGES
from shop.points import queries as points
from shop.promotions import queries as promotions
from shop.promotions.reckon import LiveOffer, units_at

log = structlog.get_logger("feeds")


@bp.get("/healthz")
@public
def healthz() -> Response:
    """This process answers; the database is not asked."""
    return _plain({"status": "alive"}, 200)


@bp.get("/readyz")
@public
def readyz() -> Response:
    """The database answers and its tables are those of this program."""
    try:
        db.ping()
        current = migrations.current(current_app)
    except (DBAPIError, Busy):
        db.session().rollback()
        current = None
    if current is None:
        return _plain({"status": "database away or without tables"}, 503)
    if not current:
        return _plain({"status": "migrations pending"}, 503)
    return _plain({"status": "ready"}, 200)


def _plain(body: dict[str, str], status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


# --- search engines ----------------------------------------------------------------------------------------------

# Each product has an address in two languages; a part stays far below the 50,000 addresses the protocol allows.
PART = 5000
_FIXED = (
    "/",
    "/san-pham",
    "/diem-ban",
    "/hoi-cho",
    "/van-chuyen",
    "/lien-he",
    "/tro-giup",
    "/truy-xuat",
    "/so-dang-ky-ocop",
)


@bp.get("/sitemap.xml")
@public
@web.public_page()
def sitemap() -> Response:
    """The index of the parts."""
    parts = ["/sitemap/trang.xml"]
    parts += [f"/sitemap/san-pham-{n}.xml" for n in range(1, -(-queries.last_product_id() // PART) + 1)]
    lines = "".join(f"<sitemap><loc>{escape(_base() + part)}</loc></sitemap>" for part in parts)
    return _xml(
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{lines}</sitemapindex>'
    )


@bp.get("/sitemap/trang.xml")
@public
@web.public_page()
def sitemap_pages() -> Response:
    """Everything but products."""
    found: list[tuple[str, str | None]] = [(path, None) for path in _FIXED]
    found += [(f"/tro-giup/{page}", None) for page in PAGES]
    found += [(f"/hoi-cho/{fair.slug}", None) for fair in fairs.fairs()]
    found += [(f"/diem-ban/{p.slug}", p.updated_at.date().isoformat()) for p in points.public_points()]
    found += [(f"/nha-san-xuat/{p.slug}", p.changed_at.date().isoformat()) for p in queries.producer_addresses()]
    return _addresses(found)


@bp.get("/sitemap/san-pham-<int:part>.xml")
@public
@web.public_page()
def sitemap_products(part: int) -> Response:
    """Products of one span of ids."""
    if not 1 <= part <= 1_000_000 or (part - 1) * PART >= queries.last_product_id():
        raise NotFound
    rows = queries.product_addresses((part - 1) * PART, part * PART)
    return _addresses([(f"/san-pham/{row.slug}", row.changed_at.date().isoformat()) for row in rows])


def _base() -> str:
    return str(current_app.extensions["shop_config"].base_url)


def _addresses(found: Iterable[tuple[str, str | None]]) -> Response:
    """Both languages of each page, each naming the other."""
    base = _base()
    lines = []
    for path, changed in found:
        both = {"vi": base + path, "en": base + ("/en" if path == "/" else "/en" + path)}
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(url)}"/>' for code, url in both.items()
        )
        last = f"<lastmod>{changed}</lastmod>" if changed else ""
        lines += [f"<url><loc>{escape(url)}</loc>{last}{links}</url>" for url in both.values()]
    return _xml(
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:xhtml="http://www.w3.org/1999/xhtml">{"".join(lines)}</urlset>'
    )


def _xml(body: str) -> Response:
    return Response(body, mimetype="application/xml")


PRIVATE = (
    "/office", "/producer", "/till", "/api", "/webhooks", "/me", "/thanh-toan", "/don-hang", "/tra-cuu",
    "/tai-khoan", "/dang-nhap", "/dang-ky", "/lien-he/da-gui",
)  # fmt: skip


@bp.get("/robots.txt")
@public
def robots() -> Response:
    """What crawlers should leave alone: private pages and the endless ways of sorting a list."""
    lines = ["User-agent: *"]
    lines += [f"Disallow: {prefix}{path}" for path in PRIVATE for prefix in ("", "/en")]
    lines += ["Disallow: /*?*sap_xep=", "Disallow: /*?*gia_tu=", "Disallow: /*?*gia_den=", ""]
    lines += [f"Sitemap: {_base()}/sitemap.xml", ""]
    return _kept(Response("\n".join(lines), mimetype="text/plain"))


@bp.get("/.well-known/security.txt")
@public
def security() -> Response:
    """How to tell us of a weakness (RFC 9116)."""
    expires = (clock.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: {_base()}/lien-he", f"Expires: {expires}", "Preferred-Languages: vi, en",
        f"Canonical: {_base()}/.well-known/security.txt", "",
    ]  # fmt: skip
    return _kept(Response("\n".join(lines), mimetype="text/plain"))


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """What a phone needs to put the shop on its first screen."""
    body: dict[str, Any] = {
        "name": gettext("Chợ Bến: sản vật OCOP Quảng Ninh"),
        "short_name": "Chợ Bến",
        "lang": web.language(),
        "start_url": web.path("/"),
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#fbf6ec",
        "theme_color": "#0a363d",
        "icons": [
            {"src": static.url("img/icon-180.png"), "sizes": "180x180", "type": "image/png"},
            {"src": static.url("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
        ],
    }
    response = jsonify(body)
    response.mimetype = "application/manifest+json"
    return _kept(response)


@bp.get("/favicon.ico")
@public
def favicon() -> Any:
    """For those who ask by habit."""
    return _kept(redirect(static.url("img/favicon-48.png"), 302))


def _kept(response: Any) -> Any:
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


# --- price comparison --------------------------------------------------------------------------------------------


@bp.get("/feeds/merchant.xml")
@public
def merchant() -> Response:
    """What is for sale now, as RSS 2.0 with Google's product words; written piece by piece."""
    response = Response(stream_with_context(_merchant()), mimetype="application/xml")
    response.headers["Cache-Control"] = "public, max-age=600"
    return response


def _merchant() -> Iterator[str]:
    base, english = _base(), web.language() == "en"
    shop = base + ("/en" if english else "")
    yield (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
        f"<title>{escape(gettext('Chợ Bến: sản vật OCOP Quảng Ninh'))}</title><link>{escape(shop)}/</link>"
        f"<description>{escape(gettext('Hàng đang bán, giá đã gồm thuế.'))}</description>"
    )
    for batch in queries.offers():
        sales = promotions.shown([offer.goods.variant_id for offer in batch])
        yield "".join(_entry(o, base, shop, sales.get(o.goods.variant_id), english=english) for o in batch)
    yield "</channel></rss>"


def _entry(offer: queries.Offer, base: str, shop: str, sale: LiveOffer | None, *, english: bool) -> str:
    goods = offer.goods
    if sale is not None and not units_at(sale, 1, goods.unit_price_amount or 0):
        sale = None
    name = (goods.name_en if english else None) or goods.name
    pack = (goods.pack_en if english else None) or goods.pack
    group = offer.set_name_en if english else offer.set_name
    values: list[tuple[str, str | None]] = [
        ("g:id", goods.sku),
        ("g:item_group_id", goods.slug),
        ("title", f"{name}, {pack}"[:150]),
        ("description", (offer.summary if not english else None) or f"{name}, {pack}. {group}"),
        ("link", f"{shop}/san-pham/{goods.slug}"),
        ("g:image_link", base + cards.media_url(goods.photo) if goods.photo else None),
        ("g:price", f"{goods.unit_price_amount} VND"),
        ("g:sale_price", f"{sale.price_amount} VND" if sale is not None else None),
        (
            "g:sale_price_effective_date",
            f"{sale.starts_at:%Y-%m-%dT%H:%MZ}/{sale.ends_at:%Y-%m-%dT%H:%MZ}" if sale else None,
        ),
        ("g:availability", "in_stock" if offer.available > 0 else "out_of_stock"),
        ("g:condition", "new"),
        ("g:brand", goods.producer_name),
        ("g:gtin", offer.gtin),
        ("g:identifier_exists", None if offer.gtin else "no"),
        ("g:product_type", group),
        ("g:shipping_weight", f"{goods.weight_g} g" if goods.weight_g else None),
        ("g:custom_label_0", "demo" if goods.is_demo else None),
    ]
    cells = "".join(f"<{tag}>{escape(texts.clean(value))}</{tag}>" for tag, value in values if value)
    return f"<item>{cells}</item>"
