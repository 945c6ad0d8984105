"""The wait list as customers, staff and producers see it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.demand.models.waiting import WaitEntry, WaitState
from shop.demand.queries import waiting as queries
from shop.demand.services import waiting
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.receipts.models import Delivery, DeliveryLine, DeliveryState, Terms
from shop.supply.models import Per
from shop.supply.services import plans
from tests import factories, people
from tests.checkout.conftest import code
from tests.demand.conftest import Shelf, second_pack


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


@pytest.fixture
def page(shelf: Shelf) -> str:
    """The address of the sold-out product."""
    return f"/san-pham/{session().get(Product, shelf.variant.product_id).slug}"  # type: ignore[union-attr]


def link(shelf: Shelf, reference: str, way: str = "cho-hang") -> str:
    return f"/{way}/{reference}?k={waiting.secret_for(str(shelf.app.secret_key), reference)}"


def test_a_guest_joins_from_the_product_and_confirms_by_the_letter(shelf: Shelf, page: str) -> None:
    client = shelf.bench.client
    assert "Chưa có ai chờ" in words(client.get(page))
    answer = client.fill(page, form="/cho-hang", contact="Mot@example.vn")
    assert "Hãy mở thư của bạn" in words(answer)
    (entry,) = entries()
    assert (entry.state, entry.email) == (WaitState.UNCONFIRMED, "mot@example.vn")
    assert client.get(f"/cho-hang/{entry.reference}").status_code == 404  # this browser has shown nothing yet
    letter = shelf.app.test_client()
    assert letter.get(link(shelf, entry.reference)).status_code == 200
    assert shelf.entry(entry.reference).state is WaitState.UNCONFIRMED  # looking changes nothing
    answer = letter.fill(link(shelf, entry.reference), form=f"/cho-hang/{entry.reference}/xac-nhan", follow=True)
    assert "Bạn đứng thứ 1 trong 1 người" in words(answer)
    assert "chưa biết" in words(answer)
    assert "1 người đang chờ" in words(client.get(page))
    answer = letter.fill(f"/cho-hang/{entry.reference}", form=f"/cho-hang/{entry.reference}/roi", follow=True)
    assert "Bạn đã rời hàng chờ" in words(answer)
    assert "Chưa có ai chờ" in words(client.get(page))


def entries() -> list[Any]:
    session().expire_all()
    return list(session().scalars(select(WaitEntry).order_by(WaitEntry.id)))


def test_signed_in_it_is_one_tap(shelf: Shelf, page: str) -> None:
    people.sign_in(shelf.bench.client, email_confirmed_at=clock.now())
    answer = shelf.bench.client.fill(page, form="/cho-hang", follow=True)
    assert "Bạn đứng thứ 1" in words(answer)
    assert "Chả mực đang hết" in words(shelf.bench.client.get("/tai-khoan/cho-hang"))


def test_nothing_typed_is_lost(shelf: Shelf, page: str) -> None:
    second_pack(shelf.variant)
    client = shelf.bench.client
    answer = client.fill(
        f"/cho-hang?sku={shelf.variant.sku}", form="/cho-hang", contact="sai địa chỉ", quantity="3", choice="this"
    )
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert 'value="sai địa chỉ"' in text
    assert 'value="3"' in text
    assert re.search(r'value="this"[^>]*checked', text)
    assert "Hãy ghi e-mail" in words(answer)
    answer = client.fill(
        f"/cho-hang?sku={shelf.variant.sku}", form="/cho-hang", contact="mot@example.vn", quantity="ba"
    )
    assert answer.status_code == 422
    assert entries() == []


def test_goods_that_are_there_are_said_at_once_with_the_way_to_them(shelf: Shelf, page: str) -> None:
    page_with_form = shelf.bench.client.get(f"/cho-hang?sku={shelf.variant.sku}")
    assert page_with_form.status_code == 200
    shelf.come(5)
    answer = shelf.bench.client.fill(f"/cho-hang?sku={shelf.variant.sku}", form="/cho-hang", contact="mot@example.vn")
    assert answer.status_code == 422
    told = answer.get_data(as_text=True)
    assert "đang còn hàng" in told
    assert f'href="{page}"' in told
    assert 'value="mot@example.vn"' in told
    assert shelf.bench.client.get("/cho-hang?sku=KHONG-CO").status_code == 404


def test_the_public_form_tells_nobody_who_waits(shelf: Shelf, page: str) -> None:
    entry = shelf.wait("mot")
    stranger = shelf.app.test_client()
    answer = stranger.fill(page, form="/cho-hang", contact="mot@example.vn")
    assert "Hãy mở thư của bạn" in words(answer)
    assert entry.reference not in answer.get_data(as_text=True)
    for address in (
        f"/cho-hang/{entry.reference}",
        f"/cho-hang/{entry.reference}?k=",
        f"/cho-hang/{entry.reference}?k={'0' * 32}",
    ):
        assert stranger.get(address).status_code == 404
    shelf.come(1)
    (offer,) = shelf.offers()
    assert stranger.get(f"/giu-hang/{offer.reference}").status_code == 404
    assert (
        stranger.get(
            f"/giu-hang/{offer.reference}?k={waiting.secret_for(str(shelf.app.secret_key), entry.reference)}"
        ).status_code
        == 404
    )


def test_who_left_a_phone_number_finds_his_place_by_code_and_number(shelf: Shelf, page: str) -> None:
    client = shelf.bench.client
    answer = client.fill(page, form="/cho-hang", contact="0912 345 678", follow=True)
    assert "Cửa hàng sẽ gọi" in words(answer)
    (entry,) = entries()
    other = shelf.app.test_client()
    wrong = other.fill("/cho-hang", form="/cho-hang/tim", reference=entry.reference, phone="0912345679")
    assert (wrong.status_code, code(wrong)) == (404, "no-such-wait")
    assert entry.reference in wrong.get_data(as_text=True)
    right = other.fill("/cho-hang", form="/cho-hang/tim", reference=entry.reference.lower(), phone="0912345678")
    assert right.location == f"/cho-hang/{entry.reference}"
    waiting.confirm(Actor("user", "Lan", 1), entry.reference, by_staff=True)
    shelf.come(1)
    assert "đang được giữ cho bạn" in words(other.get(f"/cho-hang/{entry.reference}"))
    (offer,) = shelf.offers()
    assert other.fill(f"/giu-hang/{offer.reference}", form=f"/giu-hang/{offer.reference}").location == "/gio-hang"


def test_the_offer_page_says_what_is_kept_and_the_link_is_used_once(shelf: Shelf) -> None:
    shelf.wait("mot", 2)
    shelf.come(2)
    (offer,) = shelf.offers()
    address = link(shelf, offer.reference, "giu-hang")
    client, other = shelf.app.test_client(), shelf.app.test_client()
    text = words(client.get(address))
    assert "2 × Gói 500 g" in text
    assert "240.000" in text
    assert "is kept" not in text
    assert "Kept until" in words(client.get("/en" + address))
    assert client.fill(address, form=f"/giu-hang/{offer.reference}").location == "/gio-hang"
    assert "nằm trong giỏ của bạn" in words(client.get(address))
    assert "trình duyệt khác" in words(other.get(address))
    # A form that was open before does not take it away.
    token = other.token("/cho-hang")
    answer = other.post(f"/giu-hang/{offer.reference}", data={"csrf_token": token, "k": address.partition("k=")[2]})
    assert "trình duyệt khác" in words(answer)


def test_who_collects_orders_for_his_point(shelf: Shelf) -> None:
    counter = factories.make_point("Quầy chỉ lấy tại chỗ", ships=False)
    shelf.wait("mot", point_id=counter.id)
    shelf.come(1, point=counter)
    (offer,) = shelf.offers()
    client = shelf.app.test_client()
    answer = client.fill(link(shelf, offer.reference, "giu-hang"), form=f"/giu-hang/{offer.reference}")
    assert answer.location == f"/thanh-toan?point={counter.slug}"
    placed = client.fill(answer.location, form="/thanh-toan", name="Nguyễn Thử", phone="0912345678", payment="vietqr")
    assert placed.status_code == 303, code(placed)
    assert [e.state for e in entries()] == [WaitState.BOUGHT]


def test_a_quantity_of_nonsense_is_refused_in_its_place(shelf: Shelf) -> None:
    entry = shelf.wait("mot", 2)
    address = link(shelf, entry.reference)
    for raw in ("hai", "0", "10000", ""):
        answer = shelf.bench.client.fill(address, form=f"/cho-hang/{entry.reference}/doi", quantity=raw)
        assert answer.status_code == 422
        assert f'value="{raw}"' in answer.get_data(as_text=True) or not raw
    answer = shelf.bench.client.fill(
        "/en" + address, form=f"/en/cho-hang/{entry.reference}/doi", quantity="1", follow=True
    )
    assert "Saved." in words(answer)
    assert shelf.entry(entry.reference).quantity == 1


def test_alcohol_is_waited_for_by_adults_only(shelf: Shelf) -> None:
    wine = factories.make_variant("Rượu ba kích hết", is_alcohol=True)
    client = shelf.bench.client
    address = f"/cho-hang?sku={wine.sku}"
    assert code(client.fill(address, form="/cho-hang", contact="mot@example.vn")) == "age-required"
    client.set_cookie("adult", "1")
    assert "Hãy mở thư của bạn" in words(client.fill(address, form="/cho-hang", contact="mot@example.vn"))


def test_the_place_says_when_nobody_can_be_served(shelf: Shelf) -> None:
    """A point that closed, goods that are not sold any more: told with what can be done, not left to be waited for."""
    from shop.catalog.models import ProductState
    from shop.points import services as points

    corner = factories.make_point("Cửa hàng góc", ships=False)
    entry = shelf.wait("mot", point_id=corner.id)
    shelf.wait("hai")
    address = link(shelf, entry.reference, "cho-hang")
    client = shelf.app.test_client()
    page = words(client.get(address))
    assert "Ngày có hàng: chưa biết" in page and "không còn nhận khách" not in page
    points.close(Actor("user", "Cán bộ", 1), corner.id, clock.today(), "hết hợp đồng")
    assert "Cửa hàng góc không còn nhận khách đến lấy hàng" in words(client.get(address))
    form = f"/cho-hang/{entry.reference}/doi"
    wrong = client.fill(address, form=form, point="khong-co")
    assert wrong.status_code == 422 and "không nhận khách đến lấy" in words(wrong)
    assert client.fill(address, form=form, point=shelf.point.slug).status_code == 303
    page = words(client.get(address))
    assert "không còn nhận khách" not in page and "đứng thứ 1 trong 2" in page
    assert page.count("Đã lưu.") == 1
    with transaction() as s:
        s.get_one(Product, shelf.variant.product_id).state = ProductState.HIDDEN
    page = words(client.get(address))
    assert "hiện ngừng bán" in page and "Ngày có hàng" not in page


def test_the_basket_says_what_is_kept(shelf: Shelf) -> None:
    shelf.wait("mot")
    shelf.come(1)
    (offer,) = shelf.offers()
    client = shelf.app.test_client()
    client.fill(link(shelf, offer.reference, "giu-hang"), form=f"/giu-hang/{offer.reference}")
    shown = words(client.get("/gio-hang"))
    assert "Đang giữ riêng cho bạn" in shown and "giữ đến hết hạn" in shown
    assert "Giỏ hàng chưa giữ hàng" not in shown
    # What he adds himself is not kept, and is not said to be.
    shelf.come(2)
    client.fill("/gio-hang", form="/gio-hang", quantity="3")
    assert "Đang giữ riêng cho bạn 1 trong 3" in words(client.get("/gio-hang"))


def test_who_has_goods_in_the_basket_that_are_kept_for_others_may_wait_too(shelf: Shelf) -> None:
    shelf.come(1)
    other, buyer = shelf.app.test_client(), shelf.app.test_client()
    for client in (other, buyer):
        shelf.bench.add(shelf.variant, client=client)
    shelf.bench.placed(shelf.bench.order(buyer))
    shelf.wait("mot")
    shelf.come(1)  # for who waits
    page = other.get("/gio-hang").get_data(as_text=True)
    assert f'href="/cho-hang?sku={shelf.variant.sku}"' in page and "vừa hết hàng" in page
    assert "Giỏ hàng chưa giữ hàng" in page
    other.fill(f"/cho-hang?sku={shelf.variant.sku}", form="/cho-hang", contact="hai@example.vn", quantity="1")
    assert session().query(WaitEntry).count() == 2


def test_the_expected_day_is_the_deliverys_and_else_not_known(shelf: Shelf, page: str) -> None:
    assert "Ngày có hàng: chưa biết" in words(shelf.bench.client.get(page))
    day = clock.today() + timedelta(days=9)
    _delivery(shelf, day)
    assert f"hẹn giao hàng ngày {day:%d/%m/%Y}" in words(shelf.bench.client.get(page))
    found = queries.expected([shelf.variant.id])
    assert found == queries.Expected(day, queries.Source.DELIVERY)


def _delivery(shelf: Shelf, day: date) -> None:
    producer = factories.make_producer()
    with transaction() as s:
        made = Delivery(
            reference="G-TEST-0001", producer_id=producer.id, point_id=shelf.point.id, terms=next(iter(Terms)),
            state=DeliveryState.EXPECTED, expected_on=day, created_at=clock.now(), created_by="system",
            created_label="Hệ thống",
        )  # fmt: skip
        s.add(made)
        s.flush()
        s.add(DeliveryLine(delivery_id=made.id, variant_id=shelf.variant.id, quantity=20))


def test_staff_see_queues_and_only_the_desk_sees_contacts(shelf: Shelf) -> None:
    entry, by_phone = shelf.wait("mot.hai"), shelf.wait("0912345678", confirmed=False)
    desk, officer = shelf.app.test_client(), shelf.app.test_client()
    people.sign_in(desk, Role.ORDER_DESK)
    people.sign_in(officer, Role.PROMOTION_STAFF)
    assert "Chả mực đang hết" in words(desk.get("/office/demand/waiting"))
    assert "0912 345 678" in words(desk.get("/office/demand/waiting"))
    seen = words(officer.get("/office/demand/waiting"))
    assert "0912 345 678" not in seen
    assert "1 khách cần gọi điện" in seen
    for address in ("/office/demand/waiting/entries", f"/office/demand/waiting/entries/{entry.reference}",
                    "/office/demand/waiting/entries?export=csv"):  # fmt: skip
        assert "mot.hai@example.vn" in desk.get(address).get_data(as_text=True)
        masked = officer.get(address).get_data(as_text=True)
        assert "mot.hai@example.vn" not in masked
        assert "mo…@example.vn" in masked
    one = f"/office/demand/waiting/entries/{by_phone.reference}"
    answer = desk.fill(one, form=f"{one}/confirm", follow=True)
    assert "Đã xác nhận" in words(answer)
    assert officer.post(f"{one}/remove", data={"csrf_token": officer.token("/tai-khoan")}).status_code == 403
    refused = desk.fill(one, form=f"{one}/remove", reason="")
    assert refused.status_code == 422
    assert "Đã đưa khách ra" in words(
        desk.fill(one, form=f"{one}/remove", reason="Số không liên lạc được", follow=True)
    )
    shelf.come(1)
    assert [e.state for e in entries()] == [WaitState.OFFERED, WaitState.LEFT]


def test_a_producer_sees_how_many_wait_and_not_who(shelf: Shelf) -> None:
    producer, other = factories.make_producer("HTX Chờ"), factories.make_producer("HTX Khác")
    mine = factories.make_variant("Mật ong hết", producer=producer)
    shelf.variant = mine
    shelf.wait("mot", 3), shelf.wait("hai")
    client, stranger = shelf.app.test_client(), shelf.app.test_client()
    people.sign_in(client, (Role.PRODUCER_OWNER, f"producer:{producer.id}"))
    people.sign_in(stranger, (Role.PRODUCER_OWNER, f"producer:{other.id}"))
    page = client.get("/producer/waiting")
    text = words(page)
    assert "Mật ong hết 2 4" in text
    assert "@example.vn" not in page.get_data(as_text=True).split("<main")[1]
    assert "Mật ong hết" not in words(stranger.get("/producer/waiting"))


def test_the_expected_day_follows_what_the_producer_can_make(shelf: Shelf, page: str) -> None:
    producer = factories.make_producer()
    with transaction() as s:
        s.get(Product, shelf.variant.product_id).producer_id = producer.id  # type: ignore[union-attr]
    from_on = clock.today() - timedelta(days=30)
    makes = plans.Makes(70, Per.WEEK, from_on, lead_days=10)
    boss = Actor("user", "Chủ cơ sở", 1)
    plans.state(boss, producer.id, shelf.variant.product_id, None, makes, f"waiting-capacity-{producer.id}")
    found = queries.expected([shelf.variant.id])
    assert found is not None
    assert found.source is queries.Source.CAPACITY
    assert found.on >= clock.today() + timedelta(days=10)
    assert "chưa phải lời hẹn" in words(shelf.bench.client.get(page))
