"""Whole journeys in a browser: from a shelf to an order, as each kind of buyer, with everything that can come between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from shop.kernel import clock
from shop.kernel.db import engine_options
from shop.payments.fake_stripe import FakeStripe
from tests.browser.waits import leaves, refused, stands, summed
from tests.servers import LiveServer

pytestmark = pytest.mark.every_database

SECRET = "whsec_of_the_journeys"


@pytest.fixture(scope="module")
def stripe() -> Iterator[FakeStripe]:
    """The imitation of Stripe that the shop under test talks to over HTTP."""
    fake = FakeStripe(webhook_secret=SECRET).start()
    yield fake
    fake.stop()


@pytest.fixture(scope="module")
def live_server(seeded: Any, run: Any, stripe: FakeStripe) -> Iterator[LiveServer]:
    """A shop that takes cash, bank transfers and cards."""
    settings = {
        "BANK_BIN": "970436", "BANK_ACCOUNT": "9889559357", "BANK_ACCOUNT_NAME": "CHO BEN",
        "STRIPE_API_KEY": "sk_test_journeys", "STRIPE_API_BASE": stripe.address, "STRIPE_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    with LiveServer.on_copy(seeded, run, **settings) as server:
        stripe.webhook_url = f"{server.url}/webhooks/stripe"
        yield server


@pytest.fixture
def sql(live_server: LiveServer) -> Iterator[Callable[..., Any]]:
    """Change the shop's data behind its back, as another clerk or another day would."""
    options = {k: v for k, v in engine_options(live_server.database_url).items() if k in {"module", "connect_args"}}
    engine = create_engine(live_server.database_url, **options)

    def go(statement: str, **values: Any) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement), values)

    yield go
    engine.dispose()


class Shelf:
    """Goods of the seed, each test takes its own, so that none empties another's."""

    def __init__(self, server: LiveServer) -> None:
        self.goods = [
            p for p in server.seed["products"] if not p["scarce"] and not p["alcohol"] and p["available"] > 20
        ]
        self.wines = [p for p in server.seed["products"] if p["alcohol"] and p["available"] > 5]
        self.next = 0

    def one(self) -> dict[str, Any]:
        self.next += 1
        return self.goods[self.next % len(self.goods)]


@pytest.fixture(scope="module")
def shelf(live_server: LiveServer) -> Shelf:
    return Shelf(live_server)


def put_in_basket(page: Page, product: dict[str, Any]) -> None:
    """Open the product's page and put one into the basket; ends when the shop has said that it lies there."""
    page.goto(f"/san-pham/{product['slug']}")
    add(page)


def add(page: Page) -> None:
    """The same from a page that is open."""
    page.get_by_test_id("add-to-cart").first.click()
    expect(page.get_by_test_id("cart-line")).to_be_visible()


def checkout(page: Page, *, payment: str = "cod", phone: str = "0912 345 678", email: str = "") -> None:
    """Fill the checkout page; an address in Quảng Ninh."""
    page.goto("/gio-hang")
    with leaves(page):
        page.get_by_test_id("go-checkout").click()
    stands(page)
    page.locator("[name=name]").fill("Nguyễn Thị Hà")
    page.locator("[name=phone]").fill(phone)
    page.locator("[name=email]").fill(email)
    page.locator("[name=street]").fill("12 Lê Lợi")
    page.locator("select[name=commune]").select_option("06661")
    page.locator(f"[name=payment][value={payment}]").check()
    summed(page)


def place(page: Page) -> str:
    page.get_by_test_id("place-order").click()
    page.wait_for_url(re.compile(r"/don-hang/"))
    return page.get_by_test_id("order-reference").inner_text()


def test_a_guest_on_a_phone_buys_with_cash(phone, shelf, axe, fits):
    product = shelf.one()
    phone.goto("/")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("search").first.fill(product["slug"].replace("-", " "))
    phone.keyboard.press("Enter")
    expect(phone.get_by_test_id("product-card").first).to_be_visible()
    fits(phone)
    axe(phone)
    put_in_basket(phone, product)
    phone.goto(f"/san-pham/{product['slug']}")
    fits(phone)
    axe(phone)
    phone.goto("/gio-hang")
    expect(phone.get_by_test_id("cart-line")).to_have_count(1)
    expect(phone.get_by_test_id("cart-count")).to_have_text("1")
    fits(phone)
    axe(phone)
    checkout(phone, email="ha@example.vn")
    fits(phone)
    axe(phone)
    reference = place(phone)
    assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", reference)
    expect(phone.get_by_test_id("order-status")).to_contain_text("chờ xác nhận")
    fits(phone)
    axe(phone)
    expect(phone.get_by_test_id("cart-count")).to_have_text(re.compile(r"^0?$"))


