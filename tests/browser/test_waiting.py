"""Sold out → the wait list → goods arrive → an offer → bought; and an offer that lapses goes to the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, text

from shop.catalog.models import Product, Variant
from shop.demand.services import offers
from shop.kernel import clock
from shop.kernel.db import db, session, transaction
from shop.kernel.mail import Letter
from shop.points.models import Point
from tests import factories
from tests.browser.waits import leaves, stands, summed, until
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def goods(live_server: LiveServer, run: Run, tmp_path: Any) -> Iterator[tuple[str, Variant, Point]]:
    """The address of something sold out, and where more of it will come."""
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        variant, point = factories.make_variant("Sá sùng khô đang hết"), factories.make_point("Kho Vân Đồn")
        product = session().get(Product, variant.product_id)
        assert product is not None
        yield f"/san-pham/{product.slug}", variant, point
        session().close()
        db.engine.dispose()


def letter(kind: str, to: str) -> str:
    """The link of the newest letter of this kind, once the worker has written it."""

    def written() -> str | None:
        session().rollback()
        return session().scalar(
            select(Letter.body_text)
            .where(Letter.kind == f"waiting.{kind}", Letter.recipient == to)
            .order_by(Letter.id.desc())
            .limit(1)
        )

    body = until(written, f"a letter {kind} to {to}")
    found = re.search(r"https?://[^/\s]+(/\S+\?k=\w+)", body)
    assert found, body
    return found[1]


def joins(page: Page, address: str, who: str, fits: Callable[[Page], None], axe: Callable[..., None]) -> None:
    """Somebody leaves his address at the sold-out product and confirms by the letter."""
    page.goto(address)
    expect(page.get_by_test_id("wait-length")).to_be_visible()
    fits(page)
    axe(page)
    page.locator("input[name=contact]").fill(who)
    page.get_by_test_id("wait").click()
    expect(page.get_by_role("heading", name="Hãy mở thư của bạn")).to_be_visible()
    page.goto(letter("confirm", who))
    page.get_by_test_id("confirm-wait").click()
    expect(page.get_by_test_id("wait-state")).to_have_text("Đang chờ hàng")
    fits(page)
    axe(page)


def test_sold_out_offered_lapsed_and_bought_by_the_next(
    phone: Page,
    open_page: Callable[..., Page],
    goods: tuple[str, Variant, Point],
    fits: Callable[[Page], None],
    axe: Callable[..., None],
) -> None:
    address, variant, point = goods
    second, web = open_page(), open_page()
    joins(phone, address, "mot@example.vn", fits, axe)
    expect(phone.get_by_test_id("wait-place")).to_contain_text("thứ 1")
    joins(second, address, "hai@example.vn", fits, axe)
    expect(second.get_by_test_id("wait-place")).to_contain_text("thứ 2 trong 2")

    factories.put_in(variant, point, 1)
    web.goto(address)
    expect(web.get_by_test_id("wait")).to_be_visible()  # still sold out for everybody else
    expect(web.get_by_test_id("add-to-cart")).to_have_count(0)

    first_link = letter("offer", "mot@example.vn")
    phone.goto(first_link)
    expect(phone.get_by_test_id("offer")).to_contain_text("1 × Gói 500 g")
    fits(phone)
    axe(phone)
    with transaction():
        past = clock.now() - timedelta(seconds=1)
        session().execute(text("UPDATE wait_offers SET until = :t WHERE state = 'open'"), {"t": past})
    offers.sweep()

    phone.goto(first_link)
    expect(phone.get_by_text("không còn được giữ nữa")).to_be_visible()
    second_link = letter("offer", "hai@example.vn")
    second.goto(second_link)
    second.get_by_test_id("take-offer").click()
    expect(second.get_by_test_id("cart-line")).to_contain_text("Sá sùng khô")
    fits(second)
    axe(second)
    web.goto(second_link)
    expect(web.get_by_text("trình duyệt khác")).to_be_visible()
    with leaves(second):
        second.get_by_test_id("go-checkout").click()
    stands(second)
    second.locator("input[name=name]").fill("Trần Thị Hai")
    second.locator("input[name=phone]").fill("0987 654 321")
    second.locator("select[name=province]").select_option("22")
    second.locator("select[name=commune]").select_option(index=1)
    second.locator("input[name=street]").fill("12 Lê Lợi")
    second.locator("input[name=payment][value=cod]").check(force=True)
    summed(second)
    second.get_by_test_id("place-order").click()
    expect(second.get_by_test_id("order-reference")).to_be_visible()
    second.goto(second_link)
    expect(second.get_by_text("đã đặt mua rồi")).to_be_visible()
    phone.goto(letter("lapsed", "mot@example.vn"))
    expect(phone.get_by_test_id("wait-place")).to_contain_text("thứ 1 trong 1")
