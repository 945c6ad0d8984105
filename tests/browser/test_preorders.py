"""A harvest on a phone: a window, pre-orders, a shortfall, the rule previewed, the run, letters and refunds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop.catalog import queries as catalog
from shop.catalog.models import Product, Variant
from shop.kernel import clock, operations
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session
from shop.orders.models import DeliveryKind, Order, PaymentMethod
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.points import queries as points
from shop.preorders.models import HarvestWindow, Preorder
from shop.preorders.services import places, windows
from shop.preorders.services.places import Wish
from shop.preorders.services.windows import Terms
from shop.preorders.sharing import Rule
from tests import factories
from tests.browser.waits import until
from tests.checkout.conftest import BANK
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    bank = {"BANK_BIN": "970436", "BANK_ACCOUNT": "9889559357", "BANK_ACCOUNT_NAME": "CHO BEN"}
    with LiveServer.on_copy(seeded, run, **bank) as server:
        yield server


@pytest.fixture
def shop(live_server: LiveServer, tmp_path: Any) -> Iterator[Any]:
    """The server's database from behind: an open window of the producer whose owner has a log-in."""
    app = _build(live_server.database_url, tmp_path, **BANK)
    with app.app_context():
        yield _window(int(live_server.user("producer_owner")["scope"].partition(":")[2]))
        session().close()
        db.engine.dispose()


def _window(producer_id: int) -> tuple[str, int, int]:
    """(reference, variant, point) of a window for three units a house, drawn by proportion."""
    mine = session().scalars(
        select(Variant.id).join(Product).where(Product.producer_id == producer_id, Product.is_alcohol.is_(False))
    )
    goods = catalog.sellable(list(mine), clock.now())
    variant_id = next(i for i, g in sorted(goods.items()) if g.refusal is None)
    point, today = points.pickup_points()[0], clock.today()
    terms = Terms(
        variant_id=variant_id, point_id=point.id, pickup_ids=(point.id,), ships=False, low=5, high=20, limit_units=8,
        opens_at=clock.now() - timedelta(hours=1), closes_at=clock.now() + timedelta(days=5), harvest_from=today,
        harvest_to=today + timedelta(days=9), delivery_from=today, delivery_to=today + timedelta(days=12),
        price_low_amount=200_000, price_high_amount=240_000, deposit_percent=25, household_limit=4, rule=Rule.PRO_RATA,
    )  # fmt: skip
    reference = windows.draft(SYSTEM, producer_id, terms, operations.new_key())
    windows.approve(SYSTEM, reference, operations.new_key())
    return reference, variant_id, point.id


def _another(reference: str, point_id: int) -> None:
    """Somebody else pre-orders four and pays."""
    wish = Wish(
        quantity=4, name="Trần Văn Ổi", phone="+84987654321", email="oi@example.vn", delivery=DeliveryKind.PICKUP,
        rest=PaymentMethod.COD, payment=PaymentMethod.VIETQR, point_id=point_id,
    )  # fmt: skip
    placed = places.place(SYSTEM, reference, wish, None, op_key=operations.new_key(), owner="other", locale="vi")
    _paid(placed.deposit_reference or "")


def _paid(deposit: str) -> None:
    """The bank has the deposit."""
    session().rollback()
    row = session().query(Order).filter_by(reference=deposit).one()
    payment = session().query(Payment).filter_by(order_id=row.id).one()
    payments.confirm_transfer(SYSTEM, payment.id, payment.amount, f"FT{row.id:08d}", operations.new_key())


def test_from_window_to_shortfall_to_letters_and_refunds(
    live_server: LiveServer, shop: Any, open_page: Callable[..., Page], phone: Page, sign_in: Any, axe: Any, fits: Any
) -> None:
    reference, variant_id, point_id = shop
    phone.goto("/mua-vu")
    fits(phone)
    axe(phone)
    phone.locator(f"a[href='/mua-vu/{reference}']").first.click()
    fits(phone)
    axe(phone)
    expect(phone.get_by_test_id("window-state")).to_have_text("Đang nhận đặt trước")
    phone.get_by_test_id("preorder-now").click()
    fits(phone)
    axe(phone)
    phone.locator("#f-quantity").fill("4")
    phone.locator("#f-name").fill("Nguyễn Thị Na")
    phone.locator("#f-phone").fill("0912 345 678")
    phone.get_by_test_id("place-preorder").click()
    expect(phone.get_by_text("Hãy cho biết thư điện tử").first).to_be_visible()
    fits(phone)
    axe(phone)
    phone.locator("#f-email").fill("na@example.vn")
    phone.locator("#f-point").select_option(index=1)
    phone.locator("input[name=payment][value=vietqr]").check()
    phone.locator("input[name=rest][value=cod]").check()
    phone.get_by_test_id("place-preorder").click()
    expect(phone.get_by_test_id("vietqr-image")).to_be_visible()
    fits(phone)
    axe(phone)
    deposit = phone.get_by_test_id("order-reference").inner_text()
    phone.get_by_test_id("preorder").click()
    expect(phone.get_by_test_id("pay-deposit")).to_be_visible()
    fits(phone)
    axe(phone)
    mine = phone.get_by_test_id("preorder-reference").inner_text()
    _paid(deposit)
    phone.reload()
    expect(phone.get_by_test_id("preorder-state")).to_have_attribute("data-state", "confirmed")
    _another(reference, point_id)

    owner = open_page()
    sign_in(owner, "producer_owner")
    owner.goto(f"/producer/preorders/{reference}")
    axe(owner)
    owner.get_by_test_id("window-close").click()
    owner.get_by_test_id("window-close-yes").click()
    owner.locator("#f-harvested").fill("5")
    owner.locator("#f-final_price_amount").fill("220.000")
    owner.get_by_test_id("window-harvest").click()
    expect(owner.get_by_text("Đã ghi sản lượng và giá")).to_be_visible()
    axe(owner)

    desk = open_page()
    sign_in(desk, "promotion_staff")
    desk.goto(f"/office/preorders/{reference}")
    axe(desk)
    desk.get_by_test_id("window-share").click()
    expect(desk.get_by_test_id("shares")).to_contain_text(mine)
    axe(desk)
    owned = f"producer:{session().query(HarvestWindow).filter_by(reference=reference).one().producer_id}"
    variant = session().get(Variant, variant_id)
    point = points.by_ids([point_id])[point_id]
    factories.put_in(variant, point, 5, owner=owned, lot_code="VU-MOI")  # type: ignore[arg-type]
    desk.reload()
    desk.get_by_test_id("share-run").click()
    expect(desk.get_by_text("Đã chia 5 phần, tạo 2 đơn")).to_be_visible()
    axe(desk)

    phone.reload()
    expect(phone.get_by_test_id("outcome")).to_contain_text("Bạn nhận 3 trên 4 phần")
    expect(phone.get_by_test_id("deposit-back")).to_contain_text("50.000")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("goods-order").click()
    expect(phone.get_by_test_id("order-total")).to_contain_text("510.000")  # 3 × 220.000 − 150.000
    fits(phone)
    axe(phone)

    def told() -> list[str]:
        return [str(m["subject"]) for m in live_server.letters() if m["to"] == "na@example.vn"]

    until(lambda: any(mine in s and "Kết quả chia hàng" in s for s in told()), "the letter that tells the result")

    def paid_back() -> bool:
        session().rollback()
        row = session().query(Preorder).filter_by(reference=mine).one()
        return bool(row.sent_amount == row.back_amount == 50_000)

    until(paid_back, "the deposit, sent back")
