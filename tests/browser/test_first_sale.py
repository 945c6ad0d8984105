"""From joining to the first sale: a maker on a phone, the office at its desk, a buyer who finds the goods."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.waits import leaves, stands, summed, until

pytestmark = pytest.mark.every_database

PASSWORD = "bốn từ không liên quan"
NAME = "Hộ kinh doanh Mật ong Bến Sim"
GOODS = "Mật ong rừng Bến Sim"
HONEY = "Mật ong, mật khác và nông sản thực phẩm khác"


def _picture() -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (900, 1200), (200, 150, 40)).save(out, "JPEG")
    return {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def _choose(page: Page, name: str, text: str) -> None:
    """Choose in a select that scripts have turned into a box to type in."""
    value = page.locator(f"select[name={name}] option", has_text=text).first.get_attribute("value")
    page.locator(f"select[name={name}]").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('change', {bubbles: true})); }", value
    )


def _readable(page: Page) -> None:
    """What stands beside a name has room for a word; in a column of one letter nobody reads it."""
    narrow = page.evaluate(
        "[...document.querySelectorAll('.spec dd')].filter(e => e.clientWidth < 100 && e.clientHeight > 80)"
        ".map(e => e.innerText)"
    )
    assert not narrow, f"{page.url}: {narrow}"


def _apply(phone: Page, fits: Callable[[Page], None], axe: Callable[[Page], None]) -> None:
    """An account, then the four steps of the application."""
    phone.goto("/ban-hang")
    phone.get_by_test_id("join").click()
    phone.get_by_role("link", name=re.compile("Đăng ký|Tạo tài khoản")).last.click()
    phone.fill("#f-name", "Hoàng Thị Sim")
    phone.fill("#f-email", "sim@example.vn")
    phone.fill("#f-password", PASSWORD)
    phone.locator("[name=consent_privacy]").check()
    phone.locator("form:has(#f-password) button").last.click()
    expect(phone.get_by_text("Tài khoản đã sẵn sàng")).to_have_count(1)
    with leaves(phone):
        phone.get_by_role("button", name="Bắt đầu").click()
    stands(phone)
    phone.fill("#f-name", NAME)
    phone.select_option("#f-legal_form", "household")
    phone.fill("#f-tax_code", "5701234567")
    phone.fill("#f-representative", "Hoàng Thị Sim")
    _choose(phone, "province", "Quảng Ninh")
    phone.locator("select[name=commune] option").nth(10).wait_for(state="attached")
    _choose(phone, "commune", "Phường Hạ Long")
    phone.fill("#f-street", "Thôn Bến")
    phone.fill("#f-phone", "0912 345 678")
    phone.locator("[name=makes_food]").check()
    fits(phone)
    axe(phone)
    phone.get_by_test_id("join-next").click()
    for kind in ("registration", "food_safety"):
        phone.select_option("#f-kind", kind)
        phone.fill("#f-number", f"22H8-{kind}")
        phone.fill("#f-issuer", "UBND phường Hạ Long")
        phone.fill("#f-issued_on", "2026-03-01")
        phone.set_input_files("#f-file", _picture())
        phone.get_by_test_id("paper-add").click()
        expect(phone.get_by_text(f"22H8-{kind}")).to_be_visible()
    fits(phone)
    axe(phone)
    with leaves(phone):
        phone.get_by_role("link", name="Sang bước sau").click()
    stands(phone)
    _choose(phone, "bank_bin", "Vietcombank")
    phone.fill("#f-account_number", "0011 0012 3456")
    phone.fill("#f-holder", "HOANG THI SIM")
    phone.get_by_test_id("join-next").click()
    fits(phone)
    _readable(phone)
    axe(phone)
    with leaves(phone):
        phone.get_by_test_id("join-send").click()
    expect(phone.get_by_text("Chờ cửa hàng xem").first).to_be_visible()


def _approve(office: Page) -> None:
    """Papers, the application, who she is, and a store of her own."""
    office.goto("/office/applications?state=submitted")
    with leaves(office):
        office.locator("tr", has_text=NAME).get_by_role("link").first.click()
    accept = office.locator('form[action$="/accept"] button')
    while accept.count():
        with leaves(office):
            accept.first.click()
    with leaves(office):
        office.get_by_test_id("approve").click()
    office.select_option("[name=document]", index=1)
    office.fill("[name=ends]", "6789")
    with leaves(office):
        office.get_by_test_id("identity").click()
    office.get_by_role("link", name="Xem cơ sở").click()
    office.get_by_role("link", name="Mở kho của cơ sở").click()
    office.get_by_role("button", name="Mở điểm bán").click()
    expect(office.get_by_text("Đã mở điểm bán.")).to_be_visible()


def _list(phone: Page, fits: Callable[[Page], None], axe: Callable[[Page], None]) -> None:
    """The portal says what comes next; the first product with its photograph is sent."""
    phone.goto("/producer")
    expect(phone.get_by_test_id("beginning")).to_contain_text("Sản phẩm đầu tiên được duyệt")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("beginning").get_by_role("link", name="Sản phẩm đầu tiên").click()
    with leaves(phone):
        phone.get_by_role("link", name="Thêm sản phẩm").click()
    stands(phone)
    phone.fill("#f-name", GOODS)
    phone.select_option("#f-set_id", label=HONEY)
    phone.fill("#f-summary", "Mật ong rừng Ba Chẽ, quay ly tâm.")
    phone.fill("#f-ingredients", "Mật ong")
    phone.fill("#f-shelf_life_days", "720")
    phone.fill('[name="variant-0-pack"]', "Chai 500 ml")
    phone.fill('[name="variant-0-net_content"]', "500")
    phone.select_option('[name="variant-0-net_unit"]', "MLT")
    phone.fill('[name="variant-0-price"]', "150k")
    expect(phone.locator("[data-unit-price]").first).to_have_text("")  # no price is read into what is none
    phone.fill('[name="variant-0-price"]', "150.000")
    expect(phone.locator("[data-unit-price]").first).to_contain_text("300.000")
    phone.fill('[name="variant-0-weight_g"]', "800")
    phone.get_by_test_id("save").click()
    phone.set_input_files("#f-photo", _picture())
    phone.fill("#f-alt", "Chai mật ong trên bàn gỗ")
    phone.get_by_test_id("add-photo").click()
    expect(phone.locator(".crop-area img")).to_have_count(1)
    phone.get_by_test_id("photos-done").click()
    phone.get_by_test_id("send-record").click()
    expect(phone.get_by_test_id("review-state")).to_have_text("Chờ duyệt")


def _buy(buyer: Page) -> str:
    """A guest finds the goods and orders two with cash; the order's reference."""
    buyer.goto("/san-pham?q=mat+ong+ben+sim")
    buyer.get_by_test_id("product-card").first.click()
    expect(buyer.get_by_test_id("product-name")).to_have_text(GOODS)
    buyer.locator("main [name=quantity]").first.fill("2")
    buyer.get_by_test_id("add-to-cart").first.click()
    expect(buyer.get_by_test_id("cart-count").first).to_have_text("2")
    buyer.goto("/gio-hang")
    with leaves(buyer):
        buyer.get_by_test_id("go-checkout").first.click()
    stands(buyer)
    buyer.fill("[name=name]", "Trần Văn Khách")
    buyer.fill("[name=phone]", "0987 111 222")
    _choose(buyer, "province", "Quảng Ninh")
    buyer.locator("select[name=commune] option").nth(10).wait_for(state="attached")
    _choose(buyer, "commune", "Phường Hồng Gai")
    buyer.fill("[name=street]", "12 Lê Thánh Tông")
    buyer.get_by_text("Thanh toán khi nhận hàng (COD)").first.click()
    summed(buyer)
    buyer.get_by_test_id("place-order").click()
    return buyer.get_by_test_id("order-reference").first.inner_text().strip()


