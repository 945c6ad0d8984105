"""Commands on products, packs and certificates: what they refuse, what they write down, whom they tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from shop.catalog import services as catalog
from shop.catalog.errors import GtinTaken, NoSuchProduct, NoSuchSku, NumberTaken, SkuTaken
from shop.catalog.events import CertificateChanged, ProductChanged
from shop.catalog.invariants import goods_are_what_their_set_says
from shop.catalog.models import Certificate, Listing, Product, ProductKind, ProductSet, ProductState, Variant
from shop.kernel import audit, clock, events, jobs
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict, Invalid, NotFound
from shop.kernel.facts import Refused
from tests.factories import make_producer, make_set, make_variant

STAFF = Actor("user", "Cán bộ", 7)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    heard: list[Any] = []
    for fact in (ProductChanged, CertificateChanged):
        monkeypatch.setitem(events._now, fact, [*events._now.get(fact, []), heard.append])
    return heard


def create(**values: Any) -> int:
    return catalog.create_product(STAFF, **({"name": "Chả mực", "set_id": make_set(8).id} | values))


def get(product_id: int) -> Product:
    return session().get(Product, product_id, populate_existing=True)


def last_audit() -> audit.AuditRow:
    return session().scalars(select(audit.AuditRow).order_by(audit.AuditRow.id.desc())).first()


def test_create(ctx: Any, told: list[Any]) -> None:
    first = create(producer_id=make_producer().id, allergens=["eggs", "fish"], alcohol_percent="", shelf_life_days="90")
    row = get(first)
    assert (row.slug, row.state, row.shelf_life_days, row.published_at) == ("cha-muc", ProductState.DRAFT, 90, None)
    assert row.allergens == ["fish", "eggs"]  # in the order of the list
    assert get(create(name="Chả  mực ")).slug == "cha-muc-2"
    assert told[0] == ProductChanged(first)
    line = last_audit()
    assert (line.action, line.target, line.actor_key) == ("catalog.create", "product:cha-muc-2", "user:7")
    shown = get(create(show=True))
    assert shown.published_at is not None


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 256}, "name"), ({"set_id": 999}, "set_id"),
        ({"producer_id": 999}, "producer_id"),
        ({"shelf_life_days": "-1"}, "shelf_life_days"), ({"shelf_life_days": "1e3"}, "shelf_life_days"),
        ({"alcohol_percent": "101", "is_alcohol": True}, "alcohol_percent"), ({"alcohol_percent": "12"}, "alcohol_percent"),
        ({"alcohol_percent": "NaN", "is_alcohol": True}, "alcohol_percent"), ({"allergens": ["dust"]}, "allergens"),
        ({"cold": "warm"}, "cold"), ({"kind": "x"}, "kind"), ({"commune_code": "x"}, "commune_code"),
        ({"season_months": 5000}, "season_months"), ({"story": "x" * 20_001}, "story"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_field(ctx: Any, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create(**facts)
    assert refusal.value.field == field
    assert session().scalar(select(Product.id)) is None


def test_all_wrong_fields_are_told_at_once(ctx: Any) -> None:
    with pytest.raises(Refused) as refusal:
        create(name="", shelf_life_days="x", cold="warm")
    assert [e.field for e in refusal.value.all] == ["name", "shelf_life_days", "cold"]


def test_goods_of_a_set_of_alcohol_or_services_are_so(ctx: Any) -> None:
    drinks, trips = make_set(15), make_set(26)
    with transaction() as s:
        s.get(ProductSet, drinks.id).is_alcohol = True
        s.get(ProductSet, trips.id).is_service = True
    assert get(create(set_id=drinks.id, is_alcohol=False)).is_alcohol
    trip = create(set_id=trips.id)
    assert get(trip).kind is ProductKind.SERVICE
    goods = create()
    catalog.update_product(STAFF, goods, set_id=drinks.id, is_alcohol=False)
    assert get(goods).is_alcohol
    assert not list(goods_are_what_their_set_says())
    with transaction() as s:
        s.get(Product, goods).is_alcohol = False
        s.get(Product, trip).kind = ProductKind.GOODS
    assert len(list(goods_are_what_their_set_says())) == 2


def test_update(ctx: Any, told: list[Any]) -> None:
    product_id = create()
    told.clear()
    seen = get(product_id).updated_at
    assert catalog.update_product(STAFF, product_id, name="Chả mực giã tay", story="Giã tay")
    line = last_audit()
    assert line.detail["before"] == {"name": "Chả mực", "story": None}
    assert line.detail["after"] == {"name": "Chả mực giã tay", "story": "Giã tay"}
    assert get(product_id).slug == "cha-muc"  # addresses stay
    assert told == [ProductChanged(product_id)]
    assert not catalog.update_product(STAFF, product_id, name="Chả mực giã tay")
    assert told == [ProductChanged(product_id)]
    with pytest.raises(Conflict):
        catalog.update_product(STAFF, product_id, seen=seen, name="Từ trang cũ")
    with pytest.raises(NoSuchProduct):
        catalog.update_product(STAFF, 999, name="x")
    assert catalog.show(STAFF, product_id)
    assert not catalog.show(STAFF, product_id)
    assert catalog.hide(STAFF, product_id)
    assert get(product_id).state is ProductState.HIDDEN


def test_packs(ctx: Any) -> None:
    product_id = create()
    variant_id = catalog.add_variant(
        STAFF, product_id, sku=" hop-500 ", pack="Hộp 500 g", net_content="500", net_unit="GRM"
    )
    row = session().get(Variant, variant_id)
    assert (row.sku, row.net_content, row.position) == ("HOP-500", Decimal(500), 0)
    with pytest.raises(SkuTaken):
        catalog.add_variant(STAFF, product_id, sku="HOP-500", pack="x")
    catalog.update_variant(STAFF, variant_id, gtin="8934563138165")
    second = catalog.add_variant(STAFF, product_id, sku="HOP-1K", pack="Hộp 1 kg")
    assert session().get(Variant, second).position == 1
    with pytest.raises(GtinTaken):
        catalog.update_variant(STAFF, second, gtin="8934563138165")
    with pytest.raises(NoSuchSku):
        catalog.update_variant(STAFF, 999, pack="x")
    with pytest.raises(NoSuchProduct):
        catalog.add_variant(STAFF, 999, sku="X-1", pack="x")
    for facts, field in [
        ({"sku": "a b"}, "sku"), ({"sku": "Chả"}, "sku"), ({"sku": ""}, "sku"), ({"pack": ""}, "pack"),
        ({"gtin": "8934563138166"}, "gtin"), ({"gtin": "12"}, "gtin"), ({"weight_g": "0"}, "weight_g"),
        ({"net_content": "5"}, "net_unit"), ({"net_unit": "GRM"}, "net_content"),
        ({"net_unit": "XX", "net_content": "1"}, "net_unit"),
        ({"order_limit": "0"}, "order_limit"), ({"length_mm": "1,5"}, "length_mm"),
    ]:  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            catalog.add_variant(STAFF, product_id, **({"sku": "X-9", "pack": "Gói"} | facts))
        assert refusal.value.field == field
    with pytest.raises(Invalid):  # both or neither
        catalog.add_pack(STAFF, product_id, sku="X-9", pack="Gói", amount=-5)
    assert session().scalar(select(Variant.id).where(Variant.sku == "X-9")) is None
    assert catalog.hide_variant(STAFF, second)
    assert not catalog.hide_variant(STAFF, second)
    assert catalog.show_variant(STAFF, second)


def issue(product_id: int, number: str = "1/QĐ", **values: Any) -> int:
    facts = {"level": "province", "stars": 4, "issued_on": clock.today() - timedelta(days=10)} | values
    return catalog.issue_certificate(STAFF, product_id, number=number, **facts)


def test_certificates(ctx: Any, told: list[Any]) -> None:
    product_id = create()
    told.clear()
    certificate = issue(product_id, issued_on=date(2025, 3, 31))
    assert session().get(Certificate, certificate).expires_on == date(2028, 3, 31)
    assert CertificateChanged(certificate, product_id) in told
    assert session().scalar(select(Listing.stars).where(Listing.product_id == product_id)) == 4
    for facts, field in [
        ({"stars": 2}, "stars"), ({"stars": 6}, "stars"), ({"score": "101"}, "score"), ({"level": "commune"}, "level"),
        ({"expires_on": date(2020, 1, 1)}, "expires_on"), ({"expires_on": date(2090, 1, 1)}, "expires_on"),
        ({"number": " "}, "number"),
        ({"number": "???"}, "number"), ({"number": "x" * 81}, "number"),
    ]:  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            issue(product_id, **({"number": "2/QĐ"} | facts))
        assert refusal.value.field == field
    with pytest.raises(NoSuchProduct):
        issue(999, "3/QĐ")
    with pytest.raises(NumberTaken):
        issue(create(), "1-QD")
    assert catalog.update_certificate(STAFF, certificate, stars=5, number="1A/QĐ")
    assert session().get(Certificate, certificate).number_key == "1a-qd"
    assert not catalog.update_certificate(STAFF, certificate, stars=5)
    with pytest.raises(Invalid):
        catalog.revoke_certificate(STAFF, certificate, " ")
    with pytest.raises(Invalid):
        catalog.revoke_certificate(STAFF, certificate, "x", on=date(2024, 1, 1))
    catalog.revoke_certificate(STAFF, certificate, "Hồ sơ sai")
    assert session().scalar(select(Listing.stars).where(Listing.product_id == product_id)) == 0
    with pytest.raises(Conflict):
        catalog.revoke_certificate(STAFF, certificate, "nữa")
    with pytest.raises(Conflict):
        catalog.update_certificate(STAFF, certificate, stars=3)
    with pytest.raises(NotFound):
        catalog.revoke_certificate(STAFF, 999, "x")


def test_lapsing_and_beginning_are_told_once(ctx: Any, told: list[Any]) -> None:
    product_id = create(show=True)
    today = clock.today()
    old = issue(product_id, "1", expires_on=today + timedelta(days=5))
    new = issue(product_id, "2", issued_on=today + timedelta(days=3), expires_on=today + timedelta(days=900), stars=3)
    told.clear()
    assert catalog.tell_certificates() == 0
    for day, expected, stars in [(3, [new], 4), (5, [], 4), (6, [old], 3), (900, [], 3), (901, [new], 0)]:
        with time_machine.travel(clock.start_of(today + timedelta(days=day)), tick=False):
            told.clear()
            jobs.run_periodic(group="sweep", force=True)
            assert [f.certificate_id for f in told if isinstance(f, CertificateChanged)] == expected
            assert catalog.tell_certificates() == 0
            assert session().scalar(select(Listing.stars).where(Listing.product_id == product_id)) == stars


def test_two_at_once_give_one_certificate_and_one_sku(ctx: Any, together: Callable[..., Any]) -> None:
    ids = [make_variant().product_id for _ in range(4)]
    outcomes = together(ctx, [lambda i=i: issue(i, "77/QĐ") for i in ids])
    assert sum(o.error is None for o in outcomes) == 1
    assert all(o.error is None or isinstance(o.error, NumberTaken) for o in outcomes)
    outcomes = together(ctx, [lambda i=i: catalog.add_variant(SYSTEM, i, sku="MOT", pack="x") for i in ids])
    assert sum(o.error is None for o in outcomes) == 1
    assert all(o.error is None or isinstance(o.error, SkuTaken) for o in outcomes)
