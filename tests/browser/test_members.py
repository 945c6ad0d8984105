"""Links in letters, in a browser: a member is invited, confirms his address, takes the invitation, forgets his password."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.waits import leaves, until
from tests.servers import LiveServer

PASSWORD, OTHER = "bốn từ không liên quan", "bốn từ khác hẳn nhau"
WHO = "dong-goi@example.vn"


def _link(server: LiveServer, part: str) -> str:
    """The address with `part` in the newest letter to the member that has one."""

    def written() -> str | None:
        for letter in reversed([m for m in server.letters() if m["to"] == WHO]):
            body = letter.get_body(("plain",)).get_content()
            if found := re.search(rf"https?://[^/\s]+(/{part}/\S+)", body):
                return found[1]
        return None

    return str(until(written, f"a letter with {part}"))


def test_invited_confirmed_taken_and_a_new_password(
    phone: Page, open_page: Callable[..., Page], sign_in: Any, axe: Any, fits: Any, live_server: LiveServer
) -> None:
    owner = open_page()
    sign_in(owner, "producer_owner")
    owner.goto("/producer/members")
    owner.fill("#f-username", WHO)
    owner.locator('form[action$="/invite"] select').select_option("producer_packing")
    owner.get_by_role("button", name="Tạo lời mời").click()
    expect(owner.get_by_text("Đã tạo lời mời.")).to_be_visible()

    invitation = _link(live_server, "loi-moi")
    phone.goto(invitation)
    expect(phone.locator("main")).to_contain_text("đóng gói, giao hàng")
    fits(phone)
    axe(phone)
    phone.locator("main").get_by_role("link", name="Đăng ký").click()
    phone.fill("#f-name", "Phạm Thị Gói")
    phone.fill("#f-email", WHO)
    phone.fill("#f-password", PASSWORD)
    phone.locator("[name=consent_privacy]").check()
    phone.locator("form:has(#f-password) button").last.click()
    phone.get_by_role("button", name="Nhận lời mời").click()
    expect(phone.get_by_text("Bạn đã là thành viên của cơ sở.")).to_be_visible()
    fits(phone)
    axe(phone)
    for address, status in (
        ("/producer/orders", 200), ("/producer/stock", 200), ("/producer/statements", 403), ("/producer/listings", 403),
        ("/producer/members", 403), ("/producer/profile", 403),
    ):  # fmt: skip
        assert phone.request.get(address).status == status, address
    phone.goto(invitation)  # once, and no more
    expect(phone.locator("main")).not_to_contain_text("Nhận lời mời")

    phone.goto(_link(live_server, "xac-nhan-email"))
    phone.locator("main form button").first.click()
    expect(phone.locator("main")).not_to_contain_text("từ một trang khác")
    expect(phone.locator(".notice-ok").first).to_be_visible()

    guest = open_page()
    guest.goto("/quen-mat-khau")
    guest.fill("#f-username", WHO)
    with leaves(guest):
        guest.locator("form:has(#f-username) button").last.click()
    guest.goto(_link(live_server, "dat-lai-mat-khau"))
    guest.fill("#f-password", OTHER)
    guest.locator("form:has(#f-password) button").last.click()
    expect(guest.get_by_text("Mật khẩu mới đã có hiệu lực.")).to_be_visible()
    guest.fill("#f-username", WHO)
    guest.fill("#f-password", OTHER)
    with leaves(guest):
        guest.locator("form:has(#f-password) button").last.click()
    guest.goto("/producer/orders")
    expect(guest.get_by_role("heading", name="Đơn hàng").first).to_be_visible()

    # Out: what he did stays, he does not.
    owner.goto("/producer/members")
    row = owner.locator("tr", has_text="Phạm Thị Gói")
    row.locator("summary", has_text="Bỏ").click()
    row.locator('form[action$="/remove"] button').last.click()
    expect(owner.locator("tr", has_text="Phạm Thị Gói")).to_have_count(0)
    assert guest.request.get("/producer").status == 403
