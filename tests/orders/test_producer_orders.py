"""The producer's part of an order at his own door: what he sees of it, each step, each refusal, papers, whose it is."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.kernel import clock, invariants, operations, papers
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job
from shop.orders import desk, discounts, rules
from shop.orders import services as orders
from shop.orders.models import Fulfilment, FulfilmentStatus, Order, OrderStatus, PaymentStatus
from shop.orders.services import parcels
from shop.pages import papers as desk_papers
from shop.payments.models import Payment, PaymentState, Refund
from shop.points.models import Point
from shop.promotions.models import Payer
from shop.promotions.queries import NOBODY
from shop.stock.models import StockLevel
from shop.supply.models import StoreCount
from tests.orders.conftest import MEMBER, Store, fresh, make_store, one_parcel, pay, refuse, two_parcels
from tests.pages.test_order_desk import code, page, post
from tests.people import sign_in
from tests.promotions.conftest import make_code
from tests.statements import count

LIST = "/producer/orders"


def at(order: Order, number: int = 1) -> str:
    return f"{LIST}/{order.reference}/{number}"


def clean() -> None:
    assert [(found.name, found.offenders) for found in invariants.run() if not found.ok] == []


def free(level_id: int) -> int:
    session().rollback()
    level = session().get(StockLevel, level_id, populate_existing=True)
    return level.on_hand - level.held - level.allocated


def payment(order: Order) -> Payment:
    session().rollback()
    return session().query(Payment).filter_by(order_id=order.id).populate_existing().one()


# --- a whole life ------------------------------------------------------------------------------------------------


def test_a_cash_order_from_the_word_to_the_hand_over(store: Store, packer: Any) -> None:
    order = one_parcel(store, note="Gọi trước khi giao")
    assert order.reference in page(packer, LIST)
    shown = page(packer, at(order))
    for told in ("Trần Thị Bưởi", "0912 345 678", "12 Lê Lợi", "Gọi trước khi giao", "630.000"):  # 5 × 120.000 + 30.000
        assert told in shown
    assert "buoi@example.vn" not in shown
    done = packer.fill(at(order), form=f"{at(order)}/confirm", send_on=clock.today().isoformat())
    assert (done.status_code, done.location) == (303, at(order))
    found = fresh(order)
    assert (found.status, found.fulfilments[0].send_on) == (OrderStatus.CONFIRMED, clock.today())  # his is all of it
    packer.fill(at(order), form=f"{at(order)}/pack")
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.PACKED
    packer.fill(at(order), form=f"{at(order)}/hand-over", carrier="Viettel Post", tracking_number="VTP 01")
    found = fresh(order).fulfilments[0]
    assert (found.status, found.carrier, found.tracking_number) == ("handed_over", "Viettel Post", "VTP 01")
    assert session().get(StockLevel, store.fish.level_id).on_hand == 18
    packer.fill(at(order), form=f"{at(order)}/delivered")
    found = fresh(order).fulfilments[0]
    assert found.status == FulfilmentStatus.DELIVERED
    assert found.closed_at is not None
    clean()


def test_what_is_not_placed_or_not_his_is_not_there(store: Store, packer: Any) -> None:
    unpaid = one_parcel(store, method="vietqr")
    other = make_store("HTX Khác")
    foreign = one_parcel(other)
    shared = two_parcels(store, other)  # two parcels, the second is not his
    listed = page(packer, LIST)
    assert unpaid.reference not in listed
    assert foreign.reference not in listed
    for address in (at(unpaid), at(foreign), at(shared, 2), f"{at(foreign)}/label.pdf", at(shared, 9)):
        page(packer, address, 404)
    for step in ("confirm", "refuse", "pack", "hand-over", "delivered", "returned"):
        assert post(packer, f"{at(foreign)}/{step}", LIST, reason="không", why="other").status_code == 404
    for step in ("confirm", "pack", "papers.pdf"):
        answer = post(
            packer, f"{LIST}/{step}", LIST, parcel=[f"{foreign.reference}/1"], send_on=clock.today().isoformat()
        )
        assert answer.status_code == 404
    pay(unpaid)
    assert unpaid.reference in page(packer, LIST)
    mine = page(packer, at(shared))
    assert "270.000" in mine  # 2 × 120.000 + 30.000: his parcel's cash
    assert "540.000" not in mine  # not the order's
    assert "HTX Khác" not in mine
    # One that nobody ever paid for stays unseen when it ends.
    lapsed = one_parcel(store, method="vietqr")
    orders.cancel(MEMBER, lapsed.id, "Hết hạn thanh toán")
    page(packer, at(lapsed), 404)


@pytest.mark.parametrize("role", [Role.PRODUCER_LISTINGS, Role.PRODUCER_MONEY])
def test_members_without_the_right_stay_outside(store: Store, client: Any, role: Role) -> None:
    order = one_parcel(store)
    sign_in(client, (role, store.scope))
    for address in (LIST, at(order), "/producer/conversations", f"/producer/conversations/{order.reference}/1"):
        page(client, address, 403)


def test_the_desk_and_the_producer_take_the_same_steps(store: Store, ctx: Flask, client: Any, packer: Any) -> None:
    """A shared order: each parcel has its own sender's word; the order is confirmed with the last, or by the desk."""
    other = make_store("HTX Khác")
    order = two_parcels(store, other)
    first, second = order.fulfilments
    desk.confirm_parcel(MEMBER, first.id, clock.today(), operations.new_key())
    assert fresh(order).status == OrderStatus.PLACED
    packer.fill(at(order), form=f"{at(order)}/pack")  # he need not wait for the other
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.PACKED
    with pytest.raises(orders.StepNotAllowed):
        orders.pack(MEMBER, second.id)
    desk.confirm_parcel(MEMBER, second.id, clock.today(), operations.new_key())
    assert fresh(order).status == OrderStatus.CONFIRMED
    clean()


