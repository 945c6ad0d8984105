"""`/san-pham/<slug>`: what a customer reads and can do, and what vanishes by itself."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from shop.catalog import services as catalog
from shop.catalog.models import Product, ProductKind
from shop.catalog.words import season_text
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.producers import services as producers
from shop.producers.models import ProducerState
from tests.factories import make_certificate, make_point, make_producer, make_variant, put_in
from tests.statements import statements


def slug_of(variant: Any) -> str:
    return str(session().get(Product, variant.product_id).slug)


def read(client: Any, variant: Any, query: str = "", language: str = "") -> str:
    response = client.get(f"{language}/san-pham/{slug_of(variant)}{query}")
    assert response.status_code == 200
    return str(response.get_data(as_text=True))


def text_at(page: str, name: str) -> str:
    found = re.search(rf'data-testid="{name}"[^>]*>(.*?)</(?:h1|span|button)>', page, re.S)
    return re.sub(r"<[^>]+>|\s+", " ", found[1]).strip() if found else ""


def test_what_it_says(ctx: Any, client: Any) -> None:
    producer = make_producer("HTX Bến Giang")
    v = make_variant("Chả mực Hạ Long", amount=185_000, producer=producer)
    c = make_certificate(v, stars=4)
    put_in(v, make_point(), 3)
    page = read(client, v)
    assert text_at(page, "product-name") == "Chả mực Hạ Long"
    assert text_at(page, "price") == "185.000 ₫"
    assert "370.000 ₫/kg" in page.replace("\xa0", " ")
    assert text_at(page, "stock") == "Còn 3"
    assert "4 sao" in page
    assert c.number in page
    assert 'max="50"' in page  # what one order may have, not what there is: who wants more is counted
    assert page.count('data-testid="add-to-cart"') == 1
    assert page.count('data-testid="price"') == 1
    told = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)[1])
    assert told["@type"] == "Product"
    assert told["offers"]["price"] == "185000"
    assert told["offers"]["availability"].endswith("InStock")
    assert told["brand"]["name"] == "HTX Bến Giang"


def test_sold_out(ctx: Any, client: Any) -> None:
    page = read(client, make_variant())
    assert text_at(page, "stock") == "Hết hàng"
    assert "add-to-cart" not in page


def test_several_packs(ctx: Any, client: Any) -> None:
    v = make_variant(amount=100_000)
    other = catalog.add_variant(SYSTEM, v.product_id, sku="HOP-1KG", pack="Hộp 1 kg", net_content=1, net_unit="KGM")
    catalog.set_price(SYSTEM, other, 190_000)
    put_in(v, make_point(), 9)
    assert text_at(read(client, v), "price") == "100.000 ₫"
    page = read(client, v, "?loai=HOP-1KG")
    assert text_at(page, "price") == "190.000 ₫"
    assert text_at(page, "stock") == "Hết hàng"
    assert text_at(read(client, v, "?loai=<script>"), "price") == "100.000 ₫"
    catalog.hide_variant(SYSTEM, v.id)
    assert text_at(read(client, v), "price") == "190.000 ₫"


def test_no_price_and_services_are_shown_not_sold(ctx: Any, client: Any) -> None:
    v = make_variant()
    catalog.end_price(SYSTEM, v.id)
    page = read(client, v)
    assert "Chưa bán trực tuyến" in page
    assert "add-to-cart" not in page
    service = make_variant()
    with transaction() as s:
        s.get(Product, service.product_id).kind = ProductKind.SERVICE
    page = read(client, service)
    assert "dịch vụ du lịch" in page
    assert "add-to-cart" not in page


def test_the_star_vanishes_at_midnight_in_vietnam(ctx: Any, client: Any) -> None:
    v = make_variant(needs_certificate=True)
    c = make_certificate(v, stars=5, expires_on=clock.today() + timedelta(days=10))
    put_in(v, make_point(), 9)
    end = clock.end_of(c.expires_on)
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        page = read(client, v)
        assert 'data-testid="stars"' in page
        assert "add-to-cart" in page
    with time_machine.travel(end, tick=False):
        page = read(client, v)
        assert 'data-testid="stars"' not in page
        assert "add-to-cart" not in page
        assert "tạm ngừng bán" in page


def test_other_goods_of_the_producer_do_not_borrow_the_star(ctx: Any, client: Any) -> None:
    producer = make_producer()
    make_certificate(make_variant("Hàng có sao", producer=producer), stars=5)
    page = read(client, make_variant("Hàng không sao", producer=producer))
    assert "5 sao" not in page
    assert 'data-testid="stars"' not in page


def test_alcohol_asks_the_age_before_it_shows(ctx: Any, client: Any) -> None:
    v = make_variant("Rượu ba kích", is_alcohol=True)
    path = f"/san-pham/{slug_of(v)}"
    asked = client.get(path)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/xac-nhan-tuoi?next=")
    assert asked.headers["Cache-Control"] == "no-store"
    answer = client.fill(asked.headers["Location"], form="/xac-nhan-tuoi", adult="1")
    assert answer.headers["Location"].startswith(path)
    shown = client.get(path)
    assert shown.status_code == 200
    assert "no-store" in shown.headers["Cache-Control"]
    assert "18+" in shown.get_data(as_text=True)


def test_the_same_bytes_for_all_and_304(ctx: Any, client: Any) -> None:
    v = make_variant()
    first = client.get(f"/san-pham/{slug_of(v)}")
    assert "public" in first.headers["Cache-Control"]
    assert "Set-Cookie" not in first.headers
    again = client.get(f"/san-pham/{slug_of(v)}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    catalog.set_price(SYSTEM, v.id, 99_000)
    assert client.get(f"/san-pham/{slug_of(v)}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_hidden_unknown_and_suspended_are_not_found(ctx: Any, client: Any) -> None:
    producer = make_producer()
    v, w = make_variant(), make_variant(producer=producer)
    assert client.get("/san-pham/khong-co").status_code == 404
    catalog.hide(SYSTEM, v.product_id)
    answer = client.get(f"/san-pham/{slug_of(v)}")
    assert answer.status_code == 404
    assert 'content="no-such-product"' in answer.get_data(as_text=True)
    producers.set_state(SYSTEM, producer.id, ProducerState.SUSPENDED, "nghỉ")
    assert client.get(f"/san-pham/{slug_of(w)}").status_code == 404
    assert client.get(f"/nha-san-xuat/{producer.slug}").status_code == 404


def test_scripts_in_text_stay_text(ctx: Any, client: Any) -> None:
    evil = "</script><script>alert(1)</script>"
    producer = make_producer(evil, story=evil)
    v = make_variant(
        evil, producer=producer, story=evil, summary=evil, ingredients=evil, source_url="javascript:alert(1)"
    )
    for page in (read(client, v), client.get(f"/nha-san-xuat/{producer.slug}").get_data(as_text=True)):
        assert "<script>alert" not in page
        assert 'href="javascript:' not in page


def test_a_fixed_number_of_statements(ctx: Any, client: Any) -> None:
    producer = make_producer()
    v = make_variant(producer=producer)
    for n in range(5):
        catalog.add_variant(SYSTEM, v.product_id, sku=f"GOI-{n}", pack=f"Gói {n}")
        make_certificate(make_variant(producer=producer))
    path = f"/san-pham/{slug_of(v)}"
    client.get(path)
    with statements() as seen:
        client.get(path)
    assert len(seen) <= 9, seen  # sold out: how many wait, and whether anybody knows when there will be more
    put_in(v, make_point(), 3)
    client.get(path)
    with statements() as seen:
        client.get(path)
    assert len(seen) <= 6, seen


def test_english(ctx: Any, client: Any) -> None:
    v = make_variant("Miến dong", name_en="Canna noodles", story="Chuyện", story_en="The story")
    page = read(client, v, language="/en")
    assert text_at(page, "product-name") == "Canna noodles"
    assert "The story" in page
    assert "Miến dong" in page  # under its Vietnamese name among the facts


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (0, None),
        (4095, None),
        (0b000001000000, "tháng 7"),
        (0b001011000000, "tháng 7–8, 10"),
        (0b100000000011, "tháng 12–2"),
    ],
)
def test_seasons(ctx: Any, months: int, said: str | None) -> None:
    with ctx.test_request_context():
        assert season_text(months) == said
    with ctx.test_request_context(environ_overrides={"shop.language": "en"}):
        assert (season_text(months) is None) == (said is None)


def test_producers_pages(ctx: Any, client: Any) -> None:
    producer = make_producer("HTX Bến Giang", story="Từ 2010.")
    make_variant("Chả mực", producer=producer)
    make_variant("Rượu mơ", producer=producer, is_alcohol=True)
    for product in session().query(Product):
        catalog.update_product(SYSTEM, product.id, summary="x")
    listed = client.get("/nha-san-xuat").get_data(as_text=True)
    assert "HTX Bến Giang" in listed
    assert "2 sản phẩm" in listed
    page = client.get(f"/nha-san-xuat/{producer.slug}").get_data(as_text=True)
    assert "Từ 2010." in page
    assert "Chả mực" in page
    assert "Rượu mơ" not in page
    assert "1 đồ uống có cồn" in page
    client.set_cookie("adult", "1")
    grown = client.get(f"/nha-san-xuat/{producer.slug}")
    assert "Rượu mơ" in grown.get_data(as_text=True)
    assert "no-store" in grown.headers["Cache-Control"]
    assert client.get("/nha-san-xuat/khong-co").status_code == 404
