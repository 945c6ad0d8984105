"""Public pages of several rooms: they answer in both languages, tell nothing of the visitor, and their links lead somewhere."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest

from shop.accounts.permissions import Role
from shop.catalog import facets, listing
from shop.catalog.models import Product
from shop.exhibitions.services import records
from shop.kernel import clock, migrations
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.settings import change
from shop.pages import queries
from shop.pages.office import nav
from shop.pages.storefront import feeds, help
from shop.points import services as points
from tests.factories import make_certificate, make_point, make_producer, make_variant, put_in
from tests.people import sign_in
from tests.statements import statements

PUBLIC = ["/", "/lien-he", "/hoi-cho", "/tro-giup", *(f"/tro-giup/{page}" for page in help.PAGES)]


def text(client, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


@pytest.fixture
def stocked(ctx):
    """A few goods on the shelf: seasonal, starred, new, for adults, hidden."""
    points.load_registry()
    shop = make_point("Cửa hàng Bến Đoan", locality_text="Hạ Long")
    maker = make_producer("HTX Sá Sùng")
    goods = {
        "season": make_variant("Na dai chín vụ", producer=maker, season_months=1 << (clock.today().month - 1)),
        "star": make_variant("Ruốc hàu sao", producer=maker, set_number=9),
        "new": make_variant("Bánh gật gù", amount=35_000),
        "adult": make_variant("Rượu mơ già", is_alcohol=True),
    }
    make_certificate(goods["star"], stars=4)
    for variant in goods.values():
        put_in(variant, shop, 7)
    listing.reindex()
    facets.forget()
    return goods


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("address", PUBLIC)
def test_every_page_answers_in_both_languages(ctx, client, prefix, address):
    page = text(client, prefix + address)
    assert f'<html lang="{"en" if prefix else "vi"}"' in page
    assert page.count("<h1") == 1


def test_every_link_of_the_public_pages_leads_somewhere(stocked, client):
    links: set[str] = set()
    records.load()
    for address in [*PUBLIC, "/diem-ban", "/hoi-cho/hoi-cho-xuan-2026"]:
        for prefix in ("", "/en"):
            links |= set(re.findall(r'href="(/[^"#?]*)', text(client, prefix + address)))
    built = [rule for rule in client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    assert built
    adapter = client.application.url_map.bind("localhost")
    missing = sorted(
        link
        for link in links
        if not link.startswith(("/static/", "/media/"))
        and not adapter.test(link.removeprefix("/en") or "/", "GET")
        and not link.removeprefix("/en").startswith(LATER)
    )
    assert not missing


# Doors that open with the checkout, the product pages, the portal and the till.
LATER = ("/gio-hang", "/tra-cuu", "/producer", "/till", "/office", "/san-pham/", "/nha-san-xuat/")


@pytest.mark.parametrize("address", ["/", "/hoi-cho", "/tro-giup/giao-hang", "/diem-ban"])
def test_public_pages_are_the_same_bytes_for_everybody(stocked, client, address):
    stranger = client.get(address)
    sign_in(client, Role.ADMINISTRATOR)
    known = client.get(address)
    assert stranger.data == known.data
    assert "Set-Cookie" not in stranger.headers
    assert "public" in known.headers["Cache-Control"]
    again = client.get(address, headers={"If-None-Match": known.headers["ETag"]})
    assert again.status_code == 304


# --- home --------------------------------------------------------------------------------------------------------


def shelf(page: str, id: str) -> str:
    found = re.search(rf'<section class="section" aria-labelledby="{id}">.*?</section>', page, re.S)
    return found.group(0) if found else ""


def test_home_shows_season_stars_and_new_goods(stocked, client):
    page = text(client, "/")
    assert "Na dai chín vụ" in shelf(page, "dang-mua")
    assert "Ruốc hàu sao" not in shelf(page, "dang-mua")
    assert "Ruốc hàu sao" in shelf(page, "co-sao")
    assert "Na dai" not in shelf(page, "co-sao")
    assert "Bánh gật gù" in shelf(page, "moi")
    assert "Rượu mơ già" not in page
    assert "HTX Sá Sùng" in page
    assert "Cửa hàng Bến Đoan" in page


def test_home_forgets_a_star_with_its_day(stocked, client):
    from shop.catalog.models import Certificate

    with transaction():
        session().query(Certificate).one().expires_on = clock.today() - timedelta(days=1)
    listing.reindex()
    assert not shelf(text(client, "/"), "co-sao")


def test_home_of_an_empty_shop(ctx, client):
    page = text(client, "/")
    assert "Kệ đang trống" in page
    assert 'data-testid="product-card"' not in page


def test_home_asks_at_most_six_times(stocked, app, client):
    client.application.extensions["shop_config"] = client.application.extensions["shop_config"].but(
        page_cache_seconds=60
    )
    text(client, "/?a=1")
    with statements(app) as seen:
        text(client, "/?a=2")
    assert len(seen) <= 6, seen


def test_other_producers_every_week(ctx):
    for n in range(9):
        make_variant(f"Món {n}", producer=make_producer(f"HTX {n}"))
    make_producer("HTX không hàng")
    weeks = {
        tuple(p.name for p in queries.producers_of_note(3, date(2026, 1, 5) + timedelta(weeks=w))) for w in range(9)
    }
    assert len(weeks) > 1
    assert all(len(set(found)) == 3 for found in weeks)
    assert not any("HTX không hàng" in found for found in weeks)


# --- help --------------------------------------------------------------------------------------------------------


def test_terms_are_those_in_force(ctx, client):
    change(SYSTEM, "terms.return_days", "11")
    assert "11 ngày" in text(client, "/tro-giup/doi-tra")
    assert "11 days" in text(client, "/en/tro-giup/dieu-khoan")


def test_the_owner_is_marked_until_somebody_declares(ctx, client):
    page = text(client, "/tro-giup/chu-so-huu")
    assert "Số liệu minh họa" in page
    assert "Chưa khai báo" in page
    for key, value in {"owner.name": "HTX Bến Đoan", "owner.address": "12 Bến Đoan", "owner.email": "a@b.vn"}.items():
        change(SYSTEM, key, value)
    page = text(client, "/tro-giup/chu-so-huu")
    assert "HTX Bến Đoan" in page
    assert "Số liệu minh họa" not in page


def test_every_code_is_explained(ctx, client):
    page = text(client, "/tro-giup/loi")
    for code in ("not-found", "conflict", "busy", "point-closed", "csrf-failed", "message-step-not-allowed"):
        assert f'id="{code}"' in page
    assert "%(" not in page
    codes = [code for code, _status, _title in help.refusals()]
    assert codes == sorted(set(codes))


def test_the_privacy_page_shows_what_people_are_asked(ctx, client):
    from shop.accounts import consents

    page = text(client, "/tro-giup/quyen-rieng-tu")
    for wording in consents.CONSENTS.values():
        assert wording.text in page
    assert len(re.findall(r"<h2>\d\.", page)) == 8


def test_short_names_lead_on_and_unknown_pages_do_not_exist(ctx, client):
    assert client.get("/en/tro-giup/rieng-tu").location == "/en/tro-giup/quyen-rieng-tu"
    text(client, "/tro-giup/khong-co", 404)


# --- machines ----------------------------------------------------------------------------------------------------

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
GOOGLE = "{http://base.google.com/ns/1.0}"


def test_the_sitemap_names_every_public_page_in_both_languages(stocked, client):
    index = ET.fromstring(text(client, "/sitemap.xml"))
    parts = [loc.text.removeprefix("http://localhost") for loc in index.iter(f"{SITEMAP}loc")]
    assert parts == ["/sitemap/trang.xml", "/sitemap/san-pham-1.xml"]
    urls = []
    for part in parts:
        tree = ET.fromstring(text(client, part))
        for url in tree.iter(f"{SITEMAP}url"):
            urls.append(url.find(f"{SITEMAP}loc").text)
            assert {link.get("hreflang") for link in url.iter("{http://www.w3.org/1999/xhtml}link")} == {"vi", "en"}
    assert len(urls) == len(set(urls))
    slugs = {p.slug: p for p in session().query(Product)}
    for slug, product in slugs.items():
        assert (f"http://localhost/san-pham/{slug}" in urls) is not product.is_alcohol
    assert "http://localhost/en/tro-giup/doi-tra" in urls
    assert "http://localhost/en" in urls
    text(client, "/sitemap/san-pham-2.xml", 404)
    text(client, "/sitemap/san-pham-0.xml", 404)


def test_the_sitemap_is_cut_into_parts(stocked, client, monkeypatch):
    monkeypatch.setattr(feeds, "PART", 2)
    index = ET.fromstring(text(client, "/sitemap.xml"))
    parts = [loc.text.removeprefix("http://localhost") for loc in index.iter(f"{SITEMAP}loc")][1:]
    assert len(parts) == -(-queries.last_product_id() // 2)
    found = sum(len(list(ET.fromstring(text(client, part)).iter(f"{SITEMAP}url"))) for part in parts)
    assert found == 2 * 3


def test_the_feed_offers_what_is_for_sale(stocked, client):
    variant = make_variant("Cam <V2> & quýt", amount=45_000)
    with transaction():
        stocked["new"].gtin = "8938500000013"
        session().merge(stocked["new"])
    items = {i.find(f"{GOOGLE}id").text: i for i in ET.fromstring(text(client, "/feeds/merchant.xml")).iter("item")}
    assert set(items) == {v.sku for v in (stocked["season"], stocked["star"], stocked["new"], variant)}
    item = items[stocked["new"].sku]
    assert item.find(f"{GOOGLE}price").text == "35000 VND"
    assert item.find(f"{GOOGLE}availability").text == "in_stock"
    assert item.find(f"{GOOGLE}gtin").text == "8938500000013"
    assert items[variant.sku].find(f"{GOOGLE}availability").text == "out_of_stock"
    assert items[variant.sku].find("title").text.startswith("Cam <V2> & quýt")
    english = ET.fromstring(text(client, "/en/feeds/merchant.xml"))
    assert next(english.iter("item")).find("link").text.startswith("http://localhost/en/san-pham/")


def test_the_feed_leaves_out_goods_without_the_certificate_they_need(stocked, client):
    lapsed = make_variant("Trà hoa vàng", needs_certificate=True)
    assert lapsed.sku not in text(client, "/feeds/merchant.xml")
    make_certificate(lapsed)
    assert lapsed.sku in text(client, "/feeds/merchant.xml")


def test_robots_security_manifest_and_icon(ctx, client):
    robots = text(client, "/robots.txt")
    assert "Disallow: /en/office" in robots
    assert "Sitemap: http://localhost/sitemap.xml" in robots
    assert "Contact: http://localhost/lien-he" in text(client, "/.well-known/security.txt")
    manifest = json.loads(text(client, "/en/manifest.webmanifest"))
    assert manifest["start_url"] == "/en/"
    assert client.get(manifest["icons"][0]["src"], buffered=True).status_code == 200
    assert client.get("/favicon.ico").status_code == 302


def test_signs_of_life(ctx, client, monkeypatch, tmp_path):
    from sqlalchemy import text as sql

    assert client.get("/healthz").json == {"status": "alive"}
    monkeypatch.setattr(migrations, "heads", lambda _folder: frozenset({"0007"}))
    assert client.get("/readyz").status_code == 503
    with transaction() as s:
        s.execute(sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        s.execute(sql("INSERT INTO alembic_version VALUES ('0006')"))
    try:
        assert client.get("/readyz").json == {"status": "migrations pending"}
        with transaction() as s:
            s.execute(sql("UPDATE alembic_version SET version_num = '0007'"))
        ready = client.get("/readyz")
        assert (ready.status_code, ready.headers["Cache-Control"]) == (200, "no-store")
    finally:
        with transaction() as s:
            s.execute(sql("DROP TABLE alembic_version"))


def test_the_header_knows_its_visitor(ctx, client):
    stranger = client.get("/me")
    assert stranger.json == {
        "signed_in": False, "name": "", "cart_count": 0, "office": False, "producer": False, "till": False,
    }  # fmt: skip
    assert stranger.headers["Cache-Control"] == "no-store"
    sign_in(client, (Role.POINT_KEEPER, "point:1"))
    assert client.get("/me").json == {
        "signed_in": True, "name": "Nguyễn Thử", "cart_count": 0, "office": True, "producer": False,
        "till": nav.is_built("shop", "/till"),
    }  # fmt: skip
