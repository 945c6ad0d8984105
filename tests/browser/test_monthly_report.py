"""One locality's month: its officer saves a draft, writes what blocks and hands in; the province answers, locks and sums up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from shop.kernel import clock
from tests.browser.waits import leaves, stands
from tests.servers import LiveServer

DONE = "Hướng dẫn các chủ thể ghi nhãn và mã truy xuất; kiểm tra hai điểm bán."


def test_a_month_from_draft_to_locked_summary(
    live_server: LiveServer, open_page: Callable[..., Page], phone: Page, sign_in: Any, axe: Any, fits: Any
) -> None:
    # A month of which nobody has reported: the demonstration's last two are there already.
    month = f"{clock.add_months(clock.today().replace(day=1), -4):%Y-%m}"
    code = live_server.user("locality_officer")["scope"].partition(":")[2]
    here = f"/office/reports/{month}/{code}"
    sign_in(phone, "locality_officer")
    phone.goto(here)
    stands(phone)
    fits(phone)
    expect(phone.get_by_test_id("f-producers")).to_be_visible()
    phone.locator("#f-done").fill("Mới bắt đầu soạn")
    with leaves(phone):
        phone.get_by_test_id("report-save").click()
    expect(phone.get_by_test_id("report-state")).to_have_text("Đang soạn")
    phone.get_by_text("Ghi vướng mắc", exact=True).first.click()
    phone.locator("#f-step").select_option("5")
    phone.locator("#f-what").fill("Phòng thử nghiệm trả kết quả chậm")
    with leaves(phone):
        phone.get_by_test_id("blocker-add").click()
    expect(phone.locator("#f-done")).to_have_value("Mới bắt đầu soạn")
    phone.locator("#f-done").fill(DONE)
    phone.locator("#f-reached").fill("25")
    with leaves(phone):
        phone.get_by_test_id("report-submit").click()
    expect(phone.get_by_test_id("report-state")).to_have_text("Đã nộp, chờ tỉnh xem")
    expect(phone.locator("#f-done")).to_have_count(0)

    desk = open_page()
    sign_in(desk, "programme_officer")
    desk.goto(here)
    stands(desk)
    axe(desk)
    expect(desk.get_by_text(DONE)).to_be_visible()
    # A number opens its rows; in the seeded shop this month has one only where something blocks.
    desk.goto(f"{here}/rows?f=producers&v=1")
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Chủ thể OCOP")
    desk.goto(here)
    stands(desk)
    desk.get_by_test_id("report-lock").click()
    with leaves(desk):
        desk.get_by_test_id("report-lock-yes").click()
    expect(desk.get_by_test_id("report-state")).to_have_text("Đã chốt")
    desk.goto(f"/office/reports/{month}")
    stands(desk)
    axe(desk)
    with leaves(desk):
        desk.get_by_test_id("summary").click()
    stands(desk)
    expect(desk.get_by_test_id("summary-state")).to_have_text("chưa chốt")
    axe(desk)
    for name, words in (
        ("organ", "Văn phòng điều phối nông thôn mới"), ("number", "12/BC-VPĐP"), ("place", "Hạ Long"),
        ("signer_office", "Chánh Văn phòng"), ("recipients", "UBND tỉnh (b/c)\nLưu: VT"),
    ):  # fmt: skip
        desk.locator(f"#f-{name}").fill(words)
    with leaves(desk):
        desk.get_by_test_id("summary-freeze").click()
    expect(desk.get_by_test_id("summary-state")).to_have_text("đã chốt, bản 1")
    answer = desk.request.get(f"{live_server.url}/office/reports/{month}/summary.pdf?v=1")
    assert answer.ok and answer.body().startswith(b"%PDF")
