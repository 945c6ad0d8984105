"""Paying that does not go straight: a card that fails, the buyer who goes back, the order that nobody pays twice."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from shop.payments.fake_stripe import FakeStripe
from tests.browser.test_journeys import Shelf, checkout, live_server, put_in_basket, shelf, stripe
from tests.browser.waits import leaves

__all__ = ["live_server", "shelf", "stripe"]
ORDER = re.compile(r"/don-hang/[A-Z0-9-]+$")


def test_a_card_fails_then_pays_and_the_back_button_pays_nothing_again(
    page: Page, shelf: Shelf, stripe: FakeStripe, axe: Any
) -> None:
    put_in_basket(page, shelf.one())
    checkout(page, payment="card")
    page.get_by_test_id("place-order").click()
    with leaves(page):
        page.get_by_test_id("fake-decline").click()
    with leaves(page):
        page.get_by_test_id("fake-cancel").click()
    page.wait_for_url(re.compile(r"/don-hang/"))
    expect(page.get_by_test_id("order-status")).to_have_attribute("data-status", "awaiting_payment")
    expect(page.get_by_test_id("payment-status")).to_have_attribute("data-status", "unpaid")
    axe(page)
    page.get_by_test_id("pay-card").click()
    page.get_by_test_id("fake-pay").click()
    page.wait_for_url(ORDER)
    expect(page.get_by_test_id("payment-status")).to_contain_text("Đã thanh toán")
    reference = page.get_by_test_id("order-reference").inner_text()
    # Back to the provider's page, and forward to the one that the buyer returned to: nothing is paid again.
    page.go_back()
    # In a page of its own: the provider's may be leading on to the order by itself just then.
    again = page.context.new_page()
    again.goto(f"/don-hang/{reference}")
    expect(again.get_by_test_id("payment-status")).to_contain_text("Đã thanh toán")
    expect(again.get_by_test_id("pay-card")).to_have_count(0)
    paid = [
        i for i in stripe.intents.values() if i["status"] == "succeeded" and i["metadata"].get("order") == reference
    ]
    assert len(paid) == 1