@pytest.mark.parametrize("day", ["", "2020-01-01", "gần đây", "2999-01-01"])
def test_a_day_that_cannot_be_is_refused_at_its_field(store: Store, packer: Any, day: str) -> None:
    order = one_parcel(store)
    answer = packer.fill(at(order), form=f"{at(order)}/confirm", send_on=day)
    assert answer.status_code == 422
    assert 'id="f-confirm-send_on-error"' in answer.get_data(as_text=True)
    assert fresh(order).fulfilments[0].confirmed_at is None


def test_handing_over_to_a_point_and_with_a_photograph(store: Store, packer: Any, ctx: Flask) -> None:
    from tests import factories

    counter = factories.make_point("Trung tâm OCOP thử")
    order = one_parcel(store)
    desk.confirm_parcel(MEMBER, order.fulfilments[0].id, clock.today(), operations.new_key())
    orders.pack(MEMBER, order.fulfilments[0].id)
    refused = packer.fill(at(order), form=f"{at(order)}/hand-over")
    assert (refused.status_code, "Hãy ghi đơn vị vận chuyển." in refused.get_data(as_text=True)) == (422, True)
    refused = packer.fill(at(order), form=f"{at(order)}/hand-over", to="point", point="khong-co")
    assert 'id="f-hand-over-point-error"' in refused.get_data(as_text=True)
    refused = packer.fill(at(order), form=f"{at(order)}/hand-over", to="point", point=counter.slug)
    assert 'id="f-hand-over-received_by-error"' in refused.get_data(as_text=True)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Nhà ông Tư"
    Image.new("RGB", (640, 480), (20, 90, 90)).save(out, "JPEG", exif=exif)
    packer.fill(
        at(order),
        form=f"{at(order)}/hand-over",
        to="point",
        point=counter.slug,
        received_by="Chị Lan",
        photo=(io.BytesIO(out.getvalue()), "a.jpg"),
    )
    found = fresh(order).fulfilments[0]
    assert (found.status, found.carrier) == ("handed_over", "Gửi qua điểm Trung tâm OCOP thử")
    assert "Người nhận ở điểm: Chị Lan" in page(packer, at(order))
    photo = packer.get(f"{at(order)}/photo", buffered=True)
    assert photo.mimetype == "image/jpeg"
    assert photo.data[:2] == b"\xff\xd8"
    assert "Nhà ông Tư".encode() not in photo.data  # encoded anew
    assert photo.headers["Cache-Control"] == "no-store"


