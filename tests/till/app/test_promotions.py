"""Sale prices and codes at a counter, with and without a network, as a keeper and his buyer meet them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.operations import new_key
from shop.promotions.models import Kind, Measure, Payer
from shop.promotions.services import editing
from tests.till.app.test_app import PHONE, clean, dong


@pytest.fixture
def promoted(office: Any) -> dict[str, Any]:
    """A sale of one pack of which a device gets two units, and a code of ten per cent; both are over after the test."""
    variant_id, sku, *_ = office.goods()[0]
    with office.app.app_context():
        now = clock.now()
        price = office.sql("SELECT id, amount FROM prices WHERE variant_id = :v AND valid_to IS NULL", v=variant_id)[
            0
        ].amount
        common = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1), "payer": Payer.SHOP}
        sale = editing.Terms(Kind.SALE, "Giá tuần lễ OCOP", **common, offers=((variant_id, price * 3 // 4, 3),))
        code = editing.Terms(
            Kind.CODE, "Ưu đãi thử", **common, code="QUAY10", measure=Measure.PERCENT, value=1_000, uses_limit=1
        )
        made = [editing.draft(SYSTEM, terms, new_key()) for terms in (sale, code)]
        for reference in made:
            editing.open_it(SYSTEM, reference, 1, new_key())
    yield {"sku": sku, "price": price, "sale": price * 3 // 4}
    with office.app.app_context():
        for reference in made:
            editing.stop(SYSTEM, reference, "hết thử", new_key())


def test_a_sale_price_holds_off_line_and_a_code_needs_a_network(
    till: Any, office: Any, promoted: dict[str, Any], live_server: Any, axe: Any, fits: Any
) -> None:
    t = till(**PHONE).ready()
    t.synced()
    card = t.page.locator(f'[data-testid="till-card"][data-sku="{promoted["sku"]}"]')
    t.page.get_by_test_id("till-search").fill(promoted["sku"])
    expect(card).to_contain_text("còn 2 giá này")
    t.page.context.set_offline(True)
    expect(t.status()).to_contain_text("Ngoại tuyến")
    for _ in range(3):
        t.add(promoted["sku"])
    due = promoted["sale"] * 2 + promoted["price"]
    t.pay()
    expect(t.page.get_by_test_id("till-due")).to_contain_text(f"{due:,}".replace(",", "."))
    expect(t.page.locator(".pay-lines")).to_contain_text("Giá tuần lễ OCOP: 2 ×")
    axe(t.page)
    fits(t.page)
    t.page.get_by_test_id("till-code").click()
    t.page.get_by_test_id("till-code-go").click()
    expect(t.page.get_by_role("dialog")).to_contain_text("Hãy nhập mã")
    t.page.get_by_test_id("till-code-text").fill("QUAY10")
    t.page.get_by_test_id("till-code-go").click()
    expect(t.page.get_by_role("dialog")).to_contain_text("mã giảm giá chỉ dùng được khi có mạng")
    axe(t.page)
    t.page.keyboard.press("Escape")
    t.page.get_by_test_id("till-note").first.click()
    number = t.page.get_by_test_id("till-number").inner_text()
    t.page.get_by_test_id("till-next").click()
    t.page.get_by_test_id("till-search").fill(promoted["sku"])
    expect(card).not_to_contain_text("giá này")  # what this device held is gone

    t.page.context.set_offline(False)
    t.synced()
    rows = office.sql(
        "SELECT o.total_amount, d.units, d.beyond, d.name FROM orders o JOIN order_line_discounts d ON d.order_id = o.id"
        " WHERE o.reference = :r", r=number,
    )  # fmt: skip
    assert [(r.total_amount, r.units, bool(r.beyond), r.name) for r in rows] == [(due, 2, False, "Giá tuần lễ OCOP")]
    clean(live_server)

    # The buyer's code, on line: a wrong one is told, the right one stands on the receipt, and is nobody else's.
    other = office.goods()[1].sku
    t.add(other)
    total = dong(t.page.locator(".bar-basket strong, [data-testid=till-total]").last.inner_text())
    t.pay()
    t.page.get_by_test_id("till-code").click()
    t.page.get_by_test_id("till-code-text").fill("KHONGCO")
    t.page.get_by_test_id("till-code-go").click()
    expect(t.page.get_by_role("dialog")).to_contain_text("Không có mã giảm giá này")
    t.page.get_by_test_id("till-code-text").fill("quay io")
    t.page.get_by_test_id("till-code-go").click()
    expect(t.page.get_by_test_id("till-code-is")).to_contain_text("Đang dùng mã QUAY10")
    left = total - total // 10
    expect(t.page.get_by_test_id("till-due")).to_contain_text(f"{left:,}".replace(",", "."))
    axe(t.page)
    # Back to the goods lets it go; it can be had again.
    t.page.get_by_role("button", name="Về giỏ hàng").click()
    t.pay()
    t.page.get_by_test_id("till-code").click()
    t.page.get_by_test_id("till-code-text").fill("QUAY10")
    t.page.get_by_test_id("till-code-go").click()
    expect(t.page.get_by_test_id("till-due")).to_contain_text(f"{left:,}".replace(",", "."))
    t.page.get_by_test_id("till-note").first.click()
    coded = t.page.get_by_test_id("till-number").inner_text()
    t.page.get_by_test_id("till-next").click()
    t.synced()
    t.page.locator(".till-menu").click()
    t.page.get_by_role("dialog").get_by_role("button", name="Phiếu bán").click()
    t.page.get_by_test_id("till-sale").first.click()
    expect(t.page.locator(".slip-screen")).to_contain_text("Ưu đãi thử (QUAY10)")
    axe(t.page)
    found = office.sql(
        "SELECT c.state, d.beyond FROM till_coupons c JOIN till_sales s ON s.id = c.sale_id"
        " JOIN order_line_discounts d ON d.order_id = s.order_id WHERE s.number = :n", n=coded,
    )  # fmt: skip
    assert [(r.state, bool(r.beyond)) for r in found] == [("used", False)]
    clean(live_server)
