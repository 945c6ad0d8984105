"""The plan of a fair in a browser: drawn with pointer, finger and keyboard, by two people at once, and without scripts; every
page of a fair fits a phone and axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.services import budget, plan, records
from shop.kernel.db import db, session, transaction
from tests.conftest import Run, _build
from tests.exhibitions.plan_made import STAFF, fair, key, planned, row
from tests.exhibitions.test_plan_budget import RENT
from tests.exhibitions.test_plan_plan import stand
from tests.servers import LiveServer, Seeded

HERE = "/office/exhibitions"


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture(scope="module")
def fairground(live_server: LiveServer, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes fairs in the server's database: one that is announced, with a plan and a budget."""
    app = _build(live_server.database_url, tmp_path_factory.mktemp("fairs"))
    with app.app_context():
        records.load()

        def make(**values: Any) -> str:
            made = fair(announced=True, **values)
            planned(made)
            budget.add(STAFF, made.id, RENT, key())
            return made.slug

        yield make
        session().close()
        db.engine.dispose()


def codes(slug: str) -> dict[str, tuple[int, int, int, int]]:
    """The booths as the database has them now."""
    session().rollback()
    now, _version = plan.drawing(row(slug).id)
    session().rollback()
    return {b.code: (b.x, b.y, b.columns, b.rows) for b in now.booths}