def test_a_carrier_needs_a_number_or_a_photograph(store: Store, packer: Any) -> None:
    order = one_parcel(store)
    desk.confirm_parcel(MEMBER, order.fulfilments[0].id, clock.today(), operations.new_key())
    orders.pack(MEMBER, order.fulfilments[0].id)
    refused = packer.fill(at(order), form=f"{at(order)}/hand-over", carrier="Nhà xe Phúc Xuyên")
    assert refused.status_code == 422
    assert 'id="f-hand-over-tracking_number-error"' in refused.get_data(as_text=True)
    assert "Nhà xe Phúc Xuyên" in refused.get_data(as_text=True)
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.PACKED
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (20, 90, 90)).save(out, "JPEG")
    packer.fill(
        at(order), form=f"{at(order)}/hand-over", carrier="Nhà xe Phúc Xuyên", photo=(io.BytesIO(out.getvalue()), "a.jpg")
    )  # fmt: skip
    found = fresh(order).fulfilments[0]
    assert (found.status, found.carrier, found.tracking_number) == ("handed_over", "Nhà xe Phúc Xuyên", None)
    assert found.photo_key


def test_a_day_after_the_promise_is_told_and_a_day_too_late_refused(
    store: Store, packer: Any, client: Any, ctx: Flask
) -> None:
    from shop.checkout import letters
    from shop.kernel.mail import Letter
    from shop.orders.events import ParcelConfirmed

    order = one_parcel(store)  # promised within four days
    promised = clock.today() + timedelta(days=4)
    shown = page(packer, at(order))
    assert f'max="{promised + timedelta(days=14):%Y-%m-%d}"' in shown
    too_late = promised + timedelta(days=15)
    answer = packer.fill(at(order), form=f"{at(order)}/confirm", send_on=too_late.isoformat())
    assert answer.status_code == 422
    assert "quá xa ngày đã hẹn với khách" in answer.get_data(as_text=True)
    assert too_late.isoformat() in answer.get_data(as_text=True)
    parcel = order.fulfilments[0]
    told = desk.confirm_parcels(MEMBER, [("a", parcel.id)], too_late, operations.new_key())
    assert told[0].refusal is not None
    assert fresh(order).fulfilments[0].confirmed_at is None
    day = promised + timedelta(days=14)
    assert packer.fill(at(order), form=f"{at(order)}/confirm", send_on=day.isoformat()).status_code == 303
    letters.later(ParcelConfirmed(order.id, parcel.id))
    letters.later(ParcelConfirmed(order.id, parcel.id))
    letter = session().query(Letter).filter_by(kind="order.later").one()
    for part in (f"{day:%d/%m/%Y}", f"{promised:%d/%m/%Y}", "hủy được"):
        assert part in letter.body_text
        assert part in letter.body_html
    secret = orders.secret_for(str(ctx.secret_key), order.reference)
    with transaction() as s:
        s.query(Order).filter_by(id=order.id).update({"secret_hash": orders.secret_hash(secret)})
    buyer = ctx.test_client()
    seen = page(buyer, f"/don-hang/{order.reference}?k={secret}")
    assert "muộn hơn đã hẹn" in seen
    assert f"{day:%d/%m/%Y}" in seen
    assert 'data-testid="cancel-order"' in seen
    in_time = one_parcel(store)
    desk.confirm_parcel(MEMBER, in_time.fulfilments[0].id, promised, operations.new_key())
    letters.later(ParcelConfirmed(in_time.id, in_time.fulfilments[0].id))
    assert session().query(Letter).filter_by(kind="order.later").count() == 1


# --- refusing ----------------------------------------------------------------------------------------------------


def test_a_part_of_a_cash_order_is_refused(store: Store, packer: Any, client: Any) -> None:
    order = one_parcel(store)  # 2 fish, 3 tea
    fish, tea = order.lines
    answer = packer.fill(
        at(order), form=f"{at(order)}/refuse", what="some", why="sold_out", reason="Trà mẻ này hỏng", recount=None,
        **{f"refuse-{tea.id}": "2", f"refuse-{fish.id}": ""},
    )  # fmt: skip
    assert answer.status_code == 303, code(answer)
    found = fresh(order)
    assert (found.status, found.reduced_amount, found.owed_amount) == (OrderStatus.PLACED, 240_000, 390_000)
    assert found.lines[1].refused_quantity == 2
    assert (free(store.tea.level_id), free(store.fish.level_id)) == (19, 18)
    assert (payment(order).amount, payment(order).state) == (390_000, PaymentState.PENDING)
    shown = page(packer, at(order))
    assert "390.000" in shown
    assert "Trà mẻ này hỏng" in shown
    clean()
    desk.confirm_parcel(MEMBER, found.fulfilments[0].id, clock.today(), operations.new_key())
    orders.pack(MEMBER, found.fulfilments[0].id)
    orders.hand_over(MEMBER, found.fulfilments[0].id, carrier="Viettel Post")
    assert session().get(StockLevel, store.tea.level_id, populate_existing=True).on_hand == 19
    clean()


