"""Codes and timed sales from the basket to the order and back, as a buyer meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.orders import discounts
from shop.orders import services as orders
from shop.orders.models import OrderLineDiscount, OrderStatus, RefusalWhy
from shop.orders.services import parcels
from shop.promotions.models import Measure, Payer, Promotion, ScopeKind, Use
from tests import factories
from tests.checkout.conftest import code
from tests.conftest import Forms
from tests.orders.conftest import pay
from tests.promotions.conftest import Bench, make_code, make_sale
from tests.statements import statements


def fresh(row: Any) -> Any:
    session().refresh(row)
    return row


def test_a_code_takes_off_what_it_says_and_stands_on_each_line(bench: Bench, audit_clean: Callable[[], None]) -> None:
    other = factories.make_variant("Trà hoa vàng thử", amount=33_333)
    factories.put_in(other, bench.point, 10)
    promotion = make_code("TET-2O27")
    bench.add(quantity=2)
    bench.add(other, quantity=1)
    page = bench.client.get("/thanh-toan").get_data(as_text=True)
    assert 'name="code"' in page
    # Read aloud and typed with other letters it is the same code.
    order = bench.placed(bench.order(code="tết 2027"))
    assert (order.goods_amount, order.discount_amount) == (273_333, 27_333)
    assert order.total_amount == order.goods_amount + order.delivery_amount - 27_333
    paid = discounts.paid_by_line(order.id)
    assert sum(p.discount_amount for p in paid.values()) == 27_333
    assert [sum(p.of(n, 1) for n in range(p.quantity)) == p.amount for p in paid.values()] == [True, True]
    assert (fresh(promotion).uses, promotion.spent_amount) == (1, 27_333)
    html = bench.client.get(f"/don-hang/{order.reference}").get_data(as_text=True)
    assert html.count('data-testid="line-discount"') == 2
    audit_clean()
    orders.cancel(SYSTEM, order.id, "thử")
    assert (fresh(promotion).uses, promotion.spent_amount) == (0, 0)
    audit_clean()


@pytest.mark.parametrize(
    ("values", "typed", "refusal"),
    [
        ({}, "KHONGCO", "code-unknown"),
        ({"starts_at": 1}, "CHOBEN10", "code-not-yet"),
        ({"minimum_amount": 500_000}, "CHOBEN10", "code-below-minimum"),
        ({"scopes": ((ScopeKind.SET, 9),)}, "CHOBEN10", "code-not-for-these"),
        ({"scopes": ((ScopeKind.FAIR, 7),)}, "CHOBEN10", "code-not-here"),
        ({"measure": Measure.SUM, "value": 20_000, "budget_amount": 19_999}, "CHOBEN10", "code-used-up"),
    ],
)
def test_a_code_that_does_not_count_is_told_at_its_place(
    bench: Bench, values: dict[str, Any], typed: str, refusal: str
) -> None:
    if "starts_at" in values:
        values = {"starts_at": clock.now() + timedelta(hours=2)}
    make_code(**values)
    bench.add()
    answer = bench.order(code=typed, note="Gói kỹ giúp")
    html = answer.get_data(as_text=True)
    assert code(answer) == refusal
    assert 'id="f-code-error"' in html and f'value="{typed}"' in html and "Gói kỹ giúp" in html
    assert session().query(Use).count() == 0
    bench.placed(bench.order(code=""))


def test_each_person_once_by_account_or_telephone(bench: Bench) -> None:
    make_code(person_limit=1)
    bench.add()
    bench.placed(bench.order(code="CHOBEN10"))
    bench.client = bench.app.test_client()
    bench.add()
    assert code(bench.order(code="CHOBEN10")) == "code-used-by-you"
    bench.placed(bench.order(code="CHOBEN10", phone="0912 345 679"))


def test_delivery_is_only_discounted_by_a_code_that_says_so(bench: Bench, audit_clean: Callable[[], None]) -> None:
    make_code(on_freight=True, measure=Measure.SUM, value=1_000_000)
    bench.add()
    order = bench.placed(bench.order(code="CHOBEN10"))
    assert order.discount_amount == order.delivery_amount > 0
    assert discounts.freight_off(order.id) == {order.fulfilments[0].id: order.delivery_amount}
    assert discounts.paid_by_line(order.id)[order.lines[0].id].amount == order.goods_amount
    audit_clean()


def test_something_is_always_left_to_pay(bench: Bench) -> None:
    make_code(measure=Measure.SUM, value=5_000_000)
    bench.add()
    answer = bench.order(code="CHOBEN10", delivery="pickup", point=bench.point.slug)
    order = bench.placed(answer)
    # No promotion takes more than half of the price, and the line says that the code stopped there.
    assert order.total_amount == 60_000
    assert "dừng ở mức giảm cao nhất 50 % giá bán" in session().query(OrderLineDiscount).one().name


def test_goods_at_half_their_price_take_no_code_and_the_buyer_is_told(bench: Bench) -> None:
    make_sale((bench.variant.id, 60_000, 5))
    make_code()
    bench.add(quantity=2)
    answer = bench.order(code="CHOBEN10")
    assert code(answer) == "code-too-deep"
    assert "mức cao nhất (50 % giá bán)" in answer.get_data(as_text=True)
    assert bench.placed(bench.order(code="")).discount_amount == 120_000


def test_a_timed_sale_is_shown_taken_and_given_back(bench: Bench, audit_clean: Callable[[], None]) -> None:
    sale = make_sale((bench.variant.id, 90_000, 5))
    bench.add(quantity=2)
    basket = bench.client.get("/gio-hang").get_data(as_text=True)
    assert "90.000" in basket and "Giá khuyến mại đến" in basket
    order = bench.placed(bench.order())
    (row,) = session().query(OrderLineDiscount).all()
    assert (row.amount, row.units, row.payer, order.lines[0].unit_price_amount) == (60_000, 2, Payer.SHOP, 120_000)
    (offer,) = fresh(sale).offers
    assert (offer.sold, offer.lowest_amount) == (2, 120_000)
    audit_clean()
    parcels.refuse(SYSTEM, order.fulfilments[0].id, {order.lines[0].id: 1}, RefusalWhy.SOLD_OUT, "hết hàng")
    session().expire_all()
    assert (order.reduced_amount, fresh(offer).sold, fresh(sale).spent_amount) == (90_000, 1, 30_000)
    audit_clean()


def test_a_quota_that_ran_out_during_checkout_is_shown_and_agreed(
    bench: Bench, audit_clean: Callable[[], None]
) -> None:
    make_sale((bench.variant.id, 90_000, 2))
    bench.add(quantity=2)
    page = bench.client.get("/thanh-toan").get_data(as_text=True)
    seen = next(f for f in Forms.read(page) if f.action.startswith("/thanh-toan") and f.method == "post").values
    other = bench.app.test_client()
    bench.add(client=other)
    bench.placed(bench.order(client=other, phone="0912 345 670"))
    typed = {"name": "Nguyễn Thị Thử", "phone": "0912 345 678", "commune": "06661", "street": "12 Lê Lợi"}
    answer = bench.client.open("/thanh-toan", method="POST", data=seen | typed)
    assert code(answer) == "price-changed"
    assert "Chỉ 1" not in page
    order = bench.placed(bench.order())
    assert order.discount_amount == 30_000  # one of the two
    audit_clean()


def test_code_and_sale_go_together_one_code_for_an_order(bench: Bench, audit_clean: Callable[[], None]) -> None:
    make_sale((bench.variant.id, 90_000, 5))
    make_code(measure=Measure.PERCENT, value=1_000)
    bench.add(quantity=1)
    order = bench.placed(bench.order(code="CHOBEN10"))
    assert order.discount_amount == 30_000 + 9_000
    audit_clean()


def test_nothing_is_asked_where_nothing_is_on(bench: Bench) -> None:
    bench.add()
    bench.client.get("/gio-hang")
    with statements() as seen:
        bench.client.get("/gio-hang")
    assert "promotion" not in str(seen)


@pytest.mark.parametrize("taken", [False, True], ids=["still there", "gone"])
def test_late_money_takes_the_offer_again_or_goes_back(
    bench: Bench, audit_clean: Callable[[], None], taken: bool
) -> None:
    promotion: Promotion = make_code(uses_limit=1)
    bench.add()
    order = bench.placed(bench.order(code="CHOBEN10", payment="vietqr"))
    orders.cancel(SYSTEM, order.id, "hết hạn")
    assert fresh(promotion).uses == 0
    if taken:
        bench.client = bench.app.test_client()
        bench.add()
        bench.placed(bench.order(code="CHOBEN10", phone="0912 345 679"))
    pay(order, "FT26328009")
    assert fresh(order).status == (OrderStatus.CANCELLED if taken else OrderStatus.PLACED)
    assert fresh(promotion).uses == 1
    audit_clean()
