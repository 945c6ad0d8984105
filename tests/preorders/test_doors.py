"""The pages of windows and pre-orders as people without JavaScript use them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.kernel.db import session
from shop.kernel.mail import Letter
from shop.orders.models import Order
from shop.preorders.models import HarvestWindow, Preorder, S, W
from shop.preorders.services import places, windows
from tests.people import sign_in
from tests.preorders.conftest import MAKER, OFFICE, Orchard, Rule, broken, claim, in_days, key, refunded, row, work
from tests.statements import statements


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def filled(orchard: Orchard, **more: Any) -> dict[str, Any]:
    """A window as a producer types it."""
    return {
        "variant": str(orchard.variant.id), "low": "10", "high": "30", "limit_units": "15", "household_limit": "4",
        "opens_on": in_days(0).isoformat(), "closes_on": in_days(10).isoformat(),
        "harvest_from": in_days(0).isoformat(), "harvest_to": in_days(25).isoformat(),
        "delivery_from": in_days(22).isoformat(), "delivery_to": in_days(30).isoformat(),
        "price_low_amount": "100.000", "price_high_amount": "120.000", "deposit_percent": "20",
        "point": orchard.point.slug, "pickup": orchard.point.slug, "ships": "1", "rule": "first_come",
    } | more  # fmt: skip


def typed(orchard: Orchard, **more: Any) -> dict[str, Any]:
    """The form of a buyer who collects the goods."""
    return {
        "quantity": "3", "name": "Nguyễn Thị Na", "phone": "0912 345 678", "email": "na@example.vn", "delivery": "pickup",
        "point": orchard.point.slug, "payment": "vietqr", "rest": "cod", "on_short": "refund",
    } | more  # fmt: skip


def test_from_the_producers_draft_to_the_buyers_order(orchard: Orchard) -> None:
    app = orchard.app
    maker, office, buyer = app.test_client(), app.test_client(), app.test_client()
    sign_in(maker, (Role.PRODUCER_LISTINGS, f"producer:{orchard.producer.id}"))
    sign_in(office, Role.PROMOTION_STAFF)
    # The producer drafts and sends.
    new = "/producer/preorders/new"
    wrong = maker.fill(new, form=new, **filled(orchard, low="40", note="Na chín cây"))
    assert wrong.status_code == 422
    assert "Số ít nhất không thể lớn hơn" in text_of(wrong)
    assert "Na chín cây" in text_of(wrong)
    made = maker.fill(new, form=new, **filled(orchard))
    assert made.status_code == 303
    address = made.location
    reference = address.rsplit("/", 1)[-1]
    assert maker.fill(address + "/edit", form=address + "/edit", note="Na dai chín cây").status_code == 303
    assert row(reference).note == "Na dai chín cây"
    assert buyer.get(f"/mua-vu/{reference}").status_code == 404
    assert maker.fill(address, form=address + "/submit").status_code == 303
    assert row(reference).state is W.PROPOSED
    # The office opens it.
    desk = f"/office/preorders/{reference}"
    assert reference in text_of(office.get("/office/preorders?state=proposed"))
    assert "Đợt chờ duyệt" in text_of(office.get("/office"))
    assert office.fill(desk, form=desk + "/approve").status_code == 303
    # Customers see it: in the list, on the product's page, in English.
    assert reference in text_of(buyer.get("/mua-vu"))
    seen = text_of(buyer.get(f"/mua-vu/{reference}"))
    assert "Còn 15 trên 15 phần" in seen
    assert "Ai đặt trước được trước" in seen
    assert f"/mua-vu/{reference}" in text_of(buyer.get(f"/san-pham/{_slug(orchard)}"))
    assert "First come, first served" in text_of(buyer.get(f"/en/mua-vu/{reference}"))
    # A buyer orders.
    form = f"/mua-vu/{reference}/dat"
    bad = buyer.fill(form, form=form, **typed(orchard, quantity="", email="", point=""))
    assert bad.status_code == 422
    for words in ("Hãy ghi số lượng", "Hãy cho biết thư điện tử", "Hãy chọn điểm nhận hàng", "Nguyễn Thị Na"):
        assert words in text_of(bad)
    many = buyer.fill(form, form=form, **typed(orchard, quantity="5"))
    assert (many.status_code, "Mỗi nhà đặt nhiều nhất 4" in text_of(many)) == (409, True)
    placed = buyer.fill(form, form=form, **typed(orchard))
    assert placed.status_code == 303
    deposit = session().query(Order).one()
    assert placed.location == f"/don-hang/{deposit.reference}"
    page = text_of(buyer.get(placed.location))
    assert "Phiếu đặt cọc" in page
    assert "60.000" in page
    own = re.search(r'href="(/dat-truoc/[^"]+)"', page)
    assert own
    mine = own[1].partition("?")[0]
    assert "Trả tiền cọc để giữ chỗ" in text_of(buyer.get(mine))
    preorder = mine.rsplit("/", 1)[-1]
    # A stranger sees neither; the letter's link opens it.
    stranger = app.test_client()
    assert stranger.get(mine).status_code == 404
    assert stranger.get(mine + "?k=wrong").status_code == 404
    assert stranger.post(mine + "/rut", data={"csrf_token": stranger.token("/tra-cuu")}).status_code == 404
    assert stranger.get(f"{mine}?k={places.secret_of(preorder)}").status_code == 200
    # Paid, closed, harvested less than was ordered.
    orchard.pay(places.Placed(preorder, deposit.reference))
    (other,) = orchard.bought(reference, 4)
    assert "Chỗ của bạn đã được giữ" in text_of(buyer.get(mine))
    assert maker.fill(address, form=address + "/close").status_code == 303
    dear = maker.fill(address, form=address + "/harvest", harvested="5", final_price_amount="130.000")
    assert dear.status_code == 422
    assert "Giá chốt không thể cao hơn" in text_of(dear)
    assert (
        maker.fill(address, form=address + "/harvest", harvested="5", final_price_amount="110.000").status_code == 303
    )
    assert "Nguyễn Thị Na" not in text_of(maker.get(address))  # nothing of who ordered
    # The office previews; goods lack at first.
    preview = text_of(office.get(desk + "/share"))
    assert "thiếu 5" in preview
    early = office.fill(desk + "/share", form=desk + "/share")
    assert (early.status_code, "Hàng chưa về đủ" in text_of(early)) == (409, True)
    orchard.arrive(5)
    preview = text_of(office.get(desk + "/share"))
    assert all(r in preview for r in (preorder, other, "Chia theo tỷ lệ"))
    done = office.fill(desk + "/share", form=desk + "/share", follow=True)
    assert "Đã chia 5 phần, tạo 2 đơn" in text_of(done)
    work()
    assert [claim(r).allotted for r in (preorder, other)] == [3, 2]
    assert (refunded(preorder), refunded(other)) == (0, 40_000)
    result = text_of(buyer.get(mine))
    assert "Bạn nhận 3 trên 3 phần" in result
    goods = re.search(r'href="(/don-hang/[^"]+)"[^>]*data-testid="goods-order"', result)
    assert goods
    bought = text_of(buyer.get(goods[1].replace("&amp;", "&")))
    assert "Tiền cọc đã trả" in bought
    assert "270.000" in bought  # 3 × 110.000 − 60.000
    assert "Kết quả chia hàng" in text_of(buyer.get(f"/mua-vu/{reference}"))
    # Staff see deposits among their orders.
    sign_in(office, Role.ORDER_DESK)
    assert office.get(f"/office/orders/{deposit.reference}").status_code == 200
    assert "Tiền đặt cọc" in text_of(office.get("/office/orders"))
    for name in ("csv", "xlsx"):
        assert office.get(f"/office/preorders?format={name}").status_code == 200
    assert broken() == []


def _slug(orchard: Orchard) -> str:
    from shop.catalog.models import Product

    found = session().get(Product, orchard.variant.product_id)
    assert found is not None
    return str(found.slug)


def test_without_a_deposit_only_the_letters_link_confirms(orchard: Orchard) -> None:
    window = orchard.open(deposit_percent=0)
    form, buyer = f"/mua-vu/{window}/dat", orchard.client
    shown = text_of(buyer.get(form))
    assert "Cách trả tiền cọc" not in shown
    placed = buyer.fill(form, form=form, **typed(orchard, payment=None, on_short=None))
    assert placed.status_code == 303
    assert placed.location.startswith("/dat-truoc/")
    assert "/xac-nhan" not in text_of(buyer.get(placed.location))
    reference = placed.location.rsplit("/", 1)[-1]
    forged = buyer.post(
        placed.location + "/xac-nhan", data={"csrf_token": buyer.token("/tra-cuu"), "c": places.secret_of(reference)}
    )
    assert forged.status_code == 404
    work()
    letter = session().query(Letter).filter_by(kind="preorder.placed").one()
    link = re.search(r"https?://[^/\s]+(/dat-truoc/\S+)", letter.body_text)
    assert link
    reader = orchard.app.test_client()  # opened on another machine
    assert claim(reference).state is S.WAITING
    done = reader.fill(link[1], form=placed.location + "/xac-nhan")
    assert done.status_code == 303
    assert claim(reference).state is S.CONFIRMED
    left = reader.fill(link[1], form=placed.location + "/rut")
    assert (left.status_code, claim(reference).state) == (303, S.LEFT)


def test_a_member_finds_his_pre_orders_and_may_leave_when_the_days_moved(orchard: Orchard) -> None:
    window = orchard.open()
    user = sign_in(orchard.client, Role.CUSTOMER)
    form = f"/mua-vu/{window}/dat"
    orchard.client.fill(form, form=form, **typed(orchard))
    found = session().query(Preorder).one()
    assert found.user_id == user.id
    deposit = session().query(Order).one()
    orchard.pay(places.Placed(found.reference, deposit.reference))
    assert found.reference in text_of(orchard.client.get("/tai-khoan/dat-truoc"))
    windows.close(OFFICE, window, key())
    own = f"/dat-truoc/{found.reference}"
    other = orchard.app.test_client()
    sign_in(other, Role.CUSTOMER)
    assert other.get(own).status_code == 404
    assert "/rut" not in text_of(orchard.client.get(own))
    windows.move_dates(MAKER, window, (in_days(2), in_days(40)), (in_days(30), in_days(45)), "Mưa bão", key())
    page = text_of(orchard.client.get(own))
    assert "Ngày của vụ đã đổi: Mưa bão." in page and "rút và được hoàn toàn bộ tiền cọc" in page
    assert page.count("trước là") == 2
    assert "Ngày của vụ đã đổi lúc" in text_of(orchard.client.get(f"/mua-vu/{window}"))
    assert orchard.client.fill(own, form=own + "/rut").status_code == 303
    work()
    page = text_of(orchard.client.get(own))
    assert "Ngày của vụ đã đổi" not in page  # he has left
    assert page.count("notice-ok") == 1  # told once
    assert (claim(found.reference).state, refunded(found.reference)) == (S.LEFT, 60_000)


def test_steps_that_are_refused_keep_what_was_typed(orchard: Orchard) -> None:
    office = orchard.client
    sign_in(office, Role.PROMOTION_STAFF)
    window = orchard.open()
    desk = f"/office/preorders/{window}"
    moved = office.fill(desk, form=desk + "/dates", delivery_to=in_days(1).isoformat(), reason="Bão số 3")
    assert moved.status_code == 422
    assert "Bão số 3" in text_of(moved)
    assert office.fill(desk, form=desk + "/cancel", reason="x").status_code == 422
    assert office.fill(desk, form=desk + "/cancel", reason="Mất mùa").status_code == 303
    assert row(window).state is W.CANCELLED
    assert "Đợt này đã hủy" in text_of(orchard.app.test_client().get(f"/mua-vu/{window}"))
    assert office.get(desk + "/share").status_code == 409


def test_the_page_of_sharing_says_which_lots_do_not_count(orchard: Orchard) -> None:
    office = orchard.client
    sign_in(office, Role.PROMOTION_STAFF)
    window = orchard.open()
    orchard.bought(window, 4)
    windows.close(OFFICE, window, key())
    desk = f"/office/preorders/{window}"
    late = office.fill(
        desk, form=desk + "/harvest", harvested="4", final_price_amount="110.000", began_on=in_days(2).isoformat()
    )
    assert (late.status_code, "không thể sau hôm nay" in text_of(late)) == (422, True)
    assert office.fill(desk, form=desk + "/harvest", harvested="4", final_price_amount="110.000").status_code == 303
    orchard.arrive(4, produced_on=in_days(-30), lot_code="CU-30")
    shown = text_of(office.get(desk + "/share"))
    assert f"Chỉ tính lô sản xuất từ ngày {in_days(0):%d/%m/%Y}" in shown
    assert f"Không tính lô CU-30: sản xuất ngày {in_days(-30):%d/%m/%Y}, còn 4 phần" in shown
    assert "does not count" in text_of(office.get("/en" + desk + "/share"))


@pytest.mark.parametrize("reason", ["", "  ", "Bận đi xa."])
def test_of_a_cancelled_order_every_page_says_what_goes_back(orchard: Orchard, reason: str) -> None:
    window, buyer = orchard.open(), orchard.client
    (reference,) = orchard.bought(window, 4)
    orchard.harvest(window, 3)
    orchard.run(window)
    own = f"/dat-truoc/{reference}?k={places.secret_of(reference)}"
    shown = text_of(buyer.get(own))
    assert "Bạn nhận 3 trên 4 phần" in shown
    found = re.search(r'href="(/don-hang/[^"]+)"[^>]*data-testid="goods-order"', shown)
    assert found
    goods = found[1].replace("&amp;", "&")
    assert buyer.fill(goods, form=goods.partition("?")[0] + "/huy", reason=reason).status_code == 303
    work()
    assert refunded(reference) == 80_000
    shown = text_of(buyer.get(own))
    assert "Bạn nhận 3 trên 4 phần" not in shown
    assert "Đơn hàng của bạn đã hủy" in shown
    assert "Tiền cọc 80.000" in shown
    assert "Cọc đã trừ vào đơn" not in shown
    order_page = text_of(buyer.get(goods))
    assert re.search(r'data-testid="deposit-returned">Tiền cọc 60.000', order_page)
    (letter,) = session().query(Letter).filter_by(kind="order.cancelled")
    assert "Tiền cọc 60.000" in letter.body_text
    assert ("Lý do: Bận đi xa." if "Bận" in reason else "Lý do: Khách hủy.") in letter.body_text
    assert not re.search(r"Lý do:\s*\.|\.\.", letter.body_text)
    assert broken() == []


def test_numbers_that_are_none_are_refused_in_the_readers_language(orchard: Orchard) -> None:
    window = orchard.open()
    form = f"/mua-vu/{window}/dat"
    for start, words in (("", "Hãy ghi một số nguyên."), ("/en", "Enter a whole number.")):
        refused = orchard.client.fill(start + form, form=start + form, **typed(orchard, quantity="1e2"))
        assert (refused.status_code, words in text_of(refused)) == (422, True)
        assert "Not a valid" not in text_of(refused)
    blank = text_of(orchard.client.fill(form, form=form, **typed(orchard, quantity="")))
    assert "Hãy ghi số lượng muốn đặt." in blank
    assert "số nguyên" not in blank
    office = orchard.app.test_client()
    sign_in(office, Role.PROMOTION_STAFF)
    new = f"/office/preorders/new?producer={orchard.producer.slug}"
    for percent in ("-1", "51", "nửa"):
        refused = office.fill(new, form="/office/preorders/new", **filled(orchard, deposit_percent=percent))
        assert (refused.status_code, "Đặt cọc từ 0 đến 50 phần trăm." in text_of(refused)) == (422, True)


def test_when_orders_are_taken_reads_as_such_in_english(orchard: Orchard) -> None:
    window = orchard.open()
    shown = text_of(orchard.client.get(f"/en/mua-vu/{window}"))
    assert "<dt>Open for pre-orders</dt>" in shown
    assert "<dt>Limit</dt>" not in shown


def test_the_office_opens_a_window_for_a_producer(orchard: Orchard) -> None:
    office = orchard.client
    sign_in(office, Role.PROMOTION_STAFF)
    assert orchard.producer.name in text_of(office.get("/office/preorders/new"))
    new = f"/office/preorders/new?producer={orchard.producer.slug}"
    made = office.fill(new, form="/office/preorders/new", **filled(orchard, rule="locals_first", localities="06661"))
    assert made.status_code == 303
    found = session().query(HarvestWindow).one()
    assert (found.rule, found.localities, found.producer_id) == (Rule.LOCALS_FIRST, ["06661"], orchard.producer.id)
    windows.approve(OFFICE, found.reference, key())
    form = f"/mua-vu/{found.reference}/dat"
    homeless = orchard.client.fill(form, form=form, **typed(orchard, province="", commune=""))
    assert (homeless.status_code, "Hãy chọn tỉnh" in text_of(homeless)) == (422, True)
    local = orchard.client.fill(form, form=form, **typed(orchard, province="22", commune="06661", street="1 Lê Lợi"))
    assert local.status_code == 303
    assert session().query(Preorder).one().commune_code == "06661"


@pytest.mark.parametrize(
    "address",
    ["/mua-vu/V-0000-0000", "/mua-vu/V-0000-0000/dat", "/dat-truoc/P-0000-0000", "/mua-vu/%00", "/mua-vu/" + "x" * 300],
)
def test_what_is_not_there_is_not_found(orchard: Orchard, address: str) -> None:
    assert orchard.client.get(address).status_code in {400, 404}


def test_a_long_list_of_windows_is_read_by_a_fixed_number_of_statements(orchard: Orchard) -> None:
    orchard.open()
    with statements() as few:
        orchard.client.get("/mua-vu")
    for _ in range(4):
        orchard.open()
    with statements() as many:
        orchard.client.get("/mua-vu?x=1")
    assert len(many) <= len(few) + 1
