"""Sales and codes at a counter: no limit is passed, whoever is off line; what the buyer paid holds and is named on its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.operations import new_key
from shop.ledger.models import Posting
from shop.orders.models import Order, OrderLineDiscount
from shop.promotions.models import Loan, Measure, Offer, Payer, Promotion, ScopeKind, Use
from shop.promotions.services import editing
from shop.till.models import Coupon, CouponState, Notice, TillLine
from shop.till.services import coupons
from tests import factories
from tests.promotions.conftest import make_code, make_sale
from tests.till.conftest import Counter, Device, audit_clean, uid

SALE, USUAL = 90_000, 120_000


def post(device: Device, path: str, body: dict[str, Any]) -> Any:
    return device.app.test_client().post(f"/till/api/{path}", json=body, headers=device.headers)


def lent(device: Device) -> dict[int, int]:
    answer = post(device, "offers", {})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {one["id"]: one["left"] for one in answer.get_json()["offers"]}


def sold_at(device: Device, counter: Counter, quantity: int, at_sale: int, offer: int, **more: Any) -> dict[str, Any]:
    """A sale of `quantity`, `at_sale` of them at the sale's price."""
    off = at_sale * (USUAL - SALE)
    lines = [{"line": 0, "offer_id": offer, "units": at_sale, "amount": off}]
    return device.sale(device.line(counter.goods, quantity), discount=off, discounts=lines, **more)


def offer_of(promotion: Promotion) -> Offer:
    session().expire_all()
    return session().scalars(select(Offer).where(Offer.promotion_id == promotion.id)).one()


def test_a_sale_is_lent_sold_off_line_named_and_given_back(counter: Counter) -> None:
    promotion = make_sale((counter.goods.id, SALE, 8), person_limit=4)
    offer = offer_of(promotion).id
    told = counter.device.get("/till/api/catalogue").get_json()["variants"][0]["offers"]
    assert [(o["id"], o["price"], o["limit"]) for o in told] == [(offer, SALE, 4)]
    assert lent(counter.device) == {offer: 4}  # half of what there is
    second = counter.make_device("B2")
    assert lent(second) == {offer: 2}
    assert lent(second) == {offer: 2}
    opening = counter.device.open()
    sale = sold_at(counter.device, counter, 3, 2, offer)
    results = counter.device.send(opening, sale)
    assert [r["status"] for r in results] == ["done", "done"]
    assert counter.device.send(sale)[0]["status"] == "again"
    order = session().scalars(select(Order)).one()
    row = session().scalars(select(OrderLineDiscount)).one()
    assert (order.discount_amount, order.total_amount) == (60_000, 300_000)
    assert (row.name, row.units, row.amount, row.beyond) == ("Giá cuối tuần", 2, 60_000, False)
    found = offer_of(promotion)
    assert (found.sold, found.lent, found.quota) == (2, 4, 8)
    assert balance() == 60_000
    number = sale["body"]["number"]
    counter.device.send(
        counter.device.back(number, {"variant_id": counter.goods.id, "quantity": 3, "restock": True}, amount=300_000)
    )
    assert (offer_of(promotion).sold, balance()) == (0, 0)
    pdf = counter.device.get(f"/till/receipt/{number}.pdf")
    assert pdf.get_data().startswith(b"%PDF")
    audit_clean()


def balance() -> int:
    session().rollback()
    return int(
        session().scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == "promotions"))
    )


