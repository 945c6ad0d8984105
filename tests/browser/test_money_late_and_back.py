"""Money that people must look at, in browsers: a statement with a line nobody can tell, a transfer after its order lapsed, a
line that is given back with a second person's word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select, update

from shop.catalog.models import Product, Variant
from shop.checkout import services as checkout_services
from shop.checkout.services import late
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.kernel.operations import new_key
from shop.orders import services as orders
from shop.orders.models import Fulfilment, Order
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentIssue
from tests import factories
from tests.banking.conftest import statement, told
from tests.browser.test_journeys import checkout, place
from tests.browser.waits import leaves
from tests.checkout.conftest import BANK, Bench
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded

FILES = "/office/bank/files"


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run, **{name.upper(): value for name, value in BANK.items()}) as server:
        yield server


@pytest.fixture(scope="module")
def behind(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The server's database from behind: other buyers, the clock, the parcel's way."""
    app = _build(live_server.database_url, tmp_path_factory.mktemp("money"), **BANK)
    with app.app_context():
        variant, point = factories.make_variant("Mực một nắng của bàn đơn"), factories.make_point("Kho Bàn Đơn")
        factories.put_in(variant, point, 20)
        yield Bench(app, app.test_client(), variant, point)
        session().close()
        db.engine.dispose()


def shelved(name: str, quantity: int, behind: Bench, amount: int = 120_000) -> tuple[Variant, str]:
    """Goods of a test's own, and the address of their page."""
    variant = factories.make_variant(name, amount=amount)
    factories.put_in(variant, behind.point, quantity)
    product = session().get(Product, variant.product_id)
    assert product is not None
    return variant, f"/san-pham/{product.slug}"


def order_of(reference: str) -> Order:
    """The order as the database has it now."""
    session().rollback()
    session().expire_all()
    return session().query(Order).filter_by(reference=reference).one()


def payment_of(reference: str) -> Payment:
    """The order's payment as the database has it now."""
    return session().query(Payment).filter_by(order_id=order_of(reference).id).one()


def bought(page: Page, *addresses: str, phone: str = "0912 345 678") -> str:
    """One pack of each address, ordered by transfer; the order's reference."""
    for n, address in enumerate(addresses, 1):
        page.goto(address)
        page.get_by_test_id("add-to-cart").first.click()
        expect(page.get_by_test_id("cart-line")).to_have_count(n)
    checkout(page, payment="vietqr", phone=phone)
    reference = place(page)
    expect(page.get_by_test_id("vietqr-image")).to_be_visible()
    return reference


def lapsed(reference: str) -> None:
    """The order's time to pay is over; its goods are on the shelf again."""
    order = order_of(reference)
    with transaction() as s:
        s.execute(update(Order).where(Order.id == order.id).values(pay_until=clock.now() - timedelta(minutes=1)))
    checkout_services.cancel_overdue()


def sent_statement(desk: Page, *rows: Any) -> None:
    """The clerk sends a statement and has its lines written."""
    desk.goto(FILES)
    own = desk.locator("#f-account option").filter(has_text=BANK["bank_account"][-4:])
    desk.locator("#f-account").select_option(own.get_attribute("value"))
    file = {"name": "sao-ke.csv", "mimeType": "text/csv", "buffer": statement(*rows)}
    desk.locator("#f-file").set_input_files(file)  # type: ignore[arg-type]
    with leaves(desk):
        desk.get_by_test_id("upload").click()
    expect(desk.get_by_test_id("file-state")).to_contain_text("Đã kiểm tra")
    expect(desk.get_by_test_id("apply")).to_contain_text(f"Ghi {len(rows)} dòng mới")
    with leaves(desk):
        desk.get_by_test_id("apply").click()
    expect(desk.get_by_test_id("file-state")).to_contain_text("Đã ghi")


def row_of(page: Page, text: str) -> Locator:
    """The row of a list that says this."""
    return page.locator("main tbody tr").filter(has_text=text)


def said_yes(page: Page, inside: Page | Locator, name: str) -> None:
    """Say yes to a question that is open, and wait for the page that follows."""
    with leaves(page):
        inside.get_by_test_id(f"{name}-yes").click()


