"""A whole small fair through the browser: drawn, called, four producers, the draw, goods, two days of a till that is off line
for most of them, an empty booth that is filled again, closing, signing, the report. The office works on a desktop; producers,
the counter and whoever counts visitors on a phone.

A call ends before its fair opens and a test has no days to wait, so the fair is announced for tomorrow and, once its booths are
given out, the office moves it on its page so that it opened yesterday and ends today. The first day's sales are those of a till
whose clock stood at yesterday; everything else happens today. Producers, their packs and their log-ins are written into the
tables.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from shop.accounts import passwords
from shop.accounts.permissions import Role
from shop.exhibitions.models.calls import Application
from shop.exhibitions.models.fairs import Exhibition
from shop.kernel import clock
from shop.kernel.db import db, session, transaction
from tests import people
from tests.browser.conftest import PATIENCE_MS, PHONE
from tests.browser.test_fair_closing import draw
from tests.browser.waits import leaves
from tests.conftest import Run, _build
from tests.exhibitions.call_made import Maker, make_maker
from tests.servers import LiveServer, Seeded
from tests.till.app.conftest import PIN, Till

NAMES = ("HTX Bến Giang", "HTX Đảo Cô Tô", "HTX Chè Đường Hoa", "HTX Gốm Bến Thuyền")
FAIR = "Hội chợ OCOP mùa thu"
PASSWORD = "thuyen-ve-ben-som-mai"
DAY = timedelta(days=1)
# What a producer brings, what his booth asks for later, and what the test's packs cost (đồng).
BROUGHT, MORE, PRICE = 3, 4, 120_000


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Some three hundred steps follow one another here: on a busy machine one of them may take longer than any page should."""
    for module in ("conftest", "waits"):
        monkeypatch.setattr(f"tests.browser.{module}.PATIENCE_MS", 4 * PATIENCE_MS)
    expect.set_options(timeout=4 * PATIENCE_MS)
    yield
    expect.set_options(timeout=PATIENCE_MS)


@dataclass
class One:
    """A producer with his phone; `reference` of his application once he has begun it."""

    name: str
    email: str
    maker: Maker
    phone: Page
    reference: str = ""


@dataclass
class Whole:
    """What the steps of the fair share."""

    desk: Page
    ones: list[One]
    axe: Callable[[Page], None]
    fits: Callable[[Page], None]
    slug: str = ""
    at: dict[str, list[One]] = field(default_factory=dict)

    @property
    def office(self) -> str:
        return f"/office/exhibitions/{self.slug}"

    def good(self, page: Page) -> None:
        """The page fits its window and axe finds nothing."""
        self.fits(page)
        self.axe(page)

    def open(self, part: str = "") -> Page:
        self.desk.goto(f"{self.office}/{part}" if part else self.office)
        return self.desk


@pytest.fixture
def whole(
    live_server: LiveServer, open_page: Callable[..., Page], axe: Any, fits: Any, tmp_path: Any
) -> Iterator[Whole]:
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        commune = str(live_server.user("locality_officer")["scope"]).partition(":")[2]
        ones = []
        for n, name in enumerate(NAMES):
            # No paper of the producer is written down, and his row says none.
            maker = make_maker(name, stars=3 + n % 3, commune_code=commune, food_until=None)
            email = f"hoi-cho-{n}@example.vn"
            own = (Role.PRODUCER_OWNER, f"producer:{maker.row.id}")
            user = people.make_user(f"Chủ {name}", own, email=email)
            with transaction():
                user.password_hash = passwords.hash_of(PASSWORD)
            phone = open_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
            ones.append(One(name, email, maker, phone))
        yield Whole(open_page(), ones, axe, fits)
        session().close()
        db.engine.dispose()


def write(form: Locator, **values: Any) -> None:
    """Fill the fields of a form by their names."""
    for name, value in values.items():
        form.locator(f"[name='{name}']").fill(str(value))


def day(distance: int) -> str:
    """The day so many days from today, as a field of a form has it."""
    return (clock.today() + distance * DAY).isoformat()