def test_a_part_of_a_paid_order_is_refused_and_its_money_goes_back(store: Store, packer: Any) -> None:
    order = pay(one_parcel(store, method="vietqr"))
    fish, _tea = order.lines
    packer.fill(
        at(order),
        form=f"{at(order)}/refuse",
        what="some",
        why="damaged",
        reason="Một gói bị rách",
        **{f"refuse-{fish.id}": "1"},
    )
    found = payment(order)
    assert (found.amount, found.captured_amount, found.refunded_amount) == (510_000, 630_000, 120_000)
    assert [(r.amount, r.state.value) for r in session().query(Refund).all()] == [(120_000, "pending")]
    assert fresh(order).payment_status == PaymentStatus.PAID  # only a part goes back
    clean()
    # The buyer does not want the rest: all that is left goes back, once.
    orders.cancel(MEMBER, order.id, "Khách hủy", by_buyer=True)
    assert payment(order).refunded_amount == 630_000
    assert sorted(r.amount for r in session().query(Refund).all()) == [120_000, 510_000]
    assert fresh(order).payment_status == PaymentStatus.REFUND_PENDING
    assert free(store.fish.level_id) == 20
    clean()


def test_what_is_sold_out_is_not_offered_again(store: Store, packer: Any) -> None:
    order, other = one_parcel(store), one_parcel(store, fish=1, tea=4)  # 2 fish, 3 tea; and what another order has
    fish, tea = order.lines
    form = f"{at(order)}/refuse"
    assert 'name="recount" value="1" checked' in page(packer, at(order))
    # Of a whole parcel with several goods nobody knows which are sold out: each is counted.
    told = {"what": "all", "why": "sold_out", "reason": "Hết hàng thật", "recount": "1"}
    answer = packer.fill(at(order), form=form, **told)
    assert (answer.status_code, "số còn thật của từng món" in answer.get_data(as_text=True)) == (422, True)
    answer = packer.fill(at(order), form=form, **told, **{f"left-{fish.id}": "500", f"left-{tea.id}": "0"})
    assert (answer.status_code, "Sổ kho chỉ còn 19" in answer.get_data(as_text=True)) == (422, True)
    assert fresh(order).lines[0].refused_quantity == 0, "both or neither"
    some = {"what": "some", "why": "sold_out", "reason": "Trà hết", "recount": "1"}
    assert (
        packer.fill(at(order), form=form, **some, **{f"refuse-{tea.id}": "2", f"left-{tea.id}": ""}).status_code == 303
    )
    level = session().get(StockLevel, store.tea.level_id, populate_existing=True)
    assert (level.on_hand, free(store.tea.level_id)) == (5, 0), "what orders have stays"
    assert free(store.fish.level_id) == 17
    assert session().query(StoreCount).one().counted == 5
    # Without the tick the goods stay on sale.
    packer.fill(
        at(other), form=f"{at(other)}/refuse", what="some", why="sold_out", reason="Đếm lại sau", recount=None,
        **{f"refuse-{other.lines[0].id}": "1"},
    )  # fmt: skip
    assert free(store.fish.level_id) == 18
    clean()


def test_a_whole_parcel_of_two_takes_its_delivery_with_it(store: Store, ctx: Flask) -> None:
    other = make_store("HTX Khác")
    order = two_parcels(store, other)
    first, second = order.fulfilments
    refuse(first)
    found = fresh(order)
    assert (found.fulfilments[0].status, found.fulfilments[1].status) == ("cancelled", "pending")
    assert (found.reduced_amount, found.status) == (270_000, OrderStatus.PLACED)
    assert payment(order).amount == 270_000
    clean()
    desk.confirm_parcel(MEMBER, second.id, clock.today(), operations.new_key())
    assert fresh(order).status == OrderStatus.CONFIRMED  # the refused one is not waited for
    orders.pack(MEMBER, second.id)
    orders.hand_over(MEMBER, second.id, carrier="Viettel Post")
    orders.deliver(MEMBER, second.id)
    from shop.payments import services as payments

    payments.collect_cod(MEMBER, payment(order).id, 270_000, operations.new_key())
    assert fresh(order).status == OrderStatus.COMPLETED
    clean()