def test_a_statement_matches_itself_and_one_click_settles_what_is_left(
    behind: Bench, page: Page, sign_in: Any, axe: Any, fits: Any
) -> None:
    placed = []
    for quantity, name, phone in ((1, "Bùi Văn Khớp", "0987 000 111"), (2, "Lương Thị Thiếu Mã", "0987 000 112")):
        buyer = behind.app.test_client()
        behind.add(quantity=quantity, client=buyer)
        placed.append(behind.placed(behind.order(client=buyer, payment="vietqr", name=name, phone=phone)).reference)
    plain, strange = placed
    code = payment_of(plain).code
    sum_of = {reference: payment_of(reference).amount for reference in placed}
    sign_in(page, "order_desk")
    memo = "LUONG THI THIEU MA tra tien muc"
    sent_statement(page, told(sum_of[plain], f"MBVCB.123 {code} chuyen tien"), told(sum_of[strange], memo))
    axe(page)
    fits(page)
    assert payment_of(plain).state == "captured"  # by itself, by its code
    page.goto("/office/bank")
    axe(page)
    expect(row_of(page, str(code))).to_have_count(0)
    waits = row_of(page, memo)
    expect(waits).to_contain_text(strange)
    expect(waits).to_contain_text("có tên người mua")
    line = waits.get_by_role("link").first.inner_text()
    with leaves(page):
        waits.get_by_test_id("offer").click()
    expect(page.get_by_text("Đã ghi vào đơn.")).to_be_visible()
    expect(row_of(page, memo)).to_have_count(0)
    assert payment_of(strange).state == "captured"
    page.goto(f"/office/bank/lines/{line}")
    expect(page.get_by_test_id("line-state")).to_contain_text("Đã ghi vào đơn")
    page.get_by_test_id("undo").click()
    said_yes(page, page, "undo")
    expect(page.get_by_text("Đã hoàn tác.")).to_be_visible()
    expect(page.get_by_test_id("line-state")).not_to_contain_text("Đã ghi vào đơn")
    expect(page.get_by_test_id("offer")).to_be_visible()  # the suggestion is there again
    assert (payment_of(strange).state, payment_of(strange).captured_amount) == ("pending", 0)
    assert order_of(strange).status == "awaiting_payment"


def test_late_money_takes_the_goods_again(
    behind: Bench, page: Page, open_page: Callable[..., Page], sign_in: Any, axe: Any
) -> None:
    _variant, address = shelved("Sá sùng đến muộn", 3, behind)
    reference = bought(page, address, phone="0987 000 211")
    lapsed(reference)
    page.reload()
    expect(page.get_by_test_id("order-status")).to_have_attribute("data-status", "cancelled")
    desk = open_page()
    sign_in(desk, "order_desk")
    sent_statement(desk, told(payment_of(reference).amount, f"{payment_of(reference).code} tra tien sa sung"))
    page.reload()
    expect(page.get_by_test_id("payment-status")).to_contain_text("Đã thanh toán")
    expect(page.get_by_test_id("order-status")).to_have_attribute("data-status", "placed")
    expect(page.get_by_test_id("late-money")).to_have_count(0)
    axe(page)


def test_late_money_without_goods_waits_for_a_person_and_goes_back(
    behind: Bench, page: Page, open_page: Callable[..., Page], sign_in: Any, axe: Any, fits: Any
) -> None:
    variant, address = shelved("Hộp quà cuối cùng", 1, behind)
    reference = bought(page, address, phone="0987 000 311")
    lapsed(reference)
    other = behind.app.test_client()
    behind.add(variant, client=other)
    behind.placed(behind.order(client=other, phone="0987 000 312"))
    desk = open_page()
    sign_in(desk, "order_desk")
    payment = payment_of(reference)
    sent_statement(desk, told(payment.amount, f"{payment.code} tra tien hop qua"))
    page.reload()
    expect(page.get_by_test_id("order-status")).to_have_attribute("data-status", "cancelled")
    expect(page.get_by_test_id("late-money")).to_contain_text("Cửa hàng tìm hàng cho bạn đến")
    axe(page)
    fits(page)
    desk.goto("/office/payments/issues")
    case = row_of(desk, reference)
    expect(case).to_contain_text("Đã trả tiền nhưng hết hàng")
    expect(case.locator("td").nth(2)).to_contain_text(re.compile(r"\d\d/\d\d/\d{4}"))  # its last moment
    expect(case.get_by_test_id("owner")).to_be_visible()
    axe(desk)
    case.get_by_test_id("issue-retake").click()
    said_yes(desk, case, "issue-retake")
    expect(desk.get_by_text("Nơi gửi vẫn chưa đủ hàng cho đơn này.")).to_be_visible()
    expect(row_of(desk, reference)).to_have_count(1)
    with transaction() as s:
        case_of = PaymentIssue.key == late.key_of(payment.id)
        s.execute(update(PaymentIssue).where(case_of).values(due_at=clock.now()))
    late.give_back_overdue()
    page.reload()
    expect(page.get_by_test_id("late-money")).to_have_count(0)
    expect(page.get_by_test_id("payment-status")).to_have_attribute("data-status", "refund_pending")
    desk.goto("/office/payments/issues")
    expect(row_of(desk, reference)).to_have_count(0)
    desk.goto("/office/payments/refunds")
    back = row_of(desk, reference)
    back.get_by_test_id("refund-done").click()
    back.locator("[name=bank_reference]").fill("HOAN-MUON-1")
    said_yes(desk, back, "refund-done")
    page.reload()
    expect(page.get_by_test_id("payment-status")).to_have_attribute("data-status", "refunded")
    assert (payment_of(reference).captured_amount, payment_of(reference).refunded_amount) == (payment.amount,) * 2