@pytest.mark.timeout(1500)  # it plays a whole fair, after the seeding of every browser test
def test_a_whole_fair(
    live_server: LiveServer, whole: Whole, open_page: Callable[..., Page], sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(whole.desk, "promotion_staff")
    _prepare(whole)
    for n, one in enumerate(whole.ones):
        _apply(whole, one, look=n == 0)
    officer = open_page()
    sign_in(officer, "locality_officer")
    _endorse(whole, officer)
    _allot(whole)
    _draw_is_right(whole, open_page(viewport=PHONE))
    _goods(whole)
    till = _till(whole, open_page(viewport=PHONE, has_touch=True, is_mobile=True))
    _sell_out(whole, till)
    _replenish(whole, till)
    _visitors(whole, open_page(viewport=PHONE, has_touch=True, is_mobile=True))
    _sell_on(whole, till)
    _close(whole)
    _report(whole, open_page(viewport=PHONE))
    found = live_server.audit()
    assert found["ok"], [c for c in found["checks"] if not c["ok"]]


# --- 1: the fair, its plan, its call ----------------------------------------------------------------------------------


def _prepare(whole: Whole) -> None:
    desk = whole.desk
    desk.goto("/office/exhibitions/new")
    form = desk.locator("form:has([data-testid=fair-create])")
    write(
        form, name=FAIR, from_on=day(1), last_on=day(2), day_opens="00:00", day_closes="24:00", venue="Quảng trường 30/10",
        call_from_on=day(-1), call_last_on=day(0), call_text="Mời các cơ sở OCOP đăng ký gian.",
    )  # fmt: skip
    form.locator("[name=home_point_id]").select_option(index=1)
    desk.get_by_test_id("fair-create").click()
    expect(desk.get_by_test_id("fair-state")).to_be_visible()
    whole.slug = desk.url.rsplit("/", 1)[-1]
    whole.good(desk)

    kinds = whole.open("plan/kinds")
    write(kinds.locator("#zone"), code="T", name="Khu trong tỉnh")
    with leaves(kinds):
        kinds.get_by_role("button", name="Lưu khu").click()
    for name, makers in (("Gian chuẩn", 1), ("Gian chung", 2)):
        form = kinds.locator("#type")
        if not form.is_visible():
            kinds.get_by_text("Thêm loại gian", exact=True).click()
        write(form, name=name, makers=makers, fee_amount="2.000.000", subsidy_percent=50)
        form.locator("[name=subsidy_for]").select_option("province")
        kinds.get_by_role("button", name="Lưu loại gian").click()
        expect(kinds.get_by_role("rowheader", name=name)).to_be_visible()

    plan = whole.open("plan")
    plan.locator("#plan-one ~ details > summary").first.click()
    plan.locator("#p-zone").select_option(index=1)
    for name, first, count, x in (("Gian chuẩn", "A1", "2", "2"), ("Gian chung", "B1", "1", "10")):
        plan.locator("#p-type").select_option(label=name)
        for where, value in {"#r-first": first, "#r-count": count, "#r-x": x, "#r-y": "2"}.items():
            plan.locator(where).fill(value)
        plan.get_by_test_id("plan-row-make").click()
    plan.get_by_test_id("plan-save").click()
    expect(plan.get_by_test_id("plan-said")).to_have_text("Đã lưu sơ đồ.")
    whole.good(plan)

    budget = whole.open("budget")
    write(budget.locator("#budget-line"), name="Thuê nhà bạt", planned_amount="50.000.000", actual_amount="48.000.000")
    budget.get_by_role("button", name="Lưu khoản").click()
    expect(budget.get_by_role("rowheader", name="Thuê nhà bạt")).to_be_visible()

    fair = whole.open()
    fair.get_by_test_id("fair-announce").click()
    fair.get_by_test_id("fair-announce-yes").click()
    expect(fair.get_by_text("Đã công bố hội chợ.")).to_be_visible()


# --- 2: producers apply, booths are given out -------------------------------------------------------------------------


def _apply(whole: Whole, one: One, *, look: bool) -> None:
    """A producer signs in on his phone and hands in an application; with `look` every page is looked at."""
    phone = one.phone
    phone.goto("/dang-nhap")
    phone.locator("input[name=username]").fill(one.email)
    phone.locator("input[name=password]").fill(PASSWORD)
    phone.locator("form:has(input[name=password]) button").first.click()
    phone.wait_for_url(lambda url: "/dang-nhap" not in url)
    phone.goto(f"/producer/fairs/call/{whole.slug}")
    phone.get_by_test_id("start-application").click()
    steps: tuple[tuple[dict[str, str], str], ...] = (
        ({f"#f-wanted-{one.maker.variant.id}": "12"}, "save-goods"),
        ({}, "save-place"),
        ({"#f-contact_name": one.name, "#f-contact_phone": "0912 345 678"}, "save-contact"),
    )
    for fields, button in steps:
        expect(phone.get_by_test_id(button)).to_be_visible()
        for name, value in fields.items():
            phone.locator(name).fill(value)
        if look:
            whole.good(phone)
        phone.get_by_test_id(button).click()
    phone.get_by_test_id("submit-application").click()
    expect(phone.get_by_test_id("application-state")).to_have_text("Đã nộp, chờ duyệt")
    one.reference = phone.url.rsplit("/", 1)[-1]


def _endorse(whole: Whole, officer: Page) -> None:
    officer.goto(f"/office/endorsements/{whole.ones[0].reference}")
    officer.locator("input[name=answer][value=yes]").check()
    officer.locator("[name=word]").fill("Hàng ngon có tiếng của phường.")
    officer.get_by_test_id("endorse").click()
    expect(officer.get_by_text("Đã ghi ý kiến của địa phương.")).to_be_visible()


def _allot(whole: Whole) -> None:
    """Papers are looked at; the draw alone decides; tried, published before the call is over; the fair is moved."""
    for one in whole.ones:
        desk = whole.open(f"applications/{one.reference}")
        if desk.get_by_test_id("papers-fitting").count():
            desk.get_by_test_id("papers-fitting").click()
        else:
            desk.locator("select[name=papers]").first.select_option("good")
            desk.locator("[name^=finding-]").first.fill("đã xem bản gốc")
            desk.get_by_test_id("papers-save").first.click()
        expect(desk.get_by_text("Giấy tờ hợp lệ").first).to_be_visible()
    desk = whole.open("allot")
    for name, weight in (("stars", "0"), ("past", "0"), ("draw", "100")):
        desk.locator(f"#f-{name}").fill(weight)
    desk.get_by_test_id("rule-try").click()
    expect(desk.get_by_test_id("compared")).to_be_visible()
    with leaves(desk):
        desk.get_by_test_id("rule-save").click()
    expect(desk.get_by_test_id("compared")).to_have_count(0)
    whole.good(desk)
    desk.locator("[name=early]").check()
    desk.get_by_test_id("publish").click()
    expect(desk.get_by_text("Đã công bố kết quả xếp gian").first).to_be_visible()

    desk = whole.open()
    form = desk.locator("form:has([data-testid=fair-save])")
    write(form, from_on=day(-1), last_on=day(0), call_from_on=day(-5), call_last_on=day(-2))
    desk.get_by_test_id("fair-save").click()
    expect(desk.get_by_text("Đã lưu.")).to_be_visible()


def _draw_is_right(whole: Whole, visitor: Page) -> None:
    """Anybody can work the draw out anew from what the page says."""
    visitor.goto(f"/hoi-cho/{whole.slug}/rut-tham")
    whole.good(visitor)
    main = visitor.get_by_role("main")
    sealed, seed = (main.locator("p > code").nth(n).inner_text() for n in (0, 1))
    assert hashlib.sha256(seed.encode()).hexdigest() == sealed
    drawn = {one.reference: hashlib.sha256((seed + one.reference).encode()).hexdigest() for one in whole.ones}
    # The smallest number first: the booths of one's own as the plan counts them, then the shared one.
    ordered = sorted(drawn, key=lambda reference: drawn[reference])
    wanted = [
        (str(rank), reference, drawn[reference][:8], f"gian {booth}")
        for rank, (reference, booth) in enumerate(zip(ordered, ("A1", "A2", "B1", "B1"), strict=True), 1)
    ]
    rows = visitor.locator("table tbody tr").all()
    shown = [[cell.inner_text().strip() for cell in row.locator("th, td").all()] for row in rows]
    assert [(cells[0], cells[1], cells[4], cells[5]) for cells in shown] == wanted
    by_reference = {one.reference: one for one in whole.ones}
    for _rank, reference, _number, booth in wanted:
        whole.at.setdefault(booth.removeprefix("gian "), []).append(by_reference[reference])


# --- 3: booths, goods, opening ----------------------------------------------------------------------------------------


def _goods(whole: Whole) -> None:
    """Booths become points of sale; producers commit; papers are made; goods are counted in; the fair opens."""
    desk = whole.open("booths")
    desk.get_by_test_id("prepare").click()
    expect(desk.get_by_text("Gian chưa có điểm bán").first).to_be_visible()
    for n, one in enumerate(whole.ones):
        one.phone.goto(f"/producer/fairs/goods/{one.reference}")
        one.phone.locator("input[name^='units-']").fill(str(BROUGHT))
        if n == 0:
            whole.good(one.phone)
        one.phone.get_by_test_id("commit").click()
        expect(one.phone.get_by_text("Đã ghi lời hứa của bạn.")).to_be_visible()
    desk = whole.open("goods")
    whole.good(desk)
    desk.get_by_test_id("send-all").click()
    expect(desk.get_by_text("Đã lập phiếu cho 4 cơ sở.")).to_be_visible()
    papers = [link.get_attribute("href") or "" for link in desk.locator("#phieu tbody th a").all()]
    assert len(papers) == 4
    for paper in papers:
        _receive(desk, paper, BROUGHT)
    desk = whole.open("booths")
    # The fair opens by itself when its day has come; whoever is quicker opens it.
    if desk.get_by_test_id("open-fair").count():
        desk.get_by_test_id("open-fair").click()
    expect(desk.get_by_test_id("fair-state")).to_have_text("Đang diễn ra")


def _receive(page: Page, paper: str, units: int) -> None:
    """Count goods in by their paper."""
    page.goto(paper)
    page.locator("input[name^='quantity-']").fill(str(units))
    page.get_by_test_id("receive").click()
    expect(page.get_by_text("Đã nhập hàng vào kho.")).to_be_visible()


# --- 4: two days ------------------------------------------------------------------------------------------------------


def _till(whole: Whole, page: Page) -> Till:
    """The producer of A1 stands at his own counter, with a machine that is tied by the office's code."""
    (one,) = whole.at["A1"]
    desk = whole.open("booths")
    desk.get_by_test_id("machines").click()
    form = desk.locator("form:has([data-testid=keeper])")
    form.locator("[name=code]").select_option("A1")
    form.locator("[name=user]").select_option(label=f"Chủ {one.name} · {one.name}")
    desk.get_by_test_id("keeper").click()
    expect(desk.get_by_text("Đã giao quầy của gian A1.")).to_be_visible()
    one.phone.goto("/office/tills/pin")
    one.phone.locator("[name=pin]").fill(PIN)
    one.phone.locator("[name=again]").fill(PIN)
    one.phone.locator("form:has([name=again]) button[type=submit]").click()
    expect(one.phone.locator("[name=pin]")).to_have_value("")
    desk.get_by_test_id("codes").click()
    sheet = desk.get_by_test_id("booth-code").filter(has_text="Gian A1")
    code = sheet.locator(".reference").inner_text().strip()

    yesterday = datetime.combine(clock.today() - DAY, time(15, 0), tzinfo=clock.VIETNAM)
    page.clock.set_fixed_time(yesterday)
    page.goto(f"/till#code={code}")
    till = Till(page, None)  # type: ignore[arg-type] - the office of this fair is a page
    till.opened()
    page.get_by_role("button", name="Ghi danh máy").click()
    expect(page.get_by_label("Mã PIN")).to_be_visible()
    till.held()
    till.enter().start()
    till.synced()
    whole.good(page)
    return till


def _sell_out(whole: Whole, till: Till) -> None:
    """Off line: two packs on the first day, the last on the second; then somebody asks in vain. The board learns of it all."""
    (one,) = whole.at["A1"]
    sku, page = one.maker.variant.sku, till.page
    board = whole.open("board")
    tiles = board.locator("[data-live-body] .tile-figure")
    expect(tiles.nth(1)).to_have_text("0 ₫")
    page.context.set_offline(True)
    till.sell(sku, sku)
    page.clock.set_fixed_time(clock.now())
    till.sell(sku)
    page.get_by_role("button", name="Trình đơn").click()
    page.get_by_role("button", name="Khách hỏi, không có").click()
    page.get_by_test_id("till-ask").fill("mắm tép đồng")
    page.get_by_test_id("till-ask-many").fill("2")
    page.get_by_test_id("till-ask-many").press("Enter")
    expect(till.status()).to_contain_text("3 chờ gửi")
    expect(tiles.nth(1)).to_have_text("0 ₫")
    page.context.set_offline(False)
    till.synced()
    expect(tiles.nth(0)).to_have_text("120.000 ₫")
    expect(tiles.nth(1)).to_have_text("360.000 ₫")
    body = board.locator("[data-live-body]")
    empty = body.locator("section").filter(has=board.get_by_role("heading", name="Gian hết hàng"))
    expect(empty.get_by_role("listitem")).to_contain_text(["A1"])
    expect(body.get_by_text("mắm tép đồng")).to_be_visible()
    whole.good(board)


def _replenish(whole: Whole, till: Till) -> None:
    """The office asks the producer for more; he says yes on his phone and counts it in at his counter."""
    (one,) = whole.at["A1"]
    desk = whole.open("more?booth=A1")
    desk.locator("#f-units").fill(str(MORE))
    desk.locator("input[name=source][value=ask]").check()
    desk.get_by_test_id("ask-more").click()
    expect(desk.get_by_text("Đã gửi").first).to_be_visible()
    phone = one.phone
    phone.goto(f"/producer/fairs/goods/{one.reference}")
    phone.get_by_role("link", name="Trả lời").click()
    phone.locator("input[name^='reply-'][value=accepted]").check()
    whole.good(phone)
    phone.get_by_test_id("answer").click()
    expect(phone.get_by_text("Hàng đã được ghi vào lịch giao.")).to_be_visible()
    delivery = phone.locator("a[href*='/producer/deliveries/']").last.inner_text().strip()
    _receive(phone, f"/office/receipts/{delivery}", MORE)
    whole.good(phone)
    board = whole.open("board")
    body = board.locator("[data-live-body]")
    empty = body.locator("section").filter(has=board.get_by_role("heading", name="Gian hết hàng"))
    expect(empty).to_contain_text("Không gian nào.")


def _visitors(whole: Whole, phone: Page) -> None:
    """Whoever stands at the gate taps."""
    phone.context.add_cookies(whole.desk.context.cookies())  # type: ignore[arg-type]
    phone.goto(f"{whole.office}/count")
    whole.good(phone)
    for n in (10, 5, 1):
        phone.get_by_test_id(f"tap-{n}").tap()
    expect(phone.get_by_test_id("here-today")).to_have_text("16")


def _sell_on(whole: Whole, till: Till) -> None:
    """Two of the new packs are sold, on line; the drawer is counted and the session closed."""
    (one,) = whole.at["A1"]
    page = till.page
    page.reload()
    till.opened()
    # It asks for the PIN again, or stands as it was left.
    expect(page.get_by_label("Mã PIN").or_(page.get_by_test_id("till-search")).first).to_be_visible()
    if page.get_by_label("Mã PIN").is_visible():
        till.enter()
    till.sell(one.maker.variant.sku, one.maker.variant.sku)
    till.synced()
    board = whole.open("board")
    expect(board.locator("[data-live-body] .tile-figure").nth(1)).to_have_text("600.000 ₫")
    page.get_by_role("button", name="Trình đơn").click()
    page.get_by_role("button", name="Đóng ca").first.click()
    page.get_by_test_id("till-count-500000").fill("2")
    page.get_by_test_id("till-count-100000").fill("1")
    page.get_by_test_id("till-close").click()
    page.locator("dialog[open]").get_by_role("button", name="Đóng ca").click()
    expect(page.get_by_text("Chưa gửi về máy chủ.")).to_have_count(0)


# --- 5: the end -------------------------------------------------------------------------------------------------------


def _count(page: Page, left: int) -> None:
    """Count a booth whose closing has begun: so many of each pack."""
    page.get_by_test_id("count-start").click()
    expect(page.get_by_test_id("count-submit")).to_be_visible()
    for line in page.locator("input[name^='counted-']").all():
        line.fill(str(left))
    page.get_by_test_id("count-submit").click()
    expect(page.get_by_test_id("booth-step")).to_contain_text("Chờ chuyển hàng về")


def _close(whole: Whole) -> None:
    """A1 is counted, emptied and signed by both sides; of the others nobody is there any more, and the list closes them."""
    (one,) = whole.at["A1"]
    desk, phone = whole.desk, one.phone
    whole.open("close/A1")
    desk.get_by_test_id("begin").click()
    _count(desk, MORE - 2)
    desk.get_by_test_id("home").click()
    desk.get_by_test_id("sheet").click()
    form = desk.locator("form.sign", has=desk.locator("input[name=side][value=staff]"))
    form.get_by_label("Họ tên người ký").fill("Đỗ Thị Xuân")
    draw(desk, form)
    form.get_by_test_id("sign-staff").click()
    expect(desk.locator(".signature path")).to_have_count(1)
    whole.good(desk)
    phone.goto("/producer/fairs/sheets")
    phone.get_by_role("link", name=FAIR).click()
    own = phone.locator("form.sign")
    own.get_by_label("Họ tên người ký").fill(f"Chủ {one.name}")
    draw(phone, own)
    own.get_by_test_id("sign-producer").click()
    expect(phone.get_by_test_id("sheet-step")).to_contain_text("Đã chốt")
    expect(phone.get_by_role("main")).to_contain_text("600.000")
    whole.good(phone)

    def of_both(do: str) -> None:
        whole.open("close")
        for code in ("A2", "B1"):
            desk.get_by_role("checkbox", name=f"Chọn {code}").check()
        if do == "freeze":
            desk.locator("#f-reason").fill("cơ sở đã về sớm")
        with leaves(desk):
            desk.locator(f"button[name=do][value={do}]").click()
        expect(desk.get_by_test_id("outcomes")).to_have_count(0)

    of_both("begin")
    for code in ("A2", "B1"):
        whole.open(f"close/{code}")
        _count(desk, BROUGHT)
    of_both("home")
    of_both("freeze")
    expect(desk.get_by_text("Đã chốt 3/3 gian")).to_be_visible()
    whole.good(desk)
    desk.get_by_test_id("finish").click()
    expect(desk.get_by_test_id("fair-state")).to_contain_text("Đã chốt sổ")


# --- 6: the report ----------------------------------------------------------------------------------------------------


def _report(whole: Whole, visitor: Page) -> None:
    """It says what was sold, on which day, and what was wanting; frozen, the public reads it."""
    (one,) = whole.at["A1"]
    desk = whole.open("report")
    main = desk.get_by_role("main")
    turnover = desk.locator(".tile").filter(has_text="Doanh thu toàn hội chợ")
    expect(turnover).to_contain_text("600.000")
    expect(desk.locator("#bang-day")).to_contain_text(re.compile(r"240\.000.*360\.000", re.S))
    expect(desk.locator("#bang-producer")).to_contain_text(one.name)
    expect(desk.locator("#bang-shortage")).to_contain_text("mắm tép đồng")
    expect(main).to_contain_text("16")
    whole.good(desk)
    desk.get_by_test_id("freeze-report").click()
    expect(desk.get_by_test_id("report-state")).to_contain_text("Đã chốt")
    visitor.goto(f"/hoi-cho/{whole.slug}/ket-qua")
    expect(visitor.get_by_role("main")).to_contain_text("600.000")
    whole.good(visitor)
    session().rollback()
    fair = session().query(Exhibition).filter_by(slug=whole.slug).one()
    assert session().query(Application).filter_by(exhibition_id=fair.id).count() == len(NAMES)
