"""A booth is closed on a phone: counted, goods home, signed with the finger there and by the producer in his own door; then the
books of the fair, its report frozen, its paper opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shop.exhibitions.models.closing import Signature
from shop.kernel.db import db, session
from shop.producers.models import Producer
from tests import factories
from tests.browser.waits import leaves, stands
from tests.conftest import Run, _build
from tests.exhibitions.closing_made import Made, make_fair
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def fair(live_server: LiveServer, tmp_path: Any) -> Iterator[Made]:
    """A fair of two booths on its last day: one has sold, the other is empty."""
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        made = make_fair(app, "Hội chợ trên điện thoại")
        scope = live_server.user("producer_owner")["scope"]
        made.producers["Mực"] = session().get_one(Producer, int(scope.partition(":")[2]))
        made.goods["Mực"] = factories.make_variant("Chả mực hội chợ", producer=made.producers["Mực"])
        made.booth("A1", "Mực")
        made.booth("A2", "Trà")
        made.bring("A1", "Mực", 12)
        till = made.till("A1", letter="X")
        till.send(till.open(), till.sale(till.line(made.goods["Mực"], 5)), till.close(1_100_000))
        yield made
        session().close()
        db.engine.dispose()


def draw(page: Page, form: Any) -> None:
    """Two strokes of a pen in the field."""
    stands(page)
    pad = form.locator("[data-sign-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    for start, end in (((0.1, 0.3), (0.4, 0.8)), ((0.5, 0.7), (0.9, 0.2))):
        page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=8)
        page.mouse.up()


def test_closed_on_a_phone_and_reported(
    open_page: Callable[..., Page], phone: Page, fair: Made, sign_in: Any, axe: Any, fits: Any
) -> None:
    staff, mine = phone, open_page()
    sign_in(staff, "promotion_staff")
    here = f"/office/exhibitions/{fair.slug}"
    staff.goto(f"{here}/close")
    fits(staff)
    axe(staff)
    staff.get_by_test_id("booth").first.click()
    axe(staff)
    staff.get_by_test_id("begin").click()
    staff.get_by_test_id("count-start").click()
    fits(staff)
    axe(staff)
    staff.get_by_label("Đếm được: Chả mực hội chợ").fill("7")
    staff.get_by_test_id("count-submit").click()
    expect(staff.get_by_test_id("booth-step")).to_contain_text("Chờ chuyển hàng về")
    fits(staff)
    axe(staff)
    staff.get_by_test_id("home").click()
    staff.get_by_test_id("sheet").click()
    fits(staff)
    axe(staff)
    expect(staff.get_by_test_id("sheet-step")).to_contain_text("Chờ ký")
    form = staff.locator("form.sign", has=staff.locator("input[name=side][value=staff]"))
    form.get_by_label("Họ tên người ký").fill("Đỗ Thị Xuân")
    form.get_by_test_id("sign-staff").click()
    # Nothing was drawn and nothing ticked: it is not sent.
    expect(staff.locator(".signature")).to_have_count(0)
    draw(staff, form)
    form.get_by_test_id("sign-staff").click()
    expect(staff.locator(".signature path")).to_have_attribute("d", re.compile(r"^M\d+ \d+L"))
    axe(staff)

    sign_in(mine, "producer_owner")
    mine.goto("/producer/fairs/sheets")
    axe(mine)
    mine.get_by_role("link", name="Hội chợ trên điện thoại").click()
    axe(mine)
    own = mine.locator("form.sign")
    own.get_by_label("Họ tên người ký").fill("Nguyễn Thị Thu")
    draw(mine, own)
    own.get_by_test_id("sign-producer").click()
    expect(mine.get_by_test_id("sheet-step")).to_contain_text("Đã chốt")
    expect(mine.locator(".signature path")).to_have_count(2)
    axe(mine)
    session().rollback()
    drawn = session().query(Signature.strokes).all()
    assert [len(strokes) for (strokes,) in drawn] == [2, 2]

    # The empty booth is closed from the list, without its producer.
    staff.goto(f"{here}/close")
    for do in ("begin", "empty", "freeze"):
        staff.get_by_role("checkbox", name="Chọn A2").check()
        if do == "freeze":
            staff.locator("#f-reason").fill("cơ sở không đến")
        with leaves(staff):
            staff.locator(f"button[name=do][value={do}]").click()
    expect(staff.get_by_text("Đã chốt 2/2 gian")).to_be_visible()
    staff.get_by_test_id("finish").click()
    expect(staff.get_by_test_id("fair-state")).to_contain_text("Đã chốt sổ")

    staff.goto(f"{here}/report")
    fits(staff)
    axe(staff)
    staff.get_by_test_id("freeze-report").click()
    expect(staff.get_by_test_id("report-state")).to_contain_text("Đã chốt")
    fits(staff)
    address = staff.get_by_test_id("report-pdf").get_attribute("href")
    assert address is not None
    paper = staff.request.get(address)
    assert paper.status == 200
    assert paper.body().startswith(b"%PDF-")
    staff.get_by_role("link", name="Doanh thu toàn hội chợ").click()
    fits(staff)
    axe(staff)
    expect(staff.get_by_role("main")).to_contain_text("600.000")
    staff.goto(f"/hoi-cho/{fair.slug}/ket-qua")
    fits(staff)
    axe(staff)