@pytest.mark.parametrize("how", ["beyond the quota", "after the stop", "more than one may have"])
def test_what_was_sold_beyond_keeps_its_price_and_is_the_shops(counter: Counter, how: str) -> None:
    producer = factories.make_producer("HTX Chịu Giảm").id
    with transaction() as s:
        s.execute(update(type(counter.goods.product)).values(producer_id=producer))
    limits = {"person_limit": 1} if how == "more than one may have" else {}
    promotion = make_sale((counter.goods.id, SALE, 2), payer=Payer.PRODUCER, producer_id=producer, **limits)
    editing.agree(SYSTEM, promotion.reference, 1, new_key())
    from shop.promotions import queries

    queries.forget()
    offer = offer_of(promotion).id
    if how == "after the stop":
        with transaction() as s:
            at = clock.now() - timedelta(minutes=5)
            s.execute(update(Promotion).values(state="stopped", stopped_at=at))
    opening = counter.device.open()
    sale = sold_at(counter.device, counter, 3, 3, offer)
    results = counter.device.send(opening, sale)
    assert [r["status"] for r in results] == ["done", "done"]
    order = session().scalars(select(Order)).one()
    assert (order.discount_amount, order.total_amount) == (90_000, 270_000)
    within = {"beyond the quota": 2, "after the stop": 0, "more than one may have": 1}[how]
    rows = session().scalars(select(OrderLineDiscount).order_by(OrderLineDiscount.id)).all()
    assert [(r.units, r.beyond, r.payer) for r in rows] == [
        *([(within, False, Payer.PRODUCER)] if within else []),
        (3 - within, True, Payer.SHOP),
    ]
    assert (offer_of(promotion).sold, balance()) == (within, (3 - within) * 30_000)
    notice = session().scalars(select(Notice).where(Notice.kind == "offer-over")).one()
    assert notice.detail["units"] == 3 - within
    counter.device.send(
        counter.device.back(
            sale["body"]["number"], {"variant_id": counter.goods.id, "quantity": 3, "restock": True}, amount=270_000
        )
    )
    assert (offer_of(promotion).sold, balance()) == (0, 0)
    audit_clean()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"amount": 29_999}, "offer-wrong"),
        ({"offer_id": 999}, "offer-wrong"),
        ({"units": 4, "amount": 120_000}, "offer-wrong"),
        ({"line": 3}, "sum-wrong"),
        ({"amount": 400_000}, "sum-wrong"),
        ({"offer_id": None, "coupon": "11111111-1111-1111-1111-111111111111", "units": 0}, "coupon-unknown"),
        ({"units": 0}, "invalid"),
    ],
)
def test_a_discount_that_no_promotion_gives_is_refused(counter: Counter, change: dict[str, Any], refusal: str) -> None:
    promotion = make_sale((counter.goods.id, SALE, 8))
    opening = counter.device.open()
    made = sold_at(counter.device, counter, 3, 1, offer_of(promotion).id)
    line = made["body"]["discounts"][0]
    line |= change
    off = line["amount"]
    made["body"] |= {"discount_amount": off, "total_amount": 360_000 - off}
    made["body"]["tenders"] = [{"kind": "cash", "amount": max(1, 360_000 - off)}] if off < 360_000 else []
    if off > 360_000:
        made["body"] |= {"total_amount": 0, "discount_amount": 360_000}
    result = counter.device.send(opening, made)[1]
    assert (result["status"], result["code"]) == ("refused", refusal)
    assert session().query(OrderLineDiscount).count() == session().query(Use).count() == 0
    audit_clean()


def test_what_a_keeper_takes_off_by_hand_comes_after_promotions(counter: Counter) -> None:
    offer = offer_of(make_sale((counter.goods.id, SALE, 8))).id
    device = counter.device
    device.send(device.open())

    def made(by_hand: int) -> dict[str, Any]:
        lines = [{"line": 0, "offer_id": offer, "units": 1, "amount": 30_000}]
        return device.sale(device.line(counter.goods), discount=30_000 + by_hand, discounts=lines, reason="hộp móp")

    too_much = device.send(made(4_501))[0]
    assert (too_much["status"], too_much["code"]) == ("refused", "discount-too-large")
    assert device.send(made(4_500))[0]["status"] == "done"
    line = session().scalars(select(TillLine)).one()
    assert line.net_amount == 85_500
    audit_clean()


def basket(counter: Counter, code: str = "CHOBEN10", quantity: int = 1, **more: Any) -> dict[str, Any]:
    """What a device asks about a code."""
    lines = [{"variant_id": counter.goods.id, "quantity": quantity}]
    return {"uuid": uid(), "code": code, "lines": lines} | more


def ask(device: Device, counter: Counter, **asked: Any) -> Any:
    return post(device, "code", basket(counter, **asked))