@pytest.mark.parametrize("method", ["cod", "vietqr"])
def test_refusing_all_ends_the_order(store: Store, packer: Any, method: str) -> None:
    order = one_parcel(store, method=method)
    if method == "vietqr":
        pay(order)
    packer.fill(at(order), form=f"{at(order)}/refuse", what="all", why="sold_out", reason="Hết mùa rồi", recount=None)
    found = fresh(order)
    assert (found.status, found.cancel_reason) == (OrderStatus.CANCELLED, "Hết mùa rồi")
    assert found.reduced_amount == 0  # what was agreed stays; the whole order's money follows its end
    assert free(store.fish.level_id) == 20
    money = payment(order)
    if method == "cod":
        assert (money.state, found.payment_status) == (PaymentState.CANCELLED, PaymentStatus.VOID)
    else:
        assert (money.refunded_amount, found.payment_status) == (630_000, PaymentStatus.REFUND_PENDING)
    clean()


def test_refusing_line_by_line_until_nothing_is_left(store: Store, ctx: Flask) -> None:
    order = pay(one_parcel(store, method="vietqr"))
    fish, tea = order.lines
    parcel = order.fulfilments[0]
    refuse(parcel, {fish.id: 1})
    refuse(parcel, {tea.id: 3})
    clean()
    refuse(parcel, {fish.id: 1})  # the last unit: the parcel, and with it the order
    assert fresh(order).status == OrderStatus.CANCELLED
    assert payment(order).refunded_amount == 630_000
    clean()


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"what": "some", "why": "other", "reason": "x y"}, 422, "ít nhất một món"),
        ({"what": "some", "why": "other", "reason": "x y", "line": "9"}, 422, "Số từ chối phải từ 0"),
        ({"what": "some", "why": "other", "reason": "x y", "line": "hai"}, 422, "số nguyên"),
        ({"what": "some", "why": "other", "reason": "x y", "line": "-1"}, 422, "số nguyên"),
        ({"what": "all", "why": "other", "reason": " "}, 422, "lý do để khách biết"),
        ({"what": "all", "why": "vì thế", "reason": "x y"}, 422, "Hãy chọn lý do"),
        ({"what": None, "why": "other", "reason": "x y"}, 422, "cả kiện hay một phần"),
    ],
)
def test_a_refusal_that_says_too_little_is_refused(
    store: Store, packer: Any, fields: dict[str, Any], status: int, told: str
) -> None:
    order = one_parcel(store)
    line = fields.pop("line", None)
    if line is not None:
        fields |= {f"refuse-{order.lines[0].id}": line}
    answer = packer.fill(at(order), form=f"{at(order)}/refuse", **fields)
    shown = answer.get_data(as_text=True)
    assert (answer.status_code, told in shown) == (status, True)
    if line:
        assert f'value="{line}"' in shown  # nothing typed is lost
    assert fresh(order).lines[0].refused_quantity == 0


def test_a_line_of_another_parcel_cannot_be_refused(store: Store, ctx: Flask) -> None:
    other = make_store("HTX Khác")
    order = two_parcels(store, other)
    with pytest.raises(parcels.Invalid):
        refuse(order.fulfilments[0], {order.lines[1].id: 1})


def test_what_has_left_cannot_be_refused(store: Store, packer: Any) -> None:
    order = one_parcel(store)
    parcel = order.fulfilments[0]
    desk.confirm_parcel(MEMBER, parcel.id, clock.today(), operations.new_key())
    orders.pack(MEMBER, parcel.id)
    with pytest.raises(orders.StepNotAllowed):
        refuse(parcel, {order.lines[0].id: 1})  # packed: the whole or nothing
    orders.hand_over(MEMBER, parcel.id, carrier="Viettel Post")
    with pytest.raises(orders.StepNotAllowed):
        refuse(parcel)
    assert 'data-testid="refuse"' not in page(packer, at(order))