def test_the_total_follows_the_province_and_the_way_of_paying(page, shelf):
    put_in_basket(page, shelf.one())
    checkout(page)
    near = page.get_by_test_id("order-total").inner_text()
    page.locator("select[name=province]").select_option("79")
    expect(page.get_by_test_id("order-total")).not_to_have_text(near)
    expect(page.locator("select[name=commune] option").nth(5)).to_be_attached()


def test_a_member_pays_by_transfer_and_the_office_confirms(page, open_page, shelf, sign_in, axe, fits, live_server):
    sign_in(page, "customer")
    put_in_basket(page, shelf.one())
    checkout(page, payment="vietqr")
    reference = place(page)
    expect(page.get_by_test_id("vietqr-image")).to_be_visible()
    axe(page)
    page.goto("/tai-khoan/don-hang")
    expect(page.get_by_text(reference)).to_be_visible()
    axe(page)
    desk = open_page()
    sign_in(desk, "order_desk")
    desk.goto("/office/payments/transfers")
    axe(desk)
    desk.goto(f"/office/payments?q={reference}")
    desk.locator("main").get_by_role("link", name=re.compile(reference)).first.click()
    amount = page.request.get(f"/don-hang/{reference}").text()
    assert amount
    form = desk.locator("form[action$='/received']")
    form.locator("[name=bank_reference]").fill("FT26328123456")
    with leaves(desk):
        form.locator("button[type=submit]").first.click()
    page.goto(f"/don-hang/{reference}")
    expect(page.get_by_test_id("payment-status")).to_contain_text("Đã thanh toán")
    expect(page.get_by_test_id("order-status")).to_contain_text("chờ xác nhận")


def test_a_card_is_paid_at_the_providers_page(page, shelf):
    put_in_basket(page, shelf.one())
    checkout(page, payment="card")
    page.get_by_test_id("place-order").click()
    page.get_by_test_id("fake-pay").click()
    page.wait_for_url(re.compile(r"/don-hang/[A-Z0-9-]+$"))
    expect(page.get_by_test_id("payment-status")).to_contain_text("Đã thanh toán")


def test_goods_are_collected_at_a_point(page, shelf, live_server):
    put_in_basket(page, shelf.one())
    page.goto("/thanh-toan")
    page.locator("[name=name]").fill("Trần Văn Bến")
    page.locator("[name=phone]").fill("0987654321")
    page.locator("[name=delivery][value=pickup]").check()
    for n in range(1, page.locator("[name=point] option").count()):
        with page.expect_response(re.compile("/thanh-toan/tom-tat")):
            page.locator("[name=point]").select_option(index=n)
        summed(page)
        if not page.locator("[data-summary-box] [data-testid=error]").count():
            break
    page.locator("[name=payment][value=cod]").check()
    summed(page)
    place(page)
    expect(page.get_by_text("Sẵn sàng từ").first).to_be_visible()


def test_alcohol_asks_for_age_and_refuses_cash(page, shelf, axe):
    wine = shelf.wines[0]
    page.goto(f"/san-pham?q={wine['slug'].replace('-', ' ')}")
    assert page.get_by_test_id("product-card").filter(has_text=re.compile("rượu", re.I)).count() == 0
    page.goto(f"/san-pham/{wine['slug']}")
    axe(page)
    assert page.get_by_test_id("add-to-cart").count() == 0
    page.goto(f"/xac-nhan-tuoi?next=/san-pham/{wine['slug']}")
    page.locator("button[name=adult][value='1']").click()
    page.wait_for_url(re.compile(wine["slug"]))
    stands(page)
    add(page)
    page.goto("/thanh-toan")
    expect(page.locator("[name=payment][value=cod]")).to_be_disabled()
    page.locator("[name=name]").fill("Nguyễn Thị Hà")
    page.locator("[name=phone]").fill("0912345677")
    page.locator("[name=street]").fill("12 Lê Lợi")
    page.locator("select[name=commune]").select_option("06661")
    summed(page)
    page.locator("[name=payment][value=cod]").evaluate("e => { e.disabled = false; e.checked = true }")
    page.get_by_test_id("place-order").click()
    refused(page, "cash-not-allowed")
    page.locator("[name=payment][value=vietqr]").check()
    summed(page)
    place(page)


def test_a_buyer_cancels(page, shelf):
    put_in_basket(page, shelf.one())
    checkout(page)
    place(page)
    page.get_by_test_id("cancel-order").click()
    page.get_by_test_id("cancel-order-yes").click()
    expect(page.get_by_test_id("order-status")).to_contain_text("Đã hủy")


def test_the_last_one_goes_while_paying(page, live_server, sql):
    scarce = next(p for p in live_server.seed["products"] if p["scarce"] and not p["alcohol"])
    put_in_basket(page, scarce)
    checkout(page)
    where = "WHERE variant_id = (SELECT id FROM variants WHERE sku = :sku)"
    sql(f"UPDATE stock_levels SET held = on_hand - allocated {where}", sku=scarce["sku"])
    page.get_by_test_id("place-order").click()
    refused(page, "sold-out")
    expect(page.get_by_test_id("error").first).to_be_visible()
    expect(page.locator("[name=street]")).to_have_value("12 Lê Lợi")
    sql(f"UPDATE stock_levels SET held = 0 {where}", sku=scarce["sku"])


