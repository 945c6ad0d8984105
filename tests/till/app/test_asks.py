"""What people wanted and the shop had not, from where it shows to where the office reads it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, sign_in  # noqa: F401 - a fixture
from tests.browser.waits import until

# A person's browser: the test's own says that it is none.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture
def staff(open_page: Any, sign_in: Any) -> Any:  # noqa: F811
    """`staff(role)`: a phone of the office; each test takes another role, as a second factor is good once."""

    def go(role: str) -> Any:
        page = open_page(viewport=PHONE)
        sign_in(page, role)
        return page

    return go


def until_there(page: Any, path: str, text: str) -> None:
    """Counts are written a few seconds after the page that was answered."""

    def there() -> int:
        page.goto(path)
        return page.get_by_role("rowheader", name=text).count()

    until(there, f"{text} on {path}")


def test_a_counter_off_line_writes_down_what_it_had_not(till, office, staff, axe, fits, live_server) -> None:
    desk = staff("programme_officer")
    # Of what lies here a keeper sells; what does not has the button.
    goods = office.sql(
        "SELECT v.id, v.sku, p.name FROM variants v JOIN products p ON p.id = v.product_id WHERE NOT p.is_alcohol AND NOT"
        " EXISTS (SELECT 1 FROM stock_levels l WHERE l.variant_id = v.id AND l.point_id = :p AND l.on_hand > 0) ORDER BY v.id",
        p=office.point_id,
    )[0]
    t = till(viewport=PHONE).ready()
    t.synced()
    t.page.context.set_offline(True)
    t.page.get_by_test_id("till-search").fill(goods.sku)
    card = t.page.locator(".card", has=t.page.locator(f'[data-sku="{goods.sku}"]'))
    card.get_by_role("button", name="Khách hỏi").click()
    t.page.get_by_role("button", name="Trình đơn").click()
    t.page.get_by_role("button", name="Khách hỏi, không có").click()
    t.page.get_by_test_id("till-ask").fill("mắm tép đồng")
    t.page.get_by_test_id("till-ask-many").fill("6")
    t.page.get_by_test_id("till-ask-many").press("Enter")
    expect(t.status()).to_contain_text("2 chờ gửi")
    assert office.sql("SELECT id FROM unmet_asks WHERE point_id = :p", p=office.point_id) == []
    t.page.context.set_offline(False)
    t.synced()
    desk.goto("/office/demand/unmet")
    row = desk.get_by_role("row").filter(has=desk.get_by_role("rowheader", name=goods.name))
    expect(row).to_have_count(1)
    axe(desk)
    fits(desk)
    desk.get_by_role("link", name=goods.name).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(goods.name)
    expect(desk.get_by_text("Hỏi tại quầy mà không có").last).to_be_visible()
    axe(desk)
    fits(desk)
    until_there(desk, "/office/demand/unmet/words", "mắm tép đồng")
    expect(desk.get_by_role("row").filter(has_text="mắm tép đồng")).to_contain_text("6")
    axe(desk)
    fits(desk)
    desk.goto("/office/demand/unmet/places")
    expect(desk.get_by_role("rowheader", name=office.point.name)).to_be_visible()
    axe(desk)
    fits(desk)
    found = live_server.audit()
    assert found["ok"], [c for c in found["checks"] if not c["ok"]]


def test_a_search_in_vain_and_a_page_sold_out_reach_the_office_once(open_page, office, staff, live_server) -> None:
    desk = staff("promotion_staff")
    goods = office.goods("NOT p.is_alcohol", at_least=1)[-1]
    slug = office.sql("SELECT slug FROM products WHERE id = :p", p=goods.product_id)[0].slug
    office.sql(
        "UPDATE stock_availability SET ship = 0, pickup = 0 WHERE variant_id IN "
        "(SELECT id FROM variants WHERE product_id = :p)",
        p=goods.product_id,
    )
    visitor = open_page(user_agent=PERSON)
    visitor.goto("/san-pham?q=" + quote("sâm đất núi Yên Tử"))
    visitor.goto(f"/san-pham/{slug}")
    visitor.reload()
    machine = open_page(user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
    machine.goto("/san-pham?q=" + quote("rêu đá suối lạnh"))
    until_there(desk, "/office/demand/unmet/words", "sâm đất núi Yên Tử")
    until_there(desk, "/office/demand/unmet?kind=page_sold_out", goods.name)
    seen = "SELECT kind, channel, quantity FROM unmet_asks WHERE visitor_key IS NOT NULL ORDER BY kind"
    assert [tuple(row) for row in office.sql(seen)] == [("page_sold_out", "web", 1), ("search_nothing", "web", 1)]