def _send(phone: Page, reference: str, fits: Callable[[Page], None], axe: Callable[[Page], None]) -> None:
    """Confirmed, packed, handed over, received."""
    phone.goto("/producer/orders?state=confirm")
    phone.get_by_role("link", name=reference).first.click()
    expect(phone.get_by_test_id("receiver")).to_contain_text("0987 111 222")
    phone.get_by_test_id("confirm").click()
    phone.get_by_test_id("pack").click()
    phone.fill("[name=carrier]", "Viettel Post")
    phone.fill("[name=tracking_number]", "VTP 77")
    phone.set_input_files("[name=photo]", _picture())
    phone.get_by_test_id("hand-over").click()
    phone.get_by_role("button", name="Khách đã nhận hàng").click()
    expect(phone.get_by_test_id("parcel-status")).to_have_attribute("data-status", "delivered")
    fits(phone)
    axe(phone)


def test_from_joining_to_the_first_sale(
    phone: Page, open_page: Callable[..., Page], sign_in: Callable[[Page, str], None], axe: Any, fits: Any
) -> None:
    office = open_page()
    sign_in(office, "administrator")
    _apply(phone, fits, axe)
    _approve(office)
    _list(phone, fits, axe)
    office.goto("/office/listings?state=sent")
    office.get_by_role("link", name=GOODS).click()
    office.get_by_test_id("approve").click()
    expect(office.get_by_test_id("review-state")).to_have_text("Đã duyệt")

    phone.goto("/producer/stock")
    phone.get_by_test_id("new-production").click()
    phone.select_option("[name=variant]", index=1)
    phone.fill("[name=quantity]", "20")
    fits(phone)
    axe(phone)
    phone.get_by_role("button", name="Nhập kho").click()
    expect(phone.get_by_text("Đã nhập mẻ")).to_be_visible()

    office.goto("/office/agreements/new")
    _choose(office, "producer", NAME)
    office.locator("main form button").last.click()
    for name, rate in (("web_bp", "10"), ("point_bp", "15"), ("fair_bp", "20")):
        office.fill(f"[name={name}]", rate)
    with leaves(office):
        office.get_by_role("button", name="Gửi thỏa thuận").click()
    phone.goto("/producer")
    expect(phone.get_by_text("Thỏa thuận chờ bạn trả lời")).to_be_visible()
    phone.goto("/producer/statements")
    phone.get_by_role("link", name=re.compile("trên mạng")).first.click()
    fits(phone)
    _readable(phone)
    axe(phone)
    phone.get_by_role("button", name="Tôi đồng ý").click()
    expect(phone.get_by_text("Thỏa thuận đã có hiệu lực.")).to_be_visible()

    reference = _buy(open_page(viewport={"width": 360, "height": 740}))
    _send(phone, reference, fits, axe)
    office.goto(f"/office/orders/{reference}")
    office.get_by_role("button", name="Đã thu tiền").click()
    expect(office.get_by_text("Hoàn tất").first).to_be_visible()

    # The worker writes the sale down: two for 150.000 each, less a tenth.
    def written_down() -> int:
        phone.goto("/producer/statements")
        return phone.get_by_text("270.000").count()

    until(written_down, "the sale in the statement")
    phone.locator("table.grid tbody th a").first.click()
    expect(phone.locator("main")).to_contain_text("300.000")
    expect(phone.locator("main")).to_contain_text("-30.000")
    fits(phone)
    axe(phone)
    phone.goto("/producer")
    expect(phone.get_by_test_id("beginning")).to_have_count(0)