def test_money_in_question_stops_a_refusal(store: Store, ctx: Flask) -> None:
    from shop.payments import services as payments
    from shop.payments.errors import MoneyHeld

    order = one_parcel(store)
    payments.collect_cod(MEMBER, payment(order).id, 500_000, operations.new_key())
    with pytest.raises(MoneyHeld):
        refuse(fresh(order).fulfilments[0], {order.lines[0].id: 1})
    assert fresh(order).reduced_amount == 0
    assert free(store.fish.level_id) == 18


def test_a_discount_is_shared_out_to_the_last_dong(store: Store, ctx: Flask) -> None:
    order = one_parcel(store, method="vietqr")
    fish, tea = order.lines
    promotion = make_code()
    parcel = order.fulfilments[0].id
    off = [
        (parcel, line.id, discounts.Draft(1, line.variant_id, promotion.id, 0, 0, "Ưu đãi", amount, Payer.SHOP, None))
        for line, amount in ((fish, 7_001), (tea, 3_000))
    ]
    with transaction() as s:  # taken off as a code does
        s.execute(update(Order).values(discount_amount=10_001, total_amount=619_999))
        s.execute(update(Payment).values(amount=619_999))
        discounts.write_rows(order.id, order.reference, off, NOBODY, clock.now())
    order = pay(order)
    fish, tea = order.lines
    refuse(order.fulfilments[0], {fish.id: 2})
    refuse(order.fulfilments[0], {tea.id: 1})
    found = payment(order)
    assert found.amount == fresh(order).owed_amount == found.captured_amount - found.refunded_amount
    clean()
    refuse(order.fulfilments[0])
    from shop.orders.models import OrderRefusal

    assert sum(r.discount_amount for r in session().query(OrderRefusal)) == 10_001
    assert payment(order).refunded_amount == 619_999
    clean()


def test_the_desk_may_refuse_and_sees_refusals(store: Store, client: Any) -> None:
    order = one_parcel(store)
    sign_in(client, Role.ORDER_DESK)
    address = f"/office/orders/{order.reference}"
    bad = client.fill(address, form=f"{address}/refuse/1", what="all", why="", reason="Cơ sở báo hết")
    assert (bad.status_code, "Cơ sở báo hết" in bad.get_data(as_text=True)) == (422, True)
    client.fill(
        address, form=f"{address}/refuse/1", what="some", why="sold_out", reason="Cơ sở báo hết",
        **{f"refuse-{order.lines[0].id}": "1"},
    )  # fmt: skip
    shown = page(client, address)
    assert "Cơ sở báo hết" in shown
    assert "510.000" in shown
    sign_in(client, Role.PROMOTION_STAFF)  # reads orders, does not handle them
    assert post(client, f"{address}/refuse/1", address, what="all", why="other", reason="x y").status_code == 403


# --- what the buyer is told --------------------------------------------------------------------------------------


def test_the_buyer_reads_what_is_left_and_may_cancel_it(store: Store, client: Any, ctx: Flask) -> None:
    order = pay(one_parcel(store, method="vietqr"))
    refuse(order.fulfilments[0], {order.lines[1].id: 2}, reason="Trà mẻ này hỏng")
    secret = orders.secret_for(str(ctx.secret_key), order.reference)
    with session().no_autoflush, transaction() as s:
        s.execute(update(Order).values(secret_hash=orders.secret_hash(secret)))
    shown = page(client, f"/don-hang/{order.reference}?k={secret}")
    for told in ("không gửi được", "Trà mẻ này hỏng", "240.000", "390.000", "Hủy phần còn lại", "Không gửi được: 2"):
        assert told in shown
    done = client.fill(f"/don-hang/{order.reference}?k={secret}", form=f"/don-hang/{order.reference}/huy")
    assert done.status_code == 303
    assert fresh(order).status == OrderStatus.CANCELLED
    names = {job.name for job in session().query(Job)}
    assert {"checkout.letter-refused", "checkout.letter-cancelled"} <= names


def test_letters_tell_what_was_refused(store: Store, ctx: Flask) -> None:
    from shop.checkout import letters
    from shop.kernel.mail import Letter
    from shop.orders.events import LinesRefused
    from shop.orders.models import OrderRefusal

    order = one_parcel(store)
    refuse(order.fulfilments[0], {order.lines[1].id: 2}, reason="Trà mẻ này hỏng")
    refusal = session().query(OrderRefusal).one()
    letters.refused(
        LinesRefused(order.id, refusal.fulfilment_id, refusal.id, (1,), (2,), refusal.amount, ends_order=False)
    )
    letter = session().query(Letter).filter_by(kind="order.refused").one()
    for told in ("2 × Trà thử", "Trà mẻ này hỏng", "240.000", "390.000", "hủy được"):
        assert told in letter.body_text
        assert told in letter.body_html


