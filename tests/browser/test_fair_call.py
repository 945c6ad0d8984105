"""A call for a fair: a producer applies from a phone, staff check, preview and publish, the waiting list moves up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop.catalog.models import Product, Variant
from shop.exhibitions.models.calls import Application
from shop.exhibitions.services import applications
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.producers.models import Producer
from tests import factories
from tests.browser.waits import until
from tests.conftest import Run, _build
from tests.exhibitions.call_made import Fair, apply, make_fair, make_maker
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def shop(live_server: LiveServer, tmp_path: Any) -> Iterator[Any]:
    """The server's database from behind: a fair with one booth, for which somebody with five stars has applied."""
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        producer = int(live_server.user("producer_owner")["scope"].partition(":")[2])
        with transaction() as s:
            s.get_one(Producer, producer).food_until = None
        fair = make_fair("Hội chợ Xuân thử")
        fair.booth("A1", zone="A")
        best = apply(fair, make_maker("HTX Năm Sao", stars=5))
        yield fair, best, producer
        session().close()
        db.engine.dispose()


def _pack(producer_id: int) -> int:
    """A pack of the producer that has a certificate throughout the fair."""
    session().rollback()
    variant = session().scalars(select(Variant).join(Product).where(Product.producer_id == producer_id)).first()
    assert variant is not None
    factories.make_certificate(variant, stars=3)
    return variant.id


def test_from_a_phone_to_a_booth(
    live_server: LiveServer, shop: Any, open_page: Callable[..., Page], phone: Page, sign_in: Any, axe: Any, fits: Any
) -> None:
    fair, best, producer = shop
    pack = _pack(producer)
    reference = _apply(phone, fair, pack, sign_in, axe, fits)
    desk = open_page()
    sign_in(desk, "promotion_staff")
    _check(desk, fair, reference, axe)
    _publish(desk, fair, axe)
    # The better one has the booth; ours waits.
    phone.reload()
    expect(phone.get_by_text("Bạn đứng thứ 1 trong danh sách chờ").first).to_be_visible()
    fits(phone)
    axe(phone)
    session().rollback()
    applications.withdraw(SYSTEM, best, "Mất mùa")
    phone.reload()
    expect(phone.get_by_test_id("offer")).to_contain_text("Có gian A1 cho bạn")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("offer-accept").click()
    expect(phone.get_by_test_id("booth")).to_contain_text("Gian A1")
    expect(phone.get_by_test_id("booth")).to_contain_text("6.000.000")
    fits(phone)
    axe(phone)
    desk.goto(f"/office/exhibitions/{fair.slug}/stands")
    expect(desk.get_by_text("nhận gian A1").first).to_be_visible()
    axe(desk)
    phone.goto(f"/hoi-cho/{fair.slug}/rut-tham")
    expect(phone.get_by_text(reference).first).to_be_visible()
    fits(phone)
    axe(phone)
    _letters(live_server, fair)


def _apply(phone: Page, fair: Fair, pack: int, sign_in: Any, axe: Any, fits: Any) -> str:
    """The producer writes his application on a phone, page by page, and hands it in; its reference."""
    sign_in(phone, "producer_owner")
    phone.goto("/producer/fairs")
    fits(phone)
    axe(phone)
    phone.locator(f"a[href='/producer/fairs/call/{fair.slug}']").first.click()
    fits(phone)
    axe(phone)
    phone.get_by_test_id("start-application").click()
    expect(phone.locator(f"#f-wanted-{pack}")).to_be_visible()
    fits(phone)
    axe(phone)
    phone.locator(f"#f-wanted-{pack}").fill("sáu mươi")
    phone.get_by_test_id("save-goods").click()
    expect(phone.get_by_test_id("error").first).to_be_visible()
    expect(phone.locator(f"#f-wanted-{pack}")).to_have_value("sáu mươi")
    phone.locator(f"#f-wanted-{pack}").fill("60")
    phone.get_by_test_id("save-goods").click()
    phone.locator("#f-zone").select_option(index=1)
    phone.locator("#f-power").fill("300")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("save-place").click()
    phone.locator("#f-contact_name").fill("Nguyễn Thị Thu")
    phone.locator("#f-contact_phone").fill("0912 345 678")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("save-contact").click()
    expect(phone.get_by_test_id("application-state")).to_have_text("Đang soạn")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("submit-application").click()
    expect(phone.get_by_test_id("application-state")).to_have_text("Đã nộp, chờ duyệt")
    return phone.url.rsplit("/", 1)[-1]


def _check(desk: Page, fair: Fair, reference: str, axe: Any) -> None:
    """Staff look at the papers; what fits by its dates is noted in one go."""
    desk.goto(f"/office/exhibitions/{fair.slug}/applications")
    axe(desk)
    desk.get_by_role("link", name=reference).click()
    axe(desk)
    if desk.get_by_test_id("papers-fitting").count():
        desk.get_by_test_id("papers-fitting").click()
    else:
        desk.locator("select[name=papers]").first.select_option("good")
        desk.locator("[name^=finding-]").first.fill("đã xem bản gốc")
        desk.get_by_test_id("papers-save").first.click()
    expect(desk.get_by_text("Giấy tờ hợp lệ").first).to_be_visible()


def _publish(desk: Page, fair: Fair, axe: Any) -> None:
    """Stars alone count: tried, saved, published."""
    desk.goto(f"/office/exhibitions/{fair.slug}/allot")
    axe(desk)
    for name, weight in (("stars", "100"), ("past", "0"), ("draw", "0")):
        desk.locator(f"#f-{name}").fill(weight)
    desk.get_by_test_id("rule-try").click()
    expect(desk.get_by_test_id("compared")).to_be_visible()
    axe(desk)
    desk.get_by_test_id("rule-save").click()
    expect(desk.get_by_text("5 sao còn hạn suốt hội chợ").first).to_be_visible()
    fair.close_call()
    desk.reload()
    desk.get_by_test_id("publish").click()
    expect(desk.get_by_text("Đã công bố kết quả xếp gian").first).to_be_visible()
    axe(desk)


def _letters(server: LiveServer, fair: Fair) -> None:
    def told() -> list[str]:
        return [str(m["subject"]) for m in server.letters()]

    wanted = (f"{fair.row.name}: bạn có gian A1", f"đăng ký {fair.row.name}")
    until(lambda: all(any(w in s for s in told()) for w in wanted), "the letters of the draw")
    assert session().query(Application).count() >= 2


def test_without_scripts(live_server: LiveServer, shop: Any, page_without_js: Page, sign_in: Any, fits: Any) -> None:
    fair, _best, _producer = shop
    page = page_without_js
    sign_in(page, "producer_owner")
    page.goto(f"/producer/fairs/call/{fair.slug}")
    page.get_by_test_id("start-application").click()
    page.locator("input[name^=wanted-]").first.fill("12")
    page.get_by_test_id("save-goods").click()
    page.get_by_test_id("save-place").click()
    page.locator("#f-contact_name").fill("Nguyễn Thị Thu")
    page.locator("#f-contact_phone").fill("0912 345 678")
    page.get_by_test_id("save-contact").click()
    page.get_by_test_id("submit-application").click()
    expect(page.get_by_test_id("application-state")).to_have_text("Đã nộp, chờ duyệt")
    # What cannot be undone asks first: the question opens without scripts.
    page.get_by_test_id("withdraw").click()
    page.get_by_test_id("withdraw-yes").click()
    expect(page.get_by_test_id("application-state")).to_have_text("Đã rút")
    fits(page)
