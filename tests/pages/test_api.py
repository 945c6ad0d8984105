"""The read-only API: lists that go on, nothing for adults or hidden, problem+json, a description that fits."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shop.catalog import facets, listing
from shop.catalog.models import Product, ProductState
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.pages import api
from shop.points import services as points
from tests.factories import make_certificate, make_point, make_producer, make_variant, put_in


@pytest.fixture
def goods(ctx):
    shop, maker = make_point("Cửa hàng"), make_producer("HTX Sá Sùng")
    made = [make_variant(f"Món {n}", producer=maker, amount=10_000 + n) for n in range(5)]
    put_in(made[0], shop, 3)
    make_certificate(made[0], stars=5)
    make_certificate(
        made[1], stars=4, issued_on=clock.today() - timedelta(900), expires_on=clock.today() - timedelta(1)
    )
    adult, hidden = make_variant("Rượu mơ", is_alcohol=True), make_variant("Giấu")
    with transaction() as s:
        s.get(Product, hidden.product_id).state = ProductState.HIDDEN
    listing.reindex()
    facets.forget()
    return {"shown": made, "adult": adult, "hidden": hidden}


def slug(variant) -> str:
    return session().get(Product, variant.product_id).slug


def get(client, address: str, status: int = 200):
    answer = client.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json


def test_products_come_page_by_page_each_once(goods, client):
    seen, address = [], "/api/v1/products?limit=2"
    while address:
        page = get(client, address)
        assert len(page["items"]) <= 2
        seen += page["items"]
        address = f"/api/v1/products?limit=2&after={page['next']}" if page["next"] else ""
    assert [p["slug"] for p in seen] == sorted(slug(v) for v in goods["shown"])
    first = next(p for p in seen if p["slug"] == slug(goods["shown"][0]))
    assert (first["price_amount"], first["availability"], first["stars"]) == (10_000, "in_stock", 5)
    lapsed = next(p for p in seen if p["slug"] == slug(goods["shown"][1]))
    assert (lapsed["availability"], lapsed["stars"], lapsed["certificate_number"]) == ("out_of_stock", 0, None)


def test_one_product_with_its_packs(goods, client):
    found = get(client, f"/api/v1/products/{slug(goods['shown'][0])}")
    assert found["packs"][0]["sku"] == goods["shown"][0].sku
    assert found["packs"][0]["availability"] == "in_stock"
    assert found["producer"]["name"] == "HTX Sá Sùng"


@pytest.mark.parametrize("which", ["adult", "hidden"])
def test_goods_for_adults_and_hidden_ones_are_not_told(goods, client, which):
    get(client, f"/api/v1/products/{slug(goods[which])}", 404)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=%27%3B--", "after=" + "a" * 81])
def test_a_senseless_page_is_refused_as_problem(goods, client, query):
    answer = client.get(f"/api/v1/products?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["field"] in {"limit", "after"}


def test_producers_points_and_certificates(goods, client):
    points.load_registry()
    client.application.extensions.pop("shop_points", None)
    assert [p["name"] for p in get(client, "/api/v1/producers")["items"]] == ["HTX Sá Sùng"]
    shops = get(client, "/api/v1/points")["items"]
    assert {"quang-ninh-gate"} <= {p["slug"] for p in shops}
    assert all(p["kind"] not in {"fair", "warehouse"} for p in shops)
    from shop.catalog.models import Certificate

    standings = {}
    for c in session().query(Certificate):
        standings[c.stars] = get(client, f"/api/v1/certificates/{c.number.lower().replace('-', ' ')}")["standing"]
    assert standings == {5: "valid", 4: "lapsed"}
    get(client, "/api/v1/certificates/khong-co", 404)
    get(client, "/api/v1/certificates/" + "x/" * 200, 404)


def test_what_is_not_there_is_a_problem(ctx, client):
    answer = client.get("/api/v1/khong-co")
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (404, "application/problem+json", "not-found")
    assert client.post("/api/v1/products").status_code in {400, 405}


def test_too_many_questions_are_slowed(make_app, monkeypatch):
    visitor = make_app(rate_limits=True).test_client()
    codes = {visitor.get(f"/api/v1/points?{n}").status_code for n in range(245)}
    assert codes == {200, 429}


def test_the_description_fits_the_answers(goods, app, client):
    import jsonschema_rs  # comes with schemathesis

    described = get(client, "/api/v1/openapi.json")
    assert described["openapi"] == "3.1.0"
    assert described["servers"] == [{"url": "http://localhost"}]
    names = set(described["components"]["schemas"])
    assert not {n for n in names if "." in n}
    calls = {
        "/api/v1/products": "/api/v1/products",
        "/api/v1/products/{slug}": f"/api/v1/products/{slug(goods['shown'][0])}",
        "/api/v1/producers": "/api/v1/producers",
        "/api/v1/points": "/api/v1/points",
    }
    for path, address in calls.items():
        answer = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        schema = {**answer, "components": described["components"]}
        jsonschema_rs.validator_for(schema).validate(get(client, address))
    refused = described["paths"]["/api/v1/products"]["get"]["responses"]["422"]["content"]
    assert set(refused) == {"application/problem+json"}
    paths = {rule.rule.replace("<path:", "{").replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}
    assert {p for p in paths if p.startswith("/api/v1/")} == {*described["paths"], "/api/v1/openapi.json"}


def test_the_command_prints_the_description(app):
    answer = app.test_cli_runner().invoke(args=["openapi"])
    assert answer.exit_code == 0
    with app.app_context():
        assert json.loads(answer.output) == api.document()