def with_coupon(device: Device, counter: Counter, told: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    lines = [{"line": x["line"], "coupon": told["uuid"], "amount": x["amount"]} for x in told["shares"]]
    return device.sale(device.line(counter.goods, quantity), discount=told["amount"], discounts=lines)


def test_a_code_at_the_counter_is_the_baskets_until_its_sale_comes(counter: Counter) -> None:
    promotion = make_code(uses_limit=1)
    first = ask(counter.device, counter, quantity=2).get_json()
    assert (first["amount"], first["name"]) == (24_000, "Ưu đãi thử")
    second = counter.make_device("B2")
    assert ask(second, counter).get_json()["code"] == "code-used-up"
    session().refresh(promotion)
    assert (promotion.uses, promotion.spent_amount) == (1, 24_000)
    audit_clean()
    # The network is gone for a day; the sale comes when the code is over.
    with transaction() as s:
        s.execute(update(Promotion).values(state="stopped", stopped_at=clock.now()))
    opening = counter.device.open()
    results = counter.device.send(opening, with_coupon(counter.device, counter, first, 2))
    assert results[1]["status"] == "done"
    row = session().scalars(select(OrderLineDiscount)).one()
    assert (row.amount, row.beyond, row.name) == (24_000, False, "Ưu đãi thử")
    assert session().scalars(select(Use.reference)).one() == f"order:{row_order().reference}"
    assert balance() == 24_000
    audit_clean()
    # The same grant again, for another sale, is no grant.
    again = counter.device.send(with_coupon(counter.device, counter, first, 2))[0]
    assert (again["status"], again["code"]) == ("refused", "coupon-unknown")


def row_order() -> Order:
    return session().scalars(select(Order)).one()


def test_a_code_that_is_let_go_is_everybodys_again(counter: Counter) -> None:
    promotion = make_code(uses_limit=1)
    told = ask(counter.device, counter).get_json()
    assert post(counter.device, "code/let-go", {"uuid": told["uuid"]}).status_code == 200
    assert post(counter.device, "code/let-go", {"uuid": told["uuid"]}).status_code == 200
    session().refresh(promotion)
    assert promotion.uses == 0
    # Whoever asks for another basket has let the one before go, but not what waits to be sent.
    kept = ask(counter.device, counter).get_json()
    assert ask(counter.device, counter, keep=[kept["uuid"]]).get_json()["code"] == "code-used-up"
    assert ask(counter.device, counter).status_code == 200
    audit_clean()
    with transaction() as s:
        s.execute(update(Coupon).values(at=clock.now() - timedelta(days=9)))
    assert coupons.sweep() == 1
    # Its sale comes after all: the buyer has paid that price.
    opening = counter.device.open()
    assert counter.device.send(opening, with_coupon(counter.device, counter, kept))[1]["status"] == "done"
    row = session().scalars(select(OrderLineDiscount)).one()
    assert (row.beyond, row.payer, row.amount) == (True, Payer.SHOP, 12_000)
    assert session().scalars(select(Notice.kind)).all() == ["coupon-late"]
    audit_clean()


def test_a_grant_that_is_not_what_was_used_is_seen(counter: Counter) -> None:
    make_code()
    assert ask(counter.device, counter).status_code == 200
    with transaction() as s:
        s.execute(update(Coupon).values(amount=Coupon.amount + 1))
    assert [check.name for check in invariants.run("till") if not check.ok] == ["till.codes-are-counted"]


@pytest.mark.parametrize(
    ("values", "asked", "refusal"),
    [
        ({}, {"code": "KHONGCO"}, "code-unknown"),
        ({"starts_at": 1}, {}, "code-not-yet"),
        ({"minimum_amount": 500_000}, {}, "code-below-minimum"),
        ({"scopes": ((ScopeKind.SET, 9),)}, {}, "code-not-for-these"),
        ({"scopes": ((ScopeKind.POINT, 999),)}, {}, "code-not-here"),
        ({"on_freight": True}, {}, "code-no-freight"),
        ({"person_limit": 1}, {}, "code-needs-phone"),
        ({"person_limit": 1}, {"phone": "abc"}, "invalid"),
        ({}, {"lines": [{"variant_id": 999, "quantity": 1}]}, "variant-unknown"),
        ({}, {"lines": []}, "invalid"),
        ({}, {"code": ""}, "invalid"),
    ],
)
def test_a_code_that_does_not_count_is_told(
    counter: Counter, values: dict[str, Any], asked: dict[str, Any], refusal: str
) -> None:
    if "starts_at" in values:
        values = {"starts_at": clock.now() + timedelta(hours=1)}
    make_code(**values)
    answer = ask(counter.device, counter, **asked)
    assert (answer.get_json()["code"], session().query(Coupon).count()) == (refusal, 0)
    audit_clean()


def test_each_person_has_it_once_here_and_on_the_web(counter: Counter) -> None:
    make_code(person_limit=1)
    told = ask(counter.device, counter, phone="0912 345 678")
    assert told.status_code == 200
    kept = {"keep": [told.get_json()["uuid"]]}
    assert ask(counter.device, counter, phone="+84 912345678", **kept).get_json()["code"] == "code-used-by-you"
    assert ask(counter.device, counter, phone="0912 345 679", **kept).status_code == 200


def test_devices_that_ask_for_the_last_use_at_once(counter: Counter, together: Callable[..., Any]) -> None:
    promotion = make_code(measure=Measure.SUM, value=20_000, budget_amount=50_000)
    devices = [counter.make_device(f"C{n}") for n in range(1, 6)]
    # The rows of a test belong to the session of its own thread: what is asked is made here, not by five threads at once.
    asked = [(d, basket(counter)) for d in devices]
    told = together(counter.app, [lambda d=d, body=body: post(d, "code", body) for d, body in asked])
    assert [one.error for one in told if one.error is not None] == []
    assert sum(one.value.status_code == 200 for one in told) == 2
    session().rollback()
    session().refresh(promotion)
    assert promotion.spent_amount == 40_000
    audit_clean()


def test_devices_and_the_web_share_a_quota(counter: Counter, together: Callable[..., Any]) -> None:
    promotion = make_sale((counter.goods.id, SALE, 6))
    devices = [counter.make_device(f"C{n}") for n in range(1, 5)]
    told = together(counter.app, [lambda d=d: lent(d) for d in devices])
    assert [one.error for one in told if one.error is not None] == []
    found = offer_of(promotion)
    assert found.lent == sum(sum(one.value.values()) for one in told) <= 6
    assert found.lent == session().scalar(select(func.sum(Loan.units)))
    audit_clean()


def test_a_revoked_device_lends_nothing_back_late(counter: Counter) -> None:
    from shop.till.services import devices
    from tests.till.conftest import BOSS

    promotion = make_sale((counter.goods.id, SALE, 6))
    assert sum(lent(counter.device).values()) == 3
    devices.revoke(BOSS, counter.device.id, "mất máy")
    assert offer_of(promotion).lent == 0
    assert session().scalar(select(func.count()).where(Coupon.state == CouponState.HELD)) == 0
    audit_clean()