def test_a_certificate_lapses_in_the_basket(page, shelf, sql):
    product = shelf.one()
    owner = "(SELECT product_id FROM variants WHERE sku = :sku)"
    sql(f"UPDATE products SET needs_certificate = :yes WHERE id = {owner}", sku=product["sku"], yes=True)
    sql(f"DELETE FROM certificates WHERE product_id = {owner}", sku=product["sku"])
    today = clock.today()
    sql(
        "INSERT INTO certificates (number, number_key, product_id, level, stars, issued_on, expires_on, is_demo, "
        "told_in_force, created_at) "
        f"VALUES ('THU-LAPSE', 'thu-lapse', {owner}, 'province', 4, :issued, :ends, :no, :yes, :now)",
        sku=product["sku"], issued=today - timedelta(days=30), ends=today, no=False, yes=True, now="2026-01-01 00:00:00.000000",
    )  # fmt: skip
    put_in_basket(page, product)
    page.goto(f"/san-pham/{product['slug']}")
    expect(page.get_by_test_id("stars").first).to_be_visible()
    checkout(page)
    sql("UPDATE certificates SET expires_on = :past WHERE number = 'THU-LAPSE'", past=today - timedelta(days=1))
    page.get_by_test_id("place-order").click()
    refused(page, "certificate-lapsed")
    page.goto(f"/san-pham/{product['slug']}")
    assert page.locator("main").get_by_test_id("stars").count() == 0
    page.goto("/chung-nhan/THU-LAPSE")
    expect(page.get_by_text("hết hiệu lực").first).to_be_visible()


def test_the_same_in_english(page, shelf, axe):
    page.goto("/")
    page.get_by_test_id("language").first.click()
    page.wait_for_url(re.compile(r"/en"))
    assert page.locator("html").get_attribute("lang") == "en"
    axe(page)
    product = shelf.one()
    page.goto(f"/en/san-pham/{product['slug']}")
    add(page)
    page.goto("/en/gio-hang")
    page.get_by_test_id("go-checkout").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Checkout")
    page.locator("[name=name]").fill("Ha Nguyen")
    page.locator("[name=phone]").fill("12")
    page.get_by_test_id("place-order").click()
    expect(page.get_by_test_id("error").first).to_be_visible()
    assert "Số điện thoại" not in page.locator("main").inner_text()
    axe(page)


def test_a_guest_without_javascript_buys(page_without_js, shelf):
    page = page_without_js
    product = shelf.one()
    page.goto("/san-pham")
    page.get_by_test_id("product-card").first.get_by_role("link").first.click()
    page.goto(f"/san-pham/{product['slug']}")
    page.get_by_test_id("add-to-cart").first.click()
    page.goto("/gio-hang")
    page.get_by_test_id("go-checkout").click()
    page.locator("[name=name]").fill("Nguyễn Thị Hà")
    page.locator("[name=phone]").fill("0912345676")
    page.locator("select[name=province]").select_option("79")
    with leaves(page):
        page.get_by_role("button", name="Chọn tỉnh").click()
    assert page.locator("[name=name]").input_value() == "Nguyễn Thị Hà"
    page.locator("select[name=commune]").select_option(index=3)
    page.locator("[name=street]").fill("1 Đồng Khởi")
    page.locator("[name=payment][value=cod]").check()
    with leaves(page):
        page.get_by_test_id("place-order").click()
    if page.locator('meta[name="error-code"][content="price-changed"]').count():
        with leaves(page):
            page.get_by_test_id("place-order").click()
    assert "/don-hang/" in page.url
    expect(page.get_by_test_id("order-total")).to_be_visible()


def test_a_keyboard_walks_through_checkout(page, shelf):
    """Tab and Enter alone; what is wrong takes the focus."""
    put_in_basket(page, shelf.one())
    page.goto("/thanh-toan")
    page.locator("[name=name]").focus()
    page.keyboard.type("Nguyễn Thị Hà")
    page.keyboard.press("Tab")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    refused(page, "invalid")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#f-phone-error")).to_be_visible()


def test_a_double_click_makes_one_order(page, shelf):
    put_in_basket(page, shelf.one())
    checkout(page)
    page.get_by_test_id("place-order").dblclick()
    page.wait_for_url(re.compile(r"/don-hang/"))
    reference = page.get_by_test_id("order-reference").inner_text()
    page.go_back()
    page.goto(f"/don-hang/{reference}")
    expect(page.get_by_test_id("order-reference")).to_have_text(reference)