def said(page: Page) -> Any:
    return page.get_by_test_id("plan-said")


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the screen the place (x, y) of the plan lies, in cells."""
    place = page.evaluate(
        """([x, y]) => { const svg = document.querySelector('#plan-canvas svg');
        svg.scrollIntoView({block: 'center'});
        const p = new DOMPoint(x * 20, y * 20).matrixTransform(svg.getScreenCTM()); return [p.x, p.y]; }""",
        [x, y],
    )
    return place[0], place[1]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=5)
    page.mouse.up()


def save(page: Page) -> None:
    page.get_by_test_id("plan-save").click()
    expect(said(page)).to_have_text("Đã lưu sơ đồ.")


def test_drawn_moved_and_saved_with_the_pointer(fairground: Any, page: Page, sign_in: Any) -> None:
    slug = fairground()
    sign_in(page, "promotion_staff")
    page.goto(f"{HERE}/{slug}/plan")
    page.locator("[data-tool=booth]").click()
    drag(page, (20.5, 10.5), (23.5, 11.5))
    expect(page.locator("#p-code")).to_have_value("A4")
    page.locator("[data-tool=select]").click()
    drag(page, (21.5, 11), (26.5, 14))
    drag(page, (28.9, 14.9), (29.9, 15.9))
    page.locator("[data-tool=feature]").click()
    page.locator("#p-kind").select_option("stage")
    drag(page, (2.5, 18.5), (9.5, 21.5))
    save(page)
    assert codes(slug)["A4"] == (25, 13, 5, 3)
    page.reload()
    expect(page.locator("[data-key]")).to_have_count(6)


@pytest.mark.one_database
def test_from_the_keyboard_alone(fairground: Any, page: Page, sign_in: Any) -> None:
    slug = fairground()
    sign_in(page, "promotion_staff")
    page.goto(f"{HERE}/{slug}/plan")
    press = page.keyboard.press
    page.locator("#p-pick").select_option(label="Gian A3")
    for pressed in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Shift+ArrowRight"):
        press(pressed)
    expect(said(page)).to_have_text("“Lối đi” và “A3” chồng lên nhau.")
    press("Control+z")
    press("Control+z")
    press("Control+y")
    press("ArrowUp")
    press("Enter")
    page.keyboard.type("B7")
    press("Enter")
    expect(page.locator("[data-key]:focus")).to_have_attribute(
        "aria-label", "Gian B7, Khu trong tỉnh, cột 12, hàng 2, 3 × 4 ô"
    )
    press("PageUp")
    press("Delete")
    expect(said(page)).to_have_text("Đã xóa A2.")
    save(page)
    assert codes(slug) == {"A1": (3, 2, 3, 3), "B7": (11, 1, 3, 4)}


@pytest.mark.one_database
def test_a_row_at_once_and_an_overlap_that_names_both(fairground: Any, page: Page, sign_in: Any) -> None:
    slug = fairground()
    sign_in(page, "promotion_staff")
    page.goto(f"{HERE}/{slug}/plan")
    page.locator("#plan-one ~ details > summary").first.click()
    for field, value in {"#r-first": "C1", "#r-count": "9", "#r-x": "4", "#r-y": "2"}.items():
        page.locator(field).fill(value)
    page.get_by_test_id("plan-row-make").click()
    expect(said(page)).to_have_text("“A1” và “C1” chồng lên nhau.")
    expect(page.locator(".plan-shape.wrong").first).to_be_visible()
    page.get_by_test_id("plan-save").click()
    expect(said(page)).to_contain_text("chồng lên nhau")
    assert len(codes(slug)) == 3
    page.locator("[data-do=undo]").click()
    page.locator("#r-y").fill("12")
    page.get_by_test_id("plan-row-make").click()
    save(page)
    assert [code for code in codes(slug) if code.startswith("C")] == [f"C{n}" for n in range(1, 10)]


def test_two_people_draw_at_once_and_nothing_is_lost(
    fairground: Any, page: Page, open_page: Callable[..., Page], sign_in: Any
) -> None:
    slug = fairground()
    other = open_page()
    for each in (page, other):
        sign_in(each, "promotion_staff")
        each.goto(f"{HERE}/{slug}/plan")
    page.locator("#p-pick").select_option(label="Gian A1")
    page.keyboard.press("Delete")
    save(page)
    other.locator("#p-pick").select_option(label="Gian A3")
    other.keyboard.press("ArrowRight")
    other.locator("[data-do=add]").click()
    other.get_by_test_id("plan-save").click()
    expect(said(other)).to_contain_text("Đã ghép phần bạn sửa")
    assert set(codes(slug)) == {"A2", "A3"}
    save(other)
    assert set(codes(slug)) == {"A2", "A3", "A4"}
    assert codes(slug)["A3"][0] == 10


def test_a_taken_booth_is_not_removed(fairground: Any, page: Page, sign_in: Any) -> None:
    slug = fairground()
    stand(row(slug), "A1", "HTX Ở Lại")
    sign_in(page, "promotion_staff")
    page.goto(f"{HERE}/{slug}/plan")
    page.locator("#p-pick").select_option(label="Gian A1")
    page.keyboard.press("Delete")
    expect(said(page)).to_have_text("Gian A1 đang có cơ sở nên không xóa được.")
    expect(page.locator("#p-makers")).to_contain_text("HTX Ở Lại")


@pytest.mark.one_database
def test_with_a_finger(fairground: Any, phone: Page, sign_in: Any) -> None:
    slug = fairground()
    sign_in(phone, "promotion_staff")
    phone.goto(f"{HERE}/{slug}/plan")
    phone.locator("[data-tool=booth]").tap()
    phone.touchscreen.tap(*at(phone, 5.5, 12.5))
    expect(phone.locator("#p-code")).to_have_value("A4")
    save(phone)
    assert codes(slug)["A4"] == (5, 12, 3, 3)


def test_without_scripts(fairground: Any, page_without_js: Page, sign_in: Any) -> None:
    slug, page = fairground(), page_without_js
    sign_in(page, "promotion_staff")
    page.goto(f"{HERE}/{slug}/plan")
    expect(page.locator("#plan-still svg")).to_be_visible()
    expect(page.locator("#plan-editor")).to_be_hidden()
    page.get_by_text("Tạo cả dãy gian", exact=True).locator("visible=true").click()
    for field, value in {"first": "C1", "count": "4", "x": "4", "y": "12", "columns": "3", "rows": "3"}.items():
        page.locator(f"#f-row-{field}").fill(value)
    page.get_by_role("button", name="Tạo dãy").click()
    expect(page.get_by_text("Đã lưu sơ đồ.")).to_be_visible()
    assert set(codes(slug)) == {"A1", "A2", "A3", "C1", "C2", "C3", "C4"}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("role", "addresses"),
    [
        ("promotion_staff", "/office/exhibitions /office/exhibitions/new /office/exhibitions/{slug} "
         "/office/exhibitions/{slug}/plan /office/exhibitions/{slug}/plan/kinds /office/exhibitions/{slug}/plan/print "
         "/office/exhibitions/{slug}/budget /office/exhibitions/hoi-cho-2017-xuan/figures /en/office/exhibitions/{slug}/plan"),
        ("producer_owner", "/producer/fairs/calendar /en/producer/fairs/calendar"),
        ("", "/hoi-cho /hoi-cho/{slug} /hoi-cho/hoi-cho-2017-xuan /hoi-cho/lich /hoi-cho/lich?nam=2019 /en/hoi-cho/{slug}"),
    ],
)  # fmt: skip
def test_every_page_fits_a_phone(
    role: str, addresses: str, fairground: Any, phone: Page, sign_in: Any, axe: Any, fits: Any
) -> None:
    slug = fairground()
    stand(row(slug), "A2", f"HTX Đứng Xem {role}")
    with transaction():
        row(slug).state = FairState.ALLOTTED
    if role:
        sign_in(phone, role)
    wrong = []
    for address in addresses.split():
        address = address.format(slug=slug)
        answer = phone.goto(address)
        assert answer is not None
        if answer.status != 200:
            wrong.append(f"{address}: {answer.status}")
            continue
        for check in (axe, fits):
            try:
                check(phone)
            except AssertionError as error:
                wrong.append(f"{address}: {error}")
    assert not wrong, "\n".join(wrong)