def test_a_dear_line_goes_back_with_a_second_persons_word(
    behind: Bench, page: Page, open_page: Callable[..., Page], sign_in: Any, axe: Any, fits: Any
) -> None:
    _dear, dear_address = shelved("Hải sâm khô thượng hạng", 2, behind, 6_500_000)
    _cheap, cheap_address = shelved("Chả mực đi kèm", 2, behind, 150_000)
    reference = bought(page, dear_address, cheap_address, phone="0987 000 411")
    order = order_of(reference)
    payments.confirm_transfer(SYSTEM, payment_of(reference).id, order.total_amount, "FT-HAI-SAM", new_key())
    orders.confirm(SYSTEM, order.id)
    for parcel in session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order.id)).all():
        orders.pack(SYSTEM, parcel)
        orders.hand_over(SYSTEM, parcel, carrier="Bưu điện")
        orders.deliver(SYSTEM, parcel)
    desk, boss = open_page(), open_page()
    sign_in(desk, "order_desk")
    desk.goto(f"/office/orders/{reference}")
    with leaves(desk):
        desk.get_by_test_id("return").click()
    units = row_of(desk, "Hải sâm khô").locator("input[name^=units-]")
    units.fill("2")
    desk.locator("#f-why").select_option("damaged")
    desk.locator("#f-note").fill("Hộp bị ẩm mốc khi mở")
    with leaves(desk):
        desk.get_by_test_id("make-return").click()
    expect(desk.get_by_test_id("error").first).to_be_visible()
    expect(desk.locator("#f-note")).to_have_value("Hộp bị ẩm mốc khi mở")  # the form is kept
    units.fill("1")
    axe(desk)
    with leaves(desk):
        desk.get_by_test_id("make-return").click()
    expect(desk.get_by_test_id("return-state")).to_contain_text("Chờ người thứ hai duyệt")
    expect(desk.get_by_text("Cần một người khác duyệt", exact=True)).to_be_visible()
    expect(desk.get_by_test_id("refund-agree")).to_have_count(0)
    sign_in(boss, "administrator")
    boss.goto(desk.url)
    boss.get_by_test_id("refund-agree").click()
    said_yes(boss, boss, "refund-agree")
    expect(boss.get_by_test_id("return-state")).to_contain_text("Đang hoàn")
    page.reload()
    shown = page.get_by_test_id("returned")
    expect(shown).to_contain_text("6.500.000")
    expect(shown).to_contain_text("1 × Hải sâm khô thượng hạng")
    expect(shown).to_contain_text("Hộp bị ẩm mốc khi mở")
    expect(shown).to_contain_text("Tiền đang trên đường")
    fits(page)
    axe(page)
    desk.reload()
    desk.get_by_test_id("refund-done").click()
    desk.locator("[name=bank_reference]").fill("HOAN-HAI-SAM")
    said_yes(desk, desk, "refund-done")
    expect(desk.get_by_test_id("return-state")).to_contain_text("Đã hoàn")
    page.reload()
    expect(page.get_by_test_id("returned")).to_contain_text("Tiền đã được gửi đi")
    assert payment_of(reference).refunded_amount == 6_500_000
