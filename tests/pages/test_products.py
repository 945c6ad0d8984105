"""`/san-pham`: what a visitor meets, of age or not, and what an address may hold."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bench import catalogue
from shop.catalog import listing, rules
from shop.catalog.events import ProductChanged
from shop.catalog.models import Certificate, Price, Product, Variant
from shop.demand import visits
from shop.demand.models.unmet import UnmetAsk
from shop.kernel import clock, drawn, settings
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.events import publish
from shop.stock.models import Availability
from tests.factories import make_certificate, make_point, make_producer, make_variant, put_in

BROWSER = {"User-Agent": "Mozilla/5.0 (Linux; Android 14)"}


def tell(*variants: Any) -> None:
    with transaction():
        for v in variants:
            publish(ProductChanged(v.product_id))


@pytest.fixture
def goods(ctx: Any) -> dict[str, Any]:
    point = make_point()
    maker = make_producer("HTX Bái Tử Long")
    made = {
        "squid": make_variant("Chả mực Hạ Long", amount=185_000, producer=maker),
        "noodles": make_variant("Miến dong Bình Liêu", amount=60_000, name_en="Canna noodles"),
        "spirit": make_variant("Rượu ba kích", amount=250_000, is_alcohol=True),
    }
    make_certificate(made["squid"], stars=4)
    put_in(made["squid"], point, 3)
    put_in(made["spirit"], point, 9)
    tell(*made.values())
    return made


def page_of(client: Any, path: str, **headers: str) -> str:
    answer = client.get(path, headers=BROWSER | headers)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def names(page: str) -> list[str]:
    return re.findall(r'data-testid="product-name"><a[^>]*>([^<]+)<', page)


def test_cards_show_name_price_stars_stock_and_basket(client: Any, goods: Any) -> None:
    page = page_of(client, "/san-pham")
    assert names(page) == ["Chả mực Hạ Long", "Miến dong Bình Liêu"]  # what can be had stands first
    squid, noodles = page.split('data-testid="product-card"')[1:3]
    assert "185.000" in squid
    assert "4 sao" in squid
    assert "Còn 3" in squid
    assert 'data-testid="add-to-cart"' in squid
    assert f'name="sku" value="{goods["squid"].sku}"' in squid
    assert "Hết hàng" in noodles
    assert 'data-testid="add-to-cart"' not in noodles.split("</article>")[0]
    assert "370.000" in squid  # per kilogram of a 500 g pack


def test_english_names(client: Any, goods: Any) -> None:
    page = page_of(client, "/en/san-pham?q=noodles")
    assert names(page) == ["Canna noodles"]
    assert 'href="/en/san-pham/' in page
    assert 'lang="en"' in page


def test_alcohol_is_not_reached_searched_or_counted_before_the_age_is_said(client: Any, goods: Any) -> None:
    for path in (
        "/san-pham",
        "/san-pham?q=ruou",
        "/san-pham?q=ba+kich",
        "/san-pham?gia_tu=200000",
        "/san-pham/goi-y?q=ruou",
    ):
        page = page_of(client, path)
        assert "Rượu ba kích" not in page, path
        assert "250.000" not in page, path
    assert "2 sản phẩm" in page_of(client, "/san-pham")
    page = page_of(client, "/san-pham?q=ruou")
    assert "0 sản phẩm" in page
    assert "từ 18 tuổi" in page
    assert "/xac-nhan-tuoi?next=%2Fsan-pham%3Fq%3Druou" in page


def test_saying_the_age(client: Any, goods: Any) -> None:
    path = "/xac-nhan-tuoi?next=%2Fsan-pham%3Fq%3Druou"
    answer = client.fill(path, form="/xac-nhan-tuoi", adult="1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/san-pham?q=ruou&tuoi=18"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("adult=1;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=2592000" in cookie
    listed = client.get(answer.headers["Location"], headers=BROWSER)
    assert "Rượu ba kích" in listed.get_data(as_text=True)
    assert listed.headers["Cache-Control"] == "no-store"
    card = listed.get_data(as_text=True).split('data-testid="product-card"')[1].split("</article>")[0]
    assert "add-to-cart" not in card
    no = client.fill(path, form="/xac-nhan-tuoi", adult="0")
    assert no.headers["Location"] == "/san-pham"
    assert "Rượu ba kích" not in page_of(client, "/san-pham?q=ruou")


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_age_leads_nowhere_else(client: Any, ctx: Any, target: str) -> None:
    answer = client.fill("/xac-nhan-tuoi", form="/xac-nhan-tuoi", adult="1", next=target)
    assert answer.headers["Location"] == "/san-pham?tuoi=18"


def test_without_a_token_no_age_is_taken(client: Any, ctx: Any) -> None:
    assert client.post("/xac-nhan-tuoi", data={"adult": "1"}).status_code == 400


def test_one_page_for_everybody(client: Any, app: Any, goods: Any) -> None:
    first = client.get("/san-pham", headers=BROWSER)
    second = app.test_client().get("/san-pham", headers={"User-Agent": "other", "Cookie": "shop_session=abc"})
    assert first.data == second.data
    assert "public" in first.headers["Cache-Control"]
    again = client.get("/san-pham", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert "Set-Cookie" not in first.headers


def test_filters_are_shown_as_chips_and_kept_by_links(client: Any, ctx: Any) -> None:
    catalogue.make(200, seed=4)
    page = page_of(client, "/san-pham?nhom=thuc-pham&sao=4&gia_tu=50.000&con_hang=1&sap_xep=gia-tang")
    for label in ("Thực phẩm", "4 sao", "Còn hàng", "Từ 50.000"):
        assert re.search(rf'class="chip"[^>]*>{label}', page), label
    assert 'href="/san-pham?nhom=thuc-pham&amp;sao=4&amp;gia_tu=50000&amp;sap_xep=gia-tang"' in page
    assert (
        'rel="canonical" href="http://localhost/san-pham?nhom=thuc-pham&amp;sao=4&amp;gia_tu=50000&amp;con_hang=1"'
        in page
    )
    assert 'name="robots" content="noindex,follow"' in page
    assert "noindex" not in page_of(client, "/san-pham?nhom=thuc-pham")


def test_pages_lead_on_and_end(client: Any, ctx: Any) -> None:
    catalogue.make(60, seed=4)
    first, second = page_of(client, "/san-pham?sap_xep=ten"), page_of(client, "/san-pham?sap_xep=ten&trang=2")
    assert 'rel="next" href="/san-pham?sap_xep=ten&amp;trang=2"' in first
    assert 'rel="prev"' not in first
    assert 'rel="prev" href="/san-pham?sap_xep=ten"' in second
    assert not set(re.findall(r'href="(/san-pham/[^"]+)"', first)) & set(
        re.findall(r'href="(/san-pham/[^"]+)"', second)
    )
    beyond = client.get("/san-pham?sap_xep=ten&trang=99")
    assert beyond.status_code == 404
    assert '<meta name="error-code" content="not-found">' in beyond.get_data(as_text=True)
    assert "error-code" not in second
    assert "Trang đầu" in beyond.get_data(as_text=True)


@pytest.mark.parametrize(
    "query",
    [
        "trang=-1", "trang=0", "trang=x", "trang=99999999999999999999", "trang=%EF%BC%91", "sao=9", "sao=abc", "bo=-4",
        "bo=%C2%B2", "gia_tu=abc", "gia_tu=-5", "gia_den=1e9", "gia_tu=300000&gia_den=100000", "gia_den=999999999999999999999",
        "sap_xep=drop", "xa=' OR 1=1", "con_hang=maybe", "nhom=" + "&nhom=".join(map(str, range(200))), "q=%ff%fe",
        "q=" + "a+" * 3000,
        "nha-san-xuat=../../etc", "q=%F0%9F%92%90", "q=%25", "q=_", "sap_xep=phu-hop",
    ],
)  # fmt: skip
def test_whatever_an_address_holds_is_answered(client: Any, goods: Any, query: str) -> None:
    assert client.get(f"/san-pham?{query}").status_code in (200, 404, 422)
    assert client.get(f"/san-pham/goi-y?{query}").status_code == 200


@pytest.mark.parametrize("query", ["nhom=%00", "q=ch%00e", "khong-co=%00", "%00=1"])
@pytest.mark.parametrize("path", ["/san-pham", "/san-pham/goi-y"])
def test_the_character_nul_is_refused_at_the_door(client: Any, ctx: Any, path: str, query: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get(f"{path}?q=%2500").status_code == 200  # the four characters %, 0, 0 are text


def test_a_price_that_cannot_be_read_is_told(client: Any, goods: Any) -> None:
    assert "chưa đọc được" in page_of(client, "/san-pham?gia_tu=rẻ")


def test_script_in_a_question_stays_text(client: Any, goods: Any) -> None:
    page = page_of(client, "/san-pham?q=%3Cscript%3Ealert(1)%3C/script%3E%22onfocus=x")
    assert "<script>alert" not in page
    assert '"onfocus' not in page


def test_nothing_found_answers_with_something(client: Any, goods: Any) -> None:
    page = page_of(client, "/san-pham?q=bưởi+diễn")
    assert "Chưa thấy món nào hợp" in page
    assert names(page) == ["Chả mực Hạ Long"]  # what is in stock, featured first
    apart = page_of(client, "/san-pham?q=mực+dong+liêu")
    assert "bỏ qua “mực”" in apart
    assert names(apart) == ["Miến dong Bình Liêu"]
    corrected = page_of(client, "/san-pham?q=mien+dogn")
    assert names(corrected) == ["Miến dong Bình Liêu"]
    assert "“dogn”" in corrected


def test_a_search_is_counted_as_unmet_only_if_nothing_is_kept_back(client: Any, ctx: Any, goods: Any) -> None:
    for q in ("bưởi+diễn", "ruou"):  # the spirit is kept back for the age, so it is there
        page_of(client, f"/san-pham?q={q}", **{"Accept-Language": "vi"})
    assert visits.flush() == 1
    assert session().scalars(select(UnmetAsk.text)).all() == ["buoi dien"]


def test_what_needs_a_certificate_has_no_basket_button_without_one(client: Any, goods: Any) -> None:
    v = make_variant("Ruốc hàu", needs_certificate=True)
    put_in(v, make_point(), 5)
    tell(v)
    assert "add-to-cart" not in page_of(client, "/san-pham?q=ruoc+hau")
    make_certificate(v, stars=3)
    tell(v)
    assert "add-to-cart" in page_of(client, "/san-pham?q=ruoc+hau")
    settings.change(SYSTEM, rules.CERTIFICATE_RULE.key, rules.ALL)
    assert "add-to-cart" in page_of(client, "/san-pham?q=cha+muc")
    noodles = goods["noodles"]
    put_in(noodles, make_point(), 5)
    assert "add-to-cart" not in page_of(client, "/san-pham?q=mien+dong")


def test_suggestions(client: Any, goods: Any) -> None:
    told = client.get("/san-pham/goi-y?q=chả m").get_json()
    assert [p["name"] for p in told["products"]] == ["Chả mực Hạ Long"]
    assert told["products"][0]["price"] == "185.000\u00a0₫"
    told = client.get("/san-pham/goi-y?q=bai tu").get_json()
    assert [p["name"] for p in told["producers"]] == ["HTX Bái Tử Long"]
    assert client.get("/san-pham/goi-y?q=c").get_json() == {"products": [], "producers": [], "places": []}
    assert client.get("/en/san-pham/goi-y?q=canna").get_json()["products"][0]["url"].startswith("/en/san-pham/")


def test_hidden_goods_are_nowhere(client: Any, goods: Any) -> None:
    with transaction() as s:
        s.get_one(Product, goods["squid"].product_id).state = "hidden"
        publish(ProductChanged(goods["squid"].product_id))
    for path in ("/san-pham", "/san-pham?q=cha+muc"):
        assert "Chả mực Hạ Long" not in names(page_of(client, path))
    assert client.get("/san-pham/goi-y?q=cha").get_json()["products"] == []


# --- what was drawn before -----------------------------------------------------------------------------------------


CHANGES: dict[str, tuple[Any, Any]] = {
    "name": (lambda v: (Product, {"name": "Chả mực giã tay"}), "Chả mực giã tay"),
    "name_en": (lambda v: (Product, {"name_en": "Hand-pounded squid"}), "Hand-pounded squid"),
    "is_demo": (lambda v: (Product, {"is_demo": True}), "minh họa"),
    "is_alcohol": (lambda v: (Product, {"is_alcohol": True}), None),
    "pack": (lambda v: (Variant, {"pack": "thùng 5 kg"}), "thùng 5 kg"),
    "amount": (lambda v: (Price, {"amount": 199_000}), "199.000"),
    "compare": (lambda v: (Price, {"compare_amount": 220_000}), "220.000"),
    "stars": (lambda v: (Certificate, {"stars": 5}), "5 sao"),
    "lapsed": (lambda v: (Certificate, {"expires_on": clock.today() - timedelta(days=1)}), None),
    "ship": (lambda v: (Availability, {"ship": 2, "pickup": 1}), "Còn 2"),
    "sold out": (lambda v: (Availability, {"ship": 0, "pickup": 0}), "Sản phẩm đang hết"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows_at_once_on_a_page_drawn_before(client: Any, app: Any, goods: Any, change: str) -> None:
    """Every page comes out as one whose pieces were never drawn, and says what has changed."""
    v = goods["squid"]
    seen = ("/san-pham", "/en/san-pham", "/san-pham?q=cha+muc", product_url(v))
    before = {path: client.get(path, headers=BROWSER).text for path in seen}
    make, sign = CHANGES[change]
    table, values = make(v)
    column = {Product: Product.id, Variant: Variant.id}.get(table) or getattr(
        table, "variant_id" if hasattr(table, "variant_id") else "product_id"
    )
    key = column == (v.product_id if column.key == "product_id" or table is Product else v.id)
    with transaction() as s:
        s.execute(update(table).where(key).values(**values))
        s.expire_all()
        listing.refresh([v.product_id])
    after = {path: client.get(path, headers=BROWSER).text for path in seen}
    drawn.forget(app)
    for path in seen:
        assert after[path] == client.get(path, headers=BROWSER).text, path
    assert after["/san-pham"] != before["/san-pham"] or change == "name_en"
    if sign is not None:
        assert any(sign in page for page in after.values())
        assert not any(sign in page for page in before.values())


def product_url(variant: Any) -> str:
    return f"/san-pham/{session().scalar(select(Product.slug).where(Product.id == variant.product_id))}"