# --- many at once, lists, late ones ------------------------------------------------------------------------------


def test_twenty_at_once_and_each_outcome_is_told(store: Store, packer: Any) -> None:
    made = [one_parcel(store, fish=1, tea=1) for _ in range(4)]
    keys = [f"{o.reference}/1" for o in made]
    orders.cancel(MEMBER, made[0].id, "Khách đổi ý")
    shown = post(packer, f"{LIST}/confirm", LIST, parcel=keys, send_on=clock.today().isoformat()).get_data(as_text=True)
    assert "Đã làm 3/4" in shown
    shown = post(packer, f"{LIST}/pack", LIST, parcel=keys).get_data(as_text=True)
    assert "Đã làm 3/4" in shown
    assert [fresh(o).fulfilments[0].status.value for o in made] == ["cancelled", "packed", "packed", "packed"]
    assert post(packer, f"{LIST}/pack", LIST).status_code == 422
    assert post(packer, f"{LIST}/confirm", LIST, parcel=keys).status_code == 422
    for paper in ("lists", "labels", "labels-a4", "notes"):
        answer = post(packer, f"{LIST}/papers.pdf", LIST, parcel=keys[1:], paper=paper)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), paper
    assert post(packer, f"{LIST}/papers.pdf", LIST).status_code == 422
    clean()


def test_late_ones_stand_out(store: Store, packer: Any) -> None:
    waits = one_parcel(store, placed_at=clock.now() - timedelta(hours=30))
    slow = one_parcel(store)
    desk.confirm_parcel(MEMBER, slow.fulfilments[0].id, clock.today(), operations.new_key())
    with transaction() as s:
        day = clock.today() - timedelta(days=2)
        s.execute(update(Fulfilment).where(Fulfilment.order_id == slow.id).values(send_on=day))
    good = one_parcel(store)
    shown = page(packer, f"{LIST}?state=late")
    assert (waits.reference in shown, slow.reference in shown, good.reference in shown) == (True, True, False)
    assert "Chờ 30 giờ" in shown
    assert "Trễ 2 ngày" in shown
    for state, order in (("confirm", good), ("pack", slow)):
        assert order.reference in page(packer, f"{LIST}?state={state}")
    home = page(packer, "/producer")
    assert "Cần xác nhận" in home
    for state in ("hand-over", "road", "done", "all", "nothing"):
        page(packer, f"{LIST}?state={state}")


def test_the_list_asks_a_fixed_number_of_questions(store: Store, packer: Any, app: Flask) -> None:
    one_parcel(store)
    page(packer, LIST)
    few = count(lambda: page(packer, LIST), app)
    for _ in range(3):
        one_parcel(store, fish=1, tea=1)
    many = count(lambda: page(packer, LIST), app)
    assert many == few
    assert many <= 10  # session, grants, producers; the list, its counts


# --- what goes out of view ---------------------------------------------------------------------------------------


def test_the_buyer_goes_out_of_view_after_the_term(store: Store, packer: Any) -> None:
    order = one_parcel(store, note="Nhà có chó dữ")
    parcel = order.fulfilments[0]
    desk.confirm_parcel(MEMBER, parcel.id, clock.today(), operations.new_key())
    orders.pack(MEMBER, parcel.id)
    orders.hand_over(MEMBER, parcel.id, carrier="Viettel Post")
    orders.deliver(MEMBER, parcel.id)
    told = ("Trần Thị Bưởi", "912345678", "912 345 678", "12 Lê Lợi", "Phường Hạ Long", "chó dữ")
    shown = page(packer, at(order))
    assert "Trần Thị Bưởi" in shown
    assert order.reference in page(packer, f"{LIST}?state=done&q=0912345678")
    with transaction() as s:
        closed = clock.now() - timedelta(days=rules.CONTACT_DAYS.get(), minutes=1)
        s.execute(update(Fulfilment).values(closed_at=closed))
    for address in (at(order), f"{LIST}?state=done", f"{LIST}?state=done&export=csv", f"{LIST}?state=all&format=csv"):
        shown = page(packer, address)
        assert [word for word in told if word in shown] == [], address
    rows = list(
        csv.reader(io.StringIO(packer.get(f"{LIST}?state=done&export=csv", buffered=True).get_data(as_text=True)))
    )
    assert any("T. T. B." in cell for row in rows for cell in row)
    for q in ("0912345678", "Bưởi", "buoi"):  # nor does a search tell
        assert order.reference not in page(packer, f"{LIST}?state=all&q={q}")
    assert order.reference in page(packer, f"{LIST}?state=all&q={order.reference}")
    for paper in ("label", "packing-list", "delivery-note"):
        page(packer, f"{at(order)}/{paper}.pdf", 409)
    assert post(packer, f"{LIST}/papers.pdf", LIST, parcel=[f"{order.reference}/1"]).status_code == 409


