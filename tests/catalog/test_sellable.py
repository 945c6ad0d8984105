"""What basket and checkout read: price and certificate in force at the instant, one statement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog import queries as catalog
from shop.catalog import rules
from shop.catalog.models import Price, Product, ProductKind, ProductState, VariantState
from shop.kernel import clock, settings
from shop.kernel.actor import SYSTEM
from shop.kernel.db import transaction
from shop.kernel.errors import Invalid
from shop.producers.models import Producer, ProducerState
from tests.factories import make_certificate, make_producer, make_variant
from tests.statements import statements

# 23:59:59 and 00:00 of 1 March 2027 in Vietnam are 16:59:59 and 17:00 UTC of 28 February.
LAST_SECOND = datetime.fromisoformat("2027-02-28T16:59:59+00:00")
MIDNIGHT = datetime.fromisoformat("2027-02-28T17:00:00+00:00")


def one(variant: Any, at: datetime | None = None) -> catalog.Sellable:
    return catalog.sellable([variant.id], at or clock.now())[variant.id]


def test_one_statement_tells_all(ctx: Any) -> None:
    a = make_variant("Chả mực Hạ Long", amount=185_000, producer=make_producer())
    b = make_variant("Miến dong", amount=60_000)
    make_certificate(a, stars=4)
    ids = [a.id, b.id, 999_999]
    catalog.sellable(ids, clock.now())  # the setting's copy is fresh now
    with statements() as seen:
        found = catalog.sellable(ids, clock.now())
    assert len(seen) == 1, seen
    assert set(found) == {a.id, b.id}
    assert found[a.id].unit_price_amount == 185_000
    assert found[a.id].stars == 4
    assert found[a.id].refusal is None
    assert found[b.id].stars == 0
    assert found[b.id].producer_id is None
    assert catalog.sellable_by_sku([a.sku, "NO-SUCH"], clock.now())[a.sku] == found[a.id]
    assert catalog.sellable([], clock.now()) == {}


def test_price_of_the_instant(ctx: Any) -> None:
    v = make_variant(amount=100_000)
    turn = clock.now() + timedelta(days=3)
    with transaction() as s:
        old = s.scalars(select(Price).where(Price.variant_id == v.id)).one()
        old.valid_to = turn
        s.add(Price(variant_id=v.id, amount=90_000, valid_from=turn, valid_to=turn + timedelta(days=1), created_by="t"))
    assert one(v, turn - timedelta(microseconds=1)).unit_price_amount == 100_000
    assert one(v, turn).unit_price_amount == 90_000
    after = one(v, turn + timedelta(days=1))
    assert after.unit_price_amount is None
    assert after.refusal.code == "not-for-sale"


def test_certificate_ends_at_midnight_in_vietnam(ctx: Any) -> None:
    v = make_variant(needs_certificate=True)
    make_certificate(v, issued_on=date(2024, 2, 28), expires_on=date(2027, 2, 28))
    assert one(v, LAST_SECOND).refusal is None
    assert one(v, LAST_SECOND).stars == 4
    assert one(v, MIDNIGHT).stars == 0
    assert one(v, MIDNIGHT).refusal.code == "certificate-lapsed"
    assert catalog.current_certificate(v.product_id, date(2027, 2, 28)) is not None
    assert catalog.current_certificate(v.product_id, date(2027, 3, 1)) is None


def test_certificate_begins_on_its_day_and_revocation_ends_it(ctx: Any) -> None:
    v = make_variant(needs_certificate=True)
    c = make_certificate(v, issued_on=date(2027, 3, 1), expires_on=date(2030, 3, 1))
    assert one(v, LAST_SECOND).refusal.code == "certificate-lapsed"
    assert one(v, MIDNIGHT).certificate_id == c.id
    with transaction() as s:
        s.merge(c).revoked_on = date(2027, 3, 2)
    assert one(v, MIDNIGHT).certificate_id == c.id
    assert one(v, MIDNIGHT + timedelta(days=1)).certificate_id is None


def test_of_two_certificates_the_better_counts(ctx: Any) -> None:
    v = make_variant()
    make_certificate(v, stars=3, expires_on=clock.today() + timedelta(days=900))
    better = make_certificate(v, stars=4, expires_on=clock.today() + timedelta(days=9))
    assert one(v).certificate_id == better.id
    assert catalog.current_certificate(v.product_id, clock.today()).certificate_id == better.id
    assert one(v, clock.now() + timedelta(days=20)).stars == 3


def test_a_producers_other_goods_never_borrow_a_certificate(ctx: Any) -> None:
    producer = make_producer()
    certified, other = (make_variant(producer=producer, needs_certificate=True) for _ in range(2))
    make_certificate(certified, stars=5)
    found = catalog.sellable([certified.id, other.id], clock.now())
    assert found[certified.id].stars == 5
    assert found[other.id].stars == 0
    assert found[other.id].refusal.code == "certificate-lapsed"


@pytest.mark.parametrize(
    ("rule", "marked", "plain"),
    [("marked", "certificate-lapsed", None), ("all", "certificate-lapsed", "certificate-lapsed"), ("none", None, None)],
)
def test_rule_by_setting(ctx: Any, rule: str, marked: str | None, plain: str | None) -> None:
    settings.change(SYSTEM, rules.CERTIFICATE_RULE.key, rule)
    a, b = make_variant(needs_certificate=True), make_variant()
    found = catalog.sellable([a.id, b.id], clock.now())
    assert getattr(found[a.id].refusal, "code", None) == marked
    assert getattr(found[b.id].refusal, "code", None) == plain


def test_an_unknown_rule_is_refused(ctx: Any) -> None:
    with pytest.raises(Invalid):
        settings.change(SYSTEM, rules.CERTIFICATE_RULE.key, "sometimes")
    assert rules.CERTIFICATE_RULE.get() == "marked"


def test_hidden_goods_and_services_are_not_sold(ctx: Any) -> None:
    hidden, draft, pack, service, idle = (make_variant(producer=make_producer()) for _ in range(5))
    with transaction() as s:
        s.get(Product, hidden.product_id).state = ProductState.HIDDEN
        s.get(Product, draft.product_id).state = ProductState.DRAFT
        s.merge(pack).state = VariantState.HIDDEN
        s.get(Product, service.product_id).kind = ProductKind.SERVICE
        producer_id = s.get(Product, idle.product_id).producer_id
        s.get(Producer, producer_id).state = ProducerState.SUSPENDED
    found = catalog.sellable([v.id for v in (hidden, draft, pack, service, idle)], clock.now())
    assert len(found) == 5
    assert {row.refusal.code for row in found.values()} == {"not-for-sale"}
    assert found[service.id].shown
