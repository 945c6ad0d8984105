"""A clerk with a phone: photograph, submit, sent back, resubmit, approved, shown."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect


def _photo() -> bytes:
    image = Image.new("RGB", (900, 700), (200, 120, 60))
    image.paste((30, 90, 100), (0, 0, 450, 700))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def test_from_the_camera_to_the_shop(phone: Page, page: Page, sign_in: Any, axe: Any) -> None:
    sign_in(phone, "producer_member")
    phone.goto("/producer/listings/new")
    phone.fill("#f-name", "Nước mắm thử nghiệm")
    phone.select_option("#f-set_id", index=1)
    phone.fill("#f-summary", "Nước mắm cá cơm ủ chượp mười hai tháng.")
    phone.fill("#f-ingredients", "Cá cơm, muối biển")
    phone.fill("#f-shelf_life_days", "365")
    phone.fill('[name="variant-0-pack"]', "Chai 500 ml")
    phone.fill('[name="variant-0-net_content"]', "500")
    phone.select_option('[name="variant-0-net_unit"]', "MLT")
    phone.fill('[name="variant-0-price"]', "85000")
    expect(phone.locator("[data-unit-price]").first).to_contain_text("170.000")
    phone.fill('[name="variant-0-weight_g"]', "900")
    phone.get_by_text("Tiếng Anh và địa danh viết thêm").click()
    phone.fill("#f-locality_text", "Vân Đồn")
    axe(phone)
    phone.get_by_test_id("save").click()
    expect(phone).to_have_url(re.compile(r"/photos$"))
    phone.set_input_files("#f-photo", {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": _photo()})
    phone.fill("#f-alt", "Chai nước mắm trên bàn gỗ")
    phone.get_by_test_id("add-photo").click()
    expect(phone.locator(".crop-area img")).to_have_count(1)
    phone.get_by_test_id("turn-right").click()
    expect(phone.locator(".crop-area img")).to_have_js_property("naturalWidth", 700)
    axe(phone)
    phone.get_by_test_id("photos-done").click()
    phone.get_by_test_id("send-record").click()
    expect(phone.get_by_test_id("review-state")).to_have_text("Chờ duyệt")

    sign_in(page, "programme_officer")
    page.goto("/office/listings?state=sent")
    page.get_by_role("link", name="Nước mắm thử nghiệm").click()
    axe(page)
    review = page.url
    page.locator("#f-reason-product\\/summary textarea").fill("Ghi rõ nơi ủ chượp")
    page.get_by_test_id("send-back").click()
    expect(page.get_by_test_id("review-state")).to_have_text("Trả lại để sửa")

    phone.reload()
    expect(phone.get_by_test_id("returned")).to_contain_text("Ghi rõ nơi ủ chượp")
    phone.fill("#f-summary", "Nước mắm cá cơm ủ chượp mười hai tháng ở Vân Đồn.")
    axe(phone)
    phone.get_by_test_id("send").click()
    expect(phone.get_by_test_id("review-state")).to_have_text("Chờ duyệt")

    page.goto(review)
    page.get_by_test_id("approve").click()
    expect(page.get_by_test_id("review-state")).to_have_text("Đã duyệt")
    phone.reload()
    phone.get_by_role("link", name="Xem trên cửa hàng").click()
    expect(phone.get_by_test_id("product-name")).to_have_text("Nước mắm thử nghiệm")
    expect(phone.locator(".gallery img").first).to_have_attribute("alt", "Chai nước mắm trên bàn gỗ")