# --- papers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["", "a4"])
def test_the_label_says_whom_to_what_to_collect_and_can_be_scanned(store: Store, ctx: Flask, size: str) -> None:
    with transaction() as s:
        known = {"address": "Số 1 Bến Đoan", "phone": "+84987654321", "commune_code": None}
        s.execute(update(Point).where(Point.id == store.point.id).values(**known))
    order = one_parcel(store)
    refuse(order.fulfilments[0], {order.lines[1].id: 2})
    with ctx.test_request_context():
        data = desk_papers.label_data([order.fulfilments[0].id], size)
    (label,) = data["parcels"]
    assert (label["name"], label["phone"], label["collect"]) == ("Trần Thị Bưởi", "0912 345 678", "390.000\xa0₫")
    assert label["units"] == 3
    assert label["from_where"] == "Số 1 Bến Đoan · 0987 654 321"  # a carrier brings back what nobody takes
    (picture,) = papers.picture(desk_papers.LABEL, data)
    image = Image.open(io.BytesIO(picture))
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [order.reference]
    assert image.width > 400
    shared = two_parcels(store, make_store("HTX Khác"))
    with ctx.test_request_context():
        label = desk_papers.label_data([shared.fulfilments[0].id])["parcels"][0]
    assert (label["key"], label["collect"]) == (f"{shared.reference}/1", "270.000\xa0₫")


def test_four_labels_lie_on_a_sheet(store: Store, ctx: Flask) -> None:
    ids = [one_parcel(store, fish=1, tea=1).fulfilments[0].id for _ in range(5)]
    with ctx.test_request_context():
        four, one = desk_papers.label_data(ids, "a4"), desk_papers.label_data(ids)
    assert len(papers.picture(desk_papers.LABEL, four, dpi=40)) == 2
    assert len(papers.picture(desk_papers.LABEL, one, dpi=40)) == 5


# --- planted faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "fires"),
    [
        ("UPDATE order_lines SET refused_quantity = 1 WHERE refused_quantity = 2", "orders.refusals-add-up"),
        ("UPDATE order_refusal_lines SET amount = amount - 1", "orders.refusals-add-up"),
        ("UPDATE orders SET reduced_amount = 1", "orders.refusals-add-up"),
        ("UPDATE order_refusals SET money = 'order'", "orders.refusals-add-up"),
        ("UPDATE order_lines SET refused_quantity = quantity", "orders.a-parcel-refused-whole-is-cancelled"),
        ("UPDATE fulfilments SET status = 'cancelled'", "orders.a-parcel-refused-whole-is-cancelled"),
        ("UPDATE fulfilments SET closed_at = packed_at, status = 'delivered'", "orders.closed-parcels-say-when"),
        ("UPDATE payments SET refunded_amount = 0", "payments.refused-goods-are-not-paid"),
        ("UPDATE payments SET amount = amount + 1", "payments.refused-goods-are-not-paid"),
        ("UPDATE order_lines SET refused_quantity = refused_quantity + 1 WHERE refused_quantity < quantity",
         "orders.goods-follow-the-status"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(store: Store, plain_engine: Any, fault: str, fires: str) -> None:
    from sqlalchemy import text

    order = pay(one_parcel(store, method="vietqr"))
    refuse(order.fulfilments[0], {order.lines[1].id: 2})
    clean()
    session().rollback()
    with plain_engine.begin() as connection:
        connection.execute(text(fault))
    assert fires in {found.name for found in invariants.run() if not found.ok}
