"""A buyer on a phone meets a sale price, tries codes that do not count, is told why with his form kept, and pays with one that
does; the same without a script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from shop.catalog.models import Product
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.kernel.operations import new_key
from shop.promotions.models import Kind, Measure, Payer, ScopeKind
from shop.promotions.services import editing
from tests import factories
from tests.browser.waits import leaves, stands, summed, until
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture(scope="module")
def goods(live_server: LiveServer, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a product that is on sale, and codes of every sort."""
    app = _build(live_server.database_url, tmp_path_factory.mktemp("codes"))
    with app.app_context():
        variant, point = factories.make_variant("Trà hoa vàng giảm giá"), factories.make_point("Kho Cẩm Phả")
        factories.put_in(variant, point, 20)
        product = session().get(Product, variant.product_id)
        assert product is not None
        now = clock.now()
        common: dict[str, Any] = {"ends_at": now + timedelta(days=1), "payer": Payer.SHOP}
        percent: dict[str, Any] = {"measure": Measure.PERCENT, "value": 1_000}
        on: dict[str, Any] = common | {"starts_at": now - timedelta(hours=1)}
        for terms in (
            editing.Terms(Kind.SALE, "Giá cuối tuần", **on, offers=((variant.id, 90_000, 10),)),
            editing.Terms(Kind.CODE, "Chào khách mới", **on, **percent, code="CHAO10", person_limit=1),
            editing.Terms(Kind.CODE, "Đã dừng", **on, **percent, code="DADUNG"),
            editing.Terms(Kind.CODE, "Hết lượt", **on, **percent, code="HETLUOT", uses_limit=1),
            editing.Terms(Kind.CODE, "Bộ khác", **on, **percent, code="BOKHAC", scopes=((ScopeKind.SET, 26),)),
            editing.Terms(Kind.CODE, "Sắp mở", **common, **percent, code="SAPMO", starts_at=now + timedelta(hours=2)),
        ):
            reference = editing.draft(SYSTEM, terms, new_key())
            editing.open_it(SYSTEM, reference, 1, new_key())
        with transaction() as s:
            s.execute(text("UPDATE promotions SET state = 'stopped', stopped_at = starts_at WHERE code = 'DADUNG'"))
            s.execute(text("UPDATE promotions SET uses = 1 WHERE code = 'HETLUOT'"))
        yield f"/san-pham/{product.slug}"
        session().close()
        db.engine.dispose()


REFUSED = {
    "KHONGCO": "Không có mã giảm giá này",
    "DADUNG": "Mã này đã hết hạn",
    "HETLUOT": "đã được dùng hết",
    "BOKHAC": "không dùng cho các món trong giỏ",
    "SAPMO": "Mã này dùng được từ",
}


def to_checkout(page: Page, address: str) -> None:
    """Two packs into the basket, and on to the form."""

    def on_sale() -> bool:
        """The sale was opened by another process: the server's own copy of what is on is some seconds old."""
        page.goto(address)
        return "90.000" in page.locator(".buybox").inner_text()

    until(on_sale, "the sale's price")
    expect(page.locator(".buybox")).to_contain_text("120.000")
    page.get_by_test_id("add-to-cart").click()
    page.goto("/gio-hang")
    expect(page.get_by_test_id("cart-line")).to_contain_text("Giá khuyến mại đến")
    with leaves(page):
        page.get_by_test_id("go-checkout").click()


def fill(page: Page, phone: str) -> None:
    page.locator("input[name=name]").fill("Trần Thị Hai")
    page.locator("input[name=phone]").fill(phone)
    page.locator("select[name=province]").select_option("22")
    page.locator("input[name=street]").fill("12 Lê Lợi")


def test_codes_on_a_phone(phone: Page, goods: str, fits: Callable[[Page], None], axe: Callable[..., None]) -> None:
    to_checkout(phone, goods)
    stands(phone)
    fill(phone, "0987 654 321")
    phone.locator("select[name=commune]").select_option(index=1)
    phone.locator("input[name=payment][value=cod]").check(force=True)
    summed(phone)
    for typed, why in REFUSED.items():
        phone.locator("#f-code").fill(typed)
        with leaves(phone):
            phone.get_by_test_id("place-order").click()
        stands(phone)
        expect(phone.locator("#f-code-error")).to_contain_text(why)
        expect(phone.locator("#f-code")).to_have_value(typed)
        expect(phone.locator("input[name=street]")).to_have_value("12 Lê Lợi")
    fits(phone)
    axe(phone)
    phone.locator("#f-code").fill("chào io")
    phone.get_by_role("button", name="Áp dụng mã").click()
    expect(phone.locator("[data-summary-box]")).to_contain_text("Chào khách mới")
    summed(phone)
    fits(phone)
    axe(phone)
    phone.get_by_test_id("place-order").click()
    expect(phone.get_by_test_id("order-reference")).to_be_visible()
    expect(phone.get_by_test_id("line-discount")).to_have_count(2)
    expect(phone.get_by_test_id("line-discount").first).to_contain_text("Giá cuối tuần")
    expect(phone.get_by_test_id("line-discount").last).to_contain_text("Chào khách mới")
    expect(phone.get_by_test_id("line-discount").last).to_contain_text(re.compile(r"9\.000"))
    fits(phone)
    axe(phone)


def test_a_code_without_a_script(page_without_js: Page, goods: str) -> None:
    page = page_without_js
    to_checkout(page, goods)
    fill(page, "0987 654 322")
    page.locator("#f-code").fill("HETLUOT")
    page.get_by_role("button", name="Áp dụng mã").click()
    expect(page.locator("#f-code-error")).to_contain_text("đã được dùng hết")
    expect(page.locator("input[name=street]")).to_have_value("12 Lê Lợi")
    page.locator("#f-code").fill("CHAO-1O")
    page.get_by_role("button", name="Áp dụng mã").click()
    expect(page.locator("#f-code-error")).to_have_count(0)
    expect(page.locator(".summary")).to_contain_text("Chào khách mới")
