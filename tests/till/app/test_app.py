"""A counter that sells without a network, as its keeper meets it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from shop.kernel import clock
from shop.kernel.money import vnd
from tests.till.app.conftest import PIN

VND = re.compile(r"[^\d]")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
TABLET = {"viewport": {"width": 1280, "height": 800}}
ORDINARY = "NOT p.is_alcohol AND NOT p.needs_certificate"


def dong(text: str) -> int:
    return int(VND.sub("", text))


@pytest.fixture
def skus(office: Any) -> list[str]:
    """SKUs of ordinary goods at the counter."""
    return [row.sku for row in office.goods(ORDINARY)]


def sales(office: Any, code: str) -> list[Any]:
    return office.sql(
        "SELECT s.number, o.total_amount, o.status FROM till_sales s JOIN orders o ON o.id = s.order_id"
        " JOIN till_devices d ON d.id = s.device_id WHERE d.code = :c ORDER BY s.number",
        c=code,
    )


def clean(live_server: Any) -> None:
    found = live_server.audit()
    assert found["ok"], [c for c in found["checks"] if not c["ok"]]


def test_three_sales_off_line_are_all_there_once(till, office, skus, live_server) -> None:
    t = till().ready()
    t.synced()
    t.page.context.set_offline(True)
    expect(t.status()).to_contain_text("Ngoại tuyến")
    numbers = [t.sell(skus[0]), t.sell(skus[0], skus[1])]
    t.page.reload()  # the app opens without a network, its keeper, session and queue as they were
    t.opened()
    expect(t.status()).to_contain_text("2 chờ gửi")
    numbers.append(t.sell(skus[1]))
    assert numbers == [f"{t.code}-00000{n}" for n in (1, 2, 3)]
    expect(t.status()).to_contain_text("3 chờ gửi")
    assert sales(office, t.code) == []
    # The first answer is lost on its way: what it answered is sent again, and taken in once.
    cut = []

    def lose(route: Any) -> None:
        cut.append(route.fetch().status)
        route.abort()

    t.page.route("**/till/api/sync", lose, times=1)
    t.page.context.set_offline(False)
    t.synced()
    assert cut == [200]
    found = sales(office, t.code)
    assert [row.number for row in found] == numbers
    assert {row.status for row in found} == {"completed"}
    t.go("Phiếu bán")
    expect(t.page.get_by_test_id("till-sale")).to_have_count(3)
    shown = [dong(row.inner_text()) for row in t.page.locator(".sale-row > .num").all()]
    assert shown == [row.total_amount for row in reversed(found)]
    expect(t.page.get_by_text("Đã gửi")).to_have_count(3)
    clean(live_server)


def test_the_price_printed_holds(till, office, skus) -> None:
    t = till().ready()
    t.synced()
    sku = skus[2]
    variant = office.sql("SELECT id FROM variants WHERE sku = :s", s=sku)[0].id
    t.page.context.set_offline(True)
    t.add(sku)
    before = dong(t.page.get_by_test_id("till-total").inner_text())
    now = clock.now()
    office.sql(
        "UPDATE prices SET valid_to = :now WHERE variant_id = :v AND valid_to IS NULL"
        " AND (valid_from IS NULL OR valid_from < :now)",
        now=now.replace(tzinfo=None) if office.engine.name == "sqlite" else now, v=variant,
    )  # fmt: skip
    number = t.pay_exactly()
    t.page.context.set_offline(False)
    t.synced()
    assert [(r.number, r.total_amount) for r in sales(office, t.code)] == [(number, before)]


def test_a_second_tab_steps_back(till, skus) -> None:
    t = till().ready()
    t.add(skus[0])
    second = t.page.context.new_page()
    second.goto("/till")
    expect(second.get_by_role("heading", name="Quầy đang mở ở thẻ khác")).to_be_visible()
    assert not second.get_by_test_id("till-card").count()
    second.get_by_role("button", name="Dùng quầy ở đây").click()
    second.get_by_label("Mã PIN").fill(PIN)
    second.keyboard.press("Enter")
    expect(second.get_by_test_id("till-line")).to_have_count(1)  # the basket has come along
    expect(t.page.get_by_role("heading", name="Quầy đang mở ở thẻ khác")).to_be_visible()
    assert not t.page.get_by_test_id("till-pay").count()


def test_a_revoked_device_keeps_what_was_not_sent(till, office, skus, axe, fits) -> None:
    t = till(**PHONE).ready()
    t.synced()
    t.page.context.set_offline(True)
    number = t.sell(skus[0])
    office.revoke(t.code)
    t.page.context.set_offline(False)
    expect(t.page.get_by_role("heading", name="Máy này đã bị thu hồi quyền bán")).to_be_visible()
    expect(t.page.get_by_text("Còn 1 việc chưa gửi được")).to_be_visible()
    axe(t.page)
    fits(t.page)
    with t.page.expect_download() as download:
        t.page.get_by_role("button", name="Lưu thành tệp").click()
    kept = download.value.path().read_text()
    assert number in kept
    assert "token" not in kept
    t.page.evaluate("window.print = () => {}")
    t.page.get_by_role("button", name="In danh sách").click()
    expect(t.page.locator("#paper")).to_contain_text(number)
    t.page.reload()
    expect(t.page.get_by_text("Còn 1 việc chưa gửi được")).to_be_visible()
    assert sales(office, t.code) == []
    # The office lets the device in again under its code: what waited is sent.
    t.page.get_by_role("button", name="Ghi danh lại máy này").click()
    t.page.get_by_label("Mã ghi danh").fill(office.enrol_code(t.code))
    t.page.get_by_role("button", name="Ghi danh máy").click()
    expect(t.page.get_by_label("Mã PIN")).to_be_visible()
    t.synced()
    assert [row.number for row in sales(office, t.code)] == [number]


def test_a_device_whose_storage_was_wiped_counts_on(till, office, skus) -> None:
    t = till().ready()
    assert t.sell(skus[0]).endswith("-000001")
    t.synced()
    t.page.goto("/healthz")
    t.page.evaluate(
        """async () => {
          await new Promise((done, fail) => {
            const request = indexedDB.deleteDatabase("till");
            request.onsuccess = done;
            request.onerror = fail;
          });
          sessionStorage.clear();
        }"""
    )
    t.enrol(t.code)
    t.enter()
    expect(t.page.get_by_test_id("till-card").first).to_be_visible()  # the session the server knows goes on
    number = t.sell(skus[0])
    assert number.endswith("-000002")
    t.synced()
    assert len(sales(office, t.code)) == 2
    assert office.sql(
        "SELECT COUNT(*) FROM till_sessions s JOIN till_devices d ON d.id = s.device_id WHERE d.code = :c", c=t.code
    ) == [(1,)]


def test_scanning_finds_goods_wherever_the_focus_is_and_says_when_nothing_is_there(till, office, skus, axe) -> None:
    office.sql("UPDATE variants SET gtin = '8930000000017' WHERE sku = :s", s=skus[3])
    t = till().ready()
    t.scan("8930000000017")
    expect(t.page.get_by_test_id("till-line")).to_have_count(1)
    t.page.get_by_test_id("till-quantity").focus()
    t.scan("8930000000017")
    expect(t.page.get_by_test_id("till-quantity")).to_have_value("2")
    expect(t.page.get_by_test_id("till-search")).to_have_value("")
    t.scan("8930000000994")
    expect(t.page.get_by_role("alert")).to_contain_text("Không có mã này: 8930000000994")
    axe(t.page)
    expect(t.page.get_by_test_id("till-line")).to_have_count(1)
    t.page.get_by_role("alert").get_by_role("button", name="Ghi: khách hỏi, không có").click()
    expect(t.page.get_by_text("Đã ghi: khách hỏi “8930000000994”.")).to_be_visible()
    t.synced()
    assert office.sql("SELECT words, quantity FROM till_asks WHERE words = '8930000000994'") == [("8930000000994", 1)]
    for absurd in ("-1", "1.5", "10000", "abc"):
        t.page.get_by_test_id("till-quantity").fill(absurd)
        t.page.get_by_test_id("till-quantity").blur()
        expect(t.page.get_by_test_id("till-quantity")).to_have_value("2")


def slow_press(page: Any, target: Any) -> None:
    """Press as a thumb does: the button goes down, and a while later up."""
    box = target.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(120)
    page.mouse.up()


def test_a_number_being_typed_is_left_alone_and_no_press_is_lost(till, office, skus) -> None:
    t = till(**TABLET).ready()
    t.synced()
    t.add(skus[5])
    t.add(skus[6])
    price = dong(t.page.locator(".line-sum").first.inner_text())
    t.page.context.set_offline(True)
    t.page.get_by_test_id("till-search").fill("khong co dau")
    t.page.get_by_role("button", name="Ghi: khách hỏi, không có").click()
    expect(t.status()).to_contain_text("1 chờ gửi")
    number = t.page.get_by_test_id("till-quantity").first
    number.click()
    t.page.keyboard.type("3")  # not left yet
    element = number.element_handle()
    office.sql(
        "UPDATE prices SET amount = amount + 1000 WHERE valid_to IS NULL AND variant_id ="
        " (SELECT id FROM variants WHERE sku = :s)", s=skus[6],
    )  # fmt: skip
    t.page.context.set_offline(False)  # the server is heard, and the goods come anew
    t.synced()
    expect(number).to_have_value("3")
    expect(number).to_be_focused()
    assert element.evaluate("e => e.isConnected")
    # The press that leaves the field is also the press on the button.
    slow_press(t.page, t.page.get_by_test_id("till-pay"))
    other = dong(t.page.locator(".pay-lines .num").last.inner_text())
    expect(t.page.get_by_test_id("till-due")).to_have_text(vnd(3 * price + other))
    t.page.get_by_role("button", name="Về giỏ hàng").click()
    number.click()
    t.page.keyboard.type("2")
    slow_press(t.page, t.page.locator(f'[data-testid="till-card"][data-sku="{skus[7]}"]'))
    expect(t.page.get_by_test_id("till-line")).to_have_count(3)
    expect(number).to_have_value("2")
    number.click()
    t.page.keyboard.type("02")  # nothing new: nothing happens
    t.page.keyboard.press("Tab")
    expect(number).to_have_value("2")
    assert element.evaluate("e => e.isConnected") is False  # (another page lay between)
    slow_press(t.page, t.page.get_by_role("button", name="Bỏ cả giỏ"))
    expect(t.page.get_by_role("dialog", name="Bỏ cả giỏ")).to_be_visible()


def test_a_large_change_fits_a_phone(till, skus, axe, fits) -> None:
    t = till(**PHONE).ready()
    t.add(skus[0])
    t.page.locator(".bar-basket").tap()
    t.page.get_by_test_id("till-quantity").fill("9999")
    t.page.get_by_test_id("till-quantity").blur()
    # It stays some seconds: axe may take longer.
    expect(t.page.locator(".till-toast")).to_contain_text("Theo sổ chỉ còn")
    axe(t.page)
    remove = t.page.locator(".line-remove").bounding_box()
    assert remove["x"] + remove["width"] <= 360  # a long sum does not push the way to take it out off the screen
    assert min(remove["width"], remove["height"]) >= 44
    t.page.get_by_test_id("till-quantity").fill("1")
    t.page.get_by_test_id("till-quantity").blur()
    t.page.wait_for_timeout(500)
    t.pay()
    expect(t.page.locator(".till-toast")).to_have_count(0)  # nothing lies over what is to be paid
    fits(t.page)
    t.page.get_by_test_id("till-given").fill("500000000")
    t.page.get_by_role("button", name="Nhận tiền").click()
    expect(t.page.get_by_test_id("till-change")).to_contain_text("499.")
    fits(t.page)
    axe(t.page)


def test_alcohol_asks_for_age_once_in_a_sale(till, office, axe) -> None:
    wines = [row.sku for row in office.goods("p.is_alcohol AND NOT p.needs_certificate")]
    t = till(**PHONE).ready()
    t.add(wines[0])
    question = t.page.get_by_role("dialog", name="Hàng có cồn")
    expect(question).to_be_visible()
    axe(t.page)
    question.get_by_role("button", name="Chưa đủ tuổi").click()
    expect(t.page.locator(".bar-basket")).to_contain_text("0 món")
    t.add(wines[0])
    question.get_by_role("button", name="Đã đủ 18 tuổi").click()
    t.add(wines[1])
    expect(t.page.locator(".bar-basket")).to_contain_text("2 món")
    expect(question).to_have_count(0)
    t.pay_exactly()
    t.add(wines[0])  # the next customer is asked again
    expect(question).to_be_visible()
    question.get_by_role("button", name="Chưa đủ tuổi").click()
    t.synced()
    assert len(sales(office, t.code)) == 1


def test_a_lapsed_certificate_stops_the_line_also_off_line(till, office) -> None:
    row = office.goods("p.needs_certificate AND NOT p.is_alcohol")[0]
    today = clock.today()
    office.sql("UPDATE certificates SET expires_on = :d WHERE product_id = :p", d=today.isoformat(), p=row.product_id)
    t = till().enrol()
    t.page.clock.install(time=clock.now() + timedelta(minutes=1))  # the page's clock is the test's from here on
    t.page.reload()
    t.opened()
    t.enter().start()
    t.synced()
    t.page.context.set_offline(True)
    t.add(row.sku)  # its last day
    expect(t.page.get_by_test_id("till-line")).to_have_count(1)
    t.page.clock.set_fixed_time(clock.now() + timedelta(days=1, minutes=5))
    t.add(row.sku)
    stopped = t.page.get_by_role("dialog", name="Không bán được món này")
    expect(stopped).to_contain_text("hết hạn ngày " + today.strftime("%d/%m/%Y"))
    stopped.get_by_role("button", name="Đã hiểu").click()
    expect(t.page.get_by_test_id("till-quantity")).to_have_value("1")
    t.pay()
    t.page.get_by_test_id("till-note").first.click()  # what was put in yesterday is not sold today either
    expect(stopped).to_be_visible()
    stopped.get_by_role("button", name="Đã hiểu").click()
    assert not t.page.get_by_test_id("till-number").count()
    t.page.context.set_offline(False)


def test_a_day_with_several_tenders_discount_return_and_count(till, office, skus, axe, fits, live_server) -> None:
    t = till(**TABLET)
    t.page.add_init_script("window.print = () => {}")
    t.enrol()
    axe(t.page)
    t.enter("1111")
    expect(t.page.get_by_text("Mã PIN không đúng.")).to_be_visible()
    t.enter().start(500_000)
    axe(t.page)
    fits(t.page)
    for sku in (skus[0], skus[0], skus[0], skus[1]):
        t.add(sku)
    subtotal = dong(t.page.get_by_test_id("till-total").inner_text())
    t.page.get_by_role("button", name="Giảm giá").click()
    dialog = t.page.get_by_role("dialog")
    dialog.get_by_label("Giảm phần trăm").fill("90")
    dialog.get_by_label("Lý do").fill("Khách quen")
    dialog.get_by_role("button", name="Giảm", exact=True).click()
    expect(dialog).to_contain_text("Quá mức cho phép: 5%")
    axe(t.page)
    dialog.get_by_label("Giảm phần trăm").fill("5")
    dialog.get_by_role("button", name="Giảm", exact=True).click()
    total = subtotal - subtotal * 5 // 100
    expect(t.page.get_by_test_id("till-total")).to_have_text(vnd(total))
    t.pay()
    axe(t.page)
    t.page.get_by_test_id("till-terminal").click()
    dialog.get_by_role("button", name="Thẻ đã qua").click()
    expect(dialog).to_contain_text("Hãy ghi số biên lai")
    t.page.get_by_test_id("till-slip").fill("004512")
    dialog.get_by_label("Số tiền thu cách này").fill("10000")
    dialog.get_by_role("button", name="Thẻ đã qua").click()
    due = t.page.get_by_test_id("till-due")
    expect(due).to_have_text(vnd(total - 10_000))
    t.page.get_by_test_id("till-vietqr").click()
    axe(t.page)
    dialog.get_by_text("Chỉ thu một phần bằng cách này").click()
    dialog.get_by_label("Số tiền thu cách này").fill("20000")
    t.page.get_by_test_id("till-got").click()
    expect(due).to_have_text(vnd(total - 30_000))
    t.page.get_by_test_id("till-given").fill("5000000")
    expect(t.page.locator(".pay-change")).to_contain_text(vnd(5_000_000 - total + 30_000))
    t.page.get_by_role("button", name="Nhận tiền").click()
    assert dong(t.page.get_by_test_id("till-change").inner_text()) == 5_000_000 - total + 30_000
    number = t.page.get_by_test_id("till-number").inner_text()
    axe(t.page)
    t.page.get_by_role("button", name="In phiếu").click()
    expect(t.page.locator("#paper")).to_contain_text(number)
    t.page.emulate_media(media="print")
    printed = t.page.locator("#paper .slip").bounding_box()
    assert printed is not None
    assert 295 < printed["width"] < 310  # 80 mm
    assert printed["height"] > 300
    assert not t.page.locator(".till-frame").is_visible()
    t.page.emulate_media(media="screen")
    t.page.get_by_test_id("till-next").click()
    t.synced()

    t.go("Nhận trả")
    t.page.get_by_test_id("till-return-number").fill("A9-999999")
    t.page.get_by_role("button", name="Tìm phiếu").click()
    expect(t.page.get_by_text("Không có phiếu nào mang số này.")).to_be_visible()
    t.page.get_by_test_id("till-return-number").fill(number.lower())
    t.page.get_by_role("button", name="Tìm phiếu").click()
    t.page.get_by_test_id("till-return-quantity").first.fill("9")  # only three were sold
    t.page.get_by_test_id("till-return-quantity").first.blur()
    expect(t.page.get_by_test_id("till-return-quantity").first).to_have_value("3")
    t.page.get_by_test_id("till-return-quantity").first.fill("1")
    t.page.get_by_test_id("till-return-quantity").first.blur()
    t.page.get_by_test_id("till-reason").fill("vỡ hộp")
    refund = dong(t.page.get_by_test_id("till-refund").inner_text())
    axe(t.page)
    fits(t.page)
    t.page.get_by_role("button", name="Nhận trả và trả tiền").click()
    dialog.get_by_role("button", name="Đã hiểu").click()

    t.go("Thu chi")
    t.page.get_by_test_id("till-cash-amount").fill("120000")
    t.page.get_by_label("Lý do").fill("mua nước đá")
    axe(t.page)
    t.page.get_by_role("button", name="Ghi sổ").click()
    expect(t.page.get_by_text("mua nước đá")).to_be_visible()
    t.synced()

    t.page.context.set_offline(True)  # the count is off line too
    t.go("Đóng ca")
    expected = 500_000 + (total - 30_000) - refund - 120_000
    t.page.get_by_test_id("till-count-1000").fill("-3")
    expect(t.page.get_by_test_id("till-count-1000")).to_have_attribute("aria-invalid", "true")
    t.page.get_by_test_id("till-close").click()
    expect(t.page.get_by_text("Số tờ phải là số nguyên")).to_be_visible()
    t.page.get_by_test_id("till-count-1000").fill("")
    t.page.get_by_test_id("till-count-500000").fill("1")
    variance = 500_000 - expected
    shown = t.page.get_by_test_id("till-variance")
    expect(shown).to_contain_text(vnd(abs(variance)))
    axe(t.page)
    t.page.get_by_test_id("till-close").click()
    expect(t.page.get_by_text("Hãy ghi vì sao thừa hoặc thiếu.")).to_be_visible()
    t.page.locator("textarea").fill("đưa nhầm tiền thối")
    t.page.get_by_test_id("till-close").click()
    dialog.get_by_role("button", name="Đóng ca").click()
    expect(t.page.get_by_text("Chưa gửi về máy chủ.")).to_be_visible()
    t.page.context.set_offline(False)
    expect(t.page.get_by_text("Chưa gửi về máy chủ.")).to_have_count(0)
    axe(t.page)
    closed = office.sql(
        "SELECT c.expected_amount, c.counted_amount FROM till_closings c JOIN till_sessions s ON s.id = c.session_id"
        " JOIN till_devices d ON d.id = s.device_id WHERE d.code = :c",
        c=t.code,
    )
    assert [tuple(row) for row in closed] == [(expected, 500_000)]
    clean(live_server)


def test_a_clock_that_is_wrong_is_shown(till) -> None:
    t = till()
    t.page.clock.install(time=clock.now() + timedelta(minutes=42))
    t.enrol().enter().start()
    t.synced()
    expect(t.status()).to_contain_text("đồng hồ lệch")
    t.go("Đồng bộ")
    expect(t.page.get_by_text("Đồng hồ máy lệch 42 phút")).to_be_visible()


def test_what_is_refused_stays_in_sight_and_can_be_printed(till, office, skus) -> None:
    t = till().ready()
    t.page.add_init_script("window.print = () => {}")
    t.page.evaluate("window.print = () => {}")
    t.synced()
    office.alcohol(skus[4], True)
    number = t.sell(skus[4])  # the device did not know yet that this is alcohol now
    expect(t.status()).to_contain_text("1 không nhận")
    t.go("Đồng bộ")
    expect(t.page.get_by_role("heading", name="Không được nhận")).to_be_visible()
    expect(t.page.locator(".till-bad")).not_to_be_empty()
    t.page.get_by_role("button", name="In danh sách").click()
    expect(t.page.locator("#paper")).to_contain_text(number)
    assert sales(office, t.code) == []
    office.alcohol(skus[4], False)
    t.page.get_by_role("button", name="Gửi lại các việc này").click()
    expect(t.status()).not_to_contain_text("không nhận")
    assert [row.number for row in sales(office, t.code)] == [number]


def test_the_till_speaks_english_also_off_line(till, axe, skus) -> None:
    t = till(**PHONE).ready()
    t.page.context.set_offline(True)
    t.page.get_by_role("button", name="Trình đơn").click()
    axe(t.page)
    t.page.get_by_role("button", name="English").click()
    expect(t.page.get_by_role("button", name="Charge")).to_be_visible()
    assert t.page.evaluate("document.documentElement.lang") == "en"
    t.page.reload()
    t.opened()
    expect(t.page.get_by_role("button", name="Charge")).to_be_visible()
    assert not re.search("[ăđơưẵ]", t.page.locator(".sell-bar").inner_text().replace("₫", ""))
    t.page.context.set_offline(False)


def test_what_cannot_be_is_refused_in_words_at_its_field_and_nothing_is_sent(till, office) -> None:
    counter = till().enrol().enter()
    page = counter.page
    box = page.get_by_test_id("till-float")
    for wrong in ("-5", "12.5", "1e9"):
        box.fill("")
        box.press_sequentially(wrong)
        expect(box).to_have_value(wrong)
        box.press("Enter")
        expect(box).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_text("Số tiền là số đồng nguyên")).to_be_visible()
    sessions = "SELECT count(*) FROM till_sessions s JOIN till_devices d ON d.id = s.device_id WHERE d.code = :c"
    assert office.sql(sessions, c=counter.code)[0][0] == 0
    box.fill("1.250.000")
    box.press("Enter")
    expect(page.get_by_test_id("till-card").first).to_be_visible()
    counter.synced()
    assert office.sql(sessions, c=counter.code)[0][0] == 1
    page.get_by_role("button", name="Trình đơn").click()
    page.get_by_role("button", name="Khách hỏi, không có").click()
    what, many = page.get_by_test_id("till-ask"), page.get_by_test_id("till-ask-many")
    what.fill("sá sùng " * 70)
    what.press("Enter")
    expect(page.get_by_text("Nhiều nhất 200 ký tự")).to_be_visible()
    what.fill("sá sùng khô")
    for wrong in ("999999999", "-1", "1e3", "0"):
        many.fill(wrong)
        many.press("Enter")
        expect(page.get_by_text("Số lượng là số nguyên từ 1 đến 9.999.")).to_be_visible()
        expect(many).to_have_value(wrong)
    asked = "SELECT quantity FROM till_asks WHERE words = 'sá sùng khô'"
    assert office.sql(asked) == []
    many.fill("12")
    many.press("Enter")
    counter.synced()
    assert [row.quantity for row in office.sql(asked)] == [12]


def test_old_addresses_and_wrong_codes(till, open_page) -> None:
    page = open_page()
    page.goto("/en/till")
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_role("heading", name="Enrol this till")).to_be_visible()
    page.get_by_label("Enrolment code").fill("AAAA-BBBB")
    page.get_by_role("button", name="Enrol the device").click()
    expect(page.locator(".field-error:visible")).not_to_be_empty()
    expect(page.get_by_label("Enrolment code")).to_be_focused()
