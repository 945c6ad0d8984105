"""A timed sale wherever goods are shown: cards, the product's page and its data for machines, the feed, the API, the letter."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from shop.catalog import listing
from shop.catalog.models import Product
from shop.kernel import jobs
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from tests.promotions.conftest import Bench, make_code, make_sale

SALE, USUAL = "90.000", "120.000"


@pytest.fixture
def slug(bench: Bench) -> str:
    """The product of the bench, on sale."""
    make_sale((bench.variant.id, 90_000, 5))
    with transaction():
        listing.refresh([bench.variant.product_id])
    product = session().get(Product, bench.variant.product_id)
    assert product is not None
    return str(product.slug)


def html(bench: Bench, path: str) -> str:
    answer = bench.client.get(path)
    assert answer.status_code == 200, path
    return str(answer.get_data(as_text=True))


def test_cards_show_both_prices(bench: Bench, slug: str) -> None:
    for path in ("/san-pham", "/san-pham?q=mực", "/en/san-pham"):
        page = html(bench, path)
        assert SALE in page and USUAL in page, path


def test_the_products_page_says_until_when_and_machines_read_the_sales_price(bench: Bench, slug: str) -> None:
    page = html(bench, f"/san-pham/{slug}")
    assert SALE in page and USUAL in page
    told = [json.loads(x) for x in re.findall(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', page, re.S)]
    offers = [one for data in told for one in _offers(data)]
    assert {int(float(offer["price"])) for offer in offers} == {90_000}
    assert all(offer.get("priceValidUntil") for offer in offers)


def _offers(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, list):
        return [one for part in data for one in _offers(part)]
    if not isinstance(data, dict):
        return []
    own = [data] if data.get("@type") == "Offer" else []
    return own + [one for part in data.values() for one in _offers(part)]


def test_the_feed_and_the_api_have_both(bench: Bench, slug: str) -> None:
    feed = bench.client.get("/feeds/merchant.xml", buffered=True).get_data(as_text=True)
    assert "<g:price>120000 VND</g:price>" in feed and "<g:sale_price>90000 VND</g:sale_price>" in feed
    told = bench.client.get(f"/api/v1/products/{slug}").get_json()
    (pack,) = told["packs"]
    assert (pack["price_amount"], pack["sale_price_amount"]) == (120_000, 90_000)
    assert pack["sale_until"]


def test_the_letter_names_what_came_off(bench: Bench, slug: str) -> None:
    make_code()
    bench.add(quantity=2)
    bench.placed(bench.order(code="CHOBEN10", email="khach@example.vn"))
    jobs.dispatch()
    session().rollback()
    letter = session().query(Letter).filter_by(recipient="khach@example.vn").order_by(Letter.id).first()
    assert letter is not None
    for body in (letter.body_text, letter.body_html):
        assert "Giá cuối tuần" in body and "Ưu đãi thử" in body and "18.000" in body and "60.000" in body


def test_a_quota_that_is_used_up_shows_the_usual_price_again(bench: Bench, slug: str) -> None:
    from shop.promotions import queries

    bench.add(quantity=5)
    bench.placed(bench.order())
    queries.forget()
    page = html(bench, f"/san-pham/{slug}?{new_key()}")
    assert SALE not in page and USUAL in page
